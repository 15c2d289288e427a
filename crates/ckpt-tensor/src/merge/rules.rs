//! The formulas that need to see one element only.

use super::kernel::{Merge, Triple};

/// The weighted mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Average {
    /// Of theirs.
    pub(super) weight: f64,
}

impl Merge for Average {
    fn merge(&self, Triple { ours, theirs, .. }: Triple) -> f64 {
        if self.weight == 0.0 {
            return ours;
        }
        if self.weight == 1.0 {
            return theirs;
        }
        let mean = (1.0 - self.weight) * ours + self.weight * theirs;
        // Rounding may carry it beyond an end by a bit. Both ends are values of the dtype, so that
        // its own rounding keeps it between them.
        let (low, high) = if ours < theirs { (ours, theirs) } else { (theirs, ours) };
        mean.clamp(low, high)
    }
}

/// The sum of both changes, each by its scale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) ours: f64,
    pub(super) theirs: f64,
}

impl Merge for Task {
    fn merge(&self, Triple { base, ours, theirs }: Triple) -> f64 {
        let counts = |scale: f64, side: f64| scale != 0.0 && !is_same(side, base);
        match (counts(self.ours, ours), counts(self.theirs, theirs)) {
            (false, false) => base,
            (true, false) => changed(base, self.ours, ours),
            (false, true) => changed(base, self.theirs, theirs),
            (true, true) => add(base, self.ours * (ours - base) + self.theirs * (theirs - base)),
        }
    }
}

/// Adds the change of one side to the base: at scale 1 the side itself, not what rounding leaves.
pub(super) fn changed(base: f64, scale: f64, side: f64) -> f64 {
    if scale == 1.0 { side } else { add(base, scale * (side - base)) }
}

/// Adds a change to the base. One that is NaN is none: nothing was to be left of a change beyond the
/// range of f64, or two such changes cancelled each other.
pub(super) fn add(base: f64, change: f64) -> f64 {
    if change.is_nan() { base } else { base + change }
}

/// Tells whether two numbers are one, bit for bit: zeros of different sign are two.
pub(super) fn is_same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

//! SLERP: the angle between two tensors, and the way along it.

use super::{
    Rule,
    kernel::{Gather, Merge, Triple},
    rules::Average,
};

/// Above this cosine vectors count as parallel, below its negative as opposite.
///
/// The customary bound. There sin θ is 0.03: along parallel vectors the arc and its chord differ by
/// less than 0.02 % of their length, and along opposite ones the division by sin θ would amplify
/// noise, as every way around leads from one to the other.
const PARALLEL: f64 = 0.9995;

/// The first pass: what the angle between two tensors follows from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Angle {
    product: f64,
    ours: f64,
    theirs: f64,
}

impl Gather for Angle {
    fn add(&mut self, Triple { ours, theirs, .. }: Triple) {
        self.product += ours * theirs;
        self.ours += ours * ours;
        self.theirs += theirs * theirs;
    }
}

impl Angle {
    pub(super) fn finish(self, t: f64) -> Rule {
        let lengths = self.ours.sqrt() * self.theirs.sqrt();
        let cosine = self.product / lengths;
        // Not so for lengths of 0 and beyond f64, whose cosine is NaN or a meaningless 0.
        let has_angle = lengths.is_finite() && cosine.abs() <= PARALLEL;
        if !has_angle || t == 0.0 || t == 1.0 {
            return Rule::average(t);
        }
        // libm's functions have the same bits on every platform, so that a merge can be repeated.
        let angle = libm::acos(cosine);
        let part = |of: f64| libm::sin(of * angle) / libm::sin(angle);
        let (ours, theirs) = (part(1.0 - t), part(t));
        Rule::Slerp(Slerp { ours, theirs, linear: Average { weight: t } })
    }
}

/// The second pass: a sum with two factors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slerp {
    ours: f64,
    theirs: f64,
    linear: Average,
}

impl Merge for Slerp {
    fn merge(&self, triple: Triple) -> f64 {
        let sum = self.ours * triple.ours + self.theirs * triple.theirs;
        // Two terms beyond the range of f64, of different signs.
        if sum.is_nan() { self.linear.merge(triple) } else { sum }
    }
}

//! TIES: trim, elect a sign, and merge those that agree with it.

use super::{
    kernel::{Gather, Merge, Triple},
    rules::{add, changed, is_same},
};

/// Bits of a size that tell sizes apart: the 11 of the exponent, and 9 of the mantissa, which put
/// sizes within 0.2 % of each other into one bucket.
///
/// A table of all of them takes 8 MiB of addresses on each side; of these, memory is touched for
/// the few dozen exponents that occur, at 4 KiB each.
const BUCKET_BITS: u32 = 11 + 9;

/// Tells the bucket of a change's size; greater sizes have no smaller bucket.
fn bucket(change: f64) -> usize {
    (change.abs().to_bits() >> (63 - BUCKET_BITS)) as usize
}

/// The first pass: how many changes there are of each size.
#[derive(Clone, Debug)]
pub(super) struct Magnitudes {
    elements: u64,
    ours: Vec<u64>,
    theirs: Vec<u64>,
}

impl Magnitudes {
    pub(super) fn new() -> Self {
        let empty = || vec![0; 1 << BUCKET_BITS];
        Self { elements: 0, ours: empty(), theirs: empty() }
    }

    pub(super) fn finish(&self, density: f64, scale: f64) -> Ties {
        let kept = (density * self.elements as f64).round().max(1.0) as u64;
        Ties { ours: threshold(&self.ours, kept), theirs: threshold(&self.theirs, kept), scale }
    }
}

/// Finds the bucket of the k-th greatest size; 0 if there are fewer.
fn threshold(counts: &[u64], k: u64) -> usize {
    let mut above = 0;
    let reaches = |count: &u64| {
        above += count;
        above >= k
    };
    counts.iter().rposition(reaches).unwrap_or(0)
}

impl Gather for Magnitudes {
    fn add(&mut self, Triple { base, ours, theirs }: Triple) {
        self.elements += 1;
        self.ours[bucket(ours - base)] += 1;
        self.theirs[bucket(theirs - base)] += 1;
    }
}

/// The second pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ties {
    /// The least bucket of our changes that is kept.
    ours: usize,
    /// The least bucket of their changes that is kept.
    theirs: usize,
    scale: f64,
}

impl Merge for Ties {
    fn merge(&self, Triple { base, ours, theirs }: Triple) -> f64 {
        let trim = |side: f64, least: usize| {
            let change = side - base;
            if bucket(change) >= least { change } else { 0.0 }
        };
        let (a, b) = (trim(ours, self.ours), trim(theirs, self.theirs));
        if a == -b {
            // Of zeros of different sign, too, what both sides have is the result.
            if is_same(ours, theirs) && ours == base { ours } else { base }
        } else if a != 0.0 && b != 0.0 && (a > 0.0) == (b > 0.0) {
            self.mean(base, (a, ours), (b, theirs))
        } else if a.abs() > b.abs() {
            // The sign of the sum, with which nothing but the greater change agrees.
            changed(base, self.scale, ours)
        } else {
            changed(base, self.scale, theirs)
        }
    }
}

impl Ties {
    /// Merges two changes of one sign.
    fn mean(&self, base: f64, (a, ours): (f64, f64), (b, theirs): (f64, f64)) -> f64 {
        if is_same(ours, theirs) {
            return changed(base, self.scale, ours);
        }
        // Halved first, since their sum may be beyond the range of f64.
        add(base, self.scale * (a / 2.0 + b / 2.0))
    }
}

//! Rows of a batch, cut into pieces.

use std::ops::Range;

use ndarray::{ArrayView1, s};
use rayon::prelude::*;

use crate::input::{self, contiguous};
use crate::sum::LANES;
use crate::{CHUNK_ROWS, Input, Label, Real, Result};

/// How many pieces of rows there are for each thread, so that one that is slow holds up little.
const PIECES_PER_THREAD: usize = 4;

/// The most rows of one piece, so that its counts fit into `u32`.
const MOST_ROWS: usize = 1 << 31;

/// The most scores of a sample.
const SAMPLE: usize = 4096;

/// Rows of two classes, as they were given, and known to be in the domain.
///
/// They are cut into pieces to be counted in parallel. Counts do not depend on the cut, which may
/// follow the number of threads.
pub(super) struct Rows<'a, L, S> {
    targets: ArrayView1<'a, L>,
    scores: ArrayView1<'a, S>,
    pieces: Vec<Range<usize>>,
    /// What a check found out about them.
    facts: Facts,
}

/// What is known of checked rows.
#[derive(Clone, Copy)]
struct Facts {
    positives: u64,
    least: f64,
    greatest: f64,
}

impl Facts {
    const NONE: Self = Self { positives: 0, least: f64::INFINITY, greatest: f64::NEG_INFINITY };

    fn join(self, other: Self) -> Self {
        Self {
            positives: self.positives + other.positives,
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
        }
    }
}

impl<'a, L: Label, S: Real> Rows<'a, L, S> {
    /// Checks at least one row.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`](crate::Error::LabelOutOfRange) or
    /// [`Error::NotFinite`](crate::Error::NotFinite) of the first row that has one.
    pub(super) fn new(targets: ArrayView1<'a, L>, scores: ArrayView1<'a, S>) -> Result<Self> {
        let pieces = rayon::current_num_threads() * PIECES_PER_THREAD;
        let piece = targets.len().div_ceil(pieces).next_multiple_of(CHUNK_ROWS).min(MOST_ROWS);
        let starts = (0..targets.len()).step_by(piece);
        let pieces = starts.map(|start| start..targets.len().min(start + piece)).collect();
        let mut rows = Self { targets, scores, pieces, facts: Facts::NONE };
        rows.facts = rows.check()?;
        Ok(rows)
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// The number of positive rows.
    pub(super) fn positives(&self) -> u64 {
        self.facts.positives
    }

    /// The least and the greatest score.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.facts.least, self.facts.greatest)
    }

    /// The pieces of rows.
    pub(super) fn pieces(&self) -> &[Range<usize>] {
        &self.pieces
    }

    /// Gives the class and the score of each row of a piece.
    pub(super) fn each(&self, piece: &Range<usize>, mut of: impl FnMut(usize, f64)) {
        let rows = |targets: &[L], scores: &[S], _| {
            for (target, score) in targets.iter().zip(scores) {
                of(target.index() as usize, score.to_f64());
            }
            Ok(())
        };
        self.each_chunk(piece, rows).expect("rows were checked");
    }

    /// Takes some scores from all over the rows.
    pub(super) fn sample(&self) -> Vec<f64> {
        let step = self.len().div_ceil(SAMPLE).max(1);
        self.scores.iter().step_by(step).map(|score| score.to_f64()).collect()
    }

    /// Checks all rows.
    fn check(&self) -> Result<Facts> {
        let facts = |piece: &Range<usize>| {
            let mut facts = Facts::NONE;
            self.each_chunk(piece, |targets, scores, first| {
                facts = facts.join(facts_of(targets, scores, first)?);
                Ok(())
            })?;
            Ok(facts)
        };
        let facts: Vec<Result<Facts>> = self.pieces.par_iter().map(facts).collect();
        facts.into_iter().try_fold(Facts::NONE, |all, part| part.map(|part| all.join(part)))
    }

    /// Gives one chunk of rows after the other, each with the number of its first row.
    fn each_chunk(
        &self,
        piece: &Range<usize>,
        mut of: impl FnMut(&[L], &[S], usize) -> Result<()>,
    ) -> Result<()> {
        for first in piece.clone().step_by(CHUNK_ROWS) {
            let rows = s![first..piece.end.min(first + CHUNK_ROWS)];
            of(&contiguous(self.targets.slice(rows)), &contiguous(self.scores.slice(rows)), first)?;
        }
        Ok(())
    }
}

/// Checks a chunk of rows.
fn facts_of<L: Label, S: Real>(targets: &[L], scores: &[S], first: usize) -> Result<Facts> {
    let (classes, positives) = targets.iter().fold((0, 0_u64), |(classes, sum), target| {
        (classes | target.index(), sum.wrapping_add(target.index()))
    });
    let fine = scores.iter().fold(true, |fine, score| fine & score.to_f64().is_finite());
    if classes > 1 || !fine {
        check(targets, scores, first)?;
    }
    let (least, greatest) = range_of(scores);
    Ok(Facts { positives, least, greatest })
}

/// Names the first value that is outside the domain.
#[cold]
fn check<L: Label, S: Real>(targets: &[L], scores: &[S], first: usize) -> Result<()> {
    let rows = targets.iter().zip(scores);
    rows.zip(first..).try_for_each(|((&target, &score), row)| {
        input::class(target, 2, Input::Target, row)?;
        input::finite(score, Input::Prediction, row).map(drop)
    })
}

/// Gives the least and the greatest of finite scores.
fn range_of<S: Real>(scores: &[S]) -> (f64, f64) {
    let mut least = [f64::INFINITY; LANES];
    let mut greatest = [f64::NEG_INFINITY; LANES];
    // Compiles to a vector's minimum and maximum, as `f64::min` and `f64::max` do not.
    let mut add = |k: usize, score: f64| {
        least[k] = if score < least[k] { score } else { least[k] };
        greatest[k] = if score > greatest[k] { score } else { greatest[k] };
    };
    let (vectors, tail) = scores.as_chunks::<LANES>();
    for vector in vectors {
        for (k, score) in vector.iter().enumerate() {
            add(k, score.to_f64());
        }
    }
    tail.iter().for_each(|score| add(0, score.to_f64()));
    let least = least.into_iter().fold(f64::INFINITY, f64::min);
    (least, greatest.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

//! Rows of one score.

use crate::columns::{Chunk, Columns};
use crate::input;
use crate::{Count, Input, Label, Real, Result, weight};

/// The rows of one score, by class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run<C> {
    pub(super) score: f64,
    pub(super) negatives: C,
    pub(super) positives: C,
}

/// Sums the weights of the rows of each score of a batch, ascending; rows of no weight are left
/// out.
pub(super) fn sum<L: Label, S: Real, W: Real>(
    columns: Columns<'_, L, S, W>,
) -> Result<Vec<Run<f64>>> {
    let chunk = |(targets, scores, weights): Chunk<'_, L, S, W>, first| {
        let mut runs = Vec::with_capacity(targets.len());
        for (i, (&target, &score)) in targets.iter().zip(scores).enumerate() {
            let class = input::class(target, 2, Input::Target, first + i)?;
            // Both zeros are one score.
            let score = input::finite(score, Input::Prediction, first + i)? + 0.0;
            let weight = weight::check(weights[i], first + i)?;
            if weight > 0.0 {
                let [negatives, positives] = if class == 0 { [weight, 0.0] } else { [0.0, weight] };
                runs.push(Run { score, negatives, positives });
            }
        }
        Ok(ascending(runs))
    };
    let runs = columns.reduce(chunk, |runs, others| {
        *runs = merge(runs, others);
        Ok(())
    })?;
    Ok(runs.unwrap_or_default())
}

/// Sorts runs and adds up those of one score, in the order in which they came.
fn ascending(mut runs: Vec<Run<f64>>) -> Vec<Run<f64>> {
    runs.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut distinct: Vec<Run<f64>> = Vec::with_capacity(runs.len());
    for run in runs {
        match distinct.last_mut() {
            Some(last) if last.score == run.score => *last = last.plus(&run),
            _ => distinct.push(run),
        }
    }
    distinct
}

/// Merges runs of ascending scores.
pub(super) fn merge<C: Count>(a: &[Run<C>], b: &[Run<C>]) -> Vec<Run<C>> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        if x.score < y.score {
            merged.extend(a.next());
        } else if y.score < x.score {
            merged.extend(b.next());
        } else {
            merged.push(x.plus(y));
            a.next();
            b.next();
        }
    }
    merged.extend(a);
    merged.extend(b);
    merged
}

impl<C: Count> Run<C> {
    /// Adds the rows of another run of the same score.
    fn plus(&self, other: &Self) -> Self {
        Self {
            score: self.score,
            negatives: self.negatives.plus(other.negatives),
            positives: self.positives.plus(other.positives),
        }
    }
}

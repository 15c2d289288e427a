//! Scores of rows of two classes, in order: ROC AUC, average precision and their curves.

mod buckets;
mod curve;
mod key;
mod levels;
mod one_call;
mod radix;
mod rows;
mod run;
mod spread;
mod tally;

use std::borrow::Cow;

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

pub use curve::{CurvePoints, PrecisionRecallPoint, RocPoint};
pub use one_call::{average_precision, precision_recall_curve, roc_auc, roc_curve};

use crate::columns::Columns;
use crate::weight::One;
use crate::{Count, Error, Label, Real, Result, input};
use levels::Levels;
use run::Run;

/// Accumulates how the scores of positive rows rank among those of negative ones.
///
/// Targets are labels 0 or 1 (or booleans); each score is a finite number, greater for rows that
/// are more likely of class 1. A score need not be a probability. All distinct scores are kept, with
/// their counts: 24 bytes for each. Counts are integers, so any cutting into batches and merges
/// gives the same metrics, and equal ones are `==`. Rows with weights go into a `Ranking<f64>`,
/// made by [`new_weighted`](Ranking::new_weighted), which sums them; one of
/// weight 0 is as no row.
///
/// ```
/// use ckpt_metrics::Ranking;
///
/// let mut ranking = Ranking::new();
/// ranking.push_batch(&[0, 0, 1], &[0.1, 0.4, 0.35])?;
/// ranking.push(1, 0.8)?;
/// assert_eq!(ranking.finish()?.roc_auc, 0.75);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent, bound = "C: Count")]
pub struct Ranking<C: Count = u64> {
    levels: Levels<C>,
}

/// How scores rank, over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RankingReport<C = u64> {
    /// The negative rows, or their weight.
    pub negatives: C,
    /// The positive rows, or their weight.
    pub positives: C,
    /// The area under the ROC curve, in \[0, 1\]. See [`roc_auc`].
    pub roc_auc: f64,
    /// The mean precision over the recall, in \[0, 1\]. See [`average_precision`].
    pub average_precision: f64,
}

accumulator! {
    unweighted Ix1 Ranking {
        new() [];
        rows(Label, score / scores: Real);
        errors(LabelOutOfRange, NotFinite, TooManyRows);
    }
}

accumulator! {
    weighted Ix1 Ranking<f64> {
        new_weighted() [];
        rows(Label, score / scores: Real);
        errors(LabelOutOfRange, NotFinite);
    }
}

impl Ranking {
    /// Makes one that has seen no rows.
    #[must_use]
    pub fn new() -> Self {
        Self { levels: Levels::new() }
    }

    fn push_rows<L: Label, S: Real>(
        &mut self,
        targets: ArrayView1<'_, L>,
        scores: ArrayView1<'_, S>,
        _: ArrayView1<'_, One>,
    ) -> Result<()> {
        let rows = input::paired(targets.len(), scores.len())?;
        self.levels.push(tally::count(targets, scores)?, rows as u64)
    }
}

impl Default for Ranking {
    fn default() -> Self {
        Self::new()
    }
}

impl Ranking<f64> {
    /// Makes one for rows with weights, that has seen none.
    #[must_use]
    pub fn new_weighted() -> Self {
        Self { levels: Levels::new() }
    }

    fn push_rows<L: Label, S: Real, W: Real>(
        &mut self,
        targets: ArrayView1<'_, L>,
        scores: ArrayView1<'_, S>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let columns = Columns::new(targets, scores, weights)?;
        self.levels.push(run::sum(columns)?, columns.rows() as u64)
    }
}

impl<C: Count> Ranking<C> {
    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.levels.merge(&other.levels)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none, [`Error::WeightSum`] if weights sum to 0 or exceed the
    /// range of `f64`, or [`Error::MissingClass`] if all rows are of one class.
    pub fn finish(&self) -> Result<RankingReport<C>> {
        let runs = self.runs();
        let (negatives, positives) = totals(&runs)?;
        let pairs = runs.iter().map(|run| (run.negatives, run.positives));
        Ok(RankingReport {
            negatives,
            positives,
            roc_auc: C::roc_auc(pairs, (negatives, positives)),
            average_precision: curve::average_precision(&runs, positives),
        })
    }

    /// Gives the average precision, for which there need be no negative rows. See
    /// [`average_precision`].
    ///
    /// # Errors
    /// Those of [`finish`](Self::finish), but [`Error::MissingClass`] only for positive rows.
    pub fn average_precision(&self) -> Result<f64> {
        let runs = self.runs();
        Ok(curve::average_precision(&runs, positives(&runs)?))
    }

    /// Gives the points of the ROC curve, from (0, 0) at no threshold down to the least score at
    /// (1, 1), as scikit-learn's `roc_curve`.
    ///
    /// # Errors
    /// Those of [`finish`](Self::finish).
    pub fn roc_curve(&self, points: CurvePoints) -> Result<Vec<RocPoint>> {
        let runs = self.runs();
        totals(&runs)?;
        Ok(curve::roc(&runs, points))
    }

    /// Gives the points of the precision-recall curve, from the least score at recall 1 up to no
    /// threshold at recall 0 and precision 1, as scikit-learn's `precision_recall_curve`.
    ///
    /// # Errors
    /// Those of [`average_precision`](Self::average_precision).
    pub fn precision_recall_curve(&self, points: CurvePoints) -> Result<Vec<PrecisionRecallPoint>> {
        let runs = self.runs();
        positives(&runs)?;
        Ok(curve::precision_recall(&runs, points))
    }

    fn runs(&self) -> Cow<'_, [Run<C>]> {
        self.levels.runs()
    }
}

impl<C: Count> PartialEq for Ranking<C> {
    /// Says whether both have seen the same rows, in whatever batches.
    fn eq(&self, other: &Self) -> bool {
        self.runs() == other.runs()
    }
}

/// Sums the rows of both classes, of which there are some.
fn totals<C: Count>(runs: &[Run<C>]) -> Result<(C, C)> {
    C::total(runs.iter().flat_map(|run| [run.negatives, run.positives]))?;
    let negatives = sum(runs.iter().map(|run| run.negatives), 0)?;
    Ok((negatives, sum(runs.iter().map(|run| run.positives), 1)?))
}

/// Sums the positive rows, of which there are some.
fn positives<C: Count>(runs: &[Run<C>]) -> Result<C> {
    C::total(runs.iter().flat_map(|run| [run.negatives, run.positives]))?;
    sum(runs.iter().map(|run| run.positives), 1)
}

fn sum<C: Count>(counts: impl Iterator<Item = C>, class: usize) -> Result<C> {
    let sum = counts.fold(C::default(), C::plus);
    if sum == C::default() { Err(Error::MissingClass { class }) } else { Ok(sum) }
}

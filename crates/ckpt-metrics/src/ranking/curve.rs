//! Points of the ROC curve and of the precision-recall curve.

use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::Count;

/// Which points of a curve are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CurvePoints {
    /// One for each distinct score.
    #[default]
    All,
    /// Those that are needed to draw the same line, as with scikit-learn's `drop_intermediate`.
    ///
    /// Of the ROC curve, points are left out at which it goes on with the same step. Of the
    /// precision-recall curve, those with the recall of both neighbours.
    Corners,
}

/// A point of the ROC curve: rows with a score of at least `threshold` are taken as positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RocPoint {
    /// The least score that counts as positive; none at the point where no row does.
    pub threshold: Option<f64>,
    /// The share of the negative rows that are taken as positive, in \[0, 1\].
    pub false_positive_rate: f64,
    /// The share of the positive rows that are taken as such, in \[0, 1\]: the recall.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve: rows with a score of at least `threshold` are taken as
/// positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrecisionRecallPoint {
    /// The least score that counts as positive; none at the point where no row does.
    pub threshold: Option<f64>,
    /// The share of the rows taken as positive that are, in \[0, 1\]; 1 where there are none.
    pub precision: f64,
    /// The share of the positive rows that are taken as such, in \[0, 1\].
    pub recall: f64,
}

/// The rows taken as positive at one threshold.
struct Step<C> {
    run: Run<C>,
    false_positives: C,
    true_positives: C,
}

/// The steps from the greatest score down.
fn steps<C: Count>(runs: &[Run<C>]) -> Vec<Step<C>> {
    let sums = runs.iter().rev().scan((C::default(), C::default()), |(fp, tp), &run| {
        (*fp, *tp) = (fp.plus(run.negatives), tp.plus(run.positives));
        Some(Step { run, false_positives: *fp, true_positives: *tp })
    });
    sums.collect()
}

/// Keeps the first and the last step, and those between that are needed.
fn keep<C: Count>(
    steps: Vec<Step<C>>,
    points: CurvePoints,
    is_needed: impl Fn(&Run<C>, &Run<C>) -> bool,
) -> Vec<Step<C>> {
    if points == CurvePoints::All {
        return steps;
    }
    let last = steps.len().saturating_sub(1);
    let needed: Vec<bool> = (0..steps.len())
        .map(|i| i == 0 || i == last || is_needed(&steps[i].run, &steps[i + 1].run))
        .collect();
    steps.into_iter().zip(needed).filter_map(|(step, needed)| needed.then_some(step)).collect()
}

/// Gives the ROC curve from the greatest threshold down, given the sums of both classes.
pub(super) fn roc<C: Count>(
    runs: &[Run<C>],
    (negatives, positives): (C, C),
    points: CurvePoints,
) -> Vec<RocPoint> {
    let is_corner =
        |a: &Run<C>, b: &Run<C>| (a.negatives, a.positives) != (b.negatives, b.positives);
    let start = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
    let points = keep(steps(runs), points, is_corner).into_iter().map(|step| RocPoint {
        threshold: Some(step.run.score),
        false_positive_rate: step.false_positives.to_f64() / negatives.to_f64(),
        true_positive_rate: step.true_positives.to_f64() / positives.to_f64(),
    });
    std::iter::once(start).chain(points).collect()
}

/// Gives the precision-recall curve from the least threshold up, given the sum of positives.
pub(super) fn precision_recall<C: Count>(
    runs: &[Run<C>],
    positives: C,
    points: CurvePoints,
) -> Vec<PrecisionRecallPoint> {
    let none = C::default();
    let is_corner = |a: &Run<C>, b: &Run<C>| a.positives != none || b.positives != none;
    let steps = keep(steps(runs), points, is_corner);
    let points = steps.iter().rev().map(|step| {
        let (fp, tp) = (step.false_positives.to_f64(), step.true_positives.to_f64());
        PrecisionRecallPoint {
            threshold: Some(step.run.score),
            precision: tp / (tp + fp),
            recall: tp / positives.to_f64(),
        }
    });
    let end = PrecisionRecallPoint { threshold: None, precision: 1.0, recall: 0.0 };
    points.chain([end]).collect()
}

/// Sums precisions, each weighted by the recall that its threshold adds.
pub(super) fn average_precision<C: Count>(runs: &[Run<C>], positives: C) -> f64 {
    let steps = steps(runs);
    let added = steps.iter().map(|step| {
        let (fp, tp) = (step.false_positives.to_f64(), step.true_positives.to_f64());
        step.run.positives.to_f64() / positives.to_f64() * (tp / (tp + fp))
    });
    added.sum()
}

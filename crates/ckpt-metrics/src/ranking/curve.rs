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
fn steps<C: Count>(runs: &[Run<C>]) -> impl Iterator<Item = Step<C>> {
    runs.iter().rev().scan((C::default(), C::default()), |(fp, tp), &run| {
        (*fp, *tp) = (fp.plus(run.negatives), tp.plus(run.positives));
        Some(Step { run, false_positives: *fp, true_positives: *tp })
    })
}

/// Keeps the first and the last step, and those between that are needed.
fn keep<C: Count>(
    runs: &[Run<C>],
    points: CurvePoints,
    is_needed: impl Fn(&Run<C>, &Run<C>) -> bool,
) -> Vec<Step<C>> {
    let last = runs.len().saturating_sub(1);
    // Steps go down from the last run.
    let is_kept = |&(step, _): &(usize, Step<C>)| {
        let i = last - step;
        points == CurvePoints::All || i == 0 || i == last || is_needed(&runs[i], &runs[i - 1])
    };
    steps(runs).enumerate().filter(is_kept).map(|(_, step)| step).collect()
}

/// Gives the ROC curve from the greatest threshold down; both classes have rows.
pub(super) fn roc<C: Count>(runs: &[Run<C>], points: CurvePoints) -> Vec<RocPoint> {
    let is_corner =
        |a: &Run<C>, b: &Run<C>| (a.negatives, a.positives) != (b.negatives, b.positives);
    let start = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
    let steps = keep(runs, points, is_corner);
    // Weights sum to this only in the order of the steps, and the curve ends at exactly (1, 1).
    let (negatives, positives) = sums(&steps);
    let points = steps.iter().map(|step| RocPoint {
        threshold: Some(step.run.score),
        false_positive_rate: step.false_positives.to_f64() / negatives,
        true_positive_rate: step.true_positives.to_f64() / positives,
    });
    std::iter::once(start).chain(points).collect()
}

/// The rows of both classes at the last step, which are all.
fn sums<C: Count>(steps: &[Step<C>]) -> (f64, f64) {
    let all = |step: &Step<C>| (step.false_positives.to_f64(), step.true_positives.to_f64());
    steps.last().map_or((0.0, 0.0), all)
}

/// Gives the precision-recall curve from the least threshold up; the positive class has rows.
pub(super) fn precision_recall<C: Count>(
    runs: &[Run<C>],
    points: CurvePoints,
) -> Vec<PrecisionRecallPoint> {
    let none = C::default();
    let is_corner = |a: &Run<C>, b: &Run<C>| a.positives != none || b.positives != none;
    let steps = keep(runs, points, is_corner);
    let (_, positives) = sums(&steps);
    let points = steps.iter().rev().map(|step| {
        let (fp, tp) = (step.false_positives.to_f64(), step.true_positives.to_f64());
        PrecisionRecallPoint {
            threshold: Some(step.run.score),
            precision: tp / (tp + fp),
            recall: tp / positives,
        }
    });
    let end = PrecisionRecallPoint { threshold: None, precision: 1.0, recall: 0.0 };
    points.chain([end]).collect()
}

/// Sums precisions, each weighted by the recall that its threshold adds.
pub(super) fn average_precision<C: Count>(runs: &[Run<C>], positives: C) -> f64 {
    let added = steps(runs).map(|step| {
        let (fp, tp) = (step.false_positives.to_f64(), step.true_positives.to_f64());
        step.run.positives.to_f64() / positives.to_f64() * (tp / (tp + fp))
    });
    added.sum()
}

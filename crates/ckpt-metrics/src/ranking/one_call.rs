//! One metric of scores in one call.

use ndarray::ArrayView1;

use super::buckets::{self, walk};
use super::rows::Rows;
use super::{tally, totals};
use crate::count::Area;
use crate::count::arithmetic::Arithmetic;
use crate::{
    CurvePoints, Error, Label, PrecisionRecallPoint, Ranking, Real, Result, RocPoint, input,
};

/// Computes the area under the ROC curve, in \[0, 1\].
///
/// This is the probability that a positive row scores higher than a negative one, where a tie
/// counts as one half. Pairs are counted as integers, so the result is that of the definition,
/// rounded, for any order of the rows. Scores are any finite numbers; infinities are not, as in
/// scikit-learn's `roc_auc_score`.
///
/// Sorting takes memory: 8 bytes for a row, far less if there are few distinct scores.
///
/// ```
/// let auc = ckpt_metrics::roc_auc(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8]);
/// assert_eq!(auc, Ok(0.75));
/// ```
///
/// # Errors
/// [`Error::Empty`], [`Error::MissingClass`] if all rows are of one class, and those of
/// [`Ranking::push_batch`].
#[doc(alias = "roc_auc_score")]
pub fn roc_auc<'t, 's, L: Label + 't, S: Real + 's>(
    targets: impl Into<ArrayView1<'t, L>>,
    scores: impl Into<ArrayView1<'s, S>>,
) -> Result<f64> {
    let (targets, scores) = (targets.into(), scores.into());
    if input::paired(targets.len(), scores.len())? == 0 {
        return Err(Error::Empty);
    }
    let rows = Rows::new(targets, scores)?;
    if let Some(runs) = tally::runs(&rows) {
        let pairs = runs.iter().map(|run| (run.negatives, run.positives));
        return Ok(u64::roc_auc(pairs, totals(&runs)?));
    }
    let positives = rows.positives();
    let negatives = rows.len() as u64 - positives;
    for (class, rows) in [negatives, positives].into_iter().enumerate() {
        if rows == 0 {
            return Err(Error::MissingClass { class });
        }
    }
    let areas = buckets::visit(&rows, |bucket| {
        let mut area = Area::above(bucket.negatives_below);
        walk(&bucket, |_, negatives, positives| area.add(negatives, positives));
        area
    });
    let area = areas.into_iter().fold(Area::default(), Area::join);
    Ok(area.share(negatives, positives))
}

/// Computes the average precision, in \[0, 1\]: the mean precision over the recall.
///
/// Σ (Rₙ - Rₙ₋₁) Pₙ over the thresholds, without interpolation, as scikit-learn's
/// `average_precision_score`.
///
/// # Errors
/// [`Error::Empty`], [`Error::MissingClass`] if there are no positive rows, and those of
/// [`Ranking::push_batch`].
#[doc(alias = "average_precision_score")]
pub fn average_precision<'t, 's, L: Label + 't, S: Real + 's>(
    targets: impl Into<ArrayView1<'t, L>>,
    scores: impl Into<ArrayView1<'s, S>>,
) -> Result<f64> {
    Ranking::evaluate(targets, scores)?.average_precision()
}

/// Gives the points of the ROC curve. See [`Ranking::roc_curve`].
///
/// # Errors
/// Those of [`roc_auc`].
pub fn roc_curve<'t, 's, L: Label + 't, S: Real + 's>(
    targets: impl Into<ArrayView1<'t, L>>,
    scores: impl Into<ArrayView1<'s, S>>,
    points: CurvePoints,
) -> Result<Vec<RocPoint>> {
    Ranking::evaluate(targets, scores)?.roc_curve(points)
}

/// Gives the points of the precision-recall curve. See [`Ranking::precision_recall_curve`].
///
/// # Errors
/// Those of [`average_precision`].
pub fn precision_recall_curve<'t, 's, L: Label + 't, S: Real + 's>(
    targets: impl Into<ArrayView1<'t, L>>,
    scores: impl Into<ArrayView1<'s, S>>,
    points: CurvePoints,
) -> Result<Vec<PrecisionRecallPoint>> {
    Ranking::evaluate(targets, scores)?.precision_recall_curve(points)
}

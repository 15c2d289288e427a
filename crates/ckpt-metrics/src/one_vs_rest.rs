//! ROC AUC of more than two classes: each against the rest.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::weight::One;
use crate::{Count, Error, Label, Ranking, Real, Result, input, weight};

/// Accumulates how the scores of each class rank its rows among those of all others.
///
/// Targets are labels 0..k; the predictions of a row are k finite scores, which need not sum to 1.
/// What is said at [`Ranking`] holds for the one of each class.
///
/// ```
/// use ckpt_metrics::OneVsRest;
///
/// let mut ranking = OneVsRest::new(3);
/// let scores = [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.3, 0.2, 0.5], [0.2, 0.5, 0.3]];
/// ranking.push_batch(&[0, 1, 2, 2], &scores)?;
/// assert_eq!(ranking.finish()?.classes, [Some(1.0), Some(2.0 / 3.0), Some(1.0)]);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "C: Count")]
pub struct OneVsRest<C: Count = u64> {
    classes: Vec<Ranking<C>>,
}

/// The area under the ROC curve of each class against the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OneVsRestReport {
    /// That of each class in order; none for a class that no row has, or that all have.
    pub classes: Vec<Option<f64>>,
    /// The plain mean over the classes; none if one of them has none.
    pub macro_average: Option<f64>,
    /// The mean weighted by the rows of each class, or by their weight; none if a class that has
    /// some has no area.
    pub weighted_average: Option<f64>,
}

accumulator! {
    unweighted Ix2 OneVsRest {
        new() [];
        rows(Label, score / scores: Real);
        errors(ClassMismatch, LabelOutOfRange, NotFinite, TooManyRows);
    }
}

accumulator! {
    weighted Ix2 OneVsRest<f64> {
        new_weighted() [];
        rows(Label, score / scores: Real);
        errors(ClassMismatch, LabelOutOfRange, NotFinite);
    }
}

impl OneVsRest {
    /// Makes one for `classes` classes that has seen no rows.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes: vec![Ranking::new(); classes] }
    }

    fn push_rows<L: Label, S: Real>(
        &mut self,
        targets: ArrayView1<'_, L>,
        scores: ArrayView2<'_, S>,
        _: ArrayView1<'_, One>,
    ) -> Result<()> {
        self.push_columns(targets, scores, |ranking, is_class, scores| {
            ranking.push_batch(is_class, scores)
        })
    }
}

impl OneVsRest<f64> {
    /// Makes one for `classes` classes and rows with weights, that has seen none.
    #[must_use]
    pub fn new_weighted(classes: usize) -> Self {
        Self { classes: vec![Ranking::new_weighted(); classes] }
    }

    fn push_rows<L: Label, S: Real, W: Real>(
        &mut self,
        targets: ArrayView1<'_, L>,
        scores: ArrayView2<'_, S>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        weight::one_each(weights, targets.len())?;
        self.push_columns(targets, scores, |ranking, is_class, scores| {
            ranking.push_batch_weighted(is_class, scores, weights)
        })
    }
}

impl<C: Count> OneVsRest<C> {
    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::ClassMismatch`] or [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        input::same_classes(self.classes(), other.classes())?;
        // All have as many rows, so if that is too many, the first one fails.
        self.classes.iter_mut().zip(&other.classes).try_for_each(|(a, b)| a.merge(b))
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none, or [`Error::WeightSum`] if their weights sum to 0 or
    /// exceed the range of `f64`.
    pub fn finish(&self) -> Result<OneVsRestReport> {
        if self.classes.is_empty() {
            return Err(Error::Empty);
        }
        let mut classes = Vec::with_capacity(self.classes.len());
        let mut weighted = Some((0.0, 0.0));
        for ranking in &self.classes {
            let area = match ranking.finish() {
                Ok(report) => Some((report.positives.to_f64(), report.roc_auc)),
                // No row adds nothing to the weighted mean, and all rows leave none.
                Err(Error::MissingClass { class: 1 }) => {
                    classes.push(None);
                    continue;
                }
                Err(Error::MissingClass { .. }) => None,
                Err(error) => return Err(error),
            };
            weighted = weighted
                .zip(area)
                .map(|((sum, weights), (weight, area))| (sum + weight * area, weights + weight));
            classes.push(area.map(|(_, area)| area));
        }
        let sum: Option<f64> = classes.iter().copied().sum();
        Ok(OneVsRestReport {
            macro_average: sum.map(|sum| sum / classes.len() as f64),
            weighted_average: weighted.map(|(sum, weights)| sum / weights),
            classes,
        })
    }

    /// Adds the column of each class to its ranking.
    fn push_columns<L: Label, S: Real>(
        &mut self,
        targets: ArrayView1<'_, L>,
        scores: ArrayView2<'_, S>,
        push: impl Fn(&mut Ranking<C>, &[bool], ArrayView1<'_, S>) -> Result<()>,
    ) -> Result<()> {
        input::paired(targets.len(), scores.nrows())?;
        input::same_classes(self.classes(), scores.ncols())?;
        check(targets, scores)?;
        // What can still be wrong, weights and the number of rows, is so for the first class.
        self.classes.iter_mut().enumerate().try_for_each(|(class, ranking)| {
            let is_class: Vec<bool> = targets.iter().map(|t| t.index() == class as u64).collect();
            push(ranking, &is_class, scores.column(class))
        })
    }
}

/// Names the first value that is outside the domain.
fn check<L: Label, S: Real>(targets: ArrayView1<'_, L>, scores: ArrayView2<'_, S>) -> Result<()> {
    targets.iter().zip(scores.rows()).enumerate().try_for_each(|(row, (&target, scores))| {
        input::class(target, scores.len(), crate::Input::Target, row)?;
        scores.iter().try_for_each(|&s| input::finite(s, crate::Input::Prediction, row).map(drop))
    })
}

/// Computes the area under the ROC curve of each class against the rest, and their means.
///
/// `targets` are labels 0..k and `scores` has shape \[rows, k\]. The means are those of
/// scikit-learn's `roc_auc_score` with `multi_class="ovr"`.
///
/// # Errors
/// [`Error::Empty`] and those of [`OneVsRest::push_batch`].
pub fn roc_auc_one_vs_rest<'t, 's, L: Label + 't, S: Real + 's>(
    targets: impl Into<ArrayView1<'t, L>>,
    scores: impl Into<ArrayView2<'s, S>>,
) -> Result<OneVsRestReport> {
    OneVsRest::evaluate(targets, scores)?.finish()
}

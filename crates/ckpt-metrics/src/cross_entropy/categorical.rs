//! Cross-entropy of k classes.

use ndarray::{ArrayView1, ArrayView2, s};
use serde::{Deserialize, Serialize};

use super::{clip, losses};
use crate::input::{self, contiguous};
use crate::loss::Losses;
use crate::weight::{self, Weight};
use crate::{Input, Label, LossReport, Real, Result, grid};

/// Accumulates the cross-entropy of k classes.
///
/// Targets are labels 0..k; the predictions of a row are k probabilities whose sum is off 1 by at most
/// √ε of their type (beyond which scikit-learn warns). Clipping is described at
/// [`binary_cross_entropy`](crate::binary_cross_entropy).
///
/// ```
/// use ckpt_metrics::CategoricalCrossEntropy;
///
/// let mut losses = CategoricalCrossEntropy::new(3);
/// losses.push_batch(&[0, 2], &[[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])?;
/// assert_eq!(losses.finish()?.loss, std::f64::consts::LN_2);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoricalCrossEntropy {
    classes: usize,
    losses: Losses,
}

accumulator! {
    both Ix2 CategoricalCrossEntropy {
        new() [];
        rows(Label, probability / probabilities: Real);
        errors(ClassMismatch, LabelOutOfRange, NotAProbability, NotNormalized, TooManyRows);
    }
}

impl CategoricalCrossEntropy {
    /// Makes one for `classes` classes that has seen no rows.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes, losses: Losses::default() }
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    fn push_rows<L: Label, P: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, L>,
        probabilities: ArrayView2<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let rows = input::paired(targets.len(), probabilities.nrows())?;
        weight::one_each(weights, rows)?;
        input::same_classes(self.classes, probabilities.ncols())?;
        let batch = grid::reduce(
            rows,
            |rows| {
                let weights = contiguous(weights.slice(s![rows.clone()]));
                let of_true_class = |row: usize| {
                    let probabilities = contiguous(probabilities.row(row));
                    let given = of_true_class(targets[row], &probabilities, row)?;
                    weight::check(weights[row - rows.start], row)?;
                    Ok(given)
                };
                let given: Vec<f64> = rows.clone().map(of_true_class).collect::<Result<_>>()?;
                Ok(losses(&given, &weights))
            },
            Losses::merge,
        )?;
        batch.map_or(Ok(()), |batch| self.losses.merge(&batch))
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`ClassMismatch`](crate::Error::ClassMismatch) or
    /// [`TooManyRows`](crate::Error::TooManyRows); nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        input::same_classes(self.classes, other.classes)?;
        self.losses.merge(&other.losses)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Empty`](crate::Error::Empty) if there were none, or [`WeightSum`](crate::Error::WeightSum)
    /// if their weights sum to 0 or exceed the range of `f64`.
    pub fn finish(&self) -> Result<LossReport> {
        self.losses.finish()
    }
}

/// Gives the clipped probability of the true class of one row.
fn of_true_class<L: Label, P: Real>(target: L, probabilities: &[P], row: usize) -> Result<f64> {
    let class = input::class(target, probabilities.len(), Input::Target, row)?;
    input::distribution(probabilities, row)?;
    Ok(clip::<P>(probabilities[class].to_f64()))
}

/// Computes the mean categorical cross-entropy -ln p\[y\], in nats.
///
/// `targets` are labels 0..k and `probabilities` has shape \[rows, k\], each row summing to 1. The
/// probability given to the true class is clipped as in
/// [`binary_cross_entropy`](crate::binary_cross_entropy); rows are not normalized again.
///
/// ```
/// let loss = ckpt_metrics::categorical_cross_entropy(&[1], &[[0.5_f32, 0.25, 0.25]])?;
/// assert_eq!(loss, 2.0 * std::f64::consts::LN_2);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
///
/// # Errors
/// [`Empty`](crate::Error::Empty) and those of [`CategoricalCrossEntropy::push_batch`].
#[doc(alias = "log_loss")]
pub fn categorical_cross_entropy<'t, 'p, L: Label + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, L>>,
    probabilities: impl Into<ArrayView2<'p, P>>,
) -> Result<f64> {
    let losses = CategoricalCrossEntropy::evaluate(targets, probabilities)?;
    Ok(losses.finish()?.loss)
}

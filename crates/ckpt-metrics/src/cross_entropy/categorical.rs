//! Cross-entropy of k classes.

use ndarray::{ArrayView1, ArrayView2, s};
use serde::{Deserialize, Serialize};

use super::{CrossEntropyReport, Losses, loss};
use crate::{Error, Input, Label, Real, Result, grid, input};

/// Accumulates the cross-entropy of k classes.
///
/// Targets are labels 0..k; the predictions of a row are k probabilities that sum to 1. Clipping
/// is described at [`binary_cross_entropy`](crate::binary_cross_entropy).
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

impl CategoricalCrossEntropy {
    /// Makes one for `classes` classes that has seen no rows.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes, losses: Losses::default() }
    }

    /// Evaluates a batch from scratch, with as many classes as there are columns.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn evaluate<'t, 'p, L: Label + 't, P: Real + 'p>(
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView2<'p, P>>,
    ) -> Result<Self> {
        let probabilities = probabilities.into();
        let mut losses = Self::new(probabilities.ncols());
        losses.push_batch(targets, probabilities)?;
        Ok(losses)
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Adds one row; a batch costs far less per row.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn push<'p, L: Label, P: Real + 'p>(
        &mut self,
        target: L,
        probabilities: impl Into<ArrayView1<'p, P>>,
    ) -> Result<()> {
        self.push_batch(&[target], probabilities.into().insert_axis(ndarray::Axis(0)))
    }

    /// Adds many rows, in parallel in the current rayon pool if there is more than one chunk.
    ///
    /// `probabilities` has shape \[rows, classes\].
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::ClassMismatch`], [`Error::LabelOutOfRange`],
    /// [`Error::NotAProbability`], [`Error::NotNormalized`] if a row's sum is off 1 by more than
    /// √ε of the probabilities' type (where scikit-learn warns), or [`Error::TooManyRows`];
    /// nothing was added then.
    pub fn push_batch<'t, 'p, L: Label + 't, P: Real + 'p>(
        &mut self,
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView2<'p, P>>,
    ) -> Result<()> {
        let (targets, probabilities) = (targets.into(), probabilities.into());
        let rows = input::paired(targets.len(), probabilities.nrows())?;
        if probabilities.ncols() != self.classes {
            return Err(Error::ClassMismatch {
                expected: self.classes,
                found: probabilities.ncols(),
            });
        }
        let batch = grid::reduce(
            rows,
            |rows| {
                let losses: Result<Vec<f64>> = rows
                    .map(|row| row_loss(targets[row], probabilities.slice(s![row, ..]), row))
                    .collect();
                Ok(Losses::of(&losses?))
            },
            Losses::merge,
        )?;
        batch.map_or(Ok(()), |batch| self.losses.merge(&batch))
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::ClassMismatch`] or [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if other.classes != self.classes {
            return Err(Error::ClassMismatch { expected: self.classes, found: other.classes });
        }
        self.losses.merge(&other.losses)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none.
    pub fn finish(&self) -> Result<CrossEntropyReport> {
        self.losses.finish()
    }
}

/// The loss of one row.
fn row_loss<L: Label, P: Real>(
    target: L,
    probabilities: ArrayView1<'_, P>,
    row: usize,
) -> Result<f64> {
    let class = input::class(target, probabilities.len(), Input::Target, row)?;
    let mut sum = 0.0;
    for &value in probabilities {
        sum += input::probability(value, row)?;
    }
    if (sum - 1.0).abs() > P::EPSILON.sqrt() {
        return Err(Error::NotNormalized { row, sum });
    }
    Ok(loss::<P>(probabilities[class].to_f64()))
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
/// [`Error::Empty`] and those of [`CategoricalCrossEntropy::push_batch`].
#[doc(alias = "log_loss")]
pub fn categorical_cross_entropy<'t, 'p, L: Label + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, L>>,
    probabilities: impl Into<ArrayView2<'p, P>>,
) -> Result<f64> {
    let losses = CategoricalCrossEntropy::evaluate(targets, probabilities)?;
    Ok(losses.finish()?.loss)
}

//! Cross-entropy of k classes.

use ndarray::{ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

use super::{clip, losses};
use crate::input::{self, contiguous};
use crate::loss::Losses;
use crate::weight::{self, Weight, ones};
use crate::{Input, Label, LossReport, Real, Result, grid};

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

    /// Evaluates a batch from scratch: [`push_batch_weighted`](Self::push_batch_weighted) into a
    /// new one.
    ///
    /// # Errors
    /// Those of [`push_batch_weighted`](Self::push_batch_weighted).
    pub fn evaluate_weighted<'t, 'p, 'w, L: Label + 't, P: Real + 'p, W: Real + 'w>(
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView2<'p, P>>,
        weights: impl Into<ArrayView1<'w, W>>,
    ) -> Result<Self> {
        let probabilities = probabilities.into();
        let mut losses = Self::new(probabilities.ncols());
        losses.push_batch_weighted(targets, probabilities, weights)?;
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
        self.push_batch(&[target], probabilities.into().insert_axis(Axis(0)))
    }

    /// Adds one row of some weight; a batch costs far less per row.
    ///
    /// # Errors
    /// Those of [`push_batch_weighted`](Self::push_batch_weighted).
    pub fn push_weighted<'p, L: Label, P: Real + 'p, W: Real>(
        &mut self,
        target: L,
        probabilities: impl Into<ArrayView1<'p, P>>,
        weight: W,
    ) -> Result<()> {
        let probabilities = probabilities.into().insert_axis(Axis(0));
        self.push_batch_weighted(&[target], probabilities, &[weight])
    }

    /// Adds many rows, in parallel in the current rayon pool if there is more than one chunk.
    ///
    /// `probabilities` has shape \[rows, classes\].
    ///
    /// # Errors
    /// [`LengthMismatch`](crate::Error::LengthMismatch),
    /// [`ClassMismatch`](crate::Error::ClassMismatch),
    /// [`LabelOutOfRange`](crate::Error::LabelOutOfRange),
    /// [`NotAProbability`](crate::Error::NotAProbability),
    /// [`NotNormalized`](crate::Error::NotNormalized) if a row's sum is off 1 by more than √ε of
    /// the probabilities' type (where scikit-learn warns), or
    /// [`TooManyRows`](crate::Error::TooManyRows); nothing was added then.
    pub fn push_batch<'t, 'p, L: Label + 't, P: Real + 'p>(
        &mut self,
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView2<'p, P>>,
    ) -> Result<()> {
        let targets = targets.into();
        let ones = ones(targets.len());
        self.push_rows(targets, probabilities.into(), ArrayView1::from(&ones))
    }

    /// Adds many rows, each with its weight, as [`push_batch`](Self::push_batch) does.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch), [`WeightMismatch`](crate::Error::WeightMismatch)
    /// or [`NotAWeight`](crate::Error::NotAWeight); nothing was added then.
    pub fn push_batch_weighted<'t, 'p, 'w, L: Label + 't, P: Real + 'p, W: Real + 'w>(
        &mut self,
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView2<'p, P>>,
        weights: impl Into<ArrayView1<'w, W>>,
    ) -> Result<()> {
        self.push_rows(targets.into(), probabilities.into(), weights.into())
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

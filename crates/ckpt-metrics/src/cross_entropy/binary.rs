//! Cross-entropy of two classes.

use ndarray::{ArrayView1, s};
use serde::{Deserialize, Serialize};

use super::{CrossEntropyReport, Losses, loss};
use crate::{Input, Label, Real, Result, grid, input};

/// Accumulates the cross-entropy of two classes.
///
/// Targets are labels 0 or 1 (or booleans); each prediction is the probability of class 1, in
/// \[0, 1\]. Clipping is described at [`binary_cross_entropy`].
///
/// ```
/// use ckpt_metrics::BinaryCrossEntropy;
///
/// let mut losses = BinaryCrossEntropy::new();
/// losses.push_batch(&[true, false], &[0.5, 0.5])?;
/// assert_eq!(losses.finish()?.loss, std::f64::consts::LN_2);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BinaryCrossEntropy {
    losses: Losses,
}

impl BinaryCrossEntropy {
    /// Makes one that has seen no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Evaluates a batch from scratch: [`push_batch`](Self::push_batch) into a new one.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn evaluate<'t, 'p, L: Label + 't, P: Real + 'p>(
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView1<'p, P>>,
    ) -> Result<Self> {
        let mut losses = Self::new();
        losses.push_batch(targets, probabilities)?;
        Ok(losses)
    }

    /// Adds one row; a batch costs far less per row.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn push<L: Label, P: Real>(&mut self, target: L, probability: P) -> Result<()> {
        self.push_batch(&[target], &[probability])
    }

    /// Adds many rows, in parallel in the current rayon pool if there is more than one chunk.
    ///
    /// # Errors
    /// [`LengthMismatch`](crate::Error::LengthMismatch),
    /// [`LabelOutOfRange`](crate::Error::LabelOutOfRange),
    /// [`NotAProbability`](crate::Error::NotAProbability) or
    /// [`TooManyRows`](crate::Error::TooManyRows); nothing was added then.
    pub fn push_batch<'t, 'p, L: Label + 't, P: Real + 'p>(
        &mut self,
        targets: impl Into<ArrayView1<'t, L>>,
        probabilities: impl Into<ArrayView1<'p, P>>,
    ) -> Result<()> {
        let (targets, probabilities) = (targets.into(), probabilities.into());
        let rows = input::paired(targets.len(), probabilities.len())?;
        let batch = grid::reduce(
            rows,
            |rows| {
                let chunk = targets.slice(s![rows.clone()]);
                let pairs = chunk.iter().zip(probabilities.slice(s![rows.clone()]));
                let losses: Result<Vec<f64>> = pairs
                    .zip(rows)
                    .map(|((&target, &probability), row)| row_loss(target, probability, row))
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
    /// [`TooManyRows`](crate::Error::TooManyRows); nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.losses.merge(&other.losses)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Empty`](crate::Error::Empty) if there were none.
    pub fn finish(&self) -> Result<CrossEntropyReport> {
        self.losses.finish()
    }
}

/// The loss of one row.
fn row_loss<L: Label, P: Real>(target: L, probability: P, row: usize) -> Result<f64> {
    let class = input::class(target, 2, Input::Target, row)?;
    let positive = input::probability(probability, row)?;
    Ok(loss::<P>(if class == 1 { positive } else { 1.0 - positive }))
}

/// Computes the mean binary cross-entropy -(y ln p + (1 - y) ln(1 - p)), in nats.
///
/// The probability given to the true class is clipped to \[ε, 1 - ε\], with ε the machine epsilon
/// of the probabilities' own type (2⁻⁵² for `f64`, 2⁻²³ for `f32`), as in scikit-learn's
/// `log_loss`; the rest is `f64`. A row so costs at most 36.05 (`f64`) or 15.95 (`f32`) nats.
///
/// ```
/// let loss = ckpt_metrics::binary_cross_entropy(&[1, 0], &[0.9, 0.1])?;
/// assert!((loss - 0.105_360_515_657_826_28).abs() < 1e-15); // -ln 0.9
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
///
/// # Errors
/// [`Empty`](crate::Error::Empty) and those of [`BinaryCrossEntropy::push_batch`].
#[doc(alias = "log_loss")]
pub fn binary_cross_entropy<'t, 'p, L: Label + 't, P: Real + 'p>(
    targets: impl Into<ArrayView1<'t, L>>,
    probabilities: impl Into<ArrayView1<'p, P>>,
) -> Result<f64> {
    let losses = BinaryCrossEntropy::evaluate(targets, probabilities)?;
    Ok(losses.finish()?.loss)
}

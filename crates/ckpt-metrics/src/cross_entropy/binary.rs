//! Cross-entropy of two classes.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::{clip, losses};
use crate::columns::{Chunk, Columns};
use crate::input;
use crate::loss::Losses;
use crate::weight::{self, Weight};
use crate::{Input, Label, LossReport, Real, Result};

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

accumulator! {
    both Ix1 BinaryCrossEntropy {
        new() [];
        rows(Label, probability / probabilities: Real);
        errors(LabelOutOfRange, NotAProbability, TooManyRows);
    }
}

impl BinaryCrossEntropy {
    /// Makes one that has seen no rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn push_rows<L: Label, P: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, L>,
        probabilities: ArrayView1<'_, P>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let chunk = |rows: Chunk<'_, L, P, W>, first| {
            let given = of_true_classes(rows, first)?;
            Ok(losses(&given, rows.2))
        };
        let batch = Columns::new(targets, probabilities, weights)?.reduce(chunk, Losses::merge)?;
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
    /// [`Empty`](crate::Error::Empty) if there were none, or
    /// [`WeightSum`](crate::Error::WeightSum) if their weights sum to 0 or exceed the range of
    /// `f64`.
    pub fn finish(&self) -> Result<LossReport> {
        self.losses.finish()
    }
}

/// Gives the clipped probabilities of the true classes of a chunk of rows.
fn of_true_classes<L: Label, P: Real, W: Weight>(
    (targets, probabilities, weights): Chunk<'_, L, P, W>,
    first: usize,
) -> Result<Vec<f64>> {
    let (mut classes, mut fine) = (0, true);
    let rows = targets.iter().zip(probabilities);
    let given = rows
        .map(|(target, probability)| {
            let (class, positive) = (target.index(), probability.to_f64());
            classes |= class;
            fine &= (0.0..=1.0).contains(&positive);
            clip::<P>(if class == 1 { positive } else { 1.0 - positive })
        })
        .collect();
    if !fine || classes > 1 || !weight::are_weights(weights) {
        check((targets, probabilities, weights), first)?;
    }
    Ok(given)
}

/// Names the first value that is outside the domain.
#[cold]
fn check<L: Label, P: Real, W: Weight>(
    (targets, probabilities, weights): Chunk<'_, L, P, W>,
    first: usize,
) -> Result<()> {
    let rows = targets.iter().zip(probabilities).zip(weights);
    rows.zip(first..).try_for_each(|(((&target, &probability), &weight), row)| {
        input::class(target, 2, Input::Target, row)?;
        input::probability(probability, row)?;
        weight::check(weight, row).map(drop)
    })
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

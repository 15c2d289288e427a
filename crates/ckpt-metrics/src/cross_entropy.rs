//! Cross-entropy between labels and predicted probabilities, in nats.
//!
//! A row costs -ln q, where q is the probability that the model gave to the row's true class; the
//! loss is the mean over the rows. The clipping of q is described at [`binary_cross_entropy`].

mod binary;
mod categorical;

use serde::{Deserialize, Serialize};

pub use binary::{BinaryCrossEntropy, binary_cross_entropy};
pub use categorical::{CategoricalCrossEntropy, categorical_cross_entropy};

use crate::sum::sum_of;
use crate::{Error, Real, Result, count};

/// The cross-entropy over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrossEntropyReport {
    /// The rows evaluated.
    pub rows: u64,
    /// The mean cross-entropy of a row, in nats (natural logarithm).
    pub loss: f64,
}

/// The sum of the losses of rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Losses {
    rows: u64,
    sum: f64,
}

impl Losses {
    /// Sums one chunk.
    fn of(losses: &[f64]) -> Self {
        Self { rows: losses.len() as u64, sum: sum_of(losses, |loss| loss) }
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.rows = count::add(self.rows, other.rows)?;
        self.sum += other.sum;
        Ok(())
    }

    fn finish(&self) -> Result<CrossEntropyReport> {
        if self.rows == 0 {
            return Err(Error::Empty);
        }
        Ok(CrossEntropyReport { rows: self.rows, loss: self.sum / self.rows as f64 })
    }
}

/// The loss of a row whose true class was given `probability`, which came as a `P`.
fn loss<P: Real>(probability: f64) -> f64 {
    // Not `f64::ln`, which calls the platform's logarithm and differs in the last bit.
    -libm::log(probability.clamp(P::EPSILON, 1.0 - P::EPSILON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_at_the_epsilon_of_the_type() {
        assert_eq!(loss::<f64>(0.0), 52.0 * std::f64::consts::LN_2);
        assert_eq!(loss::<f32>(0.0), 23.0 * std::f64::consts::LN_2);
        // -ln(1 - ε) is ε + ε² / 2 + ...
        let relative = |loss: f64, epsilon: f64| loss / epsilon - 1.0;
        assert!(relative(loss::<f64>(1.0), f64::EPSILON).abs() < 1e-15);
        assert!(relative(loss::<f32>(1.0), f64::from(f32::EPSILON)) < 1e-7);
        assert_eq!(loss::<f32>(0.5), std::f64::consts::LN_2);
    }

    /// Probabilities at which a platform's logarithm was seen to differ in the last bit.
    #[test]
    fn the_logarithm_is_not_the_platforms() {
        let bits = [0.000_175, 0.000_58, 0.001_215].map(|p| loss::<f64>(p).to_bits());
        let expected = [0x4021_4d2b_c5ce_5108, 0x401d_cf57_8f7f_0e68, 0x401a_da1f_9bcc_5826];
        assert_eq!(bits, expected);
    }
}

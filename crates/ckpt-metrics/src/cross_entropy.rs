//! Cross-entropy between labels and predicted probabilities, in nats.
//!
//! A row costs -ln q, where q is the probability that the model gave to the row's true class; the
//! loss is the mean over the rows. The clipping of q is described at [`binary_cross_entropy`].

mod binary;
mod categorical;
mod product;

pub use binary::{BinaryCrossEntropy, binary_cross_entropy};
pub use categorical::{CategoricalCrossEntropy, categorical_cross_entropy};

use crate::Real;
use crate::loss::Losses;
use crate::sum::sums;
use crate::weight::Weight;

/// Sums the losses of a chunk of rows whose true classes were given these probabilities, clipped.
fn losses<W: Weight>(probabilities: &[f64], weights: &[W]) -> Losses {
    let rows = probabilities.len();
    if W::UNIT {
        return Losses {
            rows: rows as u64,
            weight: rows as f64,
            sum: -product::log(probabilities),
        };
    }
    let [weight, sum] = sums((probabilities, weights, weights), |probability, w, _| {
        // Not `f64::ln`, which calls the platform's logarithm and differs in the last bit.
        [w.get(), w.get() * -libm::log(probability)]
    });
    Losses { rows: rows as u64, weight, sum }
}

/// Clips a probability, which came as a `P`, away from 0 and 1.
fn clip<P: Real>(probability: f64) -> f64 {
    // Compiles to a vector's minimum and maximum, as `clamp` does not.
    let above = if probability < P::EPSILON { P::EPSILON } else { probability };
    if above > 1.0 - P::EPSILON { 1.0 - P::EPSILON } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weight::One;

    fn loss<P: Real>(probability: f64) -> f64 {
        losses(&[clip::<P>(probability)], &[One]).sum
    }

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
        let bits = [0.000_175, 0.000_58, 0.001_215]
            .map(|p| losses(&[clip::<f64>(p)], &[1.0]).sum.to_bits());
        let expected = [0x4021_4d2b_c5ce_5108, 0x401d_cf57_8f7f_0e68, 0x401a_da1f_9bcc_5826];
        assert_eq!(bits, expected);
    }

    #[test]
    fn weights_of_one_are_as_none() {
        let probabilities: Vec<f64> = (1..2000).map(|i| f64::from(i) / 2000.0).collect();
        let plain = losses(&probabilities, &[One; 1999]);
        let weighted = losses(&probabilities, &[1.0; 1999]);
        assert_eq!((plain.rows, plain.weight), (weighted.rows, weighted.weight));
        assert!((plain.sum / weighted.sum - 1.0).abs() < 1e-14);
    }
}

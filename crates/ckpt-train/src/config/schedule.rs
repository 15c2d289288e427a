//! How the step size changes from epoch to epoch.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::{ConfigError, positive, unit_interval};
use crate::math::{cos, pow};

/// Multiplies the rate of each epoch: rising through the warm-up, then as the decay says.
///
/// In epoch `e`, counted from 1, of a warm-up of `w` epochs: `e / w` for `e < w`. After it the decay
/// counts `t = e - w - 1` epochs from 0 (without a warm-up, `t = e - 1`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Schedule {
    /// The epochs through which the rate rises.
    pub warmup: u64,
    /// What it does then.
    pub decay: Decay,
}

/// How the rate falls; `t` counts epochs from 0.
///
/// As text: `constant`, `step:EVERY:FACTOR`, `cosine:EPOCHS` or `cosine:EPOCHS:FLOOR`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Decay {
    /// Not at all.
    #[default]
    Constant,
    /// By a factor every so many epochs: `factor^floor(t / every)`.
    Step {
        /// How many epochs have the same rate, at least 1.
        every: u64,
        /// What the rate is then multiplied by, in `0..1` and not 0.
        factor: f64,
    },
    /// Along half a cosine: `floor + (1 - floor) (1 + cos(pi t / epochs)) / 2`, and `floor` from
    /// `t = epochs` on (Loshchilov and Hutter, "SGDR", 2017, without restarts).
    Cosine {
        /// The epochs from the whole rate to the floor, at least 1.
        epochs: u64,
        /// The part of the rate that is left, in `0..1`.
        floor: f64,
    },
}

impl Schedule {
    /// Returns what the rate of an epoch, counted from 1, is multiplied by.
    pub fn factor(&self, epoch: u64) -> f64 {
        if epoch < self.warmup {
            return epoch as f64 / self.warmup as f64;
        }
        let t = epoch.saturating_sub(self.warmup + u64::from(epoch > self.warmup));
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Step { every, factor } => pow(factor, (t / every) as f64),
            Decay::Cosine { epochs, floor } => {
                let part = t.min(epochs) as f64 / epochs as f64;
                let height = f64::midpoint(1.0, cos(std::f64::consts::PI * part));
                floor + (1.0 - floor) * height
            }
        }
    }

    pub(crate) fn check(self) -> Result<(), ConfigError> {
        let length = |name, epochs| match epochs {
            0 => Err(ConfigError::Range { name, value: 0.0, range: "at least 1" }),
            _ => Ok(()),
        };
        match self.decay {
            Decay::Constant => Ok(()),
            Decay::Step { every, factor } => {
                length("schedule's epochs", every)?;
                positive("schedule's factor", factor)?;
                unit_interval("schedule's factor", factor)
            }
            Decay::Cosine { epochs, floor } => {
                length("schedule's epochs", epochs)?;
                unit_interval("schedule's floor", floor)
            }
        }
    }
}

impl Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Step { every, factor } => write!(f, "step:{every}:{factor}"),
            Self::Cosine { epochs, floor } => write!(f, "cosine:{epochs}:{floor}"),
        }
    }
}

impl FromStr for Decay {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let unknown = || ConfigError::Schedule { text: text.to_owned() };
        let count = |text: &str| text.parse().map_err(|_| unknown());
        let number = |text: &str| text.parse().map_err(|_| unknown());
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["constant"] => Ok(Self::Constant),
            ["step", every, factor] => {
                Ok(Self::Step { every: count(every)?, factor: number(factor)? })
            }
            ["cosine", epochs] => Ok(Self::Cosine { epochs: count(epochs)?, floor: 0.0 }),
            ["cosine", epochs, floor] => {
                Ok(Self::Cosine { epochs: count(epochs)?, floor: number(floor)? })
            }
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(warmup: u64, decay: Decay) -> Vec<f64> {
        let schedule = Schedule { warmup, decay };
        (1..=6).map(|epoch| schedule.factor(epoch)).collect()
    }

    #[test]
    fn factors_by_hand() {
        assert_eq!(factors(0, Decay::Constant), [1.0; 6]);
        assert_eq!(factors(4, Decay::Constant), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
        let step = Decay::Step { every: 2, factor: 0.5 };
        assert_eq!(factors(0, step), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
        assert_eq!(factors(2, step), [0.5, 1.0, 1.0, 1.0, 0.5, 0.5]);
        let half = factors(0, Decay::Cosine { epochs: 4, floor: 0.5 });
        let expected = [1.0, 0.5 + 0.25 * (1.0 + 0.5_f64.sqrt()), 0.75, 0.0, 0.5, 0.5];
        for (place, (a, b)) in half.iter().zip(expected).enumerate() {
            assert!(place == 3 || (a - b).abs() < 1e-15, "{half:?}");
        }
    }

    #[test]
    fn text_and_back() {
        for decay in [
            Decay::Constant,
            Decay::Step { every: 30, factor: 0.1 },
            Decay::Cosine { epochs: 100, floor: 0.01 },
        ] {
            assert_eq!(decay.to_string().parse(), Ok(decay));
        }
        assert_eq!("cosine:9".parse(), Ok(Decay::Cosine { epochs: 9, floor: 0.0 }));
        for text in ["", "step", "step:1", "cosine:x", "cosine:1:2:3", "linear"] {
            let error = text.parse::<Decay>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is no schedule")), "{error}");
        }
    }
}

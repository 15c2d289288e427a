//! Mean losses of rows.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, count};

/// The mean loss over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossReport {
    /// The rows evaluated.
    pub rows: u64,
    /// The sum of the rows' weights: their number if they came without.
    pub weight: f64,
    /// The mean loss of a row: in nats (natural logarithm) for a cross-entropy, in the target's
    /// unit for a quantile loss.
    pub loss: f64,
}

/// The sum of the losses of rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Losses {
    pub(crate) rows: u64,
    pub(crate) weight: f64,
    pub(crate) sum: f64,
}

impl Losses {
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        self.rows = count::add(self.rows, other.rows)?;
        self.weight += other.weight;
        self.sum += other.sum;
        Ok(())
    }

    pub(crate) fn finish(&self) -> Result<LossReport> {
        if self.rows == 0 {
            return Err(Error::Empty);
        }
        let weight = count::total_weight(self.weight)?;
        Ok(LossReport { rows: self.rows, weight, loss: self.sum / weight })
    }
}

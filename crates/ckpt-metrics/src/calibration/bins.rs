//! Probabilities in bins of equal width.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{CalibrationBin, CalibrationReport};
use crate::{CHUNK_ROWS, Error, Result, count, grid};

/// The most bins of a calibration error: 4,096.
///
/// Bins are for many rows each: with more of them than rows, every row is its own bin and the
/// expected error is the mean absolute one.
pub const MAX_BINS: usize = 4096;

/// How many times more rows than bins one part of an evaluation has at least, so that the bins of
/// all parts take less memory than the rows do.
const ROWS_PER_BIN: usize = 64;

/// What the rows of each bin add up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub(super) struct Bins {
    rows: u64,
    #[serde(rename = "bins")]
    sums: Vec<Sums>,
}

/// The weight of the rows of a bin, that of those that came true, and the weighted probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    weight: f64,
    true_weight: f64,
    probability: f64,
}

/// One row: the probability of an event, whether it came true, and the weight.
pub(super) struct Row {
    pub(super) probability: f64,
    pub(super) is_true: bool,
    pub(super) weight: f64,
}

impl Bins {
    pub(super) fn new(bins: usize) -> Result<Self> {
        if (1..=MAX_BINS).contains(&bins) {
            Ok(Self { rows: 0, sums: vec![Sums::default(); bins] })
        } else {
            Err(Error::BinCount { bins })
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sums.len()
    }

    /// Adds rows that a function checks and adds in order, in parallel if there is more than one
    /// part.
    pub(super) fn push(
        &mut self,
        rows: usize,
        add: impl Fn(Range<usize>, &mut Self) -> Result<()> + Sync,
    ) -> Result<()> {
        let part = CHUNK_ROWS.max((ROWS_PER_BIN * self.len()).next_power_of_two());
        let evaluate = |rows: Range<usize>| {
            let mut bins = Self::new(self.len())?;
            bins.rows = rows.len() as u64;
            add(rows, &mut bins)?;
            Ok(bins)
        };
        let batch = grid::reduce_pieces(rows, part, evaluate, Self::merge)?;
        batch.map_or(Ok(()), |batch| self.merge(&batch))
    }

    /// Adds one row.
    pub(super) fn add(&mut self, row: &Row) {
        let bin = bin(row.probability, self.len());
        let sums = &mut self.sums[bin];
        sums.weight += row.weight;
        sums.true_weight += if row.is_true { row.weight } else { 0.0 };
        sums.probability += row.weight * row.probability;
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<()> {
        if self.len() != other.len() {
            return Err(Error::BinMismatch { expected: self.len(), found: other.len() });
        }
        self.rows = count::add(self.rows, other.rows)?;
        for (sums, others) in self.sums.iter_mut().zip(&other.sums) {
            sums.weight += others.weight;
            sums.true_weight += others.true_weight;
            sums.probability += others.probability;
        }
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<CalibrationReport> {
        if self.rows == 0 {
            return Err(Error::Empty);
        }
        let weight = count::total_weight(self.sums.iter().map(|sums| sums.weight).sum())?;
        let filled = self.sums.iter().enumerate().filter(|(_, sums)| sums.weight > 0.0);
        let bins: Vec<CalibrationBin> = filled
            .map(|(bin, sums)| CalibrationBin {
                bin,
                weight: sums.weight,
                probability: sums.probability / sums.weight,
                frequency: sums.true_weight / sums.weight,
            })
            .collect();
        let error = |bin: &CalibrationBin| (bin.frequency - bin.probability).abs();
        Ok(CalibrationReport {
            rows: self.rows,
            weight,
            expected: bins.iter().map(|bin| bin.weight / weight * error(bin)).sum(),
            maximum: bins.iter().map(error).fold(0.0, f64::max),
            bins,
        })
    }
}

/// The bin of a probability: i for those over edge i, up to edge i + 1; 0 also for 0.
///
/// Edge i is i times 1/bins, rounded twice, as numpy's `linspace` has it.
fn bin(probability: f64, bins: usize) -> usize {
    let width = 1.0 / bins as f64;
    let edge = |i: usize| i as f64 * width;
    // At most one off, by rounding.
    let mut bin = ((probability * bins as f64) as usize).min(bins - 1);
    while bin > 0 && probability <= edge(bin) {
        bin -= 1;
    }
    while bin + 1 < bins && probability > edge(bin + 1) {
        bin += 1;
    }
    bin
}

/// Bins whose number is still to be checked.
#[derive(Deserialize)]
struct Stored {
    rows: u64,
    bins: Vec<Sums>,
}

impl TryFrom<Stored> for Bins {
    type Error = Error;

    fn try_from(Stored { rows, bins }: Stored) -> Result<Self> {
        Self::new(bins.len())?;
        Ok(Self { rows, sums: bins })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_closed_above() {
        assert_eq!(
            [0.0, 0.25, 0.26, 0.5, 0.75, 0.76, 1.0].map(|p| bin(p, 4)),
            [0, 0, 1, 1, 2, 3, 3]
        );
        assert_eq!([0.0, 0.5, 1.0].map(|p| bin(p, 1)), [0, 0, 0]);
    }

    #[test]
    fn edges_are_those_of_linspace() {
        // 3 times 0.1 rounds up, so that 0.3 itself and the next number both lie below that edge.
        assert_eq!(
            [0.3, 0.3_f64.next_up(), 0.3_f64.next_up().next_up()].map(|p| bin(p, 10)),
            [2, 2, 3]
        );
        for bins in [3, 7, 10, 15, 100, MAX_BINS] {
            for i in 1..bins {
                let edge = i as f64 * (1.0 / bins as f64);
                assert_eq!([bin(edge, bins), bin(edge.next_up(), bins)], [i - 1, i], "{bins}");
            }
        }
    }
}

//! How far probabilities are from the frequencies of what they predict.

mod binary;
mod bins;
mod top_label;

use serde::{Deserialize, Serialize};

pub use binary::{BinaryCalibration, binary_calibration};
pub use bins::MAX_BINS;
pub use top_label::{TopLabelCalibration, top_label_calibration};

/// The calibration error over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalibrationReport {
    /// The rows evaluated.
    pub rows: u64,
    /// The sum of the rows' weights: their number if they came without.
    pub weight: f64,
    /// The expected calibration error, in \[0, 1\]: the mean over the rows of their bin's
    /// difference between mean probability and frequency.
    pub expected: f64,
    /// The maximum calibration error, in \[0, 1\]: the greatest difference of a bin.
    pub maximum: f64,
    /// The bins that have rows, ascending: the points of a reliability diagram.
    pub bins: Vec<CalibrationBin>,
}

/// The rows whose probabilities lie in one bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalibrationBin {
    /// The bin, counted from 0.
    pub bin: usize,
    /// The number of its rows, or their weight.
    pub weight: f64,
    /// The mean of their probabilities.
    pub probability: f64,
    /// The share of them for which the predicted event came true.
    pub frequency: f64,
}

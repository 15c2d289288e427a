#![doc = include_str!("../README.md")]
//!
//! # Metrics
//!
//! Pure numbers: nothing here reads, prints or draws random numbers.
//!
//! | metrics | in one call | accumulator | report |
//! | --- | --- | --- | --- |
//! | MSE, RMSE, MAE, R² | [`mse`], [`rmse`], [`mae`], [`r2`] | [`Regression`] | [`RegressionReport`] |
//! | quantile (pinball) loss | [`quantile_loss`] | [`QuantileLoss`] | [`LossReport`] |
//! | cross-entropy (log loss) of two classes | [`binary_cross_entropy`] | [`BinaryCrossEntropy`] | [`LossReport`] |
//! | cross-entropy (log loss) of k classes | [`categorical_cross_entropy`] | [`CategoricalCrossEntropy`] | [`LossReport`] |
//! | accuracy, precision, recall, F1, Matthews correlation | [`accuracy`], [`matthews_correlation`] | [`Confusion`] | [`ClassificationReport`], [`Outcomes`] |
//! | top-k accuracy | [`top_k_accuracy`] | [`TopK`] | [`TopKReport`] |
//! | ROC AUC, average precision | [`roc_auc`], [`average_precision`] | [`Ranking`] | [`RankingReport`] |
//! | ROC and precision-recall curves | [`roc_curve`], [`precision_recall_curve`] | [`Ranking`] | [`RocPoint`], [`PrecisionRecallPoint`] |
//! | ROC AUC of k classes | [`roc_auc_one_vs_rest`] | [`OneVsRest`] | [`OneVsRestReport`] |
//! | calibration error of two classes | [`binary_calibration`] | [`BinaryCalibration`] | [`CalibrationReport`] |
//! | calibration error of k classes | [`top_label_calibration`] | [`TopLabelCalibration`] | [`CalibrationReport`] |
//!
//! All equal scikit-learn's, which recorded tests show; where that warns and answers with a
//! convention, the item says what the answer here is. Who has sums or counts from a pass of their
//! own gets the same reports from [`RegressionReport::from_sums`] and
//! [`ClassificationReport::from_counts`].
//!
//! # Inputs
//!
//! Targets (the truth) come first, predictions second. One-dimensional inputs are anything that
//! converts into an [`ArrayView1`](ndarray::ArrayView1): slices, vectors, arrays and ndarray views,
//! contiguous or not. Numbers are `f32` or `f64` ([`Real`]) and are summed in `f64`; labels are
//! integers or booleans ([`Label`]). Anything outside a metric's domain (NaN, an infinity, a
//! probability outside \[0, 1\], a label without a class) is an [`Error`] that names the row, and
//! leaves the accumulator as it was.
//!
//! Rows may have weights, which are finite and not negative: `evaluate_weighted`,
//! `push_weighted` and `push_batch_weighted` of each accumulator, and [`accuracy_weighted`]. A
//! weight counts a row that often, as scikit-learn's `sample_weight`; a row of weight 0 counts in
//! nothing but the `rows` of a report.
//!
//! # Accumulators
//!
//! Each has `push` for one row, `push_batch` for many, `merge` for what another one has seen,
//! `finish` for the report so far, and serializes with serde. The merged result is that of the
//! whole up to rounding; what is counted ([`Confusion`], [`Ranking`] and [`OneVsRest`] without
//! weights) is exact, however the rows are cut.
//!
//! # Speed
//!
//! A batch is read once, in parallel, without a copy if its columns are contiguous; only ranking
//! moves rows, to sort them, and few distinct scores are counted instead. Accuracy, confusion and
//! cross-entropy run at the speed of the memory.
//!
//! # Same bits for any number of threads
//!
//! A batch is cut into chunks of [`CHUNK_ROWS`] rows, which run in parallel in the caller's current
//! rayon pool; the parts are merged by a binary tree over the chunk numbers. Neither depends on the
//! threads, logarithms come from [`libm`], and nothing else rounds differently from machine to
//! machine, so equal calls give equal bits. (Tables of many cells, as of weighted rows of many
//! classes, are made of larger chunks, of a size that depends on the cells alone.) Cutting the same
//! rows into other batches may change the last bits of a sum, as it changes its order.

#[macro_use]
mod accumulator;

mod accuracy;
mod calibration;
mod classification;
mod columns;
mod confusion;
mod count;
mod cross_entropy;
mod error;
mod grid;
mod input;
mod loss;
mod matthews;
mod moments;
mod one_vs_rest;
mod outcomes;
mod quantile;
mod ranking;
mod regression;
mod scores;
mod sum;
mod top_k;
mod weight;

pub use accuracy::{accuracy, accuracy_weighted};
pub use calibration::{
    BinaryCalibration, CalibrationBin, CalibrationReport, MAX_BINS, TopLabelCalibration,
    binary_calibration, top_label_calibration,
};
pub use classification::{ClassScores, ClassificationReport};
pub use confusion::{Confusion, MAX_CLASSES};
pub use count::{Count, MAX_ROWS};
pub use cross_entropy::{
    BinaryCrossEntropy, CategoricalCrossEntropy, binary_cross_entropy, categorical_cross_entropy,
};
pub use error::{Error, Input, Result};
pub use grid::CHUNK_ROWS;
pub use input::{Label, Real};
pub use loss::LossReport;
pub use matthews::matthews_correlation;
pub use one_vs_rest::{OneVsRest, OneVsRestReport, roc_auc_one_vs_rest};
pub use outcomes::Outcomes;
pub use quantile::{QuantileLoss, quantile_loss};
pub use ranking::{
    CurvePoints, PrecisionRecallPoint, Ranking, RankingReport, RocPoint, average_precision,
    precision_recall_curve, roc_auc, roc_curve,
};
pub use regression::{Regression, RegressionReport, RegressionSums, mae, mse, r2, rmse};
pub use scores::Scores;
pub use top_k::{TopK, TopKReport, top_k_accuracy};

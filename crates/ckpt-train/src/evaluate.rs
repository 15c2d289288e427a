//! Metrics of an epoch, from the sums of its passes.

use std::collections::BTreeMap;
use std::io;

use ckpt_metrics::{ClassificationReport, RegressionReport, RegressionSums};
use ndarray::ArrayView2;

use crate::error::TrainError;
use crate::kernel::{Kernel, Layout, Loss, Point, RowSums, Rows, sum_over_rows};
use crate::model::likeliest;
use crate::objective::Objective;
use crate::real::Real;
use crate::scaling::first_counted;

/// Named numbers of one epoch, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(&'static str, f64)>);

impl Metrics {
    /// Returns the metric of that name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Iterates over names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn push(&mut self, name: &'static str, value: f64) {
        self.0.push((name, value));
    }

    pub(crate) fn extend(&mut self, metrics: impl IntoIterator<Item = (&'static str, f64)>) {
        self.0.extend(metrics);
    }
}

impl From<Metrics> for BTreeMap<String, f64> {
    fn from(metrics: Metrics) -> Self {
        metrics.iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The names that a part's metrics carry.
pub(crate) struct Names {
    mse: &'static str,
    rmse: &'static str,
    mae: &'static str,
    r2: &'static str,
    cross_entropy: &'static str,
    accuracy: &'static str,
    macro_f1: &'static str,
}

pub(crate) const TRAIN: Names = Names {
    mse: "train_mse",
    rmse: "train_rmse",
    mae: "train_mae",
    r2: "train_r2",
    cross_entropy: "train_cross_entropy",
    accuracy: "train_accuracy",
    macro_f1: "train_macro_f1",
};

pub(crate) const VAL: Names = Names {
    mse: "val_mse",
    rmse: "val_rmse",
    mae: "val_mae",
    r2: "val_r2",
    cross_entropy: "val_cross_entropy",
    accuracy: "val_accuracy",
    macro_f1: "val_macro_f1",
};

/// What is known of the targets of some rows before any model is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets {
    /// The number of rows.
    rows: u64,
    /// The weight of the rows.
    pub(crate) total: f64,
    /// The mean of the squared targets.
    pub(crate) mean_square: f64,
    /// The sum of their squared deviations from their mean.
    deviation: f64,
}

impl Targets {
    /// Measures the targets of `rows`, about the first that counts, as columns are.
    pub(crate) fn measure<T: Kernel>(rows: Rows<'_, T>) -> io::Result<Self> {
        let total = rows.total();
        // The features are not looked at: rows without any are laid out and read alike.
        let rows = Rows::new(rows.y, rows.y, 1).weighted(rows.weight);
        let origin: f64 = rows.y[first_counted(rows)].into();
        let sums = sum_over_rows(rows, 2, |sums, _, y, weight| {
            let y: f64 = y.into();
            sums[0] += weight * (y - origin);
            sums[1] += weight * (y * y);
        })?;
        let mean = origin + sums[0] / total;
        let deviations = sum_over_rows(rows, 1, |sums, _, y, weight| {
            let deviation = y.into() - mean;
            sums[0] += weight * (deviation * deviation);
        })?;
        let count = rows.len() as u64;
        Ok(Self { rows: count, total, mean_square: sums[1] / total, deviation: deviations[0] })
    }

    /// Appends the metrics of `rows`, whose sums at `params` are `sums`.
    ///
    /// Of numbers: mean squared error, its root, mean absolute error, and the share of variance
    /// explained, which is left out where the targets are all equal, since it has no meaning. Of
    /// classes: cross-entropy, accuracy and macro F1.
    pub(crate) fn score<T: Real>(
        &self,
        objective: &mut Objective<T>,
        rows: Rows<'_, T>,
        params: &[f64],
        sums: RowSums,
        (names, metrics): (&Names, &mut Metrics),
    ) -> Result<(), TrainError> {
        if objective.kind() == Loss::Squared {
            return self.score_numbers(sums, names, metrics);
        }
        metrics.push(names.cross_entropy, sums.loss / self.total);
        let classes = objective.outputs().max(2);
        let counts = objective.at(params, |point| confusion(rows, point, classes))?;
        let counts = ArrayView2::from_shape((classes, classes), &counts);
        let report = ClassificationReport::from_weights(counts.expect("it is square"))?;
        metrics.push(names.accuracy, report.accuracy);
        metrics.push(names.macro_f1, report.macro_average.f1);
        Ok(())
    }

    fn score_numbers(
        &self,
        sums: RowSums,
        names: &Names,
        metrics: &mut Metrics,
    ) -> Result<(), TrainError> {
        let report = RegressionReport::from_sums(&RegressionSums {
            rows: self.rows,
            weight: self.total,
            squared_errors: sums.loss,
            absolute_errors: sums.absolute,
            squared_deviations: self.deviation,
        })?;
        metrics.push(names.mse, report.mse);
        metrics.push(names.rmse, report.rmse);
        metrics.push(names.mae, report.mae);
        if self.deviation > 0.0 {
            metrics.extend(report.r2.map(|r2| (names.r2, r2)));
        }
        Ok(())
    }
}

/// Counts rows, each as often as it weighs, by their class and the likeliest class: row-major, a line
/// per true class.
fn confusion<T: Real>(
    rows: Rows<'_, T>,
    point: Point<'_, T>,
    classes: usize,
) -> io::Result<Vec<f64>> {
    let values = classes * classes;
    let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), values);
    let mut sums = vec![(Vec::new(), vec![0.0; values]); layout.super_blocks()];
    layout.drive(
        rows,
        &mut sums,
        |(margins, counts): &mut (Vec<T>, Vec<f64>), block| {
            let outputs = point.loss.outputs();
            margins.resize(block.y.len() * outputs, T::default());
            T::margins(block, point, margins);
            for (index, (line, &y)) in margins.chunks_exact(outputs).zip(block.y).enumerate() {
                let class = y.to_f64() as usize;
                let weight = block.weight.map_or(1.0, |weight| weight[index].to_f64());
                counts[class * classes + likeliest(line)] += weight;
            }
        },
        |a, b| {
            for (a, b) in a.1.iter_mut().zip(&b.1) {
                *a += b;
            }
        },
    )?;
    Ok(sums.swap_remove(0).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::Scaling;

    fn score(y: &[f64], residuals: &[f64]) -> Metrics {
        let targets = Targets::measure(Rows::new(y, y, 1)).unwrap();
        let sums = RowSums {
            residual: residuals.iter().sum(),
            loss: residuals.iter().map(|r| r * r).sum(),
            absolute: residuals.iter().map(|r| r.abs()).sum(),
        };
        let mut metrics = Metrics::default();
        targets.score_numbers(sums, &VAL, &mut metrics).unwrap();
        metrics
    }

    #[test]
    fn scores_by_hand() {
        // Deviations -3, -1, 1, 3 give 20; squared residuals add to 5, magnitudes to 3.
        let metrics = score(&[1.0, 3.0, 5.0, 7.0], &[2.0, 0.0, -1.0, 0.0]);
        let found: Vec<_> = metrics.iter().collect();
        let expected =
            [("val_mse", 1.25), ("val_rmse", 1.25_f64.sqrt()), ("val_mae", 0.75), ("val_r2", 0.75)];
        assert_eq!(found, expected);
        assert_eq!(metrics.get("val_mae"), Some(0.75));
        assert_eq!(metrics.get("train_mae"), None);
    }

    #[test]
    fn constant_targets_have_no_r2() {
        assert_eq!(score(&[0.1, 0.1, 0.1], &[0.0, 1.0, 0.0]).get("val_r2"), None);
    }

    #[test]
    fn targets_are_constant_whatever_weighs_nothing() {
        let (mut y, mut weight) = ([0.1; 30], [0.7; 30]);
        (y[0], weight[0]) = (5.0, 0.0);
        let targets = Targets::measure(Rows::new(&y, &y, 1).weighted(Some(&weight))).unwrap();
        assert_eq!(targets.deviation, 0.0);
    }

    #[test]
    fn weights_count_rows_in_the_confusion() {
        // Margins x: class 1 where positive. Row 2 is wrong and counts 3.
        let (x, y, weight) = ([1.0, -1.0, 2.0], [1.0, 0.0, 0.0], [1.0, 2.0, 3.0]);
        let rows = Rows::new(&x, &y, 1).weighted(Some(&weight));
        let mut objective = Objective::new(Scaling::<f64>::identity(1), Loss::Logistic, vec![0.0]);
        let counts = objective.at(&[1.0, 0.0], |point| confusion(rows, point, 2)).unwrap();
        assert_eq!(counts, [2.0, 3.0, 0.0, 1.0]);
    }
}

//! Regression metrics from residual sums.

use std::collections::BTreeMap;

use crate::kernel::{Kernel, RowSums, Rows, sum_over_rows};

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
}

pub(crate) const TRAIN: Names =
    Names { mse: "train_mse", rmse: "train_rmse", mae: "train_mae", r2: "train_r2" };

pub(crate) const VAL: Names =
    Names { mse: "val_mse", rmse: "val_rmse", mae: "val_mae", r2: "val_r2" };

/// The targets' count, mean square, and sum of squared deviations from their mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets {
    count: f64,
    pub(crate) mean_square: f64,
    deviation: f64,
}

impl Targets {
    /// Measures the targets of `rows`, about the first of them as columns are.
    pub(crate) fn measure<T: Kernel>(rows: Rows<'_, T>) -> Self {
        let count = rows.len() as f64;
        let origin: f64 = rows.y[0].into();
        let sums = sum_over_rows(rows, 2, |sums, _, y| {
            let y: f64 = y.into();
            sums[0] += y - origin;
            sums[1] += y * y;
        });
        let mean = origin + sums[0] / count;
        let deviation = sum_over_rows(rows, 1, |sums, _, y| {
            let deviation = y.into() - mean;
            sums[0] += deviation * deviation;
        })[0];
        Self { count, mean_square: sums[1] / count, deviation }
    }

    /// Appends mean squared error, its root, mean absolute error, and the share of variance
    /// explained. The last is left out where the targets are all equal, since it has no meaning.
    pub(crate) fn score(&self, sums: RowSums, names: &Names, metrics: &mut Metrics) {
        let mse = sums.squared / self.count;
        metrics.push(names.mse, mse);
        metrics.push(names.rmse, mse.sqrt());
        metrics.push(names.mae, sums.absolute / self.count);
        if self.deviation > 0.0 {
            metrics.push(names.r2, 1.0 - sums.squared / self.deviation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(y: &[f64], residuals: &[f64]) -> Metrics {
        let targets = Targets::measure(Rows { x: y, y, width: 1 });
        let sums = RowSums {
            residual: residuals.iter().sum(),
            squared: residuals.iter().map(|r| r * r).sum(),
            absolute: residuals.iter().map(|r| r.abs()).sum(),
        };
        let mut metrics = Metrics::default();
        targets.score(sums, &VAL, &mut metrics);
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
}

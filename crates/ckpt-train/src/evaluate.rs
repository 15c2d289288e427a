//! Metrics of an epoch, from the sums of its passes.

use std::collections::BTreeMap;
use std::io;

use ckpt_metrics::{Outcomes, RegressionReport, RegressionSums};

use crate::error::TrainError;
use crate::kernel::{Block, Kernel, Layout, Loss, Point, RowSums, Rows, sum_over_rows};
use crate::model::likeliest;
use crate::objective::LinearObjective;
use crate::real::Real;
use crate::scaling::first_counted;

/// How many margins are held at a time: what stays in the nearer caches.
const MARGINS: usize = 1 << 13;

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
        objective: &mut LinearObjective<T>,
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
        let outcomes = objective.at(params, |point| outcomes(rows, point, classes))?;
        let right: f64 = outcomes.iter().map(|class| class.true_positives).sum();
        let missed: f64 = outcomes.iter().map(|class| class.false_negatives).sum();
        metrics.push(names.accuracy, right / (right + missed));
        let wrong = |class: &Outcomes<f64>| class.false_positives + class.false_negatives;
        let occurring = outcomes.iter().filter(|class| class.true_positives + wrong(class) > 0.0);
        let (count, f1) =
            occurring.fold((0.0, 0.0), |(count, f1), class| (count + 1.0, f1 + class.f1()));
        metrics.push(names.macro_f1, f1 / count);
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

/// Counts what became of each class's rows, each as often as it weighs; what is true of other
/// classes is not counted. Memory grows with the classes, not with their square.
fn outcomes<T: Real>(
    rows: Rows<'_, T>,
    point: Point<'_, T>,
    classes: usize,
) -> io::Result<Vec<Outcomes<f64>>> {
    let layout = Layout::new(rows.len(), rows.width * size_of::<T>(), 3 * classes);
    let mut sums = vec![vec![Outcomes::default(); classes]; layout.super_blocks()];
    let take = |sums: &mut Vec<Outcomes<f64>>, block: Block<'_, T>| {
        take_outcomes(sums, block, point);
    };
    layout.drive(rows, &mut sums, take, |a, b| {
        for (a, b) in a.iter_mut().zip(b) {
            a.true_positives += b.true_positives;
            a.false_positives += b.false_positives;
            a.false_negatives += b.false_negatives;
        }
    })?;
    Ok(sums.swap_remove(0))
}

/// Adds the rows of a block, some at a time.
fn take_outcomes<T: Real>(sums: &mut [Outcomes<f64>], block: Block<'_, T>, point: Point<'_, T>) {
    let outputs = point.loss.outputs();
    let step = (MARGINS / outputs).max(1).next_multiple_of(T::LANES);
    let mut margins = vec![T::default(); step.min(block.y.len()) * outputs];
    for (place, y) in block.y.chunks(step).enumerate() {
        let first = place * step;
        let x = &block.x[first * block.width..(first + y.len()) * block.width];
        let margins = &mut margins[..y.len() * outputs];
        T::margins(Block { x, y, ..block }, point, margins);
        for (row, (line, y)) in (first..).zip(margins.chunks_exact(outputs).zip(y)) {
            let (class, found) = (y.to_f64() as usize, likeliest(line));
            let weight = block.weight.map_or(1.0, |weight| weight[row].to_f64());
            if class == found {
                sums[class].true_positives += weight;
            } else {
                sums[class].false_negatives += weight;
                sums[found].false_positives += weight;
            }
        }
    }
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

    /// Rows of one column whose margins are `x`, and what their weights come to.
    fn score_classes(loss: Loss, x: &[f64], y: &[f64], weight: &[f64], params: &[f64]) -> Metrics {
        let rows = Rows::new(x, y, 1).weighted(Some(weight));
        let mut objective = LinearObjective::new(Scaling::<f64>::identity(1), loss, vec![0.0]);
        let sums = objective.losses(rows, params).unwrap();
        let targets = Targets::measure(rows).unwrap();
        let mut metrics = Metrics::default();
        targets.score(&mut objective, rows, params, sums, (&VAL, &mut metrics)).unwrap();
        metrics
    }

    #[test]
    fn weights_count_rows_in_the_scores_of_classes() {
        // Margins x: class 1 where positive. Row 2 is wrong and counts 3: class 0 has found 2 of 5,
        // class 1 is 1 of the 4 that it was said to be.
        let (x, y, weight) = ([1.0, -1.0, 2.0], [1.0, 0.0, 0.0], [1.0, 2.0, 3.0]);
        let metrics = score_classes(Loss::Logistic, &x, &y, &weight, &[1.0, 0.0]);
        assert_eq!(metrics.get("val_accuracy"), Some(0.5));
        assert_eq!(metrics.get("val_macro_f1"), Some((4.0 / 7.0 + 2.0 / 5.0) / 2.0));
    }

    #[test]
    fn many_classes_take_little_memory() {
        // A matrix of the classes would take 80 GB.
        let classes = 100_000;
        let (x, y) = ([1.0; 3], [0.0, 0.0, 99_999.0]);
        let mut params = vec![0.0; 2 * classes];
        params[0] = 1.0;
        let metrics = score_classes(Loss::Softmax(classes), &x, &y, &[1.0; 3], &params);
        assert_eq!(metrics.get("val_accuracy"), Some(2.0 / 3.0));
        // Class 0 has 4 / 5, class 99,999 nothing, and no other occurs.
        assert_eq!(metrics.get("val_macro_f1"), Some(0.4));
    }
}

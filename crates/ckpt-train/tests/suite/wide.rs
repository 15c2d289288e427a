//! More columns than rows, more columns than a Gram matrix is made of, and rows that stay where they
//! are until they are read.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::{io, ops::Range, sync::Arc};

use crate::common::{assert_close, correlated, fit_for, fits, run};
use ckpt_train::{
    Config, Dataset, LinearTrainer, ModelKind, Optimizer, Real, RowSource, StopReason, TrainError,
    closed_form, row_order,
};
use ndarray::{Array1, Array2, Axis};

/// Rows of random numbers of unit spread about 2, and targets that they determine up to noise.
fn random(rows: usize, columns: usize) -> Dataset<f64> {
    let mut numbers = crate::common::Numbers(columns as u64);
    let x = Array2::from_shape_fn((rows, columns), |_| numbers.bell() + 2.0);
    let weight = Array1::from_shape_fn(columns, |_| numbers.unit());
    let noise = Array1::from_shape_fn(rows, |_| numbers.bell() / 10.0);
    let y = x.dot(&weight) + noise;
    Dataset::new(x, y).unwrap()
}

/// Whether `weight` solves the normal equations of the weighted rows: the gradient of the loss by
/// standardised weights, as a part of that of no weights.
fn gradient_left(dataset: &Dataset<f64>, l2: f64, weight: &Array1<f64>, bias: f64) -> f64 {
    let x = dataset.x().unwrap();
    let counts = dataset.weights().map_or_else(|| Array1::ones(dataset.rows()), |w| w.to_owned());
    let shares = &counts / counts.sum();
    let mean = x.t().dot(&shares);
    let z = &x - &mean;
    let deviation = (&z * &z).t().dot(&shares).mapv(f64::sqrt);
    let z = z / &deviation;
    let gradient = |weight: &Array1<f64>, bias: f64| {
        let rest = (x.dot(weight) + bias - dataset.y()) * &shares;
        z.t().dot(&rest) + weight * &deviation * l2
    };
    let norm = |values: Array1<f64>| values.dot(&values).sqrt();
    let centred = dataset.y().dot(&shares);
    norm(gradient(weight, bias)) / norm(gradient(&Array1::zeros(x.ncols()), centred))
}

#[test]
fn six_hundred_columns_solve_the_normal_equations() {
    let dataset = random(900, 600);
    let counts = Array1::from_shape_fn(900, |row| (row % 4) as f64 / 2.0 + 0.25);
    for dataset in [dataset.clone(), dataset.weighted(counts).unwrap()] {
        for l2 in [0.0, 0.01, 3.0] {
            let model = closed_form(&dataset, l2).unwrap();
            let weight = model.weight.row(0).to_owned();
            let left = gradient_left(&dataset, l2, &weight, model.bias[0]);
            assert!(left < 1e-10, "l2 {l2}: {left:e}");
            let config =
                Config { optimizer: Optimizer::Exact, l2, val_fraction: 0.0, ..Config::default() };
            let last = run(&dataset, config).unwrap().pop().unwrap();
            assert_eq!(last.stop, Some(StopReason::Exact));
            let left = gradient_left(
                &dataset,
                l2,
                &last.model.weight.row(0).to_owned(),
                last.model.bias[0],
            );
            assert!(left < 1e-10, "trained, l2 {l2}: {left:e}");
        }
    }
}

/// All optimizers on fewer rows than columns, with and without a penalty.
fn fewer_rows_than_columns(columns: usize) {
    for (model, optimizer, batch) in fits() {
        let dataset = fit_for::<f64>(model, 20, columns);
        for l2 in [0.0, 0.1] {
            let what = format!("{columns} columns, {model} by {optimizer:?}, l2 {l2}");
            let config = Config { model, optimizer, batch, l2, epochs: 30, ..Config::default() };
            let config = Config { val_fraction: 0.0, ..config };
            match run(&dataset, config) {
                Ok(epochs) => {
                    assert!(l2 > 0.0 || optimizer != Optimizer::Exact, "{what} has many solutions");
                    let last = epochs.last().unwrap();
                    assert!(last.model.weight.iter().all(|weight| weight.is_finite()), "{what}");
                    let (loss, start) = (last.metrics.get("loss"), epochs[0].metrics.get("loss"));
                    // Batches and momentum promise no descent at each epoch.
                    let descends =
                        [Optimizer::Gd, Optimizer::Nesterov, Optimizer::LBFGS].contains(&optimizer);
                    assert!(!descends || loss <= start, "{what}: {loss:?} after {start:?}");
                    assert!(loss.unwrap().is_finite(), "{what}");
                }
                Err(error) => {
                    assert!(l2 == 0.0 && optimizer == Optimizer::Exact, "{what}: {error}");
                    let expected = if columns > 512 {
                        TrainError::Underdetermined { rows: 20, columns }
                    } else {
                        TrainError::RankDeficient { column: 19 }
                    };
                    assert_eq!(error, expected);
                }
            }
        }
    }
}

#[test]
fn fewer_rows_than_columns_are_fitted_or_refused() {
    fewer_rows_than_columns(30);
    fewer_rows_than_columns(520);
}

#[test]
fn wide_ridge_is_the_same_by_every_way_to_the_end() {
    for columns in [40, 530] {
        let dataset = random(25, columns);
        let config = Config { l2: 0.1, val_fraction: 0.0, epochs: 3000, ..Config::default() };
        let exact = run(&dataset, Config { optimizer: Optimizer::Exact, ..config }).unwrap();
        let exact = &exact.last().unwrap().model;
        for (optimizer, tolerance) in [(Optimizer::LBFGS, 0.0), (Optimizer::Nesterov, 1e-10)] {
            let last = run(&dataset, Config { optimizer, tolerance, ..config }).unwrap().pop();
            let last = last.unwrap();
            assert!(last.stop.unwrap().is_converged(), "{optimizer:?}: {:?}", last.stop);
            let largest = exact.weight.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            for (found, expected) in last.model.weight.iter().zip(&exact.weight) {
                assert!((found - expected).abs() < 1e-8 * largest, "{optimizer:?}");
            }
        }
    }
}

/// Rows of a vector, read from a row on never again.
struct Rows<T> {
    values: Vec<T>,
    columns: usize,
    broken_from: usize,
}

impl<T: Real> RowSource<T> for Rows<T> {
    fn read(&self, range: Range<usize>, into: &mut [T]) -> io::Result<()> {
        if range.end > self.broken_from {
            return Err(io::Error::other("the cable is out"));
        }
        into.copy_from_slice(&self.values[range.start * self.columns..range.end * self.columns]);
        Ok(())
    }
}

/// The same data behind a source, in the order of training.
fn stored<T: Real>(dataset: &Dataset<T>, seed: u64, broken_from: usize) -> Dataset<T> {
    let order = row_order(dataset.rows(), seed);
    let x = dataset.x().unwrap().select(Axis(0), &order);
    let columns = x.ncols();
    let source = Rows { values: x.into_iter().collect(), columns, broken_from };
    let y = dataset.y().select(Axis(0), &order);
    let stored = Dataset::stored(Arc::new(source), columns, y).unwrap();
    let stored = match dataset.classes() {
        [] => stored,
        classes => stored.with_classes(classes.to_vec()).unwrap(),
    };
    match dataset.weights() {
        None => stored,
        Some(weights) => stored.weighted(weights.select(Axis(0), &order)).unwrap(),
    }
}

fn reading_changes_no_bit<T: Real>(rows: usize, columns: usize) {
    let counts = Array1::from_shape_fn(rows, |row| T::from_f64((row % 3) as f64));
    for (model, optimizer, batch) in fits() {
        let dataset = fit_for::<T>(model, rows, columns).weighted(counts.clone()).unwrap();
        let config = Config { model, optimizer, batch, epochs: 3, seed: 5, ..Config::default() };
        let expected = run(&dataset, config).unwrap();
        let found = run(&stored(&dataset, 5, usize::MAX), config).unwrap();
        assert!(found == expected, "{model} by {optimizer:?} in {}", T::TYPE);
    }
}

#[test]
fn rows_that_are_read_give_the_bits_of_rows_in_memory() {
    reading_changes_no_bit::<f64>(700, 13);
    reading_changes_no_bit::<f32>(700, 17);
}

#[test]
fn a_source_that_fails_is_named_and_ends_the_run() {
    let dataset = correlated::<f64>(700, 13);
    for (kind, optimizer, batch) in fits() {
        if kind != ModelKind::Linear {
            continue;
        }
        let config = Config { optimizer, batch, ..Config::default() };
        let broken = stored(&dataset, 0, 650);
        let error = LinearTrainer::new(&broken, config).map(|trainer| trainer.last().unwrap());
        let error = match error {
            Err(error) | Ok(Err(error)) => error,
            Ok(Ok(epoch)) => panic!("{optimizer:?} came to epoch {}", epoch.number),
        };
        assert_eq!(error.to_string(), "cannot read the rows: the cable is out", "{optimizer:?}");
        assert!(matches!(error, TrainError::Read(_)));
    }
}

#[test]
fn both_methods_agree_at_the_limit_of_columns() {
    for columns in [512, 513] {
        let dataset = random(600, columns);
        let plain = closed_form(&dataset, 0.0).unwrap();
        let left = gradient_left(&dataset, 0.0, &plain.weight.row(0).to_owned(), plain.bias[0]);
        assert!(left < 1e-9, "{columns}: {left:e}");
        let penalised = closed_form(&dataset, 1e-14).unwrap();
        for (found, expected) in penalised.weight.iter().zip(&plain.weight).take(5) {
            assert_close("weight", *found, *expected, 1e-6);
        }
    }
}

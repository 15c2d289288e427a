//! Data at the edge of what numbers can hold, and data that no model fits in one way.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::sync::Arc;

use crate::common::{assert_close, correlated, fit_for, fits, run, state_array};
use ckpt_train::{
    Config, DataError, Dataset, Epoch, LinearModel, LinearTrainer, ModelKind, Optimizer, Real,
    RowSource, StopReason, TrainError, closed_form, row_order,
};
use ndarray::{Array1, Array2, ArrayView2, Axis, array};

const CONFIG: Config = Config {
    model: ModelKind::Linear,
    optimizer: Optimizer::Nesterov,
    batch: None,
    rate: ckpt_train::Rate::Auto,
    schedule: ckpt_train::Schedule { warmup: 0, decay: ckpt_train::Decay::Constant },
    epochs: 40,
    l2: 0.0,
    tolerance: 0.0,
    early_stopping: None,
    val_fraction: 0.0,
    seed: 0,
    standardize: true,
};

fn assert_finite<T: Real>(what: &str, epoch: &Epoch<T>) {
    let model = epoch.model.weight.iter().chain(&epoch.model.bias);
    let is_finite = |values: Option<Vec<f64>>| values.iter().flatten().all(|v| v.is_finite());
    assert!(model.into_iter().all(|value| value.to_f64().is_finite()), "{what}: {epoch:?}");
    assert!(is_finite(state_array(epoch, "params")), "{what}: {epoch:?}");
    for (name, value) in epoch.metrics.iter() {
        assert!(value.is_finite(), "{what}: {name} is {value} in epoch {}", epoch.number);
    }
}

fn labels(classes: usize) -> Vec<String> {
    (0..classes).map(|class| class.to_string()).collect()
}

/// The same data with other features.
fn with_x<T: Real>(data: &Dataset<T>, x: Array2<T>) -> Dataset<T> {
    let dataset = Dataset::new(x, data.y().to_owned()).unwrap();
    match data.classes() {
        [] => dataset,
        classes => dataset.with_classes(classes.to_vec()).unwrap(),
    }
}

#[test]
fn margins_of_ten_thousand_neither_overflow_nor_round_to_nothing() {
    let x = array![[1.0], [-1.0], [1.0], [-1.0]];
    let y = array![1.0, 0.0, 0.0, 1.0];
    let dataset = Dataset::new(x.clone(), y).unwrap().with_classes(labels(2)).unwrap();
    for (model, weight, bias) in [
        (ModelKind::Logistic, array![[1e4]], array![0.0]),
        (ModelKind::Softmax, array![[-5e3], [5e3]], array![0.0, 0.0]),
        (ModelKind::Softmax, array![[0.0], [1e4]], array![1e6, 1e6]),
    ] {
        let fitted = LinearModel { kind: model, weight, bias, classes: labels(2) };
        let shares = fitted.probabilities(x.view()).unwrap();
        // exp(-1e4) is below every double; what comes of it is below all that can matter.
        let expected = array![[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]];
        assert!((shares - expected).iter().all(|error: &f64| error.abs() < 1e-300));
        assert_eq!(fitted.predict(x.view()).unwrap(), array![1.0, 0.0, 1.0, 0.0]);
        let mut trainer = LinearTrainer::new(&dataset, Config { model, ..CONFIG }).unwrap();
        let metrics = trainer.evaluate(&fitted).unwrap();
        // Two rows are right beyond doubt, two are wrong by a margin of 10,000.
        assert_close("loss", metrics.get("loss").unwrap(), 5e3, 1e-12);
        assert_eq!(metrics.get("train_accuracy"), Some(0.5));
    }
}

/// All models on features of this size, standardised.
fn size_is_no_matter<T: Real>(size: f64) {
    for (model, optimizer, batch) in fits() {
        let data = fit_for::<T>(model, 50, 3);
        let x = data.x().unwrap().mapv(|x| T::from_f64(x.to_f64() * size));
        let config = Config { model, optimizer, batch, ..CONFIG };
        for epoch in run(&with_x(&data, x), config).unwrap() {
            assert_finite(&format!("{model} by {optimizer:?}"), &epoch);
        }
    }
}

#[test]
fn huge_and_tiny_features_give_finite_numbers() {
    size_is_no_matter::<f64>(1e120);
    size_is_no_matter::<f64>(1e-120);
    size_is_no_matter::<f32>(1e15);
    size_is_no_matter::<f32>(1e-15);
}

#[test]
fn raw_features_of_ten_thousand_give_finite_numbers_or_an_error() {
    for (model, optimizer, batch) in fits() {
        let data = fit_for::<f32>(model, 50, 3);
        let x = data.x().unwrap().mapv(|x| x * 1e4);
        let config = Config { model, optimizer, batch, standardize: false, ..CONFIG };
        let what = format!("{model} by {optimizer:?}");
        for epoch in LinearTrainer::new(&with_x(&data, x), config).unwrap() {
            match epoch {
                Ok(epoch) => assert_finite(&what, &epoch),
                Err(error) => assert!(matches!(error, TrainError::Diverged { .. }), "{error}"),
            }
        }
    }
}

#[test]
fn a_constant_column_weighs_nothing_in_any_model() {
    for (model, optimizer, batch) in fits() {
        let data = fit_for::<f64>(model, 60, 3);
        let mut x = data.x().unwrap().to_owned();
        x.column_mut(1).fill(0.1);
        let config = Config { model, optimizer, batch, ..CONFIG };
        for epoch in run(&with_x(&data, x), config).unwrap() {
            assert_finite(&format!("{model} by {optimizer:?}"), &epoch);
            assert!(epoch.model.weight.column(1).iter().all(|&weight| weight == 0.0));
        }
    }
}

#[test]
fn a_single_class_is_nothing_to_tell_apart() {
    let one = Dataset::new(array![[1.0], [2.0]], array![0.0, 0.0]).unwrap();
    let error = one.with_classes(labels(1)).unwrap_err();
    let text = "1 classes cannot be told apart; classification needs at least 2";
    assert_eq!(error.to_string(), text);
}

#[test]
fn what_is_not_finite_is_named() {
    let mut x = Array2::<f32>::zeros((9, 4));
    (x[(5, 2)], x[(7, 0)]) = (f32::NAN, f32::INFINITY);
    let error = Dataset::new(x, Array1::zeros(9)).unwrap_err();
    assert_eq!(error.to_string(), "row 5, column 2 of x is NaN");
    let y = array![0.0, f64::NEG_INFINITY];
    let error = Dataset::new(array![[0.0], [1.0]], y).unwrap_err();
    assert_eq!(error.to_string(), "value 1 of y is -inf");
    let whole = || Dataset::new(array![[0.0], [1.0]], array![0.0, 1.0]).unwrap();
    let error = whole().weighted(array![1.0, f64::NAN]).unwrap_err();
    let text = "the weight of row 1 is NaN, but must be finite and not negative";
    assert_eq!(error.to_string(), text);
    let dataset = whole().weighted(array![0.0, 0.0]).unwrap();
    let error = LinearTrainer::new(&dataset, CONFIG).unwrap_err();
    assert_eq!(error, TrainError::Data(DataError::NoWeight));
}

fn separable<T: Real>() {
    // Class c lies about 10 c, so that the loss falls for ever as the weights grow.
    let mut numbers = crate::common::Numbers(8);
    for (model, optimizer, batch) in fits() {
        let classes = match model {
            ModelKind::Linear => continue,
            ModelKind::Logistic => 2,
            _ => 3,
        };
        let y = Array1::from_shape_fn(30, |row| T::from_f64((row % classes) as f64));
        let mut feature = |y: T| T::from_f64(10.0 * y.to_f64() + numbers.unit());
        let x = Array2::from_shape_fn((30, 2), |(row, _)| feature(y[row]));
        let dataset = Dataset::new(x, y).unwrap().with_classes(labels(classes)).unwrap();
        let config = Config { model, optimizer, batch, epochs: 1000, ..CONFIG };
        let what = format!("{model} by {optimizer:?} in {}", T::TYPE);
        let epochs = run(&dataset, config).unwrap();
        epochs.iter().for_each(|epoch| assert_finite(&what, epoch));
        let last = epochs.last().unwrap();
        assert!(!last.stop.unwrap().is_converged(), "{what}: {:?} at {}", last.stop, last.number);
        if optimizer == Optimizer::LBFGS {
            assert_eq!(last.stop, Some(StopReason::Separated), "{what}");
        }
        // With a penalty there is an end, and it is found.
        let config = Config { optimizer: Optimizer::LBFGS, batch: None, l2: 0.01, ..config };
        let last = run(&dataset, config).unwrap().pop().unwrap();
        assert!(last.stop.unwrap().is_converged(), "{what}: {:?}", last.stop);
    }
}

#[test]
fn separable_classes_have_finite_weights_and_no_claim_of_an_end() {
    separable::<f64>();
    separable::<f32>();
}

#[test]
fn rows_of_one_class_leave_the_other_unlikely_and_the_numbers_finite() {
    for (model, optimizer, batch) in fits() {
        if model == ModelKind::Linear {
            continue;
        }
        let x = correlated::<f64>(20, 2).x().unwrap().to_owned();
        let dataset = Dataset::new(x, Array1::ones(20)).unwrap().with_classes(labels(2)).unwrap();
        let config = Config { model, optimizer, batch, epochs: 1000, l2: 0.01, ..CONFIG };
        let what = format!("{model} by {optimizer:?}");
        let epochs = run(&dataset, config).unwrap();
        epochs.iter().for_each(|epoch| assert_finite(&what, epoch));
        let last = epochs.last().unwrap();
        assert_eq!(last.metrics.get("train_accuracy"), Some(1.0), "{what}");
        assert!(!last.stop.unwrap().is_converged(), "{what}: {:?} at {}", last.stop, last.number);
    }
}

#[test]
fn equal_targets_are_the_bias() {
    let x = correlated::<f64>(40, 3).x().unwrap().to_owned();
    let dataset = Dataset::new(x, Array1::from_elem(40, 7.5)).unwrap();
    for optimizer in [Optimizer::Gd, Optimizer::Nesterov, Optimizer::LBFGS, Optimizer::Exact] {
        let config = Config { optimizer, epochs: 500, tolerance: 1e-12, ..CONFIG };
        let last = run(&dataset, config).unwrap().pop().unwrap();
        assert!(last.stop.unwrap().is_converged(), "{optimizer:?}: {:?}", last.stop);
        assert!(last.model.weight.iter().all(|weight| weight.abs() < 1e-9), "{:?}", last.model);
        assert_close("bias", last.model.bias[0], 7.5, 1e-9);
        assert_eq!(last.metrics.get("train_r2"), None);
    }
}

#[test]
fn one_row_trains_every_model() {
    for (model, optimizer, batch) in fits() {
        let dataset = Dataset::new(array![[3.0, -4.0]], array![1.0]).unwrap();
        let dataset = match model {
            ModelKind::Linear => dataset,
            _ => dataset.with_classes(labels(2)).unwrap(),
        };
        let what = format!("{model} by {optimizer:?}");
        let config = Config { model, optimizer, batch, epochs: 200, ..CONFIG };
        let epochs = run(&dataset, config).unwrap();
        epochs.iter().for_each(|epoch| assert_finite(&what, epoch));
        let model = &epochs.last().unwrap().model;
        // A single row has no spread, so all columns are constant.
        assert!(model.weight.iter().all(|&weight| weight == 0.0), "{what}: {model:?}");
        let found: f64 = model.predict(dataset.x().unwrap()).unwrap()[0];
        assert!((found - 1.0).abs() < 0.2, "{what} predicts {found}");
    }
}

#[test]
fn collinear_columns_are_named_or_shared_but_never_lost() {
    let base = correlated::<f64>(60, 3);
    let twice = |x: ArrayView2<'_, f64>| {
        Array2::from_shape_fn((60, 4), |(row, column)| match column {
            3 => 2.0 * x[(row, 1)] - 5.0,
            _ => x[(row, column)],
        })
    };
    let dataset = with_x(&base, twice(base.x().unwrap()));
    let exact = Config { optimizer: Optimizer::Exact, ..CONFIG };
    let error = run(&dataset, exact).unwrap_err();
    assert_eq!(error, TrainError::RankDeficient { column: 3 });
    let best = run(&base, exact).unwrap().pop().unwrap().metrics.get("loss").unwrap();
    for optimizer in [Optimizer::LBFGS, Optimizer::Nesterov] {
        let config = Config { optimizer, epochs: 5000, tolerance: 1e-9, ..CONFIG };
        let last = run(&dataset, config).unwrap().pop().unwrap();
        assert_eq!(last.stop, Some(StopReason::Tolerance), "{optimizer:?}");
        assert_close("loss", last.metrics.get("loss").unwrap(), best, 1e-12);
    }
    let l2 = 1e-3;
    let ridge = closed_form(&dataset, l2).unwrap();
    let last = run(&dataset, Config { optimizer: Optimizer::LBFGS, l2, ..CONFIG }).unwrap().pop();
    for (found, expected) in last.unwrap().model.weight.iter().zip(&ridge.weight) {
        assert_close("weight", *found, *expected, 1e-9);
    }
}

/// Rows of a vector, read as those of a file would be.
struct Slices(Vec<f64>, usize);

impl RowSource<f64> for Slices {
    fn read(&self, range: std::ops::Range<usize>, into: &mut [f64]) -> std::io::Result<()> {
        into.copy_from_slice(&self.0[range.start * self.1..range.end * self.1]);
        Ok(())
    }
}

#[test]
fn what_a_row_of_weight_zero_holds_plays_no_part() {
    for (model, optimizer, batch) in fits() {
        let config = Config { model, optimizer, batch, epochs: 4, ..Config::default() };
        let plain = fit_for::<f64>(model, 40, 3);
        let of = |row: [f64; 3], stored: bool| {
            let mut x = plain.x().unwrap().to_owned();
            x.row_mut(17).assign(&array![row[0], row[1], row[2]]);
            let (mut y, mut weights) = (plain.y().to_owned(), Array1::ones(40));
            weights[17] = 0.0;
            let dataset = if stored {
                let order = row_order(40, config.seed);
                let x = x.select(Axis(0), &order).into_iter().collect();
                y = y.select(Axis(0), &order);
                weights = weights.select(Axis(0), &order);
                Dataset::stored(Arc::new(Slices(x, 3)), 3, y).unwrap()
            } else {
                Dataset::new(x, y).unwrap()
            };
            let dataset = match plain.classes() {
                [] => dataset,
                classes => dataset.with_classes(classes.to_vec()).unwrap(),
            };
            run(&dataset.weighted(weights).unwrap(), config).unwrap()
        };
        let expected = of([0.0, 0.0, 0.0], false);
        for stored in [false, true] {
            assert_eq!(of([1e160, -1e300, 1e200], stored), expected, "{model} by {optimizer:?}");
        }
    }
}

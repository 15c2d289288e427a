//! Small, odd and hopeless inputs.

use crate::common::{assert_close, correlated, run};
use ckpt_train::{
    Config, DataError, Dataset, Epoch, LinearTrainer, Optimizer, Rate, StopReason, TrainError,
    Values, row_order,
};
use ndarray::{Array1, Array2, ArrayView2, Axis, array};

#[test]
fn divergence_names_epoch_and_rate_and_keeps_what_came_before() {
    let dataset = correlated::<f64>(100, 10);
    for optimizer in [Optimizer::Gd, Optimizer::Nesterov, Optimizer::Sgd, Optimizer::MOMENTUM] {
        let config = Config { optimizer, rate: Rate::Fixed(32.0), ..Config::default() };
        let mut trainer = LinearTrainer::new(&dataset, config).unwrap();
        let mut epochs = 0;
        let error = loop {
            match trainer.next().unwrap() {
                Ok(epoch) => {
                    epochs += 1;
                    assert_eq!(epoch.number, epochs);
                    assert!(epoch.model.weight.iter().all(|weight| weight.is_finite()));
                }
                Err(error) => break error,
            }
        };
        let TrainError::Diverged { epoch, rate, suggestion } = error.clone() else {
            panic!("{error}");
        };
        assert_eq!((epoch, rate), (epochs + 1, 32.0));
        assert!(epoch < 20, "{error}");
        let message = error.to_string();
        let start = format!("training diverged at epoch {epoch} with rate 32; try rate ");
        assert!(message.starts_with(&start), "{message}");
        assert!(trainer.next().is_none());
        let cured = Config { rate: Rate::Fixed(suggestion), ..config };
        assert_eq!(run(&dataset, cured).unwrap().len(), 100);
    }
}

#[test]
fn divergence_comes_at_the_same_epoch_after_resuming() {
    let dataset = correlated::<f64>(100, 10);
    let config = Config { optimizer: Optimizer::Gd, rate: Rate::Fixed(0.5), ..Config::default() };
    let all: Vec<_> = LinearTrainer::new(&dataset, config).unwrap().collect();
    let (error, epochs) = all.split_last().unwrap();
    assert!(epochs.len() > 4);
    for epoch in epochs {
        let state = &epoch.as_ref().unwrap().state;
        let last = LinearTrainer::resume(&dataset, config, state).unwrap().last().unwrap();
        assert_eq!(&last, error);
    }
}

#[test]
fn one_row_is_fitted_by_the_bias() {
    let dataset = Dataset::new(array![[3.0, 4.0]], array![7.0]).unwrap();
    for optimizer in [Optimizer::Nesterov, Optimizer::Sgd] {
        let config = Config { optimizer, val_fraction: 0.9, tolerance: 1e-9, ..Config::default() };
        let last = run(&dataset, config).unwrap().pop().unwrap();
        assert_eq!(last.stop, Some(StopReason::Tolerance));
        assert_eq!(last.model.weight, array![[0.0, 0.0]]);
        assert_close("bias", last.model.bias[0], 7.0, 1e-8);
        assert_eq!(last.metrics.get("train_r2"), None);
        assert_eq!(last.metrics.get("val_mse"), None);
    }
}

#[test]
fn more_columns_than_rows_fit_exactly() {
    let dataset = correlated::<f64>(8, 30);
    let config = Config { epochs: 5000, tolerance: 1e-9, val_fraction: 0.0, ..Config::default() };
    let last = run(&dataset, config).unwrap().pop().unwrap();
    assert_eq!(last.stop, Some(StopReason::Tolerance));
    assert!(last.metrics.get("train_rmse").unwrap() < 1e-6);
}

#[test]
fn validation_metrics_come_with_a_validation_part() {
    let dataset = correlated::<f64>(100, 3);
    let names = |val_fraction| {
        let config = Config { val_fraction, epochs: 1, ..Config::default() };
        let epoch = run(&dataset, config).unwrap().remove(0);
        epoch.metrics.iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let train = ["loss", "train_mse", "train_rmse", "train_mae", "train_r2"];
    let val = ["val_mse", "val_rmse", "val_mae", "val_r2"];
    let rest = ["grad_norm", "rate"];
    assert_eq!(names(0.0), [&train[..], &rest].concat());
    assert_eq!(names(0.2), [&train[..], &val, &rest].concat());
    assert_eq!(names(0.9), [&train[..], &val, &rest].concat());
}

#[test]
fn metrics_are_those_of_the_yielded_model() {
    let dataset = correlated::<f64>(100, 3);
    for optimizer in [Optimizer::Gd, Optimizer::Nesterov, Optimizer::Sgd] {
        let config = Config { optimizer, epochs: 5, l2: 0.5, ..Config::default() };
        for epoch in LinearTrainer::new(&dataset, config).unwrap() {
            let epoch = epoch.unwrap();
            let score = |x: ArrayView2<'_, f64>, y: Array1<f64>| {
                let residuals = epoch.model.predict(x).unwrap() - &y;
                let squared = residuals.mapv(|r| r * r).sum();
                let variance = y.mapv(|v| (v - y.mean().unwrap()).powi(2)).sum();
                let absolute = residuals.mapv(f64::abs).mean().unwrap();
                [squared / y.len() as f64, absolute, 1.0 - squared / variance]
            };
            let order = row_order(dataset.rows(), config.seed);
            let (held_out, rest) = order.split_at(20);
            let part = |rows: &[usize]| {
                let x = dataset.x().unwrap().select(Axis(0), rows);
                score(x.view(), dataset.y().select(Axis(0), rows))
            };
            let (val, train) = (part(held_out), part(rest));
            let names = ["train_mse", "train_mae", "train_r2", "val_mse", "val_mae", "val_r2"];
            for (name, expected) in names.into_iter().zip([train, val].concat()) {
                assert_close(name, epoch.metrics.get(name).unwrap(), expected, 1e-10);
            }
            let squares: f64 = params(&epoch)[..3].iter().map(|weight| weight * weight).sum();
            let loss = train[0] / 2.0 + 0.5 * squares / 2.0;
            assert_close("loss", epoch.metrics.get("loss").unwrap(), loss, 1e-10);
        }
    }
}

/// Standardised parameters of an epoch, through the state's public form.
fn params(epoch: &Epoch<f64>) -> Vec<f64> {
    let mut arrays = epoch.state.arrays().into_iter();
    match arrays.find(|array| array.name == "params").map(|array| array.values) {
        Some(Values::F64(values)) => values,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_batch_of_more_than_all_rows_is_all_rows() {
    let dataset = correlated::<f64>(50, 3);
    let config = Config { epochs: 5, rate: Rate::Fixed(0.1), ..Config::default() };
    let gd = run(&dataset, Config { optimizer: Optimizer::Gd, ..config }).unwrap();
    for batch in [40, 41, usize::MAX] {
        let sgd = Config { optimizer: Optimizer::Sgd, batch: Some(batch), ..config };
        for (a, b) in run(&dataset, sgd).unwrap().iter().zip(&gd) {
            assert_eq!(a.model, b.model);
        }
    }
}

#[test]
fn targets_of_zero_are_learnt_at_once() {
    let dataset =
        Dataset::new(correlated::<f64>(20, 2).x().unwrap().to_owned(), Array1::zeros(20)).unwrap();
    for optimizer in [Optimizer::Nesterov, Optimizer::ADAM] {
        let config = Config { optimizer, tolerance: 1e-12, ..Config::default() };
        let epochs = run(&dataset, config).unwrap();
        assert_eq!((epochs.len(), epochs[0].stop), (1, Some(StopReason::Tolerance)));
        assert_eq!(epochs[0].model.predict(dataset.x().unwrap()).unwrap(), Array1::zeros(20));
    }
}

#[test]
fn numbers_too_large_are_refused_before_training() {
    let dataset = Dataset::new(array![[1.0], [2.0]], array![1e200, 0.0]).unwrap();
    let error = LinearTrainer::new(&dataset, Config { val_fraction: 0.0, ..Config::default() });
    assert_eq!(error.unwrap_err(), TrainError::Data(DataError::TargetTooLarge));
    let dataset = Dataset::new(Array2::from_elem((4, 1), 1e30_f32), Array1::ones(4)).unwrap();
    let raw = Config { standardize: false, ..Config::default() };
    assert_eq!(LinearTrainer::new(&dataset, raw).unwrap_err(), TrainError::NoRate);
}

#[test]
fn a_setting_out_of_range_is_refused() {
    let config = Config { l2: f64::NAN, ..Config::default() };
    let error = LinearTrainer::new(&correlated::<f64>(20, 2), config).unwrap_err();
    assert_eq!(error.to_string(), "l2 is NaN, but must be at least 0 and finite");
}

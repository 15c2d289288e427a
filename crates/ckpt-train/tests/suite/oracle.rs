//! Training against the closed form, and the closed form against plain normal equations.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use crate::common::{assert_close, correlated, run};
use ckpt_train::{
    Config, Dataset, LinearModel, LinearTrainer, ModelKind, Optimizer, Rate, StopReason,
    TrainError, closed_form,
};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, array, concatenate};

fn assert_models_close(found: &LinearModel<f64>, expected: &LinearModel<f64>, relative: f64) {
    for (column, (&a, &b)) in found.weight.iter().zip(&expected.weight).enumerate() {
        assert_close(&format!("weight {column}"), a, b, relative);
    }
    assert_close("bias", found.bias[0], expected.bias[0], relative);
}

/// Ridge regression by Gaussian elimination with pivoting on standardised columns.
fn normal_equations(x: ArrayView2<'_, f64>, y: ArrayView1<'_, f64>, l2: f64) -> LinearModel<f64> {
    let n = x.nrows() as f64;
    let mean = x.mean_axis(Axis(0)).unwrap();
    let scale = x.std_axis(Axis(0), 0.0);
    let z = (&x - &mean) / &scale;
    let mut a = z.t().dot(&z) / n;
    a.diag_mut().mapv_inplace(|value| value + l2);
    let mut b = z.t().dot(&(&y - y.mean().unwrap())) / n;
    let width = x.ncols();
    for i in 0..width {
        let pivot = (i..width).max_by(|&p, &q| a[(p, i)].abs().total_cmp(&a[(q, i)].abs()));
        let pivot = pivot.unwrap();
        for j in 0..width {
            a.swap((i, j), (pivot, j));
        }
        b.swap(i, pivot);
        for k in i + 1..width {
            let factor = a[(k, i)] / a[(i, i)];
            for j in i..width {
                a[(k, j)] -= factor * a[(i, j)];
            }
            b[k] -= factor * b[i];
        }
    }
    for i in (0..width).rev() {
        let known: f64 = (i + 1..width).map(|j| a[(i, j)] * b[j]).sum();
        b[i] = (b[i] - known) / a[(i, i)];
    }
    let weight = b / scale;
    let bias = y.mean().unwrap() - weight.dot(&mean);
    LinearModel {
        kind: ModelKind::Linear,
        weight: weight.insert_axis(Axis(0)),
        bias: array![bias],
        classes: Vec::new(),
    }
}

#[test]
fn closed_form_solves_the_normal_equations() {
    let dataset = correlated::<f64>(442, 10);
    for l2 in [0.0, 1e-3, 0.5, 20.0] {
        let expected = normal_equations(dataset.x().unwrap(), dataset.y(), l2);
        assert_models_close(&closed_form(&dataset, l2).unwrap(), &expected, 1e-10);
    }
}

#[test]
fn closed_form_takes_f32_data_in_f64() {
    let dataset = correlated::<f32>(200, 5);
    let (x, y) = (dataset.x().unwrap().mapv(f64::from), dataset.y().mapv(f64::from));
    let expected = normal_equations(x.view(), y.view(), 0.1);
    assert_models_close(&closed_form(&dataset, 0.1).unwrap(), &expected, 1e-10);
}

#[test]
fn closed_form_is_the_same_for_any_number_of_threads() {
    let dataset = correlated::<f64>(40_000, 8);
    let expected = closed_form(&dataset, 0.0).unwrap();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| closed_form(&dataset, 0.0)).unwrap(), expected);
    }
}

#[test]
fn training_to_tolerance_reaches_the_closed_form() {
    let dataset = correlated::<f64>(442, 10);
    for (optimizer, l2) in [
        (Optimizer::Nesterov, 0.0),
        (Optimizer::Nesterov, 0.3),
        (Optimizer::Gd, 0.0),
        (Optimizer::MOMENTUM, 0.01),
    ] {
        let config = Config { optimizer, l2, epochs: 20_000, tolerance: 1e-8, ..Config::default() };
        let mut trainer = LinearTrainer::new(&dataset, config).unwrap();
        let expected = trainer.closed_form().unwrap();
        let last = trainer.by_ref().last().unwrap().unwrap();
        assert_eq!(last.stop, Some(StopReason::Tolerance), "{optimizer:?}");
        assert!(last.metrics.get("grad_norm").unwrap() <= 1e-8);
        assert_models_close(&last.model, &expected, 1e-6);
        let (found, exact) = (last.metrics, trainer.evaluate(&expected).unwrap());
        for (name, value) in exact.iter() {
            assert_close(name, found.get(name).unwrap(), value, 1e-9);
        }
    }
}

#[test]
fn raw_coordinates_have_their_own_penalty() {
    let dataset = correlated::<f64>(100, 3);
    let config = Config {
        standardize: false,
        l2: 0.05,
        epochs: 1_000_000,
        tolerance: 1e-9,
        ..Config::default()
    };
    let trainer = LinearTrainer::new(&dataset, config).unwrap();
    let expected = trainer.closed_form().unwrap();
    let scaled = LinearTrainer::new(&dataset, Config { standardize: true, ..config }).unwrap();
    assert!(
        (scaled.closed_form().unwrap().weight[(0, 0)] / expected.weight[(0, 0)] - 1.0).abs() > 0.01
    );
    let last = trainer.last().unwrap().unwrap();
    assert_eq!(last.stop, Some(StopReason::Tolerance));
    assert_models_close(&last.model, &expected, 1e-6);
}

#[test]
fn mini_batches_and_adam_come_near_the_closed_form() {
    let dataset = correlated::<f64>(442, 10);
    // A constant rate leaves the noise of batches in the parameters; all rows have none.
    for (optimizer, batch, excess) in [
        (Optimizer::Sgd, None, 0.1),
        (Optimizer::MOMENTUM, Some(64), 0.01),
        (Optimizer::ADAM, None, 1e-9),
        (Optimizer::ADAM, Some(64), 0.1),
    ] {
        let config = Config { optimizer, batch, epochs: 300, ..Config::default() };
        let mut trainer = LinearTrainer::new(&dataset, config).unwrap();
        let exact = trainer.closed_form().unwrap();
        let best = trainer.evaluate(&exact).unwrap().get("loss").unwrap();
        let last = trainer.last().unwrap().unwrap();
        let loss = last.metrics.get("loss").unwrap();
        assert_close(&format!("{optimizer:?}"), loss, best, excess);
    }
}

#[test]
fn f32_training_reaches_the_closed_form_to_its_precision() {
    let dataset = correlated::<f32>(442, 10);
    let config = Config { epochs: 500, ..Config::default() };
    let trainer = LinearTrainer::new(&dataset, config).unwrap();
    let expected = trainer.closed_form().unwrap();
    let model = trainer.last().unwrap().unwrap().model;
    let model = LinearModel {
        kind: model.kind,
        weight: model.weight.mapv(f64::from),
        bias: model.bias.mapv(f64::from),
        classes: model.classes,
    };
    assert_models_close(&model, &expected, 2e-4);
}

#[test]
fn a_dependent_column_is_named() {
    let base = correlated::<f64>(50, 3);
    let sum = &base.x().unwrap().column(0) + &base.x().unwrap().column(2);
    let x = concatenate![Axis(1), base.x().unwrap(), sum.insert_axis(Axis(1))];
    let dataset = Dataset::new(x, base.y().to_owned()).unwrap();
    let error = closed_form(&dataset, 0.0).unwrap_err();
    assert_eq!(error, TrainError::RankDeficient { column: 3 });
    assert!(error.to_string().starts_with("column 3 of x is a linear combination"), "{error}");
    closed_form(&dataset, 1e-6).unwrap();
}

#[test]
fn more_columns_than_rows_need_a_penalty() {
    let dataset = correlated::<f64>(6, 9);
    let error = closed_form(&dataset, 0.0).unwrap_err();
    assert_eq!(error, TrainError::RankDeficient { column: 5 });
    let expected = normal_equations(dataset.x().unwrap(), dataset.y(), 0.1);
    assert_models_close(&closed_form(&dataset, 0.1).unwrap(), &expected, 1e-9);
}

#[test]
fn a_constant_column_has_weight_zero() {
    let mut numbers = crate::common::Numbers(4);
    let x = Array2::from_shape_fn((30, 2), |(_, column)| match column {
        0 => 0.1,
        _ => numbers.unit(),
    });
    let y: Array1<f64> = x.column(1).mapv(|x| 3.0 * x + 2.0);
    let dataset = Dataset::new(x, y).unwrap();
    let exact = closed_form(&dataset, 0.0).unwrap();
    assert_eq!(exact.weight[(0, 0)], 0.0);
    assert_close("slope", exact.weight[(0, 1)], 3.0, 1e-14);
    for optimizer in [Optimizer::Nesterov, Optimizer::Sgd, Optimizer::ADAM] {
        let config = Config { optimizer, epochs: 50, ..Config::default() };
        for epoch in run(&dataset, config).unwrap() {
            assert_eq!(epoch.model.weight[(0, 0)], 0.0);
        }
    }
}

#[test]
fn a_negative_penalty_is_refused() {
    let error = closed_form(&correlated::<f64>(20, 2), -1.0).unwrap_err();
    assert_eq!(error.to_string(), "l2 is -1, but must be at least 0 and finite");
}

#[test]
fn the_automatic_rate_is_just_below_the_inverse_curvature() {
    // One standardised column: the second derivative is diag(1, 1), so its largest curvature is 1.
    let rate = LinearTrainer::new(&correlated::<f64>(50, 1), Config::default()).unwrap().rate();
    assert_close("rate", rate, 1.0 / 1.05, 1e-9);
    let fixed = Config { rate: Rate::Fixed(0.25), ..Config::default() };
    assert_eq!(LinearTrainer::new(&correlated::<f64>(50, 1), fixed).unwrap().rate(), 0.25);
}

//! Against the certified coefficients of NIST's reference data sets (public domain).

mod common;

use ckpt_train::{Config, Dataset, LinearModel, LinearTrainer, StopReason, closed_form};
use common::{assert_close, table};
use ndarray::{Array2, Axis};

const LONGLEY: &str = include_str!("data/longley.csv");
const NORRIS: &str = include_str!("data/norris.csv");

const LONGLEY_BIAS: f64 = -3482258.63459582;
const LONGLEY_WEIGHTS: [f64; 6] = [
    15.0618722713733,
    -0.035819179292591,
    -2.02022980381683,
    -1.03322686717359,
    -0.0511041056535807,
    1829.15146461355,
];
const NORRIS_BIAS: f64 = -0.262323073774029;
const NORRIS_WEIGHTS: [f64; 1] = [1.00211681802045];

fn assert_model(model: &LinearModel<f64>, weights: &[f64], bias: f64, relative: f64) {
    assert_eq!(model.weight.len(), weights.len());
    for (column, (&found, &expected)) in model.weight.iter().zip(weights).enumerate() {
        assert_close(&format!("weight {column}"), found, expected, relative);
    }
    assert_close("bias", model.bias, bias, relative);
}

#[test]
fn closed_form_has_twelve_certified_digits_on_longley() {
    let model = closed_form(&table(LONGLEY), 0.0).unwrap();
    assert_model(&model, &LONGLEY_WEIGHTS, LONGLEY_BIAS, 1e-12);
}

#[test]
fn closed_form_has_twelve_certified_digits_on_norris() {
    let model = closed_form(&table(NORRIS), 0.0).unwrap();
    assert_model(&model, &NORRIS_WEIGHTS, NORRIS_BIAS, 1e-12);
}

/// Wampler 1: a polynomial of degree 5 with all coefficients 1, exactly, at 0 to 20. Its columns are
/// nearly dependent, so one solve by the Gram matrix is not enough and refinement has to work.
#[test]
fn closed_form_has_nine_certified_digits_on_wampler_1() {
    let powers = |row: usize| (1..6).map(move |power| row.pow(power) as f64);
    let x = Array2::from_shape_fn((21, 5), |(row, column)| powers(row).nth(column).unwrap());
    let y = x.sum_axis(Axis(1)) + 1.0;
    let model = closed_form(&Dataset::new(x, y).unwrap(), 0.0).unwrap();
    assert_model(&model, &[1.0; 5], 1.0, 1e-9);
}

#[test]
fn nesterov_reaches_longley_in_a_few_thousand_epochs() {
    let config = Config { epochs: 10_000, tolerance: 1e-8, val_fraction: 0.0, ..Config::default() };
    let last = LinearTrainer::new(&table(LONGLEY), config).unwrap().last().unwrap().unwrap();
    assert_eq!(last.stop, Some(StopReason::Tolerance));
    assert!(last.number < 3000, "{} epochs", last.number);
    assert_model(&last.model, &LONGLEY_WEIGHTS, LONGLEY_BIAS, 1e-6);
}

#[test]
fn nesterov_reaches_norris() {
    let config = Config { epochs: 1000, tolerance: 1e-10, val_fraction: 0.0, ..Config::default() };
    let last = LinearTrainer::new(&table(NORRIS), config).unwrap().last().unwrap().unwrap();
    assert_eq!(last.stop, Some(StopReason::Tolerance));
    assert_model(&last.model, &NORRIS_WEIGHTS, NORRIS_BIAS, 1e-9);
}

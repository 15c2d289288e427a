//! Against the certified coefficients of NIST's reference data sets (`fixtures/README.md`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use crate::common::table;
use ckpt_train::{Config, Dataset, LinearModel, LinearTrainer, StopReason, closed_form};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn data(set: &str) -> Dataset<f64> {
    table(&fixture(&format!("{set}.csv")))
}

/// Reads the certified coefficients of a set: the intercept, then those of the columns.
fn certified(set: &str) -> Vec<f64> {
    let table = fixture("certified.csv");
    let rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    rows.filter(|row| row[0] == set).map(|row| row[2].parse().unwrap()).collect()
}

/// Returns how many digits of the worst coefficient are right: the negative decimal logarithm of
/// its relative error, at most the 15 that are certified.
fn digits(model: &LinearModel<f64>, set: &str) -> f64 {
    let certified = certified(set);
    let found: Vec<f64> = model.bias.iter().chain(&model.weight).copied().collect();
    assert_eq!(found.len(), certified.len(), "{set}");
    let right = |(x, c): (&f64, &f64)| -((x - c) / c).abs().log10();
    found.iter().zip(&certified).map(right).fold(15.0, f64::min)
}

#[track_caller]
fn assert_digits(model: &LinearModel<f64>, set: &str, least: f64) {
    let digits = digits(model, set);
    assert!(digits >= least, "{set}: {digits:.2} certified digits, not {least}");
}

/// The digits that the closed form must reach.
///
/// Wampler's sets are polynomials of degree 5 at 0 to 20, whose columns are nearly dependent, the
/// third to fifth with ever more noise on the target. The exact rational solution of the second has
/// 12.82 digits, since its targets are decimal fractions, rounded when they are read.
const LEAST: [(&str, f64); 8] = [
    ("norris", 13.0),
    ("pontius", 13.0),
    ("longley", 14.0),
    ("wampler1", 14.0),
    ("wampler2", 12.8),
    ("wampler3", 14.0),
    ("wampler4", 14.0),
    ("wampler5", 14.0),
];

#[test]
fn closed_form_has_the_certified_digits() {
    for (set, least) in LEAST {
        assert_digits(&closed_form(&data(set), 0.0).unwrap(), set, least);
    }
}

#[test]
fn nesterov_reaches_longley_in_a_few_thousand_epochs() {
    let config = Config { epochs: 10_000, tolerance: 1e-8, val_fraction: 0.0, ..Config::default() };
    let last = LinearTrainer::new(&data("longley"), config).unwrap().last().unwrap().unwrap();
    assert_eq!(last.stop, Some(StopReason::Tolerance));
    assert!(last.number < 3000, "{} epochs", last.number);
    assert_digits(&last.model, "longley", 6.0);
}

#[test]
fn nesterov_reaches_norris() {
    let config = Config { epochs: 1000, tolerance: 1e-10, val_fraction: 0.0, ..Config::default() };
    let last = LinearTrainer::new(&data("norris"), config).unwrap().last().unwrap().unwrap();
    assert_eq!(last.stop, Some(StopReason::Tolerance));
    assert_digits(&last.model, "norris", 9.0);
}

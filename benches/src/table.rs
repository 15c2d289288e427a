//! Data to train on and predictions to score.

use ckpt_train::Dataset;
use ndarray::{Array1, Array2, Axis};

use crate::Random;

/// Makes a regression problem: normal features of different spread, a linear target with noise.
pub fn regression_table(rows: usize, columns: usize) -> Dataset<f64> {
    let mut random = Random::new((rows * columns) as u64);
    let coefficients: Vec<f64> = (0..columns).map(|_| random.normal()).collect();
    let x = Array2::from_shape_fn((rows, columns), |(_, column)| {
        random.normal() * (1.0 + column as f64) + 10.0
    });
    let target = |row: ndarray::ArrayView1<'_, f64>| {
        let exact: f64 = row.iter().zip(&coefficients).map(|(x, c)| x * c).sum();
        exact + random.normal()
    };
    let y = x.map_axis(Axis(1), target);
    Dataset::new(x, y).expect("every number is finite")
}

/// Makes targets and predictions that miss them by a tenth of their spread.
pub fn number_columns(rows: usize) -> (Array1<f64>, Array1<f64>) {
    let mut random = Random::new(rows as u64);
    let targets = Array1::from_shape_simple_fn(rows, || random.normal());
    let predictions = targets.mapv(|target| target + 0.1 * random.normal());
    (targets, predictions)
}

/// Makes labels of `classes` classes and predictions of which nine in ten are right.
pub fn class_columns(rows: usize, classes: u64) -> (Vec<i64>, Vec<i64>) {
    let mut random = Random::new(rows as u64);
    let mut label = || (random.word() % classes) as i64;
    let pair = |row| {
        let target = label();
        (target, if row % 10 == 0 { label() } else { target })
    };
    (0..rows).map(pair).unzip()
}

/// Makes probabilities of class 1, higher for rows that are of it; hardly two are equal.
pub fn score_column(labels: &[i64]) -> Vec<f64> {
    let mut random = Random::new(labels.len() as u64);
    let mut uniform = || (random.word() >> 11) as f64 / (1_u64 << 53) as f64;
    labels.iter().map(|&label| 0.2 * label as f64 + 0.8 * uniform()).collect()
}

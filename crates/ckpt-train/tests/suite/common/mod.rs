//! Data for the suites.

#![allow(dead_code, reason = "each suite uses a part of it")]

use ckpt_train::{
    Config, Dataset, Epoch, LinearTrainer, ModelKind, Optimizer, Real, TrainError, Values,
};
use ndarray::{Array1, Array2};

/// Numbers that look random, the same everywhere (SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// Returns the next number in -1 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// Returns the sum of four, which is nearly normal.
    pub(crate) fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.unit()).sum()
    }
}

/// Scales of neighbouring columns, from centimetres to tens of metres.
const UNITS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// Correlated columns of different units and offsets, and noisy targets about 150.
pub(crate) fn correlated<T: Real>(rows: usize, columns: usize) -> Dataset<T> {
    let mut numbers = Numbers((rows * columns) as u64);
    let mut x = Array2::zeros((rows, columns));
    let mut y = Array1::zeros(rows);
    for row in 0..rows {
        let common = numbers.bell();
        let mut target = 150.0 + 20.0 * numbers.bell();
        for column in 0..columns {
            let feature = 0.8 * common + 0.6 * numbers.bell();
            target += feature * (column as f64 - 3.0);
            x[(row, column)] = feature * UNITS[column % 4] + column as f64;
        }
        y[row] = target;
    }
    Dataset::new(x.mapv(T::from_f64), y.mapv(T::from_f64)).expect("generated data is sound")
}

/// Every optimizer, with all rows or batches of them.
pub(crate) const OPTIMIZERS: [(Optimizer, Option<usize>); 12] = [
    (Optimizer::Gd, None),
    (Optimizer::Nesterov, None),
    (Optimizer::Sgd, None),
    (Optimizer::Sgd, Some(7)),
    (Optimizer::MOMENTUM, None),
    (Optimizer::MOMENTUM, Some(16)),
    (Optimizer::ADAM, None),
    (Optimizer::ADAM, Some(16)),
    (Optimizer::ADAMW, None),
    (Optimizer::ADAMW, Some(16)),
    (Optimizer::LBFGS, None),
    (Optimizer::Exact, None),
];

/// Every optimizer once with every model that it fits.
pub(crate) fn fits() -> Vec<(ModelKind, Optimizer, Option<usize>)> {
    let of = |kind| OPTIMIZERS.map(|(optimizer, batch)| (kind, optimizer, batch));
    let mut all: Vec<_> = ModelKind::ALL.into_iter().flat_map(of).collect();
    all.retain(|&(kind, optimizer, _)| kind == ModelKind::Linear || optimizer != Optimizer::Exact);
    all
}

/// The data of [`correlated`] for a model: its targets cut into three classes, or two for logistic
/// regression, which no plane parts.
pub(crate) fn fit_for<T: Real>(kind: ModelKind, rows: usize, columns: usize) -> Dataset<T> {
    let numbers = correlated::<T>(rows, columns);
    let classes = match kind {
        ModelKind::Linear => return numbers,
        ModelKind::Logistic => 2,
        _ => 3,
    };
    let x = numbers.x().expect("it is in memory").to_owned();
    let class = |y: &T| (((y.to_f64() - 135.0) / 15.0).max(0.0) as usize).min(classes - 1);
    let y = numbers.y().mapv(|y| T::from_f64(class(&y) as f64));
    let labels = (0..classes).map(|class| format!("class {class}")).collect();
    Dataset::new(x, y).and_then(|data| data.with_classes(labels)).expect("generated data is sound")
}

/// An array of f64 of the state after an epoch.
pub(crate) fn state_array<T>(epoch: &Epoch<T>, name: &str) -> Option<Vec<f64>> {
    let array = epoch.state.arrays().into_iter().find(|array| array.name == name)?;
    match array.values {
        Values::F64(values) => Some(values),
        other => panic!("{name} is {other:?}"),
    }
}

/// Reads a table whose last column is the target.
pub(crate) fn table(csv: &str) -> Dataset<f64> {
    let rows: Vec<Vec<f64>> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|value| value.parse().expect("a number")).collect())
        .collect();
    let width = rows[0].len() - 1;
    let x = Array2::from_shape_fn((rows.len(), width), |(row, column)| rows[row][column]);
    let y = Array1::from_iter(rows.iter().map(|row| row[width]));
    Dataset::new(x, y).expect("reference data is sound")
}

/// Runs to the end.
pub(crate) fn run<T: Real>(
    dataset: &Dataset<T>,
    config: Config,
) -> Result<Vec<Epoch<T>>, TrainError> {
    LinearTrainer::new(dataset, config)?.collect()
}

/// Panics unless `found` is within `relative` of `expected`.
pub(crate) fn assert_close(name: &str, found: f64, expected: f64, relative: f64) {
    let error = ((found - expected) / expected).abs();
    assert!(error <= relative, "{name}: {found} is off {expected} by {error:e} relative");
}

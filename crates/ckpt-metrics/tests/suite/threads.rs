//! The same bits for any number of threads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::Uniform;
use ckpt_metrics::{
    BinaryCrossEntropy, CHUNK_ROWS, CategoricalCrossEntropy, Confusion, Error, Input, Regression,
};
use ndarray::Array2;
use proptest::prelude::*;
use rayon::ThreadPool;

const CLASSES: usize = 3;

fn pools() -> Vec<ThreadPool> {
    [1, 2, 3, 5, 8]
        .map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap())
        .into()
}

struct Inputs {
    targets: Vec<f64>,
    predictions: Vec<f32>,
    labels: Vec<u8>,
    guesses: Vec<i64>,
    distributions: Array2<f64>,
}

impl Inputs {
    fn draw(rows: usize, seed: u64) -> Self {
        let mut u = Uniform(seed);
        let mut class = || (u.draw() * CLASSES as f64) as u8;
        let labels = (0..rows).map(|_| class()).collect();
        let guesses = (0..rows).map(|_| i64::from(class())).collect();
        let distributions: Vec<f64> = (0..rows).flat_map(|_| u.distribution(CLASSES)).collect();
        Self {
            targets: (0..rows).map(|_| 1e9 * u.draw()).collect(),
            predictions: (0..rows).map(|_| u.draw() as f32).collect(),
            labels,
            guesses,
            distributions: Array2::from_shape_vec((rows, CLASSES), distributions).unwrap(),
        }
    }

    /// The bits of every metric.
    fn bits(&self) -> Vec<u64> {
        let regression = Regression::evaluate(&self.targets, &self.predictions).unwrap();
        let regression = regression.finish().unwrap();
        let is_first: Vec<bool> = self.labels.iter().map(|&label| label == 0).collect();
        let binary = BinaryCrossEntropy::evaluate(&is_first, &self.predictions).unwrap();
        let losses = CategoricalCrossEntropy::evaluate(&self.labels, &self.distributions).unwrap();
        let confusion = Confusion::evaluate(CLASSES, &self.labels, &self.guesses).unwrap();
        let averages = confusion.finish().unwrap().macro_average;
        [
            regression.mse,
            regression.rmse,
            regression.mae,
            regression.r2.unwrap(),
            binary.finish().unwrap().loss,
            losses.finish().unwrap().loss,
            averages.precision,
            averages.f1,
        ]
        .map(f64::to_bits)
        .into_iter()
        .chain(confusion.counts().iter().copied())
        .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn threads_do_not_change_a_bit(rows in 2..12 * CHUNK_ROWS, seed: u64) {
        let inputs = Inputs::draw(rows, seed);
        let serial = inputs.bits();
        for pool in pools() {
            prop_assert_eq!(&pool.install(|| inputs.bits()), &serial);
        }
    }
}

#[test]
fn lengths_around_the_chunk_do_not_change_a_bit() {
    for rows in [CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 2 * CHUNK_ROWS, 2 * CHUNK_ROWS + 1] {
        let inputs = Inputs::draw(rows, rows as u64);
        let bits: Vec<_> = pools().iter().map(|pool| pool.install(|| inputs.bits())).collect();
        assert!(bits.iter().all(|other| *other == bits[0]), "{rows} rows");
    }
}

/// The bits as first recorded, on x86-64. Any machine must give them; a change to the order of the
/// sums or to the logarithm shows here, as metrics stored earlier would no longer reproduce.
#[test]
fn bits_are_those_of_every_other_machine() {
    let expected = [
        0x4392_7ecc_6177_7933,
        0x41c1_33d4_eda3_3ce2,
        0x41bd_dcb8_4d27_365a,
        0xc008_6f8d_55a1_ee38,
        0x3ff0_09f0_c925_31a3,
        0x3ff5_5e44_1bf9_131a,
        0x3fd5_3486_b549_388b,
        0x3fd5_346a_03f8_2ce1,
    ];
    assert_eq!(Inputs::draw(3 * CHUNK_ROWS + 5, 7).bits()[..8], expected);
}

/// What the grid promises: the chunks' own results, merged as neighbours.
#[test]
fn a_batch_is_the_tree_of_its_chunks() {
    let inputs = Inputs::draw(3 * CHUNK_ROWS - 5, 9);
    let mut parts = inputs
        .targets
        .chunks(CHUNK_ROWS)
        .zip(inputs.predictions.chunks(CHUNK_ROWS))
        .map(|(targets, predictions)| Regression::evaluate(targets, predictions).unwrap());
    let mut tree = parts.next().unwrap();
    tree.merge(&parts.next().unwrap()).unwrap();
    tree.merge(&parts.next().unwrap()).unwrap();
    let whole = Regression::evaluate(&inputs.targets, &inputs.predictions).unwrap();
    assert_eq!(whole, tree);
}

#[test]
fn the_first_bad_row_is_named_by_any_number_of_threads() {
    let mut inputs = Inputs::draw(6 * CHUNK_ROWS, 3);
    for row in [2 * CHUNK_ROWS + 17, 2 * CHUNK_ROWS + 18, 5 * CHUNK_ROWS] {
        inputs.predictions[row] = f32::NAN;
        inputs.guesses[row] = -4;
    }
    let row = 2 * CHUNK_ROWS + 17;
    for pool in pools() {
        pool.install(|| {
            let error = Regression::evaluate(&inputs.targets, &inputs.predictions).unwrap_err();
            let input = Input::Prediction;
            assert!(
                matches!(error, Error::NotFinite { input: i, row: r, .. } if (i, r) == (input, row))
            );
            let error = BinaryCrossEntropy::evaluate(
                &vec![0_u8; inputs.predictions.len()],
                &inputs.predictions,
            );
            assert!(matches!(error, Err(Error::NotAProbability { row: r, .. }) if r == row));
            let error = Confusion::evaluate(CLASSES, &inputs.labels, &inputs.guesses).unwrap_err();
            let (label, classes) = (-4, CLASSES);
            assert_eq!(error, Error::LabelOutOfRange { input, row, label, classes });
        });
    }
}

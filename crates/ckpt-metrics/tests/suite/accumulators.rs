//! What holds for every accumulator: cut, merged, stored, or on any number of threads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::Range;

use crate::common::Uniform;
use ckpt_metrics::{
    BinaryCalibration, BinaryCrossEntropy, CHUNK_ROWS, CategoricalCrossEntropy, Confusion,
    OneVsRest, QuantileLoss, Ranking, Regression, Result, TopK, TopLabelCalibration,
};
use ndarray::{Array2, s};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

const CLASSES: usize = 3;

/// Random rows for every metric.
struct Rows {
    labels: Vec<u8>,
    guesses: Vec<i64>,
    is_first: Vec<bool>,
    distributions: Array2<f64>,
    targets: Vec<f64>,
    predictions: Vec<f32>,
    weights: Vec<f64>,
}

impl Rows {
    fn draw(rows: usize, seed: u64) -> Self {
        let mut u = Uniform(seed);
        let labels: Vec<u8> = (0..rows).map(|_| (u.draw() * CLASSES as f64) as u8).collect();
        let distributions: Vec<f64> = (0..rows).flat_map(|_| u.distribution(CLASSES)).collect();
        Self {
            guesses: (0..rows).map(|_| (u.draw() * CLASSES as f64) as i64).collect(),
            is_first: labels.iter().map(|&label| label == 0).collect(),
            distributions: Array2::from_shape_vec((rows, CLASSES), distributions).unwrap(),
            targets: (0..rows).map(|_| 1e6 + u.draw()).collect(),
            predictions: (0..rows).map(|_| (1e6 + u.draw()) as f32).collect(),
            // Some weigh nothing.
            weights: (0..rows).map(|_| (u.draw() - 0.1).max(0.0)).collect(),
            labels,
        }
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}

/// One of every accumulator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct All {
    regression: Regression,
    quantile: QuantileLoss,
    binary: BinaryCrossEntropy,
    categorical: CategoricalCrossEntropy,
    calibration: BinaryCalibration,
    top_label: TopLabelCalibration,
    top_k: TopK,
    confusion: Confusion,
    confusion_weighted: Confusion<f64>,
    ranking: Ranking,
    ranking_weighted: Ranking<f64>,
    one_vs_rest: OneVsRest,
    one_vs_rest_weighted: OneVsRest<f64>,
}

impl All {
    fn new() -> Self {
        Self {
            regression: Regression::new(),
            quantile: QuantileLoss::new(0.3).unwrap(),
            binary: BinaryCrossEntropy::new(),
            categorical: CategoricalCrossEntropy::new(CLASSES),
            calibration: BinaryCalibration::new(10).unwrap(),
            top_label: TopLabelCalibration::new(CLASSES, 10).unwrap(),
            top_k: TopK::new(CLASSES, 2).unwrap(),
            confusion: Confusion::new(CLASSES).unwrap(),
            confusion_weighted: Confusion::new_weighted(CLASSES).unwrap(),
            ranking: Ranking::new(),
            ranking_weighted: Ranking::new_weighted(),
            one_vs_rest: OneVsRest::new(CLASSES),
            one_vs_rest_weighted: OneVsRest::new_weighted(CLASSES),
        }
    }

    /// Pushes rows: without weights to those of which each value is one row, with weights to all
    /// others.
    fn push(&mut self, rows: &Rows, range: Range<usize>) -> Result<()> {
        let scores = rows.distributions.slice(s![range.clone(), ..]);
        let first = scores.column(0);
        let labels = &rows.labels[range.clone()];
        let guesses = &rows.guesses[range.clone()];
        let is_first = &rows.is_first[range.clone()];
        let (targets, predictions) =
            (&rows.targets[range.clone()], &rows.predictions[range.clone()]);
        let weights = &rows.weights[range];
        self.regression.push_batch_weighted(targets, predictions, weights)?;
        self.quantile.push_batch_weighted(targets, predictions, weights)?;
        self.binary.push_batch(is_first, first)?;
        self.binary.push_batch_weighted(is_first, first, weights)?;
        self.categorical.push_batch_weighted(labels, scores, weights)?;
        self.calibration.push_batch_weighted(is_first, first, weights)?;
        self.top_label.push_batch_weighted(labels, scores, weights)?;
        self.top_k.push_batch_weighted(labels, scores, weights)?;
        self.confusion.push_batch(labels, guesses)?;
        self.confusion_weighted.push_batch_weighted(labels, guesses, weights)?;
        self.ranking.push_batch(is_first, first)?;
        self.ranking_weighted.push_batch_weighted(is_first, first, weights)?;
        self.one_vs_rest.push_batch(labels, scores)?;
        self.one_vs_rest_weighted.push_batch_weighted(labels, scores, weights)
    }

    fn of(rows: &Rows, range: Range<usize>) -> Self {
        let mut all = Self::new();
        all.push(rows, range).unwrap();
        all
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.regression.merge(&other.regression)?;
        self.quantile.merge(&other.quantile)?;
        self.binary.merge(&other.binary)?;
        self.categorical.merge(&other.categorical)?;
        self.calibration.merge(&other.calibration)?;
        self.top_label.merge(&other.top_label)?;
        self.top_k.merge(&other.top_k)?;
        self.confusion.merge(&other.confusion)?;
        self.confusion_weighted.merge(&other.confusion_weighted)?;
        self.ranking.merge(&other.ranking)?;
        self.ranking_weighted.merge(&other.ranking_weighted)?;
        self.one_vs_rest.merge(&other.one_vs_rest)?;
        self.one_vs_rest_weighted.merge(&other.one_vs_rest_weighted)
    }

    /// Every metric, of enough rows that each has one.
    fn report(&self) -> Vec<f64> {
        let regression = self.regression.finish().unwrap();
        let calibration = self.calibration.finish().unwrap();
        let top_label = self.top_label.finish().unwrap();
        let confusion = self.confusion.finish().unwrap();
        let confusion_weighted = self.confusion_weighted.finish().unwrap();
        let ranking = self.ranking.finish().unwrap();
        let ranking_weighted = self.ranking_weighted.finish().unwrap();
        let one_vs_rest = self.one_vs_rest.finish().unwrap();
        let one_vs_rest_weighted = self.one_vs_rest_weighted.finish().unwrap();
        vec![
            regression.mse,
            regression.mae,
            regression.r2.unwrap(),
            regression.weight,
            self.quantile.finish().unwrap().loss,
            self.binary.finish().unwrap().loss,
            self.categorical.finish().unwrap().loss,
            calibration.expected,
            calibration.maximum,
            top_label.expected,
            top_label.maximum,
            self.top_k.finish().unwrap().accuracy,
            confusion.mcc,
            confusion.macro_average.f1,
            confusion_weighted.mcc,
            confusion_weighted.accuracy,
            confusion_weighted.macro_average.f1,
            ranking.roc_auc,
            ranking.average_precision,
            ranking_weighted.roc_auc,
            ranking_weighted.average_precision,
            one_vs_rest.macro_average.unwrap(),
            one_vs_rest.weighted_average.unwrap(),
            one_vs_rest_weighted.macro_average.unwrap(),
            one_vs_rest_weighted.weighted_average.unwrap(),
        ]
    }

    fn bits(&self) -> Vec<u64> {
        self.report().into_iter().map(f64::to_bits).collect()
    }

    /// Compares up to rounding.
    fn assert_close(&self, other: &Self) {
        for (i, (a, b)) in self.report().into_iter().zip(other.report()).enumerate() {
            assert!((a - b).abs() <= 1e-11 * a.abs().max(1.0), "metric {i}: {a} {b}");
        }
        assert_eq!(self.confusion, other.confusion);
        assert_eq!(self.ranking, other.ranking);
        assert_eq!(self.one_vs_rest, other.one_vs_rest);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn merged_parts_are_the_whole(seed: u64, rows in 40_usize..300, cuts in [0.0..1.0, 0.0..1.0]) {
        let rows = Rows::draw(rows, seed);
        let mut cuts = cuts.map(|cut: f64| (cut * rows.len() as f64) as usize);
        cuts.sort_unstable();
        let mut merged = All::of(&rows, 0..cuts[0]);
        merged.merge(&All::of(&rows, cuts[0]..cuts[1])).unwrap();
        merged.merge(&All::of(&rows, cuts[1]..rows.len())).unwrap();
        merged.assert_close(&All::of(&rows, 0..rows.len()));
    }

    #[test]
    fn batches_of_any_size_are_the_whole(seed: u64, rows in 40_usize..300, batch in 1_usize..50) {
        let rows = Rows::draw(rows, seed);
        let mut batches = All::new();
        for start in (0..rows.len()).step_by(batch) {
            batches.push(&rows, start..rows.len().min(start + batch)).unwrap();
        }
        batches.assert_close(&All::of(&rows, 0..rows.len()));
    }

    #[test]
    fn a_stored_one_goes_on_as_if_it_had_not_been(seed: u64, rows in 80_usize..200) {
        let rows = Rows::draw(rows, seed);
        let mut all = All::new();
        for start in [0, 10, 17] {
            all.push(&rows, start..start + 7).unwrap();
        }
        let mut stored: All =
            serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
        prop_assert_eq!(&stored, &all);
        all.push(&rows, 40..rows.len()).unwrap();
        stored.push(&rows, 40..rows.len()).unwrap();
        prop_assert_eq!(&stored, &all);
        prop_assert_eq!(stored.bits(), all.bits());
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for rows in [CHUNK_ROWS - 1, CHUNK_ROWS + 1, 7 * CHUNK_ROWS + 100] {
        let rows = Rows::draw(rows, rows as u64);
        let evaluate = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| All::of(&rows, 0..rows.len()))
        };
        let serial = evaluate(1);
        for threads in [2, 3, 8] {
            let all = evaluate(threads);
            assert_eq!(all, serial, "{threads} threads");
            assert_eq!(all.bits(), serial.bits(), "{threads} threads");
        }
    }
}

#[test]
fn merging_nothing_changes_nothing() {
    let rows = Rows::draw(50, 3);
    let all = All::of(&rows, 0..50);
    let mut with_nothing = all.clone();
    with_nothing.merge(&All::new()).unwrap();
    assert_eq!(with_nothing, all);
    with_nothing.push(&rows, 0..0).unwrap();
    assert_eq!(with_nothing, all);
    let mut nothing = All::new();
    nothing.merge(&all).unwrap();
    assert_eq!(nothing, all);
}

/// The bits as first recorded, on x86-64. Any machine must give them; a change to the order of a
/// sum shows here, as metrics stored earlier would no longer reproduce.
#[test]
fn bits_are_those_of_every_other_machine() {
    let rows = Rows::draw(3 * CHUNK_ROWS + 5, 7);
    let bits = All::of(&rows, 0..rows.len()).bits();
    let digest = bits.iter().fold(0_u64, |hash, bits| (hash ^ bits).wrapping_mul(0x100_0000_01b3));
    assert_eq!(digest, 0xa064_b0e4_f4b1_e7b0, "{bits:x?}");
}

//! Equality with the results that `record_sklearn_random.py` recorded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_metrics::{
    BinaryCalibration, BinaryCrossEntropy, CalibrationReport, CategoricalCrossEntropy,
    ClassificationReport, Confusion, Count, CurvePoints, OneVsRest, QuantileLoss, Ranking,
    Regression, Scores, TopK, TopLabelCalibration, accuracy, accuracy_weighted,
};
use ndarray::{Array2, ArrayView1};
use serde_json::Value;

fn recorded() -> Value {
    serde_json::from_str(include_str!("../sklearn_random.json")).unwrap()
}

fn integers<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// Integers that stand for multiples of a power of two.
fn multiples(value: &Value, of: f64) -> Vec<f64> {
    integers::<Vec<i32>>(value).into_iter().map(|i| f64::from(i) / of).collect()
}

/// The inputs of one case.
struct Inputs {
    labels: Vec<usize>,
    guesses: Vec<usize>,
    scores: Array2<f64>,
    targets: Vec<f64>,
    predictions: Vec<f64>,
    weights: Vec<f64>,
}

impl Inputs {
    fn of(case: &Value) -> Self {
        let rows: Vec<Vec<i32>> = integers(&case["scores"]);
        let scores = rows.concat().into_iter().map(|i| f64::from(i) / 1024.0).collect();
        Self {
            labels: integers(&case["labels"]),
            guesses: integers(&case["guesses"]),
            scores: Array2::from_shape_vec((rows.len(), rows[0].len()), scores).unwrap(),
            targets: multiples(&case["targets"], 16.0),
            predictions: multiples(&case["predictions"], 16.0),
            weights: multiples(&case["weights"], 8.0),
        }
    }

    fn classes(&self) -> usize {
        self.scores.ncols()
    }

    fn is_positive(&self) -> Vec<bool> {
        self.labels.iter().map(|&label| label == 1).collect()
    }

    fn positive_scores(&self) -> ArrayView1<'_, f64> {
        self.scores.column(1)
    }
}

/// One set of results, and what says where it comes from.
struct Expected<'v> {
    results: &'v Value,
    name: String,
}

impl Expected<'_> {
    #[track_caller]
    fn close(&self, got: f64, expected: &Value, what: &str) {
        let name = &self.name;
        let expected = expected.as_f64().unwrap_or_else(|| panic!("{name}: {what} has no value"));
        let error = (got - expected).abs();
        assert!(error <= 1e-12 * expected.abs().max(1.0), "{name}: {what} {got} is not {expected}");
    }

    #[track_caller]
    fn is(&self, got: f64, what: &str) {
        self.close(got, &self.results[what], what);
    }

    /// Takes a metric that has a value just where scikit-learn's has.
    #[track_caller]
    fn is_option(&self, got: Option<f64>, what: &str) {
        match got {
            Some(got) => self.is(got, what),
            None => assert!(self.results[what].is_null(), "{}: {what}", self.name),
        }
    }

    #[track_caller]
    fn are(&self, got: &[f64], expected: &Value, what: &str) {
        let expected = expected.as_array().unwrap();
        assert_eq!(got.len(), expected.len(), "{}: {what}", self.name);
        got.iter().zip(expected).for_each(|(&got, expected)| self.close(got, expected, what));
    }

    fn regression(&self, errors: &Regression) {
        let report = errors.finish().unwrap();
        self.is(report.mse, "mse");
        self.is(report.mae, "mae");
        self.is_option(report.r2, "r2");
    }

    fn classification<C: Count>(&self, confusion: &Confusion<C>) {
        let rows = confusion.counts().map(|count| count.to_f64());
        for (got, expected) in
            rows.rows().into_iter().zip(self.results["counts"].as_array().unwrap())
        {
            self.are(&got.to_vec(), expected, "counts");
        }
        let report: ClassificationReport<C> = confusion.finish().unwrap();
        self.is(report.accuracy, "accuracy");
        self.is(report.mcc, "mcc");
        if confusion.classes() == 2 {
            self.is(confusion.binary(1).unwrap().mcc(), "mcc");
        }
        let scores = |s: Scores| [s.precision, s.recall, s.f1];
        self.are(&scores(report.macro_average), &self.results["macro"], "macro");
        self.are(&scores(report.weighted_average), &self.results["weighted"], "weighted");
    }

    fn ranking<C: Count>(&self, ranking: &Ranking<C>) {
        self.is_option(ranking.average_precision().ok(), "average_precision");
        self.is_option(ranking.finish().ok().map(|report| report.roc_auc), "roc_auc");
        for (i, points) in [CurvePoints::All, CurvePoints::Corners].into_iter().enumerate() {
            let expected = &self.results["roc"][i];
            if let Ok(curve) = ranking.roc_curve(points) {
                let rates: Vec<f64> = curve.iter().map(|p| p.false_positive_rate).collect();
                self.are(&rates, &expected[0], "false positive rates");
                let rates: Vec<f64> = curve.iter().map(|p| p.true_positive_rate).collect();
                self.are(&rates, &expected[1], "true positive rates");
                let thresholds: Vec<f64> = curve.iter().filter_map(|p| p.threshold).collect();
                self.are(&thresholds, &expected[2], "ROC thresholds");
            } else {
                assert!(expected.is_null());
            }
            let expected = &self.results["precision_recall"][i];
            if let Ok(curve) = ranking.precision_recall_curve(points) {
                let precisions: Vec<f64> = curve.iter().map(|p| p.precision).collect();
                self.are(&precisions, &expected[0], "precisions");
                let recalls: Vec<f64> = curve.iter().map(|p| p.recall).collect();
                self.are(&recalls, &expected[1], "recalls");
                let thresholds: Vec<f64> = curve.iter().filter_map(|p| p.threshold).collect();
                self.are(&thresholds, &expected[2], "precision-recall thresholds");
            } else {
                assert!(expected.is_null());
            }
        }
    }

    fn one_vs_rest<C: Count>(&self, ranking: &OneVsRest<C>) {
        // Of two classes, scikit-learn gives the binary metric instead.
        if ranking.classes() > 2 {
            let report = ranking.finish().unwrap();
            self.is_option(report.macro_average, "ovr_macro");
            self.is_option(report.weighted_average, "ovr_weighted");
        }
    }

    fn calibration(&self, report: &CalibrationReport, what: &str) {
        self.are(&[report.expected, report.maximum], &self.results[what], what);
    }
}

fn check_plain(inputs: &Inputs, quantiles: &[f64], bins: usize, expected: &Expected<'_>) {
    let Inputs { labels, guesses, scores, targets, predictions, .. } = inputs;
    let (is_positive, positive) = (inputs.is_positive(), inputs.positive_scores());
    expected.regression(&Regression::evaluate(targets, predictions).unwrap());
    let losses: Vec<f64> = quantiles
        .iter()
        .map(|&q| ckpt_metrics::quantile_loss(q, targets, predictions).unwrap())
        .collect();
    expected.are(&losses, &expected.results["pinball"], "pinball");

    expected.classification(&Confusion::evaluate(inputs.classes(), labels, guesses).unwrap());
    expected.is(accuracy(labels, guesses).unwrap(), "accuracy");
    expected.is(ckpt_metrics::categorical_cross_entropy(labels, scores).unwrap(), "loss");
    let loss = ckpt_metrics::binary_cross_entropy(&is_positive, positive).unwrap();
    expected.is(loss, "binary_loss");

    expected.ranking(&Ranking::evaluate(&is_positive, positive).unwrap());
    expected.is_option(ckpt_metrics::roc_auc(&is_positive, positive).ok(), "roc_auc");
    expected.one_vs_rest(&OneVsRest::evaluate(labels, scores).unwrap());
    for (i, share) in expected.results["top_k"].as_array().unwrap().iter().enumerate() {
        let got = ckpt_metrics::top_k_accuracy(i + 1, labels, scores).unwrap();
        expected.close(got, share, "top_k");
    }
    let report = ckpt_metrics::binary_calibration(bins, &is_positive, positive).unwrap();
    expected.calibration(&report, "calibration");
    let report = ckpt_metrics::top_label_calibration(bins, labels, scores).unwrap();
    expected.calibration(&report, "top_label");
}

fn check_weighted(inputs: &Inputs, quantiles: &[f64], bins: usize, expected: &Expected<'_>) {
    let Inputs { labels, guesses, scores, targets, predictions, weights } = inputs;
    let (is_positive, positive) = (inputs.is_positive(), inputs.positive_scores());
    expected.regression(&Regression::evaluate_weighted(targets, predictions, weights).unwrap());
    let loss = |q| QuantileLoss::evaluate_weighted(q, targets, predictions, weights);
    let losses: Vec<f64> =
        quantiles.iter().map(|&q| loss(q).unwrap().finish().unwrap().loss).collect();
    expected.are(&losses, &expected.results["pinball"], "pinball");

    let confusion = Confusion::evaluate_weighted(inputs.classes(), labels, guesses, weights);
    expected.classification(&confusion.unwrap());
    expected.is(accuracy_weighted(labels, guesses, weights).unwrap(), "accuracy");
    let losses = CategoricalCrossEntropy::evaluate_weighted(labels, scores, weights).unwrap();
    expected.is(losses.finish().unwrap().loss, "loss");
    let losses = BinaryCrossEntropy::evaluate_weighted(&is_positive, positive, weights).unwrap();
    expected.is(losses.finish().unwrap().loss, "binary_loss");

    expected.ranking(&Ranking::evaluate_weighted(&is_positive, positive, weights).unwrap());
    expected.one_vs_rest(&OneVsRest::evaluate_weighted(labels, scores, weights).unwrap());
    for (i, share) in expected.results["top_k"].as_array().unwrap().iter().enumerate() {
        let hits = TopK::evaluate_weighted(i + 1, labels, scores, weights).unwrap();
        expected.close(hits.finish().unwrap().accuracy, share, "top_k");
    }
    let calibration = BinaryCalibration::evaluate_weighted(bins, &is_positive, positive, weights);
    expected.calibration(&calibration.unwrap().finish().unwrap(), "calibration");
    let calibration = TopLabelCalibration::evaluate_weighted(bins, labels, scores, weights);
    expected.calibration(&calibration.unwrap().finish().unwrap(), "top_label");
}

#[test]
fn every_metric_on_random_rows() {
    let recorded = recorded();
    let quantiles: Vec<f64> = integers(&recorded["quantiles"]);
    let bins: usize = integers(&recorded["bins"]);
    let cases = recorded["cases"].as_array().unwrap();
    assert!(cases.len() >= 50);
    let (mut without_area, mut without_mean) = (0, 0);
    for case in cases {
        let inputs = Inputs::of(case);
        let expected = |kind: &str| format!("{}, {kind}", case["name"]);
        let results = &case["plain"];
        let plain = Expected { results, name: expected("plain") };
        check_plain(&inputs, &quantiles, bins, &plain);
        without_area += usize::from(results["roc_auc"].is_null());
        without_mean += usize::from(results["ovr_macro"].is_null());
        let weighted = Expected { results: &case["weighted"], name: expected("weighted") };
        check_weighted(&inputs, &quantiles, bins, &weighted);
    }
    // Both answers occur.
    assert!((5..cases.len() - 5).contains(&without_area), "{without_area}");
    assert!((5..cases.len() - 5).contains(&without_mean), "{without_mean}");
}

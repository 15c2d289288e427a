//! Equality with the results that `record_sklearn.py` recorded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::Uniform;
use ckpt_metrics::{
    BinaryCrossEntropy, CategoricalCrossEntropy, Confusion, Regression, Scores, accuracy,
};
use ndarray::Array2;
use serde_json::Value;

/// The recorded cases of one section, or its one record.
fn recorded(section: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("../sklearn.json")).unwrap();
    all[section].take()
}

fn cases(section: &str) -> Vec<Value> {
    serde_json::from_value(recorded(section)).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn labels(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Equal to 1e-12, relative or absolute, whichever is larger.
#[track_caller]
fn assert_close(got: f64, expected: &Value, what: &Value) {
    let expected = expected.as_f64().unwrap();
    let error = (got - expected).abs();
    assert!(error <= 1e-12 * expected.abs().max(1.0), "{what}: {got} is not {expected}");
}

fn check_regression(errors: &Regression, expected: &Value) {
    let (report, name) = (errors.finish().unwrap(), &expected["name"]);
    assert_close(report.mse, &expected["mse"], name);
    assert_close(report.rmse, &expected["rmse"], name);
    assert_close(report.mae, &expected["mae"], name);
    match report.r2 {
        Some(r2) => assert_close(r2, &expected["r2"], name),
        None => assert!(expected["r2"].is_null(), "{name}"),
    }
}

#[test]
fn regression() {
    for case in cases("regression") {
        let (targets, predictions) = (floats(&case["targets"]), floats(&case["predictions"]));
        check_regression(&Regression::evaluate(&targets, &predictions).unwrap(), &case);
        let mut one_by_one = Regression::new();
        for (&target, &prediction) in targets.iter().zip(&predictions) {
            one_by_one.push(target, prediction).unwrap();
        }
        check_regression(&one_by_one, &case);
    }
}

#[test]
fn binary_cross_entropy() {
    for case in cases("binary") {
        let labels = labels(&case["labels"]);
        let wide = floats(&case["probabilities"]);
        let single: Vec<f32> = wide.iter().map(|&p| p as f32).collect();
        let loss = ckpt_metrics::binary_cross_entropy(&labels, &wide).unwrap();
        assert_close(loss, &case["loss"], &case["name"]);
        let loss = ckpt_metrics::binary_cross_entropy(&labels, &single).unwrap();
        assert_close(loss, &case["loss_f32"], &case["name"]);
    }
}

#[test]
fn categorical_cross_entropy() {
    for case in cases("categorical") {
        let labels = labels(&case["labels"]);
        let rows: Vec<Vec<f64>> = serde_json::from_value(case["probabilities"].clone()).unwrap();
        let wide = Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap();
        let single = wide.mapv(|p| p as f32);
        let loss = ckpt_metrics::categorical_cross_entropy(&labels, &wide).unwrap();
        assert_close(loss, &case["loss"], &case["name"]);
        let loss = ckpt_metrics::categorical_cross_entropy(&labels, &single).unwrap();
        assert_close(loss, &case["loss_f32"], &case["name"]);
    }
}

fn check_scores(got: Scores, expected: &Value, what: &Value) {
    assert_close(got.precision, &expected["precision"], what);
    assert_close(got.recall, &expected["recall"], what);
    assert_close(got.f1, &expected["f1"], what);
}

fn check_confusion(confusion: &Confusion, expected: &Value) {
    let (report, name) = (confusion.finish().unwrap(), &expected["name"]);
    let counts: Vec<Vec<u64>> = serde_json::from_value(expected["counts"].clone()).unwrap();
    let got: Vec<Vec<u64>> = confusion.counts().rows().into_iter().map(|r| r.to_vec()).collect();
    assert_eq!(got, counts, "{name}");
    assert_close(report.accuracy, &expected["accuracy"], name);
    check_scores(report.micro_average, &expected["micro"], name);
    check_scores(report.macro_average, &expected["macro"], name);
    check_scores(report.weighted_average, &expected["weighted"], name);
    let classes = &expected["classes"];
    for class in &report.classes {
        let i = class.class;
        assert_close(class.scores.precision, &classes["precision"][i], name);
        assert_close(class.scores.recall, &classes["recall"][i], name);
        assert_close(class.scores.f1, &classes["f1"][i], name);
        assert_close(class.support as f64, &classes["support"][i], name);
    }
    for (positive, scores) in expected["binary"].as_array().into_iter().flatten().enumerate() {
        check_scores(confusion.binary(positive).unwrap().scores(), scores, name);
    }
}

#[test]
fn confusion() {
    let mut binary_cases = 0;
    for case in cases("confusion") {
        let classes = case["classes_given"].as_u64().unwrap() as usize;
        let (targets, predictions) = (labels(&case["targets"]), labels(&case["predictions"]));
        let confusion = Confusion::evaluate(classes, &targets, &predictions).unwrap();
        check_confusion(&confusion, &case);
        let share = accuracy(&targets, &predictions).unwrap();
        assert_close(share, &case["accuracy"], &case["name"]);
        binary_cases += usize::from(case["binary"].is_array());
    }
    assert!(binary_cases >= 5);
}

/// The inputs of `generated_cases`, cut into several chunks of the grid.
#[test]
fn many_chunks() {
    let expected = recorded("generated");
    let size = |key: &str| expected[key].as_u64().unwrap() as usize;
    let (rows, classes) = (size("rows"), size("classes"));
    let mut u = Uniform(1);
    let (mut targets, mut predictions) = (vec![], vec![]);
    let (mut labels, mut guesses) = (vec![], vec![]);
    let (mut positives, mut distributions) = (vec![], vec![]);
    for _ in 0..rows {
        targets.push(1e9 + u.draw());
        predictions.push(targets[targets.len() - 1] + (u.draw() - 0.5));
        let label = (u.draw() * u.draw() * classes as f64) as usize;
        let guess = (u.draw() * classes as f64) as usize;
        labels.push(label);
        guesses.push(if u.draw() < 0.7 { label } else { guess });
        positives.push(u.draw());
        distributions.extend(u.distribution(classes));
    }
    let regression = Regression::evaluate(&targets, &predictions).unwrap();
    check_regression(&regression, &expected["regression"]);

    let is_first: Vec<bool> = labels.iter().map(|&label| label == 0).collect();
    let binary = BinaryCrossEntropy::evaluate(&is_first, &positives).unwrap();
    assert_close(binary.finish().unwrap().loss, &expected["binary"], &Value::Null);

    let distributions = Array2::from_shape_vec((rows, classes), distributions).unwrap();
    let categorical = CategoricalCrossEntropy::evaluate(&labels, &distributions).unwrap();
    let loss = categorical.finish().unwrap().loss;
    assert_close(loss, &expected["categorical"], &Value::Null);

    let confusion = Confusion::evaluate(classes, &labels, &guesses).unwrap();
    check_confusion(&confusion, &expected["confusion"]);
}

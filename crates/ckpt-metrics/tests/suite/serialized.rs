//! Accumulators that are stored and read back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_metrics::{
    BinaryCrossEntropy, CategoricalCrossEntropy, ClassificationReport, Confusion, Regression,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn a_stored_accumulator_goes_on_as_if_it_had_not_been() {
    let mut errors = Regression::evaluate(&[0.1, 0.7, 1e9], &[0.3, 0.2, 1.0]).unwrap();
    let mut stored = again(&errors);
    assert_eq!(stored, errors);
    errors.push(1.0 / 3.0, 0.1).unwrap();
    stored.push(1.0 / 3.0, 0.1).unwrap();
    assert_eq!(stored, errors);

    let binary = BinaryCrossEntropy::evaluate(&[1, 0], &[0.3, 0.1]).unwrap();
    assert_eq!(again(&binary), binary);
    let categorical = CategoricalCrossEntropy::evaluate(&[1], &[[0.25, 0.7, 0.05]]).unwrap();
    assert_eq!(again(&categorical), categorical);
    let confusion = Confusion::evaluate(3, &[0, 1, 2], &[0, 2, 2]).unwrap();
    assert_eq!(again(&confusion), confusion);
    let report: ClassificationReport = confusion.finish().unwrap();
    assert_eq!(again(&report), report);
}

#[test]
fn a_stored_matrix_is_checked() {
    let read = |text| serde_json::from_str::<Confusion>(text).map_err(|e| e.to_string());
    let confusion = read(r#"{"counts":[[2,1],[0,3]]}"#).unwrap();
    assert_eq!(
        confusion,
        Confusion::evaluate(2, &[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 1, 1]).unwrap()
    );
    assert!(read(r#"{"counts":[]}"#).unwrap_err().contains("0 classes"));
    assert!(read(r#"{"counts":[[1,2],[3]]}"#).unwrap_err().contains("not square"));
    let huge = format!(r#"{{"counts":[[{}]]}}"#, u64::MAX);
    assert!(read(&huge).unwrap_err().contains("rows cannot be counted"));
}

#[test]
fn a_stored_count_cannot_overflow() {
    let text = serde_json::to_string(&BinaryCrossEntropy::evaluate(&[1], &[0.5]).unwrap()).unwrap();
    let huge = text.replace(r#""rows":1"#, &format!(r#""rows":{}"#, u64::MAX));
    assert_ne!(huge, text);
    let mut losses: BinaryCrossEntropy = serde_json::from_str(&huge).unwrap();
    assert!(losses.push(1, 0.5).is_err());
}

//! Merges against those that `record_merges.py` computed with numpy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_tensor::{Arithmetic, Dtype, Scan, Sides};
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn check(case: &Value, arithmetic: Arithmetic, expected: &Value) {
    let bytes = |side: &str| -> Vec<u8> {
        floats(&case[side]).iter().flat_map(|value| value.to_le_bytes()).collect()
    };
    let (base, ours, theirs) = (bytes("base"), bytes("ours"), bytes("theirs"));
    let sides = Sides { base: Some(&base), ours: &ours, theirs: &theirs };
    let mut scan = Scan::new(Dtype::F64, arithmetic).unwrap();
    scan.update(&sides).unwrap();
    let mut merged = vec![0; ours.len()];
    scan.finish().merge(&sides, &mut merged).unwrap();
    let merged = merged.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
    for (found, expected) in merged.zip(floats(expected)) {
        assert!((found - expected).abs() < 1e-13, "{arithmetic:?}: {found} is not {expected}");
    }
}

#[test]
fn numpy_agrees() {
    let cases: Value = serde_json::from_str(include_str!("../merges.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    for case in cases.as_array().unwrap() {
        let (ties, slerp, task) = (&case["ties"], &case["slerp"], &case["task"]);
        let arithmetic =
            Arithmetic::Ties { density: number(&ties["density"]), scale: number(&ties["scale"]) };
        check(case, arithmetic, &ties["merged"]);
        check(case, Arithmetic::Slerp { t: number(&slerp["t"]) }, &slerp["merged"]);
        let (ours, theirs) = (number(&task["ours"]), number(&task["theirs"]));
        check(case, Arithmetic::TaskArithmetic { ours, theirs }, &task["merged"]);
    }
    assert_eq!(cases.as_array().unwrap().len(), 5);
}

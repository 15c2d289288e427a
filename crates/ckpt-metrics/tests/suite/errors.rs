//! What each mistake is called, and that it adds nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_metrics::{
    BinaryCalibration, BinaryCrossEntropy, CategoricalCrossEntropy, Confusion, Error, MAX_BINS,
    QuantileLoss, Regression, Result, TopK, TopLabelCalibration, accuracy_weighted,
};

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

/// Makes the mistake on a clone, which must stay what it was.
#[track_caller]
fn refuses<A: Clone + PartialEq + std::fmt::Debug>(
    accumulator: &A,
    mistake: impl Fn(&mut A) -> Result<()>,
    text: &str,
) {
    let mut tried = accumulator.clone();
    says(mistake(&mut tried), text);
    assert_eq!(&tried, accumulator);
}

#[test]
fn weights_belong_to_rows_and_are_finite_and_not_negative() {
    let mut regression = Regression::new();
    regression.push_weighted(1.0, 2.0, 0.5).unwrap();
    let few = "1 weights do not match 2 rows";
    refuses(&regression, |r| r.push_batch_weighted(&[1.0, 2.0], &[1.0, 2.0], &[1.0]), few);
    for (weight, text) in [
        (-0.5, "weight -0.5 in row 0 is not finite and at least 0"),
        (f64::NAN, "weight NaN in row 0 is not finite and at least 0"),
        (f64::INFINITY, "weight inf in row 0 is not finite and at least 0"),
    ] {
        refuses(&regression, |r| r.push_weighted(1.0, 2.0, weight), text);
        refuses(&BinaryCrossEntropy::new(), |l| l.push_weighted(1, 0.5, weight), text);
        let losses = CategoricalCrossEntropy::new(2);
        refuses(&losses, |l| l.push_weighted(1, &[0.5, 0.5], weight), text);
        let confusion = Confusion::new_weighted(2).unwrap();
        refuses(&confusion, |c| c.push_weighted(1, 0, weight), text);
        let quantile = QuantileLoss::new(0.5).unwrap();
        refuses(&quantile, |q| q.push_weighted(1.0, 0.0, weight), text);
        refuses(&TopK::new(2, 1).unwrap(), |t| t.push_weighted(1, &[0.5, 0.7], weight), text);
        let calibration = BinaryCalibration::new(2).unwrap();
        refuses(&calibration, |c| c.push_weighted(1, 0.5, weight), text);
        let calibration = TopLabelCalibration::new(2, 2).unwrap();
        refuses(&calibration, |c| c.push_weighted(1, &[0.5, 0.5], weight), text);
        says(accuracy_weighted(&[1], &[1], &[weight]), text);
    }
}

#[test]
fn weights_must_not_all_be_zero() {
    let text = "weights sum to 0, not to a positive finite number";
    says(Regression::evaluate_weighted(&[1.0], &[1.0], &[0.0]).unwrap().finish(), text);
    says(BinaryCrossEntropy::evaluate_weighted(&[1], &[0.5], &[0.0]).unwrap().finish(), text);
    says(Confusion::evaluate_weighted(2, &[1], &[1], &[0.0]).unwrap().finish(), text);
    says(QuantileLoss::evaluate_weighted(0.5, &[1.0], &[1.0], &[0.0]).unwrap().finish(), text);
    says(TopK::evaluate_weighted(1, &[1], &[[0.5, 0.7]], &[0.0]).unwrap().finish(), text);
    says(BinaryCalibration::evaluate_weighted(2, &[1], &[0.5], &[0.0]).unwrap().finish(), text);
    says(accuracy_weighted(&[1], &[1], &[0.0]), text);
    let much = BinaryCrossEntropy::evaluate_weighted(&[1, 1], &[0.5; 2], &[f64::MAX; 2]).unwrap();
    says(much.finish(), "weights sum to inf, not to a positive finite number");
    says(accuracy_weighted::<u8, u8, f64>(&[], &[], &[]), "no rows to evaluate");
}

#[test]
fn quantiles() {
    for quantile in [-0.1, 1.1, f64::NAN] {
        says(QuantileLoss::new(quantile), &format!("quantile {quantile} is not in [0, 1]"));
    }
    let losses = QuantileLoss::evaluate(0.5, &[1.0], &[2.0]).unwrap();
    let text = "the loss of quantile 0.1 does not add to that of 0.5";
    refuses(&losses, |l| l.merge(&QuantileLoss::new(0.1).unwrap()), text);
    refuses(&losses, |l| l.push(1.0, f64::NAN), "prediction NaN in row 0 is not finite");
    let text = "target -inf in row 1 is not finite";
    refuses(&losses, |l| l.push_batch(&[1.0, f64::NEG_INFINITY], &[1.0, 1.0]), text);
    let text = "1 targets do not match 2 predictions";
    refuses(&losses, |l| l.push_batch(&[1.0], &[1.0, 1.0]), text);
    says(QuantileLoss::new(0.5).unwrap().finish(), "no rows to evaluate");
}

#[test]
fn highest_scores() {
    says(TopK::new(3, 0), "the 0 highest scores are not 1 to 3");
    says(TopK::new(3, 4), "the 4 highest scores are not 1 to 3");
    let hits = TopK::evaluate(2, &[0], &[[0.1, 0.2, 0.3]]).unwrap();
    assert_eq!((hits.classes(), hits.k()), (3, 2));
    let text = "the accuracy among the 1 highest scores does not add to that among 2";
    refuses(&hits, |h| h.merge(&TopK::new(3, 1).unwrap()), text);
    let text = "4 classes do not match 3 classes";
    refuses(&hits, |h| h.merge(&TopK::new(4, 2).unwrap()), text);
    refuses(&hits, |h| h.push(0, &[0.0; 4]), text);
    refuses(&hits, |h| h.push(3, &[0.0; 3]), "target label 3 in row 0 is not in 0..3");
    let text = "prediction inf in row 0 is not finite";
    refuses(&hits, |h| h.push(0, &[0.0, f64::INFINITY, 0.0]), text);
    says(TopK::new(3, 2).unwrap().finish(), "no rows to evaluate");
    assert_eq!(ckpt_metrics::top_k_accuracy(3, &[0], &[[0.1, 0.2, 0.3]]), Ok(1.0));
}

#[test]
fn calibrations() {
    for bins in [0, MAX_BINS + 1] {
        says(BinaryCalibration::new(bins), &format!("{bins} bins are not in 1..=4096"));
        assert_eq!(TopLabelCalibration::new(3, bins), Err(Error::BinCount { bins }));
    }
    let calibration = BinaryCalibration::evaluate(5, &[1], &[0.5]).unwrap();
    let text = "4 bins do not match 5 bins";
    refuses(&calibration, |c| c.merge(&BinaryCalibration::new(4).unwrap()), text);
    let text = "probability 1.5 in row 0 is not in [0, 1]";
    refuses(&calibration, |c| c.push(1, 1.5), text);
    refuses(&calibration, |c| c.push(2, 0.5), "target label 2 in row 0 is not in 0..2");
    says(BinaryCalibration::new(5).unwrap().finish(), "no rows to evaluate");

    let calibration = TopLabelCalibration::evaluate(5, &[1], &[[0.5, 0.5]]).unwrap();
    assert_eq!((calibration.classes(), calibration.bins()), (2, 5));
    let text = "3 classes do not match 2 classes";
    refuses(&calibration, |c| c.merge(&TopLabelCalibration::new(3, 5).unwrap()), text);
    let text = "probabilities in row 0 sum to 0.5, not to 1";
    refuses(&calibration, |c| c.push(1, &[0.25, 0.25]), text);
    // Of equal probabilities the first class is the favourite.
    assert_eq!(calibration.finish().unwrap().bins[0].frequency, 0.0);
}

#[test]
fn stored_accumulators_are_checked() {
    let read = |text| serde_json::from_str::<TopK>(text).unwrap_err().to_string();
    let hits = r#"{"rows":1,"weight":1.0,"hits":1.0}"#;
    let text = format!(r#"{{"classes":3,"k":4,"hits":{hits}}}"#);
    assert!(read(&text).contains("the 4 highest scores are not 1 to 3"));
    let read = |text| serde_json::from_str::<BinaryCalibration>(text).unwrap_err().to_string();
    assert!(read(r#"{"rows":0,"bins":[]}"#).contains("0 bins are not in"));
    let read = |text| serde_json::from_str::<QuantileLoss>(text).unwrap_err().to_string();
    let losses = r#"{"rows":1,"weight":1.0,"sum":1.0}"#;
    let text = format!(r#"{{"quantile":2.0,"losses":{losses}}}"#);
    assert!(read(&text).contains("quantile 2 is not in [0, 1]"));
    type Ranking = ckpt_metrics::Ranking;
    let read = |text: &str| serde_json::from_str::<Ranking>(text).map_err(|e| e.to_string());
    let ranking = read(r#"{"lists":[[[0.25,2,1],[0.5,1,3]]]}"#).unwrap();
    assert_eq!(ranking.finish().unwrap().positives, 4);
    for text in [r#"{"lists":[[[0.5,1,1],[0.5,1,1]]]}"#, r#"{"lists":[[[0.5,1,1],[0.25,1,1]]]}"#] {
        assert!(read(text).unwrap_err().contains("not finite and in ascending order"));
    }
    let huge = format!(r#"{{"lists":[[[0.5,{},1]]]}}"#, u64::MAX);
    assert!(read(&huge).unwrap_err().contains("rows cannot be counted exactly"));
    type Weighted = ckpt_metrics::Ranking<f64>;
    let read = |text: &str| serde_json::from_str::<Weighted>(text).map_err(|e| e.to_string());
    let negative = read(r#"{"lists":[[[0.5,-1.0,1.0]]]}"#).unwrap_err();
    assert!(negative.contains("the sum of weights cannot be -1"));
}

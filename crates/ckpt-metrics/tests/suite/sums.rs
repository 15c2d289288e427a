//! Reports on sums and counts that were made elsewhere.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_metrics::{
    ClassificationReport, Confusion, Error, MAX_ROWS, Regression, RegressionReport, RegressionSums,
};
use ndarray::arr2;

const SUMS: RegressionSums = RegressionSums {
    rows: 4,
    weight: 2.0,
    squared_errors: 5.0,
    absolute_errors: 3.0,
    squared_deviations: 20.0,
};

fn error(sums: &RegressionSums) -> String {
    RegressionReport::from_sums(sums).unwrap_err().to_string()
}

#[test]
fn sums_give_the_report_of_their_rows() {
    let (targets, predictions) = ([1.0, 2.0, 4.0], [1.5, 2.0, 3.0]);
    let sums = RegressionSums {
        rows: 3,
        weight: 3.0,
        squared_errors: 1.25,
        absolute_errors: 1.5,
        squared_deviations: 14.0 / 3.0,
    };
    let report = RegressionReport::from_sums(&sums).unwrap();
    let rows = Regression::evaluate(&targets, &predictions).unwrap().finish().unwrap();
    assert_eq!((report.mse, report.rmse, report.mae), (rows.mse, rows.rmse, rows.mae));
    assert!((report.r2.unwrap() - rows.r2.unwrap()).abs() < 1e-15);

    let report = RegressionReport::from_sums(&SUMS).unwrap();
    assert_eq!((report.rows, report.weight), (4, 2.0));
    assert_eq!((report.mse, report.mae, report.r2), (2.5, 1.5, Some(0.75)));
}

#[test]
fn sums_have_the_edges_of_rows() {
    let r2 = |sums| RegressionReport::from_sums(&sums).unwrap().r2;
    assert_eq!(r2(RegressionSums { rows: 1, ..SUMS }), None);
    let constant = RegressionSums { squared_deviations: 0.0, ..SUMS };
    assert_eq!(r2(constant), Some(0.0));
    assert_eq!(r2(RegressionSums { squared_errors: 0.0, ..constant }), Some(1.0));
    let infinite = RegressionSums { squared_errors: f64::INFINITY, ..SUMS };
    assert_eq!(RegressionReport::from_sums(&infinite).unwrap().mse, f64::INFINITY);
    assert_eq!(r2(infinite), Some(f64::NEG_INFINITY));
}

#[test]
fn sums_outside_the_domain_are_named() {
    assert_eq!(error(&RegressionSums::default()), "no rows to evaluate");
    let over = RegressionSums { rows: MAX_ROWS + 1, ..SUMS };
    assert_eq!(error(&over), "more than 9007199254740992 rows cannot be counted exactly");
    assert_eq!(
        error(&RegressionSums { weight: 0.0, ..SUMS }),
        "weights sum to 0, not to a positive finite number"
    );
    assert_eq!(
        error(&RegressionSums { weight: f64::NAN, ..SUMS }),
        "weights sum to NaN, not to a positive finite number"
    );
    assert_eq!(
        error(&RegressionSums { squared_errors: f64::NAN, ..SUMS }),
        "the sum of squared errors cannot be NaN"
    );
    assert_eq!(
        error(&RegressionSums { absolute_errors: -1.0, ..SUMS }),
        "the sum of absolute errors cannot be -1"
    );
    assert_eq!(
        error(&RegressionSums { squared_deviations: -0.5, ..SUMS }),
        "the sum of squared deviations cannot be -0.5"
    );
}

#[test]
fn counts_and_weights_give_reports() {
    let counts = ClassificationReport::from_counts(&arr2(&[[3, 1], [2, 4]])).unwrap();
    let weights = ClassificationReport::from_weights(&arr2(&[[1.5, 0.5], [1.0, 2.0]])).unwrap();
    assert_eq!((counts.support, weights.support), (10, 5.0));
    assert_eq!((counts.accuracy, weights.accuracy), (0.7, 0.7));
    assert_eq!(counts.macro_average, weights.macro_average);
    assert!((counts.mcc - weights.mcc).abs() < 1e-15);
    // (3 * 4 - 1 * 2) / sqrt(5 * 5 * 4 * 6)
    assert!((counts.mcc - 10.0 / 600_f64.sqrt()).abs() < 1e-15);

    let flat = Confusion::from_row_major(2, vec![3_u64, 1, 2, 4]).unwrap();
    assert_eq!(flat.finish().unwrap(), counts);
    assert!((flat.binary(1).unwrap().mcc() - counts.mcc).abs() < 1e-15);
    let flat = Confusion::from_row_major(2, vec![1.5, 0.5, 1.0, 2.0]).unwrap();
    assert_eq!(flat.finish().unwrap(), weights);
}

#[test]
fn counts_outside_the_domain_are_named() {
    let short = Confusion::from_row_major(2, vec![1_u64, 2, 3]).unwrap_err();
    assert_eq!(short.to_string(), "3 counts do not fill a confusion matrix of 2 x 2");
    let none = ClassificationReport::from_counts(&arr2(&[[0, 0], [0, 0]]));
    assert_eq!(none, Err(Error::Empty));
    let none = ClassificationReport::from_weights(&arr2(&[[0.0]]));
    assert_eq!(none, Err(Error::WeightSum { sum: 0.0 }));
    for value in [-1.0, f64::INFINITY] {
        let error = ClassificationReport::from_weights(&arr2(&[[value]])).unwrap_err();
        assert_eq!(error.to_string(), format!("the sum of weights cannot be {value}"));
    }
    let over = ClassificationReport::from_weights(&arr2(&[[f64::MAX, 0.0], [0.0, f64::MAX]]));
    assert_eq!(over, Err(Error::WeightSum { sum: f64::INFINITY }));
}

/// A class that has all the weight has exactly all of it, whatever the rounding of its cells.
#[test]
fn a_constant_side_of_weights_correlates_with_nothing() {
    let weights = [[0.1, 0.7, 0.3], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]];
    assert_eq!(ClassificationReport::from_weights(&arr2(&weights)).unwrap().mcc, 0.0);
    let transposed = arr2(&weights).reversed_axes();
    assert_eq!(ClassificationReport::from_weights(transposed.view()).unwrap().mcc, 0.0);
}

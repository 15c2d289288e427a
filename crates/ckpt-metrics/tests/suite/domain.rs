//! Inputs at and beyond the edges of each metric's domain.

use ckpt_metrics::{
    BinaryCrossEntropy, CHUNK_ROWS, CategoricalCrossEntropy, Confusion, Error, Input, MAX_CLASSES,
    MAX_ROWS, Outcomes, QuantileLoss, Regression, accuracy, mse, r2,
};
use ndarray::{arr2, array};

/// A publication added these counts to 1200 instead of 1000, so it printed accuracy 0.75, took
/// that for the precision too, and printed F1 0.8667.
#[test]
fn worked_example_with_the_right_values() {
    let confusion = Confusion::from_counts(&arr2(&[[250, 50], [50, 650]])).unwrap();
    let outcomes = confusion.binary(1).unwrap();
    let expected = Outcomes {
        true_positives: 650,
        true_negatives: 250,
        false_positives: 50,
        false_negatives: 50,
    };
    assert_eq!(outcomes, expected);
    assert_eq!(confusion.rows(), 1000);
    assert_eq!(outcomes.accuracy(), 0.9);
    assert_eq!(confusion.finish().unwrap().accuracy, 0.9);
    assert_eq!(outcomes.precision(), 13.0 / 14.0);
    assert_eq!(outcomes.recall(), 13.0 / 14.0);
    assert_eq!(outcomes.f1(), 13.0 / 14.0);
}

#[test]
fn nothing_has_no_report() {
    let none: [f64; 0] = [];
    assert_eq!(mse(&none, &none), Err(Error::Empty));
    assert_eq!(accuracy::<u8, u8>(&[], &[]), Err(Error::Empty));
    assert_eq!(Regression::new().finish(), Err(Error::Empty));
    assert_eq!(BinaryCrossEntropy::new().finish(), Err(Error::Empty));
    assert_eq!(CategoricalCrossEntropy::new(3).finish(), Err(Error::Empty));
    let confusion = Confusion::new(3).unwrap();
    assert_eq!(confusion.finish(), Err(Error::Empty));
    assert_eq!(confusion.binary(0), Err(Error::Empty));
}

#[test]
fn an_empty_batch_adds_nothing() {
    let mut errors = Regression::evaluate(&[1.0], &[2.0]).unwrap();
    let before = errors.clone();
    errors.push_batch::<f64, f64>(&[], &[]).unwrap();
    errors.merge(&Regression::new()).unwrap();
    assert_eq!(errors, before);
}

#[test]
fn lengths_must_match() {
    let expected = Error::LengthMismatch { targets: 2, predictions: 1 };
    assert_eq!(mse(&[1.0, 2.0], &[1.0]), Err(expected.clone()));
    assert_eq!(accuracy(&[1, 2], &[1]), Err(expected.clone()));
    let mut losses = BinaryCrossEntropy::new();
    assert_eq!(losses.push_batch(&[1, 0], &[0.5]), Err(expected.clone()));
    let mut losses = CategoricalCrossEntropy::new(2);
    assert_eq!(losses.push_batch(&[1, 0], &[[0.5, 0.5]]), Err(expected.clone()));
    assert_eq!(Confusion::evaluate(2, &[1, 0], &[1]), Err(expected));
}

#[test]
fn numbers_must_be_finite_and_a_bad_batch_adds_nothing() {
    let mut errors = Regression::evaluate(&[1.0, 3.0], &[2.0, 2.0]).unwrap();
    let before = errors.clone();
    let expected = Error::NotFinite { input: Input::Target, row: 1, value: f64::INFINITY };
    assert_eq!(errors.push_batch(&[0.0, f64::INFINITY], &[0.0, 0.0]), Err(expected));
    let error = errors.push(1.0, f32::NAN).unwrap_err();
    assert_eq!(error.to_string(), "prediction NaN in row 0 is not finite");
    assert_eq!(errors, before);
}

#[test]
fn a_bad_row_in_a_late_chunk_adds_nothing() {
    let targets = vec![1_u8; 2 * CHUNK_ROWS];
    let mut predictions = targets.clone();
    predictions[2 * CHUNK_ROWS - 1] = 2;
    let mut confusion = Confusion::new(2).unwrap();
    let error = confusion.push_batch(&targets, &predictions).unwrap_err();
    let expected = format!("prediction label 2 in row {} is not in 0..2", 2 * CHUNK_ROWS - 1);
    assert_eq!(error.to_string(), expected);
    assert_eq!(confusion, Confusion::new(2).unwrap());
}

#[test]
fn sums_beyond_f64_are_infinite() {
    let report = Regression::evaluate(&[1e200, 0.0], &[-1e200, 0.0]).unwrap().finish().unwrap();
    assert_eq!((report.mse, report.rmse), (f64::INFINITY, f64::INFINITY));
    assert_eq!(report.mae, 1e200);
    let small_targets = r2(&[0.0, 1.0], &[1e200, 0.0]).unwrap();
    assert_eq!(small_targets, f64::NEG_INFINITY);
}

#[test]
fn rows_of_no_weight_add_nothing_however_large() {
    let (targets, predictions) = ([1.0, 2.0, 1e308], [2.0, 2.0, -1e308]);
    let weights = [1.0, 1.0, 0.0];
    let errors = Regression::evaluate_weighted(&targets, &predictions, &weights).unwrap();
    let report = errors.finish().unwrap();
    assert_eq!((report.rows, report.weight), (3, 2.0));
    assert_eq!((report.mse, report.mae, report.r2), (0.5, 0.5, Some(-1.0)));
    let losses = QuantileLoss::evaluate_weighted(0.5, &targets, &predictions, &weights).unwrap();
    assert_eq!(losses.finish().unwrap().loss, 0.25);
    // They are in the domain all the same.
    let error = Regression::evaluate_weighted(&[1.0, f64::NAN], &[1.0, 1.0], &[1.0, 0.0]);
    assert_eq!(error.unwrap_err().to_string(), "target NaN in row 1 is not finite");
    let error = QuantileLoss::evaluate_weighted(0.5, &[1.0, f64::NAN], &[1.0, 1.0], &[1.0, 0.0]);
    assert_eq!(error.unwrap_err().to_string(), "target NaN in row 1 is not finite");
}

#[test]
fn determination_of_constant_targets_and_single_rows() {
    // 0.1 has no exact mean; the target is constant all the same.
    assert_eq!(r2(&[0.1; 10], &[0.1; 10]), Ok(1.0));
    assert_eq!(r2(&[0.1; 10], &[0.2; 10]), Ok(0.0));
    assert_eq!(r2(&vec![0.1; 3 * CHUNK_ROWS], &vec![0.2; 3 * CHUNK_ROWS]), Ok(0.0));
    assert_eq!(r2(&[0.1], &[0.1]), Err(Error::TooFewRows { rows: 1 }));
    assert_eq!(Regression::evaluate(&[0.1], &[0.1]).unwrap().finish().unwrap().r2, None);
}

#[test]
fn determination_keeps_its_digits_far_from_zero() {
    // 1e9 + 0, 1, ... n - 1 has squared deviations n (n² - 1) / 12; each prediction is off by 2.
    let n = 20_000_u32;
    let targets: Vec<f64> = (0..n).map(|i| 1e9 + f64::from(i)).collect();
    let predictions: Vec<f64> = targets.iter().map(|t| t + 2.0).collect();
    let n = f64::from(n);
    let expected = 4.0 * n / (n * (n * n - 1.0) / 12.0);
    let got = 1.0 - r2(&targets, &predictions).unwrap();
    assert!((got - expected).abs() < 1e-15, "{got} {expected}");

    // Alternating 1e9 ± 0.5: deviations n / 4. With predictions at the mean, R² is exactly 0.
    let targets: Vec<f64> = (0..20_000).map(|i| 1e9 + f64::from(i % 2) - 0.5).collect();
    assert_eq!(r2(&targets, &vec![1e9; targets.len()]), Ok(0.0));
}

#[test]
fn probabilities_must_be_probabilities() {
    let mut losses = BinaryCrossEntropy::new();
    let expected = Error::NotAProbability { row: 1, value: 1.5 };
    assert_eq!(losses.push_batch(&[0, 1], &[0.5, 1.5]), Err(expected));
    assert!(matches!(losses.push(1, f64::NAN), Err(Error::NotAProbability { row: 0, .. })));
    assert!(matches!(losses.push(1, -1e-300), Err(Error::NotAProbability { row: 0, .. })));
    assert_eq!(losses, BinaryCrossEntropy::new());

    let mut losses = CategoricalCrossEntropy::new(2);
    let expected = Error::NotAProbability { row: 0, value: -0.5 };
    assert_eq!(
        losses.push(0, &[1.5, -0.5]).unwrap_err(),
        Error::NotAProbability { row: 0, value: 1.5 }
    );
    assert_eq!(losses.push(0, &[-0.5, 1.5]), Err(expected));
    let expected = Error::NotNormalized { row: 1, sum: 2.0 };
    assert_eq!(losses.push_batch(&[0, 0], &[[1.0, 0.0], [1.0, 1.0]]), Err(expected));
    assert_eq!(losses, CategoricalCrossEntropy::new(2));
}

#[test]
fn normalization_is_as_strict_as_the_type() {
    let mut losses = CategoricalCrossEntropy::new(2);
    assert_eq!(losses.push(0, &[0.5_f64, 0.5 + 1e-9]), Ok(()));
    assert!(matches!(losses.push(0, &[0.5_f64, 0.5 + 1e-7]), Err(Error::NotNormalized { .. })));
    assert_eq!(losses.push(0, &[0.5_f32, 0.5 + 1e-4]), Ok(()));
    assert!(matches!(losses.push(0, &[0.5_f32, 0.5 + 1e-3]), Err(Error::NotNormalized { .. })));
}

#[test]
fn labels_must_name_classes() {
    let out_of = |input, label, classes| Error::LabelOutOfRange { input, row: 0, label, classes };
    let mut losses = BinaryCrossEntropy::new();
    assert_eq!(losses.push(2, 0.5), Err(out_of(Input::Target, 2, 2)));
    assert_eq!(losses.push(-1, 0.5), Err(out_of(Input::Target, -1, 2)));
    let mut losses = CategoricalCrossEntropy::new(3);
    assert_eq!(losses.push(3, &[0.5, 0.5, 0.0]), Err(out_of(Input::Target, 3, 3)));
    let mut confusion = Confusion::new(3).unwrap();
    assert_eq!(confusion.push(0, u64::MAX), Err(out_of(Input::Prediction, u64::MAX.into(), 3)));
    assert_eq!(confusion.push(7, 0), Err(out_of(Input::Target, 7, 3)));
    assert_eq!(confusion.binary(3), Err(Error::NoSuchClass { class: 3, classes: 3 }));
}

#[test]
fn class_counts_must_match() {
    let expected = Error::ClassMismatch { expected: 2, found: 3 };
    let mut losses = CategoricalCrossEntropy::new(2);
    assert_eq!(losses.push(0, &[0.5, 0.5, 0.0]), Err(expected.clone()));
    assert_eq!(losses.merge(&CategoricalCrossEntropy::new(3)), Err(expected.clone()));
    let mut confusion = Confusion::new(2).unwrap();
    assert_eq!(confusion.merge(&Confusion::new(3).unwrap()), Err(expected));
    for classes in [0, MAX_CLASSES + 1] {
        assert_eq!(Confusion::new(classes), Err(Error::ClassCount { classes }));
    }
    let wide = array![[1, 2, 3], [4, 5, 6]];
    let expected = Error::NotSquare { rows: 2, columns: 3 };
    assert_eq!(Confusion::from_counts(&wide), Err(expected));
}

#[test]
fn rows_are_counted_exactly_or_not_at_all() {
    let mut full = Confusion::from_counts(&arr2(&[[MAX_ROWS]])).unwrap();
    let before = full.clone();
    assert_eq!(full.push(0, 0), Err(Error::TooManyRows));
    assert_eq!(full.merge(&before), Err(Error::TooManyRows));
    assert_eq!(full, before);
    assert_eq!(full.finish().unwrap().accuracy, 1.0);
    let over = arr2(&[[MAX_ROWS, 1], [u64::MAX, 0]]);
    assert_eq!(Confusion::from_counts(&over), Err(Error::TooManyRows));
}

/// Class 1 is never predicted, class 2 never occurs, class 3 does neither.
#[test]
fn empty_classes_score_zero_and_absent_ones_are_not_averaged() {
    let confusion = Confusion::evaluate(4, &[0, 0, 1, 1], &[0, 2, 0, 0]).unwrap();
    let report = confusion.finish().unwrap();
    let scores = |class: usize| report.classes[class].scores;
    assert_eq!((scores(0).precision, scores(0).recall), (1.0 / 3.0, 0.5));
    for class in 1..4 {
        assert_eq!(
            (scores(class).precision, scores(class).recall, scores(class).f1),
            (0.0, 0.0, 0.0)
        );
    }
    assert_eq!((report.classes[1].support, report.classes[1].predicted), (2, 0));
    assert_eq!((report.classes[2].support, report.classes[2].predicted), (0, 1));
    // Three classes occur, so the mean is over three; class 2 has no support and no weight.
    assert_eq!(report.macro_average.recall, 0.5 / 3.0);
    assert_eq!(report.weighted_average.recall, 0.25);
}

#[test]
fn every_piece_of_a_large_batch_is_counted() {
    let rows = 7 * CHUNK_ROWS + 3;
    let targets: Vec<u16> = (0..rows).map(|i| (i % 3) as u16).collect();
    let predictions: Vec<u16> = (0..rows).map(|i| (i % 2) as u16).collect();
    let confusion = Confusion::evaluate(3, &targets, &predictions).unwrap();
    let mut expected = [[0_u64; 3]; 3];
    for i in 0..rows {
        expected[i % 3][i % 2] += 1;
    }
    assert_eq!(confusion.counts(), arr2(&expected));
}

/// Two classes are counted in another way than more, and labels of one byte in yet another.
#[test]
fn two_classes_are_counted_for_every_type_of_label() {
    for rows in [1, 254, 256, 5 * CHUNK_ROWS + 3] {
        let mut expected = [[0_u64; 2]; 2];
        let (mut targets, mut predictions) = (Vec::new(), Vec::new());
        for i in 0..rows {
            // The first thousand rows are all of class 1, so that byte sums are at their limit.
            let (target, prediction) = (u8::from(i < 1000 || i % 3 == 0), u8::from(i % 5 != 0));
            expected[usize::from(target)][usize::from(prediction)] += 1;
            targets.push(target);
            predictions.push(prediction);
        }
        let expected = Confusion::from_counts(&arr2(&expected)).unwrap();
        let wide: Vec<i64> = targets.iter().copied().map(i64::from).collect();
        let flags: Vec<bool> = predictions.iter().map(|&prediction| prediction == 1).collect();
        assert_eq!(Confusion::evaluate(2, &targets, &predictions), Ok(expected.clone()));
        assert_eq!(Confusion::evaluate(2, &targets, &flags), Ok(expected.clone()));
        assert_eq!(Confusion::evaluate(2, &wide, &predictions), Ok(expected.clone()));
        assert_eq!(Confusion::evaluate(2, &wide, &flags), Ok(expected));
    }
}

#[test]
fn two_classes_refuse_other_labels_of_every_type() {
    let rows = 3 * CHUNK_ROWS;
    let bad = 2 * CHUNK_ROWS + 300;
    let mut bytes = vec![1_i8; rows];
    let mut wide = vec![1_i64; rows];
    for label in [-1, 2, -128, 127] {
        (bytes[bad], wide[bad]) = (label, label.into());
        let expected = Error::LabelOutOfRange {
            input: Input::Target,
            row: bad,
            label: label.into(),
            classes: 2,
        };
        assert_eq!(Confusion::evaluate(2, &bytes, &vec![true; rows]), Err(expected.clone()));
        assert_eq!(Confusion::evaluate(2, &wide, &vec![true; rows]), Err(expected));
    }
}

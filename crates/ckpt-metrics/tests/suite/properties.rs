//! Properties that hold for all inputs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_metrics::{
    BinaryCrossEntropy, CategoricalCrossEntropy, Confusion, Regression, accuracy, mae, mse, r2,
    rmse,
};
use ndarray::{Array1, Array2, s};
use proptest::collection::vec;
use proptest::prelude::*;

const CLASSES: usize = 5;

/// Rows of a target and a prediction around a common offset.
fn numbers() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let offset = prop_oneof![Just(0.0), Just(1e9), Just(-3e5)];
    (vec((-10.0..10.0, -10.0..10.0), 1..200), offset).prop_map(|(rows, offset)| {
        rows.into_iter().map(|(t, p): (f64, f64)| (t + offset, p + offset)).collect()
    })
}

/// Rows of a true and a predicted class.
fn labels() -> impl Strategy<Value = Vec<(usize, usize)>> {
    vec((0..CLASSES, 0..CLASSES), 1..200)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0)
}

fn regression(rows: &[(f64, f64)]) -> Regression {
    let (targets, predictions): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    Regression::evaluate(&targets, &predictions).unwrap()
}

fn confusion(rows: &[(usize, usize)]) -> Confusion {
    let (targets, predictions): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    Confusion::evaluate(CLASSES, &targets, &predictions).unwrap()
}

/// R² as it is defined, with deviations from the first target so that offsets cost nothing.
fn plain_r2(rows: &[(f64, f64)]) -> f64 {
    let n = rows.len() as f64;
    let mean = rows.iter().map(|(t, _)| t - rows[0].0).sum::<f64>() / n;
    let spread: f64 = rows.iter().map(|(t, _)| (t - rows[0].0 - mean).powi(2)).sum();
    1.0 - rows.iter().map(|(t, p)| (t - p).powi(2)).sum::<f64>() / spread
}

proptest! {
    #[test]
    fn merged_regression_is_the_whole(rows in numbers(), cut in 0.0..1.0) {
        let whole = regression(&rows).finish().unwrap();
        let (left, right) = rows.split_at((cut * rows.len() as f64) as usize);
        let mut merged = regression(left);
        merged.merge(&regression(right)).unwrap();
        let merged = merged.finish().unwrap();
        prop_assert_eq!(merged.rows, whole.rows);
        prop_assert!(close(merged.mse, whole.mse));
        prop_assert!(close(merged.mae, whole.mae));
        prop_assert_eq!(merged.r2.is_some(), rows.len() > 1);
        if let (Some(a), Some(b)) = (merged.r2, whole.r2) {
            // Two nearly equal targets make R² huge, so its error is taken relative to 1 - R².
            prop_assert!((a - b).abs() <= 1e-12 * (1.0 - b), "{} {}", a, b);
            prop_assert!((plain_r2(&rows) - b).abs() <= 1e-12 * (1.0 - b));
        }
    }

    #[test]
    fn regression_errors_are_ordered(rows in numbers()) {
        let (targets, predictions): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        let (targets, predictions) = (Array1::from(targets), Array1::from(predictions));
        let mse = mse(&targets, &predictions).unwrap();
        let rmse = rmse(&targets, &predictions).unwrap();
        let mae = mae(&targets, &predictions).unwrap();
        prop_assert!(mse >= 0.0 && mae >= 0.0);
        prop_assert_eq!(rmse, mse.sqrt());
        // Jensen: the mean of absolute values is at most the root of the mean square.
        prop_assert!(mae <= rmse * (1.0 + 1e-12));
        prop_assert!(rows.len() < 2 || r2(&targets, &predictions).unwrap() <= 1.0);
        prop_assert_eq!(ckpt_metrics::mse(&targets, &targets), Ok(0.0));
    }

    #[test]
    fn strides_do_not_matter(rows in numbers()) {
        let table = Array2::from_shape_fn((rows.len(), 2), |(i, j)| [rows[i].0, rows[i].1][j]);
        let strided = Regression::evaluate(table.column(0), table.column(1)).unwrap();
        prop_assert_eq!(strided, regression(&rows));
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        let backwards = table.slice(s![..;-1, ..]);
        let strided = Regression::evaluate(backwards.column(0), backwards.column(1)).unwrap();
        prop_assert_eq!(strided, regression(&reversed));
    }

    #[test]
    fn single_precision_is_summed_in_double(rows in vec((-1e3_f32..1e3, -1e3_f32..1e3), 1..99)) {
        let (targets, predictions): (Vec<f32>, Vec<f32>) = rows.iter().copied().unzip();
        let wide: Vec<_> = rows.iter().map(|&(t, p)| (f64::from(t), f64::from(p))).collect();
        prop_assert_eq!(Regression::evaluate(&targets, &predictions).unwrap(), regression(&wide));
    }

    #[test]
    fn binary_and_two_class_losses_agree(rows in vec((any::<bool>(), 0.0..=1.0), 1..99)) {
        let mut binary = BinaryCrossEntropy::new();
        let mut categorical = CategoricalCrossEntropy::new(2);
        for &(target, p) in &rows {
            binary.push(target, p).unwrap();
            categorical.push(target, &[1.0 - p, p]).unwrap();
        }
        let loss = binary.finish().unwrap().loss;
        prop_assert!(close(loss, categorical.finish().unwrap().loss));
        prop_assert!(loss > 0.0 && loss < 36.05);
        let (targets, probabilities): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        let whole = ckpt_metrics::binary_cross_entropy(&targets, &probabilities).unwrap();
        prop_assert!(close(loss, whole));
    }

    #[test]
    fn merged_confusion_is_exactly_the_whole(rows in labels(), cut in 0.0..1.0) {
        let (left, right) = rows.split_at((cut * rows.len() as f64) as usize);
        let mut merged = confusion(left);
        merged.merge(&confusion(right)).unwrap();
        prop_assert_eq!(&merged, &confusion(&rows));
        prop_assert_eq!(merged.rows(), rows.len() as u64);
    }

    #[test]
    fn order_of_rows_leaves_the_confusion(
        (rows, shuffled) in labels().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
    ) {
        prop_assert_eq!(confusion(&rows), confusion(&shuffled));
    }

    #[test]
    fn swapping_targets_and_predictions_transposes(rows in labels()) {
        let swapped: Vec<_> = rows.iter().map(|&(t, p)| (p, t)).collect();
        let (straight, swapped) = (confusion(&rows), confusion(&swapped));
        let transposed = Confusion::from_counts(straight.counts().t()).unwrap();
        prop_assert_eq!(&swapped, &transposed);
        for class in 0..CLASSES {
            let (a, b) = (straight.binary(class).unwrap(), swapped.binary(class).unwrap());
            prop_assert_eq!((a.precision(), a.recall()), (b.recall(), b.precision()));
            prop_assert_eq!(a.f1(), b.f1());
        }
    }

    #[test]
    fn scores_are_consistent(rows in labels()) {
        let confusion = confusion(&rows);
        let report = confusion.finish().unwrap();
        let (targets, predictions): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        prop_assert_eq!(accuracy(&targets, &predictions), Ok(report.accuracy));
        // Micro scores from their definition: sums of the classes' counts.
        let all = (0..CLASSES).map(|class| confusion.binary(class).unwrap());
        let (mut tp, mut fp, mut fn_) = (0, 0, 0);
        for o in all {
            (tp, fp, fn_) =
                (tp + o.true_positives, fp + o.false_positives, fn_ + o.false_negatives);
            let n = o.true_positives + o.false_positives + o.false_negatives + o.true_negatives;
            prop_assert_eq!(n, report.support);
        }
        prop_assert_eq!(report.micro_average.precision, tp as f64 / (tp + fp) as f64);
        prop_assert_eq!(report.micro_average.recall, tp as f64 / (tp + fn_) as f64);
        prop_assert_eq!(report.micro_average.f1, report.accuracy);
        // Weighting recalls by support gives the accuracy.
        prop_assert!(close(report.weighted_average.recall, report.accuracy));
        for scores in report.classes.iter().map(|class| class.scores) {
            let (low, high) = (scores.precision.min(scores.recall), scores.precision.max(scores.recall));
            prop_assert!(low - 1e-15 <= scores.f1 && scores.f1 <= high + 1e-15);
            prop_assert!(low >= 0.0 && high <= 1.0);
        }
    }
}

//! ROC AUC, average precision and their curves against their definitions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::Uniform;
use ckpt_metrics::{
    CHUNK_ROWS, CurvePoints, Error, Input, OneVsRest, Ranking, average_precision,
    precision_recall_curve, roc_auc, roc_auc_one_vs_rest, roc_curve,
};
use ndarray::{Array2, arr2};
use proptest::collection::vec;
use proptest::prelude::*;

/// Rows of a class and one of few scores.
fn rows() -> impl Strategy<Value = Vec<(bool, f64)>> {
    let scores = || prop_oneof![(-3..3).prop_map(f64::from), Just(-0.0), -1.0..1.0];
    (vec((any::<bool>(), scores()), 0..60), scores(), scores()).prop_map(|(mut rows, n, p)| {
        // Both classes occur.
        rows.extend([(false, n), (true, p)]);
        rows
    })
}

/// The share of pairs in which the positive row is ahead, ties as halves.
fn plain_auc(rows: &[(bool, f64)]) -> f64 {
    let of = |class: bool| rows.iter().filter(move |row| row.0 == class).map(|row| row.1);
    let (mut twice, mut pairs) = (0_u64, 0_u64);
    for positive in of(true) {
        for negative in of(false) {
            twice += 2 * u64::from(positive > negative) + u64::from(positive == negative);
            pairs += 2;
        }
    }
    twice as f64 / pairs as f64
}

fn ranking(rows: &[(bool, f64)]) -> Ranking {
    let (targets, scores): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    Ranking::evaluate(&targets, &scores).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12
}

proptest! {
    #[test]
    fn area_is_the_share_of_pairs(rows in rows()) {
        let (targets, scores): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        let expected = plain_auc(&rows);
        prop_assert_eq!(roc_auc(&targets, &scores), Ok(expected));
        let report = ranking(&rows).finish().unwrap();
        prop_assert_eq!(report.roc_auc, expected);
        prop_assert_eq!(report.negatives + report.positives, rows.len() as u64);
        prop_assert_eq!(average_precision(&targets, &scores), Ok(report.average_precision));
        let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
        prop_assert!(close(roc_auc(&targets, &turned).unwrap(), 1.0 - expected));
    }

    #[test]
    fn area_lies_under_the_curve(rows in rows()) {
        let ranking = ranking(&rows);
        let auc = ranking.finish().unwrap().roc_auc;
        for points in [CurvePoints::All, CurvePoints::Corners] {
            let curve = ranking.roc_curve(points).unwrap();
            let trapezoids = curve.windows(2).map(|p| {
                let height = (p[0].true_positive_rate + p[1].true_positive_rate) / 2.0;
                (p[1].false_positive_rate - p[0].false_positive_rate) * height
            });
            prop_assert!(close(trapezoids.sum(), auc));
            prop_assert_eq!(curve[0].threshold, None);
            let end = curve[curve.len() - 1];
            prop_assert_eq!((end.false_positive_rate, end.true_positive_rate), (1.0, 1.0));
            prop_assert!(curve[1..].is_sorted_by(|a, b| a.threshold > b.threshold));
        }
    }

    #[test]
    fn average_precision_lies_under_the_curve(rows in rows()) {
        let ranking = ranking(&rows);
        let expected = ranking.finish().unwrap().average_precision;
        let curve = ranking.precision_recall_curve(CurvePoints::All).unwrap();
        let steps = curve.windows(2).map(|p| (p[0].recall - p[1].recall) * p[0].precision);
        prop_assert!(close(steps.sum(), expected));
        let corners = ranking.precision_recall_curve(CurvePoints::Corners).unwrap();
        prop_assert!(corners.iter().all(|corner| curve.contains(corner)));
        let recalls = |points: &[ckpt_metrics::PrecisionRecallPoint]| {
            let mut recalls: Vec<f64> = points.iter().map(|point| point.recall).collect();
            recalls.dedup();
            recalls
        };
        prop_assert_eq!(recalls(&corners), recalls(&curve));
        prop_assert_eq!(curve[0].recall, 1.0);
    }

    #[test]
    fn any_cut_and_order_ranks_the_same(
        (rows, shuffled) in rows().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle())),
        batch in 1_usize..20,
        cut in 0.0..1.0,
    ) {
        let whole = ranking(&rows);
        prop_assert_eq!(&ranking(&shuffled), &whole);
        let mut batches = Ranking::new();
        for rows in shuffled.chunks(batch) {
            let (targets, scores): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
            batches.push_batch(&targets, &scores).unwrap();
        }
        prop_assert_eq!(&batches, &whole);
        let (left, right) = rows.split_at((cut * rows.len() as f64) as usize);
        let mut merged = ranking(left);
        merged.merge(&ranking(right)).unwrap();
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(merged.finish(), whole.finish());
    }

    #[test]
    fn a_weight_is_a_number_of_copies(rows in rows(), weights in vec(0_u8..4, 62)) {
        let copies: Vec<_> = rows
            .iter()
            .zip(&weights)
            .flat_map(|(&row, &weight)| std::iter::repeat_n(row, weight.into()))
            .collect();
        let (targets, scores): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        let weights: Vec<f64> = weights[..rows.len()].iter().map(|&w| f64::from(w) / 8.0).collect();
        let weighted = Ranking::evaluate_weighted(&targets, &scores, &weights).unwrap();
        let copied = ranking(&copies);
        if let (Ok(weighted), Ok(copied)) = (weighted.finish(), copied.finish()) {
            prop_assert!(close(weighted.roc_auc, copied.roc_auc));
            prop_assert!(close(weighted.average_precision, copied.average_precision));
        } else {
            prop_assert!(copied.finish().is_err() && weighted.finish().is_err());
        }
        if let (Ok(weighted), Ok(copied)) =
            (weighted.roc_curve(CurvePoints::Corners), copied.roc_curve(CurvePoints::Corners))
        {
            prop_assert_eq!(weighted, copied);
        }
    }
}

/// Rows that take each way: few distinct scores, many, many that lie unevenly, and many that a
/// sample of every 51st row does not show.
fn large(rows: usize) -> Vec<(Vec<u8>, Vec<f64>)> {
    let mut u = Uniform(17);
    let targets: Vec<u8> = (0..rows).map(|_| u8::from(u.draw() < 0.3)).collect();
    let even: Vec<f64> =
        targets.iter().map(|&t| 0.2 * f64::from(t) + 0.8 * u.draw() - 0.4).collect();
    let few = even.iter().map(|score| (score * 100.0).round()).collect();
    let twice = even.iter().map(|score| (score * 1e5).round()).collect();
    let uneven = even.iter().map(|score| libm_free_exp(40.0 * score)).collect();
    let hidden = even.iter().enumerate().map(|(i, &score)| if i % 51 == 0 { 0.0 } else { score });
    let hidden = hidden.collect();
    [even, few, twice, uneven, hidden].map(|scores| (targets.clone(), scores)).into()
}

/// A steep ascending function without the platform's `exp`.
fn libm_free_exp(x: f64) -> f64 {
    let whole = x.floor();
    2_f64.powi(whole as i32) * (1.0 + (x - whole))
}

/// The definition by sorting: the rank sum of Mann and Whitney.
fn auc_by_ranks(targets: &[u8], scores: &[f64]) -> f64 {
    let mut rows: Vec<(f64, u8)> = scores.iter().copied().zip(targets.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut twice) = (0_u64, 0_u64);
    for group in rows.chunk_by(|a, b| a.0 == b.0) {
        let positives = group.iter().filter(|row| row.1 == 1).count() as u64;
        let negatives = group.len() as u64 - positives;
        twice += positives * (2 * below + negatives);
        below += negatives;
    }
    twice as f64 / (2 * below * (rows.len() as u64 - below)) as f64
}

#[test]
fn large_batches_have_the_same_area_for_any_number_of_threads() {
    let inputs = large(50 * CHUNK_ROWS + 17);
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for (targets, scores) in &inputs {
            let expected = auc_by_ranks(targets, scores);
            pool.install(|| {
                assert_eq!(roc_auc(targets, scores), Ok(expected));
                let ranking = Ranking::evaluate(targets, scores).unwrap();
                assert_eq!(ranking.finish().unwrap().roc_auc, expected);
                let strided = Array2::from_shape_fn((scores.len(), 2), |(i, _)| scores[i]);
                assert_eq!(roc_auc(targets, strided.column(1)), Ok(expected));
            });
        }
    }
}

#[test]
fn weights_give_the_same_bits_for_any_number_of_threads() {
    let (targets, scores) = large(5 * CHUNK_ROWS + 17).swap_remove(1);
    let mut u = Uniform(3);
    let weights: Vec<f64> = targets.iter().map(|_| u.draw()).collect();
    let report = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let ranking = pool.install(|| Ranking::evaluate_weighted(&targets, &scores, &weights));
        ranking.unwrap().finish().unwrap()
    };
    for threads in [2, 3, 8] {
        assert_eq!(report(threads), report(1));
    }
    // The weights are independent of the scores, so they change little.
    assert!((report(1).roc_auc - roc_auc(&targets, &scores).unwrap()).abs() < 0.02);
}

#[test]
fn single_precision_scores_rank_as_themselves() {
    let scores = [0.1_f32, 0.4, 0.35, 0.8];
    assert_eq!(roc_auc(&[0, 0, 1, 1], &scores), Ok(0.75));
    let threshold = roc_curve(&[0, 0, 1, 1], &scores, CurvePoints::All).unwrap()[1].threshold;
    assert_eq!(threshold, Some(f64::from(0.8_f32)));
}

#[test]
fn edges_have_answers_or_errors() {
    let none: [f64; 0] = [];
    assert_eq!(roc_auc::<u8, f64>(&[], &none), Err(Error::Empty));
    assert_eq!(average_precision::<u8, f64>(&[], &none), Err(Error::Empty));
    assert_eq!(Ranking::new().finish(), Err(Error::Empty));
    assert_eq!(Ranking::new_weighted().finish(), Err(Error::WeightSum { sum: 0.0 }));

    let expected = "no rows are of class 1, without which the metric has no value";
    assert_eq!(roc_auc(&[0, 0], &[0.5, 0.1]).unwrap_err().to_string(), expected);
    assert_eq!(roc_auc(&[1], &[0.5]), Err(Error::MissingClass { class: 0 }));
    assert_eq!(average_precision(&[0], &[0.5]), Err(Error::MissingClass { class: 1 }));
    // Without negative rows, each one taken as positive is.
    assert_eq!(average_precision(&[1, 1], &[0.5, 0.1]), Ok(1.0));
    assert!(roc_curve(&[1, 1], &[0.5, 0.1], CurvePoints::All).is_err());
    let curve = precision_recall_curve(&[1], &[0.5], CurvePoints::All).unwrap();
    assert_eq!(
        curve.iter().map(|p| (p.precision, p.recall)).collect::<Vec<_>>(),
        [(1.0, 1.0), (1.0, 0.0)]
    );
    let weighted = Ranking::evaluate_weighted(&[0, 1], &[0.5, 0.1], &[1.0, 0.0]).unwrap();
    assert_eq!(weighted.finish(), Err(Error::MissingClass { class: 1 }));
}

#[test]
fn a_bad_row_adds_nothing() {
    let mut ranking = Ranking::evaluate(&[0, 1], &[0.5, 0.7]).unwrap();
    let before = ranking.clone();
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        let expected = Error::NotFinite { input: Input::Prediction, row: 1, value };
        assert_eq!(ranking.push_batch(&[0, 1], &[0.5, value]), Err(expected));
    }
    let error = ranking.push(1, f64::NAN).unwrap_err();
    assert_eq!(error.to_string(), "prediction NaN in row 0 is not finite");
    let error = ranking.push_batch(&[1, 2], &[0.5, 0.5]).unwrap_err();
    assert_eq!(error.to_string(), "target label 2 in row 1 is not in 0..2");
    assert!(matches!(ranking.push_batch(&[1], &[0.5, 0.5]), Err(Error::LengthMismatch { .. })));
    assert_eq!(ranking, before);

    let mut ranking = Ranking::new_weighted();
    let error = ranking.push_batch_weighted(&[1, 0], &[0.5, 0.5], &[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "1 weights do not match 2 rows");
    let error = ranking.push_batch_weighted(&[1, 0], &[0.5, 0.5], &[1.0, -1.0]).unwrap_err();
    assert_eq!(error.to_string(), "weight -1 in row 1 is not finite and at least 0");
    assert_eq!(ranking, Ranking::new_weighted());
}

#[test]
fn one_vs_rest_reports_what_has_an_area() {
    let scores = arr2(&[[0.7, 0.2, 0.1], [0.1, 0.5, 0.4], [0.3, 0.4, 0.3], [0.6, 0.3, 0.1]]);
    let report = roc_auc_one_vs_rest(&[0, 1, 1, 0], &scores).unwrap();
    assert_eq!(report.classes, [Some(1.0), Some(1.0), None]);
    assert_eq!((report.macro_average, report.weighted_average), (None, Some(1.0)));
    let report = roc_auc_one_vs_rest(&[1, 1, 1, 1], &scores).unwrap();
    assert_eq!(report.classes, [None, None, None]);
    assert_eq!((report.macro_average, report.weighted_average), (None, None));

    let mut ranking = OneVsRest::new(3);
    assert_eq!(ranking.finish(), Err(Error::Empty));
    let mismatch = Error::ClassMismatch { expected: 3, found: 2 };
    assert_eq!(ranking.push(0, &[0.5, 0.5]), Err(mismatch.clone()));
    assert_eq!(ranking.merge(&OneVsRest::new(2)), Err(mismatch));
    let error = ranking.push(3, &[0.5, 0.5, 0.0]).unwrap_err();
    assert_eq!(error.to_string(), "target label 3 in row 0 is not in 0..3");
    assert!(matches!(ranking.push(0, &[0.5, f64::NAN, 0.0]), Err(Error::NotFinite { .. })));
    assert_eq!(ranking, OneVsRest::new(3));

    let mut halves = OneVsRest::evaluate(&[0, 1], scores.slice(ndarray::s![..2, ..])).unwrap();
    halves
        .merge(&OneVsRest::evaluate(&[2, 0], scores.slice(ndarray::s![2.., ..])).unwrap())
        .unwrap();
    assert_eq!(halves, OneVsRest::evaluate(&[0, 1, 2, 0], &scores).unwrap());
    assert_eq!(halves.classes(), 3);
}

#[test]
fn one_vs_rest_is_each_class_against_the_rest() {
    let mut u = Uniform(5);
    let rows = 500;
    let targets: Vec<usize> = (0..rows).map(|_| (u.draw() * u.draw() * 3.0) as usize).collect();
    let scores: Vec<f64> = (0..rows).flat_map(|_| u.distribution(3)).collect();
    let scores = Array2::from_shape_vec((rows, 3), scores).unwrap();
    let report = roc_auc_one_vs_rest(&targets, &scores).unwrap();
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (class, area) in report.classes.iter().enumerate() {
        let is_class: Vec<bool> = targets.iter().map(|&target| target == class).collect();
        assert_eq!(roc_auc(&is_class, scores.column(class)).ok(), *area);
        let support = is_class.iter().filter(|&&is_class| is_class).count() as f64;
        (sum, weighted) = (sum + area.unwrap(), weighted + support * area.unwrap());
    }
    assert!(close(report.macro_average.unwrap(), sum / 3.0));
    assert!(close(report.weighted_average.unwrap(), weighted / rows as f64));
    let ones = vec![1.0; rows];
    let weighted = OneVsRest::evaluate_weighted(&targets, &scores, &ones).unwrap();
    let weighted = weighted.finish().unwrap().macro_average.unwrap();
    assert!(close(weighted, report.macro_average.unwrap()));
}

#[test]
fn curves_of_weights_end_exactly_at_one() {
    let mut u = Uniform(11);
    let draw = |u: &mut Uniform| (0..1000).map(|_| u.draw()).collect::<Vec<f64>>();
    let (scores, weights) = (draw(&mut u), draw(&mut u));
    let targets: Vec<bool> = draw(&mut u).into_iter().map(|u| u < 0.5).collect();
    let ranking = Ranking::evaluate_weighted(&targets, &scores, &weights).unwrap();
    let curve = ranking.roc_curve(CurvePoints::All).unwrap();
    let end = curve[curve.len() - 1];
    assert_eq!((end.false_positive_rate, end.true_positive_rate), (1.0, 1.0));
    let curve = ranking.precision_recall_curve(CurvePoints::All).unwrap();
    assert_eq!(curve[0].recall, 1.0);
}

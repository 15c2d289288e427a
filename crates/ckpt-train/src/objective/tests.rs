//! The analytic gradient against central finite differences of the loss.
//!
//! Two published examples of this very model have the gradient's sign wrong (they take target minus
//! prediction as the residual and still subtract) and diverge. A sign error fails here at once.

use proptest::prelude::*;

use super::*;
use crate::model::LinearModel;

/// Targets that fit a loss: classes are made of numbers.
fn targets(loss: Loss, y: &[f64]) -> Vec<f64> {
    match loss {
        Loss::Squared => y.to_vec(),
        Loss::Logistic => y.iter().map(|y| f64::from(*y > 0.0)).collect(),
        Loss::Softmax(classes) => {
            y.iter().map(|y| (y.abs() * 10.0).floor() % classes as f64).collect()
        }
    }
}

/// The step of the differences where the loss is not quadratic: it balances their third-order error
/// with rounding.
const SMALL_STEP: f64 = 1.0 / 65_536.0;

/// The step of the differences. The loss is quadratic, so the differences are exact but for
/// rounding, and the step may be large.
const STEP: f64 = 0.125;

#[derive(Debug)]
struct Case {
    x: Vec<f64>,
    y: Vec<f64>,
    width: usize,
    params: Vec<f64>,
    l2: f64,
}

fn cases() -> impl Strategy<Value = Case> {
    (1..40_usize, 1..20_usize, prop_oneof![Just(0.0), 0.001..10.0]).prop_flat_map(
        |(rows, width, l2)| {
            let numbers = |count| prop::collection::vec(-10.0..10.0_f64, count);
            (numbers(rows * width), numbers(rows), numbers(width + 1))
                .prop_map(move |(x, y, params)| Case { x, y, width, params, l2 })
        },
    )
}

proptest! {
    #[test]
    fn gradient_is_the_slope_of_the_loss(case in cases(), standardize: bool) {
        let rows = Rows::new(&case.x, &case.y, case.width);
        let total = rows.total();
        let scaling = match standardize {
            true => Scaling::measure(rows, total).unwrap(),
            false => Scaling::identity(case.width),
        };
        let mut objective = LinearObjective::new(scaling, Loss::Squared, vec![case.l2; case.width]);
        let mut at = Evaluation::empty(case.params.len());
        objective.evaluate(rows, total, &case.params, &mut at).unwrap();
        for index in 0..case.params.len() {
            let mut loss = |step: f64| {
                let mut params = case.params.clone();
                params[index] += step;
                let sums = objective.losses(rows, &params).unwrap();
                objective.loss(sums, total, &params)
            };
            let (above, below) = (loss(STEP), loss(-STEP));
            let slope = (above - below) / (2.0 * STEP);
            let error = (at.gradient[index] - slope).abs();
            prop_assert!(error <= 1e-11 * (1.0 + above.max(below)), "{index}: {slope} {at:?}");
        }
    }

    #[test]
    fn gradients_of_classifiers_are_the_slopes_of_their_losses(case in cases(), classes in 1..5_usize) {
        // One class less stands for logistic regression.
        let loss = if classes == 1 { Loss::Logistic } else { Loss::Softmax(classes) };
        let y = targets(loss, &case.y);
        let weight: Vec<f64> = case.y.iter().map(|y| y.abs()).collect();
        let rows = Rows::new(&case.x, &y, case.width).weighted(Some(&weight));
        let total = rows.total();
        let scaling = Scaling::measure(rows, total).unwrap();
        let mut objective = LinearObjective::new(scaling, loss, vec![case.l2; case.width]);
        let count = objective.parameters();
        let params: Vec<f64> = case.params.iter().cycle().take(count).map(|p| p / 5.0).collect();
        let mut at = Evaluation::empty(count);
        objective.evaluate(rows, total, &params, &mut at).unwrap();
        for index in 0..count {
            let mut loss = |step: f64| {
                let mut params = params.clone();
                params[index] += step;
                let sums = objective.losses(rows, &params).unwrap();
                objective.loss(sums, total, &params)
            };
            let (above, below) = (loss(SMALL_STEP), loss(-SMALL_STEP));
            let slope = (above - below) / (2.0 * SMALL_STEP);
            let error = (at.gradient[index] - slope).abs();
            prop_assert!(error <= 1e-7 * (1.0 + above.max(below)), "{index}: {slope} {at:?}");
        }
    }

    #[test]
    fn the_model_on_raw_inputs_has_the_same_residuals(case in cases()) {
        let rows = Rows::new(&case.x, &case.y, case.width);
        let total = rows.total();
        let mut objective = {
            let scaling = Scaling::measure(rows, total).unwrap();
            LinearObjective::new(scaling, Loss::Squared, vec![0.0; case.width])
        };
        let sums = objective.losses(rows, &case.params).unwrap();
        let model = LinearModel::of(&objective, &case.params, &[]);
        let x = ndarray::ArrayView2::from_shape((rows.len(), case.width), &case.x).unwrap();
        let predictions = model.predict(x).unwrap();
        let squared: f64 = predictions.iter().zip(&case.y).map(|(p, y)| (p - y) * (p - y)).sum();
        prop_assert!((squared - sums.loss).abs() <= 1e-9 * sums.loss.max(1.0));
        let weight: Vec<f64> = model.weight.iter().copied().collect();
        let back = objective.params(&weight, &model.bias.to_vec());
        for (a, b) in back.iter().zip(&case.params) {
            prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{back:?} {:?}", case.params);
        }
    }
}

#[test]
fn the_loss_by_hand() {
    // Residuals 1 - 3 = -2 and 2 - 3 = -1; the penalty leaves the bias out.
    let rows = Rows::new(&[0.0, 1.0], &[3.0, 3.0], 1);
    let mut objective = LinearObjective::new(Scaling::<f64>::identity(1), Loss::Squared, vec![4.0]);
    let mut at = Evaluation::empty(2);
    objective.evaluate(rows, 2.0, &[1.0, 1.0], &mut at).unwrap();
    assert_eq!(at.loss, 5.0 / 4.0 + 4.0 / 2.0);
    assert_eq!(at.gradient, [-0.5 + 4.0, -1.5]);
    assert_eq!(at.norm, (3.5_f64 * 3.5 + 1.5 * 1.5).sqrt());
}

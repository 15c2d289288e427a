//! The analytic gradient against central finite differences of the loss.
//!
//! Two published examples of this very model have the gradient's sign wrong (they take target minus
//! prediction as the residual and still subtract) and diverge. A sign error fails here at once.

use proptest::prelude::*;

use super::*;

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
        let rows = Rows { x: &case.x, y: &case.y, width: case.width };
        let scaling = match standardize {
            true => Scaling::measure(rows).unwrap(),
            false => Scaling::identity(case.width),
        };
        let mut objective = Objective::new(scaling, vec![case.l2; case.width]);
        let mut at = Evaluation::empty(case.params.len());
        objective.evaluate(rows, &case.params, &mut at);
        for index in 0..case.params.len() {
            let mut loss = |step: f64| {
                let mut params = case.params.clone();
                params[index] += step;
                let sums = objective.residuals(rows, &params);
                objective.loss(sums, rows.len(), &params)
            };
            let (above, below) = (loss(STEP), loss(-STEP));
            let slope = (above - below) / (2.0 * STEP);
            let error = (at.gradient[index] - slope).abs();
            prop_assert!(error <= 1e-11 * (1.0 + above.max(below)), "{index}: {slope} {at:?}");
        }
    }

    #[test]
    fn the_model_on_raw_inputs_has_the_same_residuals(case in cases()) {
        let rows = Rows { x: &case.x, y: &case.y, width: case.width };
        let mut objective = Objective::new(Scaling::measure(rows).unwrap(), vec![0.0; case.width]);
        let sums = objective.residuals(rows, &case.params);
        let model = objective.model(&case.params);
        let x = ndarray::ArrayView2::from_shape((rows.len(), case.width), &case.x).unwrap();
        let predictions = model.predict(x).unwrap();
        let squared: f64 = predictions.iter().zip(&case.y).map(|(p, y)| (p - y) * (p - y)).sum();
        prop_assert!((squared - sums.squared).abs() <= 1e-9 * sums.squared.max(1.0));
        let back = objective.params(&model);
        for (a, b) in back.iter().zip(&case.params) {
            prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{back:?} {:?}", case.params);
        }
    }
}

#[test]
fn the_loss_by_hand() {
    // Residuals 1 - 3 = -2 and 2 - 3 = -1; the penalty leaves the bias out.
    let rows = Rows { x: &[0.0, 1.0], y: &[3.0, 3.0], width: 1 };
    let mut objective = Objective::new(Scaling::<f64>::identity(1), vec![4.0]);
    let mut at = Evaluation::empty(2);
    objective.evaluate(rows, &[1.0, 1.0], &mut at);
    assert_eq!(at.loss, 5.0 / 4.0 + 4.0 / 2.0);
    assert_eq!(at.gradient, [-0.5 + 4.0, -1.5]);
    assert_eq!(at.norm, (3.5_f64 * 3.5 + 1.5 * 1.5).sqrt());
}

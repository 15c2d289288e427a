//! L-BFGS, and the line search for its steps.

use crate::objective::Evaluation;
use crate::vector::{add, difference, dot, norm};

/// The decrease that a step must give, as a part of what the slope promises, and the part of the
/// slope that may be left (Nocedal and Wright, "Numerical Optimization", 2006, section 3.1).
const DECREASE: f64 = 1e-4;
const SLOPE: f64 = 0.9;

/// Evaluations of one line search; the bracket shrinks tenfold or more in three.
const EVALUATIONS: usize = 30;

/// The last steps and what they did to the gradient, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    pub(crate) steps: Vec<Vec<f64>>,
    pub(crate) changes: Vec<Vec<f64>>,
}

impl History {
    /// The direction in which to look for the next point: minus the inverse second derivative, as
    /// far as it is known, times the gradient (the two-loop recursion, algorithm 7.4).
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let pairs = || self.steps.iter().zip(&self.changes);
        let mut weights = Vec::with_capacity(self.steps.len());
        for (step, change) in pairs().rev() {
            let weight = dot(step, &direction) / dot(step, change);
            add(&mut direction, -weight, change);
            weights.push(weight);
        }
        if let Some((step, change)) = pairs().next_back() {
            let scale = dot(step, change) / dot(change, change);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for ((step, change), weight) in pairs().zip(weights.into_iter().rev()) {
            let other = dot(change, &direction) / dot(step, change);
            add(&mut direction, weight - other, step);
        }
        direction
    }

    /// Remembers a step, at most `limit` of them; one along which the slope did not grow says
    /// nothing of the curvature, and is left out.
    fn push(&mut self, step: Vec<f64>, change: Vec<f64>, limit: usize) {
        if dot(&step, &change) <= f64::EPSILON * norm(&step) * norm(&change) {
            return;
        }
        if self.steps.len() == limit {
            self.steps.remove(0);
            self.changes.remove(0);
        }
        self.steps.push(step);
        self.changes.push(change);
    }
}

/// The rounding error that a loss may have, relative and in units of the rows' type's epsilon.
const NOISE: f64 = 16.0;

/// The relative error of parameters, in the same units, under which L-BFGS ends where a step does not
/// help: well above what rounding leaves on ill-conditioned data.
pub(crate) const PRECISION: f64 = 256.0;

/// How a step is looked for.
pub(crate) struct Search {
    /// How many steps are remembered.
    pub(crate) limit: usize,
    /// The relative rounding error of a loss: differences below it say nothing.
    pub(crate) noise: f64,
    /// Where a step promises to lower the loss by no more than this, and does not shorten the
    /// gradient, only rounding is left.
    pub(crate) least: f64,
}

impl Search {
    /// A search that remembers `limit` steps, where numbers of this epsilon make losses of this
    /// size.
    pub(crate) fn new(limit: usize, epsilon: f64, loss: f64) -> Self {
        Self { limit, noise: NOISE * epsilon, least: (PRECISION * epsilon).powi(2) * loss }
    }
}

/// Takes one step from `params`, where `current` was evaluated, and leaves both at the new point.
///
/// Returns the step's length as a multiple of the direction; `None`, with nothing changed but the
/// history dropped, if no step lowers the loss any further. Trying again then gives `None` again.
pub(crate) fn lbfgs_step<E>(
    history: &mut History,
    search: &Search,
    params: &mut Vec<f64>,
    current: &mut Evaluation,
    mut evaluate: impl FnMut(&[f64], &mut Evaluation) -> Result<(), E>,
) -> Result<Option<f64>, E> {
    loop {
        let mut direction = history.direction(&current.gradient);
        if dot(&direction, &current.gradient) >= 0.0 {
            history.clone_from(&History::default());
            direction = history.direction(&current.gradient);
        }
        // The first step has no curvature to go by: it is at most of length 1.
        let start = if history.steps.is_empty() { 1.0_f64.min(1.0 / current.norm) } else { 1.0 };
        let line = Line { params, direction: &direction, from: current, noise: search.noise };
        if let Some((length, point, found)) = line.search(start, &mut evaluate)? {
            let step = direction.iter().map(|d| length * d).collect();
            let change = difference(&found.gradient, &current.gradient);
            // The loss falls by half of the slope along a step of length 1 where the history knows
            // the curvature, otherwise by what the curvature along this step says.
            let slope = -dot(&direction, &current.gradient);
            let newton = if history.steps.is_empty() {
                length * slope / dot(&direction, &change)
            } else {
                1.0
            };
            let promise = newton * slope / 2.0;
            let only_rounding = (0.0..=search.least).contains(&promise);
            if !only_rounding || found.norm < current.norm {
                history.push(step, change, search.limit);
                (*params, *current) = (point, found);
                return Ok(Some(length));
            }
        }
        if history.steps.is_empty() {
            return Ok(None);
        }
        history.clone_from(&History::default());
    }
}

/// A ray from a point downhill.
struct Line<'a> {
    params: &'a [f64],
    direction: &'a [f64],
    from: &'a Evaluation,
    noise: f64,
}

/// A step's length, the point it leads to, and what is known there.
type Found = (f64, Vec<f64>, Evaluation);

impl Line<'_> {
    /// Looks for a length that meets the Wolfe conditions; `None` if there is none within reach.
    ///
    /// All losses here are convex, so the slope along the ray grows: where it is negative the step
    /// is too short, where it is positive too long, and a secant of the slope finds the next try.
    fn search<E>(
        &self,
        start: f64,
        evaluate: &mut impl FnMut(&[f64], &mut Evaluation) -> Result<(), E>,
    ) -> Result<Option<Found>, E> {
        let slope = dot(self.direction, &self.from.gradient);
        if slope >= 0.0 {
            return Ok(None);
        }
        let (mut low, mut high) = ((0.0, slope), None);
        let mut length = start;
        let mut found = Evaluation::empty(self.params.len());
        for _ in 0..EVALUATIONS {
            let mut point = self.params.to_vec();
            add(&mut point, length, self.direction);
            evaluate(&point, &mut found)?;
            let after = dot(self.direction, &found.gradient);
            let is_finite = found.loss.is_finite() && after.is_finite();
            if is_finite
                && after.abs() <= -SLOPE * slope
                && self.is_lower(&found, length, slope, after)
            {
                return Ok(Some((length, point, found)));
            }
            if is_finite && after < 0.0 {
                low = (length, after);
            } else {
                high = Some((length, if is_finite { after } else { f64::INFINITY }));
            }
            length = next_length(low, high);
        }
        Ok(None)
    }

    /// Whether the loss fell enough: by its values, or, where their rounding hides it, by the
    /// slopes (Hager and Zhang, "A new conjugate gradient method", 2005, the approximate Wolfe
    /// conditions).
    fn is_lower(&self, found: &Evaluation, length: f64, slope: f64, after: f64) -> bool {
        let fell = found.loss <= self.from.loss + DECREASE * length * slope;
        let by_slopes = after <= (2.0 * DECREASE - 1.0) * slope && after >= SLOPE * slope;
        fell || (by_slopes && found.loss <= self.from.loss + self.noise * self.from.loss.abs())
    }
}

/// The next length to try: where the secant of the slopes is zero, kept within the bracket and away
/// from its ends, or, without an upper end, four times as far.
fn next_length(low: (f64, f64), high: Option<(f64, f64)>) -> f64 {
    let Some((far, slope)) = high else {
        return 4.0 * low.0;
    };
    let width = far - low.0;
    let part = if slope.is_finite() { -low.1 / (slope - low.1) } else { 0.1 };
    low.0 + width * part.clamp(0.05, 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1/2 sum k_i (w_i - 1)^2`, of which the second derivative is diagonal.
    fn quadratic(curvatures: &[f64], params: &[f64], at: &mut Evaluation) {
        let terms = || curvatures.iter().zip(params).map(|(k, w)| (k, w - 1.0));
        at.loss = terms().map(|(k, d)| k * d * d / 2.0).sum();
        at.gradient = terms().map(|(k, d)| k * d).collect();
        at.norm = norm(&at.gradient);
    }

    #[test]
    fn reaches_the_minimum_of_a_quadratic_and_then_stops() {
        let curvatures = [0.01, 0.1, 1.0, 30.0, 100.0];
        let mut evaluate = |params: &[f64], at: &mut Evaluation| {
            quadratic(&curvatures, params, at);
            Ok::<(), std::convert::Infallible>(())
        };
        let (mut history, mut params) = (History::default(), vec![0.0; 5]);
        let mut current = Evaluation::empty(5);
        evaluate(&params, &mut current).unwrap();
        let search = Search { limit: 10, noise: 1e-15, least: 1e-28 };
        let mut steps = 0;
        while current.norm > 1e-10 {
            let found = lbfgs_step(&mut history, &search, &mut params, &mut current, &mut evaluate);
            assert!(found.unwrap().is_some(), "{current:?}");
            steps += 1;
            assert!(steps < 60 && history.steps.len() <= 10);
        }
        assert!(params.iter().all(|w| (w - 1.0).abs() < 1e-6), "{params:?}");
        // At the very minimum there is nowhere to go.
        let mut exact = vec![1.0; 5];
        evaluate(&exact, &mut current).unwrap();
        let found = lbfgs_step(&mut history, &search, &mut exact, &mut current, &mut evaluate);
        assert_eq!((found.unwrap(), exact), (None, vec![1.0; 5]));
    }

    #[test]
    fn the_direction_of_one_pair_is_newtons_along_it() {
        let mut history = History::default();
        history.push(vec![1.0, 0.0], vec![4.0, 0.0], 3);
        assert_eq!(history.direction(&[8.0, 8.0]), [-2.0, -2.0]);
        // No curvature seen: nothing is learnt.
        history.push(vec![1.0, 0.0], vec![-1.0, 0.0], 3);
        assert_eq!(history.steps.len(), 1);
    }

    #[test]
    fn tries_stay_within_the_bracket() {
        assert_eq!(next_length((0.5, -1.0), None), 2.0);
        assert_eq!(next_length((0.0, -1.0), Some((1.0, 1.0))), 0.5);
        assert_eq!(next_length((1.0, -1.0), Some((2.0, f64::INFINITY))), 1.1);
        assert_eq!(next_length((0.0, -1e-9), Some((1.0, 1.0))), 0.05);
    }
}

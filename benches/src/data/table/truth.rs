//! What the targets are made by.

use super::{linear::dot, random::Draws};

/// The true coefficients: those of a regression, or those of each class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Truth {
    /// One per output.
    pub(super) intercepts: Vec<f64>,
    /// Outputs x features.
    weights: Vec<f64>,
    is_class: bool,
    noise: f64,
}

impl Truth {
    /// Draws standard normal coefficients: the intercepts, then the weights output by output.
    pub(super) fn draw(
        features: usize,
        classes: Option<usize>,
        noise: f64,
        draws: &mut Draws,
    ) -> Self {
        let outputs = classes.unwrap_or(1);
        let intercepts = (0..outputs).map(|_| draws.normal()).collect();
        let weights = (0..outputs * features).map(|_| draws.normal()).collect();
        Self { intercepts, weights, is_class: classes.is_some(), noise }
    }

    /// Returns the weights of an output.
    pub(super) fn weights(&self, output: usize) -> &[f64] {
        let features = self.weights.len() / self.intercepts.len();
        &self.weights[output * features..][..features]
    }

    /// Draws the target of a row.
    ///
    /// A regression's noise is normal. A class is the one with the largest of its outputs, each
    /// with Gumbel noise, so that its chances are the softmax of the outputs divided by `noise`.
    pub(super) fn target(&self, row: &[f64], draws: &mut Draws) -> f64 {
        let output = |index: usize| self.intercepts[index] + dot(row, self.weights(index));
        if !self.is_class {
            return output(0) + self.noise * draws.normal();
        }
        let mut best = (0, f64::NEG_INFINITY);
        for class in 0..self.intercepts.len() {
            let noisy = output(class) + self.noise * draws.gumbel();
            if noisy > best.1 {
                best = (class, noisy);
            }
        }
        best.0 as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_come_as_often_as_softmax_says() {
        let mut draws = Draws::new(1, 0);
        let truth = Truth::draw(2, Some(3), 0.5, &mut draws);
        let row = [0.3, -0.4];
        let exponential = |class: usize| {
            ((truth.intercepts[class] + dot(&row, truth.weights(class))) / 0.5).exp()
        };
        let total: f64 = (0..3).map(exponential).sum();
        let mut counts = [0.0; 3];
        for _ in 0..20_000 {
            counts[truth.target(&row, &mut draws) as usize] += 1.0 / 20_000.0;
        }
        for (class, found) in counts.into_iter().enumerate() {
            // Five standard deviations of a binomial share are at most 0.018.
            assert!((found - exponential(class) / total).abs() < 0.018, "{class}: {found}");
        }
    }
}

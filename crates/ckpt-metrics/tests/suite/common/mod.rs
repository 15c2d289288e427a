//! Random inputs that tests and `record_sklearn.py` draw alike.

/// Knuth's MMIX generator of uniform numbers in [0, 1).
pub(crate) struct Uniform(pub(crate) u64);

impl Uniform {
    /// Draws the next number.
    pub(crate) fn draw(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a distribution over `classes` classes.
    pub(crate) fn distribution(&mut self, classes: usize) -> Vec<f64> {
        let weights: Vec<f64> = (0..classes).map(|_| self.draw()).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }
}

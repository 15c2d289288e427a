//! Fits a model of one's own: counts by Poisson regression.
//!
//! Run with `cargo run --package ckpt-train --example poisson`.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::ops::Range;

use ckpt_train::{Objective, Optimizer, TrainError, Trainer, TrainerSettings, mean_over};

/// Counts `y` with mean `exp(w x + b)`; the loss of a row is `exp(z) - y z`, its negative
/// log-likelihood but for a constant.
struct Poisson {
    x: Vec<[f64; 2]>,
    y: Vec<f64>,
}

impl Objective for Poisson {
    fn parameters(&self) -> usize {
        3
    }

    fn rows(&self) -> usize {
        self.y.len()
    }

    fn evaluate(
        &mut self,
        rows: Range<usize>,
        w: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, TrainError> {
        Ok(mean_over(rows, gradient, |row, gradient| {
            let ([a, b], y) = (self.x[row], self.y[row]);
            let z = w[0] * a + w[1] * b + w[2];
            let residual = z.exp() - y;
            for (g, x) in gradient.iter_mut().zip([a, b, 1.0]) {
                *g += residual * x;
            }
            z.exp() - y * z
        }))
    }
}

fn main() -> Result<(), TrainError> {
    // Counts of a thousand days, without noise: exp(0.3 a - 0.2 b + 1), rounded.
    let x: Vec<[f64; 2]> = (0..1000).map(|day| [f64::from(day % 7), f64::from(day % 12)]).collect();
    let y = x.iter().map(|[a, b]| (0.3 * a - 0.2 * b + 1.0).exp().round()).collect();

    let settings = TrainerSettings { tolerance: 1e-9, ..TrainerSettings::default() };
    for epoch in Trainer::new(Poisson { x, y }, Optimizer::LBFGS.rule(3)?, settings)? {
        let epoch = epoch?;
        println!("epoch {:2}  loss {:.6}  {:.3?}", epoch.number, epoch.loss, epoch.params);
    }
    Ok(())
}

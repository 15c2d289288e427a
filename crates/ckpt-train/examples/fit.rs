//! Fits house prices, stops half-way, resumes, and compares with the exact solution.
//!
//! Run with `cargo run --package ckpt-train --example fit`.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use ckpt_train::{Config, Dataset, LinearTrainer, TrainState};
use ndarray::{Array2, Axis};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Area and number of rooms of sixty houses.
    let x = Array2::from_shape_fn((60, 2), |(house, column)| match column {
        0 => 40.0 + (house * 37 % 101) as f64,
        _ => 1.0 + (house * 7 % 5) as f64,
    });
    let y = x.map_axis(Axis(1), |house| 25.0 + 3.1 * house[0] - 4.0 * house[1]);
    let dataset = Dataset::new(x, y)?;

    let half = Config { epochs: 5, ..Config::default() };
    let mut saved = Vec::new();
    for epoch in LinearTrainer::new(&dataset, half)? {
        let epoch = epoch?;
        let loss = epoch.metrics.get("loss").unwrap_or(f64::NAN);
        println!("epoch {:2}  loss {loss:.3e}", epoch.number);
        saved = epoch.state.arrays();
    }

    let whole = Config { epochs: 1000, tolerance: 1e-10, ..half };
    let state = TrainState::from_arrays(saved)?;
    let trainer = LinearTrainer::resume(&dataset, whole, &state)?;
    let exact = trainer.closed_form()?;
    if let Some(last) = trainer.last() {
        let last = last?;
        println!("epoch {}  {:?}", last.number, last.stop);
        println!("trained  {:?} + {}", last.model.weight, last.model.bias);
    }
    println!("exact    {:?} + {}", exact.weight, exact.bias);
    Ok(())
}

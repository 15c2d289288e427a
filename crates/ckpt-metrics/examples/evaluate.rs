//! Evaluates a regression and a classification: `cargo run -p ckpt-metrics --example evaluate`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use ckpt_metrics::{Confusion, Regression, categorical_cross_entropy};
use ndarray::{Array1, arr2};

fn main() -> ckpt_metrics::Result<()> {
    regression()?;
    classification()
}

/// Batches arrive one after another; the report is of all rows.
fn regression() -> ckpt_metrics::Result<()> {
    let mut errors = Regression::new();
    for batch in 0..3 {
        let area = Array1::linspace(50.0 + f64::from(batch), 200.0, 1000);
        let price = area.mapv(|a| 3000.0 * a + 20_000.0);
        let predicted = area.mapv(|a| 2950.0 * a + 25_000.0);
        errors.push_batch(&price, &predicted)?;
    }
    let report = errors.finish()?;
    println!("rows  {}", report.rows);
    println!("RMSE  {:.2}", report.rmse);
    println!("MAE   {:.2}", report.mae);
    if let Some(r2) = report.r2 {
        println!("R2    {r2:.6}");
    }
    Ok(())
}

/// Class probabilities give a loss; the classes they favour give a confusion matrix.
fn classification() -> ckpt_metrics::Result<()> {
    let targets = [0, 1, 2, 2];
    let predictions = [0, 1, 2, 1];
    let probabilities = arr2(&[[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.1, 0.5, 0.4]]);
    println!("loss  {:.4} nats", categorical_cross_entropy(&targets, &probabilities)?);

    let report = Confusion::evaluate(3, &targets, &predictions)?.finish()?;
    println!("accuracy {:.2}, macro F1 {:.4}", report.accuracy, report.macro_average.f1);
    for class in &report.classes {
        let s = class.scores;
        let (precision, recall) = (s.precision, s.recall);
        println!("class {}: precision {precision:.2}, recall {recall:.2}", class.class);
    }
    Ok(())
}

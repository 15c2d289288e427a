//! Metrics of a million rows. `cargo xtask bench metrics` sets them against scikit-learn.

use std::hint::black_box;

use ckpt_benches::{class_columns, number_columns, score_column, steady};
use ckpt_metrics::{Confusion, Regression, accuracy, binary_cross_entropy, roc_auc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ROWS: usize = 1_000_000;
const CLASSES: usize = 10;

fn metrics(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("metrics");
    group.throughput(Throughput::Elements(ROWS as u64));
    let (targets, predictions) = number_columns(ROWS);
    group.bench_function("regression_1m", |bencher| {
        bencher.iter(|| {
            Regression::evaluate(black_box(&targets), black_box(&predictions))
                .and_then(|errors| errors.finish())
                .expect("every number is finite")
        });
    });
    let (targets, predictions) = class_columns(ROWS, CLASSES as u64);
    group.bench_function("confusion_1m", |bencher| {
        bencher.iter(|| {
            Confusion::evaluate(CLASSES, black_box(&targets), black_box(&predictions))
                .and_then(|confusion| confusion.finish())
                .expect("every label is a class")
        });
    });
}

fn scores(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("metrics");
    group.throughput(Throughput::Elements(ROWS as u64));
    let (labels, guesses) = class_columns(ROWS, 2);
    let scores = score_column(&labels);
    let ties: Vec<f64> = scores.iter().map(|score| (score * 1000.0).round() / 1000.0).collect();
    group.bench_function("accuracy_1m", |bencher| {
        bencher.iter(|| accuracy(black_box(&labels), black_box(&guesses)).expect("labels match"));
    });
    group.bench_function("log_loss_1m", |bencher| {
        bencher.iter(|| {
            binary_cross_entropy(black_box(&labels), black_box(&scores))
                .expect("scores are probabilities")
        });
    });
    for (name, scores) in [("roc_auc_1m", &scores), ("roc_auc_ties_1m", &ties)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                roc_auc(black_box(&labels), black_box(scores)).expect("both classes occur")
            });
        });
    }
}

criterion_group!(name = benches; config = steady(); targets = metrics, scores);
criterion_main!(benches);

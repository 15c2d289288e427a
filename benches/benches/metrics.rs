//! Metrics of a million rows.

use std::hint::black_box;

use ckpt_benches::{class_columns, number_columns, steady};
use ckpt_metrics::{Confusion, Regression};
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

criterion_group!(name = benches; config = steady(); targets = metrics);
criterion_main!(benches);

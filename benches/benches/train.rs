//! Training: one epoch of full-batch Nesterov with its metrics and its state.

use ckpt_benches::{regression_table, steady};
use ckpt_train::{Config, LinearTrainer};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn epochs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("train");
    for (rows, columns) in [(442, 10), (20_000, 64)] {
        let dataset = regression_table(rows, columns);
        let config = Config { epochs: u64::MAX, ..Config::default() };
        let mut trainer = LinearTrainer::new(&dataset, config).expect("the settings are sound");
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(format!("epoch_{rows}x{columns}"), |bencher| {
            bencher.iter(|| trainer.next().expect("no limit is near").expect("it converges"));
        });
    }
}

criterion_group!(name = benches; config = steady(); targets = epochs);
criterion_main!(benches);

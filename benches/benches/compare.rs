//! Comparisons: two versions of 32 MiB that differ in every weight.

use ckpt_benches::{CHECKPOINT_LEN, Scratch, brief, commit, tensors};
use ckpt_store::Contents;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn compare(criterion: &mut Criterion) {
    let scratch = Scratch::new(env!("CARGO_TARGET_TMPDIR"));
    let version = |steps| commit(&scratch.repository, Contents::Tensors(tensors(steps))).version;
    let (a, b) = (version(0), version(1));
    let mut group = criterion.benchmark_group("compare");
    // Both are read.
    group.throughput(Throughput::Bytes(2 * CHECKPOINT_LEN as u64));
    group.bench_function("changed_32_mib", |bencher| {
        bencher.iter_batched(
            || (a.clone(), b.clone()),
            |(a, b)| scratch.repository.compare(a, b).expect("the repository is whole"),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(name = benches; config = brief(); targets = compare);
criterion_main!(benches);

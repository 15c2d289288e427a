//! Content hashing: one leaf, and a tree of 64 of them on one core and on all.

use std::hint::black_box;

use ckpt_benches::{MIB, Random, steady};
use ckpt_hash::{LEAF_LEN, leaf_hash, par_tree_hash, tree_hash};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn hash(criterion: &mut Criterion) {
    let bytes = Random::new(1).bytes(64 * MIB);
    let mut group = criterion.benchmark_group("hash");
    group.throughput(Throughput::Bytes(LEAF_LEN as u64));
    let leaf = &bytes[..LEAF_LEN];
    group.bench_function("leaf_1_mib", |bencher| bencher.iter(|| leaf_hash(black_box(leaf))));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("tree_64_mib", |bencher| bencher.iter(|| tree_hash(black_box(&bytes))));
    group.bench_function("par_tree_64_mib", |bencher| {
        bencher.iter(|| par_tree_hash(black_box(&bytes)));
    });
}

criterion_group!(name = benches; config = steady(); targets = hash);
criterion_main!(benches);

//! The speed of the machine itself, which the other benches are set in relation to.

use std::hint::black_box;

use ckpt_benches::{MIB, steady};
use ckpt_hash::{LEAF_LEN, leaf_hash};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;

/// Bytes to read: several times the largest cache of most machines.
const READ_LEN: usize = 256 * MIB;

/// Words that one task sums: few tasks, but enough to keep every core busy to the end.
const TASK_WORDS: usize = MIB / 8;

/// Reads memory on all cores by summing it.
fn read(criterion: &mut Criterion) {
    let words: Vec<u64> = (0..READ_LEN as u64 / 8).collect();
    let mut group = criterion.benchmark_group("machine");
    group.throughput(Throughput::Bytes(READ_LEN as u64));
    group.bench_function("read", |bencher| {
        let sum = |part: &[u64]| part.iter().fold(0, |sum: u64, word| sum.wrapping_add(*word));
        bencher.iter(|| {
            black_box(&words[..]).par_chunks(TASK_WORDS).map(sum).reduce(|| 0, u64::wrapping_add)
        });
    });
}

/// Hashes a leaf of 1 MiB on one core.
fn sha256(criterion: &mut Criterion) {
    let leaf = vec![0x5a; LEAF_LEN];
    let mut group = criterion.benchmark_group("machine");
    group.throughput(Throughput::Bytes(LEAF_LEN as u64));
    group.bench_function("sha256", |bencher| bencher.iter(|| leaf_hash(black_box(&leaf))));
}

criterion_group!(name = benches; config = steady(); targets = read, sha256);
criterion_main!(benches);

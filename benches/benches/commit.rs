//! Commits: new content, the same again, and a tiny checkpoint; durable when they return.

use std::sync::Arc;

use ckpt_benches::{
    CHECKPOINT_LEN, Scratch, brief, commit, file_contents, tiny_tensors, write_checkpoint,
};
use ckpt_store::{Contents, Repository};
use ckpt_testkit::disks::MemDisk;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main, measurement::WallTime,
};

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

/// Each commit is measured in a repository of its own, so that none pays for those before it.
fn commits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("commit");
    group.sampling_mode(SamplingMode::Flat);
    tiny(&mut group);
    tiny_in_memory(&mut group);
    group.throughput(Throughput::Bytes(CHECKPOINT_LEN as u64));
    files(&mut group);
}

/// The second version of a model with eleven numbers: what a commit costs in addition to its bytes.
fn tiny(group: &mut BenchmarkGroup<'_, WallTime>) {
    let setup = || {
        let scratch = Scratch::new(FOLDER);
        commit(&scratch.repository, Contents::Tensors(tiny_tensors(1)));
        (scratch, Contents::Tensors(tiny_tensors(2)))
    };
    group.bench_function("tiny", |bencher| {
        bencher.iter_batched(setup, commit_into, BatchSize::PerIteration);
    });
}

/// The same without a disk to wait for: what the records and the ref take of it.
fn tiny_in_memory(group: &mut BenchmarkGroup<'_, WallTime>) {
    let setup = || {
        let repository = Repository::init_on(Arc::new(MemDisk::new())).expect("an empty disk");
        commit(&repository, Contents::Tensors(tiny_tensors(1)));
        (repository, Contents::Tensors(tiny_tensors(2)))
    };
    let routine = |(repository, contents)| {
        commit(&repository, contents);
        repository
    };
    group.bench_function("tiny_in_memory", |bencher| {
        bencher.iter_batched(setup, routine, BatchSize::SmallInput);
    });
}

/// A safetensors file of 32 MiB, which the page cache holds.
fn files(group: &mut BenchmarkGroup<'_, WallTime>) {
    let source = Scratch::new(FOLDER);
    write_checkpoint(source.path(), "model.safetensors", 0);
    let file = source.path().join("model.safetensors");
    group.bench_function("new_32_mib", |bencher| {
        let setup = || (Scratch::new(FOLDER), file_contents(&file));
        bencher.iter_batched(setup, commit_into, BatchSize::PerIteration);
    });
    group.bench_function("unchanged_32_mib", |bencher| {
        let setup = || {
            let scratch = Scratch::new(FOLDER);
            commit(&scratch.repository, file_contents(&file));
            (scratch, file_contents(&file))
        };
        bencher.iter_batched(setup, commit_into, BatchSize::PerIteration);
    });
}

/// Commits and gives the repository back, whose removal is not measured.
fn commit_into((scratch, contents): (Scratch, Contents)) -> Scratch {
    commit(&scratch.repository, contents);
    scratch
}

criterion_group!(name = benches; config = brief(); targets = commits);
criterion_main!(benches);

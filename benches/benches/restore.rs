//! Restores of 32 MiB: every block is checked against its hash on the way.

use ckpt_benches::{CHECKPOINT_LEN, Scratch, brief, commit, file_contents, write_checkpoint};
use ckpt_store::{
    Repository, RestoreOptions, VersionInfo,
    disk::{Disk, RealDisk},
};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use tempfile::{TempDir, tempdir_in};

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

/// A safetensors file into a new folder, as `cp` would write it: without a sync.
fn restores(criterion: &mut Criterion) {
    let scratch = Scratch::new(FOLDER);
    write_checkpoint(scratch.path(), "model.safetensors", 0);
    let contents = file_contents(&scratch.path().join("model.safetensors"));
    let record = commit(&scratch.repository, contents).version.record;
    let setup = || tempdir_in(FOLDER).expect("the build's folder can be written");
    let mut group = criterion.benchmark_group("restore");
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Bytes(CHECKPOINT_LEN as u64));
    group.bench_function("verified_32_mib", |bencher| {
        let routine = |folder: TempDir| {
            let target = RealDisk::new(folder.path());
            restore(&scratch.repository, &record, &target);
            folder
        };
        bencher.iter_batched(setup, routine, BatchSize::PerIteration);
    });
}

fn restore(repository: &Repository, record: &VersionInfo, target: &dyn Disk) {
    let plan = repository
        .plan_restore(record, target, &RestoreOptions::default())
        .expect("the target is empty");
    repository.apply_restore(&plan, target).expect("the repository is whole");
}

criterion_group!(name = benches; config = brief(); targets = restores);
criterion_main!(benches);

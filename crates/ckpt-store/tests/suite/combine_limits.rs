//! What merging takes: memory, reads, and what becomes of it when the disk fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io::ErrorKind, sync::Arc};

use crate::common::{
    by_hand::{Object, plant},
    configure, main_branch, one_thread,
    records::{VersionRecord, record_of},
    signature,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Commit, Contents, Draft, Error, MergeOptions, Parents, Policy, PruneOptions, RefName,
    Repository, Result, Role, Silent, Strategies, Tensor, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::{CrashImage, FailingDisk, Fault, MemDisk, counting},
    peak::peak,
};

/// A tensor of pseudo-random numbers near 1.
fn tensor(name: &str, len: usize, seed: u32) -> Tensor {
    let mut word = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        (1.0 + (word >> 9) as f32 / 8_388_608.0).to_le_bytes()
    };
    let bytes: Vec<u8> = (0..len / 4).flat_map(|_| next()).collect();
    Tensor::new(name, Dtype::F32, [len as u64 / 4], Role::Weights, bytes).unwrap()
}

/// Commits a base, ours on `main` and theirs on `side`: tensor `w` of `len` bytes differs in all, and
/// some small ones are the same.
fn fork(repo: &Repository, len: usize, frozen: usize) -> Result<(VersionId, VersionId)> {
    let draft = |seed: u32| {
        let frozen = (0..frozen).map(|n| tensor(&format!("frozen{n}"), 1024, 100 + n as u32));
        let contents = Contents::Tensors(frozen.chain([tensor("w", len, seed)]).collect());
        Draft::new(contents, signature())
    };
    let base = repo.commit(&main_branch(), &draft(1))?.version.id;
    let theirs = draft(2).with_parents(Parents::NewBranch(vec![base]));
    let theirs = repo.commit(&RefName::branch("side")?, &theirs)?.version.id;
    Ok((repo.commit(&main_branch(), &draft(3))?.version.id, theirs))
}

fn merge(repo: &Repository, ours: VersionId, theirs: VersionId, strategy: &str) -> Result<Commit> {
    let default = Some(strategy.parse().unwrap());
    let strategies = Strategies { default, rules: Vec::new() };
    let options = MergeOptions::default().with_strategies(strategies);
    let plan = repo.plan_merge(ours, theirs, options)?;
    repo.merge_versions(&main_branch(), &plan, Draft::new(Contents::Nothing, signature()))
}

#[test]
fn memory_does_not_grow_with_the_tensor() {
    let pool = one_thread();
    for strategy in ["average", "ties", "slerp"] {
        let take = |len: usize| {
            let folder = tempfile::tempdir().unwrap();
            let repo = Repository::init(folder.path()).unwrap().with_block_cache(0);
            let (ours, theirs) = fork(&repo, len, 1).unwrap();
            // All of it happens on the one thread of the pool, whose memory is counted.
            pool.install(|| peak(|| drop(merge(&repo, ours, theirs, strategy).unwrap())))
        };
        let (small, large) = (take(26 << 20), take(36 << 20));
        assert!(large < small + (1 << 20), "{strategy}: {small}, then {large} bytes");
        assert!(large < 64 << 20, "{strategy}: {large} bytes");
    }
}

#[test]
fn what_nobody_merges_is_not_read() {
    let reads = |frozen: usize| {
        let disk = MemDisk::new();
        let repo = Repository::init_on(Arc::new(disk.clone())).unwrap();
        configure(&disk, "[packs]\nmerge = false\n");
        let (ours, theirs) = fork(&repo, 256 << 10, frozen).unwrap();
        let (counted, counts) = counting(&disk, "packs/");
        let repo = Repository::open_on(counted).unwrap();
        counts.take();
        let merge = || merge(&repo, ours, theirs, "average");
        let merged = one_thread().install(merge).unwrap();
        let (_, reads) = counts.take();
        let tensors = repo.checkpoint(&merged.version.record).unwrap().tensors;
        assert_eq!(tensors.len(), frozen + 1);
        reads
    };
    assert_eq!(reads(1), reads(60));
}

#[test]
fn a_disk_that_fails_leaves_the_branch_where_it_was() {
    let prepared = MemDisk::new();
    let repo = Repository::init_on(Arc::new(prepared.clone())).unwrap();
    let (ours, theirs) = fork(&repo, 32 << 10, 1).unwrap();
    drop(repo);
    let run = |fault: Fault| {
        let inner = prepared.crash(CrashImage::Written);
        let disk = Arc::new(FailingDisk::new(Arc::new(inner.clone()), fault));
        let repo = Repository::open_on(Arc::clone(&disk) as Arc<dyn Disk>).unwrap();
        let merged = merge(&repo, ours, theirs, "average");
        (inner, merged, disk.changes())
    };
    let (_, merged, changes) = run(Fault::Never);
    let merged = merged.unwrap().version.id;
    assert!(changes > 5, "a merge makes {changes} changes");
    for at in 0..changes {
        for fault in [Fault::Cut { at }, Fault::Once { at, kind: ErrorKind::StorageFull }] {
            let (inner, result, _) = run(fault);
            let left = Repository::open_on(Arc::new(inner.crash(CrashImage::Written))).unwrap();
            assert!(left.verify(&Silent).unwrap().is_ok(), "{fault:?}");
            let found = left.target(&main_branch()).unwrap();
            let is_done = found == Some(merged);
            assert!(is_done || found == Some(ours), "{fault:?}: {found:?}");
            assert!(is_done || result.is_err(), "{fault:?}");
            if found == Some(ours) {
                assert_eq!(merge(&left, ours, theirs, "average").unwrap().version.id, merged);
            }
        }
    }
}

#[test]
fn content_that_was_removed_is_missed_only_where_it_is_needed() {
    let repo = Repository::init_on(Arc::new(MemDisk::new())).unwrap();
    let (ours, theirs) = fork(&repo, 4096, 1).unwrap();
    let base = repo.merge_base(ours, theirs).unwrap().unwrap();
    let policy = Policy { keep_last: Some(1), ..Policy::default() };
    let report = repo.prune(&PruneOptions::new(policy, signature()));
    assert_eq!(report.unwrap().versions, [base]);
    for strategy in ["ties", "task-arithmetic"] {
        let error = merge(&repo, ours, theirs, strategy).unwrap_err();
        assert!(matches!(error, Error::Removed(removed) if removed.version == base));
    }
    let merged = merge(&repo, ours, theirs, "average").unwrap().version;
    assert_eq!(repo.replay_merge(&merged).unwrap(), merged.record.model);
}

#[test]
fn a_tensor_that_lies_about_its_length_is_damage() {
    let disk = MemDisk::new();
    let repo = Repository::init_on(Arc::new(disk.clone())).unwrap();
    let (ours, theirs) = fork(&repo, 4096, 1).unwrap();
    let theirs = repo.version(&theirs).unwrap().record;
    let mut checkpoint = repo.checkpoint(&theirs).unwrap();
    checkpoint.tensors[1].len = 8192;
    let (checkpoint, id) = Object::checkpoint(&checkpoint);
    let (version, lying) = Object::version(&VersionRecord { checkpoint: id, ..record_of(&theirs) });
    plant(&disk, vec![checkpoint, version]);
    let repo = Repository::open_on(Arc::new(disk)).unwrap();
    let error = merge(&repo, ours, lying, "average").unwrap_err().to_string();
    let expected = "its tensor w has 8192 bytes where its shape needs 4096";
    assert!(error.ends_with(expected), "{error}");
}

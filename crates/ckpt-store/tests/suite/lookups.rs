//! What it costs to find objects, in files opened and reads made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::records::VersionRecord;
use crate::common::{
    by_hand::{Object, plant, version},
    draft, main_branch, one_thread, open, repository, unmerged,
};
use ckpt_hash::{CheckpointId, Digest, RecipeId, VersionId};
use ckpt_store::{
    Contents, RefName, Repository, RestoreAction, RestoreOptions, Role, Silent, Tensor,
    VerifyReport, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::{MemDisk, counting};

/// Verifies on one thread, so that the reads which it takes are certain.
fn verify(repo: &Repository) -> VerifyReport {
    one_thread().install(|| repo.verify(&Silent)).unwrap()
}

#[test]
fn many_small_packs_cost_one_read_each_and_nothing_afterwards() {
    const PACKS: u64 = 200;
    let (disk, repo) = unmerged();
    let commit = |seed: u64| repo.commit(&main_branch(), &draft(seed as f64)).unwrap().version.id;
    let ids: Vec<VersionId> = (1..=PACKS).map(commit).collect();
    let (disk, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(disk).unwrap();
    assert_eq!(counts.take(), (PACKS, PACKS));
    repo.version(&ids[0]).unwrap();
    assert_eq!(counts.take(), (1, 1));
    repo.commit(&main_branch(), &draft(1000.0)).unwrap();
    let (opens, _) = counts.take();
    assert!(opens < 20, "a commit opened {opens} packs");
    assert!(verify(&repo).is_ok());
    let (opens, _) = counts.take();
    assert!(opens < 12 * PACKS, "a verification opened {opens} packs");
}

/// Opens a pack of versions among many blocks; counts the reads of the index that each takes.
fn reads_per_lookup(versions: Vec<Object>, blocks: impl Iterator<Item = Digest>) -> Vec<u64> {
    let (disk, _) = repository();
    let ids = versions.iter().map(|version| VersionId::from_digest(version.digest));
    let ids: Vec<VersionId> = ids.collect();
    let blocks = blocks.map(|digest| Object { digest, ..Object::block(&[]) });
    plant(&disk, versions.into_iter().chain(blocks).collect());
    let (disk, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(disk).unwrap();
    counts.take();
    let read = |id: &VersionId| {
        repo.version(id).unwrap();
        // The last read is that of the version itself.
        counts.take_reads() - 1
    };
    let reads = ids.iter().map(read).collect();
    assert_eq!(counts.take().0, 1, "it is opened once");
    reads
}

/// Versions without content.
fn versions(count: u64) -> Vec<Object> {
    let made = |number| {
        let (checkpoint, recipe) = (Digest::of(b"checkpoint"), Digest::of(b"recipe"));
        let ids = (CheckpointId::from_digest(checkpoint), RecipeId::from_digest(recipe));
        Object::version(&VersionRecord { number, ..version(ids.0, ids.1) }).0
    };
    (1..=count).map(made).collect()
}

#[test]
fn a_lookup_takes_one_or_two_reads_however_large_the_pack_is() {
    for (entries, mean) in [(1_100_u64, 1.1), (10_000, 1.7), (100_000, 2.0), (1_000_000, 2.1)] {
        let blocks = (0..entries).map(|n| Digest::of(&n.to_le_bytes()));
        let reads = reads_per_lookup(versions(200), blocks);
        let found = reads.iter().sum::<u64>() as f64 / reads.len() as f64;
        assert!(found <= mean, "{entries} entries: {found} reads");
        assert!(reads.iter().all(|reads| *reads <= 3), "{entries} entries: {reads:?}");
    }
}

#[test]
fn a_lookup_among_digests_that_were_chosen_takes_logarithmically_many_reads() {
    let count = 1 << 16;
    for shared in [0, 1, 7, 8, 16, 24] {
        let version = versions(1);
        // Digests that start as the version's does: all on one side, or on both.
        let near = |n: u64| {
            let mut bytes = *version[0].digest.as_bytes();
            bytes[shared] = if n.is_multiple_of(2) { 0 } else { 255 };
            bytes[24..].copy_from_slice(&n.to_be_bytes());
            Digest::from_bytes(bytes)
        };
        let reads = reads_per_lookup(versions(1), (0..count).map(near));
        // Ten halvings leave half a page of the index.
        assert!(reads[0] <= 2 * 10 + 2, "{shared} bytes shared: {reads:?}");
    }
}

#[test]
fn the_start_of_an_id_is_enough_in_a_large_pack_too() {
    let (disk, _) = repository();
    let mut objects = versions(1);
    let id = VersionId::from_digest(objects[0].digest);
    objects.extend((0..5000_u32).map(|n| Object::block(&n.to_le_bytes())));
    plant(&disk, objects);
    assert_eq!(open(&disk).resolve(&id.to_string()[..10]).unwrap(), id);
    assert_eq!(open(&disk).resolve(&id.to_string()[..4]).unwrap(), id);
}

#[test]
fn what_versions_share_is_verified_once() {
    let (disk, repo) = repository();
    let commit = |branch: &str, seed: f64| {
        let contents = Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &[0.5; 9])]);
        let draft = draft(seed).with_contents(contents);
        repo.commit(&RefName::branch(branch).unwrap(), &draft).unwrap();
    };
    commit("first", 1.0);
    let [pack] = &disk.list("packs").unwrap()[..] else { panic!("a commit is one pack") };
    (2..40).for_each(|seed| commit("main", f64::from(seed)));
    let (disk, counts) = counting(&disk, &format!("packs/{pack}"));
    assert!(verify(&Repository::open_on(disk).unwrap()).is_ok());
    // To know it and to read it whole; for its version, its move twice, the checkpoint, the recipe.
    let (opens, _) = counts.take();
    assert!(opens <= 7, "{opens} opens");
}

#[test]
fn a_verification_decodes_each_block_of_a_chain_once() {
    let (disk, repo) = unmerged();
    // A walk of small steps, so that each version's block is a delta to the one before.
    for version in 0..9 {
        let values: Vec<f64> =
            (0..1000).map(|n| (f64::from(n) + 1e-9 * f64::from(version)).sin()).collect();
        let contents = Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &values)]);
        let draft = draft(f64::from(version) + 1.0).with_contents(contents);
        repo.commit(&main_branch(), &draft).unwrap();
    }
    let (counted, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(counted).unwrap();
    let record = repo.version(&repo.resolve("main").unwrap()).unwrap().record;
    let tensor = &repo.checkpoint(&record).unwrap().tensors[0];
    counts.take();
    one_thread().install(|| repo.tensor_bytes(tensor)).unwrap();
    // Each block, and ahead of it what it is a delta to.
    assert_eq!(counts.take().1, 9 + 8, "a chain of eight");
    let report = verify(&repo);
    assert!(report.is_ok());
    // Besides, each version is followed: itself, some ancestors, its checkpoint and its recipe.
    let (_, reads) = counts.take();
    let most = report.objects + 8 + 9 * 7;
    assert!(reads <= most, "{reads} reads for {} objects", report.objects);
}

#[test]
fn a_file_that_is_there_already_is_known_by_its_ids_alone() {
    let (disk, repo) = repository();
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251 % 13) as u8).collect();
    let half = bytes.len() as u64 / 2;
    let shapes = [("a", bytes.clone()), ("b", bytes[..half as usize].to_vec())];
    let tensors = shapes.map(|(name, bytes)| {
        let shape = [bytes.len() as u64];
        Tensor::new(name, Dtype::U8, shape, Role::Weights, bytes).unwrap()
    });
    let contents = Contents::Tensors(tensors.to_vec());
    let record =
        repo.commit(&main_branch(), &draft(1.0).with_contents(contents)).unwrap().version.record;
    let (counted, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(counted).unwrap();
    let (target, options) = (MemDisk::new(), RestoreOptions::default().with_force(true));
    let plan = || repo.plan_restore(&record, &target, &options).unwrap();
    repo.apply_restore(&plan(), &target).unwrap();
    counts.take();
    assert_eq!(plan().files()[0].action, RestoreAction::Keep);
    assert!(counts.take().1 <= 1, "the checkpoint alone is read");
    for at in [0, 100, 4_999_999, 7_000_000] {
        let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 1;
        target.corrupt("model.safetensors", flip).unwrap();
        assert_eq!(plan().files()[0].action, RestoreAction::Replace, "byte {at}");
        repo.apply_restore(&plan(), &target).unwrap();
        assert_eq!(plan().files()[0].action, RestoreAction::Keep);
    }
    target.corrupt("model.safetensors", |bytes| bytes.truncate(3_000_000)).unwrap();
    assert_eq!(plan().files()[0].action, RestoreAction::Replace);
}

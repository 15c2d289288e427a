//! Blocks stored as a delta to those of the parent version.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{draft, main_branch, open, repository, unmerged};
use ckpt_hash::{VersionId, leaf_hash};
use ckpt_store::{Contents, Draft, InputFile, Repository, Role, Silent, Tensor, disk::Disk};
use ckpt_tensor::Dtype;
use ckpt_testkit::{
    disks::MemDisk,
    sequences::{Sequence, Training},
};

const MIB: usize = 1 << 20;

fn read(disk: &MemDisk, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// Returns the depth of each block of a pack.
fn depths(disk: &MemDisk, pack: &str) -> Vec<u8> {
    let bytes = read(disk, &format!("packs/{pack}"));
    let footer = bytes.len() - 64;
    let index = u64::from_le_bytes(bytes[footer..footer + 8].try_into().unwrap()) as usize;
    let entries = bytes[index..footer].chunks(64);
    entries.filter(|entry| entry[52] == 1).map(|entry| entry[55]).collect()
}

/// A version of one tensor of f32, named `w`.
fn version_of(bytes: &[u8], seed: f64) -> Draft {
    let shape = [bytes.len() as u64 / 4];
    let tensor = Tensor::new("w", Dtype::F32, shape, Role::Weights, bytes.to_vec()).unwrap();
    draft(seed).with_contents(Contents::Tensors(vec![tensor]))
}

fn tensor_bytes(repo: &Repository, id: &VersionId) -> ckpt_store::Result<Vec<u8>> {
    let checkpoint = repo.checkpoint(&repo.version(id)?.record)?;
    repo.tensor_bytes(&checkpoint.tensors[0])
}

/// A version, the bytes that it takes, and its pack.
type Made = (VersionId, u64, String);

/// Commits versions on one line.
fn commit_all(disk: &MemDisk, repo: &Repository, versions: &[Vec<u8>]) -> Vec<Made> {
    let mut known = disk.list("packs").unwrap();
    let mut commit = |(seed, bytes): (u32, &Vec<u8>)| {
        let commit = repo.commit(&main_branch(), &version_of(bytes, f64::from(seed))).unwrap();
        let mut packs = disk.list("packs").unwrap();
        packs.retain(|pack| !known.contains(pack));
        known.push(packs.remove(0));
        (commit.version.id, commit.stored_bytes, known[known.len() - 1].clone())
    };
    (1..).zip(versions).map(&mut commit).collect()
}

#[test]
fn a_long_run_is_stored_in_bounded_chains_and_comes_back() {
    let sequence = Sequence::new(Training::DenseF32, 3 * MIB / 4, 1);
    let versions: Vec<_> = sequence.take(20).collect();
    let (disk, repo) = unmerged();
    let made = commit_all(&disk, &repo, &versions);
    let deepest: Vec<u8> =
        made.iter().map(|(_, _, pack)| *depths(&disk, pack).iter().max().unwrap()).collect();
    let expected: Vec<u8> = (0..20).map(|n| n % 9).collect();
    assert_eq!(deepest, expected);
    let whole = made[0].1 as f64;
    let onto_parent: Vec<f64> = (0..20).filter(|n| n % 9 > 0).map(|n| made[n].1 as f64).collect();
    let mean = onto_parent.iter().sum::<f64>() / onto_parent.len() as f64;
    assert!(mean < 0.9 * whole, "{mean} bytes in place of {whole}");
    let repo = open(&disk);
    for ((id, _, _), bytes) in made.iter().zip(&versions) {
        assert!(tensor_bytes(&repo, id).unwrap() == *bytes);
    }
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn every_kind_of_training_comes_back() {
    for (training, most) in [
        (Training::LateF32, 0.5),
        (Training::FineTuneBf16, 0.5),
        (Training::FrozenBf16, 0.4),
        (Training::FirstMoment, 1.01),
        (Training::SecondMoment, 1.0),
        (Training::SparseRows, 0.1),
    ] {
        let versions: Vec<_> = Sequence::new(training, 100_000, 7).take(4).collect();
        let (disk, repo) = repository();
        let made = commit_all(&disk, &repo, &versions);
        let ratio = made[3].1 as f64 / made[0].1 as f64;
        assert!(ratio < most, "{training:?}: {ratio}");
        let repo = open(&disk);
        for ((id, _, _), bytes) in made.iter().zip(&versions) {
            assert!(tensor_bytes(&repo, id).unwrap() == *bytes, "{training:?}");
        }
    }
}

/// Three versions of one short block each, every one the difference to the one before.
fn chain() -> (MemDisk, Vec<Vec<u8>>, Vec<Made>) {
    let versions: Vec<_> = Sequence::new(Training::LateF32, 1000, 3).take(3).collect();
    let (disk, repo) = repository();
    let made = commit_all(&disk, &repo, &versions);
    for (n, (_, _, pack)) in made.iter().enumerate() {
        assert_eq!(depths(&disk, pack), [n as u8]);
    }
    (disk, versions, made)
}

#[test]
fn flipped_bytes_are_found_and_never_come_back_as_good_data() {
    let (disk, versions, made) = chain();
    for (place, (_, _, pack)) in made.iter().enumerate() {
        let path = format!("packs/{pack}");
        for at in (place..read(&disk, &path).len()).step_by(5) {
            let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 0x10;
            disk.corrupt(&path, flip).unwrap();
            let repo = open(&disk);
            assert!(!repo.verify(&Silent).unwrap().is_ok(), "{path}: byte {at} was not found");
            for ((id, _, _), good) in made.iter().zip(&versions) {
                if let Ok(bytes) = tensor_bytes(&repo, id) {
                    assert!(bytes == *good, "{path}: byte {at} came back as good data");
                }
            }
            disk.corrupt(&path, flip).unwrap();
        }
    }
    assert!(open(&disk).verify(&Silent).unwrap().is_ok());
}

#[test]
fn damage_in_a_base_names_its_place_and_all_versions_that_need_it() {
    let (disk, versions, made) = chain();
    // The first object of a pack is its block.
    let path = format!("packs/{}", made[1].2);
    disk.corrupt(&path, |bytes| bytes[70] ^= 1).unwrap();
    let repo = open(&disk);
    let report = repo.verify(&Silent).unwrap();
    let [damage] = &report.damage[..] else { panic!("{:#?}", report.damage) };
    let block = format!("block {:.12}", leaf_hash(&versions[1]).digest());
    assert_eq!(damage.place, format!("{block} in {path}"));
    assert_eq!(damage.what, "its bytes fail their checksum");
    let mut named = damage.versions.clone();
    named.sort();
    let mut expected = vec![made[1].0, made[2].0];
    expected.sort();
    assert_eq!(named, expected);
    assert!(tensor_bytes(&repo, &made[0].0).unwrap() == versions[0]);
    let error = tensor_bytes(&repo, &made[2].0).unwrap_err().to_string();
    assert_eq!(error, format!("{block} in {path} is damaged: its bytes fail their checksum"));
}

#[test]
fn a_parent_that_cannot_be_read_is_no_base() {
    let (disk, versions, made) = chain();
    let path = format!("packs/{}", made[2].2);
    disk.corrupt(&path, |bytes| bytes[70] ^= 1).unwrap();
    let next: Vec<u8> = versions[2].iter().map(|byte| byte ^ 1).collect();
    let added = commit_all(&disk, &open(&disk), std::slice::from_ref(&next));
    assert_eq!(depths(&disk, &added[0].2), [0]);
    let repo = open(&disk);
    assert!(tensor_bytes(&repo, &added[0].0).unwrap() == next);
    let report = repo.verify(&Silent).unwrap();
    assert_eq!(report.damage.len(), 1);
    assert_eq!(report.damage[0].versions, [made[2].0]);
}

#[test]
fn a_base_that_is_gone_is_missed() {
    let (disk, versions, made) = chain();
    disk.remove(&format!("packs/{}", made[0].2)).unwrap();
    let repo = open(&disk);
    let block = format!("block {:.12}", leaf_hash(&versions[0]).digest());
    let error = tensor_bytes(&repo, &made[2].0).unwrap_err().to_string();
    assert_eq!(error, format!("{block} is missing from the repository"));
    let report = repo.verify(&Silent).unwrap();
    let missing = report.damage.iter().filter(|damage| damage.place == block);
    assert_eq!(missing.map(|damage| &*damage.what).collect::<Vec<_>>(), ["it is missing"]);
}

#[test]
fn what_was_set_aside_is_read_but_no_base_of_what_is_new() {
    let (disk, versions, made) = chain();
    disk.rename(&format!("packs/{}", made[0].2), &format!("trash/{}", made[0].2)).unwrap();
    let repo = open(&disk);
    assert!(tensor_bytes(&repo, &made[2].0).unwrap() == versions[2]);
    let next: Vec<u8> = versions[2].iter().map(|byte| byte ^ 1).collect();
    let commit = repo.commit(&main_branch(), &version_of(&next, 9.0)).unwrap();
    let packs = disk.list("packs").unwrap();
    let whole = packs.iter().filter(|pack| depths(&disk, pack) == [0]).count();
    assert_eq!(whole, 1, "the new one, since its base needs what was moved to trash");
    assert!(tensor_bytes(&repo, &commit.version.id).unwrap() == next);
}

/// A safetensors file of one tensor.
fn safetensors(name: &str, bytes: &[u8]) -> Vec<u8> {
    let (shape, end) = (bytes.len() / 4, bytes.len());
    let mut header =
        format!(r#"{{"{name}":{{"dtype":"F32","shape":[{shape}],"data_offsets":[0,{end}]}}}}"#);
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), bytes].concat()
}

#[test]
fn tensors_of_files_have_bases_by_name() {
    let versions: Vec<_> = Sequence::new(Training::LateF32, 10_000, 3).take(3).collect();
    let (_, repo) = repository();
    let commit = |name: &str, bytes: &[u8]| {
        let file = Box::new(safetensors(name, bytes));
        let files = vec![InputFile::new("model.safetensors", file, None).unwrap()];
        let draft = draft(1.0).with_contents(Contents::Files(files));
        repo.commit(&main_branch(), &draft).unwrap().stored_bytes
    };
    let first = commit("w", &versions[0]);
    assert!(commit("w", &versions[1]) < first / 2);
    assert!(commit("v", &versions[2]) > first / 2);
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

//! A byte flipped anywhere in a pack is found, and never comes back as good data.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{draft, main_branch, repository, signature};
use ckpt_store::{
    Contents, InputFile, RefName, Repository, RestoreOptions, Role, Silent, Tensor, disk::Disk,
};
use ckpt_testkit::disks::MemDisk;
use std::sync::Arc;

fn read(disk: &MemDisk, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn restore(repo: &Repository, revision: &str) -> ckpt_store::Result<Vec<(String, Vec<u8>)>> {
    let record = repo.version(&repo.resolve(revision)?)?.record;
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let plan = repo.plan_restore(&record, &target, &options)?;
    repo.apply_restore(&plan, &target)?;
    let files = plan.files().iter();
    Ok(files.map(|file| (file.path.clone(), read(&target, &file.path))).collect())
}

/// A repository with versions of every sort: tensors raw and compressed, a file, a tag.
fn sample() -> (MemDisk, Vec<String>) {
    let (disk, repo) = repository();
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    let smooth: Vec<f64> = (0..600).map(|i| f64::from(i) * 0.25).collect();
    let contents = Contents::Tensors(vec![Tensor::from_f64("smooth", Role::Weights, &smooth)]);
    repo.commit(&main_branch(), &draft(2.0).with_contents(contents)).unwrap();
    let text = Box::new(b"{\"layers\": 12}\n".repeat(40));
    let contents = Contents::Files(vec![InputFile::new("config.json", text, None).unwrap()]);
    repo.commit(&main_branch(), &draft(3.0).with_contents(contents)).unwrap();
    let tag = RefName::new(ckpt_store::RefKind::Tag, "v1").unwrap();
    repo.set_ref(&tag, repo.resolve("main").unwrap(), false, "first", &signature()).unwrap();
    (disk, ["main@1", "main@2", "main@3"].map(str::to_owned).to_vec())
}

#[test]
fn every_flipped_byte_of_every_pack_is_found() {
    let (disk, revisions) = sample();
    let open = || Repository::open_on(Arc::new(disk.clone())).unwrap();
    let good: Vec<_> = revisions.iter().map(|r| restore(&open(), r).unwrap()).collect();
    let packs = disk.list("packs").unwrap();
    assert_eq!(packs.len(), 4);
    for path in packs.iter().map(|pack| format!("packs/{pack}")) {
        for at in 0..read(&disk, &path).len() {
            let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 0x10;
            disk.corrupt(&path, flip).unwrap();
            let report = open().verify(&Silent).unwrap();
            assert!(!report.is_ok(), "{path}: byte {at} was not found");
            for (revision, good) in revisions.iter().zip(&good) {
                if let Ok(restored) = restore(&open(), revision) {
                    assert_eq!(&restored, good, "{path}: byte {at} came back as good data");
                }
            }
            disk.corrupt(&path, flip).unwrap();
        }
    }
    assert!(open().verify(&Silent).unwrap().is_ok());
}

#[test]
fn damage_names_the_versions_that_it_touches() {
    let (disk, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let first_pack = disk.list("packs").unwrap().remove(0);
    let two = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.id;
    // The first object of a pack, right after the header, is a block of its version.
    disk.corrupt(&format!("packs/{first_pack}"), |bytes| bytes[32] ^= 1).unwrap();
    let report = Repository::open_on(Arc::new(disk)).unwrap().verify(&Silent).unwrap();
    let [damage] = &report.damage[..] else { panic!("{:?}", report.damage) };
    assert_eq!(damage.versions, [one], "and not {two:?}");
    assert_eq!(damage.what, "its bytes fail their checksum");
}

#[test]
fn a_pack_that_is_gone_is_missed() {
    let (disk, repo) = repository();
    let one = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let pack = disk.list("packs").unwrap().remove(0);
    repo.commit(&main_branch(), &draft(2.0)).unwrap();
    disk.remove(&format!("packs/{pack}")).unwrap();
    let repo = Repository::open_on(Arc::new(disk)).unwrap();
    let error = repo.version(&one).unwrap_err().to_string();
    assert_eq!(error, format!("version {} is missing from the repository", one.short()));
    let report = repo.verify(&Silent).unwrap();
    assert!(report.damage.iter().any(|damage| damage.what == "it is missing"));
}

#[test]
fn cut_and_foreign_files_among_the_packs_are_reported() {
    let (disk, revisions) = sample();
    let packs = disk.list("packs").unwrap().into_iter().map(|name| format!("packs/{name}"));
    // One with content: a pack of one move does without being read back.
    let pack = packs.max_by_key(|pack| read(&disk, pack).len()).unwrap();
    let whole = read(&disk, &pack);
    for len in [0, 10, 95, 96, whole.len() - 1] {
        disk.corrupt(&pack, |bytes| bytes.truncate(len)).unwrap();
        let repo = Repository::open_on(Arc::new(disk.clone())).unwrap();
        assert!(!repo.verify(&Silent).unwrap().is_ok(), "{len} bytes");
        let failed = revisions.iter().filter(|revision| restore(&repo, revision).is_err());
        assert!(failed.count() > 0, "{len} bytes");
        disk.corrupt(&pack, |bytes| bytes.clone_from(&whole)).unwrap();
    }
}

#[test]
fn damaged_ref_files_are_reported() {
    let (disk, _) = sample();
    for (path, text) in
        [("refs/heads/main", "nonsense\n"), ("refs/tags/v1", ""), ("HEAD", "main\n")]
    {
        let before = read(&disk, path);
        disk.corrupt(path, |bytes| *bytes = text.as_bytes().to_vec()).unwrap();
        let repo = Repository::open_on(Arc::new(disk.clone())).unwrap();
        assert_eq!(repo.verify(&Silent).unwrap().damage.len(), 1, "{path}");
        disk.corrupt(path, |bytes| *bytes = before).unwrap();
    }
}

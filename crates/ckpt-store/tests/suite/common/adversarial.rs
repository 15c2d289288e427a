//! Reading of a repository whose bytes nobody vouches for, as mutation tests and fuzzers drive it.
//!
//! Every function plants its input in a repository, reads all that can be read there, and says
//! whether `verify` found nothing. What it found nothing in must be whole.

use super::records::JournalRecord;
use std::sync::Arc;

use ckpt_hash::{
    AnnotationId, CheckpointId, Digest, FieldHasher, JournalId, MoveId, RecipeId, VersionId,
};
use ckpt_store::{
    Condition, Error, RefKind, RefName, Repository, RestoreOptions, Result, Revision, Silent,
    disk::Disk,
};
use ckpt_testkit::disks::MemDisk;

use super::{
    by_hand::{Object, VERSION, plant, write_journal},
    draft, main_branch, repository,
};

/// Reads a record as that of an object: its kind, then its bytes. Its id is right where that
/// follows from the bytes alone.
///
/// # Panics
/// If a repository that verifies cannot be read.
pub(crate) fn record(input: &[u8]) -> bool {
    let Some((kind, bytes)) = input.split_first() else { return false };
    let (disk, repo) = repository();
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    let kind = 2 + kind % 8;
    let digest = match kind {
        4 => *CheckpointId::of(bytes).digest(),
        5 => *VersionId::of(bytes).digest(),
        6 => *RecipeId::of(bytes).digest(),
        7 => *MoveId::of(bytes).digest(),
        8 => *AnnotationId::of(bytes).digest(),
        9 => *JournalId::of(bytes).digest(),
        _ => Digest::of(bytes),
    };
    plant(&disk, vec![Object::raw(kind, digest, bytes.to_vec())]);
    match kind {
        7 => {
            let id = format!("{digest}\n");
            disk.create("refs/tags/planted").unwrap().write_all(id.as_bytes()).unwrap();
        }
        8 => {
            let annotations = vec![AnnotationId::from_digest(digest)];
            let (entry, id) =
                Object::journal(&JournalRecord { annotations, ..JournalRecord::default() });
            plant(&disk, vec![entry]);
            write_journal(&disk, &format!("{id}\n"));
        }
        9 => write_journal(&disk, &format!("{digest}\n")),
        _ => return check(disk, &[VersionId::from_digest(digest)]),
    }
    check(disk, &[])
}

/// Reads a pack, as it is and after its checksums were made right; tells of the latter.
///
/// # Panics
/// If a repository that verifies cannot be read.
pub(crate) fn pack(input: &[u8]) -> bool {
    let mut right = input.to_vec();
    plant_pack(input);
    make_right(&mut right);
    plant_pack(&right)
}

/// Reads a pack under the name that its footer asks for.
fn plant_pack(bytes: &[u8]) -> bool {
    let (disk, _) = repository();
    let footer = bytes.len().saturating_sub(64);
    let digest = bytes.get(footer + 16..footer + 48).and_then(|digest| digest.try_into().ok());
    let mut name = FieldHasher::new("ckpt pack\n");
    name.digest(&digest.map_or(Digest::of(b""), Digest::from_bytes));
    disk.create(&format!("packs/{:.40}.pack", name.finish())).unwrap().write_all(bytes).unwrap();
    check(disk, &versions(bytes))
}

/// Returns what could be the ids of versions in a pack.
fn versions(pack: &[u8]) -> Vec<VersionId> {
    let index = pack.rchunks(64).skip(1).filter(|entry| entry.len() == 64 && entry[52] == VERSION);
    let digest = |entry: &[u8]| Digest::from_bytes(entry[..32].try_into().unwrap());
    index.map(|entry| VersionId::from_digest(digest(entry))).collect()
}

/// Makes the checksums of index and footer right, and those of objects that are where the index
/// says, so that what a pack says is read.
fn make_right(pack: &mut [u8]) -> Option<()> {
    let footer = pack.len().checked_sub(64)?;
    let number = |pack: &[u8], at: usize, len: usize| {
        let bytes = pack.get(at..at.checked_add(len)?)?;
        usize::try_from(bytes.iter().rfold(0, |n, byte| n << 8 | u64::from(*byte))).ok()
    };
    let index = number(pack, footer, 8).filter(|index| (32..=footer).contains(index))?;
    for at in (index..footer.saturating_sub(63)).step_by(64) {
        let (start, len) = (number(pack, at + 32, 8)?, number(pack, at + 40, 4)?);
        if let Some(stored) = start.checked_add(len).and_then(|end| pack.get(start..end)) {
            let checksum = crc32fast::hash(stored).to_le_bytes();
            pack[at + 48..at + 52].copy_from_slice(&checksum);
        }
        let checksum = crc32fast::hash(&pack[at..at + 60]).to_le_bytes();
        pack[at + 60..at + 64].copy_from_slice(&checksum);
    }
    let digest = Digest::of(&[&pack[..32], &pack[index..footer]].concat());
    pack[footer + 16..footer + 48].copy_from_slice(digest.as_bytes());
    let checksum = crc32fast::hash(&pack[footer..footer + 52]).to_le_bytes();
    pack[footer + 52..footer + 56].copy_from_slice(&checksum);
    Some(())
}

/// Small files that are read, each by number.
pub(crate) const SMALL_FILES: [&str; 6] =
    ["refs/heads/main", "refs/tags/v1", "refs/journal", "HEAD", "format", "config.toml"];

/// Reads a small file: its number, then what it holds.
///
/// # Panics
/// If a repository that verifies cannot be read.
pub(crate) fn small_file(input: &[u8]) -> bool {
    let Some((number, bytes)) = input.split_first() else { return false };
    let (disk, repo) = repository();
    let version = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let path = SMALL_FILES[usize::from(*number) % SMALL_FILES.len()];
    if disk.kind(path).unwrap().is_none() {
        drop(disk.create(path).unwrap());
    }
    disk.corrupt(path, |text| *text = bytes.to_vec()).unwrap();
    if path == "config.toml" {
        // A commit heeds the settings, and none of them keeps it from being made.
        let repo = Repository::open_on(Arc::new(disk.clone())).unwrap();
        let next = repo.commit(&main_branch(), &draft(2.0)).unwrap().version.record;
        assert_eq!(next.parents, [version]);
    }
    check(disk, &[version])
}

/// Reads a text as a revision, as the name of a ref and as a condition.
///
/// # Panics
/// If what was understood is not understood again when it is written.
pub(crate) fn text(repo: &Repository, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(revision) = text.parse::<Revision>() {
        assert_eq!(revision.to_string().parse(), Ok(revision));
    }
    if let Err(error) = repo.resolve(&text) {
        assert!(matches!(error, Error::Revision(_)), "{error}");
    }
    for kind in RefKind::ALL {
        if let Ok(name) = RefName::new(kind, &text) {
            assert_eq!(RefName::from_full(&name.full()), Some(name.clone()));
            repo.target(&name).unwrap();
        }
    }
    if let Ok(condition) = text.parse::<Condition>() {
        assert_eq!(condition.to_string().parse(), Ok(condition));
    }
}

/// Reads all that there is, versions that no ref leads to by their ids; tells whether `verify` finds nothing.
fn check(disk: MemDisk, versions: &[VersionId]) -> bool {
    let Ok(repo) = Repository::open_on(Arc::new(disk)) else { return false };
    let is_ok = repo.verify(&Silent).unwrap().is_ok();
    let read = read_all(&repo, versions);
    assert!(!is_ok || read.is_ok(), "verify found nothing, and yet: {}", read.unwrap_err());
    is_ok
}

fn read_all(repo: &Repository, versions: &[VersionId]) -> Result<()> {
    let head = repo.head().map(|_| ());
    let mut all = vec![head, repo.notes().map(|_| ())];
    for name in RefKind::ALL.into_iter().flat_map(|kind| repo.chains(kind).unwrap()) {
        all.push(
            repo.audit(&name).and_then(|mut moves| moves.try_for_each(|found| found.map(|_| ()))),
        );
        all.push(repo.target(&name).and_then(|tip| match tip {
            Some(tip) => repo.log(tip).try_for_each(|version| restore(repo, &version?.id)),
            None => Ok(()),
        }));
    }
    // That of another kind, or in no pack that is read, is none.
    let found = versions.iter().map(|id| match restore(repo, id) {
        Err(Error::Missing(missing)) if missing == (*id).into() => Ok(()),
        other => other,
    });
    all.extend(found);
    all.into_iter().collect()
}

fn restore(repo: &Repository, id: &VersionId) -> Result<()> {
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let plan = match repo.plan_restore(&repo.version(id)?.record, &target, &options) {
        Err(Error::NothingToRestore) => return Ok(()),
        plan => plan?,
    };
    repo.apply_restore(&plan, &target)
}

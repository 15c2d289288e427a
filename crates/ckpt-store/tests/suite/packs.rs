//! Packs that vanish and packs that are damaged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::common::{
    by_hand::{Object, plant, version},
    draft,
    look::read,
    main_branch, open,
    records::RecipeRecord,
    repository, unmerged,
};
use ckpt_hash::{Digest, RecipeId, VersionId};
use ckpt_store::{
    Checkpoint, Contents, InputFile, ObjectId, ObjectKind, Recipe, RefName, Repository,
    RestoreOptions, Role, Tensor,
    disk::{Disk, ReadAt},
};
use ckpt_testkit::disks::{CrashImage, MemDisk, SpyDisk, Step};

fn packs(disk: &MemDisk) -> Vec<String> {
    disk.list("packs").unwrap().iter().map(|name| format!("packs/{name}")).collect()
}

fn set_aside(disk: &MemDisk, pack: &str) {
    disk.rename(pack, &pack.replace("packs/", "trash/")).unwrap();
}

/// A version without content, and all that it needs.
fn bare_version() -> (Vec<Object>, VersionId, RecipeId) {
    let (checkpoint, checkpoint_id) = Object::checkpoint(&Checkpoint::default());
    let recipe = RecipeRecord { seed: Some(5), ..RecipeRecord::default() };
    let (recipe, recipe_id) = Object::recipe(&recipe);
    let (version, id) = Object::version(&version(checkpoint_id, recipe_id));
    (vec![checkpoint, recipe, version], id, recipe_id)
}

#[test]
fn a_pack_that_was_set_aside_is_still_read() {
    let (disk, repo) = repository();
    let id = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let opened = open(&disk);
    let [pack] = &packs(&disk)[..] else { panic!("a commit is one pack") };
    set_aside(&disk, pack);
    for repo in [repo, opened, open(&disk)] {
        assert_eq!(repo.version(&id).unwrap().record.number, 1);
        assert_eq!(repo.target(&main_branch()).unwrap(), Some(id));
    }
}

#[test]
fn a_merged_pack_stands_in_for_those_that_it_replaced() {
    let (disk, repo) = repository();
    let (objects, id, _) = bare_version();
    let old = plant(&disk, objects.clone());
    repo.version(&id).unwrap();
    plant(&disk, objects.into_iter().chain([Object::block(b"more")]).collect());
    disk.remove(&old).unwrap();
    assert_eq!(repo.version(&id).unwrap().id, id);
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
}

#[test]
fn what_was_in_a_pack_that_is_gone_is_written_again() {
    let (disk, repo) = repository();
    let weights = || Contents::Tensors(vec![Tensor::from_f64("w", Role::Weights, &[0.5; 99])]);
    let commit = |branch: &str| {
        let draft = draft(1.0).with_contents(weights());
        repo.commit(&RefName::branch(branch).unwrap(), &draft).unwrap().version
    };
    commit("one");
    let [pack] = &packs(&disk)[..] else { panic!("a commit is one pack") };
    disk.remove(pack).unwrap();
    let two = commit("two");
    let repo = open(&disk);
    let checkpoint = repo.checkpoint(&two.record).unwrap();
    assert_eq!(repo.tensor_bytes(&checkpoint.tensors[0]).unwrap().len(), 8 * 99);
}

#[test]
fn a_pack_that_vanishes_while_packs_are_listed_is_no_error() {
    let (disk, repo) = repository();
    let id = repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id;
    let [pack] = &packs(&disk)[..] else { panic!("a commit is one pack") };
    let (once, beside, pack) = (AtomicBool::new(true), disk.clone(), pack.clone());
    let spy = SpyDisk::new(disk, move |step, path| {
        if step == Step::Listed && path == "packs" && once.swap(false, Ordering::SeqCst) {
            set_aside(&beside, &pack);
        }
        Ok(())
    });
    let repo = Repository::open_on(Arc::new(spy)).unwrap();
    assert_eq!(repo.version(&id).unwrap().id, id);
}

/// What another process does while a reader lists packs: at `Step::List` before it does, at
/// `Step::Listed` when it has its list.
type Concurrently = Box<dyn Fn(Step) + Send>;

/// A reader that was open before a branch was moved, the version that it was moved to, and what to
/// set for another process to act when packs are listed next.
fn moved_since_opened() -> (MemDisk, Repository, VersionId, Arc<Mutex<Option<Concurrently>>>) {
    let (disk, writer) = unmerged();
    let mut commits = (0..8).map(|n| writer.commit(&main_branch(), &draft(f64::from(n))).unwrap());
    commits.by_ref().take(7).for_each(drop);
    let concurrently: Arc<Mutex<Option<Concurrently>>> = Arc::default();
    let acts = Arc::clone(&concurrently);
    let spy = SpyDisk::new(disk.clone(), move |step, path| {
        let is_list = matches!(step, Step::List | Step::Listed) && path == "packs";
        let mut acts = acts.lock().unwrap();
        if let Some(act) = acts.as_ref().filter(|_| is_list) {
            act(step);
            *acts = acts.take().filter(|_| step == Step::List);
        }
        Ok(())
    });
    let reader = Repository::open_on(Arc::new(spy)).unwrap();
    let moved = commits.next().unwrap().version.id;
    drop(commits);
    (disk, reader, moved, concurrently)
}

/// Compacts on a copy; returns the packs that are replaced, and the new ones with their bytes.
fn compacted(disk: &MemDisk) -> (Vec<String>, Vec<(String, Vec<u8>)>) {
    let copy = disk.crash(CrashImage::Written);
    assert_eq!(open(&copy).compact().unwrap().into, 1);
    let (before, after) = (packs(disk), packs(&copy));
    let new = after.iter().filter(|pack| !before.contains(pack));
    let new = new.map(|pack| (pack.clone(), read(&copy, pack))).collect();
    (before.into_iter().filter(|pack| !after.contains(pack)).collect(), new)
}

/// A folder is not listed in one moment: a list that is made while packs are compacted may show
/// neither a pack that was compacted nor the one that has its objects now.
#[test]
fn a_move_is_found_whose_pack_was_compacted_while_packs_were_listed() {
    let look: [fn(&Repository, VersionId) -> Option<VersionId>; 2] = [
        |reader, _| reader.target(&main_branch()).unwrap(),
        |reader, moved| reader.resolve(&moved.to_string()[..12]).ok(),
    ];
    for look in look {
        let (disk, reader, moved, concurrently) = moved_since_opened();
        let (old, new) = compacted(&disk);
        *concurrently.lock().unwrap() = Some(Box::new(move |step| match step {
            Step::List => old.iter().for_each(|pack| disk.remove(pack).unwrap()),
            _ => new.iter().for_each(|(pack, bytes)| write(&disk, pack, bytes)),
        }));
        assert_eq!(look(&reader, moved), Some(moved));
        assert!(concurrently.lock().unwrap().is_none(), "packs were listed");
    }
}

/// Packs that vanished between listing and opening were compacted into one that the list misses;
/// what commits, and what takes packs away, relies on one such list.
#[test]
fn packs_are_listed_again_where_some_were_compacted_before_they_were_opened() {
    let (disk, _, moved, _) = moved_since_opened();
    let (once, compacting) = (AtomicBool::new(true), disk.clone());
    let spy = SpyDisk::new(disk, move |step, path| {
        if step == Step::Listed && path == "packs" && once.swap(false, Ordering::SeqCst) {
            open(&compacting).compact().unwrap();
        }
        Ok(())
    });
    let repo = Repository::open_on(Arc::new(spy)).unwrap();
    let version = ObjectId { kind: ObjectKind::Version, digest: *moved.digest() };
    assert_eq!(repo.depth_of(&version).unwrap(), Some(0));
}

/// Writes a file.
fn write(disk: &MemDisk, path: &str, bytes: &[u8]) {
    disk.create(path).unwrap().write_all(bytes).unwrap();
}

/// Damages the entry of an object in the index of a pack.
fn damage_entry(disk: &MemDisk, pack: &str, digest: &Digest) {
    disk.corrupt(pack, |bytes| {
        let footer = bytes.len() - 64;
        let index = u64::from_le_bytes(bytes[footer..footer + 8].try_into().unwrap()) as usize;
        let mut entries = bytes[index..footer].chunks_mut(64);
        entries.find(|entry| entry[..32] == *digest.as_bytes()).unwrap()[34] ^= 1;
    })
    .unwrap();
}

#[test]
fn a_damaged_index_blocks_no_commit_and_what_it_hid_is_written_again() {
    // Small indexes are read when a pack is opened, large ones are searched.
    for more in [0, 1100_u32] {
        let (disk, _) = repository();
        let (mut objects, id, recipe) = bare_version();
        objects.extend((0..more).map(|n| Object::block(&n.to_le_bytes())));
        let pack = plant(&disk, objects);
        damage_entry(&disk, &pack, id.digest());
        damage_entry(&disk, &pack, recipe.digest());
        let repo = open(&disk);
        let error = repo.version(&id).unwrap_err().to_string();
        let expected = "an index entry fails its checksum; it may have held version";
        let expected = format!("{pack} is damaged: {expected} {}, which is missing", id.short());
        assert_eq!(error, expected);
        let recipe_again = Recipe::default().with_seed(5);
        let draft = draft(1.0).with_recipe(recipe_again);
        let version = repo.commit(&main_branch(), &draft).unwrap().version;
        assert_eq!(version.record.recipe, recipe);
        assert_eq!(open(&disk).recipe(&version.record).unwrap().seed, Some(5));
    }
}

#[test]
fn a_missing_object_is_blamed_on_a_pack_only_as_far_as_is_known() {
    let (disk, repo) = repository();
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    let [pack] = &packs(&disk)[..] else { panic!("a commit is one pack") };
    let stranger = VersionId::from_digest(Digest::of(b"never written"));
    let missing = format!("version {} is missing from the repository", stranger.short());
    assert_eq!(repo.version(&stranger).unwrap_err().to_string(), missing);
    disk.corrupt(pack, |bytes| bytes.truncate(50)).unwrap();
    let error = open(&disk).version(&stranger).unwrap_err().to_string();
    let what = "it has only 50 bytes; it may have held version";
    assert_eq!(error, format!("{pack} is damaged: {what} {}, which is missing", stranger.short()));
}

/// A file of noise that counts the bytes that are read of it.
#[derive(Debug)]
struct Counted(Vec<u8>, Arc<AtomicU64>);

impl ReadAt for Counted {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.1.fetch_add(buf.len() as u64, Ordering::SeqCst);
        self.0.as_slice().read_at(offset, buf)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
}

#[test]
fn opaque_content_is_read_once_and_comes_back() {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    // More than one batch, and no whole number of leaves.
    let bytes: Vec<u8> = (0..(34 << 20) + 12_345).map(|_| noise()).collect();
    let read = Arc::new(AtomicU64::new(0));
    let source = Box::new(Counted(bytes.clone(), Arc::clone(&read)));
    let (_, repo) = repository();
    let file = InputFile::new("a", source, None).unwrap();
    let contents = Contents::Files(vec![file]);
    let record =
        repo.commit(&main_branch(), &draft(1.0).with_contents(contents)).unwrap().version.record;
    // Readers of formats look at a few bytes besides.
    let extra = read.load(Ordering::SeqCst) - bytes.len() as u64;
    assert!(extra < 64 << 10, "{extra} bytes were read again");
    let target = MemDisk::new();
    let plan = repo.plan_restore(&record, &target, &RestoreOptions::default()).unwrap();
    repo.apply_restore(&plan, &target).unwrap();
    let mut restored = vec![0; bytes.len()];
    target.open("a").unwrap().read_at(0, &mut restored).unwrap();
    assert!(restored == bytes);
}

//! Files that are damaged, missing, or of a later version.

use ckpt_store::{
    Contents, InputFile, NewNote, RefKind, RefName, Role, Silent, Tensor, disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

use crate::{
    broken::Case,
    common::{
        by_hand::{BLOCK, VERSION},
        draft,
        look::{objects, packs},
        main_branch, repository, signature,
    },
};

pub(crate) const CASES: [Case; 17] = [
    ("flipped-block", "a byte of a block changed, and another version builds on it", || {
        in_object(BLOCK, |bytes, at| bytes[at + 9] ^= 0x10)
    }),
    ("flipped-version", "a byte of the record of version 1 changed", || {
        in_object(VERSION, |bytes, at| bytes[at + 9] ^= 0x10)
    }),
    ("flipped-index", "a byte of a pack's index changed", || {
        in_pack(0, |bytes| {
            let at = bytes.len() - 64 - 10;
            bytes[at] ^= 0x10;
        })
    }),
    ("flipped-footer", "a byte of a pack's footer changed", || {
        in_pack(0, |bytes| {
            let at = bytes.len() - 20;
            bytes[at] ^= 0x10;
        })
    }),
    ("short-pack", "a pack lacks its last byte", || {
        in_pack(1, |bytes| bytes.truncate(bytes.len() - 1))
    }),
    ("empty-pack", "a pack has no bytes", || in_pack(1, Vec::clear)),
    ("later-pack", "a pack is of a later format", || in_pack(0, |bytes| bytes[8] = 2)),
    ("missing-pack", "the pack of version 1 is gone, and version 2 builds on it", || {
        let (disk, packs) = sample();
        disk.remove(&packs[0]).unwrap();
        disk
    }),
    ("renamed-pack", "a pack has another name than its bytes say", || {
        let (disk, packs) = sample();
        let name = "packs/0123456789abcdef0123456789abcdef01234567.pack";
        disk.rename(&packs[0], name).unwrap();
        disk
    }),
    ("no-packs-folder", "the folder of packs is gone", || {
        let (disk, packs) = sample();
        packs.iter().for_each(|pack| disk.remove(pack).unwrap());
        disk
    }),
    ("later-format", "the repository is of a later format", || {
        overwritten("format", "ckpt repository format 3\n")
    }),
    ("format-1", "the repository is of the format before the first release", || {
        overwritten("format", "ckpt repository format 1\n")
    }),
    ("ref-of-nonsense", "the file of a branch holds no id", || {
        overwritten("refs/heads/main", "nonsense\n")
    }),
    ("ref-to-nothing", "the file of a tag names a move that is nowhere", || {
        overwritten("refs/tags/v1", &format!("{}\n", "0123456789abcdef".repeat(4)))
    }),
    ("journal-of-nonsense", "the file of the journal is empty", || overwritten("refs/journal", "")),
    ("head-of-nonsense", "HEAD names no branch", || overwritten("HEAD", "refs/tags/v1\n")),
    ("foreign-ref", "a file among the branches is no ref: no damage, but worth a notice", || {
        let (disk, _) = sample();
        disk.create("refs/heads/Old.txt").unwrap().write_all(b"of others").unwrap();
        disk
    }),
];

/// A version of weights, the next of training, files, a tag and a note; and the packs of these.
fn sample() -> (MemDisk, Vec<String>) {
    let (disk, repo) = repository();
    let mut known: Vec<String> = Vec::new();
    let mut note = || {
        let new = packs(&disk, "packs").into_iter().filter(|pack| !known.contains(pack));
        let new: Vec<String> = new.collect();
        known.extend(new);
    };
    for step in [0, 1] {
        let value = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 + (step * (i % 7)) as f32;
        let bytes: Vec<u8> = (0..300).map(value).flat_map(f32::to_le_bytes).collect();
        let weights = Tensor::new("w", Dtype::F32, [300], Role::Weights, bytes).unwrap();
        let contents = Contents::Tensors(vec![weights]);
        let draft = draft(f64::from(step + 1)).with_contents(contents);
        repo.commit(&main_branch(), &draft).unwrap();
        note();
    }
    let text = Box::new(b"{\"layers\": 12}\n".to_vec());
    let contents = Contents::Files(vec![InputFile::new("config.json", text, None).unwrap()]);
    repo.commit(&main_branch(), &draft(3.0).with_contents(contents)).unwrap();
    let tag = RefName::new(RefKind::Tag, "v1").unwrap();
    let first = repo.resolve("main@1").unwrap();
    repo.set_ref(&tag, first, false, "first", &signature()).unwrap();
    let text = "the best so far".to_owned();
    let draft = NewNote::new(vec![first], signature()).with_text(text);
    repo.note(&draft).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok());
    note();
    (disk, known)
}

/// Changes the pack of a version, counted from 0.
fn in_pack(version: usize, change: impl FnOnce(&mut Vec<u8>)) -> MemDisk {
    let (disk, packs) = sample();
    disk.corrupt(&packs[version], change).unwrap();
    disk
}

/// Changes the pack of version 1, given where it has its first object of a kind.
fn in_object(kind: u8, change: impl FnOnce(&mut Vec<u8>, usize)) -> MemDisk {
    let (disk, packs) = sample();
    let objects = objects(&disk, &packs[0]);
    let at = objects.iter().find(|object| object.kind == kind).unwrap().offset;
    disk.corrupt(&packs[0], |bytes| change(bytes, at)).unwrap();
    disk
}

fn overwritten(path: &str, text: &str) -> MemDisk {
    let (disk, _) = sample();
    disk.corrupt(path, |bytes| *bytes = text.as_bytes().to_vec()).unwrap();
    disk
}

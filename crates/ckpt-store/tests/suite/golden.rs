//! Bytes on disk are a promise: a fixed history has recorded records, ids and packs, and the pack
//! that docs/format.md shows is what is written and what is read.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::common::{main_branch, repository};
use ckpt_codec::{Encoding, Layout, decode};
use ckpt_hash::{CheckpointId, CodeId, DIGEST_LEN, DataId, Digest, LEAF_LEN, TableHasher};
use ckpt_store::{
    Contents, DataInput, DataLabel, Draft, InputFile, MergeInfo, MergeStrategy, NewNote,
    ParamValue, Recipe, RefKind, RefName, Repository, Role, Signature, Silent, Tensor, VersionInfo,
    disk::Disk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

/// What to do when a test of this file fails.
const ADVICE: &str = "\
what is written to disk has changed, by a change of the store or of a library beneath it.
- Not meant: undo it. Repositories that exist would no longer be read, or ids would change.
- Meant: raise the version that the change concerns (docs/format.md, section 11), bring docs/format.md and tests/format up to date, keep reading what was
  written before, and record the new text, which follows, by `cargo xtask regenerate`.
- Only packs differ, and no record: the compressor or the order of nonces changed. Ids stay, old
  packs stay readable; record the new text.";

const FORMAT_PAGE: &str = include_str!("../../../../docs/format.md");

/// Where an index entry has its fields, as docs/format.md draws it.
const ENTRY_LEN: usize = 64;
const FOOTER_LEN: usize = 64;

/// Names of the kinds by their codes; 0 is none.
const KINDS: [&str; 10] = [
    "",
    "block",
    "leaf list",
    "chunk list",
    "checkpoint",
    "version",
    "recipe",
    "move",
    "annotation",
    "journal entry",
];

fn signature(second: i64) -> Signature {
    Signature::new("Ada Lovelace", 1_700_000_000_000 + 1000 * second)
}

fn recipe() -> Recipe {
    let id = DataId::from_digest(Digest::of(b"data"));
    let label = DataLabel {
        name: "houses.csv".to_owned(),
        source: "StatLib".to_owned(),
        preprocessing: "ln(price)".to_owned(),
    };
    Recipe::default()
        .with_params(BTreeMap::from([
            ("layers".to_owned(), ParamValue::Int(-12)),
            ("nesterov".to_owned(), ParamValue::Bool(true)),
            ("optimizer".to_owned(), ParamValue::Text("sgd".to_owned())),
            ("rate".to_owned(), ParamValue::Float(0.1)),
        ]))
        .with_data(vec![DataInput { label, id }])
        .with_code(Some(CodeId::from_digest(Digest::of(b"code"))))
        .with_seed(u64::MAX)
}

/// Tensors of both roles, as they come from memory.
fn from_memory() -> Draft {
    let bytes: Vec<u8> = [1.0_f32, -2.0, 0.5, 0.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let scalar = 7_u64.to_le_bytes().to_vec();
    let tensors = vec![
        Tensor::new("wéight", Dtype::F32, [2, 2], Role::Weights, bytes).unwrap(),
        Tensor::new("step", Dtype::U64, [], Role::State, scalar).unwrap(),
        Tensor::from_f64("none", Role::Weights, &[]),
    ];
    Draft::new(Contents::Tensors(tensors), signature(1))
        .with_recipe(recipe())
        .with_metrics(BTreeMap::from([("f1".into(), f64::NAN), ("loss".into(), 0.25)]))
        .with_environment(BTreeMap::from([("cpu".into(), "x86-64".into())]))
        .with_message("first")
}

/// A merge with every strategy.
fn merge(checkpoint: CheckpointId) -> MergeInfo {
    let rules = [
        MergeStrategy::Ours,
        MergeStrategy::Theirs,
        MergeStrategy::Average { weight: 0.25 },
        MergeStrategy::TaskArithmetic { ours: 0.5, theirs: -1.0 },
        MergeStrategy::Ties { density: 0.2, scale: 1.0 },
    ];
    MergeInfo {
        base: Some(checkpoint),
        ours: checkpoint,
        theirs: checkpoint,
        default: Some(MergeStrategy::Slerp { t: 0.5 }),
        rules: rules.map(|rule| ("head.*".to_owned(), rule)).to_vec(),
    }
}

/// Segments of both sorts, opaque content over one leaf, a recipe that builds on `parent`.
fn from_files(parent: &VersionInfo) -> Draft {
    let header = br#"{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}  "#;
    let mut model = (header.len() as u64).to_le_bytes().to_vec();
    model.extend_from_slice(header);
    model.extend_from_slice(&[0x80, 0x3f, 0x00, 0xc0]);
    let files = [
        ("model.safetensors", model),
        ("config.json", b"{\"layers\": 12}\n".repeat(40)),
        ("sub/zeros.bin", vec![0; LEAF_LEN + 1]),
        ("sub/empty", Vec::new()),
    ];
    let input =
        |(path, bytes): (&str, Vec<u8>)| InputFile::new(path, Box::new(bytes), None).unwrap();
    let recipe = Recipe::default()
        .with_parent_state(parent.state)
        .with_bases(vec![parent.model])
        .with_merge(merge(parent.checkpoint));
    let contents = Contents::Files(files.map(input).into());
    Draft::new(contents, signature(2)).with_recipe(recipe).with_message("files")
}

/// A tensor over one leaf, and one that is worth byte planes.
fn larger() -> Draft {
    let smooth: Vec<f64> = (0..4096).map(|i| f64::from(i) / 64.0).collect();
    let zeros = vec![0; LEAF_LEN + 1];
    let tensors = vec![
        Tensor::from_f64("smooth", Role::Weights, &smooth),
        Tensor::new("zeros", Dtype::U8, [zeros.len() as u64], Role::Weights, zeros).unwrap(),
    ];
    Draft::new(Contents::Tensors(tensors), signature(3))
}

/// Makes records of every kind, with every variant of every choice in them.
fn history() -> MemDisk {
    let (disk, repo) = repository();
    let first = repo.commit(&main_branch(), &from_memory()).unwrap().version;
    repo.commit(&main_branch(), &from_files(&first.record)).unwrap();
    repo.commit(&main_branch(), &larger()).unwrap();
    let tag = RefName::new(RefKind::Tag, "v1.0").unwrap();
    repo.set_ref(&tag, first.id, false, "released", &signature(4)).unwrap();
    repo.rollback(&main_branch(), None, "worse", &signature(5)).unwrap();
    repo.delete_ref(&tag, "withdrawn", &signature(6)).unwrap();
    let note = NewNote::new(vec![first.id], signature(7))
        .with_metrics(BTreeMap::from([("f1".into(), 0.5)]))
        .with_files(vec![InputFile::new("a.txt", Box::new(b"abc".to_vec()), None).unwrap()])
        .with_text("seen");
    repo.note(&note).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok());
    disk
}

fn read(disk: &MemDisk, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn packs(disk: &MemDisk) -> Vec<(String, Vec<u8>)> {
    let names = disk.list("packs").unwrap();
    names.into_iter().map(|name| (name.clone(), read(disk, &format!("packs/{name}")))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().rfold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Returns kind, digest and decoded bytes of each record in a pack, by the layout of the page.
fn records(pack: &[u8]) -> Vec<(usize, String, Vec<u8>)> {
    let footer = &pack[pack.len() - FOOTER_LEN..];
    let index = &pack[number(&footer[..8])..pack.len() - FOOTER_LEN];
    let record = |entry: &[u8]| {
        let (offset, stored) = (number(&entry[32..40]), number(&entry[40..44]));
        let raw_len = number(&entry[44..48]);
        let (kind, encoding) = (usize::from(entry[52]), Encoding::from_code(entry[53]).unwrap());
        let stored = &pack[offset..offset + stored];
        let bytes = || decode(encoding, stored, raw_len, Layout::BYTES).unwrap();
        (kind > 1).then(|| (kind, hex(&entry[..DIGEST_LEN]), bytes()))
    };
    index.chunks(ENTRY_LEN).filter_map(record).collect()
}

/// Returns what was recorded, beside this file.
fn recorded(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/golden")
}

#[test]
#[ignore = "writes tests/suite/golden again: only when the format changes"]
fn write_the_golden_records() {
    fs::write(folder().join("records.txt"), found_records()).unwrap();
    fs::write(folder().join("packs.txt"), found_packs()).unwrap();
}

#[test]
fn records_and_ids_are_as_recorded() {
    let found = found_records();
    assert!(found == recorded("records.txt"), "{ADVICE}\n\n{found}");
}

#[test]
fn packs_are_as_recorded() {
    let found = found_packs();
    assert!(found == recorded("packs.txt"), "{ADVICE}\n\n{found}");
}

/// Lists each record of the history with its id.
fn found_records() -> String {
    let packs = packs(&history());
    let mut records: Vec<_> = packs.iter().flat_map(|(_, pack)| records(pack)).collect();
    records.sort();
    let mut found = String::new();
    for (kind, digest, bytes) in records {
        writeln!(found, "{} {digest}", KINDS[kind]).unwrap();
        for line in bytes.chunks(48) {
            writeln!(found, "  {}", hex(line)).unwrap();
        }
    }
    found
}

/// Lists the packs of the history.
fn found_packs() -> String {
    let mut found = String::new();
    for (name, bytes) in packs(&history()) {
        writeln!(found, "{name}\n  {} bytes, {}", bytes.len(), Digest::of(&bytes)).unwrap();
    }
    found
}

#[test]
fn small_files_are_as_documented() {
    let disk = history();
    assert_eq!(read(&disk, "format"), b"ckpt repository format 2\n", "{ADVICE}");
    assert_eq!(read(&disk, "HEAD"), b"refs/heads/main\n", "{ADVICE}");
    let main = read(&disk, "refs/heads/main");
    assert_eq!((main.len(), main[64]), (65, b'\n'), "{ADVICE}");
    assert_eq!(disk.list("refs/tags").unwrap(), ["v1.0"], "{ADVICE}");
}

/// The commit of the worked example in docs/format.md.
fn example() -> (MemDisk, VersionInfo) {
    let (disk, repo) = repository();
    let bytes: Vec<u8> = [1.0_f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let tensor = Tensor::new("w", Dtype::F32, [2], Role::Weights, bytes).unwrap();
    let draft = Draft::new(Contents::Tensors(vec![tensor]), crate::common::signature())
        .with_metrics(BTreeMap::from([("loss".to_owned(), 0.25)]))
        .with_message("first");
    let version = repo.commit(&main_branch(), &draft).unwrap().version;
    (disk, version.record)
}

/// Reads the bytes that the page shows: lines of an offset, bytes, and what they mean.
fn shown_bytes() -> Vec<u8> {
    let start = FORMAT_PAGE.find("```text\n0000  ").expect("the page shows a pack") + 8;
    let dump = FORMAT_PAGE[start..].split("```").next().unwrap_or_default();
    let mut bytes = Vec::new();
    for line in dump.lines().filter(|line| !line.is_empty()) {
        assert_eq!(line[..4], format!("{:04x}", bytes.len()), "the offset of {line:?}");
        let shown = line[6..].split("  ").next().unwrap_or_default();
        bytes.extend(shown.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()));
    }
    bytes
}

#[test]
fn the_pack_that_the_page_shows_is_what_is_written() {
    let (disk, version) = example();
    let [(name, bytes)] = &packs(&disk)[..] else { panic!("a commit makes one pack") };
    assert!(*bytes == shown_bytes(), "{ADVICE}\n\n{}", hex(bytes));
    let movement = read(&disk, "refs/heads/main");
    let movement = std::str::from_utf8(&movement[..64]).unwrap();
    let (model, state) = (version.model.to_string(), version.state.to_string());
    for shown in [model, state, movement.to_owned(), format!("packs/{name}")] {
        assert!(FORMAT_PAGE.contains(&format!("`{shown}`")), "the page does not show {shown}");
    }
}

#[test]
fn the_pack_that_the_page_shows_is_read() {
    let (written, expected) = example();
    let (disk, _) = repository();
    let put = |path: &str, bytes: &[u8]| disk.create(path).unwrap().write_all(bytes).unwrap();
    put(&format!("packs/{}", packs(&written)[0].0), &shown_bytes());
    put("refs/heads/main", &read(&written, "refs/heads/main"));
    let repo = Repository::open_on(Arc::new(disk)).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok());
    let version = repo.version(&repo.resolve("main@1").unwrap()).unwrap().record;
    assert_eq!(version, expected);
    let tensor = &repo.checkpoint(&version).unwrap().tensors[0];
    assert_eq!(repo.tensor_bytes(tensor).unwrap(), [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
}

#[test]
fn the_data_ids_that_the_page_shows_are_computed() {
    let ids = [
        TableHasher::new().finish(),
        TableHasher::new().f64_column([1.0, 2.0]).utf8_column(["a", "bc"]).finish(),
        TableHasher::new().array("int16", &[2, 1], &[1, 0, 0xff, 0xff]).finish(),
        TableHasher::new().file(&Digest::of(b"abc")).finish(),
    ];
    for id in ids {
        assert!(FORMAT_PAGE.contains(&format!("| `{id}` |")), "{ADVICE}\n\n{id}");
    }
}

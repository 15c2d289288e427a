//! Bytes on disk are a promise: a fixed history has recorded records, ids and packs, and the pack
//! that docs/format.md shows is what is written and what is read.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use crate::common::{main_branch, repository};
use ckpt_codec::{Encoding, Layout, decode};
use ckpt_hash::{CheckpointId, CodeId, DIGEST_LEN, DataId, Digest, LEAF_LEN, TableHasher};
use ckpt_store::{
    Contents, Draft, InputFile, RefKind, RefName, Repository, Signature, Silent, Tensor,
    disk::Disk,
    record::{
        DataLabel, DataRecord, MergeRecord, ParamValue, RecipeRecord, Role, StrategyRecord,
        VersionRecord,
    },
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

/// What to do when a test of this file fails.
const ADVICE: &str = "\
what is written to disk has changed, by a change of the store or of a library beneath it.
- Not meant: undo it. Repositories that exist would no longer be read, or ids would change.
- Meant: raise the version that the change concerns (docs/format.md, section 11; until the first
  release all stay at 1), bring docs/format.md and tests/format up to date, keep reading what was
  written before, and record the new text, which follows.
- Only packs differ, and no record: the compressor or the order of nonces changed. Ids stay, old
  packs stay readable; record the new text.";

const FORMAT_PAGE: &str = include_str!("../../../../docs/format.md");

/// Where an index entry has its fields, as docs/format.md draws it.
const ENTRY_LEN: usize = 64;
const FOOTER_LEN: usize = 64;

/// Names of the kinds by their codes; 0 is none.
const KINDS: [&str; 9] =
    ["", "block", "leaf list", "chunk list", "checkpoint", "version", "recipe", "move", "note"];

fn signature(second: i64) -> Signature {
    Signature::new("Ada Lovelace", 1_700_000_000_000 + 1000 * second)
}

fn recipe() -> RecipeRecord {
    let id = DataId::from_digest(Digest::of(b"data"));
    let label = DataLabel {
        name: "houses.csv".to_owned(),
        source: "StatLib".to_owned(),
        preprocessing: "ln(price)".to_owned(),
    };
    RecipeRecord {
        params: BTreeMap::from([
            ("layers".to_owned(), ParamValue::Int(-12)),
            ("nesterov".to_owned(), ParamValue::Bool(true)),
            ("optimizer".to_owned(), ParamValue::Text("sgd".to_owned())),
            ("rate".to_owned(), ParamValue::Float(0.1)),
        ]),
        data: vec![DataRecord { label, id }],
        code: Some(CodeId::from_digest(Digest::of(b"code"))),
        seed: Some(u64::MAX),
        ..RecipeRecord::default()
    }
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
fn merge(checkpoint: CheckpointId) -> MergeRecord {
    let rules = [
        StrategyRecord::Ours,
        StrategyRecord::Theirs,
        StrategyRecord::Average { weight: 0.25 },
        StrategyRecord::TaskArithmetic { ours: 0.5, theirs: -1.0 },
        StrategyRecord::Ties { density: 0.2, scale: 1.0 },
    ];
    MergeRecord {
        base: Some(checkpoint),
        ours: checkpoint,
        theirs: checkpoint,
        default: Some(StrategyRecord::Slerp { t: 0.5 }),
        rules: rules.map(|rule| ("head.*".to_owned(), rule)).to_vec(),
    }
}

/// Segments of both sorts, opaque content over one leaf, a recipe that builds on `parent`.
fn from_files(parent: &VersionRecord) -> Draft {
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
    let recipe = RecipeRecord {
        parent_state: Some(parent.state),
        bases: vec![parent.model],
        merge: Some(merge(parent.checkpoint)),
        ..RecipeRecord::default()
    };
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

#[test]
fn records_and_ids_are_as_recorded() {
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
    assert!(found == RECORDS, "{ADVICE}\n\n{found}");
}

#[test]
fn packs_are_as_recorded() {
    let mut found = String::new();
    for (name, bytes) in packs(&history()) {
        writeln!(found, "{name}\n  {} bytes, {}", bytes.len(), Digest::of(&bytes)).unwrap();
    }
    assert!(found == PACKS, "{ADVICE}\n\n{found}");
}

#[test]
fn small_files_are_as_documented() {
    let disk = history();
    assert_eq!(read(&disk, "format"), b"ckpt repository format 1\n", "{ADVICE}");
    assert_eq!(read(&disk, "HEAD"), b"refs/heads/main\n", "{ADVICE}");
    let main = read(&disk, "refs/heads/main");
    assert_eq!((main.len(), main[64]), (65, b'\n'), "{ADVICE}");
    assert_eq!(disk.list("refs/tags").unwrap(), ["v1.0"], "{ADVICE}");
}

/// The commit of the worked example in docs/format.md.
fn example() -> (MemDisk, VersionRecord) {
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

/// Each record of the history with its id.
const RECORDS: &str = "\
leaf list cc3bcbf84b5b9b48b225f1b678f1a04faca9dfb14587e15145de3e7d1b2037ba
  01022cb74edba754a81d121c9db6833704a8e7d417e5b13d1a19f4a52f007d64426496a296d224f285c67bee93c30f8a
  309157f0daa35dc5b87e410b78630a09cfc7
chunk list cc3bcbf84b5b9b48b225f1b678f1a04faca9dfb14587e15145de3e7d1b2037ba
  0105b27a032984ea8a6bec700c3d6f63f8fcfbf8ff8ef87e972891feda4eea4aad0cfc00000400b27a032984ea8a6bec
  700c3d6f63f8fcfbf8ff8ef87e972891feda4eea4aad0cfc00000400b27a032984ea8a6bec700c3d6f63f8fcfbf8ff8e
  f87e972891feda4eea4aad0cfc00000400b27a032984ea8a6bec700c3d6f63f8fcfbf8ff8ef87e972891feda4eea4aad
  0cfc0000040096a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc701
checkpoint b784fb2c44973599e52962b208f0dd6dfe74cc81e5156928ace6834ebec9ab1c
  0101017711010200041f3521b334aa17e3a0b38a07dc2d57905606c8b40a57112396b7be17b4c42078040b636f6e6669
  672e6a736f6e066f706171756501011a6e6f206b6e6f776e20636865636b706f696e7420666f726d61740100fb580256
  ce23825e7f2cdd049a511af2ce9966531ee6d275e1cc56e9800605a27f223a116d6f64656c2e7361666574656e736f72
  730b7361666574656e736f727301000200419b9e2c050448c7705ea6652e873b28092cf075efc6ed53e09d054a0bc0a5
  ce230100097375622f656d707479066f706171756501011a6e6f206b6e6f776e20636865636b706f696e7420666f726d
  6174000d7375622f7a65726f732e62696e066f706171756501011a6e6f206b6e6f776e20636865636b706f696e742066
  6f726d61740100fc01001000cc3bcbf84b5b9b48b225f1b678f1a04faca9dfb14587e15145de3e7d1b2037ba
checkpoint ead5f331f979291f75c778a19582ce27c1126427f79b8e22405c75d41e865525
  0103046e6f6e651301000000e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85504737465
  70080001087dd1657a36197d82bfae690c3212ef9b3c0d7bbaef12ddb8ef8f9f30b23731850777c3a969676874120202
  0200102e042ba072659b83aba6c00161855ebf4478c5999f6f21cbc95477fff890452b00
checkpoint f4cb34f27cc12e227e5256686c5fc7dc809569e76a8a28c86eaa9ac0c361e8f0
  010206736d6f6f74681301fb001000fb00801b0f2285b1a8e341c13414776f978fd332cb61913e5658b8f9a202da970d
  2c5a057a65726f730201fc0100100000fc01001000cc3bcbf84b5b9b48b225f1b678f1a04faca9dfb14587e15145de3e
  7d1b2037ba00
version 88269db57314e271999eeac633fed8dd2abf8ad292478e787146572b2220b64e
  01010000ead5f331f979291f75c778a19582ce27c1126427f79b8e22405c75d41e86552595e20afdb9a8bc9bfb003714
  cc8d3960039cec31dcc9fab19520a32ffd607391b5421a068836726865f1f7b70cd53520d129ad800796ead13c7aeb7d
  aba8e568098dce1c5ed51912530992b20ef2fb31df675379ca13ccc3c3f6e38641772e67010a686f757365732e637376
  07537461744c6962096c6e2870726963652902026631000000000000f87f046c6f7373000000000000d03f0c41646120
  4c6f76656c616365fdd0d7ca9f170300000566697273740103637075067838362d3634
version 91fa512acf5c357958a3e9d69dc5798622be1341a796cbd6b8e947a423d16f6c
  010301f36c5b946dffd8df7a7eb720f3ac0afba5821a457553567aece42e47a912d31b01f36c5b946dffd8df7a7eb720
  f3ac0afba5821a457553567aece42e47a912d31bf4cb34f27cc12e227e5256686c5fc7dc809569e76a8a28c86eaa9ac0
  c361e8f0df1cb03a548f7f6c460715592ae285556118396cfb634987a959ea97e332e0c2f574475de69a032099c1de30
  433863ad14df57919d85d5599d89fdef1769da814ecd6832dc4114010b3798e86cc0104b386a7d10d196a8763c9cb1d2
  545582d100000c416461204c6f76656c616365fd70e7ca9f170300000000
version f36c5b946dffd8df7a7eb720f3ac0afba5821a457553567aece42e47a912d31b
  01020188269db57314e271999eeac633fed8dd2abf8ad292478e787146572b2220b64e0188269db57314e271999eeac6
  33fed8dd2abf8ad292478e787146572b2220b64eb784fb2c44973599e52962b208f0dd6dfe74cc81e5156928ace6834e
  bec9ab1c3cea4e3ddc17c168f13f6b0ef6523d0188eca737fcc9f285ef4e94c1a6b8c42e6de04cc4d55333de08b3f9d6
  88f618f09d60fc70273e27174fc7df1904cb01dcaf6a10766a8090864af64ee877b2cf7d9c0869beed79b7826ee963d1
  2140c1ef00000c416461204c6f76656c616365fda0dfca9f170300000566696c657300
recipe 098dce1c5ed51912530992b20ef2fb31df675379ca13ccc3c3f6e38641772e67
  0104066c61796572730117086e65737465726f760001096f7074696d697a657203037367640472617465029a99999999
  99b93f013a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7015694d08a2e53ffcae0c310
  3e5ad6f6076abd960eb1f8a56577040bc1028f702b01fdffffffffffffffff000000
recipe 4ecd6832dc4114010b3798e86cc0104b386a7d10d196a8763c9cb1d2545582d1
  0100000000000000
recipe af6a10766a8090864af64ee877b2cf7d9c0869beed79b7826ee963d12140c1ef
  010000000001b5421a068836726865f1f7b70cd53520d129ad800796ead13c7aeb7daba8e5680195e20afdb9a8bc9bfb
  003714cc8d3960039cec31dcc9fab19520a32ffd6073910101ead5f331f979291f75c778a19582ce27c1126427f79b8e
  22405c75d41e865525ead5f331f979291f75c778a19582ce27c1126427f79b8e22405c75d41e865525ead5f331f97929
  1f75c778a19582ce27c1126427f79b8e22405c75d41e8655250105000000000000e03f0506686561642e2a0006686561
  642e2a0106686561642e2a02000000000000d03f06686561642e2a03000000000000e03f000000000000f0bf06686561
  642e2a049a9999999999c93f000000000000f03f
move 011a96fedd5e8aa9a60d8046429e4085f80dc2c225450ca06c55b252bd930c05
  010e726566732f746167732f76312e3001000188269db57314e271999eeac633fed8dd2abf8ad292478e787146572b22
  20b64e000c416461204c6f76656c616365fd40efca9f170300000872656c65617365640000
move 0e108da73fb3186313719c395be7f66d6e9d9543fb2e6ad11bffe4abb59bc4ec
  010f726566732f68656164732f6d61696e020191fa512acf5c357958a3e9d69dc5798622be1341a796cbd6b8e947a423
  d16f6c01f36c5b946dffd8df7a7eb720f3ac0afba5821a457553567aece42e47a912d31b019ead93140f5c9bb0511355
  dd6ed7c9071ca9ca889415eec663f47d14c95681b80c416461204c6f76656c616365fd10f7ca9f1703000005776f7273
  650000
move 2bbfc12d40e5b639a117d0ecbe5db49c8c84c0914015c5778b0a7b1fc99007f3
  010f726566732f68656164732f6d61696e00000188269db57314e271999eeac633fed8dd2abf8ad292478e787146572b
  2220b64e000c416461204c6f76656c616365fdd0d7ca9f170300000566697273740000
move 8ffad557df55b35ee30ec2a9af8841d6806692248ba1daadb74ffb7304b90026
  010e726566732f746167732f76312e30030188269db57314e271999eeac633fed8dd2abf8ad292478e787146572b2220
  b64e0001011a96fedd5e8aa9a60d8046429e4085f80dc2c225450ca06c55b252bd930c050c416461204c6f76656c6163
  65fde0feca9f170300000977697468647261776e0000
move 974eb846fc67754cc2ff970ec803291a275392f498f519a28567fca35d29d1bb
  010f726566732f68656164732f6d61696e000188269db57314e271999eeac633fed8dd2abf8ad292478e787146572b22
  20b64e01f36c5b946dffd8df7a7eb720f3ac0afba5821a457553567aece42e47a912d31b012bbfc12d40e5b639a117d0
  ecbe5db49c8c84c0914015c5778b0a7b1fc99007f30c416461204c6f76656c616365fda0dfca9f170300000566696c65
  730000
move 9ead93140f5c9bb0511355dd6ed7c9071ca9ca889415eec663f47d14c95681b8
  010f726566732f68656164732f6d61696e0001f36c5b946dffd8df7a7eb720f3ac0afba5821a457553567aece42e47a9
  12d31b0191fa512acf5c357958a3e9d69dc5798622be1341a796cbd6b8e947a423d16f6c01974eb846fc67754cc2ff97
  0ec803291a275392f498f519a28567fca35d29d1bb0c416461204c6f76656c616365fd70e7ca9f17030000000000
";

/// Each pack of the history: name, length and SHA-256.
const PACKS: &str = "\
0b05822084e24d4a676748ca517a7e0177a08aa1.pack
  278 bytes, 5d3034acc0caddd0dc3df6d0d7e040fa683b324c3b4cd7cc565f12e82e2a8806
35a145e041f58bf351e05d38d6f28be3dabad069.pack
  307 bytes, d789a3fca42e0b6c446b16fdb26569f1df0e276bf02201044ec6415daf14d6d7
924f6bfb3361de786be0d713a2366ec9d75ab9b7.pack
  1074 bytes, a3eb4b0e0c9ea777eb929ff9d38c9c5a642b46f5ea0ef6e236445f7410c84300
b57e677810fa36896842735272250bbf35167efe.pack
  1791 bytes, fe327c740e204620c928bc0ed384f6b6938e87cf2e551dbd739af2965894553a
bd1efacfa74f904fcb7de1cedb5da06863210022.pack
  245 bytes, b827728d9afe4462ab8be1aa21f9074bf49670a3f1ed428e93c100c76b9cf16c
f93dca67d4dee715b1a1ef7625bb864f16cc9637.pack
  1756 bytes, e4ffc094de0eaf460b79ec32d859016c8853706f9bf3fb3f4727f1c67ea33ad4
";

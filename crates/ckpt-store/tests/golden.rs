//! Bytes on disk are a promise: a fixed history has recorded records, ids and packs, and the pack
//! that docs/format.md shows is what is written and what is read.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use ckpt_codec::{Encoding, Layout, decode};
use ckpt_hash::{CodeId, DIGEST_LEN, DataId, Digest, LEAF_LEN, TableHasher};
use ckpt_store::{
    Contents, Draft, InputFile, RefKind, RefName, Repository, Stamp, Tensor,
    disk::{Disk, MemDisk},
    record::{DataRecord, ParamValue, RecipeRecord, Role, VersionRecord},
};
use ckpt_tensor::Dtype;
use common::{main_branch, repository};

/// What to do when a test of this file fails.
const ADVICE: &str = "\
what is written to disk has changed, by a change of the store or of a library beneath it.
- Not meant: undo it. Repositories that exist would no longer be read, or ids would change.
- Meant: raise the version that the change concerns (docs/format.md, section 11; until the first
  release all stay at 1), bring docs/format.md and tests/format up to date, keep reading what was
  written before, and record the new text, which follows.
- Only packs differ, and no record: the compressor or the order of nonces changed. Ids stay, old
  packs stay readable; record the new text.";

const FORMAT_PAGE: &str = include_str!("../../../docs/format.md");

/// Where an index entry has its fields, as docs/format.md draws it.
const ENTRY_LEN: usize = 64;
const FOOTER_LEN: usize = 64;

/// Names of the kinds by their codes; 0 is none.
const KINDS: [&str; 9] =
    ["", "block", "leaf list", "chunk list", "checkpoint", "version", "recipe", "move", "note"];

fn stamp(second: i64) -> Stamp {
    Stamp { author: "Ada Lovelace".to_owned(), time_ms: 1_700_000_000_000 + 1000 * second }
}

fn recipe() -> RecipeRecord {
    let id = DataId::from_digest(Digest::of(b"data"));
    RecipeRecord {
        params: BTreeMap::from([
            ("layers".to_owned(), ParamValue::Int(-12)),
            ("nesterov".to_owned(), ParamValue::Bool(true)),
            ("optimizer".to_owned(), ParamValue::Text("sgd".to_owned())),
            ("rate".to_owned(), ParamValue::Float(0.1)),
        ]),
        data: vec![DataRecord { name: "houses.csv".to_owned(), id }],
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
    Draft {
        contents: Contents::Tensors(tensors),
        recipe: recipe(),
        metrics: BTreeMap::from([("f1".into(), f64::NAN), ("loss".into(), 0.25)]),
        environment: BTreeMap::from([("cpu".into(), "x86-64".into())]),
        message: "first".to_owned(),
        stamp: stamp(1),
        ..Draft::default()
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
        ..RecipeRecord::default()
    };
    let contents = Contents::Files(files.map(input).into());
    Draft { contents, recipe, message: "files".to_owned(), stamp: stamp(2), ..Draft::default() }
}

/// A tensor over one leaf, and one that is worth byte planes.
fn larger() -> Draft {
    let smooth: Vec<f64> = (0..4096).map(|i| f64::from(i) / 64.0).collect();
    let zeros = vec![0; LEAF_LEN + 1];
    let tensors = vec![
        Tensor::from_f64("smooth", Role::Weights, &smooth),
        Tensor::new("zeros", Dtype::U8, [zeros.len() as u64], Role::Weights, zeros).unwrap(),
    ];
    Draft { contents: Contents::Tensors(tensors), stamp: stamp(3), ..Draft::default() }
}

/// Makes records of every kind, with every variant of every choice in them.
fn history() -> MemDisk {
    let (disk, repo) = repository();
    let first = repo.commit(&main_branch(), &from_memory()).unwrap().version;
    repo.commit(&main_branch(), &from_files(&first.record)).unwrap();
    repo.commit(&main_branch(), &larger()).unwrap();
    let tag = RefName::new(RefKind::Tag, "v1.0").unwrap();
    repo.set_ref(&tag, first.id, false, "released", &stamp(4)).unwrap();
    repo.rollback(&main_branch(), None, "worse", &stamp(5)).unwrap();
    repo.delete_ref(&tag, "withdrawn", &stamp(6)).unwrap();
    assert!(repo.verify(&|_, _| {}).unwrap().is_ok());
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
    let draft = Draft {
        contents: Contents::Tensors(vec![tensor]),
        metrics: BTreeMap::from([("loss".to_owned(), 0.25)]),
        message: "first".to_owned(),
        stamp: common::stamp(),
        ..Draft::default()
    };
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
    assert!(repo.verify(&|_, _| {}).unwrap().is_ok());
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
version 2e60bd1f6fff4232536cc7fcbd63c7762f88513b6e8373fc020259ea9344a1f4
  010301426bc79075f08f4f2a49a561878852342539051ac518db92ed5876fd5c08a29401426bc79075f08f4f2a49a561
  878852342539051ac518db92ed5876fd5c08a294f4cb34f27cc12e227e5256686c5fc7dc809569e76a8a28c86eaa9ac0
  c361e8f0df1cb03a548f7f6c460715592ae285556118396cfb634987a959ea97e332e0c2f574475de69a032099c1de30
  433863ad14df57919d85d5599d89fdef1769da81027f9ccac808d2fd15f94ccdb967286f073afc5fd11681be08e62546
  9bba117300000c416461204c6f76656c616365fd70e7ca9f170300000000
version 426bc79075f08f4f2a49a561878852342539051ac518db92ed5876fd5c08a294
  010201f49d75ee282f983cc20a64244a7dfa6b2ffc94c631706e0e02cc5eac99c1f84801f49d75ee282f983cc20a6424
  4a7dfa6b2ffc94c631706e0e02cc5eac99c1f848b784fb2c44973599e52962b208f0dd6dfe74cc81e5156928ace6834e
  bec9ab1c3cea4e3ddc17c168f13f6b0ef6523d0188eca737fcc9f285ef4e94c1a6b8c42e6de04cc4d55333de08b3f9d6
  88f618f09d60fc70273e27174fc7df1904cb01dced49116d00ecc7e495d4fed6792858b0bc423bfafec27aec169073cf
  388e07ae00000c416461204c6f76656c616365fda0dfca9f170300000566696c657300
version f49d75ee282f983cc20a64244a7dfa6b2ffc94c631706e0e02cc5eac99c1f848
  01010000ead5f331f979291f75c778a19582ce27c1126427f79b8e22405c75d41e86552595e20afdb9a8bc9bfb003714
  cc8d3960039cec31dcc9fab19520a32ffd607391b5421a068836726865f1f7b70cd53520d129ad800796ead13c7aeb7d
  aba8e568007a9809e279b133809334759ae77bf4afd6c3d447835a3600b5938e6022eaf8010a686f757365732e637376
  02026631000000000000f87f046c6f7373000000000000d03f0c416461204c6f76656c616365fdd0d7ca9f1703000005
  66697273740103637075067838362d3634
recipe 007a9809e279b133809334759ae77bf4afd6c3d447835a3600b5938e6022eaf8
  0104066c61796572730117086e65737465726f760001096f7074696d697a657203037367640472617465029a99999999
  99b93f013a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7015694d08a2e53ffcae0c310
  3e5ad6f6076abd960eb1f8a56577040bc1028f702b01fdffffffffffffffff0000
recipe 027f9ccac808d2fd15f94ccdb967286f073afc5fd11681be08e625469bba1173
  01000000000000
recipe ed49116d00ecc7e495d4fed6792858b0bc423bfafec27aec169073cf388e07ae
  010000000001b5421a068836726865f1f7b70cd53520d129ad800796ead13c7aeb7daba8e5680195e20afdb9a8bc9bfb
  003714cc8d3960039cec31dcc9fab19520a32ffd607391
move 194c973898007c09646ddfbeca346450fb0642d91fd53d35616ef02bd01a2b0f
  010f726566732f68656164732f6d61696e000001f49d75ee282f983cc20a64244a7dfa6b2ffc94c631706e0e02cc5eac
  99c1f848000c416461204c6f76656c616365fdd0d7ca9f170300000566697273740000
move 33043881f9faf748f5e077b867bb631f872c9c00b37f0ad76de86fe3d2919a96
  010f726566732f68656164732f6d61696e0001426bc79075f08f4f2a49a561878852342539051ac518db92ed5876fd5c
  08a294012e60bd1f6fff4232536cc7fcbd63c7762f88513b6e8373fc020259ea9344a1f4013a896144acde0c04d35c70
  e0677d469561f5b0fc2accef9be0369987f2d735d50c416461204c6f76656c616365fd70e7ca9f17030000000000
move 346b5bdf824b972f89f5501d4b104020baf52dc6be4912f67749119b30dd6995
  010e726566732f746167732f76312e300301f49d75ee282f983cc20a64244a7dfa6b2ffc94c631706e0e02cc5eac99c1
  f848000175c8f5f2069bdabdc96a2190b075a975add7140263a438974819c609fa034a420c416461204c6f76656c6163
  65fde0feca9f170300000977697468647261776e0000
move 3a896144acde0c04d35c70e0677d469561f5b0fc2accef9be0369987f2d735d5
  010f726566732f68656164732f6d61696e0001f49d75ee282f983cc20a64244a7dfa6b2ffc94c631706e0e02cc5eac99
  c1f84801426bc79075f08f4f2a49a561878852342539051ac518db92ed5876fd5c08a29401194c973898007c09646ddf
  beca346450fb0642d91fd53d35616ef02bd01a2b0f0c416461204c6f76656c616365fda0dfca9f170300000566696c65
  730000
move 75c8f5f2069bdabdc96a2190b075a975add7140263a438974819c609fa034a42
  010e726566732f746167732f76312e30010001f49d75ee282f983cc20a64244a7dfa6b2ffc94c631706e0e02cc5eac99
  c1f848000c416461204c6f76656c616365fd40efca9f170300000872656c65617365640000
move d6c08d2d26065421115b8e3650f48bca97dfdb44e0fcfb4407b2dfbabec96eed
  010f726566732f68656164732f6d61696e02012e60bd1f6fff4232536cc7fcbd63c7762f88513b6e8373fc020259ea93
  44a1f401426bc79075f08f4f2a49a561878852342539051ac518db92ed5876fd5c08a2940133043881f9faf748f5e077
  b867bb631f872c9c00b37f0ad76de86fe3d2919a960c416461204c6f76656c616365fd10f7ca9f1703000005776f7273
  650000
";

/// Each pack of the history: name, length and SHA-256.
const PACKS: &str = "\
2c95d45d9d27963522a2f1d7f9458b63a9b8bca3.pack
  278 bytes, aaa8f9bd78161d6a3190d6d044a4f125d2b182eeede9037d30f0c34707141c8e
72326d43301c4a4b69687b208f60ee19edc54b5c.pack
  1790 bytes, 2e20dffa719be3ab1bedd73b0a5e1de96e1365643f4015065b2298dd538baf0d
cfa1beaa0d916572ff9ae3ae99436c8cef2e0057.pack
  1653 bytes, 89567949d1811b2677148bb12673366194949ea49dbe1db17d283499d16fc975
d1622dedc5eb709772a17d9ee724747465bee506.pack
  307 bytes, 7dd1285b55ae3abc0d4afefc627d10064ec0aefd3c53efdc9ef68b10590f6da7
d373ffb52b969ea81e5ffc64dc7a02f9647696f5.pack
  1055 bytes, bbc44c56484756667bffae797c2b0d3a4b4189caacaab597486e8eb05cd7198f
da4b9939ba6250feceb3af3140b8a70bb4ecfdb7.pack
  245 bytes, 78f3044bfacd3340579439642e64a768163bc5469b7985e7f4b26bd8ece2eddf
";

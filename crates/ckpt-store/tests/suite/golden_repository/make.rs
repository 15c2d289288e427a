//! Makes a history with something of everything that a repository can hold.

use std::{collections::BTreeMap, sync::Arc};

use ckpt_hash::{CodeId, DataId, Digest};
use ckpt_store::{
    Condition, Contents, DataInput, Draft, Effort, GuardChange, InputFile, NewNote, ParamValue,
    Parents, Reason, Recipe, RefKind, RefName, Repository, Result, Role, Session, SessionOptions,
    Signature, Silent, Tensor,
};
use ckpt_tensor::{Dtype, Shape};

use ckpt_testkit::{
    disks::MemDisk,
    sequences::{Sequence, Training},
};

use crate::common::{main_branch, unmerged};

/// Elements of the weights: blocks of 8 to 16 kB, so that tables pay.
const ELEMENTS: usize = 4000;

fn signature(second: i64) -> Signature {
    Signature::new("Ada Lovelace", 1_700_000_000_000 + 1000 * second)
}

fn recipe() -> Recipe {
    Recipe::default()
        .with_params(BTreeMap::from([
            ("layers".to_owned(), ParamValue::Int(-12)),
            ("nesterov".to_owned(), ParamValue::Bool(true)),
            ("optimizer".to_owned(), ParamValue::Text("sgd".to_owned())),
            ("rate".to_owned(), ParamValue::Float(0.1)),
        ]))
        .with_data(vec![DataInput::new("houses.csv", DataId::from_digest(Digest::of(b"data")))])
        .with_code(Some(CodeId::from_digest(Digest::of(b"code"))))
        .with_seed(u64::MAX)
}

fn weights(name: &str, dtype: Dtype, bytes: Vec<u8>) -> Tensor {
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    Tensor::new(name, dtype, [elements], Role::Weights, bytes).unwrap()
}

fn version(second: i64, contents: Contents) -> Draft {
    Draft::new(contents, signature(second))
        .with_metrics(BTreeMap::from([("loss".to_owned(), 8.0 / second as f64)]))
        .with_message(format!("second {second}"))
}

/// Weights of three trainings, each of which is stored in another way, after some epochs.
fn epoch(second: i64, epoch: usize) -> Draft {
    let of = |training: Training, name: &str| {
        let bytes = Sequence::new(training, ELEMENTS, name.len() as u64).nth(epoch).unwrap();
        weights(name, training.dtype(), bytes)
    };
    let counter = |i: usize| (i as i32 * 77 + (epoch * (i % 3)) as i32).to_le_bytes();
    let counts = (0..ELEMENTS).flat_map(counter).collect();
    // The lowest bits of some, which is where a range coder gains.
    let mut flips = Sequence::new(Training::LateF32, ELEMENTS, 1).next().unwrap();
    for (i, element) in flips.chunks_mut(8).enumerate() {
        element[0] ^= u8::from(((i as u32).wrapping_mul(2_654_435_761) >> 16) % 10 < epoch as u32);
    }
    let step = (epoch as u64).to_le_bytes().to_vec();
    version(
        second,
        Contents::Tensors(vec![
            of(Training::DenseF32, "dense"),
            of(Training::LateF32, "late"),
            of(Training::FineTuneBf16, "wéights"),
            of(Training::SparseRows, "embedding"),
            weights("flips", Dtype::F32, flips),
            weights("counts", Dtype::I32, counts),
            Tensor::new("step", Dtype::U64, [], Role::State, step).unwrap(),
        ]),
    )
}

fn files(second: i64) -> Draft {
    let header = br#"{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}  "#;
    let mut model = (header.len() as u64).to_le_bytes().to_vec();
    model.extend_from_slice(header);
    model.extend_from_slice(&[0x80, 0x3f, 0x00, 0xc0]);
    let files = [
        ("model.safetensors", model),
        ("config.json", b"{\"layers\": 12}\n".repeat(40)),
        ("sub/zeros.bin", vec![0; (1 << 20) + 1]),
        ("sub/empty", Vec::new()),
    ];
    let files = files.map(|(path, bytes)| InputFile::new(path, Box::new(bytes), None).unwrap());
    version(second, Contents::Files(files.into())).with_recipe(recipe())
}

/// A small tensor of each type, and one of two leaves.
fn types(second: i64) -> Draft {
    let small = |dtype: Dtype| {
        let len = Shape::from(vec![2, 8]).byte_len(dtype).unwrap() as u8;
        Tensor::new(dtype.name(), dtype, [2, 8], Role::Weights, (1..=len).collect::<Vec<_>>())
    };
    let mut tensors: Vec<Tensor> = Dtype::ALL.iter().map(|dtype| small(*dtype).unwrap()).collect();
    tensors.push(weights("zeros", Dtype::U8, vec![0; (1 << 20) + 1]));
    tensors.push(weights("none", Dtype::F32, Vec::new()));
    let environment = BTreeMap::from([("cpu".to_owned(), "x86-64".to_owned())]);
    version(second, Contents::Tensors(tensors)).with_environment(environment)
}

pub(crate) fn golden() -> MemDisk {
    let (disk, repo) = unmerged();
    let repo = Arc::new(repo);
    commits(&repo).unwrap();
    refs(&repo).unwrap();
    notes(&repo).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok());
    disk
}

fn commits(repo: &Arc<Repository>) -> Result<()> {
    let main = main_branch();
    repo.commit(&main, &epoch(1, 0))?;
    repo.commit(&main, &epoch(2, 1).with_effort(Effort::Small).continuing())?;
    repo.commit(&main, &epoch(3, 2))?;
    // Through a session: a file goes alone.
    let session = Session::start(Arc::clone(repo), main.clone(), SessionOptions::default())?;
    session.commit(files(4))?;
    session.flush()?;
    drop(session);
    repo.commit(&main, &types(5))?;
    let side = RefName::branch("Feature/ä")?;
    let parents = Parents::NewBranch(vec![repo.resolve("main@2")?]);
    repo.commit(&side, &epoch(6, 3).with_parents(parents))?;
    let (expected, other) = (repo.resolve("main")?, repo.resolve("Feature/ä")?);
    let parents = Parents::Merge { expected, others: vec![other] };
    let nan = BTreeMap::from([("loss".to_owned(), f64::NAN)]);
    repo.commit(&main, &version(7, Contents::Nothing).with_parents(parents).with_metrics(nan))?;
    repo.delete_ref(&side, "merged", &signature(8))?;
    repo.set_head(&RefName::branch("work/next")?)
}

fn refs(repo: &Repository) -> Result<()> {
    let tag = RefName::new(RefKind::Tag, "v1.0")?;
    repo.set_ref(&tag, repo.resolve("main@2")?, false, "released", &signature(9))?;
    repo.set_ref(&tag, repo.resolve("main@3")?, true, "released again", &signature(10))?;
    let alias = RefName::new(RefKind::Alias, "production")?;
    let guard: Condition = "loss <= 8".parse().expect("a condition");
    repo.guard(&alias, &GuardChange::Add(vec![guard]), "no worse", &signature(11))?;
    let gate = "loss < current.loss && loss <= parent.loss".parse::<Condition>();
    let gate = [gate.expect("a condition")];
    repo.promote(&alias, repo.resolve("main@2")?, &gate, "better", &signature(12))?;
    let reason = Reason { text: "worse", override_reason: Some("for a test") };
    repo.promote(&alias, repo.resolve("main@1")?, &gate, reason, &signature(13))?;
    repo.rollback(&main_branch(), None, "no loss", &signature(14))?;
    repo.rollback(&main_branch(), Some(repo.resolve("main@3")?), "further", &signature(15))
        .map(|_| ())
}

fn notes(repo: &Repository) -> Result<()> {
    let (one, three) = (repo.resolve("main@1")?, repo.resolve("main@3")?);
    let report = b"<p>fine</p>\n".to_vec();
    repo.note(
        &NewNote::new(vec![one, three], signature(16))
            .with_metrics(BTreeMap::from([("f1".to_owned(), 0.5)]))
            .with_files(vec![InputFile::new("report.html", Box::new(report), None)?]),
    )?;
    repo.note(
        &NewNote::new(vec![three], signature(17))
            .with_metrics(BTreeMap::from([("f1".to_owned(), 0.75)]))
            .with_text("measured again"),
    )
    .map(|_| ())
}

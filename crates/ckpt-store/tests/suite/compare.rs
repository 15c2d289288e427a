//! How tensors of two versions stand to each other, and what is read to know it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use crate::common::{
    by_hand::{self, Object, plant},
    draft, main_branch, one_thread, open, repository,
};
use ckpt_store::{
    CompareOptions, Comparison, Contents, Repository, Role, Silent, Tensor, TensorStatus, Version,
};
use ckpt_tensor::{Difference, Dtype};
use ckpt_testkit::disks::{MemDisk, counting};

const LEAF: usize = 1 << 20;

fn commit(repo: &Repository, tensors: Vec<Tensor>) -> Version {
    let draft = draft(1.0).with_contents(Contents::Tensors(tensors));
    repo.commit(&main_branch(), &draft).unwrap().version
}

fn tensor(name: &str, dtype: Dtype, bytes: Vec<u8>) -> Tensor {
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    Tensor::new(name, dtype, [elements], Role::Weights, bytes).unwrap()
}

fn f32s(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

fn f64s(name: &str, values: &[f64]) -> Tensor {
    Tensor::from_f64(name, Role::Weights, values)
}

/// Cuts f32 down to bf16.
fn bf16s(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks_exact(4).flat_map(|bytes| [bytes[2], bytes[3]]).collect()
}

/// Compares two versions of one repository.
fn compare(a: Vec<Tensor>, b: Vec<Tensor>) -> Comparison {
    let (_, repo) = repository();
    let (a, b) = (commit(&repo, a), commit(&repo, b));
    repo.compare(a, b).unwrap()
}

fn status(comparison: &Comparison, name: &str) -> TensorStatus {
    comparison.tensors.iter().find(|tensor| tensor.name == name).unwrap().status.clone()
}

fn statuses(comparison: &Comparison) -> Vec<(&str, &TensorStatus)> {
    comparison.tensors.iter().map(|tensor| (tensor.name.as_str(), &tensor.status)).collect()
}

/// Values whose sum in f32 would lose much, over several blocks of any width.
fn values(count: usize) -> Vec<u8> {
    f32s((0..count).map(|index| (index as f32 * 0.37).sin() * 3.0))
}

#[test]
fn a_cast_is_measured_across_blocks_of_other_lengths() {
    let wide = values(LEAF / 4 * 5 / 2 + 10);
    let narrow = bf16s(&wide);
    let (small, large) = (tensor("w", Dtype::F32, wide), tensor("w", Dtype::Bf16, narrow.clone()));
    let there = compare(vec![small.clone()], vec![large.clone()]);
    let TensorStatus::Retyped { was, difference: Some(lost) } = status(&there, "w") else {
        panic!()
    };
    assert_eq!((was, lost.elements), (Dtype::F32, narrow.len() as u64 / 2));
    let lost_l2 = lost.numeric.unwrap().l2;
    // One by one, without blocks.
    let pairs = small.bytes().chunks_exact(4).zip(narrow.chunks_exact(2));
    let square = |(wide, narrow): (&[u8], &[u8])| {
        let wide = f64::from(f32::from_le_bytes(wide.try_into().unwrap()));
        let narrow = f64::from(f32::from_le_bytes([0, 0, narrow[0], narrow[1]]));
        (wide - narrow) * (wide - narrow)
    };
    assert_eq!(lost_l2, pairs.map(square).sum::<f64>().sqrt());
    let back = compare(vec![large], vec![small]);
    let TensorStatus::Retyped { was: Dtype::Bf16, difference: Some(back) } = status(&back, "w")
    else {
        panic!()
    };
    assert_eq!((back.changed, back.numeric.unwrap().l2), (lost.changed, lost_l2));
}

#[test]
fn the_widest_and_the_narrowest_elements_stand_beside_each_other() {
    // 16 blocks of F64 for each of F4, whose codes 2 and 4 are 1 and 2.
    let count = LEAF * 2 + 20;
    let ones: Vec<u8> = (0..count).flat_map(|_| 1.0_f64.to_le_bytes()).collect();
    let mut codes = vec![0x22; count / 2];
    codes[count / 2 - 1] = 0x42;
    let comparison =
        compare(vec![tensor("w", Dtype::F4, codes)], vec![tensor("w", Dtype::F64, ones)]);
    let status = status(&comparison, "w");
    let difference = status.difference().unwrap();
    assert_eq!((difference.elements, difference.changed), (count as u64, 1));
    assert_eq!(difference.numeric.unwrap().l2, 1.0);
}

#[test]
fn what_has_no_pairs_has_no_distance() {
    let none = |a: Tensor, b: Tensor| status(&compare(vec![a], vec![b]), "w");
    let complex = tensor("w", Dtype::C64, f32s([1.0, 2.0]));
    let expected = TensorStatus::Retyped { was: Dtype::C64, difference: None };
    assert_eq!(none(complex, tensor("w", Dtype::F32, f32s([1.0]))), expected);
    let longer = none(tensor("w", Dtype::F32, f32s([1.0, 2.0])), f64s("w", &[1.0]));
    assert_eq!(longer, TensorStatus::Retyped { was: Dtype::F32, difference: None });
    // One id can belong to several dtypes; it says nothing then.
    let bits = tensor("w", Dtype::F32, vec![0, 0, 128, 63]);
    let retyped = none(bits, tensor("w", Dtype::U32, vec![0, 0, 128, 63]));
    let distance = retyped.difference().and_then(|by| by.numeric).unwrap().max_abs;
    assert_eq!(distance, 1_065_353_215.0);
}

#[test]
fn a_tensor_that_moved_is_found_among_equal_ones() {
    let zeros = |name: &str| f64s(name, &[0.0; 3]);
    let a = vec![zeros("dec.bias"), zeros("enc.bias"), zeros("stays"), f64s("w", &[1.0])];
    let b = vec![zeros("model.dec.bias"), zeros("model.enc.bias"), zeros("stays"), zeros("w")];
    let comparison = compare(a, b);
    let renamed = |from: &str| TensorStatus::Renamed(from.to_owned());
    assert_eq!(status(&comparison, "model.dec.bias"), renamed("dec.bias"));
    assert_eq!(status(&comparison, "model.enc.bias"), renamed("enc.bias"));
    assert_eq!(status(&comparison, "stays"), TensorStatus::Same);
    assert_eq!(status(&comparison, "w"), TensorStatus::Reshaped(vec![1]));
    let one = compare(vec![zeros("a"), zeros("b")], vec![zeros("b"), zeros("c"), zeros("d")]);
    let expected = [("b", &TensorStatus::Same), ("c", &renamed("a")), ("d", &TensorStatus::Added)];
    assert_eq!(statuses(&one), expected);
}

#[test]
fn only_tensors_that_are_asked_for_are_compared() {
    let (disk, repo) = repository();
    let base = |w: f64| vec![f64s("head.w", &[w]), f64s("body.w", &[w]), f64s("old", &[7.0])];
    let a = commit(&repo, base(1.0));
    let mut tensors = base(2.0);
    tensors[2] = f64s("new", &[7.0]);
    let b = commit(&repo, tensors);
    let asked = |patterns: &[&str]| {
        let tensors = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        let options = CompareOptions::default().with_tensors(tensors);
        let comparison = open(&disk).compare_with(a.clone(), b.clone(), &options).unwrap();
        comparison.tensors.into_iter().map(|tensor| tensor.name).collect::<Vec<_>>()
    };
    assert_eq!(asked(&["head.*"]), ["head.w"]);
    assert_eq!(asked(&["head.*", "old"]), ["head.w", "new"], "a renamed one has two names");
    assert_eq!(asked(&["none"]), [""; 0]);
    assert_eq!(asked(&[]), ["body.w", "head.w", "new"]);
}

/// Two versions of which one tensor of three differs, and the disk they are on.
fn one_of_three() -> (MemDisk, Version, Version) {
    let (disk, repo) = repository();
    let large = values(LEAF / 2);
    let version = |last: f64| {
        let same = tensor("large", Dtype::F32, large.clone());
        commit(&repo, vec![same, f64s("small", &[1.0]), f64s("w", &[last])])
    };
    let (a, b) = (version(1.0), version(2.0));
    (disk, a, b)
}

#[test]
fn what_is_the_same_is_not_read() {
    let (disk, a, b) = one_of_three();
    let (disk, counts) = counting(&disk, "packs/");
    let reads = |patterns: &[&str]| {
        let repo = Repository::open_on(disk.clone()).unwrap();
        let tensors = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        counts.take();
        let options = CompareOptions::default().with_tensors(tensors);
        let compare = || repo.compare_with(a.clone(), b.clone(), &options).map(drop);
        one_thread().install(compare).unwrap();
        counts.take().1
    };
    let records = reads(&["small", "large"]);
    assert_eq!(reads(&["no such tensor"]), records, "no block was read");
    let all = reads(&[]);
    assert!(
        records < all && all <= records + 6,
        "{records} reads, {all} with a block of each side"
    );
}

#[test]
fn progress_counts_what_is_read() {
    let (_, repo) = repository();
    let count = LEAF / 4 * 3;
    let a = commit(&repo, vec![tensor("w", Dtype::F32, values(count)), f64s("same", &[1.0])]);
    let changed = f32s((0..count).map(|index| index as f32));
    let b = commit(&repo, vec![tensor("w", Dtype::F32, changed), f64s("same", &[1.0])]);
    let told = Mutex::new(Vec::new());
    let tell = |done, total| told.lock().unwrap().push((done, total));
    let options = CompareOptions::default().with_tensors(Vec::new()).with_progress(&tell);
    let comparison = repo.compare_with(a, b, &options).unwrap();
    let whole = 3 * LEAF as u64;
    let told = told.into_inner().unwrap();
    assert_eq!(told, [(whole / 3, whole), (whole / 3 * 2, whole), (whole, whole)]);
    let TensorStatus::Changed(Difference { elements, .. }) = status(&comparison, "w") else {
        panic!()
    };
    assert_eq!(elements, count as u64);
}

#[test]
fn a_tensor_that_lies_about_its_length_is_damage() {
    let (disk, repo) = repository();
    let good = commit(&repo, vec![f64s("w", &[1.0, 2.0])]);
    let mut record = repo.checkpoint(&good.record).unwrap();
    record.tensors[0].len = 8;
    record.tensors[0].root = ckpt_hash::tree_hash(&[7; 8]);
    let (checkpoint, id) = Object::checkpoint(&record);
    let (version, bad) = Object::version(&by_hand::version(id, good.record.recipe));
    plant(&disk, vec![Object::block(&[7; 8]), checkpoint, version]);
    let repo = open(&disk);
    let bad = repo.version(&bad).unwrap();
    let all = ["*".parse().unwrap()];
    let statistics = repo.statistics(std::slice::from_ref(&bad), &all, &Silent).map(|_| ());
    for result in [repo.compare(good, bad).map(|_| ()), statistics] {
        let error = result.unwrap_err().to_string();
        let lies = "is damaged: its tensor w has 8 bytes where its shape needs 16";
        assert!(error.starts_with("checkpoint ") && error.ends_with(lies), "{error}");
    }
}

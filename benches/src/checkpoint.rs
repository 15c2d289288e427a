//! A checkpoint of 32 MiB, in memory and as a file.

use std::{fs::File, path::Path, sync::Arc};

use ckpt_store::{
    Commit, Contents, Draft, FIRST_BRANCH, InputFile, RefName, Repository, RestoreOptions, Role,
    Signature, Tensor, disk::RealDisk,
};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

use crate::{MIB, Random};

/// Bytes of the weights: 32 MiB.
pub const CHECKPOINT_LEN: usize = TENSORS * ROWS * COLUMNS * 4;

/// As many tensors as a small transformer has large ones, of two leaves each.
const TENSORS: usize = 16;
const ROWS: usize = 512;
const COLUMNS: usize = 1024;
const _: () = assert!(CHECKPOINT_LEN == 32 * MIB);

/// The usual deviation of initial weights; it decides how far their exponents compress.
const SPREAD: f64 = 0.02;

/// How far training moves a weight from one checkpoint to the next, relative to [`SPREAD`].
const STEP: f64 = 0.01;

/// Makes the f32 weights of a checkpoint: initial ones for 0 `steps`, and for each other number
/// initial ones of which every one has moved a little.
pub fn tensors(steps: u64) -> Vec<Tensor> {
    let tensor = |index: usize| {
        let weights = weights(index as u64, steps).take(ROWS * COLUMNS);
        let bytes: Vec<u8> = weights.flat_map(f32::to_le_bytes).collect();
        let shape = [ROWS as u64, COLUMNS as u64];
        Tensor::new(format!("layers.{index:02}.weight"), Dtype::F32, shape, Role::Weights, bytes)
            .expect("the bytes are those of the shape")
    };
    (0..TENSORS).map(tensor).collect()
}

/// Gives the weights of a tensor: every seed is another sequence.
fn weights(seed: u64, steps: u64) -> impl Iterator<Item = f32> {
    let mut start = Random::new(seed);
    let mut moves = Random::new(1000 * (steps + 1) + seed);
    std::iter::repeat_with(move || {
        let moved = if steps == 0 { 0.0 } else { STEP * moves.normal() };
        (SPREAD * (start.normal() + moved)) as f32
    })
}

/// Makes the parameters of a small linear model, different for each `version`.
pub fn tiny_tensors(version: u64) -> Vec<Tensor> {
    let mut random = Random::new(version);
    let weight: Vec<f64> = (0..10).map(|_| random.normal()).collect();
    vec![
        Tensor::from_f64("weight", Role::Weights, &weight),
        Tensor::from_f64("bias", Role::Weights, &[random.normal()]),
    ]
}

/// Writes the checkpoint of [`tensors`] into `folder` as the safetensors file `name`.
pub fn write_checkpoint(folder: &Path, name: &str, steps: u64) {
    let repository = Repository::init_on(Arc::new(MemDisk::new())).expect("an empty disk");
    let version = commit(&repository, Contents::Tensors(tensors(steps))).version;
    let target = RealDisk::new(folder);
    let options = RestoreOptions::default().with_name(Some(name.to_owned()));
    repository
        .plan_restore(&version.record, &target, &options)
        .and_then(|plan| repository.apply_restore(&plan, &target))
        .expect("the folder can be written");
}

/// Opens a file to be committed under its own name.
pub fn file_contents(path: &Path) -> Contents {
    let name = path.file_name().and_then(|name| name.to_str()).expect("benches name their files");
    let file = File::open(path).expect("the file was written before");
    let input = InputFile::new(name, Box::new(file), None).expect("a plain name");
    Contents::Files(vec![input])
}

/// Commits contents to the first branch.
pub fn commit(repository: &Repository, contents: Contents) -> Commit {
    let branch = RefName::branch(FIRST_BRANCH).expect("a branch name");
    let signature = Signature::new("bench", 1_700_000_000_000);
    let draft = Draft::new(contents, signature);
    repository.commit(&branch, &draft).expect("one writer on a working disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_moves_every_weight_a_little() {
        let pairs: Vec<(f32, f32)> = weights(3, 0).zip(weights(3, 1)).take(1000).collect();
        assert!(pairs.iter().filter(|(a, b)| a != b).count() >= 995);
        // Six standard deviations of a step.
        let limit = (6.0 * SPREAD * STEP) as f32;
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < limit));
    }

    #[test]
    fn the_same_tensors_are_made_every_time() {
        let repository = Repository::init_on(Arc::new(MemDisk::new())).unwrap();
        let model = |version| {
            commit(&repository, Contents::Tensors(tiny_tensors(version))).version.record.model
        };
        assert_eq!(model(1), model(1));
        assert_ne!(model(1), model(2));
    }
}

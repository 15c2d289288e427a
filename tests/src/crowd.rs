//! What the processes of the test `processes` write, so that whoever reads it can tell that it is
//! what was written.

use std::collections::BTreeMap;

use ckpt_store::{Contents, Draft, Repository, Role, Signature, Tensor, Version};

/// Numbers of the tensor that every version changes a little.
const LEN: u64 = 4000;

fn values(writer: u64, step: u64) -> Vec<f64> {
    let value = |i: u64| (i + writer * LEN) as f64 + step as f64 * 1e-6;
    (0..LEN).map(value).collect()
}

/// Makes the version of a step of a writer.
pub fn draft(writer: u64, step: u64) -> Draft {
    let metric = |name: &str, value: u64| (name.to_owned(), value as f64);
    Draft::new(
        Contents::Tensors(vec![
            Tensor::from_f64("moving", Role::Weights, &values(writer, step)),
            Tensor::from_f64("same for all", Role::Weights, &values(0, 0)),
        ]),
        Signature::new(format!("writer {writer}"), step as i64),
    )
    .with_metrics(BTreeMap::from([metric("writer", writer), metric("step", step)]))
}

/// Checks that a version holds what its writer gave it.
///
/// # Panics
/// If it does not.
pub fn check(repository: &Repository, version: &Version) {
    let metric = |name: &str| version.record.metrics[name] as u64;
    let expected = [values(metric("writer"), metric("step")), values(0, 0)];
    let checkpoint = repository.checkpoint(&version.record).expect("the checkpoint is there");
    assert_eq!(checkpoint.tensors.len(), expected.len());
    for (tensor, expected) in checkpoint.tensors.iter().zip(expected) {
        let bytes = repository.tensor_bytes(tensor).expect("the tensor is there");
        let expected: Vec<u8> = expected.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert!(bytes == expected, "tensor {} of version {}", tensor.name, version.id);
    }
}

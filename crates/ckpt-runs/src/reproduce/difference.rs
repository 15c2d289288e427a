//! What a second training gives, compared with what is on record.

use std::fmt;

use ckpt_hash::{VersionId, tree_hash};
use ckpt_store::{Error as StoreError, Repository, Tensor, TensorInfo, Version};
use ckpt_tensor::Dtype;

use crate::error::Result;

/// The first thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The version.
    pub version: VersionId,
    /// Its epoch.
    pub epoch: u64,
    /// What is not the same.
    pub what: Mismatch,
}

/// What is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// An element of a tensor has another value.
    Value {
        /// The tensor.
        tensor: String,
        /// The index of the element.
        index: Vec<u64>,
        /// Its value on record, as text that tells any two apart.
        recorded: String,
        /// The new value.
        found: String,
    },
    /// A tensor differs, but what is on record of it was removed, so that no element can be named.
    Removed {
        /// The tensor.
        tensor: String,
    },
    /// A tensor has another dtype or shape.
    Shape {
        /// The tensor.
        tensor: String,
        /// Dtype and shape on record.
        recorded: String,
        /// The new dtype and shape.
        found: String,
    },
    /// A tensor is only on record, or only new.
    Missing {
        /// The tensor.
        tensor: String,
        /// Whether it is on record.
        is_recorded: bool,
    },
    /// Training ended before.
    Ended {
        /// The last epoch.
        epoch: u64,
    },
    /// Training failed.
    Failed {
        /// The reason.
        why: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {} (version {}), {}", self.epoch, self.version.short(), self.what)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { tensor, index, recorded, found } => {
                write!(f, "tensor {tensor}, element {index:?}: recorded {recorded}, found {found}")
            }
            Self::Removed { tensor } => {
                write!(f, "tensor {tensor}; its content was removed, so no element can be named")
            }
            Self::Shape { tensor, recorded, found } => {
                write!(f, "tensor {tensor}: recorded {recorded}, found {found}")
            }
            Self::Missing { tensor, is_recorded: true } => {
                write!(f, "tensor {tensor} is on record, but did not come out")
            }
            Self::Missing { tensor, is_recorded: false } => {
                write!(f, "tensor {tensor} is new: it is not on record")
            }
            Self::Ended { epoch } => write!(f, "training ended at epoch {epoch}"),
            Self::Failed { why } => f.write_str(why),
        }
    }
}

/// Compares new tensors with those of a version, in the order of the new ones.
pub(super) fn compare(
    repository: &Repository,
    version: &Version,
    found: &[Tensor],
) -> Result<Option<Mismatch>> {
    let checkpoint = repository.checkpoint(&version.record)?;
    for tensor in found {
        let on_record = checkpoint.tensors.iter().find(|record| record.name == tensor.name());
        let Some(record) = on_record else {
            let tensor = tensor.name().to_owned();
            return Ok(Some(Mismatch::Missing { tensor, is_recorded: false }));
        };
        if let Some(what) = compare_tensor(repository, record, tensor)? {
            return Ok(Some(what));
        }
    }
    let is_found = |record: &&TensorInfo| found.iter().any(|tensor| tensor.name() == record.name);
    let missing = checkpoint.tensors.iter().find(|record| !is_found(record));
    Ok(missing.map(|record| Mismatch::Missing { tensor: record.name.clone(), is_recorded: true }))
}

fn compare_tensor(
    repository: &Repository,
    record: &TensorInfo,
    found: &Tensor,
) -> Result<Option<Mismatch>> {
    let form = |dtype: Dtype, shape: &[u64]| format!("{dtype} {shape:?}");
    let tensor = record.name.clone();
    if (record.dtype, &record.shape[..]) != (found.dtype(), found.shape()) {
        let (recorded, found) =
            (form(record.dtype, &record.shape), form(found.dtype(), found.shape()));
        return Ok(Some(Mismatch::Shape { tensor, recorded, found }));
    }
    if tree_hash(found.bytes()) == record.root {
        return Ok(None);
    }
    let bytes = match repository.tensor_bytes(record) {
        Ok(bytes) => bytes,
        Err(StoreError::Removed { .. }) => return Ok(Some(Mismatch::Removed { tensor })),
        Err(error) => return Err(error.into()),
    };
    let size = (bytes.len() / record.shape.iter().product::<u64>().max(1) as usize).max(1);
    let mut pairs = bytes.chunks(size).zip(found.bytes().chunks(size));
    let place = pairs.position(|(a, b)| a != b).unwrap_or_default();
    let element = |bytes: &[u8]| number(record.dtype, &bytes[place * size..(place + 1) * size]);
    let (recorded, found) = (element(&bytes), element(found.bytes()));
    Ok(Some(Mismatch::Value { index: index(&record.shape, place as u64), tensor, recorded, found }))
}

/// The index of an element by its place in row-major order.
fn index(shape: &[u64], mut place: u64) -> Vec<u64> {
    let mut index: Vec<u64> = shape
        .iter()
        .rev()
        .map(|extent| {
            let at = place % extent;
            place /= extent;
            at
        })
        .collect();
    index.reverse();
    index
}

/// An element as text that tells any two apart.
fn number(dtype: Dtype, bytes: &[u8]) -> String {
    match (dtype, bytes) {
        (Dtype::F32, &[a, b, c, d]) => format!("{:?}", f32::from_le_bytes([a, b, c, d])),
        (Dtype::F64, &[a, b, c, d, e, f, g, h]) => {
            format!("{:?}", f64::from_le_bytes([a, b, c, d, e, f, g, h]))
        }
        (Dtype::I64, &[a, b, c, d, e, f, g, h]) => {
            u64::from_le_bytes([a, b, c, d, e, f, g, h]).to_string()
        }
        (_, bytes) => bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_and_numbers() {
        assert_eq!(index(&[2, 3], 5), [1, 2]);
        assert_eq!(index(&[4], 3), [3]);
        assert_eq!(index(&[], 0), [0; 0]);
        assert_eq!(number(Dtype::F64, &0.1_f64.to_le_bytes()), "0.1");
        assert_eq!(number(Dtype::F32, &(-0.0_f32).to_le_bytes()), "-0.0");
        assert_eq!(number(Dtype::I64, &7_u64.to_le_bytes()), "7");
        assert_eq!(number(Dtype::U8, &[65]), "65");
    }
}

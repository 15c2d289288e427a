//! What came out beside what is on record.

use std::fmt;

use ckpt_hash::tree_hash;
use ckpt_store::{Error, Repository, Tensor, record::TensorRecord};
use ckpt_tensor::Dtype;
use ckpt_train::TrainError;
use serde_json::{Value, json};

use super::line::Recorded;

/// The first thing that is not the same.
#[derive(Debug)]
pub(super) struct Difference {
    version: String,
    short: String,
    epoch: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// An element of a tensor has another value.
    Value { tensor: String, index: Vec<u64>, recorded: String, found: String },
    /// A tensor differs, but what is on record of it was removed, so that no element can be named.
    Removed { tensor: String },
    /// A tensor has another dtype or shape.
    Shape { tensor: String, recorded: String, found: String },
    /// A tensor is only on record, or only came out.
    Missing { tensor: String, is_recorded: bool },
    /// Training ended before.
    Ended { epoch: u64 },
    /// Training failed.
    Failed { why: String },
}

/// Compares the tensors that came out with those of a version, in the order of what came out.
pub(super) fn compare(
    repository: &Repository,
    recorded: &Recorded,
    found: &[Tensor],
) -> anyhow::Result<Option<Difference>> {
    let checkpoint = repository.checkpoint(&recorded.version.record)?;
    for tensor in found {
        let on_record = checkpoint.tensors.iter().find(|record| record.name == tensor.name());
        let Some(record) = on_record else {
            let missing = What::Missing { tensor: tensor.name().to_owned(), is_recorded: false };
            return Ok(Some(Difference::of(recorded, missing)));
        };
        if let Some(what) = compare_tensor(repository, record, tensor)? {
            return Ok(Some(Difference::of(recorded, what)));
        }
    }
    let is_found = |record: &&TensorRecord| found.iter().any(|tensor| tensor.name() == record.name);
    let missing = checkpoint.tensors.iter().find(|record| !is_found(record));
    Ok(missing.map(|record| {
        let what = What::Missing { tensor: record.name.clone(), is_recorded: true };
        Difference::of(recorded, what)
    }))
}

fn compare_tensor(
    repository: &Repository,
    record: &TensorRecord,
    found: &Tensor,
) -> anyhow::Result<Option<What>> {
    let form = |dtype: Dtype, shape: &[u64]| format!("{dtype} {shape:?}");
    let tensor = record.name.clone();
    if (record.dtype, &record.shape[..]) != (found.dtype(), found.shape()) {
        let (recorded, found) =
            (form(record.dtype, &record.shape), form(found.dtype(), found.shape()));
        return Ok(Some(What::Shape { tensor, recorded, found }));
    }
    if tree_hash(found.bytes()) == record.root {
        return Ok(None);
    }
    let bytes = match repository.tensor_bytes(record) {
        Ok(bytes) => bytes,
        Err(Error::Removed { .. }) => return Ok(Some(What::Removed { tensor })),
        Err(error) => return Err(error.into()),
    };
    let size = (bytes.len() / record.shape.iter().product::<u64>().max(1) as usize).max(1);
    let mut pairs = bytes.chunks(size).zip(found.bytes().chunks(size));
    let place = pairs.position(|(a, b)| a != b).unwrap_or_default();
    let element = |bytes: &[u8]| number(record.dtype, &bytes[place * size..(place + 1) * size]);
    let (recorded, found) = (element(&bytes), element(found.bytes()));
    Ok(Some(What::Value { index: index(&record.shape, place as u64), tensor, recorded, found }))
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

impl Difference {
    fn of(recorded: &Recorded, what: What) -> Self {
        Self {
            version: recorded.version.id.to_string(),
            short: recorded.version.id.short().to_string(),
            epoch: recorded.epoch,
            what,
        }
    }

    pub(super) fn failed(recorded: &Recorded, error: &TrainError) -> Self {
        Self::of(recorded, What::Failed { why: error.to_string() })
    }

    pub(super) fn ended(recorded: &Recorded, epoch: u64) -> Self {
        Self::of(recorded, What::Ended { epoch })
    }

    pub(super) fn document(&self) -> Value {
        let (reason, tensor, index, recorded, found) = match &self.what {
            What::Value { tensor, index, recorded, found } => {
                ("value", Some(tensor), Some(index), Some(recorded), Some(found))
            }
            What::Removed { tensor } => ("removed", Some(tensor), None, None, None),
            What::Shape { tensor, recorded, found } => {
                ("shape", Some(tensor), None, Some(recorded), Some(found))
            }
            What::Missing { tensor, .. } => ("missing", Some(tensor), None, None, None),
            What::Ended { .. } => ("ended", None, None, None, None),
            What::Failed { why } => ("diverged", None, None, None, Some(why)),
        };
        json!({
            "version": self.version,
            "epoch": self.epoch,
            "tensor": tensor,
            "index": index,
            "recorded": recorded,
            "found": found,
            "reason": reason,
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {} (version {}), ", self.epoch, self.short)?;
        match &self.what {
            What::Value { tensor, index, recorded, found } => {
                write!(f, "tensor {tensor}, element {index:?}: recorded {recorded}, found {found}")
            }
            What::Removed { tensor } => {
                write!(f, "tensor {tensor}; its content was removed, so no element can be named")
            }
            What::Shape { tensor, recorded, found } => {
                write!(f, "tensor {tensor}: recorded {recorded}, found {found}")
            }
            What::Missing { tensor, is_recorded: true } => {
                write!(f, "tensor {tensor} is on record, but did not come out")
            }
            What::Missing { tensor, is_recorded: false } => {
                write!(f, "tensor {tensor} came out, but is not on record")
            }
            What::Ended { epoch } => write!(f, "training ended at epoch {epoch}"),
            What::Failed { why } => f.write_str(why),
        }
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

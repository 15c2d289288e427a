//! Epochs as versions of the store, and the state of training back from a version.

use std::collections::BTreeMap;

use ckpt_data::Float;
use ckpt_store::{
    Contents, Draft, Recipe, Repository, Role, Signature, Tensor, TensorInfo, VersionInfo,
};
use ckpt_tensor::Dtype;
use ckpt_train::{Epoch, NamedArray, Real, TrainState, Values};
use serde_json::json;

use crate::error::{Error, Result};

/// What the names of the state's tensors start with, as in optimizer files of other frameworks.
const STATE_PREFIX: &str = "optimizer.";

/// The tensor of a classifier's labels: a JSON list as UTF-8, in the order of the outputs (for
/// logistic regression, the classes of probability 0 and 1).
const CLASSES: &str = "classes";

/// A float type that the trainer, the data and the store know: `f32` or `f64`.
pub trait Element: Real + Float {
    /// Its dtype in the store.
    const DTYPE: Dtype;

    /// Appends its bytes, little-endian.
    fn put(self, bytes: &mut Vec<u8>);
}

impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;

    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for f64 {
    const DTYPE: Dtype = Dtype::F64;

    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

/// Makes a version of an epoch, which continues the one before it.
pub(crate) fn draft<T: Element>(
    epoch: &Epoch<T>,
    recipe: Recipe,
    environment: BTreeMap<String, String>,
    signature: Signature,
) -> Draft {
    Draft::new(Contents::Tensors(tensors(epoch)), signature)
        .with_recipe(recipe)
        .with_metrics(epoch.metrics.clone().into())
        .with_environment(environment)
        .with_message(format!("epoch {}", epoch.number))
        .continuing()
}

/// Returns the tensors of an epoch: the model as a linear layer's `weight` (outputs x features) and `bias`
/// (outputs), for a classifier the labels `classes` as a JSON list, and the state that training goes on
/// from, whose names start with `optimizer.`.
pub fn tensors<T: Element>(epoch: &Epoch<T>) -> Vec<Tensor> {
    let model = &epoch.model;
    let (outputs, columns) = model.weight.dim();
    let (outputs, columns) = (outputs as u64, columns as u64);
    let weight = le_bytes(model.weight.iter());
    let dtype = <T as Element>::DTYPE;
    let mut tensors = vec![
        tensor("weight", dtype, vec![outputs, columns], Role::Weights, weight),
        tensor("bias", dtype, vec![outputs], Role::Weights, le_bytes(model.bias.iter())),
    ];
    if !model.classes.is_empty() {
        let labels = json!(model.classes).to_string().into_bytes();
        let shape = vec![labels.len() as u64];
        tensors.push(tensor(CLASSES, Dtype::U8, shape, Role::Weights, labels));
    }
    tensors.extend(epoch.state.arrays().into_iter().map(state_tensor));
    tensors
}

fn state_tensor(array: NamedArray) -> Tensor {
    let name = format!("{STATE_PREFIX}{}", array.name);
    let shape = array.shape.iter().map(|extent| *extent as u64).collect();
    let (dtype, bytes) = match &array.values {
        Values::F32(values) => (Dtype::F32, le_bytes(values.iter())),
        Values::F64(values) => (Dtype::F64, le_bytes(values.iter())),
        // The same bits as signed numbers, which every version of PyTorch knows.
        Values::U64(values) => {
            (Dtype::I64, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
    };
    tensor(&name, dtype, shape, Role::State, bytes)
}

fn tensor(name: &str, dtype: Dtype, shape: Vec<u64>, role: Role, bytes: Vec<u8>) -> Tensor {
    Tensor::new(name, dtype, shape, role, bytes).expect("the trainer's arrays fill their shapes")
}

fn le_bytes<'a, T: Element>(values: impl ExactSizeIterator<Item = &'a T>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * size_of::<T>());
    values.for_each(|value| value.put(&mut bytes));
    bytes
}

/// Reads the state of training that a version holds.
pub(crate) fn state(repository: &Repository, version: &VersionInfo) -> Result<TrainState> {
    let checkpoint = repository.checkpoint(version)?;
    let tensors = checkpoint.tensors.iter().filter(|tensor| tensor.role == Role::State);
    let arrays = tensors.map(|tensor| state_array(tensor, &repository.tensor_bytes(tensor)?));
    let arrays: Vec<NamedArray> = arrays.collect::<Result<_>>()?;
    Ok(TrainState::from_arrays(arrays)?)
}

fn state_array(tensor: &TensorInfo, bytes: &[u8]) -> Result<NamedArray> {
    let values = match tensor.dtype {
        Dtype::F32 => Values::F32(elements(bytes, f32::from_le_bytes)),
        Dtype::F64 => Values::F64(elements(bytes, f64::from_le_bytes)),
        Dtype::I64 => Values::U64(elements(bytes, u64::from_le_bytes)),
        other => {
            let (tensor, dtype) = (tensor.name.clone(), other.to_string());
            return Err(Error::StateType { tensor, dtype });
        }
    };
    let name = tensor.name.strip_prefix(STATE_PREFIX).unwrap_or(&tensor.name).to_owned();
    let shape = tensor.shape.iter().map(|extent| *extent as usize).collect();
    Ok(NamedArray { name, shape, values })
}

fn elements<const N: usize, T>(bytes: &[u8], parse: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| parse(*chunk)).collect()
}

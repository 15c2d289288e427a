//! Turns an epoch of the trainer into a version of the store, and a version's state back.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use ckpt_data::Float;
use ckpt_store::{
    Contents, Draft, Repository, Signature, Tensor,
    record::{RecipeRecord, Role, TensorRecord, VersionRecord},
};
use ckpt_tensor::Dtype;
use ckpt_train::{Epoch, NamedArray, Real, TrainState, Values};
use serde_json::json;

/// What the names of the state's tensors start with, as in optimizer files of other frameworks.
const STATE_PREFIX: &str = "optimizer.";

/// The tensor of a classifier's labels: a JSON list as UTF-8, in the order of the outputs (for
/// logistic regression, the classes of probability 0 and 1).
const CLASSES: &str = "classes";

/// A float type that both the trainer and the store know.
pub(crate) trait Element: Real + Float {
    /// Its dtype in the store.
    const STORED: Dtype;

    /// Appends its bytes, little-endian.
    fn put(self, bytes: &mut Vec<u8>);
}

impl Element for f32 {
    const STORED: Dtype = Dtype::F32;

    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for f64 {
    const STORED: Dtype = Dtype::F64;

    fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

/// Makes a version of an epoch: the model as a linear layer's `weight` and `bias`, the state
/// beside it.
pub(crate) fn draft<T: Element>(
    epoch: &Epoch<T>,
    recipe: RecipeRecord,
    environment: BTreeMap<String, String>,
    stamp: Signature,
) -> Draft {
    Draft::new(Contents::Tensors(tensors(epoch)), stamp)
        .with_recipe(recipe)
        .with_metrics(epoch.metrics.clone().into())
        .with_environment(environment)
        .with_message(format!("epoch {}", epoch.number))
        .continuing()
}

/// Returns the tensors of an epoch: the model's, which for a classifier have the labels of its classes
/// among them, and the state's.
pub(crate) fn tensors<T: Element>(epoch: &Epoch<T>) -> Vec<Tensor> {
    let model = &epoch.model;
    let (outputs, columns) = model.weight.dim();
    let (outputs, columns) = (outputs as u64, columns as u64);
    let weight = le_bytes(model.weight.iter());
    let mut tensors = vec![
        tensor("weight", T::STORED, vec![outputs, columns], Role::Weights, weight),
        tensor("bias", T::STORED, vec![outputs], Role::Weights, le_bytes(model.bias.iter())),
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
pub(crate) fn state(
    repository: &Repository,
    version: &VersionRecord,
) -> anyhow::Result<TrainState> {
    let checkpoint = repository.checkpoint(version)?;
    let tensors = checkpoint.tensors.iter().filter(|tensor| tensor.role == Role::State);
    let arrays = tensors.map(|tensor| state_array(tensor, &repository.tensor_bytes(tensor)?));
    let arrays: Vec<NamedArray> = arrays.collect::<anyhow::Result<_>>()?;
    TrainState::from_arrays(arrays).context("the version holds no state of this trainer")
}

fn state_array(tensor: &TensorRecord, bytes: &[u8]) -> anyhow::Result<NamedArray> {
    let values = match tensor.dtype {
        Dtype::F32 => Values::F32(elements(bytes, f32::from_le_bytes)),
        Dtype::F64 => Values::F64(elements(bytes, f64::from_le_bytes)),
        Dtype::I64 => Values::U64(elements(bytes, u64::from_le_bytes)),
        other => bail!("tensor {} of the state has dtype {other}", tensor.name),
    };
    let name = tensor.name.strip_prefix(STATE_PREFIX).unwrap_or(&tensor.name).to_owned();
    let shape = tensor.shape.iter().map(|extent| *extent as usize).collect();
    Ok(NamedArray { name, shape, values })
}

fn elements<const N: usize, T>(bytes: &[u8], parse: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| parse(*chunk)).collect()
}

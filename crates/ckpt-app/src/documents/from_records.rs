//! What the store's records say in JSON.

use std::collections::BTreeMap;

use ckpt_store::{
    Checkpoint, ContentChange, ContentEvent, DataInput, FileInfo, ParamValue, Recipe, Role,
    TensorInfo, Version,
};
use serde_json::Value;

use super::{Data, FileKeys, Note, NoteFile, Removal, Tensor, VersionKeys};
use crate::format;

impl VersionKeys {
    pub fn new(version: &Version, recipe: &Recipe, branch: Option<String>) -> Self {
        let record = &version.record;
        Self {
            version: version.id,
            model: record.model,
            state: record.state,
            parents: record.parents.clone(),
            number: record.number,
            branch,
            time: format::rfc3339(record.time_ms),
            author: record.author.clone(),
            message: record.message.clone(),
            params: params(&recipe.params),
            metrics: record.metrics.clone(),
        }
    }
}

pub fn value(value: &ParamValue) -> Value {
    match value {
        ParamValue::Bool(value) => (*value).into(),
        ParamValue::Int(value) => (*value).into(),
        ParamValue::Float(value) => (*value).into(),
        ParamValue::Text(value) => value.as_str().into(),
    }
}

fn params(params: &BTreeMap<String, ParamValue>) -> BTreeMap<String, Value> {
    params.iter().map(|(name, param)| (name.clone(), value(param))).collect()
}

pub fn data(data: &[DataInput]) -> Vec<Data> {
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let keys = |data: &DataInput| Data {
        name: data.label.name.clone(),
        id: data.id,
        source: said(&data.label.source),
        preprocessing: said(&data.label.preprocessing),
    };
    data.iter().map(keys).collect()
}

pub const fn role(role: Role) -> &'static str {
    match role {
        Role::Weights => "weights",
        Role::State => "state",
    }
}

pub fn tensors(checkpoint: &Checkpoint) -> Vec<Tensor> {
    let tensor = |tensor: &TensorInfo| Tensor {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape: tensor.shape.clone(),
        bytes: tensor.len,
        role: role(tensor.role),
        root: tensor.root,
    };
    checkpoint.tensors.iter().map(tensor).collect()
}

pub fn files(checkpoint: &Checkpoint) -> Vec<FileKeys> {
    let file = |file: &FileInfo| FileKeys {
        path: file.path.clone(),
        bytes: file.len(&checkpoint.tensors),
        reader: file.reader.clone(),
        reader_version: file.reader_version,
        note: file.note.clone(),
    };
    checkpoint.files.iter().map(file).collect()
}

impl Note {
    pub fn new(note: &ckpt_store::Note) -> Self {
        let ckpt_store::Note { id, record } = note;
        let file = |file: &FileInfo| NoteFile { path: file.path.clone(), bytes: file.len(&[]) };
        Self {
            note: *id,
            time: format::rfc3339(record.time_ms),
            author: record.author.clone(),
            text: record.text.clone(),
            metrics: record.metrics.clone(),
            files: record.files.iter().map(file).collect(),
        }
    }
}

impl Removal {
    pub fn new(removal: &ContentEvent) -> Self {
        Self {
            content: match removal.content {
                ContentChange::Removed => "removed",
                ContentChange::Kept => "kept",
            },
            time: format::rfc3339(removal.time_ms),
            author: removal.author.clone(),
            reason: removal.reason.clone(),
        }
    }
}

//! A comparison in JSON.

use ckpt_store::{Comparison, TensorChange, TensorStatus};
use serde_json::json;

use super::{Judged, word};
use crate::{
    json,
    metrics::{Direction, MetricChange},
};

pub(super) fn document(judged: &Judged) -> json::Comparison {
    let Comparison { a, b, metrics, params, data, code, tensors } = &judged.comparison;
    let metric = |name: &String| {
        let pair = metrics[name];
        let change = judged.metrics.get(name);
        let word = change.map(|change| change.verdict.word());
        json::MetricPair {
            a: pair.a,
            b: pair.b,
            delta: pair.a.zip(pair.b).map(|(a, b)| b - a),
            better: change.and_then(|change| change.direction).map(Direction::word),
            verdict: word.filter(|word| !word.is_empty()),
            within_spread: change.and_then(MetricChange::within_spread),
        }
    };
    let param = |pair: &ckpt_store::Pair<_>| json::ValuePair {
        a: pair.a.as_ref().map(json::value),
        b: pair.b.as_ref().map(json::value),
    };
    let file = |file: &super::FileChange| json::FileChange {
        path: file.path.clone(),
        status: file.status,
        bytes: file.bytes,
    };
    json::Comparison {
        a: a.id,
        b: b.id,
        same_model: judged.comparison.same_model(),
        same_state: a.record.state == b.record.state,
        same_recipe: judged.comparison.same_recipe(),
        metrics: metrics.keys().map(|name| (name.clone(), metric(name))).collect(),
        params: params.iter().map(|(name, pair)| (name.clone(), param(pair))).collect(),
        data: json::Sameness { same: data.same, a: json::data(&data.a), b: json::data(&data.b) },
        code: json::Sameness { same: code.same, a: code.a, b: code.b },
        tensors: tensors.iter().map(tensor).collect(),
        files: judged.files.iter().map(file).collect(),
    }
}

fn tensor(change: &TensorChange) -> json::TensorChange {
    let (max_abs, l2, changed_fraction) = match &change.status {
        TensorStatus::Same | TensorStatus::Renamed(_) => (Some(0.0), Some(0.0), Some(0.0)),
        TensorStatus::Changed(difference) => {
            let numeric = difference.numeric.as_ref();
            let (max_abs, l2) = (numeric.map(|by| by.max_abs), numeric.map(|by| by.l2));
            (max_abs, l2, Some(difference.changed_fraction()))
        }
        _ => (None, None, None),
    };
    let was = match &change.status {
        TensorStatus::Renamed(name) => Some(json!(name)),
        TensorStatus::Reshaped(shape) => Some(json!(shape)),
        TensorStatus::Retyped { was, .. } => Some(json!(was)),
        _ => None,
    };
    json::TensorChange {
        name: change.name.clone(),
        status: word(&change.status),
        dtype: change.dtype,
        shape: change.shape.clone(),
        max_abs,
        l2,
        changed_fraction,
        was,
    }
}

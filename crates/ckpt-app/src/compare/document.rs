//! A comparison as a document.

use ckpt_store::{Comparison, TensorChange, TensorStatus};
use ckpt_tensor::{Difference, NumericDifference};
use serde_json::json;

use super::{Judged, inputs::Inputs, requirements::Requirements, word};
use crate::{
    documents,
    metrics::{Direction, MetricChange},
};

/// Makes the document of two versions.
pub fn document(judged: &Judged, requirements: &Requirements) -> documents::Comparison {
    let Comparison { a, b, metrics, params, data, code, tensors, .. } = &judged.comparison;
    let Inputs { a: from_a, b: from_b } = &judged.inputs;
    let metric = |name: &String| {
        let pair = metrics[name];
        let change = judged.metrics.get(name);
        let word = change.map(|change| change.verdict.word());
        documents::MetricPair {
            a: pair.a,
            b: pair.b,
            delta: pair.a.zip(pair.b).map(|(a, b)| b - a),
            better: change.and_then(|change| change.direction).map(Direction::word),
            verdict: word.filter(|word| !word.is_empty()),
            within_spread: change.and_then(MetricChange::within_spread),
        }
    };
    let param = |pair: &ckpt_store::Pair<_>| documents::ValuePair {
        a: pair.a.as_ref().map(documents::value),
        b: pair.b.as_ref().map(documents::value),
    };
    let file = |file: &super::FileChange| documents::FileChange {
        path: file.path.clone(),
        status: file.status,
        bytes: file.bytes,
    };
    documents::Comparison {
        a: a.id,
        b: b.id,
        same_model: judged.comparison.same_model(),
        same_state: a.record.state == b.record.state,
        same_recipe: judged.comparison.same_recipe(),
        metrics: metrics.keys().map(|name| (name.clone(), metric(name))).collect(),
        params: params.iter().map(|(name, pair)| (name.clone(), param(pair))).collect(),
        seed: documents::Sides { a: from_a.seed, b: from_b.seed },
        parent_state: documents::Sides { a: from_a.parent_state, b: from_b.parent_state },
        bases: documents::Sameness {
            same: from_a.bases == from_b.bases,
            a: from_a.bases.clone(),
            b: from_b.bases.clone(),
        },
        data: documents::Sameness {
            same: data.same,
            a: documents::data(&data.a),
            b: documents::data(&data.b),
        },
        code: documents::Sameness { same: code.same, a: code.a, b: code.b },
        tensors: tensors.iter().map(tensor).collect(),
        files: judged.files.iter().map(file).collect(),
        met: (!requirements.is_empty()).then_some(judged.failed.is_empty()),
        failed: judged.failed.iter().map(failed).collect(),
    }
}

fn failed(failed: &super::FailedCheck) -> documents::FailedCheck {
    documents::FailedCheck {
        kind: failed.kind,
        name: failed.name.clone(),
        condition: failed.condition.clone(),
        values: failed.values.clone(),
    }
}

fn tensor(change: &TensorChange) -> documents::TensorChange {
    let is_same = change.status.has_same_elements();
    let difference = change.status.difference();
    let numeric = difference.and_then(|difference| difference.numeric);
    // What has the same elements is known without reading them.
    let number = |of_same: f64, read: fn(&NumericDifference) -> f64| {
        if is_same { Some(of_same) } else { numeric.as_ref().map(read) }
    };
    let fraction = difference.map(Difference::changed_fraction);
    let was = match &change.status {
        TensorStatus::Renamed(name) => Some(json!(name)),
        TensorStatus::Reshaped(shape) => Some(json!(shape)),
        TensorStatus::Retyped { was, .. } => Some(json!(was)),
        _ => None,
    };
    documents::TensorChange {
        name: change.name.clone(),
        status: word(&change.status),
        dtype: change.dtype,
        shape: change.shape.clone(),
        role: documents::role(change.role),
        max_abs: number(0.0, |by| by.max_abs),
        mean_abs: number(0.0, |by| by.mean_abs),
        l2: number(0.0, |by| by.l2),
        relative_l2: number(0.0, |by| by.relative_l2),
        cosine: number(1.0, |by| by.cosine),
        changed_fraction: if is_same { Some(0.0) } else { fraction },
        nan_a: numeric.map(|by| by.nan_a),
        nan_b: numeric.map(|by| by.nan_b),
        inf_a: numeric.map(|by| by.inf_a),
        inf_b: numeric.map(|by| by.inf_b),
        was,
    }
}

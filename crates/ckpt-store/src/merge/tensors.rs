//! Merges the tensors of two checkpoints three ways, by name.

use std::collections::BTreeMap;

use ckpt_tensor::Arithmetic;

use crate::{
    merge::{
        outcome::{ConflictKind, MergeItem, Outcome, Resolution, Side, Three, names},
        strategy::{Strategies, Strategy},
    },
    record::{CheckpointRecord, Role, TensorRecord},
};

/// A tensor of the result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Combined {
    /// As it is in a version.
    Carried(TensorRecord),
    /// Merged element by element.
    Merged(Box<Elements>),
}

/// What a tensor is merged from; all of one dtype and shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Elements {
    pub(super) arithmetic: Arithmetic,
    /// Only if the arithmetic needs it.
    pub(super) base: Option<TensorRecord>,
    pub(super) ours: TensorRecord,
    pub(super) theirs: TensorRecord,
}

/// Says what becomes of each tensor, by name, and lists those of the result.
pub(super) fn merge_tensors(
    base: &CheckpointRecord,
    ours: &CheckpointRecord,
    theirs: &CheckpointRecord,
    strategies: &Strategies,
) -> (Vec<MergeItem>, BTreeMap<String, Combined>) {
    let [base, ours, theirs] = [base, ours, theirs].map(by_name);
    let mut items = Vec::new();
    let mut result = BTreeMap::new();
    for name in names(&ours, &theirs) {
        let three = Three::find(name, [&base, &ours, &theirs]);
        let role = three.ours.or(three.theirs).map_or(Role::Weights, |tensor| tensor.role);
        let outcome = outcome(three, strategies.find_tensor(name, role));
        if let Some(tensor) = combine(three, outcome) {
            result.insert(name.to_owned(), tensor);
        }
        items.push(MergeItem { name: name.to_owned(), outcome });
    }
    (items, result)
}

fn by_name(checkpoint: &CheckpointRecord) -> BTreeMap<&str, &TensorRecord> {
    checkpoint.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect()
}

/// Tells whether the elements of two tensors correspond to each other.
fn fits(a: &TensorRecord, b: &TensorRecord) -> bool {
    a.dtype == b.dtype && a.shape == b.shape
}

fn outcome(three: Three<&&TensorRecord>, strategy: Option<Strategy>) -> Outcome {
    three.outcome(
        |a, b| a.has_elements_of(b),
        |kind| {
            // Tensors that differ in their elements are told from those whose elements differ.
            let kind = match (three.ours, three.theirs) {
                (Some(ours), Some(theirs)) if ours.dtype != theirs.dtype => ConflictKind::Retyped,
                (Some(ours), Some(theirs)) if ours.shape != theirs.shape => ConflictKind::Reshaped,
                _ => kind,
            };
            (kind, resolve(three, kind, strategy))
        },
    )
}

fn resolve(
    three: Three<&&TensorRecord>,
    kind: ConflictKind,
    strategy: Option<Strategy>,
) -> Resolution {
    let arithmetic = match strategy {
        None => return Resolution::Open(None),
        Some(Strategy::Ours) => return Resolution::Taken(Side::Ours),
        Some(Strategy::Theirs) => return Resolution::Taken(Side::Theirs),
        Some(Strategy::Arithmetic(arithmetic)) => arithmetic,
    };
    let ours = match (kind, three.ours) {
        (ConflictKind::BothChanged | ConflictKind::BothAdded, Some(ours)) => ours,
        (ConflictKind::Retyped | ConflictKind::Reshaped, _) => {
            return Resolution::Open(Some("its elements cannot be paired"));
        }
        _ => return Resolution::Open(Some("one side removed it")),
    };
    if !Arithmetic::merges(ours.dtype) {
        Resolution::Taken(Side::Ours)
    } else if arithmetic.needs_base() && !three.base.is_some_and(|base| fits(base, ours)) {
        Resolution::Open(Some("the base has none like it"))
    } else {
        Resolution::Merged(arithmetic)
    }
}

/// Makes the tensor of the result; ours where that is undecided.
fn combine(three: Three<&&TensorRecord>, outcome: Outcome) -> Option<Combined> {
    let clone = |tensor: &&TensorRecord| (*tensor).clone();
    let resolution = match outcome {
        Outcome::Conflict { resolution, .. } => Some(resolution),
        _ => None,
    };
    if let (Some(Resolution::Merged(arithmetic)), Some(ours), Some(theirs)) =
        (resolution, three.ours, three.theirs)
    {
        let base = three.base.filter(|_| arithmetic.needs_base()).map(clone);
        let (ours, theirs) = (clone(ours), clone(theirs));
        return Some(Combined::Merged(Box::new(Elements { arithmetic, base, ours, theirs })));
    }
    let taken = match (outcome, three) {
        // Of equal elements those whose role was changed.
        (Outcome::Same, Three { base: Some(base), ours: Some(ours), theirs })
            if base.role == ours.role =>
        {
            theirs
        }
        _ => three.on(outcome.side().unwrap_or(Side::Ours)),
    };
    taken.map(clone).map(Combined::Carried)
}

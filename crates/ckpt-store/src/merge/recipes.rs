//! Merges the inputs of two versions three ways.

use std::collections::BTreeMap;

use crate::{
    merge::{
        outcome::{MergeItem, Outcome, Side, Three, names},
        strategy::Strategies,
    },
    recipe::{DataInput, Recipe},
    record::ParamValue,
};

/// Says what becomes of each parameter, and of data, code and seed as wholes, and makes the recipe
/// of the result.
pub(super) fn merge_recipes(
    base: &Recipe,
    ours: &Recipe,
    theirs: &Recipe,
    strategies: &Strategies,
) -> (Vec<MergeItem>, Vec<MergeItem>, Recipe) {
    let (params, items) = merge_params(base, ours, theirs, strategies);
    let mut recipe = Recipe { params, ..Recipe::default() };
    let mut wholes = Vec::new();
    let mut add = |name: &str, outcome: Outcome| {
        wholes.push(MergeItem { name: name.to_owned(), outcome });
        match outcome.side() {
            Some(Side::Theirs) => theirs,
            _ => ours,
        }
    };
    let data = [base, ours, theirs].map(|recipe| Some(&recipe.data[..]).filter(|d| !d.is_empty()));
    if let Some(three) = present(data) {
        let same =
            |a: &[DataInput], b: &[DataInput]| a.iter().map(|d| d.id).eq(b.iter().map(|d| d.id));
        let from = add("data", three.whole(same, strategies.find("data")));
        recipe.data.clone_from(&from.data);
    }
    if let Some(three) = present([base.code, ours.code, theirs.code]) {
        let from = add("code", three.whole(|a, b| a == b, strategies.find("code")));
        recipe.code = from.code;
    }
    if let Some(three) = present([base.seed, ours.seed, theirs.seed]) {
        let from = add("seed", three.whole(|a, b| a == b, strategies.find("seed")));
        recipe.seed = from.seed;
    }
    (items, wholes, recipe)
}

/// Joins what either side has.
fn present<T>([base, ours, theirs]: [Option<T>; 3]) -> Option<Three<T>> {
    (ours.is_some() || theirs.is_some()).then_some(Three { base, ours, theirs })
}

fn merge_params(
    base: &Recipe,
    ours: &Recipe,
    theirs: &Recipe,
    strategies: &Strategies,
) -> (BTreeMap<String, ParamValue>, Vec<MergeItem>) {
    let mut params = BTreeMap::new();
    let mut items = Vec::new();
    for name in names(&ours.params, &theirs.params) {
        let three = Three::find(name, [&base.params, &ours.params, &theirs.params]);
        let outcome = three.whole(is_same, strategies.find(name));
        if let Some(value) = three.on(outcome.side().unwrap_or(Side::Ours)) {
            params.insert(name.to_owned(), value.clone());
        }
        items.push(MergeItem { name: name.to_owned(), outcome });
    }
    (params, items)
}

/// Tells whether two values are one; NaN is, too, if its bits are the same.
fn is_same(a: &ParamValue, b: &ParamValue) -> bool {
    match (a, b) {
        (ParamValue::Float(a), ParamValue::Float(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

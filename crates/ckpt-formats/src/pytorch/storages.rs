//! Storages that no tensor with a name has.

use std::collections::BTreeSet;

use super::value::{Id, Value, Values};
use crate::message::quoted;
use crate::tile::Unread;

/// Why a storage is not read.
const UNNAMED: &str = "a storage without a name";

/// Counts the storages that the pickle refers to and no tensor of the list has: saved by
/// themselves, or below what no name leads into, a set for instance. Empty ones hold nothing.
pub(super) fn add_unnamed(values: &Values<'_>, tensors: &[(String, Id)], unread: &mut Unread) {
    let key = |&(_, tensor): &(String, Id)| match values.get(tensor) {
        Value::Tensor(view) => Some(view.storage.key),
        _ => None,
    };
    let named: BTreeSet<Id> = tensors.iter().filter_map(key).collect();
    let key = |value: &Value| match value {
        Value::Storage(storage) if storage.count > 0 => Some(storage.key),
        _ => None,
    };
    let others = values.all.iter().filter_map(key).filter(|key| !named.contains(key)).collect();
    // A key may be written twice. Values come first: there may be millions of one long text.
    let named = texts(values, &named);
    for key in texts(values, &others).difference(&named) {
        unread.add(&format!("data/{}", quoted(key)), UNNAMED);
    }
}

fn texts<'a>(values: &Values<'a>, ids: &BTreeSet<Id>) -> BTreeSet<&'a [u8]> {
    ids.iter().filter_map(|&id| values.text(id)).collect()
}

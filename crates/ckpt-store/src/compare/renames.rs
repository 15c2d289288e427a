//! Finds tensors that have another name by their content.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use ckpt_hash::TreeHash;

use crate::record::TensorRecord;

/// Tensors of a checkpoint by name.
pub(super) type ByName = BTreeMap<String, TensorRecord>;

/// Most pairs of names that are weighed against each other among tensors of one content: a few
/// hundred equal biases on each side. Among more, names are paired in order.
const MOST_PAIRS: usize = 1 << 16;

/// Names of tensors of one content: those that are gone, and those that came.
type Moved<'a> = (Vec<&'a str>, Vec<&'a str>);

/// Maps names that only `new` has to names that only `old` has, where the content is the same.
///
/// Of several tensors of one content, such as biases of zeros, those go together whose names have
/// the longest common end, then the longest common start.
pub(super) fn find_renames(old: &ByName, new: &ByName) -> BTreeMap<String, String> {
    let mut moved: BTreeMap<(TreeHash, u8, &[u64]), Moved<'_>> = BTreeMap::new();
    for (name, tensor) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        moved.entry(content(tensor)).or_default().0.push(name);
    }
    for (name, tensor) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        moved.entry(content(tensor)).or_default().1.push(name);
    }
    let renames = moved.into_values().flat_map(|(gone, came)| pair_up(gone, came));
    renames.map(|(gone, came)| (came.to_owned(), gone.to_owned())).collect()
}

fn content(tensor: &TensorRecord) -> (TreeHash, u8, &[u64]) {
    (tensor.root, tensor.dtype.code(), &tensor.shape)
}

/// Pairs names that are gone with names that came, each at most once.
fn pair_up<'a>(gone: Vec<&'a str>, came: Vec<&'a str>) -> Vec<(&'a str, &'a str)> {
    if gone.len().saturating_mul(came.len()) > MOST_PAIRS {
        return gone.into_iter().zip(came).collect();
    }
    let mut pairs: Vec<(&str, &str)> =
        gone.iter().flat_map(|gone| came.iter().map(|came| (*gone, *came))).collect();
    pairs.sort_by_key(|(gone, came)| (Reverse(likeness(gone, came)), *gone, *came));
    let mut taken = BTreeSet::new();
    // No name is on both sides.
    pairs.retain(|(gone, came)| {
        let is_free = !taken.contains(gone) && !taken.contains(came);
        is_free && taken.insert(*gone) && taken.insert(*came)
    });
    pairs
}

/// Counts the bytes that two names have in common at their ends, and at their starts.
fn likeness(a: &str, b: &str) -> (usize, usize) {
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (end, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_content_are_paired_by_their_ends() {
        let gone = vec!["dec.0.bias", "enc.0.bias", "head"];
        let came = vec!["model.enc.0.bias", "model.dec.0.bias"];
        let pairs = pair_up(gone, came);
        let expected = [("dec.0.bias", "model.dec.0.bias"), ("enc.0.bias", "model.enc.0.bias")];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn so_many_that_they_cannot_be_weighed_are_paired_in_order() {
        let names: Vec<String> = (0..MOST_PAIRS).map(|index| format!("{index:06}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pairs = pair_up(names.clone(), names.clone());
        assert!(pairs.iter().all(|(gone, came)| gone == came) && pairs.len() == names.len());
    }
}

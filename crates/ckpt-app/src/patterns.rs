//! Patterns over the names of tensors that a command line has.

use std::collections::BTreeSet;

use ckpt_store::{Pattern, Repository, Version};

use crate::{
    failure::{Failure, Hint},
    near,
};

/// Most names that are listed where a pattern matches none of them.
const LISTED: usize = 5;

/// Checks that each pattern matches the name of a tensor in one of the versions.
pub fn check<'a>(
    repository: &Repository,
    patterns: &[Pattern],
    versions: impl Iterator<Item = &'a Version>,
) -> Result<(), Failure> {
    if patterns.is_empty() {
        return Ok(());
    }
    let mut names = BTreeSet::new();
    for version in versions {
        let tensors = repository.checkpoint(&version.record)?.tensors;
        names.extend(tensors.into_iter().map(|tensor| tensor.name));
    }
    let is_idle = |pattern: &&Pattern| !names.iter().any(|name| pattern.matches_tensor(name));
    match patterns.iter().find(is_idle) {
        None => Ok(()),
        Some(pattern) => {
            let message =
                format!("no tensor of these versions has a name like {:?}", pattern.as_str());
            Err(Failure::failed(message).with_hint(suggest(pattern, &names)))
        }
    }
}

/// Names what may have been meant.
fn suggest(pattern: &Pattern, names: &BTreeSet<String>) -> Hint {
    let text = pattern.as_str();
    let names = || names.iter().map(String::as_str);
    let Some(first) = names().next() else {
        return "they have no tensors; `show` lists what they have".into();
    };
    // A pattern that says less than it was meant to is the most frequent slip.
    let core = text.trim_matches('*');
    let holds = |name: &&str| !core.is_empty() && name.contains(core);
    if names().any(|name| holds(&name)) {
        return format!("a pattern is for whole names: try '*{core}*'").into();
    }
    if let Some(near) = near::nearest(text, names()) {
        return format!("did you mean {near:?}?").into();
    }
    let listed: Vec<&str> = names().take(LISTED).collect();
    match listed.len() == names().count() {
        true => format!("the names are {}", listed.join(", ")).into(),
        false => format!("names start with {first:?}; `show` lists them all").into(),
    }
}

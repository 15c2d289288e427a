//! Says which patterns of `--weights` and `--state` were about no tensor.

use std::collections::BTreeSet;

use ckpt_store::{Checkpoint, Pattern, RoleRules, Segment};

use crate::{failure::Failure, ui::Ui};

/// Prints a notice for each pattern that no tensor has a name of: most likely a slip, and the same
/// files can be committed again without it.
pub(super) fn print_idle(
    ui: &mut Ui,
    rules: &RoleRules,
    checkpoint: &Checkpoint,
) -> Result<(), Failure> {
    if rules.weights.is_empty() && rules.state.is_empty() {
        return Ok(());
    }
    let names = names(checkpoint);
    for (flag, patterns) in [("--weights", &rules.weights), ("--state", &rules.state)] {
        let is_idle = |pattern: &&Pattern| !names.iter().any(|name| pattern.matches(name));
        for pattern in patterns.iter().filter(is_idle) {
            let text = pattern.as_str();
            ui.notice(format!("note: no tensor has a name like {text:?} of {flag}"))?;
        }
    }
    Ok(())
}

/// Lists the names that patterns of roles are matched with: NAME and FILE::NAME.
fn names(checkpoint: &Checkpoint) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in &checkpoint.files {
        for segment in &file.segments {
            let (Segment::Tensor { index } | Segment::Tied { index }) = segment else {
                continue;
            };
            let Some(tensor) = checkpoint.tensors.get(*index as usize) else { continue };
            // Where several files have a name, it is recorded with theirs.
            let prefix = format!("{}::", file.path);
            let name = tensor.name.strip_prefix(&prefix).unwrap_or(&tensor.name);
            names.extend([name.to_owned(), format!("{prefix}{name}")]);
        }
    }
    names
}

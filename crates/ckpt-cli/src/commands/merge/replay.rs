//! Merges that are made again.

use crate::{
    context::{Answer, Context, Outcome, find},
    json,
    ui::{Style, Text},
};

/// Makes a merge again and compares the weights.
pub(super) fn replay(context: &mut Context, revision: &str) -> Outcome {
    let repository = context.repository()?;
    let version = find(&repository, revision)?;
    let progress = context.ui.progress("merging again");
    let replayed = repository.replay_merge(&version)?;
    drop(progress);
    let model = version.record.model;
    let same = replayed == model;
    if context.json {
        context.ui.json(&json::Replay { version: version.id, same, model, replayed })?;
    } else {
        let line = Text::from("the recipe of ").push(Style::Id, version.id.short());
        context.ui.line(match same {
            true => line.plain(" makes the same weights again: model ").plain(model.short()),
            false => {
                let line = line.plain(" makes other weights: model ").plain(replayed.short());
                line.plain(", not ").plain(model.short())
            }
        })?;
    }
    Ok(if same { Answer::Done } else { Answer::No })
}

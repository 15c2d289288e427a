//! Lists models.

mod table;

use ckpt_app::models::{self, Entry, Scan};
use ckpt_store::{Goal, Repository};
use clap::Args;

use crate::{
    context::{Answer, Context, Outcome},
    failure::{Failure, Hint},
    json, near,
};

/// Lists the models of the repository, or the lines of one
///
/// Branches named MODEL/LINE, such as resnet/main and resnet/lr-sweep, are lines of one model; a
/// branch without a slash is a model of its own. Versions are those that any line comes from; size
/// and parameters (elements of weights) are those of the newest one. The best version is the one
/// by --best, or else by a metric that most versions have and whose direction is known, such as
/// val_loss or f1. Refs are the tags and aliases that point to one of the versions. Columns that
/// the terminal has no room for are left out.
///
/// With --json, a list of model, branches, versions (how many), newest (version, branch, number,
/// time, bytes, parameters), best (metric, goal: min or max, value, version, number; or null),
/// tags, aliases; with MODEL, a list of the same keys for each line, without branches.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt models
  ckpt models resnet --best min:val_loss
  ckpt models --json | jq -r '.[].model'
")]
pub(crate) struct ModelsArgs {
    /// The model whose lines are listed
    #[arg(value_name = "MODEL")]
    model: Option<String>,

    /// The metric that the best version is best by, such as max:f1
    #[arg(long, value_name = "GOAL")]
    best: Option<Goal>,
}

pub(crate) fn models(context: &mut Context, args: &ModelsArgs) -> Outcome {
    let repository = context.repository()?;
    let mut scan = Scan::new(&repository, args.best.clone())?;
    let entries = match &args.model {
        Some(model) => lines(&repository, &mut scan, model)?,
        None => scan.models()?,
    };
    if let Some(goal) = args.best.as_ref()
        && !entries.is_empty()
        && entries.iter().all(|entry| entry.best.is_none())
    {
        return Err(no_metric(&scan, &goal.metric, args.model.as_deref()));
    }
    if context.json {
        let is_line = args.model.is_some();
        let keys = |entry: &Entry| json::Model::new(entry, is_line);
        context.ui.json(&entries.iter().map(keys).collect::<Vec<_>>())?;
    } else if entries.is_empty() {
        context.ui.notice("there is no model yet")?;
    } else {
        let current = args.model.is_some().then(|| repository.head()).transpose()?;
        table::print(context, &entries, current.as_ref())?;
    }
    Ok(Answer::Done)
}

/// Says that no version can be the best by a metric.
fn no_metric(scan: &Scan<'_>, metric: &str, model: Option<&str>) -> Failure {
    let of = model.map(|model| format!(" of {model}")).unwrap_or_default();
    let message = format!("no version{of} has a metric {metric:?} that is a number");
    let names = scan.metrics();
    Failure::failed(message).with_hint(match near::nearest(metric, names.iter().copied()) {
        Some(name) => Hint::from(format!("did you mean {name}?")),
        None => Hint::command("log", "shows metrics"),
    })
}

/// Finds the lines of a model that exists.
fn lines(repository: &Repository, scan: &mut Scan<'_>, model: &str) -> Result<Vec<Entry>, Failure> {
    let lines = scan.lines(model)?;
    if !lines.is_empty() {
        return Ok(lines);
    }
    let names = models::names(repository)?;
    let failure = Failure::failed(format!("there is no model {model:?}"));
    Err(failure.with_hint(match near::nearest(model, names.iter().map(String::as_str)) {
        Some(name) => Hint::from(format!("did you mean {name}?")),
        None => Hint::command("models", "lists all"),
    }))
}

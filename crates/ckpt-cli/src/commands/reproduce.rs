use std::{num::NonZeroU16, path::PathBuf};

use ckpt_runs::{Difference, History, Input, Mismatch, Reproduction, Source};
use clap::Args;
use serde_json::{Value, json};

use super::train::{ReadingArgs, failure, pool, recorded};
use crate::{
    context::{Answer, Context, Outcome},
    failure::Failure,
    format,
    ui::Ui,
};

/// Trains a version again from its record, and compares bit by bit
///
/// Trains from the first epoch with the settings, seed and data on record, and compares weights and state
/// with those of each version on the way to REV, bit by bit. Exit code 0: all the same; 3: different.
///
/// With --json: same, version, epochs (trained), compared (versions), difference (null, or version,
/// epoch, tensor, index, recorded, found, reason: value, shape, missing, removed, ended or diverged),
/// inputs (data and code: same, changed or unknown), settings_changed (epochs at which the history went on
/// with others).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt reproduce train
  ckpt reproduce min:val_mse@train --threads 1
  ckpt reproduce main@40 --data moved/houses.csv
")]
pub(crate) struct ReproduceArgs {
    /// A version that `train` made
    #[arg(value_name = "REV")]
    revision: String,
    /// Where its data is now [default: where it was]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// How many threads to use; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroU16>,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(crate) fn reproduce(context: &mut Context, args: &ReproduceArgs) -> Outcome {
    let repository = context.repository()?;
    let history = History::read(&repository, &args.revision).map_err(failure)?;
    let source = match &args.data {
        Some(path) => Source::read(path, &args.reading.reading()).map_err(failure)?,
        None => recorded(history.data_path(), history.data(), &args.reading)?,
    };
    let outcome = pool(args.threads)?.install(|| history.reproduce(&repository, source));
    let outcome = outcome.map_err(failure)?;
    match context.json {
        true => context.ui.json(&document(&outcome))?,
        false => print(&mut context.ui, &outcome)?,
    }
    Ok(if outcome.difference.is_none() { Answer::Done } else { Answer::No })
}

fn print(ui: &mut Ui, outcome: &Reproduction) -> Result<(), Failure> {
    let versions = format::count(outcome.compared as u64, "version");
    match &outcome.difference {
        None => {
            ui.line(format!("same: {versions} up to epoch {}, bit for bit", outcome.epochs))?;
        }
        Some(difference) => {
            ui.line(format!("different: {difference}"))?;
            ui.line(format!("same before: {versions}"))?;
        }
    }
    for (name, input) in [("data", &outcome.data), ("code", &outcome.code)] {
        if outcome.difference.is_some() || *input != Input::Same {
            ui.line(format!("{name}: {input}"))?;
        }
    }
    if !outcome.settings_changed.is_empty() {
        let epochs: Vec<String> = outcome.settings_changed.iter().map(u64::to_string).collect();
        ui.line(format!("other settings after epoch {}, as recorded", epochs.join(", ")))?;
    }
    Ok(())
}

fn document(outcome: &Reproduction) -> Value {
    json!({
        "same": outcome.difference.is_none(),
        "version": outcome.version.to_string(),
        "epochs": outcome.epochs,
        "compared": outcome.compared,
        "difference": outcome.difference.as_ref().map(difference),
        "inputs": { "data": name(&outcome.data), "code": name(&outcome.code) },
        "settings_changed": outcome.settings_changed,
    })
}

fn name(input: &Input) -> &'static str {
    match input {
        Input::Same => "same",
        Input::Unknown => "unknown",
        Input::Changed { .. } => "changed",
    }
}

fn difference(difference: &Difference) -> Value {
    let (reason, tensor, index, recorded, found) = match &difference.what {
        Mismatch::Value { tensor, index, recorded, found } => {
            ("value", Some(tensor), Some(index), Some(recorded), Some(found))
        }
        Mismatch::Removed { tensor } => ("removed", Some(tensor), None, None, None),
        Mismatch::Shape { tensor, recorded, found } => {
            ("shape", Some(tensor), None, Some(recorded), Some(found))
        }
        Mismatch::Missing { tensor, .. } => ("missing", Some(tensor), None, None, None),
        Mismatch::Ended { .. } => ("ended", None, None, None, None),
        Mismatch::Failed { why } => ("diverged", None, None, None, Some(why)),
        _ => ("other", None, None, None, None),
    };
    json!({
        "version": difference.version.to_string(),
        "epoch": difference.epoch,
        "tensor": tensor,
        "index": index,
        "recorded": recorded,
        "found": found,
        "reason": reason,
    })
}

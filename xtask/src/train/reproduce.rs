//! `cargo xtask reproduce`: trains again what a version records, and compares.

mod compare;
mod line;

use std::path::PathBuf;

use anyhow::Context;
use ckpt_cli::{format, ui::Ui};
use ckpt_hash::code_id;
use ckpt_store::{Repository, record::DataRecord};
use ckpt_train::{LinearTrainer, TrainState};
use serde_json::{Value, json};

use self::{
    compare::{Difference, compare},
    line::{Recorded, line},
};
use super::{
    code_folder, epoch,
    epoch::Element,
    inputs::{Inputs, Reading, Source, recorded_path},
    pool,
    settings::FloatWidth,
};
use crate::Place;

/// What `--json` prints.
pub(crate) const KEYS: &str = "\
Trains from the first epoch with the settings, seed and data on record, and compares weights and state
with those of each version on the way to REV, bit by bit. Exit code 0: all the same; 3: different.

With --json: same, version, epochs (trained), compared (versions), difference (null, or version,
epoch, tensor, index, recorded, found, reason: value, shape, missing, removed, ended or diverged),
inputs (data and code: same, changed or unknown), settings_changed (epochs at which the line went on
with others).";

/// The arguments of `cargo xtask reproduce`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReproduceArgs {
    /// A version that `train` made
    #[arg(value_name = "REV")]
    revision: String,
    /// Where its data is now [default: where it was]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// How many threads to use; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    #[command(flatten)]
    reading: Reading,
}

/// What came out.
struct Outcome {
    version: String,
    epochs: u64,
    compared: usize,
    difference: Option<Difference>,
    data: Input,
    code: Input,
    settings_changed: Vec<u64>,
}

/// Whether a recorded input is still what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Input {
    Same,
    Unknown,
    /// What it was and what it is, for people.
    Changed(String),
}

/// Trains again and compares; tells whether all is the same.
pub(crate) fn run(args: &ReproduceArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<bool> {
    let repository = place.open()?.ok_or_else(|| place.no_repository())?;
    let line = line(&repository, &args.revision)?;
    let last = &line[line.len() - 1];
    let environment = &last.version.record.environment;
    let path = args.data.clone().or_else(|| recorded_path(environment));
    let path = path.context("the version does not say where its data was; name it with --data")?;
    let source = Source::read(&path, args.data.is_none(), &args.reading)?;
    let data = data_input(&last.recipe.data, &source.data);
    let now = code_id(&code_folder(place)).ok();
    let code = match (last.recipe.code, now) {
        (Some(recorded), Some(now)) if recorded == now => Input::Same,
        (Some(recorded), Some(now)) => {
            Input::Changed(format!("{} is now {}", recorded.short(), now.short()))
        }
        _ => Input::Unknown,
    };
    let trained = match last.settings.width {
        FloatWidth::F32 => retrain::<f32>(args, &repository, &line, source),
        FloatWidth::F64 => retrain::<f64>(args, &repository, &line, source),
    };
    let (compared, difference) = match trained {
        Ok(trained) => trained,
        // Other data may not even have the columns that are needed.
        Err(error) if matches!(data, Input::Changed(_)) => {
            return Err(error.context(format!("the data has changed: {}", data.text())));
        }
        Err(error) => return Err(error),
    };
    let outcome = Outcome {
        version: last.version.id.to_string(),
        epochs: last.epoch,
        compared,
        difference,
        data,
        code,
        settings_changed: line::changes(&line),
    };
    outcome.print(ui, place.json)?;
    Ok(outcome.difference.is_none())
}

fn data_input(recorded: &[DataRecord], now: &DataRecord) -> Input {
    match recorded {
        [recorded] if recorded.id == now.id => Input::Same,
        [recorded] => Input::Changed(format!(
            "{} {} is now {} {}",
            recorded.label.name,
            recorded.id.short(),
            now.label.name,
            now.id.short()
        )),
        _ => Input::Unknown,
    }
}

/// Trains along a line of versions, and stops at the first that is not what comes out.
fn retrain<T: Element>(
    args: &ReproduceArgs,
    repository: &Repository,
    line: &[Recorded],
    source: Source,
) -> anyhow::Result<(usize, Option<Difference>)> {
    let mut settings = line[0].settings.clone();
    let inputs = source.inputs::<T>(&mut settings)?;
    pool(args.threads)?.install(|| {
        let mut state = None;
        for (compared, stretch) in line::stretches(line) {
            let (done, difference, end) = train_stretch(repository, &inputs, stretch, state)?;
            if difference.is_some() {
                return Ok((compared + done, difference));
            }
            state = end;
        }
        Ok((line.len(), None))
    })
}

/// Trains versions of the same settings, and returns how many were the same, the first difference,
/// and the state at the end.
fn train_stretch<T: Element>(
    repository: &Repository,
    inputs: &Inputs<T>,
    stretch: &[Recorded],
    state: Option<TrainState>,
) -> anyhow::Result<(usize, Option<Difference>, Option<TrainState>)> {
    let last = &stretch[stretch.len() - 1];
    // What was trained until then did not end there, even if what was asked for later would have.
    let mut settings = last.settings.clone().never_stopping();
    let classes = inputs.dataset.classes();
    settings.settle((!classes.is_empty()).then_some(classes.len()))?;
    settings.config.epochs = last.epoch;
    let mut trainer = match &state {
        Some(state) => LinearTrainer::resume(&inputs.dataset, settings.config, state)?,
        None => LinearTrainer::new(&inputs.dataset, settings.config)?,
    };
    let mut end = state;
    for (done, recorded) in stretch.iter().enumerate() {
        while trainer.epoch() < recorded.epoch {
            match trainer.advance() {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    return Ok((done, Some(Difference::failed(recorded, &error)), end));
                }
                None => return Ok((done, Some(Difference::ended(recorded, trainer.epoch())), end)),
            }
        }
        let epoch = trainer.report()?;
        let tensors = epoch::tensors(&epoch);
        if let Some(difference) = compare(repository, recorded, &tensors)? {
            return Ok((done, Some(difference), end));
        }
        end = Some(epoch.state);
    }
    Ok((stretch.len(), None, end))
}

impl Input {
    fn name(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Unknown => "unknown",
            Self::Changed(_) => "changed",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Same => "same",
            Self::Unknown => "not on record",
            Self::Changed(how) => how,
        }
    }
}

impl Outcome {
    fn print(&self, ui: &mut Ui, json: bool) -> anyhow::Result<()> {
        if json {
            return Ok(ui.json(&self.document())?);
        }
        let versions = format::count(self.compared as u64, "version");
        match &self.difference {
            None => {
                ui.line(format!("same: {versions} up to epoch {}, bit for bit", self.epochs))?;
            }
            Some(difference) => {
                ui.line(format!("different: {difference}"))?;
                ui.line(format!("same before: {versions}"))?;
            }
        }
        for (name, input) in [("data", &self.data), ("code", &self.code)] {
            if self.difference.is_some() || *input != Input::Same {
                ui.line(format!("{name}: {}", input.text()))?;
            }
        }
        if !self.settings_changed.is_empty() {
            let epochs: Vec<String> = self.settings_changed.iter().map(u64::to_string).collect();
            ui.line(format!("other settings after epoch {}, as recorded", epochs.join(", ")))?;
        }
        Ok(())
    }

    fn document(&self) -> Value {
        json!({
            "same": self.difference.is_none(),
            "version": self.version,
            "epochs": self.epochs,
            "compared": self.compared,
            "difference": self.difference.as_ref().map(Difference::document),
            "inputs": { "data": self.data.name(), "code": self.code.name() },
            "settings_changed": self.settings_changed,
        })
    }
}

//! What a run came to, for people and as JSON.

use std::collections::BTreeMap;

use ckpt_cli::{
    Failure, format,
    ui::{Column, Style, Table, Text, Ui},
};
use ckpt_store::{Commit, Version};
use ckpt_train::{LinearTrainer, Real, StopReason};
use serde_json::{Map, Value, json};

/// The metrics of the summary's table, where they exist.
const SHOWN: [&str; 5] = ["val_mse", "val_mae", "val_r2", "train_mse", "train_r2"];

/// What a run came to.
pub(crate) struct Summary {
    pub(crate) branch: String,
    /// Whether the branch got a number because its usual name was taken.
    pub(crate) renamed: bool,
    pub(crate) interrupted: bool,
    pub(crate) data: String,
    pub(crate) features: Vec<String>,
    pub(crate) rows: usize,
    pub(crate) validation_rows: usize,
    pub(crate) seconds: f64,
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: f64,
    pub(crate) metrics: BTreeMap<String, f64>,
    pub(crate) stop: Option<StopReason>,
    pub(crate) epoch: u64,
    pub(crate) commits: Vec<Commit>,
    /// The best version of the branch by the [`criterion`].
    pub(crate) best: Option<Version>,
    /// What has to be added to commands so that they find the repository.
    pub(crate) repo_flag: String,
    pub(crate) exact: Exact,
}

/// The closed form's metrics, or why there are none.
pub(crate) type Exact = Result<BTreeMap<String, f64>, String>;

/// Solves the training rows exactly and scores the solution like the trained model.
pub(crate) fn closed_form<T: Real>(trainer: &mut LinearTrainer<T>) -> Exact {
    let model = trainer.closed_form().map_err(|error| error.to_string())?;
    Ok(trainer.evaluate(&model).map_err(|error| error.to_string())?.into())
}

/// Returns the metric that says which version is the best.
pub(crate) fn criterion(validation_rows: usize) -> &'static str {
    if validation_rows > 0 { "val_mse" } else { "train_mse" }
}

impl Summary {
    /// Prints the summary.
    pub(crate) fn print(&self, ui: &mut Ui, json: bool) -> Result<(), Failure> {
        if json {
            return ui.json(&self.document());
        }
        let train = self.rows - self.validation_rows;
        ui.line(format!(
            "{}: {train} training and {} validation rows, {}",
            self.data,
            self.validation_rows,
            format::count(self.features.len() as u64, "feature"),
        ))?;
        ui.line(self.outcome())?;
        if self.renamed {
            ui.line(format!(
                "the branch is {} because another run has the usual name",
                self.branch
            ))?;
        }
        ui.line("")?;
        self.print_scores(ui)?;
        ui.line("")?;
        self.print_next(ui)
    }

    fn outcome(&self) -> String {
        let stored: u64 = self.commits.iter().map(|commit| commit.stored_bytes).sum();
        let why = match (self.interrupted, self.stop) {
            (true, _) => " (Ctrl-C)",
            (false, Some(StopReason::Tolerance)) => " (converged)",
            _ => "",
        };
        format!(
            "epoch {}{why}: {} on branch {}, {} stored, {:.2} s",
            self.epoch,
            format::count(self.commits.len() as u64, "version"),
            self.branch,
            format::bytes(stored),
            self.seconds,
        )
    }

    fn print_scores(&self, ui: &mut Ui) -> Result<(), Failure> {
        let has = |name: &&str| self.metrics.contains_key(*name);
        let names: Vec<&str> = SHOWN.into_iter().filter(has).collect();
        let titles = names.iter().map(|name| Column::right(*name));
        let columns = [Column::left(""), Column::left("version")].into_iter().chain(titles);
        let mut table = Table::new(columns);
        let mut row = |what: &str, version: Text, metrics: &BTreeMap<String, f64>| {
            let cell = |name: &&str| {
                Text::from(
                    metrics.get(*name).map_or_else(String::new, |value| format::number(*value)),
                )
            };
            table.row([Text::from(what), version].into_iter().chain(names.iter().map(cell)));
        };
        let last = self.commits.last().map(|commit| &commit.version);
        for (what, version) in [("best", self.best.as_ref()), ("last", last)] {
            if let Some(Version { record, .. }) = version {
                let name = format!("{}@{}", self.branch, record.number);
                row(what, Text::styled(Style::Ref, name), &record.metrics);
            }
        }
        if let Ok(exact) = &self.exact {
            row("closed form", Text::from(""), exact);
        }
        ui.table(&mut table)?;
        match &self.exact {
            Ok(_) => Ok(()),
            Err(why) => ui.line(format!("no closed form: {why}")),
        }
    }

    /// Names three commands that show what was made.
    fn print_next(&self, ui: &mut Ui) -> Result<(), Failure> {
        let (branch, repo) = (&self.branch, &self.repo_flag);
        let best = format!("min:{}@{branch}", criterion(self.validation_rows));
        let program = ui.program();
        let number =
            |commit: Option<&Commit>| commit.map_or(1, |commit| commit.version.record.number);
        let (first, last) = (number(self.commits.first()), number(self.commits.last()));
        ui.line("next:")?;
        ui.line(format!("  {program} log {branch} -n 5{repo}"))?;
        ui.line(format!("  {program} compare {branch}@{first} {branch}@{last}{repo}"))?;
        ui.line(format!("  {program} restore {best} -o best.safetensors{repo}"))
    }

    fn document(&self) -> Value {
        let last = self.commits.last().map(|commit| &commit.version.record);
        let versions = self.commits.iter().map(|commit| commit.version.id.to_string());
        let coefficients: Map<String, Value> =
            self.features.iter().cloned().zip(self.weight.iter().map(|w| finite(*w))).collect();
        json!({
            "branch": self.branch,
            "versions": versions.collect::<Vec<_>>(),
            "best": self.best.as_ref().map(|version| version.id.to_string()),
            "model": last.map(|record| record.model.to_string()),
            "state": last.map(|record| record.state.to_string()),
            "epochs": self.epoch,
            "interrupted": self.interrupted,
            "converged": self.stop == Some(StopReason::Tolerance),
            "rows": self.rows,
            "validation_rows": self.validation_rows,
            "features": self.features.len(),
            "seconds": self.seconds,
            "stored_bytes": self.commits.iter().map(|commit| commit.stored_bytes).sum::<u64>(),
            "metrics": object(&self.metrics),
            "closed_form": self.exact.as_ref().ok().map(object),
            "coefficients": coefficients,
            "intercept": finite(self.bias),
        })
    }
}

fn object(metrics: &BTreeMap<String, f64>) -> Value {
    metrics.iter().map(|(name, value)| (name.clone(), finite(*value))).collect::<Map<_, _>>().into()
}

/// Writes a number; null where it is not finite.
fn finite(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

//! What a run came to, for people and as JSON.

use std::collections::BTreeMap;

use ckpt_cli::{
    Failure, format,
    ui::{Column, Style, Table, Text, Ui},
};
use ckpt_store::{Commit, Version};
use ckpt_train::{
    Config, LinearModel, LinearTrainer, Metrics, ModelKind, Optimizer, Real, StopReason, TrainError,
};
use ndarray::ArrayView1;
use serde_json::{Map, Value, json};

/// The metrics of the summary's table, where they exist.
const SHOWN: [&str; 9] = [
    "val_mse",
    "val_mae",
    "val_r2",
    "val_cross_entropy",
    "val_accuracy",
    "val_macro_f1",
    "train_mse",
    "train_r2",
    "train_accuracy",
];

/// The metrics by which a version is the best: the first that there is.
const CRITERIA: [&str; 4] = ["val_mse", "val_cross_entropy", "train_mse", "train_cross_entropy"];

/// The most columns for which the exact solution is shown beside the trained model: beyond, it may
/// take longer than training.
const EXACT_COLUMNS: usize = 512;

/// What a run came to.
pub(crate) struct Summary {
    pub(crate) branch: String,
    /// Whether the branch got a number because its usual name was taken.
    pub(crate) renamed: bool,
    pub(crate) interrupted: bool,
    pub(crate) data: String,
    /// The column that is predicted.
    pub(crate) target: String,
    pub(crate) features: Vec<String>,
    pub(crate) rows: usize,
    pub(crate) training_rows: usize,
    /// Those that count.
    pub(crate) validation_rows: usize,
    pub(crate) seconds: f64,
    pub(crate) model: LinearModel<f64>,
    /// At which norm of the gradient training was to stop; 0 for never.
    pub(crate) tolerance: f64,
    pub(crate) metrics: BTreeMap<String, f64>,
    pub(crate) stop: Option<StopReason>,
    pub(crate) epoch: u64,
    pub(crate) commits: Vec<Commit>,
    /// What says which version of the branch is the best, as a revision without the branch.
    pub(crate) criterion: String,
    /// That version.
    pub(crate) best: Option<Version>,
    /// What has to be added to commands so that they find the repository.
    pub(crate) repo_flag: String,
    pub(crate) exact: Exact,
}

/// The closed form's metrics, or why there are none; nothing where there is no such thing to compare
/// with.
pub(crate) type Exact = Option<Result<BTreeMap<String, f64>, String>>;

/// Solves the training rows exactly, unless that takes further passes over rows on the disk, and scores the solution like the trained model.
pub(crate) fn closed_form<T: Real>(
    trainer: &mut LinearTrainer<T>,
    config: &Config,
    is_stored: bool,
) -> Option<Result<BTreeMap<String, f64>, TrainError>> {
    let is_worth_it = config.model == ModelKind::Linear
        && !is_stored
        && config.optimizer != Optimizer::Exact
        && trainer.columns() <= EXACT_COLUMNS;
    is_worth_it.then(|| {
        let model = trainer.closed_form()?;
        Ok(trainer.evaluate(&model)?.into())
    })
}

/// Returns what says which version is the best, by the metrics that there are.
pub(crate) fn criterion(metrics: &Metrics) -> String {
    let known = |name: &&str| metrics.get(name).is_some();
    format!("min:{}", CRITERIA.into_iter().find(known).unwrap_or("loss"))
}

/// The model in f64.
pub(crate) fn widened<T: Real>(model: &LinearModel<T>) -> LinearModel<f64> {
    LinearModel {
        kind: model.kind,
        weight: model.weight.mapv(Real::to_f64),
        bias: model.bias.mapv(Real::to_f64),
        classes: model.classes.clone(),
    }
}

impl Summary {
    /// Prints the summary.
    pub(crate) fn print(&self, ui: &mut Ui, json: bool) -> Result<(), Failure> {
        if json {
            return ui.json(&self.document());
        }
        ui.line(format!(
            "{}: {} from {}, {} training and {} validation rows",
            self.data,
            self.target,
            format::count(self.features.len() as u64, "feature"),
            self.training_rows,
            self.validation_rows,
        ))?;
        ui.line(self.outcome())?;
        if let Some(line) = self.not_converged() {
            ui.line(line)?;
        }
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
            (false, Some(stop)) if stop.is_converged() => " (converged)",
            (false, Some(StopReason::Separated)) => {
                " (separable classes have no minimum; use --l2)"
            }
            (false, Some(StopReason::EarlyStopping)) => " (validation improved no more)",
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

    /// Says by how much a tolerance was missed.
    fn not_converged(&self) -> Option<String> {
        let norm = *self.metrics.get("grad_norm")?;
        let asked = self.tolerance > 0.0 && self.stop == Some(StopReason::EpochLimit);
        asked.then(|| {
            format!(
                "not converged: the gradient's norm is {}, not within {}; raise --epochs, or use \
                 --optimizer lbfgs",
                format::number(norm),
                format::number(self.tolerance)
            )
        })
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
        if let Some(Ok(exact)) = &self.exact {
            row("closed form", Text::from(""), exact);
        }
        ui.table(&mut table)?;
        match &self.exact {
            Some(Err(why)) => ui.line(format!("no closed form: {why}")),
            _ => Ok(()),
        }
    }

    /// Names three commands that show what was made.
    fn print_next(&self, ui: &mut Ui) -> Result<(), Failure> {
        let (branch, repo) = (&self.branch, &self.repo_flag);
        let best = format!("{}@{branch}", self.criterion);
        let program = ui.program();
        let number =
            |commit: Option<&Commit>| commit.map_or(1, |commit| commit.version.record.number);
        let (first, last) = (number(self.commits.first()), number(self.commits.last()));
        ui.line("next:")?;
        ui.line(format!("  {program} log {branch} -n 5{repo}"))?;
        if first == last {
            ui.line(format!("  {program} show {branch}@{last}{repo}"))?;
        } else {
            ui.line(format!("  {program} compare {branch}@{first} {branch}@{last}{repo}"))?;
        }
        ui.line(format!("  {program} restore {best} -o best.safetensors{repo}"))
    }

    fn document(&self) -> Value {
        let last = self.commits.last().map(|commit| &commit.version.record);
        let versions = self.commits.iter().map(|commit| commit.version.id.to_string());
        let (coefficients, intercept) = self.coefficients();
        json!({
            "branch": self.branch,
            "versions": versions.collect::<Vec<_>>(),
            "best": self.best.as_ref().map(|version| version.id.to_string()),
            "model": last.map(|record| record.model.to_string()),
            "state": last.map(|record| record.state.to_string()),
            "epochs": self.epoch,
            "interrupted": self.interrupted,
            "stop": self.stop_name(),
            "converged": !self.interrupted && self.stop.is_some_and(StopReason::is_converged),
            "rows": self.rows,
            "validation_rows": self.validation_rows,
            "features": self.features.len(),
            "classes": (!self.model.classes.is_empty()).then_some(&self.model.classes),
            "seconds": self.seconds,
            "stored_bytes": self.commits.iter().map(|commit| commit.stored_bytes).sum::<u64>(),
            "metrics": object(&self.metrics),
            "closed_form": self.exact.as_ref().and_then(|exact| exact.as_ref().ok()).map(object),
            "coefficients": coefficients,
            "intercept": intercept,
        })
    }

    fn stop_name(&self) -> &'static str {
        match self.stop {
            _ if self.interrupted => "interrupted",
            Some(StopReason::Tolerance) => "tolerance",
            Some(StopReason::Exact) => "exact",
            Some(StopReason::Precision) => "precision",
            Some(StopReason::Separated) => "separated",
            Some(StopReason::EarlyStopping) => "early-stopping",
            _ => "epoch-limit",
        }
    }

    /// The weights by column and the bias, of several outputs by class.
    fn coefficients(&self) -> (Value, Value) {
        let line = |line: ArrayView1<'_, f64>| -> Value {
            let values = line.iter().map(|weight| finite(*weight));
            self.features.iter().cloned().zip(values).collect::<Map<_, _>>().into()
        };
        let (weight, bias) = (&self.model.weight, &self.model.bias);
        if self.model.kind != ModelKind::Softmax {
            return (line(weight.row(0)), finite(bias[0]));
        }
        let classes = || self.model.classes.iter().cloned();
        let lines: Map<_, _> = classes().zip(weight.rows().into_iter().map(line)).collect();
        let biases: Map<_, _> = classes().zip(bias.iter().map(|bias| finite(*bias))).collect();
        (lines.into(), biases.into())
    }
}

fn object(metrics: &BTreeMap<String, f64>) -> Value {
    metrics.iter().map(|(name, value)| (name.clone(), finite(*value))).collect::<Map<_, _>>().into()
}

/// Writes a number; null where it is not finite.
fn finite(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

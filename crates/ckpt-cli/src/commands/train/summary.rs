//! What a run came to, for users and as JSON.

use std::collections::BTreeMap;

use ckpt_runs::Trained;
use ckpt_store::{Commit, Version};
use ckpt_train::{ModelKind, StopReason};
use ndarray::ArrayView1;
use serde_json::{Map, Value, json};

use crate::{
    context::Context,
    failure::Failure,
    format,
    ui::{Column, Style, Table, Text, Ui},
};

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

/// Prints what a run came to.
pub(super) fn print(context: &mut Context, run: &Trained, seconds: f64) -> Result<(), Failure> {
    if context.json {
        return context.ui.json(&document(run, seconds));
    }
    let repo_flag = context
        .repo
        .as_ref()
        .map_or_else(String::new, |repo| format!(" --repo {}", repo.display()));
    let ui = &mut context.ui;
    ui.line(format!(
        "{}: {} from {}, {} training and {} validation rows",
        run.data,
        run.target,
        format::count(run.features.len() as u64, "feature"),
        run.training_rows,
        run.validation_rows,
    ))?;
    ui.line(outcome(run, seconds))?;
    if let Some(line) = not_converged(run) {
        ui.line(line)?;
    }
    if run.is_renamed {
        ui.line(format!(
            "the branch is {} because another run has the usual name",
            run.branch.short()
        ))?;
    }
    ui.line("")?;
    print_scores(ui, run)?;
    ui.line("")?;
    print_next(ui, run, &repo_flag)
}

fn outcome(run: &Trained, seconds: f64) -> String {
    let stored: u64 = run.commits.iter().map(|commit| commit.stored_bytes).sum();
    let why = match (run.is_cancelled, run.stop) {
        (true, _) => " (Ctrl-C)",
        (false, Some(stop)) if stop.is_converged() => " (converged)",
        (false, Some(StopReason::Separated)) => " (separable classes have no minimum; use --l2)",
        (false, Some(StopReason::EarlyStopping)) => " (validation improved no more)",
        _ => "",
    };
    format!(
        "epoch {}{why}: {} on branch {}, {} stored, {seconds:.2} s",
        run.epoch,
        format::count(run.commits.len() as u64, "version"),
        run.branch.short(),
        format::bytes(stored),
    )
}

/// Says by how much a tolerance was missed.
fn not_converged(run: &Trained) -> Option<String> {
    let norm = *run.metrics.get("grad_norm")?;
    let is_missed = run.tolerance > 0.0 && run.stop == Some(StopReason::EpochLimit);
    is_missed.then(|| {
        format!(
            "not converged: the gradient's norm is {}, not within {}; raise --epochs, or use \
             --optimizer lbfgs",
            format::number(norm),
            format::number(run.tolerance)
        )
    })
}

fn print_scores(ui: &mut Ui, run: &Trained) -> Result<(), Failure> {
    let has = |name: &&str| run.metrics.contains_key(*name);
    let names: Vec<&str> = SHOWN.into_iter().filter(has).collect();
    let titles = names.iter().map(|name| Column::right(*name));
    let columns = [Column::left(""), Column::left("version")].into_iter().chain(titles);
    let mut table = Table::new(columns);
    let mut row = |what: &str, version: Text, metrics: &BTreeMap<String, f64>| {
        let cell = |name: &&str| {
            Text::from(metrics.get(*name).map_or_else(String::new, |value| format::number(*value)))
        };
        table.row([Text::from(what), version].into_iter().chain(names.iter().map(cell)));
    };
    let last = run.commits.last().map(|commit| &commit.version);
    for (what, version) in [("best", run.best.as_ref()), ("last", last)] {
        if let Some(Version { record, .. }) = version {
            let name = format!("{}@{}", run.branch.short(), record.number);
            row(what, Text::styled(Style::Ref, name), &record.metrics);
        }
    }
    if let Some(Ok(exact)) = &run.exact {
        row("closed form", Text::from(""), exact);
    }
    ui.table(&mut table)?;
    match &run.exact {
        Some(Err(why)) => ui.line(format!("no closed form: {}", super::of_training(why))),
        _ => Ok(()),
    }
}

/// Names three commands that show what was made.
fn print_next(ui: &mut Ui, run: &Trained, repo: &str) -> Result<(), Failure> {
    let (branch, program) = (run.branch.short(), ui.program());
    let best = format!("{}@{branch}", run.criterion);
    let number = |commit: Option<&Commit>| commit.map_or(1, |commit| commit.version.record.number);
    let (first, last) = (number(run.commits.first()), number(run.commits.last()));
    ui.line("next:")?;
    ui.line(format!("  {program} log {branch} -n 5{repo}"))?;
    if first == last {
        ui.line(format!("  {program} show {branch}@{last}{repo}"))?;
    } else {
        ui.line(format!("  {program} compare {branch}@{first} {branch}@{last}{repo}"))?;
    }
    ui.line(format!("  {program} restore {best} -o best.safetensors{repo}"))
}

fn document(run: &Trained, seconds: f64) -> Value {
    let last = run.commits.last().map(|commit| &commit.version.record);
    let versions = run.commits.iter().map(|commit| commit.version.id.to_string());
    let (coefficients, intercept) = coefficients(run);
    let is_converged = !run.is_cancelled && run.stop.is_some_and(StopReason::is_converged);
    json!({
        "branch": run.branch.short(),
        "versions": versions.collect::<Vec<_>>(),
        "best": run.best.as_ref().map(|version| version.id.to_string()),
        "model": last.map(|record| record.model.to_string()),
        "state": last.map(|record| record.state.to_string()),
        "epochs": run.epoch,
        "interrupted": run.is_cancelled,
        "stop": stop_name(run),
        "converged": is_converged,
        "rows": run.rows,
        "validation_rows": run.validation_rows,
        "features": run.features.len(),
        "classes": (!run.model.classes.is_empty()).then_some(&run.model.classes),
        "seconds": seconds,
        "stored_bytes": run.commits.iter().map(|commit| commit.stored_bytes).sum::<u64>(),
        "metrics": object(&run.metrics),
        "closed_form": run.exact.as_ref().and_then(|exact| exact.as_ref().ok()).map(object),
        "coefficients": coefficients,
        "intercept": intercept,
    })
}

fn stop_name(run: &Trained) -> &'static str {
    match run.stop {
        _ if run.is_cancelled => "interrupted",
        Some(StopReason::Tolerance) => "tolerance",
        Some(StopReason::Exact) => "exact",
        Some(StopReason::Precision) => "precision",
        Some(StopReason::Separated) => "separated",
        Some(StopReason::EarlyStopping) => "early-stopping",
        _ => "epoch-limit",
    }
}

/// The weights by column and the bias, of several outputs by class.
fn coefficients(run: &Trained) -> (Value, Value) {
    let line = |line: ArrayView1<'_, f64>| -> Value {
        let values = line.iter().map(|weight| finite(*weight));
        run.features.iter().cloned().zip(values).collect::<Map<_, _>>().into()
    };
    let (weight, bias) = (&run.model.weight, &run.model.bias);
    if run.model.kind != ModelKind::Softmax {
        return (line(weight.row(0)), finite(bias[0]));
    }
    let classes = || run.model.classes.iter().cloned();
    let lines: Map<_, _> = classes().zip(weight.rows().into_iter().map(line)).collect();
    let biases: Map<_, _> = classes().zip(bias.iter().map(|bias| finite(*bias))).collect();
    (lines.into(), biases.into())
}

fn object(metrics: &BTreeMap<String, f64>) -> Value {
    metrics.iter().map(|(name, value)| (name.clone(), finite(*value))).collect::<Map<_, _>>().into()
}

/// Writes a number; null where it is not finite.
fn finite(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

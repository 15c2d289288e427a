//! Shows one version: its facts here, what it contains in `content`, what was added to it in
//! `notes`.

pub(super) mod content;
mod notes;

use std::collections::BTreeMap;

use ckpt_app::lineage::merge as strategies;
use ckpt_store::{
    Checkpoint, DataInput, DataLabel, Recipe, RefName, Repository, Version, VersionNotes,
};
use clap::Args;

use super::refs::{self, RefsByVersion};
use crate::{
    context::{Answer, Context, Outcome, find, noted},
    failure::Failure,
    format, json, params,
    ui::{Column, Style, Table, Text, Ui},
};

/// The most rows of a table unless all are asked for.
const SHOWN: usize = 20;

/// Columns of the names of facts.
const LABEL_WIDTH: usize = 13;

/// Shows one version whole
///
/// With --json: version, model, state, parents, number, branch (if REV is one), time, author,
/// message, params, metrics; refs, recipe, data (a list of name, id, source, preprocessing), code,
/// seed, parent_state, bases, merge (null, or what decided its conflicts), environment; tensors (a
/// list of name, dtype, shape, bytes, role, root), files (a list of path, bytes, reader,
/// reader_version, note: why it is opaque) notes (a list of note, time, author, text, metrics, files:
/// a list of path and bytes), the last one first, and removals (a list of content: removed or kept,
/// time, author, reason), the newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt show
  ckpt show production --all
  ckpt show max:f1 --json | jq .metrics
")]
pub(crate) struct ShowArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,

    /// Lists all tensors and files, however many there are
    #[arg(long)]
    all: bool,
}

/// A version with all that it refers to.
struct Whole {
    version: Version,
    recipe: Recipe,
    checkpoint: Checkpoint,
    refs: Vec<RefName>,
    notes: VersionNotes,
}

impl Whole {
    fn read(repository: &Repository, revision: &str) -> Result<Self, Failure> {
        let version = find(repository, revision)?;
        let notes = repository.notes()?;
        Ok(Self {
            recipe: repository.recipe(&version.record)?,
            checkpoint: repository.checkpoint(&version.record)?,
            refs: RefsByVersion::read(repository)?.of(&version.id).to_vec(),
            notes: notes.on(&version.id).cloned().unwrap_or_default(),
            version: noted(&notes, version),
        })
    }
}

pub(crate) fn show(context: &mut Context, args: &ShowArgs) -> Outcome {
    let repository = context.repository()?;
    let whole = Whole::read(&repository, &args.revision)?;
    if context.json {
        let branch = refs::branch_of(&repository, &args.revision)?;
        let head = repository.head()?;
        context.ui.json(&keys(whole, branch, &head))?;
        return Ok(Answer::Done);
    }
    let ui = &mut context.ui;
    print_facts(ui, &whole)?;
    print_values(ui, &whole)?;
    let limit = if args.all { usize::MAX } else { SHOWN };
    content::print(ui, &whole.checkpoint, limit)?;
    notes::print(ui, &whole.notes)?;
    Ok(Answer::Done)
}

fn keys(whole: Whole, branch: Option<String>, head: &RefName) -> json::Show {
    let Whole { version, recipe, checkpoint, refs, notes } = whole;
    let at = Some(version.id);
    json::Show {
        version: json::VersionKeys::new(&version, &recipe, branch),
        refs: refs.iter().map(|name| refs::keys(name, at, name == head)).collect(),
        recipe: version.record.recipe,
        data: json::data(&recipe.data),
        code: recipe.code,
        seed: recipe.seed,
        parent_state: recipe.parent_state,
        merge: recipe.merge.as_ref().map(strategies),
        bases: recipe.bases,
        environment: version.record.environment,
        tensors: json::tensors(&checkpoint),
        files: json::files(&checkpoint),
        notes: notes.notes.iter().map(|note| json::Note::new(note)).collect(),
        removals: notes.removals.iter().map(|removal| json::Removal::new(removal)).collect(),
    }
}

fn fact(ui: &mut Ui, label: &str, text: impl Into<Text>) -> Result<(), Failure> {
    ui.line(Text::styled(Style::Faint, format!("{label:<LABEL_WIDTH$}")).join(text.into()))
}

fn print_facts(ui: &mut Ui, whole: &Whole) -> Result<(), Failure> {
    let Version { id, record } = &whole.version;
    fact(ui, "version", Text::styled(Style::Id, id.to_string()))?;
    fact(ui, "number", record.number.to_string())?;
    for name in &whole.refs {
        fact(ui, name.kind().word(), Text::styled(Style::Ref, name.short()))?;
    }
    for parent in &record.parents {
        fact(ui, "parent", Text::styled(Style::Id, parent.to_string()))?;
    }
    fact(ui, "time", format::utc(record.time_ms))?;
    fact(ui, "author", record.author.as_str())?;
    fact(ui, "model", record.model.to_string())?;
    fact(ui, "state", record.state.to_string())?;
    fact(ui, "recipe", record.recipe.to_string())?;
    if let Some(code) = whole.recipe.code {
        fact(ui, "code", code.to_string())?;
    }
    if let Some(seed) = whole.recipe.seed {
        fact(ui, "seed", seed.to_string())?;
    }
    if let Some(state) = whole.recipe.parent_state {
        fact(ui, "continues", state.to_string())?;
    }
    for base in &whole.recipe.bases {
        fact(ui, "made from", base.to_string())?;
    }
    if let Some(merge) = &whole.recipe.merge {
        fact(ui, "merged by", strategies(merge))?;
    }
    for (index, line) in record.message.lines().enumerate() {
        fact(ui, if index == 0 { "message" } else { "" }, line)?;
    }
    Ok(())
}

fn print_values(ui: &mut Ui, whole: &Whole) -> Result<(), Failure> {
    let metrics = &whole.version.record.metrics;
    let mark = |name: &String| match whole.notes.metrics.contains_key(name) {
        true => "  (noted)",
        false => "",
    };
    let metric =
        |(name, value): (_, &f64)| (name, format!("{}{}", format::exact(*value), mark(name)));
    let metrics = metrics.iter().map(metric);
    print_pairs(ui, ["metric", "value"], metrics)?;
    let params = whole.recipe.params.iter().map(|(name, value)| (name, params::show(value)));
    print_pairs(ui, ["parameter", "value"], params)?;
    print_data(ui, &whole.recipe.data)?;
    let environment: &BTreeMap<String, String> = &whole.version.record.environment;
    let environment = environment.iter().map(|(name, value)| (name, value.clone()));
    print_pairs(ui, ["environment", "value"], environment)
}

/// Prints the data sets, each with what is said of it below.
fn print_data(ui: &mut Ui, data: &[DataInput]) -> Result<(), Failure> {
    if data.is_empty() {
        return Ok(());
    }
    let mut table = Table::new([Column::left("data"), Column::left("")]);
    for DataInput { label: DataLabel { name, source, preprocessing }, id } in data {
        table.row([name.as_str().into(), id.to_string().into()]);
        for (what, text) in [("source", source), ("preprocessing", preprocessing)] {
            if !text.is_empty() {
                table.row(["".into(), format!("{what}: {text}").into()]);
            }
        }
    }
    ui.line("")?;
    ui.table(&mut table)
}

fn print_pairs<'a>(
    ui: &mut Ui,
    titles: [&str; 2],
    pairs: impl Iterator<Item = (&'a String, String)>,
) -> Result<(), Failure> {
    let mut pairs = pairs.peekable();
    if pairs.peek().is_none() {
        return Ok(());
    }
    let mut table = Table::new(titles.map(Column::left));
    for (name, value) in pairs {
        table.row([name.as_str().into(), value.into()]);
    }
    ui.line("")?;
    ui.table(&mut table)
}

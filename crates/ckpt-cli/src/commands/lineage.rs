//! Shows what a version came from.

mod text;

use std::num::NonZeroUsize;

use ckpt_app::lineage::{Lineage, rows};
use clap::{Args, ValueEnum};

use crate::{
    context::{Answer, Context, Outcome},
    json,
};

/// Shows what a version came from: versions, base models, data and code
///
/// Each version is listed with what changed in it against the one that it continues: parameters,
/// seed, data with its source and preprocessing, code with its commit in Git, and the models that
/// it was made from; the oldest one shown, with all of them. The line of first parents comes
/// first; what was merged into it is indented below the merge. Versions in a row in which nothing
/// was new and that no ref points to are counted.
///
/// With --json: version, versions (a list of version, number, parents, time, author, message,
/// refs, merge (null or what was done about conflicts), params.NAME.{a, b}, seed.{a, b}, data (a
/// list of name, id, source, preprocessing), data_gone (names), code, git_commit, git_dirty, bases
/// (a list of model, version: the first version here that has it, or null)), more (whether -n left
/// older versions out). Of params, seed, data and code only what differs from the first parent is
/// there, a being the parent's value; code and git_commit are null where they do not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt lineage
  ckpt lineage production -n 100
  ckpt lineage v1.0 --format dot | dot -Tsvg > lineage.svg
  ckpt lineage v1.0 --format mermaid > lineage.mmd
")]
pub(crate) struct LineageArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,

    /// Text, or a graph in the language of Graphviz or of Mermaid
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatArg,

    /// The most versions to look at, the newest first [default: all]
    #[arg(short = 'n', long, value_name = "N")]
    number: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Text,
    Dot,
    Mermaid,
}

pub(crate) fn lineage(context: &mut Context, args: &LineageArgs) -> Outcome {
    let repository = context.repository()?;
    let start = repository.resolve(&args.revision)?;
    let most = args.number.map_or(usize::MAX, NonZeroUsize::get);
    let lineage = Lineage::read(&repository, start, most)?;
    if context.json {
        context.ui.json(&json::Lineage::new(&lineage))?;
        return Ok(Answer::Done);
    }
    let lines = match args.format {
        FormatArg::Text => text::lines(&lineage, &rows(&lineage), context.ui.width()),
        FormatArg::Dot => lineage.dot(),
        FormatArg::Mermaid => lineage.mermaid(),
    };
    lines.into_iter().try_for_each(|line| context.ui.line(line))?;
    Ok(Answer::Done)
}

//! `cargo xtask bench store`: ckpt against plain copies and against what users use instead.
//!
//! All numbers of a run come from one machine in one hour: every tool does everything in turn, in
//! an order that changes from turn to turn, and times are medians relative to those of `cp`.

mod command;
mod in_session;
mod json;
mod keeper;
mod markdown;
mod pass;
mod results;
mod samples;
mod subjects;
mod targets;
mod text;
mod tiny;
mod tiny_commits;
mod tool;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ckpt_cli::ui::Ui;
use clap::value_parser;
use tempfile::TempDir;

use super::{facts::Facts, page::Page, release};

use self::{
    command::Shell,
    pass::{Field, Found},
    results::{Sequence, Subject},
    subjects::Source,
    tiny::{Large, Tiny},
    tool::{CKPT, COPY, GC_HELP, PEERS, SESSION, SYNCED_COPY, Tool},
};
use crate::{Place, data::Kind};

/// What `--help` says of `--json`, and of what is done.
pub(super) const HELP: &str = "\
Every tool works in a temporary folder of its own, without the user's settings, on files that the
system has in memory. Peers that are not installed (git, git-lfs, dvc, restic, borg, oxen, zstd) are
skipped with a notice.

With --json: stored_ratio (stored by a commit onto its parent / its file, mean), history_ratio (all
versions / all files), history_ratio_merged (after `ckpt gc`), commit_vs_cp (process, against cp and
fsync), commit_in_session_vs_cp, stall_vs_copy (what training waits for in a session, against a copy
in memory), restore_vs_cp (the deepest version, process, against cp), restore_depth_2_vs_cp,
restore_whole_vs_cp, again_vs_cp and again_bytes (an unchanged checkpoint), peak_bytes,
tiny_commit_vs_floor (in process, against two durable renames), tiny_commit_seconds,
tiny_thousand_vs_commit (1,000 versions through a session, against one durable commit), large (bytes,
peak_bytes), noise (how far apart two equal copies were), repetitions, machine, skipped (by tool,
why), sequences (a list of name, versions, bytes, tools: a list with the keys above for each tool).
Ratios above are means over the sequences, bytes the most of any; what was not measured is null.";

/// The arguments of `cargo xtask bench store`.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// Checkpoints of one training in order; a folder stands for its files, sorted by name
    /// [default: synthetic ones of each kind]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the given files are called in the results
    #[arg(long, value_name = "NAME", default_value = "files")]
    name: String,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u32).range(1..=1000))]
    repetitions: u32,
    /// The kinds of synthetic training [default: all]
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with = "files")]
    kinds: Vec<Kind>,
    /// How many checkpoints are synthetic of each kind
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = value_parser!(u32).range(1..=999), conflicts_with = "files")]
    epochs: u32,
    /// The size of synthetic checkpoints in MiB
    #[arg(long, value_name = "M", default_value_t = 32, value_parser = value_parser!(u32).range(1..=4096), conflicts_with = "files")]
    mib: u32,
    /// The size in MiB of one more checkpoint whose peak memory is measured; 0 for none
    /// [default: 1024, 0 if files are given]
    #[arg(long, value_name = "M", value_parser = value_parser!(u32).range(0..=65_536))]
    large_mib: Option<u32>,
    /// Leave peers out
    #[arg(long)]
    no_peers: bool,
    /// The folder to work in [default: that of the files; for synthetic ones, that of the program]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Measure this ckpt, and this program for what runs in process, instead of building both
    #[arg(long, value_name = "PATH")]
    ckpt: Option<PathBuf>,
    /// Print tables in Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Write these tables into a page, between the lines `<!-- NAME -->` and `<!-- end -->`; the name
    /// is `synthetic` if no files are given
    #[arg(long, value_name = "PAGE", conflicts_with = "json")]
    into: Option<PathBuf>,
}

/// Everything that a run found.
#[derive(Debug)]
struct Run {
    /// What makes such a run again, as users type it.
    command: String,
    repetitions: u32,
    facts: Facts,
    /// By tool: what it says of its version.
    versions: BTreeMap<&'static str, String>,
    sequences: Vec<Sequence>,
    tiny: Tiny,
    large: Option<Large>,
    /// By tool: why it was left out.
    skipped: BTreeMap<String, String>,
}

/// Measures and reports.
pub(super) fn run(args: &StoreArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    let Some(ckpt) = &args.ckpt else {
        return run_for_release(place, ui);
    };
    let ckpt = ckpt.canonicalize().with_context(|| format!("cannot find {}", ckpt.display()))?;
    let sources = subjects::sources(args)?;
    let page = args.into.as_ref().map(|path| Page::open(path, page_name(args))).transpose()?;
    let folder = work_folder(args, &ckpt)?;
    let run = measure(args, &ckpt, &sources, folder.path(), ui)?;
    if let Some(page) = page {
        return page.write(&markdown::lines(&run));
    }
    if place.json {
        return Ok(ui.json(&json::document(&run))?);
    }
    if args.markdown {
        return markdown::lines(&run).into_iter().try_for_each(|line| Ok(ui.line(line)?));
    }
    Ok(text::print(&run, ui)?)
}

/// Builds ckpt, and this program for what runs in process, and goes on there.
fn run_for_release(place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    ui.notice("bench store: building ckpt and the benches for release")?;
    let (packages, names) = (["ckpt-cli", release::PACKAGE], ["ckpt", release::PROGRAM]);
    let [ckpt, bench] = release::programs(&place.workspace, packages, names)?;
    ui.notice(format!("bench store: measuring {}", ckpt.display()))?;
    release::run_again(&bench, ["--ckpt".into(), ckpt.into_os_string()])
}

/// Returns the name of the place in a page that the tables go to.
fn page_name(args: &StoreArgs) -> &str {
    if args.files.is_empty() { "synthetic" } else { &args.name }
}

/// Makes the folder that everything happens in.
fn work_folder(args: &StoreArgs, ckpt: &Path) -> anyhow::Result<TempDir> {
    let beside = |path: &PathBuf| Some(path.canonicalize().ok()?.parent()?.to_owned());
    let files = args.files.first().and_then(beside);
    let parent = args.dir.clone().or(files).or_else(|| beside(&ckpt.to_owned()));
    let parent = parent.unwrap_or_else(|| PathBuf::from("."));
    tempfile::Builder::new()
        .prefix(".bench-store-")
        .tempdir_in(&parent)
        .with_context(|| format!("cannot make a folder in {}; use --dir", parent.display()))
}

fn measure(
    args: &StoreArgs,
    ckpt: &Path,
    sources: &[Source],
    folder: &Path,
    ui: &mut Ui,
) -> anyhow::Result<Run> {
    let home = folder.join("home");
    fs::create_dir(&home)?;
    let shell = Shell::new(ckpt.to_owned(), home);
    let mut skipped = BTreeMap::new();
    let (peers, versions) = installed(args, &shell, folder, &mut skipped)?;
    let has_gc = shell.time(&[GC_HELP], 0, folder).is_ok();
    if !has_gc {
        skipped.insert("merging".to_owned(), "this ckpt has no command gc".to_owned());
    }
    let field = Field { shell: &shell, peers: &peers, has_gc };
    let mut sequences = Vec::new();
    for source in sources {
        let subject = source.make(args, folder, ui)?;
        let sequence = over_all(args, &field, subject, folder, &mut skipped, ui)?;
        source.clear(folder)?;
        sequences.push(sequence);
    }
    ui.notice("bench store: tiny commits")?;
    let tiny = Tiny::measure(&folder.join("tiny"), args.repetitions)?;
    let large = match args.large_mib.unwrap_or(if args.files.is_empty() { 1024 } else { 0 }) {
        0 => None,
        mib => {
            ui.notice(format!("bench store: the memory that {mib} MiB take"))?;
            Some(Large::measure(&shell, &folder.join("large"), mib)?)
        }
    };
    for (what, why) in &skipped {
        ui.notice(format!("skipped {what}: {why}"))?;
    }
    let (facts, repetitions) = (Facts::of(folder), args.repetitions);
    Ok(Run {
        command: command_line(),
        repetitions,
        facts,
        versions,
        sequences,
        tiny,
        large,
        skipped,
    })
}

/// Writes how this program was called.
fn command_line() -> String {
    without_places(std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()))
}

/// Leaves out of a command what says where to find things on this machine.
fn without_places(args: impl Iterator<Item = String>) -> String {
    let mut words = vec!["cargo xtask".to_owned()];
    let mut args = args.skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--ckpt" | "--dir" => drop(args.next()),
            _ => words.push(arg),
        }
    }
    words.join(" ")
}

/// Finds the peers that can be run, and says what the others lack.
fn installed(
    args: &StoreArgs,
    shell: &Shell,
    folder: &Path,
    skipped: &mut BTreeMap<String, String>,
) -> anyhow::Result<(Vec<Tool>, BTreeMap<&'static str, String>)> {
    let version = |tool: &Tool| {
        let (_, printed) = shell.time(&[tool.probe], 0, folder)?;
        anyhow::Ok(tool::version(&printed).to_owned())
    };
    let mut versions = BTreeMap::from([(CKPT.name, version(&CKPT)?)]);
    let mut peers = Vec::new();
    for tool in PEERS.iter().filter(|_| !args.no_peers) {
        match version(tool) {
            Ok(version) => {
                versions.insert(tool.name, version);
                peers.push(*tool);
            }
            Err(_) => {
                skipped.insert(tool.name.to_owned(), "not installed".to_owned());
            }
        }
    }
    Ok((peers, versions))
}

/// Goes over a sequence as often as asked for.
fn over_all(
    args: &StoreArgs,
    field: &Field<'_>,
    subject: Subject,
    folder: &Path,
    skipped: &mut BTreeMap<String, String>,
    ui: &mut Ui,
) -> anyhow::Result<Sequence> {
    let mut found = Found::default();
    for repetition in 1..=args.repetitions {
        ui.notice(format!("bench store: {}, {repetition}/{}", subject.name, args.repetitions))?;
        let pass = folder.join("pass");
        field.pass(&subject.files, &pass, &mut found)?;
        fs::remove_dir_all(&pass).context("cannot remove what a pass left")?;
    }
    for (tool, why) in &found.failed {
        skipped.insert(tool.clone(), why.clone());
    }
    let ours = [COPY.name, SYNCED_COPY.name, CKPT.name, SESSION];
    let tools = ours.into_iter().chain(field.peers.iter().map(|tool| tool.name));
    Ok(Sequence::new(subject, &found, tools))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_no_place_of_this_machine() {
        let line = "target/xtask bench store a b --dir /d --mib 8 --markdown --ckpt /t/ckpt";
        let expected = "cargo xtask bench store a b --mib 8 --markdown";
        assert_eq!(without_places(line.split(' ').map(str::to_owned)), expected);
    }
}

mod roles;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use ckpt_app::files::input_files;
use ckpt_store::{
    Checkpoint, Commit, Contents, DataInput, DataLabel, Draft, Effort, ParamValue, Parents,
    Pattern, Recipe, RefName, Repository, RoleRules, Version,
};
use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser};

use super::{refs, show::content};
use crate::{
    context::{Answer, Context, Outcome, find},
    environment,
    failure::{Class, Failure},
    format, json, params,
    ui::{Style, Text, Ui},
};

/// Versions files
///
/// A single folder is recorded by what is in it; otherwise files and folders are recorded under
/// their own names. Hidden files are included, .ckpt folders are not. What is restored later is
/// identical byte for byte.
///
/// With --json: version, model, state, parents, number, branch, time, author, message, params,
/// metrics, logical_bytes, stored_bytes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt commit model.safetensors -m 'first try' --metric val_loss=0.31
  ckpt commit run/ -b sweep/lr-3 --from main --param lr=1e-3 --param epochs=20
  ckpt commit model.pt --data train.csv --code src --seed 42
  ckpt commit model.safetensors --json | jq -r .version
")]
pub(crate) struct CommitArgs {
    /// Files or folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The branch to commit to; a new one starts without a parent unless --from names one
    /// [default: the current one]
    #[arg(short, long)]
    branch: Option<String>,

    /// Why
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,

    /// A parameter, an input: true, false, a number or text; repeatable. Text is also what
    /// would not come back as it was given, such as 007, +1 or a whole number beyond 64 bits, and
    /// what may be a hash, such as 1234e56
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    params: Vec<(String, ParamValue)>,

    /// A metric: a number, nan or inf; repeatable
    #[arg(long = "metric", value_name = "NAME=VALUE", value_parser = parse_metric)]
    metrics: Vec<(String, f64)>,

    /// A data file, an input, recorded by the fingerprint of its values; repeatable
    #[arg(long, value_name = "FILE")]
    data: Vec<PathBuf>,

    /// Where a data file came from, by its name; repeatable
    #[arg(long = "data-source", value_name = "NAME=TEXT", value_parser = parse_text)]
    sources: Vec<(String, String)>,

    /// What was done to a data file before, by its name; repeatable
    #[arg(long = "preprocessing", value_name = "NAME=TEXT", value_parser = parse_text)]
    preprocessing: Vec<(String, String)>,

    /// The code, an input: a file or a folder, recorded by the fingerprint of its contents
    #[arg(long, value_name = "PATH")]
    code: Option<PathBuf>,

    /// The seed of all that was random
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// The version that this one continues [default: the newest of the branch]
    #[arg(long, value_name = "REV")]
    from: Option<String>,

    /// A version whose model this one was made from; repeatable
    #[arg(long = "base", value_name = "REV")]
    bases: Vec<String>,

    /// Tensors that are weights, whatever their names look like and --state says: a pattern of a
    /// tensor's name or of FILE::NAME; repeatable
    #[arg(long, value_name = "PATTERN")]
    weights: Vec<Pattern>,

    /// Tensors that are state of training and no part of the model, likewise; repeatable
    #[arg(long, value_name = "PATTERN")]
    state: Vec<Pattern>,

    /// How much time a smaller result may take
    #[arg(long, value_name = "EFFORT", default_value = "default")]
    effort: EffortArg,

    /// Accepts files that are not what their names say, and keeps them as plain bytes
    #[arg(long)]
    opaque: bool,

    /// Moves the branch even if its guards are not met, for this reason, which is on record
    #[arg(long = "override", value_name = "REASON")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    override_reason: Option<String>,

    /// Who commits [default: CKPT_AUTHOR, or the user at this machine]
    #[arg(long)]
    author: Option<String>,
}

/// Most letters of a message that are repeated.
const MAX_SUBJECT: usize = 72;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EffortArg {
    Fast,
    Default,
    Small,
}

pub(crate) fn commit(context: &mut Context, args: &CommitArgs) -> Outcome {
    let repository = context.repository_with_settings()?;
    let branch = match &args.branch {
        Some(name) => RefName::branch(name).map_err(ckpt_store::Error::from)?,
        None => repository.head()?,
    };
    let (parent, parents) = find_parents(&repository, &branch, args.from.as_deref())?;
    let progress = context.ui.progress("committing");
    let draft = Draft::new(
        Contents::Files(input_files(&args.paths, args.opaque, &progress.counting())?),
        context.environment.signature(args.author.as_deref())?,
    )
    .with_recipe(recipe(&repository, args, parent.as_ref())?)
    .with_metrics(unique("metric", &args.metrics)?)
    .with_environment(environment::facts(args.code.as_deref()))
    .with_message(args.message.clone())
    .with_parents(parents)
    .with_roles(RoleRules { weights: args.weights.clone(), state: args.state.clone() })
    .with_effort(match args.effort {
        EffortArg::Fast => Effort::Fast,
        EffortArg::Default => Effort::Default,
        EffortArg::Small => Effort::Small,
    })
    .with_override_reason(args.override_reason.clone());
    let commit = repository.commit(&branch, &draft)?;
    drop(progress);
    let checkpoint = repository.checkpoint(&commit.version.record)?;
    if context.json {
        let version = &commit.version;
        let branch = Some(branch.short().to_owned());
        context.ui.json(&json::Commit {
            version: json::VersionKeys::new(version, &draft.recipe, branch),
            logical_bytes: commit.logical_bytes,
            stored_bytes: commit.stored_bytes,
        })?;
    } else {
        print(&mut context.ui, &branch, &commit)?;
        print_unread(&mut context.ui, &checkpoint)?;
        note_what_stands_out(&mut context.ui, parent.as_ref(), &commit.version)?;
    }
    roles::print_idle(&mut context.ui, &draft.roles, &checkpoint)?;
    Ok(Answer::Done)
}

/// Notes what the user may not have meant: a version like the one before, metrics that measure nothing.
fn note_what_stands_out(
    ui: &mut Ui,
    parent: Option<&Version>,
    version: &Version,
) -> Result<(), Failure> {
    let made_of = |version: &Version| (version.record.checkpoint, version.record.recipe);
    if let Some(parent) = parent.filter(|parent| made_of(parent) == made_of(version)) {
        let (id, number) = (parent.id.short(), parent.record.number);
        ui.line(note(format!("nothing changed: content and inputs are those of #{number}, {id}")))?;
    }
    note_odd_metrics(ui, &version.record.metrics)
}

/// Finds what the new version continues, and what its branch is expected to be at.
fn find_parents(
    repository: &Repository,
    branch: &RefName,
    from: Option<&str>,
) -> Result<(Option<Version>, Parents), Failure> {
    let tip = repository.target(branch)?;
    let from = from.map(|from| repository.resolve(from)).transpose()?;
    let parents = match (tip, from) {
        (Some(tip), Some(from)) if tip != from => {
            let (tip, from) = (tip.short(), from.short());
            let message = format!("{branch} is at {tip}, not at {from} that --from names");
            let hint = "-b NAME starts a new branch there";
            return Err(Failure::failed(message).with_class(Class::Conflict).with_hint(hint));
        }
        (Some(tip), _) => Parents::Expected(tip),
        (None, from) => {
            refs::check_hides_nothing(repository, branch)?;
            Parents::NewBranch(from.into_iter().collect())
        }
    };
    let parent = from.or(tip).map(|id| repository.version(&id)).transpose()?;
    Ok((parent, parents))
}

fn recipe(
    repository: &Repository,
    args: &CommitArgs,
    parent: Option<&Version>,
) -> Result<Recipe, Failure> {
    let base = |name: &String| Ok(find(repository, name)?.record.model);
    let code = args.code.as_deref().map(ckpt_hash::code_id).transpose().map_err(Failure::of)?;
    // Without --from, it is not said that training went on from the version before.
    let state = parent.filter(|_| args.from.is_some()).map(|parent| parent.record.state);
    Ok(Recipe::default()
        .with_params(unique("parameter", &args.params)?)
        .with_data(data(args)?)
        .with_code(code)
        .with_seed(args.seed)
        .with_parent_state(state)
        .with_bases(args.bases.iter().map(base).collect::<Result<_, Failure>>()?))
}

/// Fingerprints the data files and labels them.
fn data(args: &CommitArgs) -> Result<Vec<DataInput>, Failure> {
    let record = |path: &PathBuf| {
        let name = data_name(path)?;
        let id = ckpt_data::data_id(path).map_err(Failure::of)?;
        Ok(DataInput::new(name, id))
    };
    check_data_names(&args.data)?;
    let mut data: Vec<DataInput> = args.data.iter().map(record).collect::<Result<_, Failure>>()?;
    let mut label = |flag: &str, texts: &[(String, String)], set: fn(&mut DataLabel, String)| {
        for (name, text) in unique(flag, texts)? {
            let Some(named) = data.iter_mut().find(|data| data.label.name == name) else {
                return Err(Failure::usage(format!("no --data file is called {name}")));
            };
            set(&mut named.label, text);
        }
        Ok(())
    };
    label("--data-source", &args.sources, |label, text| label.source = text)?;
    label("--preprocessing", &args.preprocessing, |label, text| label.preprocessing = text)?;
    Ok(data)
}

pub(super) fn print(ui: &mut Ui, branch: &RefName, commit: &Commit) -> Result<(), Failure> {
    let Commit { version, logical_bytes, stored_bytes, .. } = commit;
    let mut line = Text::from("[")
        .push(Style::Ref, branch.short())
        .plain(" ")
        .push(Style::Id, version.id.short())
        .plain(format!("] #{}", version.record.number));
    if let Some(subject) = version.record.message.lines().next() {
        let more = if subject.chars().nth(MAX_SUBJECT).is_some() { "..." } else { "" };
        let start: String = subject.chars().take(MAX_SUBJECT).collect();
        line = line.plain(format!(" \"{start}{more}\""));
    }
    let (logical, stored) = (format::bytes(*logical_bytes), format::bytes(*stored_bytes));
    line = line.plain(format!("  {logical} -> {stored} stored"));
    // Of a tiny file the records weigh more than the content: a part of it says nothing.
    if logical_bytes > stored_bytes {
        let part = format::percent(*stored_bytes as f64 / *logical_bytes as f64);
        line = line.push(Style::Faint, format!(" ({part})"));
    }
    ui.line(line)
}

/// Names the files of known formats that are not all tensors, as users will miss them later.
fn print_unread(ui: &mut Ui, checkpoint: &Checkpoint) -> Result<(), Failure> {
    const SHOWN: usize = 5;
    let mut unread = content::unread(&checkpoint.files);
    for reason in unread.by_ref().take(SHOWN) {
        ui.line(Text::styled(Style::Notice, "opaque  ").plain(reason))?;
    }
    match unread.count() {
        0 => Ok(()),
        more => ui.line(Text::styled(Style::Faint, format!("and {more} more; `show` lists them"))),
    }
}

/// Collects named values, each of which may be given once.
pub(super) fn unique<T: Clone>(
    what: &str,
    pairs: &[(String, T)],
) -> Result<BTreeMap<String, T>, Failure> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        if map.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::usage(format!("{what} {name} is given twice")));
        }
    }
    Ok(map)
}

fn parse_param(text: &str) -> Result<(String, ParamValue), String> {
    let (name, value) = split_pair(text)?;
    Ok((name, params::read(value)))
}

fn split_pair(text: &str) -> Result<(String, &str), String> {
    let (name, value) = text.split_once('=').ok_or("it has the form NAME=VALUE")?;
    if name.is_empty() || name.contains(char::is_control) {
        return Err("the name is empty or has control characters".to_owned());
    }
    Ok((name.to_owned(), value))
}

/// Names a data set by its file, which must be one: a device or a pipe has no end to be read to.
fn data_name(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let meta = fs::metadata(path)
        .map_err(|error| Failure::because(&format!("cannot read {shown}"), error))?;
    if !meta.is_file() {
        let what = if meta.is_dir() { "a folder" } else { "neither a file nor a folder" };
        let failure = Failure::failed(format!("{shown} is {what}"));
        return Err(failure.with_hint("only regular files can be data"));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_str();
    let name =
        name.ok_or_else(|| Failure::failed(format!("{shown} has a name that is not UTF-8")))?;
    Ok(name.to_owned())
}

/// Checks that no two data files have one name, by which labels and reports know them.
fn check_data_names(paths: &[PathBuf]) -> Result<(), Failure> {
    let mut taken: BTreeMap<&OsStr, &Path> = BTreeMap::new();
    for path in paths {
        let name = path.file_name().unwrap_or(path.as_os_str());
        if let Some(other) = taken.insert(name, path) {
            let (one, other, name) = (other.display(), path.display(), name.display());
            let message = format!("both data files are called {name}: {one} and {other}");
            let hint =
                "data is known by the name of its file; rename one, or join both in one file";
            return Err(Failure::usage(message).with_hint(hint));
        }
    }
    Ok(())
}

fn parse_text(text: &str) -> Result<(String, String), String> {
    let (name, value) = split_pair(text)?;
    Ok((name, value.to_owned()))
}

pub(super) fn parse_metric(text: &str) -> Result<(String, f64), String> {
    let (name, value) = split_pair(text)?;
    let number = value.parse().map_err(|_| format!("{value:?} is not a number, nan or inf"))?;
    Ok((name, number))
}

/// Names the metrics that are NaN or infinite, as training that diverged gives them.
pub(super) fn note_odd_metrics(
    ui: &mut Ui,
    metrics: &BTreeMap<String, f64>,
) -> Result<(), Failure> {
    let odd: Vec<&str> = metrics
        .iter()
        .filter_map(|(name, value)| (!value.is_finite()).then_some(name.as_str()))
        .collect();
    if odd.is_empty() {
        return Ok(());
    }
    let names = odd.join(", ");
    ui.line(note(format!("{names}: not finite; kept, never best, and meets no condition")))
}

fn note(text: String) -> Text {
    Text::styled(Style::Notice, "note: ").plain(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_an_equals_sign_and_a_name_may_not() {
        let (name, value) = parse_text("a=b=c").unwrap();
        assert_eq!((name.as_str(), value.as_str()), ("a", "b=c"));
        assert!(parse_text("=1").is_err() && parse_metric("a\nb=1").is_err());
    }
}

use std::{
    iter,
    path::{Path, PathBuf},
};

use ckpt_store::{
    Checkpoint, Error, ExportFormat, ExportOptions, Format, Pattern, Role, TensorInfo,
};
use clap::{Args, ValueEnum};

use super::{
    output::{self, Target},
    show::content,
};
use crate::{
    context::{Answer, Context, Outcome, find},
    failure::Failure,
    patterns,
    ui::Ui,
};

/// Writes the tensors of a version to a new file, whatever files they came in
///
/// The same tensors make the same bytes. Weights go to one file; with --with-state optimizer state
/// goes to a second one next to it, NAME.state.EXTENSION. Every byte is checked before any file
/// appears. What could not be read as tensors, see `show`, is not exported, which notices on standard
/// error say.
///
/// With --json: version, files (a list of path, bytes, action: written, kept or replaced).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt export production --format npz -o weights.npz
  ckpt export HEAD --tensor 'encoder.*' -o encoder.safetensors
  ckpt export main@12 --with-state -o resume.safetensors
")]
pub(crate) struct ExportArgs {
    /// The version
    #[arg(value_name = "REV")]
    revision: String,

    /// The container [default: what the name of --output ends in, or safetensors]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatArg>,

    /// The file for the weights, or the folder for model.FORMAT
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Also exports optimizer state
    #[arg(long)]
    with_state: bool,

    /// Exports only tensors with names of this pattern; repeatable
    #[arg(long = "tensor", value_name = "PATTERN")]
    tensors: Vec<Pattern>,

    /// Replaces files that differ
    #[arg(long)]
    force: bool,
}

/// What to do about a tensor that a container cannot hold.
const OTHER_WAYS: &str = "--tensor PATTERN chooses others, --format another container";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Safetensors,
    Npz,
}

impl FormatArg {
    fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        let is = |text: &str| extension.eq_ignore_ascii_case(text);
        is("npz").then_some(Self::Npz).or(is("safetensors").then_some(Self::Safetensors))
    }

    const fn format(self) -> ExportFormat {
        match self {
            Self::Safetensors => ExportFormat::Safetensors,
            Self::Npz => ExportFormat::Npz,
        }
    }
}

pub(crate) fn export(context: &mut Context, args: &ExportArgs) -> Outcome {
    let repository = context.repository()?;
    let version = find(&repository, &args.revision)?;
    let format = args.format.or_else(|| FormatArg::of_name(args.output.as_deref()?));
    let format = format.unwrap_or(FormatArg::Safetensors).format();
    let Target { folder, name } = output::target(1, PathBuf::new(), args.output.as_deref())?;
    check_name(name.as_deref(), format)?;
    patterns::check(&repository, &args.tensors, iter::once(&version))?;
    let options = ExportOptions::default()
        .with_format(format)
        .with_name(name.unwrap_or_else(|| format!("model.{}", format.extension())))
        .with_state(args.with_state)
        .with_tensors(args.tensors.clone())
        .with_force(args.force);
    let progress = context.ui.progress("exporting");
    let plan = output::carry_out(&repository, &folder, &progress, |disk| {
        repository.plan_export(&version.record, disk, &options)
    });
    let plan = plan.map_err(|error| match error {
        Error::Format { .. } => Failure::from(error).with_hint(OTHER_WAYS),
        error => output::explain("exporting", error, &folder),
    })?;
    drop(progress);
    if context.json {
        context.ui.json(&output::keys(&version, &folder, &plan))?;
    } else {
        output::print(&mut context.ui, &folder, &plan)?;
    }
    print_left_out(&mut context.ui, args, &repository.checkpoint(&version.record)?)?;
    Ok(Answer::Done)
}

/// Checks that a file is not named like one of another format, which readers would take it for.
fn check_name(name: Option<&str>, format: ExportFormat) -> Result<(), Failure> {
    let claimed = name.and_then(|name| Some((name, Format::from_path(Path::new(name))?.name())));
    match claimed {
        // What the formats of exports are called is what names of their files end in.
        Some((name, claimed)) if claimed != format.extension() => {
            let message = format!(
                "{name} is named like a file of {claimed}, but would be one of {}",
                format.extension()
            );
            let hint = "exports are safetensors or npz; without --format, the name decides which";
            Err(Failure::usage(message).with_hint(hint))
        }
        _ => Ok(()),
    }
}

/// Says what the version has and the export has not, unless patterns left it out.
fn print_left_out(ui: &mut Ui, args: &ExportArgs, checkpoint: &Checkpoint) -> Result<(), Failure> {
    for reason in content::unread(&checkpoint.files) {
        ui.notice(format!("note: {reason}; that is not exported"))?;
    }
    let is_asked_for = |tensor: &&TensorInfo| {
        let mut patterns = args.tensors.iter();
        args.tensors.is_empty() || patterns.any(|pattern| pattern.matches_tensor(&tensor.name))
    };
    let state = checkpoint.tensors.iter().filter(|tensor| tensor.role == Role::State);
    match state.filter(is_asked_for).count() {
        0 => Ok(()),
        _ if args.with_state => Ok(()),
        1 => ui.notice("note: 1 tensor of state is left out; --with-state exports it"),
        count => ui.notice(format!(
            "note: {count} tensors of state are left out; --with-state exports them"
        )),
    }
}

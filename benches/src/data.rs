//! `cargo xtask data`: synthetic data to measure and test with.
//!
//! `sequence` makes training-like checkpoints, epoch by epoch. They are synthetic, not recorded: the
//! parameters are chosen so that coders make of them about what they make of real training of that
//! kind. `table` makes tables to train on.

mod file;
mod kind;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ckpt_cli::{format, ui::Ui};
use clap::value_parser;
use serde_json::json;

pub(crate) use self::kind::Kind;
use self::kind::Training;
use crate::Place;

/// The arguments of `cargo xtask data`.
#[derive(Debug, clap::Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Writes a sequence of checkpoints as safetensors files
    ///
    /// Each epoch is near the one before it, as training makes them; the same kind, size and seed
    /// give the same bytes. With --json: kind, files.
    Sequence(SequenceArgs),
    /// Writes a table to train on whose answer is known
    ///
    /// The features have mean 0, standard deviation 1 and the condition number asked for, in the
    /// very rows that are written. The target of a regression is linear in them, plus normal noise.
    /// A class is drawn from the softmax of one such number per class, divided by --noise: 1 makes
    /// the coefficients those of a softmax regression, 0 always takes the largest. The same flags
    /// give the same bytes on every machine.
    ///
    /// With --json: file, bytes, rows, features, kind, noise, condition, seed, dtype; intercept and
    /// coefficients (column to value), or classes, a list of class, rows, intercept, coefficients.
    Table(table::TableArgs),
}

#[derive(Debug, clap::Args)]
struct SequenceArgs {
    /// The kind of training
    kind: Kind,
    /// The folder that the files go to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How many checkpoints
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = value_parser!(u32).range(1..=999))]
    epochs: u32,
    /// The size of each in MiB
    #[arg(long, value_name = "M", default_value_t = 32, value_parser = value_parser!(u32).range(1..=65_536))]
    mib: u32,
    /// What the random numbers start from
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Makes data.
pub(crate) fn run(args: &DataArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    match &args.what {
        What::Sequence(args) => sequence(args, place, ui),
        What::Table(args) => table::run(args, place.json, ui),
    }
}

fn sequence(args: &SequenceArgs, place: &Place, ui: &mut Ui) -> anyhow::Result<()> {
    let files = Recipe { kind: args.kind, epochs: args.epochs, mib: args.mib, seed: args.seed }
        .write(&args.folder)?;
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    if place.json {
        return Ok(ui.json(&json!({ "kind": args.kind.name(), "files": names }))?);
    }
    for (path, name) in files.iter().zip(&names) {
        let len = fs::metadata(path).with_context(|| format!("cannot see {name}"))?.len();
        ui.line(format!("written  {name}  {}", format::bytes(len)))?;
    }
    Ok(())
}

/// Says which sequence of checkpoints is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) kind: Kind,
    pub(crate) epochs: u32,
    /// The size of one checkpoint, without its header.
    pub(crate) mib: u32,
    pub(crate) seed: u64,
}

impl Recipe {
    /// Writes the files into a folder, which is made if need be, and returns them in order.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut training = Training::new(self.kind, (self.mib as usize) << 20, self.seed);
        let write = |epoch| {
            let path = folder.join(format!("epoch-{epoch:02}.safetensors"));
            file::write(&path, &training.next())
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path)
        };
        (1..=self.epochs).map(write).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_recipe_gives_the_same_bytes_and_each_epoch_differs() {
        let folder = tempfile::tempdir().unwrap();
        for kind in Kind::ALL {
            let write = |name: &str, seed| {
                let recipe = Recipe { kind, epochs: 2, mib: 1, seed };
                let files = recipe.write(&folder.path().join(kind.name()).join(name)).unwrap();
                files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
            };
            let first = write("a", 1);
            assert_eq!(first, write("b", 1), "{kind:?}");
            assert_ne!(first[0], first[1], "{kind:?}");
            assert_ne!(first, write("c", 2), "{kind:?}");
            let len = first[0].len();
            assert!(((1 << 20) - 6144..(1 << 20) + 4096).contains(&len), "{kind:?}: {len} bytes");
        }
    }
}

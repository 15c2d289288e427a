//! What a run learns from: a file, read into what the trainer takes.

mod stored;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ckpt_cli::Failure;
use ckpt_data::{DataError, Samples, Table};
use ckpt_store::record::DataRecord;
use ckpt_train::{Dataset, TrainError};
use ndarray::Array1;

use self::stored::Stored;
use super::{epoch::Element, settings::Settings};

/// The length from which on an NPY file stays on the disk, in bytes: 4 GiB, which is where copies of
/// it begin to crowd the memory of a usual machine.
const STORED_LEN: u64 = 4 << 30;

/// What a version's environment calls the file that its data came from, and its feature columns.
const PATH: &str = "data.path";
const FEATURES: &str = "data.features";

/// A file of data.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) data: DataRecord,
    content: Content,
}

enum Content {
    /// In memory.
    Table(Table),
    /// On the disk, read at each pass.
    Stored(Stored),
}

/// How a file is read.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Reading {
    /// Leave the rows of an NPY file on the disk and read them at each pass, in the order of
    /// training from a temporary copy; the result is the same, bit for bit [default for files over
    /// 4 GiB]
    #[arg(long)]
    stream: bool,
    /// Where --stream puts the copy [default: the folder of the data]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// What a model is trained on.
pub(crate) struct Inputs<T> {
    pub(crate) path: PathBuf,
    pub(crate) data: DataRecord,
    pub(crate) features: Vec<String>,
    pub(crate) target: String,
    pub(crate) dataset: Dataset<T>,
}

/// Returns where the data of a version was when the version was made.
pub(crate) fn recorded_path(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    environment.get(PATH).map(PathBuf::from)
}

impl Source {
    /// Reads a file, which may be where a version says that its data was.
    pub(crate) fn read(path: &Path, is_recorded: bool, reading: &Reading) -> anyhow::Result<Self> {
        let content = Content::read(path, reading).map_err(|error| {
            let failure = Failure::of(error);
            let hint = "that is where the version had its data; name it with --data";
            if is_recorded { failure.with_hint(hint) } else { failure }
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let id = match &content {
            Content::Table(table) => table.id(),
            Content::Stored(stored) => stored.id(),
        };
        Ok(Self { path: path.to_owned(), data: DataRecord::new(name, id), content })
    }

    /// Takes the columns in their roles, and settles what of the settings depends on them.
    pub(crate) fn inputs<T: Element>(self, settings: &mut Settings) -> anyhow::Result<Inputs<T>> {
        let (features, target, dataset) = match self.content {
            Content::Table(table) => {
                let name = || self.path.display().to_string();
                let samples: Samples<T> = table.samples(&settings.roles).with_context(name)?;
                drop(table);
                settings.settle(samples.classes.as_ref().map(Vec::len))?;
                let dataset = Dataset::new(samples.x, samples.y)?;
                let dataset = labelled(dataset, samples.classes, samples.weights)?;
                (samples.features, samples.target, dataset)
            }
            // Errors of rows on the disk name their file.
            Content::Stored(stored) => stored.dataset(settings)?,
        };
        Ok(Inputs { path: self.path, data: self.data, features, target, dataset })
    }
}

impl Content {
    fn read(path: &Path, reading: &Reading) -> Result<Self, DataError> {
        let is_npy = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"));
        let is_long = || fs::metadata(path).is_ok_and(|metadata| metadata.len() > STORED_LEN);
        if reading.stream || is_npy && is_long() {
            let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let beside = beside.unwrap_or(Path::new("."));
            let scratch = reading.scratch.as_deref().unwrap_or(beside);
            return Ok(Self::Stored(Stored::open(path, scratch)?));
        }
        Ok(Self::Table(Table::read(path)?))
    }
}

/// Gives a data set its classes and weights.
fn labelled<T: Element>(
    mut dataset: Dataset<T>,
    classes: Option<Vec<String>>,
    weights: Option<Array1<T>>,
) -> anyhow::Result<Dataset<T>> {
    if let Some(classes) = classes {
        dataset = dataset.with_classes(classes)?;
    }
    if let Some(weights) = weights {
        dataset = dataset.weighted(weights)?;
    }
    Ok(dataset)
}

/// Says what to do by flags.
fn with_flags(error: &TrainError) -> anyhow::Error {
    anyhow::Error::msg(error.to_string().replace("use l2 > 0", "use --l2"))
}

impl<T> Inputs<T> {
    /// Calls the columns that an error speaks of by their names.
    pub(crate) fn explain(&self, error: TrainError) -> anyhow::Error {
        let column = match &error {
            TrainError::RankDeficient { column }
            | TrainError::Data(ckpt_train::DataError::Spread { column }) => *column,
            _ => return with_flags(&error),
        };
        let Some(name) = self.features.get(column) else {
            return with_flags(&error);
        };
        let text = with_flags(&error).to_string();
        anyhow::Error::msg(
            text.replace(&format!("column {column} of x"), &format!("column {name}")),
        )
    }

    /// Adds to the facts of a version where its data was.
    pub(crate) fn put_facts(&self, facts: &mut BTreeMap<String, String>) {
        facts.insert(PATH.to_owned(), self.path.display().to_string());
        facts.insert(FEATURES.to_owned(), self.features.join(","));
    }
}

//! What a run learns from: a file or a table, read into what the trainer takes.

use std::{
    collections::BTreeMap,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ckpt_data::{NpyRows, Samples, StoredSamples, Table};
use ckpt_store::DataInput;
use ckpt_train::{Dataset, RowSource, row_order};
use ndarray::Array1;

use crate::{
    error::{Error, Result},
    settings::Settings,
    version::Element,
};

/// The length from which on an NPY file stays on the disk, in bytes: 4 GiB, which is where copies of
/// it begin to crowd the memory of a usual machine.
const STORED_LEN: u64 = 4 << 30;

/// What a version's environment calls the file that its data came from, and its feature columns.
const PATH: &str = "data.path";
const FEATURES: &str = "data.features";

/// Data to train on, with its identity.
pub struct Source {
    /// Where it was read; `None` for a table that came from no file.
    path: Option<PathBuf>,
    pub(crate) data: DataInput,
    content: Content,
}

enum Content {
    /// In memory.
    Table(Table),
    /// On the disk, read at each pass; the features go to a copy in a folder.
    Stored { rows: NpyRows, scratch: PathBuf },
}

/// How a file of data is read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Reading {
    /// Whether the rows of an NPY file stay on the disk, to be read at each pass in the order of training
    /// from a temporary copy. Files over 4 GiB do in any case. The result is the same, bit for bit.
    pub stream: bool,
    /// The folder of that copy; that of the data if not given.
    pub scratch: Option<PathBuf>,
}

/// What a model is trained on.
pub(crate) struct Inputs<T> {
    path: Option<PathBuf>,
    pub(crate) data: DataInput,
    pub(crate) features: Vec<String>,
    pub(crate) target: String,
    pub(crate) dataset: Dataset<T>,
}

/// Returns where the data of a version was when the version was made.
pub(crate) fn recorded_path(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    environment.get(PATH).map(PathBuf::from)
}

impl Source {
    /// Reads a file: CSV with a header, NPY, NPZ with the arrays X and y, or Parquet with that feature of
    /// `ckpt-data`.
    ///
    /// # Errors
    /// [`Error::Data`]: what cannot be read, or is not as such files must be.
    pub fn read(path: &Path, reading: &Reading) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let is_npy = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"));
        let is_long = || fs::metadata(path).is_ok_and(|metadata| metadata.len() > STORED_LEN);
        if !(reading.stream || is_npy && is_long()) {
            return Ok(Self { path: Some(path.to_owned()), ..Self::of(name, Table::read(path)?) });
        }
        let rows = NpyRows::open(path)?;
        let data = DataInput::new(name, rows.id()?);
        let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let scratch = reading.scratch.as_deref().or(beside).unwrap_or(Path::new(".")).to_owned();
        Ok(Self { path: Some(path.to_owned()), data, content: Content::Stored { rows, scratch } })
    }

    /// Takes a table that came from no file; `name` is what versions call it.
    pub fn of(name: impl Into<String>, table: Table) -> Self {
        let data = DataInput::new(name, table.id());
        Self { path: None, data, content: Content::Table(table) }
    }

    /// Returns the identity and the name of the data.
    pub const fn data(&self) -> &DataInput {
        &self.data
    }

    /// Takes the columns in their roles, and settles what of the settings depends on them.
    pub(crate) fn inputs<T: Element>(self, settings: &mut Settings) -> Result<Inputs<T>> {
        let (features, target, dataset) = match self.content {
            Content::Table(table) => {
                let name = match &self.path {
                    Some(path) => path.display().to_string(),
                    None => self.data.label.name.clone(),
                };
                let samples: Samples<T> = table
                    .samples(&settings.roles)
                    .map_err(|source| Error::Columns { name, source: Box::new(source) })?;
                drop(table);
                settings.settle(samples.classes.as_ref().map(Vec::len))?;
                let dataset = Dataset::new(samples.x, samples.y)?;
                let dataset = labelled(dataset, samples.classes, samples.weights)?;
                (samples.features, samples.target, dataset)
            }
            Content::Stored { rows, scratch } => stored(&rows, &scratch, settings)?,
        };
        Ok(Inputs { path: self.path, data: self.data, features, target, dataset })
    }
}

/// Takes the columns of rows on the disk in their roles, and writes a copy of the features in the order of
/// training. Gives the names of the features and the target, too; errors of such rows name their file.
fn stored<T: Element>(
    rows: &NpyRows,
    scratch: &Path,
    settings: &mut Settings,
) -> Result<(Vec<String>, String, Dataset<T>)> {
    let order = row_order(rows.rows(), settings.config.seed);
    let samples: StoredSamples<T> = rows.samples(&settings.roles, &order, scratch)?;
    settings.settle(samples.classes.as_ref().map(Vec::len))?;
    let width = samples.x.columns();
    let dataset = Dataset::stored(Arc::new(Features(samples.x)), width, samples.y)?;
    let dataset = labelled(dataset, samples.classes, samples.weights)?;
    Ok((samples.features, samples.target, dataset))
}

/// The features of rows in the order of training.
struct Features(NpyRows);

impl<T: Element> RowSource<T> for Features {
    fn read(&self, range: Range<usize>, into: &mut [T]) -> io::Result<()> {
        self.0.read(range, into).map_err(io::Error::other)
    }
}

/// Gives a data set its classes and weights.
fn labelled<T: Element>(
    mut dataset: Dataset<T>,
    classes: Option<Vec<String>>,
    weights: Option<Array1<T>>,
) -> Result<Dataset<T>> {
    if let Some(classes) = classes {
        dataset = dataset.with_classes(classes)?;
    }
    if let Some(weights) = weights {
        dataset = dataset.weighted(weights)?;
    }
    Ok(dataset)
}

impl<T> Inputs<T> {
    /// Adds to the facts of a version where its data was.
    pub(crate) fn put_facts(&self, facts: &mut BTreeMap<String, String>) {
        if let Some(path) = &self.path {
            facts.insert(PATH.to_owned(), path.display().to_string());
        }
        facts.insert(FEATURES.to_owned(), self.features.join(","));
    }
}

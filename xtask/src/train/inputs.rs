//! What a run learns from: a file, read into what the trainer takes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ckpt_cli::Failure;
use ckpt_data::{Samples, Table};
use ckpt_store::record::DataRecord;
use ckpt_train::Dataset;

use super::{epoch::Element, settings::Settings};

/// What a version's environment calls the file that its data came from, and its feature columns.
const PATH: &str = "data.path";
const FEATURES: &str = "data.features";

/// A file of data.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) data: DataRecord,
    table: Table,
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
    pub(crate) fn read(path: &Path, is_recorded: bool) -> anyhow::Result<Self> {
        let table = Table::read(path).map_err(|error| {
            let failure = Failure::of(error);
            let hint = "that is where the version had its data; name it with --data";
            if is_recorded { failure.with_hint(hint) } else { failure }
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let data = DataRecord { name, id: table.id() };
        Ok(Self { path: path.to_owned(), data, table })
    }

    /// Takes the columns in their roles, and settles what of the settings depends on them.
    pub(crate) fn inputs<T: Element>(self, settings: &mut Settings) -> anyhow::Result<Inputs<T>> {
        let context = || self.path.display().to_string();
        let samples: Samples<T> = self.table.samples(&settings.roles).with_context(context)?;
        drop(self.table);
        settings.settle(samples.classes.as_ref().map(Vec::len))?;
        let mut dataset = Dataset::new(samples.x, samples.y)?;
        if let Some(classes) = samples.classes {
            dataset = dataset.with_classes(classes)?;
        }
        if let Some(weights) = samples.weights {
            dataset = dataset.weighted(weights)?;
        }
        Ok(Inputs {
            path: self.path,
            data: self.data,
            features: samples.features,
            target: samples.target,
            dataset,
        })
    }
}

impl<T> Inputs<T> {
    /// Adds to the facts of a version where its data was.
    pub(crate) fn put_facts(&self, facts: &mut BTreeMap<String, String>) {
        facts.insert(PATH.to_owned(), self.path.display().to_string());
        facts.insert(FEATURES.to_owned(), self.features.join(","));
    }
}

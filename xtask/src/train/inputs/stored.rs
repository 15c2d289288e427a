//! Rows that stay on the disk.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ckpt_data::{DataError, NpyRows, StoredSamples};
use ckpt_hash::DataId;
use ckpt_train::{Dataset, RowSource, row_order};

use super::{Element, labelled};
use crate::train::settings::Settings;

/// An NPY matrix on the disk.
pub(super) struct Stored {
    rows: NpyRows,
    id: DataId,
    scratch: PathBuf,
}

impl Stored {
    /// Opens a file and reads it through for its id.
    pub(super) fn open(path: &Path, scratch: &Path) -> Result<Self, DataError> {
        let rows = NpyRows::open(path)?;
        Ok(Self { id: rows.id()?, rows, scratch: scratch.to_owned() })
    }

    pub(super) fn id(&self) -> DataId {
        self.id
    }

    /// Takes the columns in their roles, and writes a copy of the features in the order of training.
    ///
    /// Gives the names of the features and the target, too.
    pub(super) fn dataset<T: Element>(
        self,
        settings: &mut Settings,
    ) -> anyhow::Result<(Vec<String>, String, Dataset<T>)> {
        let order = row_order(self.rows.rows(), settings.config.seed);
        let samples: StoredSamples<T> =
            self.rows.samples(&settings.roles, &order, &self.scratch)?;
        settings.settle(samples.classes.as_ref().map(Vec::len))?;
        let width = samples.x.columns();
        let dataset = Dataset::stored(Arc::new(Features(samples.x)), width, samples.y)?;
        let dataset = labelled(dataset, samples.classes, samples.weights)?;
        Ok((samples.features, samples.target, dataset))
    }
}

/// The features of rows in the order of training.
struct Features(NpyRows);

impl<T: Element> RowSource<T> for Features {
    fn read(&self, range: Range<usize>, into: &mut [T]) -> io::Result<()> {
        self.0.read(range, into).map_err(io::Error::other)
    }
}

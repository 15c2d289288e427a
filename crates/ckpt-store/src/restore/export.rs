//! Gives the tensors of a version in another container than they came in.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use ckpt_formats::{Part as LaidOut, TensorMeta, npz_layout};
use ckpt_pack::disk::Disk;
use crc32fast::Hasher;

use crate::{
    content::{
        layout::{canonical_file, meta, state_name},
        pattern::Pattern,
    },
    error::{Error, Result},
    options::setters,
    record::{Role, TensorRecord, VersionRecord},
    repo::Repository,
    restore::{Part, PlannedFile, RestoreAction, RestoreOptions, RestorePlan, settle},
};

/// What to export, and how.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ExportOptions {
    /// The container.
    pub format: ExportFormat,
    /// The name of the file of the weights.
    pub name: String,
    /// Whether state is exported, too, to a file of its own next to the weights.
    pub with_state: bool,
    /// Names of tensors, of which one must match; all tensors if there are none.
    pub tensors: Vec<Pattern>,
    /// Whether files that differ are replaced.
    pub force: bool,
}

setters!(ExportOptions:
    with_format sets format: ExportFormat,
    with_name sets name: String,
    with_state sets with_state: bool,
    with_tensors sets tensors: Vec<Pattern>,
    with_force sets force: bool,
);

/// A container that tensors can be exported to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// The canonical safetensors file, as a version made in memory restores to.
    #[default]
    Safetensors,
    /// NumPy's archive of arrays, uncompressed.
    Npz,
}

impl ExportFormat {
    /// Returns what names of its files end in, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npz => "npz",
        }
    }
}

impl Repository {
    /// Plans to write the tensors of a version, whatever files they came in, to new files in the
    /// root of `target`: the same tensors make the same bytes.
    /// [`apply_restore`](Self::apply_restore) carries it out.
    ///
    /// # Errors
    /// [`Error::NothingToExport`] where no tensor is left; tensors that the format cannot hold; those
    /// of [`plan_restore`](Self::plan_restore).
    pub fn plan_export(
        &self,
        version: &VersionRecord,
        target: &dyn Disk,
        options: &ExportOptions,
    ) -> Result<RestorePlan> {
        self.require_content(version)?;
        let checkpoint = self.objects.fitting_checkpoint(&version.checkpoint)?;
        let ExportOptions { name, tensors: patterns, with_state, force, .. } = options;
        let distinct = checkpoint.distinct_tensors();
        let is_asked_for = |tensor: &&TensorRecord| {
            patterns.is_empty()
                || patterns.iter().any(|pattern| pattern.matches_tensor(&tensor.name))
        };
        let of_role = |role| {
            let tensors = distinct.iter().map(|(_, tensor)| tensor).filter(is_asked_for);
            tensors.filter(|tensor| tensor.role == role).collect::<Vec<_>>()
        };
        let (weights, state) = (of_role(Role::Weights), of_role(Role::State));
        let file = |name: String, tensors: Vec<&TensorRecord>| match options.format {
            ExportFormat::Safetensors => canonical_file(name, &tensors).map(PlannedFile::from),
            ExportFormat::Npz => self.npz_file(name, &tensors),
        };
        let mut files = Vec::new();
        if !weights.is_empty() {
            files.push(file(name.clone(), weights)?);
        }
        if *with_state && !state.is_empty() {
            files.push(file(state_name(name, options.format.extension()), state)?);
        }
        if files.is_empty() {
            return Err(Error::NothingToExport { has_tensors: !checkpoint.tensors.is_empty() });
        }
        let options =
            RestoreOptions { name: Some(name.clone()), force: *force, ..Default::default() };
        settle(files, target, &options)
    }

    /// Lays tensors out as an NPZ file. The archive has their checksums before it has their bytes,
    /// so they are read once for that.
    fn npz_file(&self, path: String, tensors: &[&TensorRecord]) -> Result<PlannedFile> {
        let crcs = tensors.iter().map(|tensor| self.crc(tensor)).collect::<Result<Vec<_>>>()?;
        let metas: Vec<TensorMeta> = tensors.iter().map(|tensor| meta(tensor)).collect();
        let layout = npz_layout(&metas, &crcs)
            .map_err(|source| Error::Format { path: path.clone(), source })?;
        let part = |part| match part {
            LaidOut::Bytes(bytes) => Part::Bytes(bytes),
            LaidOut::Tensor(index) => Part::Content(tensors[index].content()),
        };
        let parts = layout.parts.into_iter().map(part).collect();
        Ok(PlannedFile { path, len: layout.file_len, action: RestoreAction::Create, parts })
    }

    /// Computes the CRC-32 of a tensor's bytes, its blocks in parallel.
    fn crc(&self, tensor: &TensorRecord) -> Result<u32> {
        let blocks = Mutex::new(BTreeMap::new());
        self.objects.read_content(tensor.content(), &|at, bytes| {
            let mut hasher = Hasher::new();
            hasher.update(bytes);
            blocks.lock().unwrap_or_else(PoisonError::into_inner).insert(at, hasher);
            Ok(())
        })?;
        let blocks = blocks.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut whole = Hasher::new();
        blocks.values().for_each(|block| whole.combine(block));
        Ok(whole.finalize())
    }
}

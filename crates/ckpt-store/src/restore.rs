//! Gives a version's files back: first a plan, then its execution.
//!
//! A plan looks at the target and finds every reason to refuse. Applying it writes all files
//! beside their places, each checked against its ids, and only then puts them in place: damage
//! or a full disk leaves the target as it was.

use std::collections::BTreeMap;

use ckpt_formats::{TensorMeta, safetensors_layout};
use ckpt_tensor::Shape;

use crate::{
    contents::check_path,
    disk::{Disk, FileKind, ReadFile},
    durable::Draft,
    error::{Doing, Error, Result},
    objects::Content,
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord, VersionRecord},
    repo::Repository,
};

/// The name of the weights of a version made in memory, unless another is asked for.
pub const WEIGHTS_FILE: &str = "model.safetensors";

/// What to restore, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreOptions {
    /// The name for the file of a version that holds one, or for the weights of a version made in
    /// memory.
    pub name: Option<String>,
    /// Whether the state of a version made in memory is restored beside its weights, as
    /// `NAME.state.safetensors`. Files are always restored whole.
    pub with_state: bool,
    /// Whether files that differ are replaced.
    pub force: bool,
}

/// What a restore is going to do.
#[derive(Debug)]
pub struct RestorePlan {
    files: Vec<PlannedFile>,
}

/// One file of a plan.
#[derive(Debug)]
pub struct PlannedFile {
    /// Relative to the target.
    pub path: String,
    /// Bytes of the file.
    pub len: u64,
    /// What happens to it.
    pub action: RestoreAction,
    parts: Vec<Part>,
}

/// What a restore does to one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreAction {
    /// It is not there and is written.
    Create,
    /// It is there and differs.
    Replace,
    /// It is there and has the same bytes.
    Keep,
}

#[derive(Debug)]
enum Part {
    Bytes(Vec<u8>),
    Content(Content),
}

impl RestorePlan {
    /// Returns the files, sorted by path.
    pub fn files(&self) -> &[PlannedFile] {
        &self.files
    }
}

impl Repository {
    /// Tells how many files a version restores to, without its state.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn file_count(&self, version: &VersionRecord) -> Result<usize> {
        let checkpoint = self.checkpoint(version)?;
        let in_memory = usize::from(!checkpoint.tensors.is_empty());
        Ok(if checkpoint.files.is_empty() { in_memory } else { checkpoint.files.len() })
    }

    /// Plans to restore a version into the root of `target`.
    ///
    /// # Errors
    /// A version without content; [`Error::WouldOverwrite`] without `force`; a path that is a
    /// folder or leads through a link; damage.
    pub fn plan_restore(
        &self,
        version: &VersionRecord,
        target: &dyn Disk,
        options: &RestoreOptions,
    ) -> Result<RestorePlan> {
        let checkpoint = self.checkpoint(version)?;
        let mut files = match (checkpoint.files.is_empty(), checkpoint.tensors.is_empty()) {
            (false, _) => recorded_files(&checkpoint),
            (true, false) => canonical_files(&checkpoint, options)?,
            (true, true) => {
                let what = "it is a version of metrics and parameters alone";
                return Err(Error::Contents(format!("there is nothing to restore: {what}")));
            }
        };
        if let (Some(name), [file]) = (&options.name, &mut files[..]) {
            file.path.clone_from(name);
        }
        for file in &mut files {
            check_path(&file.path).map_err(Error::Contents)?;
            check_folders(target, &file.path)?;
            file.action = self.action(target, file)?;
            if file.action == RestoreAction::Replace && !options.force {
                return Err(Error::WouldOverwrite(file.path.clone()));
            }
        }
        Ok(RestorePlan { files })
    }

    /// Carries out a plan on the target that it was made for.
    ///
    /// # Errors
    /// Damage and what the disk refuses; the target is then as it was, unless the disk failed
    /// between two renames.
    pub fn apply_restore(&self, plan: &RestorePlan, target: &dyn Disk) -> Result<()> {
        target.create_dir("").doing(|| "make the target folder".to_owned())?;
        let changed = plan.files.iter().filter(|file| file.action != RestoreAction::Keep);
        let drafts: Vec<(&PlannedFile, Draft<'_>)> = changed
            .map(|file| Ok((file, self.write_draft(file, target)?)))
            .collect::<Result<_>>()?;
        for (file, draft) in drafts {
            let doing = || format!("write {}", file.path);
            if let Some((folder, _)) = file.path.rsplit_once('/') {
                target.create_dir(folder).doing(doing)?;
            }
            // A restore can be repeated, so only what replaces another file is worth a sync.
            draft.place(&file.path, file.action == RestoreAction::Replace).doing(doing)?;
        }
        Ok(())
    }

    fn write_draft<'a>(&self, file: &PlannedFile, target: &'a dyn Disk) -> Result<Draft<'a>> {
        let doing = || format!("write {}", file.path);
        let hidden = format!(".ckpt-restore-{:016x}", target.nonce());
        let mut draft = Draft::create_at(target, hidden).doing(doing)?;
        self.read_parts(file, &mut |bytes| draft.write(bytes).doing(doing))?;
        Ok(draft)
    }

    fn read_parts(
        &self,
        file: &PlannedFile,
        sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        for part in &file.parts {
            match part {
                Part::Bytes(bytes) => sink(bytes)?,
                Part::Content(content) => self.objects.read_content(*content, sink)?,
            }
        }
        Ok(())
    }

    fn action(&self, target: &dyn Disk, file: &PlannedFile) -> Result<RestoreAction> {
        let doing = || format!("read {}", file.path);
        match target.kind(&file.path).doing(doing)? {
            None => return Ok(RestoreAction::Create),
            Some(FileKind::File) => {}
            Some(FileKind::Dir) => {
                return Err(Error::Contents(format!("{} is a folder", file.path)));
            }
            Some(FileKind::Other) => return Err(not_regular(&file.path)),
        }
        let present = target.open(&file.path).doing(doing)?;
        let equal = present.len().doing(doing)? == file.len && self.equals(file, &*present)?;
        Ok(if equal { RestoreAction::Keep } else { RestoreAction::Replace })
    }

    fn equals(&self, file: &PlannedFile, present: &dyn ReadFile) -> Result<bool> {
        let mut equal = true;
        let mut offset = 0;
        let mut buffer = Vec::new();
        self.read_parts(file, &mut |bytes| {
            if equal {
                buffer.resize(bytes.len(), 0);
                present.read_at(offset, &mut buffer).doing(|| format!("read {}", file.path))?;
                equal = buffer == bytes;
                offset += bytes.len() as u64;
            }
            Ok(())
        })?;
        Ok(equal)
    }
}

fn not_regular(path: &str) -> Error {
    Error::Contents(format!(
        "{path} is neither a regular file nor a folder; a restore follows no links"
    ))
}

/// Checks that the folders above a path are folders or are not there yet.
fn check_folders(target: &dyn Disk, path: &str) -> Result<()> {
    for (end, _) in path.match_indices('/') {
        let folder = &path[..end];
        match target.kind(folder).doing(|| format!("read {folder}"))? {
            None => break,
            Some(FileKind::Dir) => {}
            Some(FileKind::File) => {
                return Err(Error::Contents(format!(
                    "{folder} is a file where a folder is needed"
                )));
            }
            Some(FileKind::Other) => return Err(not_regular(folder)),
        }
    }
    Ok(())
}

fn recorded_files(checkpoint: &CheckpointRecord) -> Vec<PlannedFile> {
    let content = |segment: &SegmentRecord| segment.content(&checkpoint.tensors).map(Part::Content);
    let plan = |file: &FileRecord| PlannedFile {
        path: file.path.clone(),
        len: file.len(&checkpoint.tensors),
        action: RestoreAction::Create,
        parts: file.segments.iter().filter_map(content).collect(),
    };
    checkpoint.files.iter().map(plan).collect()
}

/// Lays the tensors of a version made in memory out as safetensors files.
fn canonical_files(
    checkpoint: &CheckpointRecord,
    options: &RestoreOptions,
) -> Result<Vec<PlannedFile>> {
    let of_role = |role| checkpoint.tensors.iter().filter(move |tensor| tensor.role == role);
    let name = options.name.as_deref().unwrap_or(WEIGHTS_FILE);
    let mut files = vec![canonical_file(name.to_owned(), of_role(Role::Weights).collect())?];
    if options.with_state && of_role(Role::State).next().is_some() {
        files.push(canonical_file(state_name(name), of_role(Role::State).collect())?);
    }
    Ok(files)
}

fn canonical_file(path: String, tensors: Vec<&TensorRecord>) -> Result<PlannedFile> {
    let meta = |tensor: &&TensorRecord| TensorMeta {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape: Shape::from(tensor.shape.clone()),
    };
    let metas: Vec<TensorMeta> = tensors.iter().map(meta).collect();
    let layout = safetensors_layout(&metas, &BTreeMap::new())
        .map_err(|source| Error::Format { path: path.clone(), source })?;
    let content = |index: usize| Part::Content(tensors[index].content());
    let parts = [Part::Bytes(layout.header)]
        .into_iter()
        .chain(layout.tensors.iter().map(|placed| content(placed.index)));
    Ok(PlannedFile {
        path,
        len: layout.file_len,
        action: RestoreAction::Create,
        parts: parts.collect(),
    })
}

/// Names the file of the state beside the file of the weights.
fn state_name(name: &str) -> String {
    format!("{}.state.safetensors", name.strip_suffix(".safetensors").unwrap_or(name))
}

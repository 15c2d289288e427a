//! Gives a version's files back: first a plan, then its execution.
//!
//! A plan looks at the target and finds every reason to refuse. Applying it writes all files
//! next to their places, each checked against its ids, and only then puts them in place: damage
//! or a full disk leaves the target as it was.

mod export;
mod layout;
mod present;
mod read;

use ckpt_pack::{
    Meter, ObjectId, Progress, Silent,
    disk::{
        Disk, FileKind,
        durable::{Draft, Written},
    },
};
use rayon::prelude::*;

use ckpt_hash::VersionId;

pub use self::{
    export::{ExportFormat, ExportOptions},
    read::StoredBytes,
};
use self::{layout::planned_files, present::is_same};
use crate::{
    content::{
        layout::loose_tensors,
        objects::{Content, PartSink},
        paths::check_inside,
    },
    error::{Doing, Error, Result},
    history::notes::VersionNotes,
    options::setters,
    record::{CheckpointRecord, Role, VersionRecord},
    repo::Repository,
};

/// What to restore, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestoreOptions {
    /// The name for the file of a version that holds one, or for the weights of a version made in
    /// memory.
    pub name: Option<String>,
    /// Whether the state of a version made in memory is restored with its weights, as
    /// `NAME.state.safetensors`. Files are always restored whole.
    pub with_state: bool,
    /// Whether files that differ are replaced.
    pub force: bool,
}

setters!(RestoreOptions:
    with_name sets name: Option<String>,
    with_state sets with_state: bool,
    with_force sets force: bool,
);

/// What a restore is going to do.
#[derive(Debug)]
pub struct RestorePlan {
    files: Vec<PlannedFile>,
}

/// One file of a plan.
#[derive(Debug)]
#[non_exhaustive]
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
        let loose = loose_tensors(&checkpoint);
        let is_whole = checkpoint.files.is_empty() && !loose.is_empty();
        let has_weights = loose.iter().any(|tensor| tensor.role == Role::Weights);
        Ok(checkpoint.files.len() + usize::from(is_whole || has_weights))
    }

    /// Plans to restore a version into the root of `target`.
    ///
    /// # Errors
    /// [`Error::Removed`]; [`Error::NothingToRestore`]; [`Error::WouldOverwrite`] without `force`;
    /// [`Error::Target`] for a path that is a folder or leads through a link; damage.
    pub fn plan_restore(
        &self,
        version: &VersionRecord,
        target: &dyn Disk,
        options: &RestoreOptions,
    ) -> Result<RestorePlan> {
        self.require_content(version)?;
        let place = ObjectId::from(version.checkpoint).to_string();
        self.plan(&place, &self.checkpoint(version)?, target, options)
    }

    /// Plans to restore the files that notes added to a version; of several with one path that of
    /// the latest note.
    ///
    /// # Errors
    /// Those of [`plan_restore`](Self::plan_restore).
    pub fn plan_restore_notes(
        &self,
        version: &VersionId,
        target: &dyn Disk,
        options: &RestoreOptions,
    ) -> Result<RestorePlan> {
        let notes = self.notes()?;
        let files = notes.on(version).map(VersionNotes::files).unwrap_or_default();
        let files = files.into_iter().cloned().collect();
        let place = format!("what is noted on version {}", version.short());
        self.plan(&place, &CheckpointRecord { tensors: Vec::new(), files }, target, options)
    }

    fn plan(
        &self,
        place: &str,
        checkpoint: &CheckpointRecord,
        target: &dyn Disk,
        options: &RestoreOptions,
    ) -> Result<RestorePlan> {
        settle(planned_files(place, checkpoint, options)?, target, options)
    }

    /// Carries out a plan on the target that it was made for.
    ///
    /// # Errors
    /// Damage and what the disk refuses; the target is then as it was, unless the disk failed
    /// between two renames.
    pub fn apply_restore(&self, plan: &RestorePlan, target: &dyn Disk) -> Result<()> {
        self.apply_restore_with(plan, target, &Silent)
    }

    /// Does what [`apply_restore`](Self::apply_restore) does, and tells `progress` how many bytes have
    /// been written, of how many.
    ///
    /// # Errors
    /// Those of [`apply_restore`](Self::apply_restore); [`Error::Cancelled`].
    pub fn apply_restore_with(
        &self,
        plan: &RestorePlan,
        target: &dyn Disk,
        progress: &dyn Progress,
    ) -> Result<()> {
        target.create_dir("").doing(|| "make the target folder".to_owned())?;
        let changed = plan.files.iter().filter(|file| file.action != RestoreAction::Keep);
        let total = changed.clone().map(|file| file.len).fold(0, u64::saturating_add);
        let meter = Meter::new(progress, total);
        let written: Vec<(&PlannedFile, Written<'_>)> = changed
            .map(|file| Ok((file, self.write_beside(file, target, &meter)?)))
            .collect::<Result<_>>()?;
        for (file, written) in written {
            let doing = || format!("write {}", file.path);
            if let Some((folder, _)) = file.path.rsplit_once('/') {
                target.create_dir(folder).doing(doing)?;
            }
            written.place(&file.path).doing(doing)?;
        }
        Ok(())
    }

    /// Writes a file of a plan next to its place and closes it: there may be more files than a
    /// process may hold open.
    fn write_beside<'a>(
        &self,
        file: &PlannedFile,
        target: &'a dyn Disk,
        meter: &Meter<'_>,
    ) -> Result<Written<'a>> {
        let doing = || format!("write {}", file.path);
        let hidden = format!(".ckpt-restore-{:016x}", target.nonce());
        let draft = Draft::create_at(target, hidden).doing(doing)?;
        self.read_parts(file, &|at, bytes| {
            draft.write_at(at, bytes).doing(doing)?;
            Ok(meter.add(bytes.len() as u64)?)
        })?;
        // A restore can be repeated, so only what replaces another file is worth a sync.
        draft.close(file.action == RestoreAction::Replace).doing(doing)
    }

    /// Gives the parts of a file to `sink`, in parallel on the current rayon pool.
    fn read_parts(&self, file: &PlannedFile, sink: &PartSink<'_>) -> Result<()> {
        let read = |(start, part): (u64, &Part)| match part {
            Part::Bytes(bytes) => sink(start, bytes),
            Part::Content(content) => {
                self.objects.read_content(*content, &|at, bytes| sink(start + at, bytes))
            }
        };
        // Of content cut into chunks a window is held while it is read: one after the other.
        let chunked = |(_, part): &(u64, &Part)| matches!(part, Part::Content(content) if content.is_chunked());
        let (chunked, others): (Vec<_>, Vec<_>) = file.places().into_iter().partition(chunked);
        others.into_par_iter().try_for_each(read)?;
        chunked.into_iter().try_for_each(read)
    }
}

impl PlannedFile {
    /// Returns the parts of the file and where they start in it.
    fn places<'a>(&'a self) -> Vec<(u64, &'a Part)> {
        let place = |start: &mut u64, part: &'a Part| {
            let at = *start;
            *start += match part {
                Part::Bytes(bytes) => bytes.len() as u64,
                Part::Content(content) => content.len,
            };
            Some((at, part))
        };
        self.parts.iter().scan(0, place).collect()
    }
}

/// Looks at what is in the places of the files of a plan.
fn settle(
    mut files: Vec<PlannedFile>,
    target: &dyn Disk,
    options: &RestoreOptions,
) -> Result<RestorePlan> {
    if let Some(name) = &options.name {
        let path = name.escape_debug().to_string();
        check_inside(name).map_err(|what| Error::Target { path, what })?;
    }
    for file in &mut files {
        check_folders(target, &file.path)?;
        file.action = action(target, file)?;
        if file.action == RestoreAction::Replace && !options.force {
            return Err(Error::WouldOverwrite(file.path.clone()));
        }
    }
    Ok(RestorePlan { files })
}

/// Tells what happens to a file of a plan.
fn action(target: &dyn Disk, file: &PlannedFile) -> Result<RestoreAction> {
    let doing = || format!("read {}", file.path);
    match target.kind(&file.path).doing(doing)? {
        None => return Ok(RestoreAction::Create),
        Some(FileKind::File) => {}
        Some(FileKind::Dir) => return Err(in_the_way(&file.path, "is a folder")),
        Some(FileKind::Other) => return Err(in_the_way(&file.path, NOT_REGULAR)),
    }
    let present = target.open(&file.path).doing(doing)?;
    let same = is_same(file, &*present)?;
    Ok(if same { RestoreAction::Keep } else { RestoreAction::Replace })
}

/// What is wrong with links, devices, pipes and sockets.
const NOT_REGULAR: &str = "is neither a regular file nor a folder; a restore follows no links";

fn in_the_way(path: &str, what: &'static str) -> Error {
    Error::Target { path: path.to_owned(), what }
}

/// Checks that the folders above a path are folders or are not there yet.
fn check_folders(target: &dyn Disk, path: &str) -> Result<()> {
    for (end, _) in path.match_indices('/') {
        let folder = &path[..end];
        match target.kind(folder).doing(|| format!("read {folder}"))? {
            None => break,
            Some(FileKind::Dir) => {}
            Some(FileKind::File) => {
                return Err(in_the_way(folder, "is a file where a folder is needed"));
            }
            Some(FileKind::Other) => return Err(in_the_way(folder, NOT_REGULAR)),
        }
    }
    Ok(())
}

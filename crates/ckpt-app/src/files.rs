//! Finds the files to be committed.

mod shards;

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, FileType, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use ckpt_store::{Format, InputFile, REPOSITORY_DIR, disk::ReadAt};

use crate::{failure::Failure, near::nearest, outside::is_inside};

/// Counts bytes as they are read, from any thread.
pub trait Meter: fmt::Debug + Send + Sync {
    /// Adds to what was read.
    fn add(&self, bytes: u64);
}

/// A file and the path that it is recorded under.
struct Found {
    recorded: String,
    path: PathBuf,
    meta: Metadata,
}

/// Finds the files that paths stand for.
///
/// A single folder is recorded by what is in it; otherwise files and folders are recorded under
/// their own names. Repositories are passed over. A file whose name claims a format must have it,
/// and a file that lists the shards of a model must find them, which it brings along if it was given
/// without them; unless `is_opaque` lets everything pass. `meter` is told how many bytes there are,
/// and gives what counts them as they are read.
///
/// # Errors
/// Paths that cannot be read, or that cannot be recorded; an index without its shards.
pub fn input_files(
    paths: &[PathBuf],
    is_opaque: bool,
    meter: &dyn Fn(u64) -> Arc<dyn Meter>,
) -> Result<Vec<InputFile>, Failure> {
    let mut found = find(paths)?;
    if !is_opaque {
        shards::complete(&mut found)?;
    }
    check_collisions(&found)?;
    if found.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Failure::failed(format!("there are no files in {}", names.join(", "))));
    }
    let meter = meter(found.iter().map(|file| file.meta.len()).sum());
    let input = |Found { recorded, path, meta }: Found| {
        let format = Format::from_path(&path).filter(|_| !is_opaque);
        let modified = meta.modified().ok();
        let source = Source { path, len: meta.len(), modified, meter: Arc::clone(&meter) };
        Ok(InputFile::new(recorded, Box::new(source), format)?)
    };
    found.into_iter().map(input).collect()
}

fn find(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let meta = fs::symlink_metadata(path).map_err(|error| missing(path, error))?;
        if meta.is_dir() && path.file_name().is_some_and(|name| name == REPOSITORY_DIR) {
            let what = format!("{} is a repository, not a part of a checkpoint", path.display());
            return Err(Failure::usage(what).with_hint("give the files of the checkpoint"));
        }
        if is_inside(path) {
            let what = format!("{} is in a repository, not a part of a checkpoint", path.display());
            return Err(Failure::usage(what).with_hint("give the files of the checkpoint"));
        }
        if meta.is_dir() {
            let prefix =
                if paths.len() == 1 { String::new() } else { format!("{}/", own_name(path)?) };
            find_below(path, &prefix, &mut found)?;
        } else {
            check_kind(path, meta.file_type())?;
            found.push(Found { recorded: own_name(path)?, path: path.clone(), meta });
        }
    }
    Ok(found)
}

/// Adds the files of a folder and of the folders in it, sorted by name.
fn find_below(folder: &Path, prefix: &str, found: &mut Vec<Found>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(reading(folder))?;
    let mut entries: Vec<fs::DirEntry> =
        entries.collect::<io::Result<_>>().map_err(reading(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let recorded = format!("{prefix}{}", own_name(&path)?);
        let meta = entry.metadata().map_err(reading(&path))?;
        if meta.is_dir() {
            if entry.file_name() != REPOSITORY_DIR {
                find_below(&path, &format!("{recorded}/"), found)?;
            }
        } else {
            check_kind(&path, meta.file_type())?;
            found.push(Found { recorded, path, meta });
        }
    }
    Ok(())
}

/// Returns the last part of a path, also of `.` and `..`.
fn own_name(path: &Path) -> Result<String, Failure> {
    let whole;
    let name = match path.file_name() {
        Some(name) => name,
        None => {
            whole = path.canonicalize().map_err(reading(path))?;
            whole.file_name().ok_or_else(|| {
                Failure::usage(format!("{} has no name to be recorded under", path.display()))
            })?
        }
    };
    let name = name.to_str().ok_or_else(|| {
        Failure::failed(format!("{} has a name that is not UTF-8", path.display()))
    })?;
    Ok(name.to_owned())
}

fn check_kind(path: &Path, kind: FileType) -> Result<(), Failure> {
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_symlink() { "a symbolic link" } else { "neither a file nor a folder" };
    let hint = "only regular files and folders can be committed";
    Err(Failure::failed(format!("{} is {what}", path.display())).with_hint(hint))
}

fn check_collisions(found: &[Found]) -> Result<(), Failure> {
    let mut taken: BTreeMap<&str, &Path> = BTreeMap::new();
    for Found { recorded, path, .. } in found {
        if let Some(other) = taken.insert(recorded, path) {
            let (one, other) = (other.display(), path.display());
            let message = format!("{one} and {other} would both be recorded as {recorded}");
            let hint = "give the folder that holds both, or commit them one after the other";
            return Err(Failure::usage(message).with_hint(hint));
        }
    }
    Ok(())
}

/// Says that a path cannot be read, and names another in its folder that may be meant.
fn missing(path: &Path, error: io::Error) -> Failure {
    let is_missing = error.kind() == io::ErrorKind::NotFound;
    let failure = reading(path)(error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let beside = fs::read_dir(folder.unwrap_or(Path::new(".")));
    let (true, Ok(beside), Some(name)) = (is_missing, beside, path.file_name()) else {
        return failure;
    };
    let mut names: Vec<String> =
        beside.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    match nearest(&name.to_string_lossy(), names.iter().map(String::as_str)) {
        Some(near) => {
            failure.with_hint(format!("did you mean {}?", path.with_file_name(near).display()))
        }
        None => failure,
    }
}

fn reading(path: &Path) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::because(&format!("cannot read {}", path.display()), error)
}

/// A file that is opened for each read, so that a folder may hold more files than can be open at
/// once, and so that a file that changes under the reader is noticed.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
    meter: Arc<dyn Meter>,
}

impl ReadAt for Source {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let file = File::open(&self.path)?;
        let meta = file.metadata()?;
        if (meta.len(), meta.modified().ok()) != (self.len, self.modified) {
            return Err(io::Error::other("the file changed while it was being committed"));
        }
        ReadAt::read_at(&file, offset, buf)?;
        self.meter.add(buf.len() as u64);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Count(AtomicU64);

    impl Meter for Count {
        fn add(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_file_that_changes_under_the_reader_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        fs::write(&path, b"old").unwrap();
        let meta = fs::metadata(&path).unwrap();
        let meter = Arc::new(Count::default());
        let modified = meta.modified().ok();
        let source = Source { path: path.clone(), len: 3, modified, meter: meter.clone() };
        let mut bytes = [0; 3];
        source.read_at(0, &mut bytes).unwrap();
        assert_eq!((&bytes, meter.0.load(Ordering::Relaxed)), (b"old", 3));
        fs::write(&path, b"longer").unwrap();
        let error = source.read_at(0, &mut bytes).unwrap_err();
        assert_eq!(error.to_string(), "the file changed while it was being committed");
        assert_eq!(meter.0.load(Ordering::Relaxed), 3);
    }
}

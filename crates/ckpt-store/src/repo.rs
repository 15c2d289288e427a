//! A repository: where it is, and what can be read from it.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use ckpt_pack::{
    PACKS, TRASH,
    disk::{Disk, FileKind, RealDisk, durable, read_small},
};

use crate::{
    config::{CONFIG, Config, MetricDirections, UnknownSection},
    content::{objects::Objects, paths::REPOSITORY_DIR},
    error::{Doing, Error, Result},
    history::notes::Notes,
    refs::{
        name::{RefKind, RefName},
        store::{LOCKS, Refs},
    },
};

/// The branch that a new repository starts on.
pub const FIRST_BRANCH: &str = "main";

/// What the file `format` holds.
const FORMAT: &str = "ckpt repository format 2\n";

/// What it held before the first release.
const BEFORE_RELEASE: &str = "ckpt repository format 1";

/// Every other folder of a repository.
const FOLDERS: [&str; 8] = [
    PACKS,
    "refs",
    RefKind::Branch.folder(),
    RefKind::Tag.folder(),
    RefKind::Alias.folder(),
    LOCKS,
    durable::TMP,
    TRASH,
];

/// What a new `config.toml` says.
const SETTINGS: &str = "# Settings of this ckpt repository.\n";

/// How long a writer waits for another by default: swaps take milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A versioned store of checkpoints.
///
/// Any number of processes and threads may read and write one repository at once.
#[derive(Debug)]
pub struct Repository {
    disk: Arc<dyn Disk>,
    pub(crate) objects: Objects,
    pub(crate) refs: Refs,
    /// The notes that were read so far.
    notes: Mutex<Arc<Notes>>,
    /// The settings, once they were needed.
    pub(crate) config: OnceLock<Config>,
}

impl Repository {
    /// Makes a repository in `folder`, which is made too if need be.
    ///
    /// # Errors
    /// [`Error::AlreadyRepository`]; whatever the disk refuses.
    pub fn init(folder: &Path) -> Result<Self> {
        let root = folder.join(REPOSITORY_DIR);
        let disk = Arc::new(RealDisk::new(&root));
        if disk.kind("format").doing(|| format!("read {}", root.display()))?.is_some() {
            return Err(Error::AlreadyRepository(folder.display().to_string()));
        }
        let folder = std::path::absolute(folder).doing(|| format!("find {}", folder.display()))?;
        let made = folder.ancestors().take_while(|folder| !folder.exists()).count();
        let repository = Self::init_on(disk)?;
        // Now that it is whole, its name is made durable in the folder around it, and the names of
        // the folders that had to be made in those around them.
        for around in folder.ancestors().take(made + 1) {
            RealDisk::new(around).sync_dir("").doing(|| format!("sync {}", around.display()))?;
        }
        Ok(repository)
    }

    /// Makes a repository on an empty disk whose root is the repository's own folder, or completes
    /// what an earlier call could not end.
    ///
    /// # Errors
    /// [`Error::AlreadyRepository`]; [`Error::Damaged`] where packs or refs are without a format;
    /// whatever the disk refuses.
    pub fn init_on(disk: Arc<dyn Disk>) -> Result<Self> {
        if disk.kind("format").doing(|| "read format".to_owned())?.is_some() {
            return Err(Error::AlreadyRepository("this folder".to_owned()));
        }
        if let Some(folder) = in_use(&*disk)? {
            let what = format!("it is not there, but {folder} is not empty: init replaces nothing");
            return Err(Error::damaged("format", what));
        }
        for folder in FOLDERS.into_iter().chain([""]) {
            disk.create_dir(folder).doing(|| format!("make the folder {folder}"))?;
        }
        let repository = Self::over(Arc::clone(&disk));
        repository.refs.set_head(&RefName::branch(FIRST_BRANCH)?)?;
        let write = |name: &str, text: &str| {
            durable::write_file(&*disk, "", name, text.as_bytes()).doing(|| format!("write {name}"))
        };
        write(CONFIG, SETTINGS)?;
        disk.sync_dir("refs").doing(|| "sync refs".to_owned())?;
        // The format comes last: without it, the folder is not a repository yet.
        write("format", FORMAT)?;
        Ok(repository)
    }

    /// Opens the repository in `folder`.
    ///
    /// # Errors
    /// [`Error::NoRepository`], [`Error::UnknownFormat`].
    pub fn open(folder: &Path) -> Result<Self> {
        let root = folder.join(REPOSITORY_DIR);
        if !root.join("format").is_file() {
            return Err(Error::NoRepository(folder.display().to_string()));
        }
        Self::open_on(Arc::new(RealDisk::new(root)))
    }

    /// Opens the repository whose own folder is the root of a disk.
    ///
    /// # Errors
    /// [`Error::NoRepository`], [`Error::UnknownFormat`].
    pub fn open_on(disk: Arc<dyn Disk>) -> Result<Self> {
        if disk.kind("format").doing(|| "read format".to_owned())? != Some(FileKind::File) {
            return Err(Error::NoRepository("this folder".to_owned()));
        }
        let format = read_small(&*disk, "format", 1024).doing(|| "read format".to_owned())?;
        if format != FORMAT.as_bytes() {
            let found: String =
                String::from_utf8_lossy(&format).trim_end().chars().take(60).collect();
            if found.is_empty() || found == FORMAT.trim_end() {
                return Err(Error::damaged("format", "it is not the line that it was"));
            }
            if found == BEFORE_RELEASE {
                return Err(Error::FormatBeforeRelease);
            }
            return Err(Error::UnknownFormat { found, expected: FORMAT.trim_end() });
        }
        let repository = Self::over(disk);
        repository.objects.packs.refresh()?;
        Ok(repository)
    }

    /// Opens the repository in `folder` or in the nearest folder above it.
    ///
    /// # Errors
    /// [`Error::NoRepository`], [`Error::UnknownFormat`].
    pub fn discover(folder: &Path) -> Result<Self> {
        // A relative path has no parents beyond the current folder.
        let start = std::path::absolute(folder).doing(|| "find the current folder".to_owned())?;
        let holds = |folder: &&Path| folder.join(REPOSITORY_DIR).join("format").is_file();
        match start.ancestors().find(holds) {
            Some(found) => Self::open(found),
            None => Err(Error::NoRepository(format!("{} or above it", folder.display()))),
        }
    }

    fn over(disk: Arc<dyn Disk>) -> Self {
        Self {
            objects: Objects::new(Arc::clone(&disk)),
            refs: Refs::new(Arc::clone(&disk), PATIENCE),
            notes: Mutex::default(),
            config: OnceLock::new(),
            disk,
        }
    }

    pub(crate) fn known_notes(&self) -> MutexGuard<'_, Arc<Notes>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how many bytes of decoded blocks are kept in memory; 64 MiB unless this says otherwise,
    /// and none with 0.
    ///
    /// They make what follows a version quick to store and to read: a block that is a delta
    /// against one in memory is decoded in one step, whatever the length of its chain. Room for two
    /// checkpoints is the most that helps.
    #[must_use]
    pub fn with_block_cache(mut self, bytes: usize) -> Self {
        self.objects.packs.set_cache(bytes);
        self
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Returns the settings as they were when this handle first looked; the defaults where they
    /// cannot be read, which those who act on more than speed must not accept.
    pub(crate) fn config(&self) -> &Config {
        self.config.get_or_init(|| self.read_config().unwrap_or_default())
    }

    /// Reads which way metrics are better, as far as config.toml says so.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that make no sense.
    pub fn metric_directions(&self) -> Result<MetricDirections> {
        Ok(self.read_config()?.metrics)
    }

    /// Lists the sections of config.toml that this program does not know, sorted by name. They have no
    /// effect.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that make no sense.
    pub fn unknown_sections(&self) -> Result<Vec<UnknownSection>> {
        Config::unknown_sections(self.disk())
    }

    /// Reads the settings.
    pub(crate) fn read_config(&self) -> Result<Config> {
        Config::read(self.disk())
    }
}

/// Names a folder with what only a repository that was whole can hold; `None` if all are empty.
fn in_use(disk: &dyn Disk) -> Result<Option<&'static str>> {
    for folder in [PACKS].into_iter().chain(RefKind::ALL.map(RefKind::folder)) {
        let is_folder = disk.kind(folder).doing(|| format!("read {folder}"))?.is_some();
        if is_folder && !disk.list(folder).doing(|| format!("list {folder}"))?.is_empty() {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

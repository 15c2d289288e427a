//! A repository: where it is, and its refs.

use std::{path::Path, sync::Arc, time::Duration};

use ckpt_hash::{MoveId, VersionId};

use crate::{
    codec,
    disk::{Disk, FileKind, RealDisk, read_small},
    durable,
    error::{Conflict, Doing, Error, Result},
    history::{Log, Version},
    object::ObjectId,
    objects::Objects,
    pack::{PACKS, writer::PackWriter},
    record::{
        self, CheckpointRecord, MoveKind, MoveRecord, RecipeRecord, TensorRecord, VersionRecord,
    },
    refs::{LOCKS, RefKind, RefName, Refs, Tip},
};

/// The folder that makes its parent a repository.
pub const REPOSITORY_DIR: &str = ".ckpt";

/// The branch that a new repository starts on.
pub const FIRST_BRANCH: &str = "main";

/// What the file `format` holds.
const FORMAT: &str = "ckpt repository format 1\n";

/// Every other folder of a repository.
const FOLDERS: [&str; 8] = [
    PACKS,
    "refs",
    RefKind::Branch.folder(),
    RefKind::Tag.folder(),
    RefKind::Alias.folder(),
    LOCKS,
    durable::TMP,
    "trash",
];

/// What a new `config.toml` says.
const CONFIG: &str = "# Settings of this ckpt repository.\n";

/// How long a writer waits for another by default: swaps take milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who does something, and when. The store never looks at a clock or an account by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
}

/// A versioned store of checkpoints.
///
/// Any number of processes and threads may read and write one repository at once.
#[derive(Debug)]
pub struct Repository {
    disk: Arc<dyn Disk>,
    pub(crate) objects: Objects,
    pub(crate) refs: Refs,
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
        let repository = Self::init_on(disk)?;
        // Now that it is whole, its name in the folder around it is made durable too.
        let around = RealDisk::new(folder);
        around.sync_dir("").doing(|| format!("sync {}", folder.display()))?;
        Ok(repository)
    }

    /// Makes a repository on an empty disk whose root is the repository's own folder.
    ///
    /// # Errors
    /// [`Error::AlreadyRepository`]; whatever the disk refuses.
    pub fn init_on(disk: Arc<dyn Disk>) -> Result<Self> {
        if disk.kind("format").doing(|| "read format".to_owned())?.is_some() {
            return Err(Error::AlreadyRepository("this folder".to_owned()));
        }
        for folder in FOLDERS.into_iter().chain([""]) {
            disk.create_dir(folder).doing(|| format!("make the folder {folder}"))?;
        }
        let repository = Self::over(Arc::clone(&disk));
        repository.refs.set_head(&RefName::branch(FIRST_BRANCH)?)?;
        let write = |name: &str, text: &str| {
            durable::write_file(&*disk, "", name, text.as_bytes()).doing(|| format!("write {name}"))
        };
        write("config.toml", CONFIG)?;
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
            let found = String::from_utf8_lossy(&format).trim_end().chars().take(60).collect();
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
        let holds = |folder: &&Path| folder.join(REPOSITORY_DIR).join("format").is_file();
        match folder.ancestors().find(holds) {
            Some(found) => Self::open(found),
            None => Err(Error::NoRepository(format!("{} or above it", folder.display()))),
        }
    }

    fn over(disk: Arc<dyn Disk>) -> Self {
        Self {
            objects: Objects::new(Arc::clone(&disk)),
            refs: Refs::new(Arc::clone(&disk), PATIENCE),
            disk,
        }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Reads a version.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn version(&self, id: &VersionId) -> Result<Version> {
        Ok(Version { id: *id, record: self.objects.version(id)? })
    }

    /// Reads the list of what a version contains.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn checkpoint(&self, version: &VersionRecord) -> Result<CheckpointRecord> {
        self.objects.checkpoint(&version.checkpoint)
    }

    /// Reads the bytes of a tensor: row-major, little-endian.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn tensor_bytes(&self, tensor: &TensorRecord) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.objects.read_content(tensor.content(), &mut |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Reads what went into a version, its data under the names that the version gives them.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn recipe(&self, version: &VersionRecord) -> Result<RecipeRecord> {
        let mut recipe = self.objects.recipe(&version.recipe)?;
        for (data, name) in recipe.data.iter_mut().zip(&version.data_names) {
            data.name.clone_from(name);
        }
        Ok(recipe)
    }

    /// Walks through a version and all its ancestors, later numbers first.
    pub fn log(&self, from: VersionId) -> Log<'_> {
        Log::new(&self.objects, Some(from))
    }

    /// Returns the current branch, which may not exist yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] if HEAD does not name a branch.
    pub fn head(&self) -> Result<RefName> {
        self.refs.head()
    }

    /// Makes a branch the current one. It need not exist yet.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn set_head(&self, branch: &RefName) -> Result<()> {
        self.refs.set_head(branch)
    }

    /// Returns where a ref points; `None` if it does not exist or was deleted.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Missing`].
    pub fn target(&self, name: &RefName) -> Result<Option<VersionId>> {
        Ok(self.refs.tip(&self.objects, name)?.and_then(|tip| tip.version))
    }

    /// Lists the refs of a kind with the versions they point to, sorted by name.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Missing`].
    pub fn list(&self, kind: RefKind) -> Result<Vec<(RefName, VersionId)>> {
        let mut refs = Vec::new();
        for name in self.refs.list(kind)? {
            if let Some(version) = self.target(&name)? {
                refs.push((name, version));
            }
        }
        Ok(refs)
    }

    /// Points a ref to a version.
    ///
    /// With `force` it may exist and is moved; the move is on record like every other.
    ///
    /// # Errors
    /// [`Error::RefExists`] without `force`; [`Error::Conflict`] if another writer was faster.
    pub fn set_ref(
        &self,
        name: &RefName,
        to: VersionId,
        force: bool,
        reason: &str,
        stamp: &Stamp,
    ) -> Result<()> {
        self.objects.version(&to)?;
        let tip = self.refs.tip(&self.objects, name)?;
        match tip.and_then(|tip| tip.version) {
            Some(at) if !force => Err(Error::RefExists { name: name.clone(), at }),
            _ => self.record_move(name, tip, MoveKind::Set, Some(to), reason, stamp),
        }
    }

    /// Deletes a ref. Its history stays.
    ///
    /// # Errors
    /// [`Error::NoRef`]; [`Error::Conflict`] if another writer moved it in the meantime.
    pub fn delete_ref(&self, name: &RefName, reason: &str, stamp: &Stamp) -> Result<VersionId> {
        let tip = self.refs.tip(&self.objects, name)?;
        let at = tip.and_then(|tip| tip.version).ok_or_else(|| Error::NoRef(name.clone()))?;
        self.record_move(name, tip, MoveKind::Delete, None, reason, stamp)?;
        Ok(at)
    }

    /// Moves a ref back: to a version, or to where it pointed before it came to where it is.
    ///
    /// Rolling back twice goes back twice. Returns where the ref was and where it is.
    ///
    /// # Errors
    /// [`Error::NoRef`], [`Error::NoEarlier`]; [`Error::Conflict`] if another writer moved it in
    /// the meantime.
    pub fn rollback(
        &self,
        name: &RefName,
        to: Option<VersionId>,
        reason: &str,
        stamp: &Stamp,
    ) -> Result<(VersionId, VersionId)> {
        let tip = self.refs.tip(&self.objects, name)?;
        let Some((tip, at)) = tip.and_then(|tip| tip.version.map(|at| (tip, at))) else {
            return Err(Error::NoRef(name.clone()));
        };
        let to = match to {
            Some(to) => self.version(&to)?.id,
            None => self.before(&tip, at)?.ok_or_else(|| Error::NoEarlier(name.clone()))?,
        };
        self.record_move(name, Some(tip), MoveKind::Rollback, Some(to), reason, stamp)?;
        Ok((at, to))
    }

    /// Finds where a ref pointed before it first came to `at`, looking past rollbacks to `at`.
    fn before(&self, tip: &Tip, at: VersionId) -> Result<Option<VersionId>> {
        let mut next = Some(tip.movement);
        while let Some(movement) = next {
            let record = self.objects.movement(&movement)?;
            if record.to == Some(at) && record.kind != MoveKind::Rollback {
                return Ok(record.from);
            }
            next = record.previous;
        }
        Ok(None)
    }

    /// Writes a move into a pack of its own and swaps the ref to it.
    fn record_move(
        &self,
        name: &RefName,
        tip: Option<Tip>,
        kind: MoveKind,
        to: Option<VersionId>,
        reason: &str,
        stamp: &Stamp,
    ) -> Result<()> {
        let _writing = self.refs.writing()?;
        let movement = MoveRecord {
            name: name.full(),
            kind,
            from: tip.and_then(|tip| tip.version),
            to,
            previous: tip.map(|tip| tip.movement),
            author: stamp.author.clone(),
            time_ms: stamp.time_ms,
            reason: reason.to_owned(),
        };
        let bytes =
            record::encode(&movement).map_err(|error| Error::Contents(error.to_string()))?;
        let id = MoveId::of(&bytes);
        let mut pack = PackWriter::create(self.disk())?;
        let object = codec::encode(ObjectId::from(id), &bytes, None, ckpt_codec::Effort::Default);
        pack.push(&object.map_err(Error::Contents)?)?;
        self.finish(pack)?;
        self.move_ref(name, &movement, id, None)
    }

    /// Ends a pack, adds it to those known and returns its length.
    pub(crate) fn finish(&self, pack: PackWriter<'_>) -> Result<u64> {
        let Some(pack) = pack.finish()? else {
            return Ok(0);
        };
        let len = pack.len;
        self.objects.packs.add(pack)?;
        Ok(len)
    }

    /// Swaps a ref to a stored move, or reports which version it is at in place of that expected.
    pub(crate) fn move_ref(
        &self,
        name: &RefName,
        movement: &MoveRecord,
        to: MoveId,
        kept: Option<VersionId>,
    ) -> Result<()> {
        if self.refs.swap(name, movement.previous, to)?.is_ok() {
            return Ok(());
        }
        let found = self.target(name)?;
        Err(Conflict { name: name.clone(), expected: movement.from, found, kept }.into())
    }
}

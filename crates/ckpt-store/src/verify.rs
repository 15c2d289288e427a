//! Checks every byte of a repository and every link between its objects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ckpt_hash::VersionId;
use rayon::prelude::*;

use crate::{
    error::{Error, Result},
    history::skip_number,
    identity::{model_id, state_id},
    object::{ObjectId, ObjectKind},
    objects::{Content, Cut},
    pack::{
        PACKS,
        layout::{Entry, HEADER_LEN},
        reader::PackReader,
    },
    record::{TensorRecord, VersionRecord},
    refs::{RefKind, RefName},
    repo::Repository,
};

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Objects that were read and checked.
    pub objects: u64,
    /// Bytes of those objects when decoded.
    pub bytes: u64,
    /// Versions whose content was found complete or reported.
    pub versions: u64,
    /// What is wrong, in the order in which it was found.
    pub damage: Vec<Damage>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file, the object or the ref.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
    /// The versions that cannot be restored because of it.
    pub versions: Vec<VersionId>,
}

impl VerifyReport {
    /// Tells whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.damage.is_empty()
    }
}

/// The state of a verification.
struct Check<'a> {
    repository: &'a Repository,
    report: VerifyReport,
    /// Objects that were read and found right.
    good: HashMap<ObjectId, u32>,
    /// Objects that were found damaged, with their place in the report.
    bad: HashMap<ObjectId, usize>,
    /// Contents whose chunks were put together already, and whether that went well.
    chunked: BTreeMap<Content, bool>,
}

impl Repository {
    /// Reads every object of every pack, checks it against its id, and follows every ref and every
    /// version to the last block. `progress` is told how many objects are done, of how many.
    ///
    /// Damage is a finding, not an error.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn verify(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<VerifyReport> {
        self.objects.packs.refresh()?;
        let mut check = Check {
            repository: self,
            report: VerifyReport::default(),
            good: HashMap::new(),
            bad: HashMap::new(),
            chunked: BTreeMap::new(),
        };
        check.packs(progress);
        check.versions();
        check.refs()?;
        Ok(check.report)
    }
}

impl Check<'_> {
    fn damage(&mut self, place: impl Into<String>, what: impl Into<String>) -> usize {
        let damage = Damage { place: place.into(), what: what.into(), versions: Vec::new() };
        self.report.damage.push(damage);
        self.report.damage.len() - 1
    }

    fn error(&mut self, place: impl Into<String>, error: &Error) -> usize {
        match error {
            Error::Damaged { place, what } => self.damage(place, what),
            Error::Io { source, .. } => self.damage(place, format!("{error}: {source}")),
            other => self.damage(place, other.to_string()),
        }
    }

    fn packs(&mut self, progress: &(dyn Fn(u64, u64) + Sync)) {
        for (name, what) in self.repository.objects.packs.broken() {
            self.damage(format!("{PACKS}/{name}"), what);
        }
        let packs = self.repository.objects.packs.packs();
        let total = packs.iter().map(|pack| pack.entries()).sum();
        for pack in packs.iter() {
            self.pack(pack);
            progress(self.report.objects, total);
        }
    }

    fn pack(&mut self, pack: &PackReader) {
        let disk = self.repository.disk();
        let (file, mut entries) =
            match pack.file(disk).and_then(|f| Ok((f, pack.read_index(disk)?))) {
                Ok(found) => found,
                Err(error) => {
                    self.error(pack.place(), &error);
                    return;
                }
            };
        entries.sort_unstable_by_key(|entry| entry.offset);
        if !tiles(&entries, pack.objects_end()) {
            self.damage(pack.place(), "its objects do not fill it without gaps");
        }
        let read = |entry: &Entry| pack.read_from(&*file, entry).map(|_| ());
        let results: Vec<Result<()>> = entries.par_iter().map(read).collect();
        for (entry, result) in entries.iter().zip(results) {
            self.report.objects += 1;
            self.report.bytes += u64::from(entry.raw_len);
            match result {
                Ok(()) => {
                    self.good.insert(entry.id, entry.raw_len);
                }
                Err(error) => {
                    let place = self.error(pack.place(), &error);
                    self.bad.insert(entry.id, place);
                }
            }
        }
    }

    fn versions(&mut self) {
        let known = self.good.keys().chain(self.bad.keys());
        let versions: BTreeSet<ObjectId> =
            known.filter(|id| id.kind == ObjectKind::Version).copied().collect();
        for id in versions {
            self.report.versions += 1;
            let id = VersionId::from_digest(id.digest);
            if let Err(problem) = self.version(id) {
                self.blame(id, problem);
            }
        }
    }

    /// Follows a version to everything that it consists of.
    fn version(&mut self, id: VersionId) -> Result<(), Problem> {
        self.need(id)?;
        let record = self.repository.objects.version(&id)?;
        self.links(id, &record)?;
        self.need(record.recipe)?;
        self.repository.objects.recipe(&record.recipe)?;
        self.need(record.checkpoint)?;
        let checkpoint = self.repository.objects.checkpoint(&record.checkpoint)?;
        if (model_id(&checkpoint), state_id(&checkpoint)) != (record.model, record.state) {
            return Err(Problem::New(
                id.into(),
                "its model or state id is not that of its content",
            ));
        }
        let tensors = &checkpoint.tensors;
        let of_tensors = tensors.iter().map(TensorRecord::content);
        let segments = checkpoint.files.iter().flat_map(|file| &file.segments);
        let of_files = segments.map(|segment| segment.content(tensors));
        for content in of_tensors.map(Some).chain(of_files) {
            match content {
                Some(content) => self.content(content)?,
                None => {
                    let what = "a file has a segment that is no tensor of it";
                    return Err(Problem::New(record.checkpoint.into(), what));
                }
            }
        }
        Ok(())
    }

    fn links(&mut self, id: VersionId, record: &VersionRecord) -> Result<(), Problem> {
        for parent in record.parents.iter().chain(&record.skip) {
            self.need(*parent)?;
        }
        let wrong = |what| Err(Problem::New(id.into(), what));
        let number = match record.parents.first() {
            Some(parent) => self.repository.objects.version(parent)?.number + 1,
            None => 1,
        };
        if record.number != number {
            return wrong("its number does not follow its parent's");
        }
        let skip = match &record.skip {
            Some(skip) => Some(self.repository.objects.version(skip)?.number),
            None => None,
        };
        if skip != skip_number(number) {
            return wrong("its skip pointer leads to another number");
        }
        Ok(())
    }

    fn content(&mut self, content: Content) -> Result<(), Problem> {
        if let Some(list) = content.list() {
            self.need(list)?;
        }
        for id in self.repository.objects.content_objects(content)? {
            self.need(id)?;
        }
        // What was cut by content is proven only by putting it together.
        if content.list().is_some() && content.cut == Cut::ByContent {
            let objects = &self.repository.objects;
            let whole = self.chunked.entry(content);
            let whole =
                whole.or_insert_with(|| objects.read_content(content, &mut |_| Ok(())).is_ok());
            if !*whole {
                let what = "its chunks do not make up its content";
                return Err(Problem::New(chunk_list(&content), what));
            }
        }
        Ok(())
    }

    /// Checks that an object was found, and found right.
    fn need(&self, id: impl Into<ObjectId>) -> Result<(), Problem> {
        let id = id.into();
        if self.good.contains_key(&id) {
            return Ok(());
        }
        Err(match self.bad.get(&id) {
            Some(place) => Problem::Known(*place),
            None => Problem::New(id, "it is missing"),
        })
    }

    /// Adds a version to the damage that it suffers from, which may be new.
    fn blame(&mut self, version: VersionId, problem: Problem) {
        let place = match problem {
            Problem::Known(place) => place,
            Problem::New(id, what) => match self.bad.get(&id) {
                Some(place) => *place,
                None => {
                    let place = self.damage(id.to_string(), what);
                    self.bad.insert(id, place);
                    place
                }
            },
            Problem::Error(error) => self.error(format!("version {}", version.short()), &error),
        };
        self.report.damage[place].versions.push(version);
    }

    fn refs(&mut self) -> Result<()> {
        if let Err(error) = self.repository.head() {
            self.error("HEAD", &error);
        }
        for kind in RefKind::ALL {
            match self.repository.refs.list(kind) {
                Ok(names) => names.iter().for_each(|name| self.chain(name)),
                Err(error @ Error::Damaged { .. }) => {
                    self.error("refs", &error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Follows the moves of a ref to its first one.
    fn chain(&mut self, name: &RefName) {
        let objects = &self.repository.objects;
        let tip = match self.repository.refs.tip(objects, name) {
            Ok(tip) => tip,
            Err(error) => {
                self.error(name.to_string(), &error);
                return;
            }
        };
        let mut next = tip.map(|tip| (tip.movement, tip.version));
        while let Some((movement, to)) = next {
            let record = match objects.movement(&movement) {
                Ok(record) => record,
                Err(error) => {
                    self.error(name.to_string(), &error);
                    return;
                }
            };
            if record.name != name.full() || record.to != to {
                self.damage(name.to_string(), "its chain of moves has a break");
                return;
            }
            if let Some(Err(problem)) = record.to.map(|to| self.need(to)) {
                let place = match problem {
                    Problem::New(id, what) => {
                        self.damage(name.to_string(), format!("{id}: {what}"))
                    }
                    _ => self.damage(name.to_string(), "it leads to a damaged version"),
                };
                self.report.damage[place].versions.extend(record.to);
            }
            next = record.previous.map(|previous| (previous, record.from));
        }
    }
}

/// Why a version is not whole.
enum Problem {
    /// For a reason that was reported already, at this place.
    Known(usize),
    /// For a new reason: what is wrong with which object.
    New(ObjectId, &'static str),
    /// Something could not be read.
    Error(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Names the object that stands for content in a report.
fn chunk_list(content: &Content) -> ObjectId {
    ObjectId { digest: *content.root.digest(), kind: ObjectKind::Chunks }
}

/// Tells whether entries in the order of their offsets fill a pack up to its index.
fn tiles(entries: &[Entry], end: u64) -> bool {
    let next = |at: Option<u64>, entry: &Entry| {
        at.filter(|at| *at == entry.offset).map(|at| at + u64::from(entry.stored_len))
    };
    entries.iter().fold(Some(HEADER_LEN as u64), next) == Some(end)
}

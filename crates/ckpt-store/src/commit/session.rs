//! Commits in the background, while training goes on.

mod queue;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
};

use ckpt_hash::VersionId;
use ckpt_pack::Silent;
use rayon::ThreadPool;

use self::queue::{Group, Queue};
use crate::{
    commit::{Commit, Draft, Made, Parents},
    error::{Doing, Result},
    options::setters,
    refs::{moves::require_branch, name::RefName},
    repo::Repository,
    signature::Signature,
};

/// Bytes of the memory bound that are for the buffers of reading, encoding and writing: batches of
/// 8 MiB as they come and as they are encoded, two of each, and scratch of the encoders.
const BUFFERS: u64 = 64 << 20;

/// Versions and bytes after which the policy of config.toml is applied: walking through history and
/// writing packs anew is little work beside that of making so many versions.
const VERSIONS: u64 = 64;
const BYTES: u64 = 1 << 30;

/// How a session works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Bytes of memory that the session may use: for versions that wait, for the one before, which
    /// the next is stored against, and 64 MiB for buffers.
    ///
    /// A version that does not fit with others waits until they are durable, and the caller with
    /// it. Files count nothing, since they are read in pieces.
    pub memory: u64,
    /// The threads that hash and encode; the global pool if there is none.
    pub pool: Option<Arc<ThreadPool>>,
}

setters!(SessionOptions:
    with_memory sets memory: u64,
    with_pool sets pool: Option<Arc<ThreadPool>>,
);

impl Default for SessionOptions {
    fn default() -> Self {
        Self { memory: 512 << 20, pool: None }
    }
}

/// A line of versions that is written in the background.
///
/// [`commit`](Self::commit) takes a version and returns at once, unless too much waits already.
/// Versions that wait are written together, as one pack and one move of the branch. Nothing is
/// durable before [`flush`](Self::flush) returns or [`take_done`](Self::take_done) names it.
///
/// An error ends the session: the next call returns it, the calls after that
/// [`Error::SessionEnded`](crate::Error::SessionEnded). [`take_unsaved`](Self::take_unsaved) gives back what was not written.
/// Dropping a session waits for what was handed over, and nobody learns of an error then: call
/// `flush` before.
///
/// The rules of `[retention]` in config.toml are applied from time to time and at the end, as
/// [`Repository::apply_policy`] does. What goes wrong then fails no version: the next time tries
/// again, and `prune` says what it is.
///
/// ```
/// use std::sync::Arc;
/// use ckpt_store::{
///     Contents, Draft, RefName, Repository, Session, SessionOptions, Signature, Tensor,
///     Role,
/// };
///
/// let folder = tempfile::tempdir()?;
/// let repository = Arc::new(Repository::init(folder.path())?);
/// let main = RefName::branch("main")?;
/// let session = Session::start(Arc::clone(&repository), main, SessionOptions::default())?;
/// for epoch in 1..=10 {
///     let weight = Tensor::from_f64("weight", Role::Weights, &[f64::from(epoch)]);
///     let ada = Signature::new("ada", 1_700_000_000_000);
///     session.commit(Draft::new(Contents::Tensors(vec![weight]), ada))?;
/// }
/// session.flush()?;
/// let last = session.take_done().pop().expect("ten versions");
/// assert_eq!(last.version.id, repository.resolve("main@10")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    queue: Arc<Queue>,
    worker: Option<JoinHandle<()>>,
}

impl Session {
    /// Starts a session on a branch.
    ///
    /// The first version's `parents` say what it continues; each later one, if it says
    /// [`Parents::Tip`], continues the one before, and nothing that another writer made.
    ///
    /// # Errors
    /// [`Error::NotBranch`](crate::Error::NotBranch); [`Error::Config`](crate::Error::Config); a
    /// system that starts no thread.
    pub fn start(
        repository: Arc<Repository>,
        branch: RefName,
        options: SessionOptions,
    ) -> Result<Self> {
        require_branch(&branch)?;
        let retains = repository.policy()?.is_some_and(|policy| !policy.is_empty());
        let queue = Arc::new(Queue::new(options.memory.saturating_sub(BUFFERS)));
        let worker = Worker {
            repository,
            branch,
            pool: options.pool,
            queue: Arc::clone(&queue),
            last: None,
            retention: retains.then(Unretained::default),
        };
        let thread = thread::Builder::new().name("ckpt session".to_owned());
        let worker = thread.spawn(|| worker.run()).doing(|| "start a thread".to_owned())?;
        Ok(Self { queue, worker: Some(worker) })
    }

    /// Hands over a version. Waits only while the session's memory is full.
    ///
    /// # Errors
    /// What kept an earlier version from being written; [`Error::SessionEnded`](crate::Error::SessionEnded).
    pub fn commit(&self, draft: Draft) -> Result<()> {
        self.queue.push(draft)
    }

    /// Waits until everything that was handed over is durable.
    ///
    /// # Errors
    /// What kept a version from being written; [`Error::SessionEnded`](crate::Error::SessionEnded).
    pub fn flush(&self) -> Result<()> {
        self.queue.flush()
    }

    /// Returns the versions that became durable since the last call, oldest first.
    pub fn take_done(&self) -> Vec<Commit> {
        self.queue.take_done()
    }

    /// Returns the versions that an error kept from becoming durable, oldest first.
    ///
    /// After a [`Conflict`](crate::Conflict), or where the last of a group did not meet the branch's
    /// guards ([`FailedChecks`](crate::FailedChecks)), the first of them may be stored already, on no branch.
    pub fn take_unsaved(&self) -> Vec<Draft> {
        self.queue.take_unsaved()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.queue.close();
        // It catches what panics.
        let _ = self.worker.take().map(JoinHandle::join);
    }
}

/// What runs in the background.
struct Worker {
    repository: Arc<Repository>,
    branch: RefName,
    pool: Option<Arc<ThreadPool>>,
    queue: Arc<Queue>,
    /// The version that was written last.
    last: Option<VersionId>,
    /// What was written since the policy was applied, if there is one.
    retention: Option<Unretained>,
}

/// Versions that no policy has been applied to.
#[derive(Default)]
struct Unretained {
    versions: u64,
    bytes: u64,
    /// Who made the last of them, and when.
    signature: Option<Signature>,
}

impl Worker {
    fn run(mut self) {
        while let Some(mut group) = self.queue.next_group() {
            let made = catch_unwind(AssertUnwindSafe(|| self.write(&mut group)));
            match made {
                Ok(made) => {
                    self.last = made.commits.last().map(|commit| commit.version.id).or(self.last);
                    self.count(&made);
                    self.queue.end_group(group, made);
                    self.retain(VERSIONS, BYTES);
                }
                Err(panic) => self.queue.end_panicked(group, panic),
            }
        }
        self.retain(1, u64::MAX);
    }

    fn count(&mut self, made: &Made) {
        let Some(unretained) = &mut self.retention else { return };
        for commit in &made.commits {
            unretained.versions += 1;
            unretained.bytes += commit.logical_bytes;
            unretained.signature = Some(commit.version.record.signature());
        }
    }

    /// Applies the policy if so many versions or bytes came since the last time.
    fn retain(&mut self, versions: u64, bytes: u64) {
        let Some(unretained) = &mut self.retention else { return };
        if unretained.versions < versions && unretained.bytes < bytes {
            return;
        }
        if let Some(signature) = unretained.signature.take() {
            // Other processes may hold locks, or the disk be full: the next time tries again.
            let _ = self.repository.apply_policy(&signature);
            *unretained = Unretained::default();
        }
    }

    fn write(&self, group: &mut Group) -> Made {
        let Group { drafts, recent } = group;
        recent.caches_files = true;
        if let (Some(first), Some(last)) = (drafts.first_mut(), self.last)
            && first.parents == Parents::Tip
        {
            first.parents = Parents::Expected(last);
        }
        let mut write = || self.repository.commit_group(&self.branch, drafts, recent, &Silent);
        match &self.pool {
            Some(pool) => pool.install(write),
            None => write(),
        }
    }
}

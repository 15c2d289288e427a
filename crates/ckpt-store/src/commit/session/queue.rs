//! What waits between a training loop and the thread that writes.

use std::{any::Any, collections::VecDeque, fmt, mem, panic::resume_unwind};

use crate::{
    commit::{Commit, Draft, Made},
    content::{contents::Contents, ingest::Recent},
    error::{Error, Result},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Most versions of a group: a thousand share the cost of two syncs well enough.
const MOST: usize = 1024;

/// A bounded queue of versions and what became of them.
pub(super) struct Queue {
    /// Bytes of versions that may be in memory.
    room: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Draft>,
    /// Bytes of the group that is being written and of the version before it.
    working: Option<u64>,
    /// The version before, while nothing is being written.
    recent: Recent,
    done: Vec<Commit>,
    unsaved: Vec<Draft>,
    /// What ended the session, until the caller was told.
    error: Option<Error>,
    panic: Option<Box<dyn Any + Send>>,
    has_ended: bool,
    is_closed: bool,
}

/// Versions that are written together.
pub(super) struct Group {
    pub(super) drafts: Vec<Draft>,
    pub(super) recent: Recent,
}

impl Queue {
    pub(super) fn new(room: u64) -> Self {
        Self { room, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds a version as soon as there is room for it.
    pub(super) fn push(&self, draft: Draft) -> Result<()> {
        let len = draft.contents.memory();
        let mut state = self.state();
        loop {
            state.check()?;
            if state.waiting.len() < MOST && state.fits(len, self.room) {
                break;
            }
            state = self.wait(state);
        }
        state.waiting.push_back(draft);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits until nothing waits or is being written.
    pub(super) fn flush(&self) -> Result<()> {
        let mut state = self.state();
        while !state.has_ended && !state.is_idle() {
            state = self.wait(state);
        }
        state.check()
    }

    pub(super) fn take_done(&self) -> Vec<Commit> {
        mem::take(&mut self.state().done)
    }

    pub(super) fn take_unsaved(&self) -> Vec<Draft> {
        mem::take(&mut self.state().unsaved)
    }

    /// Lets the writing thread end when nothing waits any more.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits for versions to write; `None` when there will be none any more.
    pub(super) fn next_group(&self) -> Option<Group> {
        let mut state = self.state();
        while state.waiting.is_empty() {
            if state.is_closed || state.has_ended {
                return None;
            }
            state = self.wait(state);
        }
        let drafts = state.take_drafts();
        let recent = mem::take(&mut state.recent);
        state.working = Some(memory(&drafts) + recent.len());
        Some(Group { drafts, recent })
    }

    /// Notes what became of a group.
    pub(super) fn end_group(&self, group: Group, made: Made) {
        let Group { drafts, recent } = group;
        let mut state = self.state();
        state.working = None;
        state.recent = recent;
        let saved = made.commits.len();
        state.done.extend(made.commits);
        if let Some(error) = made.failed {
            state.error = Some(error);
            state.end(drafts.into_iter().skip(saved).collect());
        }
        self.changed.notify_all();
    }

    /// Has the next call of the session panic.
    pub(super) fn end_panicked(&self, group: Group, panic: Box<dyn Any + Send>) {
        let mut state = self.state();
        state.working = None;
        state.panic = Some(panic);
        state.end(group.drafts);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells whether so many more bytes fit; to make room, forgets the version before if it can.
    fn fits(&mut self, len: u64, room: u64) -> bool {
        let held = memory(&self.waiting) + self.working.unwrap_or_default();
        if held + self.recent.len() + len > room && self.working.is_none() {
            self.recent = Recent::default();
        }
        held == 0 || held + self.recent.len() + len <= room
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.working.is_none()
    }

    /// Takes what is written together. Files are read from where they are, so the version after one
    /// is stored against what is in the repository: files come alone.
    fn take_drafts(&mut self) -> Vec<Draft> {
        let alone = |draft: &Draft| matches!(draft.contents, Contents::Files(_));
        let together = self.waiting.iter().take(MOST).take_while(|draft| !alone(draft)).count();
        self.waiting.drain(..together.max(1)).collect()
    }

    /// Ends the session with what was not written.
    fn end(&mut self, mut unsaved: Vec<Draft>) {
        self.has_ended = true;
        unsaved.extend(self.waiting.drain(..));
        self.unsaved = unsaved;
        self.recent = Recent::default();
    }

    fn check(&mut self) -> Result<()> {
        if let Some(panic) = self.panic.take() {
            resume_unwind(panic);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None if self.has_ended => Err(Error::SessionEnded),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("room", &self.room).finish_non_exhaustive()
    }
}

fn memory<'a>(drafts: impl IntoIterator<Item = &'a Draft>) -> u64 {
    drafts.into_iter().map(|draft| draft.contents.memory()).sum()
}

/// Many schedules of the threads that share a queue.
#[cfg(all(test, shuttle))]
mod schedules {
    use std::sync::Arc;

    use shuttle::thread;

    use super::*;
    use crate::{Role, Signature, Tensor};

    /// Bytes of a version here; two fit.
    const LEN: u64 = 8;
    const ROOM: u64 = 2 * LEN;
    const VERSIONS: u64 = 5;
    /// Of the schedules, so that every run has the same.
    const SEED: u64 = 11;

    /// What was written, in order; never locked while another thread may go on.
    type Written = std::sync::Mutex<Vec<u64>>;

    fn version(number: u64) -> Draft {
        let tensor = Tensor::from_f64("w", Role::Weights, &[number as f64]);
        let draft = Draft::new(Contents::Tensors(vec![tensor]), Signature::new("ada", 0));
        draft.with_message(number.to_string())
    }

    fn numbers(drafts: &[Draft]) -> Vec<u64> {
        drafts.iter().map(|draft| draft.message.parse().expect("a number")).collect()
    }

    /// Writes what comes, and fails at the version `fails_at`.
    fn write(queue: &Queue, written: &Written, fails_at: u64) {
        while let Some(group) = queue.next_group() {
            assert!(memory(&group.drafts) <= ROOM, "no more than there is room for");
            let failed = numbers(&group.drafts).contains(&fails_at).then_some(Error::SessionEnded);
            // Writing takes its time.
            thread::yield_now();
            if failed.is_none() {
                written.lock().expect("nobody panicked").extend(numbers(&group.drafts));
            }
            queue.end_group(group, Made { commits: Vec::new(), failed });
        }
    }

    /// Runs a writer, another thread that flushes, and the one that commits; returns what was handed
    /// over, what was written and what was not.
    fn run(fails_at: u64) -> [Vec<u64>; 3] {
        let queue = Arc::new(Queue::new(ROOM));
        let written = Arc::new(Written::default());
        let writer = thread::spawn({
            let (queue, written) = (Arc::clone(&queue), Arc::clone(&written));
            move || write(&queue, &written, fails_at)
        });
        let flusher = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.flush().is_ok()
        });
        let pushed: Vec<_> =
            (0..VERSIONS).take_while(|n| queue.push(version(*n)).is_ok()).collect();
        let was_flushed = queue.flush().is_ok();
        let done = || written.lock().expect("nobody panicked").clone();
        assert!(!was_flushed || done() == pushed, "all is written that was handed over");
        let also_flushed = flusher.join().expect("it does not panic");
        queue.close();
        writer.join().expect("it does not panic");
        assert!(fails_at < VERSIONS || (was_flushed && also_flushed));
        [pushed, done(), numbers(&queue.take_unsaved())]
    }

    #[test]
    fn what_is_handed_over_is_written_once_and_in_order() {
        shuttle::check_random_with_seed(
            || {
                let [pushed, written, unsaved] = run(VERSIONS);
                assert_eq!(pushed, (0..VERSIONS).collect::<Vec<_>>());
                assert_eq!((written, unsaved), (pushed, Vec::new()));
            },
            SEED,
            1000,
        );
    }

    #[test]
    fn what_an_error_kept_from_being_written_is_given_back_once() {
        shuttle::check_random_with_seed(
            || {
                let [pushed, mut written, unsaved] = run(2);
                assert!(!written.contains(&2) && (unsaved.contains(&2) || !pushed.contains(&2)));
                written.extend(unsaved);
                assert_eq!(written, pushed);
            },
            SEED,
            1000,
        );
    }
}

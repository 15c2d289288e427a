//! What waits between a training loop and the thread that writes.

use std::{
    any::Any,
    collections::VecDeque,
    fmt, mem,
    panic::resume_unwind,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::{
    commit::{Commit, Draft, Made},
    content::{contents::Contents, ingest::Recent},
    error::{Error, Result},
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
    /// What ended the session, until somebody was told.
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

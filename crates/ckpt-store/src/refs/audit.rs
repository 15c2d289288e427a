//! Goes through the moves of a ref and checks that they hang together.

use ckpt_hash::{MoveId, VersionId};

use crate::{
    error::{Error, Result},
    record::{MoveKind, MoveRecord},
    refs::{
        moves::Move,
        name::{RefKind, RefName},
    },
    repo::Repository,
};

/// Gives the moves of a ref, the newest first.
///
/// Each move is read by its id, which is the hash of its bytes and stands in the move after it. So
/// no move can be changed, taken out or put in without a change of all ids after it, the newest one
/// among them. That moves were cut off at the new end, or the whole chain replaced, shows only to
/// who remembers an id that was in it.
///
/// The first error ends it: a move that is damaged or missing, or [`Error::Damaged`] at the ref if
/// moves do not join: a move of another ref, one that does not start where the one before it led,
/// a first one that comes from somewhere, or one that changes the guards and is no
/// [`MoveKind::Guard`].
#[derive(Debug)]
pub struct Audit<'a> {
    repository: &'a Repository,
    name: RefName,
    next: Option<MoveId>,
    /// What the move after the next one says of it; nothing before the newest.
    after: Option<After>,
}

/// What a move says of the one before it.
#[derive(Debug)]
struct After {
    from: Option<VersionId>,
    /// The guards that it carried on; `None` if it changed them.
    guards: Option<Vec<String>>,
}

impl Repository {
    /// Goes through the moves of a ref, the newest first; through none if it never existed. Uses
    /// memory for two moves, however many there are.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the ref file holds no id.
    pub fn audit(&self, name: &RefName) -> Result<Audit<'_>> {
        Ok(self.audit_from(name, self.refs.newest_move(name)?))
    }

    /// Goes through the moves of a ref from one of them on.
    pub(crate) fn audit_from(&self, name: &RefName, next: Option<MoveId>) -> Audit<'_> {
        Audit { repository: self, name: name.clone(), next, after: None }
    }

    /// Finds the ref with moves that a short or full name stands for: one that exists, or else one
    /// that was deleted or is only guarded so far.
    ///
    /// # Errors
    /// A missing or damaged object.
    pub fn find_chain(&self, name: &str) -> Result<Option<RefName>> {
        if let Some((found, _)) = self.find_ref(name)? {
            return Ok(Some(found));
        }
        for name in self.refs_called(name)? {
            if self.refs.newest_move(&name)?.is_some() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Lists the refs of a kind that have moves, the deleted ones among them, sorted by name.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn chains(&self, kind: RefKind) -> Result<Vec<RefName>> {
        self.refs.list(kind)
    }
}

impl Audit<'_> {
    fn read(&mut self, id: MoveId) -> Result<Move> {
        let record = self.repository.objects.movement(&id)?;
        if let Some(what) = self.find_break(&record) {
            let what = format!("its chain of moves has a break: move {} {what}", id.short());
            return Err(Error::damaged(self.name.to_string(), what));
        }
        self.next = record.previous;
        let guards = (record.kind != MoveKind::Guard).then(|| record.guards.clone());
        self.after = Some(After { from: record.from, guards });
        Ok(Move { id, record })
    }

    fn find_break(&self, record: &MoveRecord) -> Option<String> {
        if record.name != self.name.full() {
            return Some(format!("is one of {}", record.name));
        }
        let after = self.after.as_ref();
        if after.is_some_and(|after| after.from != record.to) {
            return Some("does not lead to where the next one starts".to_owned());
        }
        if record.kind == MoveKind::Guard && record.from != record.to {
            return Some("changes guards and moves the ref".to_owned());
        }
        let next_guards = after.and_then(|after| after.guards.as_ref());
        if next_guards.is_some_and(|guards| *guards != record.guards) {
            return Some(
                "has other guards than the next one, which did not change them".to_owned(),
            );
        }
        let is_first = record.previous.is_none();
        if is_first && record.from.is_some() {
            return Some("is the first one and comes from a version".to_owned());
        }
        if is_first && record.kind != MoveKind::Guard && !record.guards.is_empty() {
            return Some("is the first one and has guards that no move set".to_owned());
        }
        None
    }
}

impl Iterator for Audit<'_> {
    type Item = Result<Move>;

    fn next(&mut self) -> Option<Self::Item> {
        // After an error there is nothing that could be trusted to lead on.
        let id = self.next.take()?;
        Some(self.read(id))
    }
}

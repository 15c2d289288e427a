//! Takes moves of a ref back.
//!
//! The moves of a ref that still stand form a stack: each move puts itself on top, and a rollback to
//! a version takes away moves from the top until one is gone that had left that version. Rolling
//! back again and again therefore goes back and back, whatever was committed or set in between.
//! A rollback to a version that no standing move had left takes nothing away: it is a move like any
//! other. Changes of guards are no part of the stack: a rollback leaves the guards as they are.

use std::collections::HashSet;

use ckpt_hash::{MoveId, VersionId};

use crate::{
    error::{Error, Result},
    record::{MoveKind, MoveRecord},
    refs::{
        gates::{Reason, Step, To},
        moves::Move,
        name::RefName,
    },
    repo::Repository,
    signature::Signature,
};

impl Repository {
    /// Moves a ref back: to a version, or to where it was before the newest move that no rollback
    /// has taken back yet.
    ///
    /// Rolling back twice goes back twice; a rollback is never itself what the next one takes back,
    /// unless it went to a version that was not behind the ref. The version must meet the ref's
    /// guards.
    ///
    /// # Errors
    /// [`Error::NoRef`], [`Error::NoEarlier`]; [`Error::FailedChecks`], unless the reason overrides it;
    /// [`Error::Conflict`] if another writer moved it in the meantime.
    pub fn rollback<'a>(
        &self,
        name: &RefName,
        to: Option<VersionId>,
        reason: impl Into<Reason<'a>>,
        signature: &Signature,
    ) -> Result<Move> {
        let tip = self.refs.tip(&self.objects, name)?;
        let Some((tip, at)) = tip.and_then(|tip| tip.version.map(|at| (tip, at))) else {
            return Err(Error::NoRef(name.clone()));
        };
        let to = match to {
            Some(to) => to,
            None => {
                let read = |id: &MoveId| self.objects.movement(id);
                earlier(tip.movement, at, read)?.ok_or_else(|| Error::NoEarlier(name.clone()))?
            }
        };
        self.record_move(&Step {
            name,
            tip: Some(tip),
            kind: MoveKind::Rollback,
            to: To::Version { version: &self.version(&to)?, parent: None },
            gate: &[],
            reason: reason.into(),
            signature,
        })
    }
}

/// Finds the version that the newest standing move had left, passing over moves that had left
/// nothing or `at`, which is where the ref is.
fn earlier(
    newest: MoveId,
    at: VersionId,
    read: impl Fn(&MoveId) -> Result<MoveRecord>,
) -> Result<Option<VersionId>> {
    // Rollbacks that took nothing away. One is found out where the chain ends, which is rare: then
    // the walk starts anew.
    let mut jumps = HashSet::new();
    'walk: loop {
        // Rollbacks whose end has not been found yet, with where they went.
        let mut open: Vec<(MoveId, Option<VersionId>)> = Vec::new();
        let mut next = Some(newest);
        while let Some(id) = next {
            let record = read(&id)?;
            next = record.previous;
            if record.kind == MoveKind::Guard {
                continue;
            }
            if record.kind == MoveKind::Rollback && !jumps.contains(&id) {
                open.push((id, record.to));
            } else if let Some((_, to)) = open.last() {
                if record.from == *to {
                    open.pop();
                }
            } else if record.from.is_some_and(|from| from != at) {
                return Ok(record.from);
            }
        }
        match open.pop() {
            Some((jump, _)) => jumps.insert(jump),
            None => break 'walk Ok(None),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of moves: each text is a letter for the kind and the number of a version.
    fn chain(moves: &str) -> Vec<(MoveId, MoveRecord)> {
        let mut chain: Vec<(MoveId, MoveRecord)> = Vec::new();
        for (place, text) in moves.split_whitespace().enumerate() {
            let kind = match &text[..1] {
                "c" => MoveKind::Commit,
                "s" => MoveKind::Set,
                "r" => MoveKind::Rollback,
                "d" => MoveKind::Delete,
                "p" => MoveKind::Promote,
                "g" => MoveKind::Guard,
                other => panic!("{other}"),
            };
            let last = chain.last();
            let record = MoveRecord {
                name: "refs/heads/main".to_owned(),
                kind,
                from: last.and_then(|(_, last)| last.to),
                to: (kind != MoveKind::Delete).then(|| version(&text[1..])),
                previous: last.map(|(id, _)| *id),
                author: String::new(),
                time_ms: 0,
                reason: String::new(),
                guards: Vec::new(),
                evidence: Vec::new(),
            };
            chain.push((MoveId::of(&[place as u8]), record));
        }
        chain
    }

    fn version(name: &str) -> VersionId {
        VersionId::of(name.as_bytes())
    }

    /// Rolls back until nothing is left and returns where each rollback led.
    fn all_the_way(moves: &str) -> String {
        let mut moves = moves.to_owned();
        let mut path = String::new();
        for _ in 0..20 {
            let chain = chain(&moves);
            let (newest, tip) = chain.last().unwrap();
            let read = |id: &MoveId| Ok(chain.iter().find(|(at, _)| at == id).unwrap().1.clone());
            let Some(to) = earlier(*newest, tip.to.unwrap(), read).unwrap() else {
                return path;
            };
            let to = ('1'..='9').find(|name| version(&name.to_string()) == to).unwrap();
            path.push(to);
            moves += &format!(" r{to}");
        }
        panic!("{moves} goes in circles");
    }

    #[test]
    fn each_rollback_goes_further_back() {
        let cases = [
            ("c1", ""),
            ("c1 c2 c3", "21"),
            // Commits after rollbacks: what was taken back stays so.
            ("c1 c2 c3 r2 c4", "21"),
            ("c1 c2 c3 r2 r1 c4 c5", "41"),
            // Forced sets are moves like others.
            ("c1 c2 c3 s1", "321"),
            ("c1 c2 s1 c3 s2", "3121"),
            ("c1 c2 s2", "1"),
            // Rollbacks to a version of one's choice take back all that came after it.
            ("c1 c2 c3 c4 r2", "1"),
            ("c1 c2 c3 c4 r2 c5", "21"),
            // Forward again, or elsewhere: nothing is taken back, so it can be taken back itself.
            ("c1 c2 c3 r2 r1 r3", "1"),
            ("c1 c2 r9", "21"),
            ("c1 c2 r9 c3 r8", "3921"),
            // A deletion is passed over, since a ref cannot go back to nothing.
            ("c1 c2 d s3", "21"),
            // A promotion is a move like others, and one to where the alias is none to take back.
            ("p1 p2 p2 p3", "21"),
            // Guards come and go without a trace.
            ("c1 g1 c2 g2 c3 g3", "21"),
            ("c1 c2 g2 c3 r2 g2 c4 g4", "21"),
        ];
        for (moves, path) in cases {
            assert_eq!(all_the_way(moves), path, "{moves}");
        }
    }
}

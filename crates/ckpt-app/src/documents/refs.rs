//! Refs and their moves in JSON.

use std::collections::BTreeMap;

use ckpt_hash::{MoveId, VersionId};
use ckpt_store::{CheckResult, MoveInfo, MoveKind, RefName};
use serde::Serialize;

use crate::format;

/// A ref: each item of the lists that `branch`, `tag` and `alias` print, what making one prints, and in
/// `show`.
#[derive(Debug, Serialize)]
pub struct Ref {
    /// `branch`, `tag` or `alias`.
    pub kind: &'static str,
    pub name: String,
    /// Where it points; null for the current branch before its first version.
    pub version: Option<VersionId>,
    /// Whether it is the current branch.
    pub current: bool,
}

/// What deleting or moving a ref prints: `promote`, `rollback`, `tag --force`, `-d` of `branch`,
/// `tag` and `alias`.
#[derive(Debug, Serialize)]
pub struct Move {
    /// `branch`, `tag` or `alias`.
    pub kind: &'static str,
    pub name: String,
    /// Where it pointed.
    pub from: Option<VersionId>,
    /// Where it points now; null if it was deleted.
    pub to: Option<VersionId>,
    /// The id of the move, for `audit --expect`.
    #[serde(rename = "move")]
    pub id: MoveId,
    /// The conditions that the version was asked to meet.
    pub evidence: Vec<Evidence>,
}

/// A condition and what was found, in every move.
#[derive(Debug, Serialize)]
pub struct Evidence {
    pub condition: String,
    /// A move with a condition that is not met was overridden.
    pub met: bool,
    /// The values that decided it; null where there was none.
    pub values: BTreeMap<String, Option<f64>>,
}

/// The guards of a ref: each item of the list that `guard` prints.
#[derive(Debug, Serialize)]
pub struct Guards {
    /// `branch`, `tag` or `alias`.
    pub kind: &'static str,
    pub name: String,
    pub guards: Vec<String>,
}

/// What changing the guards of a ref prints.
#[derive(Debug, Serialize)]
pub struct GuardChange {
    #[serde(flatten)]
    pub guards: Guards,
    /// The id of the move; null if nothing changed.
    #[serde(rename = "move")]
    pub id: Option<MoveId>,
}

/// One move: each line of `audit REF`.
#[derive(Debug, Serialize)]
pub struct AuditMove {
    /// `branch`, `tag` or `alias`.
    pub kind: &'static str,
    pub name: String,
    #[serde(rename = "move")]
    pub id: MoveId,
    /// The move before; null for the first.
    pub previous: Option<MoveId>,
    /// `commit`, `set`, `promote`, `rollback`, `guard` or `delete`.
    pub action: &'static str,
    pub from: Option<VersionId>,
    pub to: Option<VersionId>,
    pub time: Option<String>,
    pub author: String,
    pub reason: String,
    /// Whether it was made even though a condition was not met.
    pub overridden: bool,
    pub evidence: Vec<Evidence>,
    /// The guards in force after it.
    pub guards: Vec<String>,
}

/// One ref: each line of `audit`.
#[derive(Debug, Serialize)]
pub struct AuditRef {
    /// `branch`, `tag` or `alias`.
    pub kind: &'static str,
    pub name: String,
    /// Where it points; null if it was deleted, or has no version yet.
    pub version: Option<VersionId>,
    /// How many moves could be followed.
    pub moves: u64,
    /// How many of them were overridden.
    pub overridden: u64,
    /// The newest move; null if it cannot be read.
    #[serde(rename = "move")]
    pub id: Option<MoveId>,
    pub time: Option<String>,
    pub author: Option<String>,
    /// What is wrong with its chain of moves; null if nothing is.
    pub damage: Option<String>,
}

pub fn evidence(evidence: &[CheckResult]) -> Vec<Evidence> {
    let one = |evidence: &CheckResult| Evidence {
        condition: evidence.condition.clone(),
        met: evidence.met,
        values: evidence.values.clone(),
    };
    evidence.iter().map(one).collect()
}

/// Returns the word for what a move did.
pub const fn action(kind: MoveKind) -> &'static str {
    match kind {
        MoveKind::Commit => "commit",
        MoveKind::Set => "set",
        MoveKind::Rollback => "rollback",
        MoveKind::Delete => "delete",
        MoveKind::Promote => "promote",
        MoveKind::Guard => "guard",
        MoveKind::Push => "push",
        MoveKind::Fetch => "fetch",
    }
}

impl AuditMove {
    pub fn new(name: &RefName, ckpt_store::Move { id, record }: ckpt_store::Move) -> Self {
        let MoveInfo { kind, from, to, previous, author, time_ms, reason, .. } = record;
        Self {
            kind: name.kind().word(),
            name: name.short().to_owned(),
            id,
            previous,
            action: action(kind),
            from,
            to,
            time: format::rfc3339(time_ms),
            author,
            reason,
            overridden: record.evidence.iter().any(|evidence| !evidence.met),
            evidence: evidence(&record.evidence),
            guards: record.guards,
        }
    }
}

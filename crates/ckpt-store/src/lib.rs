#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! A [`Repository`] keeps versions. A version is a checkpoint (named tensors, or files cut into
//! tensors and opaque bytes) with its inputs (its recipe), its metrics, its
//! parents, author, time and message, all under one SHA-256 identity.
//!
//! - Every read is checked against its id: what was damaged is an error, never data.
//! - Content is stored once: a tensor that did not change costs no bytes.
//! - Refs ([`RefName`]) are chains of moves: nothing that a ref pointed to is forgotten.
//! - A commit is one immutable file and one swapped ref; no crash leaves anything to repair.
//! - Many processes may read and write one repository at once. Of two writers of one branch the
//!   slower gets a [`Conflict`] and keeps its version.
//!
//! The store knows no model, no trainer and no terminal. It never prints, and never looks at a
//! clock, the environment or an account: callers give it a [`Signature`]. What it does to a disk goes
//! through [`disk::Disk`]. The bytes are described in docs/format.md, the crash cases in
//! docs/durability.md.

mod commit;
mod compare;
mod config;
mod content;
mod error;
mod exchange;
mod history;
mod merge;
mod options;
mod recipe;
mod record;
mod refs;
mod repo;
mod restore;
mod signature;
mod statistics;
mod sync;
mod upkeep;

pub use ckpt_codec::Effort;
pub use ckpt_formats::Format;
pub use ckpt_pack::{Adopted, ObjectId, ObjectKind, Progress, Silent, disk};

pub use crate::{
    commit::{
        Commit, Draft, Parents,
        session::{Session, SessionOptions},
    },
    compare::{Change, CompareOptions, Comparison, Pair, TensorChange, TensorStatus},
    config::{MetricDirections, UnknownSection},
    content::{
        contents::{Contents, InputFile, MergeContents, Tensor},
        layout::WEIGHTS_FILE,
        paths::REPOSITORY_DIR,
        pattern::{Pattern, PatternError},
        roles::RoleRules,
    },
    error::{Conflict, Error, ErrorKind, FailedChecks, Removed, Result},
    exchange::ExportedPack,
    history::{
        annotate::NewNote,
        notes::{Note, Notes, VersionNotes},
        range::Range,
        revision::{Revision, RevisionError},
        walk::Log,
    },
    merge::{
        ConflictKind, MergeItem, MergeOptions, MergePlan, Outcome, Resolution, Side, Strategies,
        Strategy, StrategyError,
    },
    recipe::{DataInput, Recipe},
    record::{
        AnnotationRecord as NoteInfo, CheckResult, CheckpointRecord as Checkpoint, ContentChange,
        DataLabel, FileRecord as FileInfo, MAX_RECORD, MergeRecord as MergeInfo, MoveKind,
        MoveRecord as MoveInfo, ParamValue, RemovalRecord as ContentEvent, Role,
        SegmentRecord as Segment, StrategyRecord as MergeStrategy, TensorRecord as TensorInfo,
        Version, VersionRecord as VersionInfo,
    },
    refs::{
        audit::Audit,
        condition::{Condition, ConditionError, MAX_CONDITION, Measured},
        gates::Reason,
        guards::{GuardChange, MAX_GUARDS},
        moves::Move,
        name::{RefKind, RefName, RefNameError},
        store::Tip,
    },
    repo::{FIRST_BRANCH, Repository},
    restore::{
        ExportFormat, ExportOptions, PlannedFile, RestoreAction, RestoreOptions, RestorePlan,
        StoredBytes,
    },
    signature::Signature,
    statistics::{TensorStatistics, VersionStatistics},
    upkeep::{
        compact::Compacted,
        gc::{GcOptions, GcPlan, GcReport},
        policy::{Best, Goal, Period, Policy, PolicyError},
        prune::{PlannedVersion, PruneOptions, PrunePlan, PruneReport},
        reachability::Reachability,
        retention::Rule,
        undelete::Undeletable,
        verify::{Damage, RepairReport, VerifyReport},
    },
};

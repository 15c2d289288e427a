//! What three-way merging finds of one thing, and what becomes of it.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ckpt_tensor::Arithmetic;

use crate::merge::strategy::Strategy;

/// One of the two versions that are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that the result continues.
    Ours,
    /// The one that is merged into it.
    Theirs,
}

/// What becomes of one thing: a tensor, a file, a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Both sides have it alike, or neither does any more.
    Same,
    /// One side alone changed, added or removed it: the result is as that side is.
    Taken(Side),
    /// Both sides changed it, differently.
    Conflict {
        /// What they did.
        kind: ConflictKind,
        /// What the strategy makes of it.
        resolution: Resolution,
    },
    /// Of a file: the result has its tensors, of which at least one is as in neither side's file, so
    /// that they stand by themselves and restore to [`WEIGHTS_FILE`](crate::WEIGHTS_FILE).
    Dissolved,
}

/// What both sides did to one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// Both changed it.
    BothChanged,
    /// Both added it, or there is no base to say who changed it.
    BothAdded,
    /// We removed it, and they changed it.
    RemovedByUs,
    /// We changed it, and they removed it.
    RemovedByThem,
    /// A tensor that has another dtype on each side.
    Retyped,
    /// A tensor that has another shape on each side.
    Reshaped,
}

/// How a conflict is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolution {
    /// Not at all: no strategy was given, or it cannot decide this, for a reason.
    Open(Option<&'static str>),
    /// The result is as one side is.
    Taken(Side),
    /// Arithmetic makes one of both.
    Merged(Arithmetic),
}

/// Something that either side has, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeItem {
    /// The name of a tensor or parameter, the path of a file.
    pub name: String,
    /// What becomes of it.
    pub outcome: Outcome,
}

impl Outcome {
    /// Tells whether it is a conflict that nothing decides.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Conflict { resolution: Resolution::Open(_), .. })
    }

    /// Returns the side whose state the result has; `None` where it has neither's as a whole.
    pub(super) const fn side(self) -> Option<Side> {
        match self {
            Self::Same => Some(Side::Ours),
            Self::Taken(side) | Self::Conflict { resolution: Resolution::Taken(side), .. } => {
                Some(side)
            }
            Self::Conflict { .. } | Self::Dissolved => None,
        }
    }
}

impl fmt::Display for ConflictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BothChanged => "both changed",
            Self::BothAdded => "both added",
            Self::RemovedByUs => "ours removed",
            Self::RemovedByThem => "theirs removed",
            Self::Retyped => "dtypes differ",
            Self::Reshaped => "shapes differ",
        })
    }
}

/// One thing in the base, in ours and in theirs, as far as they have it. Absence is a state like
/// others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Three<T> {
    pub(super) base: Option<T>,
    pub(super) ours: Option<T>,
    pub(super) theirs: Option<T>,
}

impl<'a, T> Three<&'a T> {
    /// Looks a name up on all sides.
    pub(super) fn find<K: Ord + Borrow<str>>(name: &str, sides: [&'a BTreeMap<K, T>; 3]) -> Self {
        let [base, ours, theirs] = sides.map(|side| side.get(name));
        Self { base, ours, theirs }
    }
}

impl<T: Copy> Three<T> {
    /// Returns the state of one side.
    pub(super) fn on(&self, side: Side) -> Option<T> {
        match side {
            Side::Ours => self.ours,
            Side::Theirs => self.theirs,
        }
    }

    /// Says what becomes of it. `same` compares two states; where there is a conflict, `resolve`
    /// may tell its kind better, and decides it.
    pub(super) fn outcome(
        &self,
        same: impl Fn(T, T) -> bool,
        resolve: impl FnOnce(ConflictKind) -> (ConflictKind, Resolution),
    ) -> Outcome {
        let is_same = |a: Option<T>, b: Option<T>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => same(a, b),
            _ => false,
        };
        let Self { base, ours, theirs } = *self;
        if is_same(ours, theirs) {
            return Outcome::Same;
        }
        if is_same(base, theirs) {
            return Outcome::Taken(Side::Ours);
        }
        if is_same(base, ours) {
            return Outcome::Taken(Side::Theirs);
        }
        let (kind, resolution) = resolve(match (base, ours, theirs) {
            (_, None, _) => ConflictKind::RemovedByUs,
            (_, _, None) => ConflictKind::RemovedByThem,
            (None, ..) => ConflictKind::BothAdded,
            _ => ConflictKind::BothChanged,
        });
        Outcome::Conflict { kind, resolution }
    }

    /// Says what becomes of something that is taken whole from one side.
    pub(super) fn whole(&self, same: impl Fn(T, T) -> bool, strategy: Option<Strategy>) -> Outcome {
        self.outcome(same, |kind| (kind, resolve_whole(strategy)))
    }
}

/// Lists the names that either of two sides has.
pub(super) fn names<'a, K: Ord + Borrow<str>, T>(
    ours: &'a BTreeMap<K, T>,
    theirs: &'a BTreeMap<K, T>,
) -> BTreeSet<&'a str> {
    ours.keys().chain(theirs.keys()).map(Borrow::borrow).collect()
}

/// Decides a conflict over something that arithmetic does not know: under a numeric strategy it is
/// taken from us.
fn resolve_whole(strategy: Option<Strategy>) -> Resolution {
    match strategy {
        None => Resolution::Open(None),
        Some(Strategy::Theirs) => Resolution::Taken(Side::Theirs),
        Some(Strategy::Ours | Strategy::Arithmetic(_)) => Resolution::Taken(Side::Ours),
    }
}

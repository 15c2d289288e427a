//! What may happen to a repository, in words short enough to read when a case fails.

use std::fmt;

use ckpt_store::{RefKind, RefName};
use proptest::{collection::vec, prelude::*};

use crate::model_based::content::{Content, Size};

/// One of few refs, so that operations meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ref {
    Main,
    Side,
    /// A branch whose name starts like that of another.
    SideX,
    Tag,
    Alias,
}

impl Ref {
    pub(crate) const ALL: [Self; 5] = [Self::Main, Self::Side, Self::SideX, Self::Tag, Self::Alias];

    pub(crate) fn name(self) -> RefName {
        let (kind, name) = match self {
            Self::Main => (RefKind::Branch, "main"),
            Self::Side => (RefKind::Branch, "side"),
            Self::SideX => (RefKind::Branch, "side/x"),
            Self::Tag => (RefKind::Tag, "side"),
            Self::Alias => (RefKind::Alias, "best"),
        };
        RefName::new(kind, name).unwrap()
    }
}

/// A version: the newest that was made is number 0, and numbers go round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick(pub(crate) usize);

/// A version to be made.
#[derive(Debug, Clone)]
pub(crate) struct Make {
    pub(crate) content: Content,
    pub(crate) loss: i8,
}

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Commit(Ref, Make),
    /// Commits through a session, which groups them as it likes.
    Session(Ref, Vec<Make>),
    /// A commit on a new branch, from a version.
    Start(Ref, Pick, Make),
    /// A commit that has a version for its second parent.
    Merge(Ref, Pick, Make),
    Set(Ref, Pick),
    Force(Ref, Pick),
    Delete(Ref),
    Rollback(Ref),
    RollbackTo(Ref, Pick),
    Note(Pick, i8),
    /// A guard on the loss of what the tag or the alias moves to; none takes all guards away.
    Guard(Ref, Option<i8>),
    /// Moves the alias, if the loss is below that of where it is.
    Promote(Pick),
    Switch(Ref),
    MergePacks,
    Reopen,
}

/// An operation, and which of the open handles does it.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) by: usize,
    pub(crate) op: Op,
}

/// On one line, however it is asked for.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = format!("{:?}", self.op);
        write!(f, "handle {}: {op}", self.by)
    }
}

/// Handles on one repository that take turns.
pub(crate) const HANDLES: usize = 3;

fn any_ref() -> impl Strategy<Value = Ref> {
    prop_oneof![
        4 => Just(Ref::Main),
        2 => Just(Ref::Side),
        1 => Just(Ref::SideX),
        1 => Just(Ref::Tag),
        1 => Just(Ref::Alias),
    ]
}

fn branch() -> impl Strategy<Value = Ref> {
    prop_oneof![4 => Just(Ref::Main), 2 => Just(Ref::Side), 1 => Just(Ref::SideX)]
}

fn pick() -> impl Strategy<Value = Pick> {
    (0..12_usize).prop_map(Pick)
}

fn loss() -> impl Strategy<Value = i8> {
    -3..4_i8
}

fn guarded() -> impl Strategy<Value = Ref> {
    prop_oneof![Just(Ref::Tag), Just(Ref::Alias)]
}

fn make() -> impl Strategy<Value = Make> {
    let size = prop_oneof![
        1 => Just(Size::Empty),
        6 => Just(Size::Small),
        6 => Just(Size::Groups),
        1 => Just(Size::Leaves),
    ];
    let like = (size, 0..3_u8, 0..4_u8);
    let content = prop_oneof![
        1 => Just(Content::Nothing),
        6 => like.clone().prop_map(|(size, seed, nudge)| Content::Tensors { size, seed, nudge }),
        3 => like.prop_map(|(size, seed, nudge)| Content::Files { size, seed, nudge }),
    ];
    (content, loss()).prop_map(|(content, loss)| Make { content, loss })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (branch(), make()).prop_map(|(name, make)| Op::Commit(name, make)),
        3 => (branch(), vec(make(), 1..5)).prop_map(|(name, makes)| Op::Session(name, makes)),
        2 => (branch(), pick(), make()).prop_map(|(name, at, make)| Op::Start(name, at, make)),
        2 => (branch(), pick(), make()).prop_map(|(name, at, make)| Op::Merge(name, at, make)),
        3 => (any_ref(), pick()).prop_map(|(name, to)| Op::Set(name, to)),
        2 => (any_ref(), pick()).prop_map(|(name, to)| Op::Force(name, to)),
        2 => any_ref().prop_map(Op::Delete),
        5 => any_ref().prop_map(Op::Rollback),
        2 => (any_ref(), pick()).prop_map(|(name, to)| Op::RollbackTo(name, to)),
        2 => (pick(), loss()).prop_map(|(on, loss)| Op::Note(on, loss)),
        2 => (guarded(), proptest::option::weighted(0.8, loss()))
            .prop_map(|(name, limit)| Op::Guard(name, limit)),
        3 => pick().prop_map(Op::Promote),
        1 => branch().prop_map(Op::Switch),
        1 => Just(Op::MergePacks),
        1 => Just(Op::Reopen),
    ]
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec((0..HANDLES, op()).prop_map(|(by, op)| Step { by, op }), 1..most)
}

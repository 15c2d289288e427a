//! Merges the files of two checkpoints three ways, by path.
//!
//! A file without tensors is merged as a whole. One with tensors follows them: it is carried over
//! if the result has just the tensors that it holds, and dissolved otherwise. One that could not be
//! read whole may hold more than its tensors show: it is carried over from a side or stays open.

use std::collections::BTreeMap;

use crate::{
    content::{identity::is_unread, objects::Content},
    merge::{
        outcome::{ConflictKind, MergeItem, Outcome, Resolution, Side, Three, names},
        strategy::{Strategies, Strategy},
        tensors::Combined,
    },
    record::{CheckpointRecord, FileRecord, SegmentRecord, TensorRecord},
};

/// Why a file stays open that no arithmetic can merge.
const UNREAD: &str = "a part of it could not be read as tensors";

/// Why a file stays open although a side was chosen.
const APART: &str = "its tensors do not all come from that side, and not all of it could be read";

fn open(kind: ConflictKind, reason: Option<&'static str>) -> Outcome {
    Outcome::Conflict { kind, resolution: Resolution::Open(reason) }
}

/// A file of a checkpoint, with the tensors that its segments name.
#[derive(Clone, Copy)]
struct Whole<'a> {
    file: &'a FileRecord,
    tensors: &'a [TensorRecord],
}

/// The tensors of the result, and their places in its list.
struct Tensors<'a> {
    tensors: &'a BTreeMap<String, Combined>,
    places: BTreeMap<&'a str, u32>,
}

/// Says what becomes of each file, by path, and lists those of the result, whose segments name
/// tensors by their place among those of the result.
pub(super) fn merge_files(
    base: &CheckpointRecord,
    ours: &CheckpointRecord,
    theirs: &CheckpointRecord,
    strategies: &Strategies,
    tensors: &BTreeMap<String, Combined>,
) -> (Vec<MergeItem>, Vec<FileRecord>) {
    let [base, ours, theirs] = [base, ours, theirs].map(by_path);
    let places = tensors.keys().map(String::as_str).zip(0..).collect();
    let tensors = Tensors { tensors, places };
    let mut items = Vec::new();
    let mut files = Vec::new();
    for path in names(&ours, &theirs) {
        let three = Three::find(path, [&base, &ours, &theirs]);
        let (outcome, file) = if three.holds_tensors() {
            match three.is_unread() {
                true => three.carry_unread(&tensors, strategies.find(path)),
                false => three.follow(&tensors),
            }
        } else {
            let outcome = three.whole(Whole::is_same, strategies.find(path));
            let taken = three.on(outcome.side().unwrap_or(Side::Ours));
            (outcome, taken.and_then(|whole| tensors.carry(whole)))
        };
        items.push(MergeItem { name: path.to_owned(), outcome });
        files.extend(file);
    }
    (items, files)
}

fn by_path(checkpoint: &CheckpointRecord) -> BTreeMap<&str, Whole<'_>> {
    let whole = |file| Whole { file, tensors: &checkpoint.tensors };
    checkpoint.files.iter().map(|file| (file.path.as_str(), whole(file))).collect()
}

impl Whole<'_> {
    /// Tells whether two files have the same bytes, cut into the same segments.
    fn is_same(a: &Self, b: &Self) -> bool {
        a.contents().eq(b.contents())
    }

    fn contents(&self) -> impl Iterator<Item = Option<Content>> {
        self.file.segments.iter().map(|segment| segment.content(self.tensors))
    }

    /// Tells whether there may be tensors in it that were not found.
    fn is_unread(&self) -> bool {
        is_unread(self.file)
    }

    fn holds_tensors(&self) -> bool {
        self.file.segments.iter().any(|segment| segment.tensor().is_some())
    }
}

impl Three<&Whole<'_>> {
    fn holds_tensors(&self) -> bool {
        [self.ours, self.theirs].into_iter().flatten().any(Whole::holds_tensors)
    }

    fn is_unread(&self) -> bool {
        [self.ours, self.theirs].into_iter().flatten().any(Whole::is_unread)
    }

    /// Says what becomes of a file that holds tensors and could not be read whole: all of it comes
    /// from one side.
    fn carry_unread(
        &self,
        tensors: &Tensors<'_>,
        strategy: Option<Strategy>,
    ) -> (Outcome, Option<FileRecord>) {
        let found = self.outcome(Whole::is_same, |kind| (kind, Resolution::Open(None)));
        let (side, kind) = match found {
            Outcome::Taken(side) if self.on(side).is_none() => return (found, None),
            Outcome::Conflict { kind, .. } => match strategy {
                Some(Strategy::Ours) => (Side::Ours, kind),
                Some(Strategy::Theirs) => (Side::Theirs, kind),
                Some(Strategy::Arithmetic(_)) => return (open(kind, Some(UNREAD)), None),
                None => return (found, None),
            },
            _ => (found.side().unwrap_or(Side::Ours), ConflictKind::BothChanged),
        };
        let is_conflict = matches!(found, Outcome::Conflict { .. });
        match self.on(side).map(|whole| tensors.carry(whole)) {
            // A side that has no such file is taken by having none.
            None => (Outcome::Conflict { kind, resolution: Resolution::Taken(side) }, None),
            Some(Some(file)) if is_conflict => {
                (Outcome::Conflict { kind, resolution: Resolution::Taken(side) }, Some(file))
            }
            Some(Some(file)) => (found, Some(file)),
            Some(None) => (open(kind, Some(APART)), None),
        }
    }

    /// Says what becomes of a file that holds tensors, and makes it if it is carried over.
    fn follow(&self, tensors: &Tensors<'_>) -> (Outcome, Option<FileRecord>) {
        let found = self.outcome(Whole::is_same, |kind| (kind, Resolution::Open(None)));
        let sides = match found {
            Outcome::Taken(side) if self.on(side).is_none() => return (found, None),
            Outcome::Taken(Side::Theirs) => &[Side::Theirs][..],
            Outcome::Taken(Side::Ours) => &[Side::Ours],
            _ => &[Side::Ours, Side::Theirs],
        };
        for side in sides {
            if let Some(file) = self.on(*side).and_then(|whole| tensors.carry(whole)) {
                let is_same = found == Outcome::Same;
                return (if is_same { found } else { Outcome::Taken(*side) }, Some(file));
            }
        }
        (Outcome::Dissolved, None)
    }
}

impl Tensors<'_> {
    /// Carries a file over, if the result has the tensors that it holds.
    fn carry(&self, whole: &Whole<'_>) -> Option<FileRecord> {
        let place = |index: u32| self.place(whole.tensors.get(index as usize)?);
        let segment = |segment: &SegmentRecord| match *segment {
            SegmentRecord::Opaque { .. } => Some(segment.clone()),
            SegmentRecord::Tensor { index } => {
                place(index).map(|index| SegmentRecord::Tensor { index })
            }
            SegmentRecord::Tied { index } => {
                place(index).map(|index| SegmentRecord::Tied { index })
            }
        };
        let segments = whole.file.segments.iter().map(segment).collect::<Option<_>>()?;
        Some(FileRecord { segments, ..whole.file.clone() })
    }

    /// Finds the place of a tensor that the result has as it is.
    fn place(&self, tensor: &TensorRecord) -> Option<u32> {
        match self.tensors.get(&tensor.name)? {
            Combined::Carried(carried) if carried.has_elements_of(tensor) => {
                self.places.get(tensor.name.as_str()).copied()
            }
            _ => None,
        }
    }
}

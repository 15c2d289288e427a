//! Finds the version that two versions come from.

use std::collections::{BTreeMap, HashMap, HashSet};

use ckpt_hash::VersionId;

use crate::{
    content::objects::Objects,
    error::Result,
    history::walk::ancestor,
    record::{Version, VersionRecord},
    repo::Repository,
};

impl Repository {
    /// Finds the best common ancestor of two versions, which may be one of them: a common ancestor
    /// that is no ancestor of another one. `None` if the histories share nothing.
    ///
    /// After criss-cross merges there are several. Then it is the one with the greatest number, of
    /// those the one of the latest time, of those the one with the smallest id. That neither depends
    /// on which of the two is ours.
    ///
    /// Reads the versions that only one of the two has, and few more; where one is on the other's
    /// line of first parents, logarithmically many.
    ///
    /// # Errors
    /// Damage in the versions that are read.
    pub fn merge_base(&self, a: VersionId, b: VersionId) -> Result<Option<VersionId>> {
        let (a, b) = (self.version(&a)?, self.version(&b)?);
        for (above, below) in [(&a, &b), (&b, &a)] {
            if self.is_on_line(above, below)? {
                return Ok(Some(below.id));
            }
        }
        let candidates = Walk::new(&self.objects).common(&a, &b)?;
        let candidates = match candidates.len() {
            0 | 1 => candidates,
            _ => best(&self.objects, candidates)?,
        };
        let rank = |version: &Version| {
            (version.record.number, version.record.time_ms, std::cmp::Reverse(version.id))
        };
        Ok(candidates.into_iter().max_by_key(rank).map(|version| version.id))
    }

    /// Tells whether `below` is on the line of first parents of `above`, or is it.
    fn is_on_line(&self, above: &Version, below: &Version) -> Result<bool> {
        let read = |id: &VersionId| self.objects.version(id);
        Ok(ancestor(read, above.id, below.record.number)? == Some(below.id))
    }
}

/// Which of the two versions lead to a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Marks {
    a: bool,
    b: bool,
    /// An ancestor of a common ancestor: common too, but not the best.
    stale: bool,
}

impl Marks {
    const A: Self = Self { a: true, b: false, stale: false };
    const B: Self = Self { a: false, b: true, stale: false };

    fn union(self, other: Self) -> Self {
        Self { a: self.a || other.a, b: self.b || other.b, stale: self.stale || other.stale }
    }
}

/// A walk down from both versions at once, greater numbers first, which carries marks along.
///
/// A number is that of the first parent plus one, so that a second parent may have a greater number
/// than its child: a version whose marks change after it was passed is passed again.
struct Walk<'a> {
    objects: &'a Objects,
    marks: HashMap<VersionId, Marks>,
    waiting: BTreeMap<(u64, i64, VersionId), VersionRecord>,
    /// How many of those that wait are not stale: the walk ends when none is.
    fresh: usize,
}

impl<'a> Walk<'a> {
    fn new(objects: &'a Objects) -> Self {
        Self { objects, marks: HashMap::new(), waiting: BTreeMap::new(), fresh: 0 }
    }

    /// Returns common ancestors, the best ones among them.
    fn common(mut self, a: &Version, b: &Version) -> Result<Vec<Version>> {
        self.add(a.id, Marks::A)?;
        self.add(b.id, Marks::B)?;
        let mut found = Vec::new();
        while self.fresh > 0 {
            let Some(((.., id), record)) = self.waiting.pop_last() else { break };
            let mut marks = self.marks[&id];
            self.fresh -= usize::from(!marks.stale);
            if marks.a && marks.b {
                if !marks.stale {
                    found.push(Version { id, record: record.clone() });
                }
                marks.stale = true;
            }
            record.parents.iter().try_for_each(|parent| self.add(*parent, marks))?;
        }
        // One may have turned out to be an ancestor of another after it was found.
        found.retain(|version| !self.marks[&version.id].stale);
        Ok(found)
    }

    /// Marks a version, and has it passed if that is new to it.
    fn add(&mut self, id: VersionId, marks: Marks) -> Result<()> {
        let before = self.marks.get(&id).copied().unwrap_or_default();
        let after = before.union(marks);
        if before == after {
            return Ok(());
        }
        self.marks.insert(id, after);
        let record = self.objects.version(&id)?;
        let was_waiting = self.waiting.insert((record.number, record.time_ms, id), record);
        self.fresh -= usize::from(was_waiting.is_some() && !before.stale);
        self.fresh += usize::from(!after.stale);
        Ok(())
    }
}

/// Drops common ancestors that are ancestors of others, whatever their numbers: looks at everything
/// below them.
fn best(objects: &Objects, candidates: Vec<Version>) -> Result<Vec<Version>> {
    let mut below: HashSet<VersionId> = HashSet::new();
    let parents = |version: &Version| version.record.parents.clone();
    let mut next: Vec<VersionId> = candidates.iter().flat_map(parents).collect();
    while let Some(id) = next.pop() {
        if below.insert(id) {
            next.extend(objects.version(&id)?.parents);
        }
    }
    Ok(candidates.into_iter().filter(|version| !below.contains(&version.id)).collect())
}

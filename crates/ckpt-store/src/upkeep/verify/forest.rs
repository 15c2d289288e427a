//! Reads objects so that each block is decoded once, however many others are deltas to it.

use std::{collections::HashMap, sync::Arc};

use ckpt_pack::{Entry, ObjectId, PackReader, base_of};

use crate::{error::Result, repo::Repository};

/// A copy of an object: where it is.
pub(super) type Copy = (Arc<PackReader>, Entry);

/// Copies of objects as trees: below each block those that are deltas to it.
///
/// A delta stands below the copy of its base with the shortest chain, where that is shorter than its
/// own; one for which there is none here is a tree of its own.
pub(super) struct Forest<'a> {
    repository: &'a Repository,
    copies: &'a [Copy],
    roots: Vec<usize>,
    below: HashMap<usize, Vec<usize>>,
}

/// What was found when copies were read, by their place in the list of them.
pub(super) type Findings = Vec<(usize, Result<()>)>;

impl<'a> Forest<'a> {
    /// Finds what every delta among the copies builds on.
    pub(super) fn grow(repository: &'a Repository, copies: &'a [Copy]) -> Self {
        let base = |(pack, entry): &Copy| -> Option<ObjectId> {
            let file = (entry.depth > 0).then(|| pack.file(repository.disk()).ok())??;
            base_of(pack, &*file, entry)?
        };
        let bases: Vec<Option<ObjectId>> = copies.iter().map(base).collect();
        let mut best: HashMap<ObjectId, Option<usize>> =
            bases.iter().flatten().map(|id| (*id, None)).collect();
        for (at, (_, entry)) in copies.iter().enumerate() {
            if let Some(found) = best.get_mut(&entry.id)
                && found.is_none_or(|other| entry.depth < copies[other].1.depth)
            {
                *found = Some(at);
            }
        }
        let (mut roots, mut below) = (Vec::new(), HashMap::<usize, Vec<usize>>::new());
        for (at, base) in bases.iter().enumerate() {
            let base = base.and_then(|id| best[&id]);
            match base.filter(|base| copies[*base].1.depth < copies[at].1.depth) {
                Some(base) => below.entry(base).or_default().push(at),
                None => roots.push(at),
            }
        }
        Self { repository, copies, roots, below }
    }

    /// Returns the copies that stand below no other, in the order of the list.
    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// Reads a copy and all below it, each checked against its id.
    pub(super) fn check(&self, root: usize) -> Findings {
        let mut findings = Vec::new();
        self.visit(root, None, &mut findings);
        findings
    }

    /// At most one block of each depth is in memory.
    fn visit(&self, at: usize, base: Option<&[u8]>, findings: &mut Findings) {
        let (pack, entry) = &self.copies[at];
        let packs = &self.repository.objects.packs;
        let file = pack.file(self.repository.disk());
        let result = file.and_then(|file| packs.check(pack, &*file, entry, base));
        let (result, bytes) = match result {
            Ok(bytes) => (Ok(()), Some(bytes)),
            Err(error) => (Err(error.into()), None),
        };
        findings.push((at, result));
        for below in self.below.get(&at).into_iter().flatten() {
            self.visit(*below, bytes.as_deref(), findings);
        }
    }
}

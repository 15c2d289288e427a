//! The versions of the history graph: which there are, and which are worth a row each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ckpt_hash::VersionId;
use ckpt_store::{RefName, Repository, Version};

use super::lanes;
use crate::failure::Failure;

/// Versions in a row, none of them a fork, a merge or marked, that are drawn as one.
const SHORTEST_RUN: usize = 3;

/// A node of the graph: one version, or a run of versions in each of which nothing branches off,
/// nothing is merged and no ref stands.
#[derive(Debug)]
pub(super) struct Node {
    /// The newest version of it.
    pub(super) version: Version,
    /// The number of its oldest version.
    pub(super) oldest: u64,
    /// How many versions it is.
    pub(super) count: usize,
    /// Whether it has parents that are not in the graph.
    pub(super) is_cut_off: bool,
    /// Its parents among the nodes.
    parents: Vec<usize>,
}

impl Node {
    /// Says how the node is laid out.
    pub(super) fn layout(&self) -> lanes::Node {
        let record = &self.version.record;
        lanes::Node { order: (record.number, record.time_ms), parents: self.parents.clone() }
    }
}

/// Reads all ancestors of some versions that are no ancestors of `after`, and these themselves.
pub(super) fn read(
    repository: &Repository,
    tips: impl IntoIterator<Item = VersionId>,
    after: Option<VersionId>,
) -> Result<BTreeMap<VersionId, Version>, Failure> {
    let mut outside = BTreeSet::new();
    for version in after.into_iter().flat_map(|after| repository.log(after)) {
        outside.insert(version?.id);
    }
    let mut found = BTreeMap::new();
    let mut waiting: VecDeque<VersionId> = tips.into_iter().collect();
    while let Some(id) = waiting.pop_front() {
        if found.contains_key(&id) || outside.contains(&id) {
            continue;
        }
        let version = repository.version(&id)?;
        waiting.extend(&version.record.parents);
        found.insert(id, version);
    }
    Ok(found)
}

/// Makes the nodes of a graph: each version with a ref, each fork, merge and end by itself, and what
/// lies between as runs.
pub(super) fn nodes(
    mut versions: BTreeMap<VersionId, Version>,
    refs: &BTreeMap<VersionId, Vec<RefName>>,
) -> Vec<Node> {
    let mut children: BTreeMap<VersionId, usize> = BTreeMap::new();
    for parent in versions.values().flat_map(|version| &version.record.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let is_plain = |version: &Version| {
        let parents = &version.record.parents;
        let is_inner = parents.len() == 1 && versions.contains_key(&parents[0]);
        is_inner && children.get(&version.id) == Some(&1) && !refs.contains_key(&version.id)
    };
    let plain: BTreeSet<VersionId> =
        versions.values().filter(|version| is_plain(version)).map(|version| version.id).collect();
    // A run starts where the child of a plain version is not plain.
    let inner: BTreeSet<VersionId> =
        plain.iter().map(|id| versions[id].record.parents[0]).collect();
    let starts: Vec<VersionId> = plain.difference(&inner).copied().collect();
    let mut runs: Vec<Vec<VersionId>> =
        starts.into_iter().map(|start| run(start, &plain, &versions)).collect();
    runs.retain(|run| run.len() >= SHORTEST_RUN);
    let in_runs: BTreeSet<VersionId> = runs.iter().flatten().copied().collect();
    let single = versions.keys().filter(|id| !in_runs.contains(*id)).map(|id| vec![*id]);
    let groups: Vec<Vec<VersionId>> = single.chain(runs).collect();
    let place = |(index, group): (usize, &Vec<VersionId>)| (group[0], index);
    let places: BTreeMap<VersionId, usize> = groups.iter().enumerate().map(place).collect();
    groups.iter().map(|group| node(group, &places, &mut versions)).collect()
}

/// Follows plain versions from the newest of a run to the oldest.
fn run(
    start: VersionId,
    plain: &BTreeSet<VersionId>,
    versions: &BTreeMap<VersionId, Version>,
) -> Vec<VersionId> {
    let next =
        |id: &VersionId| Some(versions[id].record.parents[0]).filter(|id| plain.contains(id));
    std::iter::successors(Some(start), next).collect()
}

fn node(
    group: &[VersionId],
    places: &BTreeMap<VersionId, usize>,
    versions: &mut BTreeMap<VersionId, Version>,
) -> Node {
    let oldest = &versions[&group[group.len() - 1]].record;
    let (number, all) = (oldest.number, oldest.parents.clone());
    let parents: Vec<usize> = all.iter().filter_map(|id| places.get(id)).copied().collect();
    let is_cut_off = parents.len() < all.len();
    let version = versions.remove(&group[0]).expect("each version is in one group");
    Node { version, oldest: number, count: group.len(), is_cut_off, parents }
}

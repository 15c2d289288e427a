//! The order in which a lineage is written: lines of first parents, each below its merge.

use std::collections::{HashMap, HashSet};

use ckpt_hash::VersionId;

use super::{Ancestor, Lineage, facts::facts};

/// One row of a lineage.
#[derive(Debug)]
pub struct Row {
    /// How many lines it is away from that of the first version.
    pub depth: usize,
    /// What it is about.
    pub what: What,
}

/// What a row is about.
#[derive(Debug)]
pub enum What {
    /// The version at this place of the lineage.
    Version(usize),
    /// Versions in a row in which nothing changed, the newest first.
    Run(Vec<usize>),
    /// The line goes on with a version that is written elsewhere or not at all.
    Goes(VersionId),
}

/// A line of first parents that is being written.
#[derive(Debug)]
struct Line {
    depth: usize,
    places: Vec<usize>,
    at: usize,
    /// Where it goes on after these.
    end: Option<VersionId>,
}

/// Puts versions in order: a line from its newest to its oldest version; after a merge, what was
/// merged, a level deeper.
pub fn rows(lineage: &Lineage) -> Vec<Row> {
    let children = children(lineage);
    let is_dull = |place: usize| place > 0 && is_dull(&lineage.versions[place], &children);
    let mut claimed = HashSet::new();
    let mut lines = vec![claim(lineage, 0, 0, &mut claimed)];
    let mut rows = Vec::new();
    // Not a recursion: merges may be nested as deeply as a history is long.
    while let Some(line) = lines.last_mut() {
        let depth = line.depth;
        let Some(place) = line.places.get(line.at).copied() else {
            rows.extend(line.end.map(|end| Row { depth, what: What::Goes(end) }));
            lines.pop();
            continue;
        };
        let run: Vec<usize> =
            line.places[line.at..].iter().copied().take_while(|place| is_dull(*place)).collect();
        if run.len() > 1 {
            line.at += run.len();
            rows.push(Row { depth, what: What::Run(run) });
            continue;
        }
        line.at += 1;
        rows.push(Row { depth, what: What::Version(place) });
        let mut sides = Vec::new();
        for parent in lineage.versions[place].version.record.parents.iter().skip(1) {
            match lineage.place(parent).filter(|place| !claimed.contains(place)) {
                Some(side) => sides.push(claim(lineage, side, depth + 1, &mut claimed)),
                None => {
                    let line =
                        Line { depth: depth + 1, places: Vec::new(), at: 0, end: Some(*parent) };
                    sides.push(line);
                }
            }
        }
        lines.extend(sides.into_iter().rev());
    }
    rows
}

/// Counts versions of which there is nothing to say, for users.
pub fn summary(lineage: &Lineage, places: &[usize]) -> String {
    let number = |place: Option<&usize>| {
        place.map_or(0, |place| lineage.versions[*place].version.record.number)
    };
    let (newest, oldest) = (number(places.first()), number(places.last()));
    format!("{} versions, #{oldest} to #{newest}, with nothing new", places.len())
}

/// Takes a version and its first parents, as long as they are shown and on no other line.
fn claim(lineage: &Lineage, start: usize, depth: usize, claimed: &mut HashSet<usize>) -> Line {
    let mut places = Vec::new();
    let mut next = Some(start);
    let mut end = None;
    while let Some(place) = next {
        claimed.insert(place);
        places.push(place);
        let parent = lineage.versions[place].version.record.parents.first();
        next = parent
            .and_then(|parent| lineage.place(parent))
            .filter(|place| !claimed.contains(place));
        end = parent.filter(|_| next.is_none()).copied();
    }
    Line { depth, places, at: 0, end }
}

/// Counts how many of the versions shown continue each.
fn children(lineage: &Lineage) -> HashMap<VersionId, usize> {
    let mut children = HashMap::new();
    for parent in lineage.versions.iter().flat_map(|ancestor| &ancestor.version.record.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    children
}

/// Tells whether there is nothing to say of a version but that it is there.
fn is_dull(ancestor: &Ancestor, children: &HashMap<VersionId, usize>) -> bool {
    ancestor.refs.is_empty()
        && ancestor.version.record.parents.len() == 1
        && children.get(&ancestor.version.id) == Some(&1)
        && facts(ancestor).is_empty()
}

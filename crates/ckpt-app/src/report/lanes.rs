//! Lays a history out in lanes: each version one row, each line of descent one lane.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// A version to lay out, or several in a row that count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// What decides which of several nodes comes first: the greatest.
    pub(super) order: (u64, i64),
    /// Its parents, by their places among the nodes.
    pub(super) parents: Vec<usize>,
}

/// Where a node is drawn, and what runs from its row to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The node, by its place.
    pub(super) node: usize,
    /// The lane that it is in, from 0.
    pub(super) lane: usize,
    /// The lines from this row to the next: from lane, to lane.
    pub(super) links: Vec<(usize, usize)>,
}

/// Gives each of the first `most` nodes a row, children above their parents, and a lane.
///
/// Lines that lead to one node are one line from the row below the second child on, in the leftmost
/// of their lanes. Nodes that are among their own ancestors, which no version is, get no row.
pub(super) fn lay_out(nodes: &[Node], most: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    // The nodes that lines lead to, by lane.
    let mut lanes: Vec<Option<usize>> = Vec::new();
    for node in children_first(nodes).into_iter().take(most) {
        let lane = position(&lanes, Some(node)).unwrap_or_else(|| free(&lanes));
        let mut next = lanes.clone();
        set(&mut next, lane, None);
        for (index, parent) in nodes[node].parents.iter().enumerate() {
            let wanted = if index == 0 { lane } else { free(&next) };
            match position(&next, Some(*parent)) {
                // Both lines go on in the left one.
                Some(other) if wanted < other => {
                    next[other] = None;
                    set(&mut next, wanted, Some(*parent));
                }
                Some(_) => {}
                None => set(&mut next, wanted, Some(*parent)),
            }
        }
        let passing = lanes.iter().enumerate().filter(|(from, _)| *from != lane);
        let passing = passing.filter_map(|(from, target)| Some((from, (*target)?)));
        let starting = nodes[node].parents.iter().map(|parent| (lane, *parent));
        let link = |(from, target)| Some((from, position(&next, Some(target))?));
        let links = passing.chain(starting).filter_map(link).collect();
        rows.push(Row { node, lane, links });
        while next.last() == Some(&None) {
            next.pop();
        }
        lanes = next;
    }
    rows
}

/// Sorts nodes so that children come before parents, and of those that could come next the
/// greatest does.
fn children_first(nodes: &[Node]) -> Vec<usize> {
    let mut children: BTreeMap<usize, usize> = BTreeMap::new();
    for parent in nodes.iter().flat_map(|node| &node.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let entry = |index: usize| (nodes[index].order, Reverse(index));
    let is_tip = |index: &usize| !children.contains_key(index);
    let mut ready: BinaryHeap<_> = (0..nodes.len()).filter(is_tip).map(entry).collect();
    let mut sorted = Vec::with_capacity(nodes.len());
    while let Some((_, Reverse(index))) = ready.pop() {
        sorted.push(index);
        for parent in &nodes[index].parents {
            let left = children.entry(*parent).or_default();
            *left -= 1;
            if *left == 0 {
                ready.push(entry(*parent));
            }
        }
    }
    sorted
}

fn position(lanes: &[Option<usize>], target: Option<usize>) -> Option<usize> {
    lanes.iter().position(|lane| *lane == target)
}

/// Finds the leftmost lane that nothing runs in.
fn free(lanes: &[Option<usize>]) -> usize {
    position(lanes, None).unwrap_or(lanes.len())
}

fn set(lanes: &mut Vec<Option<usize>>, lane: usize, target: Option<usize>) {
    if lanes.len() <= lane {
        lanes.resize(lane + 1, None);
    }
    lanes[lane] = target;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lays out nodes given as number and parents, and writes each row as node, lane and links.
    fn laid_out(nodes: &[(u64, &[usize])]) -> Vec<String> {
        let node = |(number, parents): &(u64, &[usize])| Node {
            order: (*number, 0),
            parents: parents.to_vec(),
        };
        let rows = lay_out(&nodes.iter().map(node).collect::<Vec<_>>(), usize::MAX);
        let row = |row: Row| {
            let links = row.links.iter().map(|(from, to)| format!(" {from}-{to}"));
            format!("{}@{}:{}", row.node, row.lane, links.collect::<String>())
        };
        rows.into_iter().map(row).collect()
    }

    #[test]
    fn a_line_stays_in_its_lane() {
        assert_eq!(laid_out(&[(1, &[]), (2, &[0]), (3, &[1])]), ["2@0: 0-0", "1@0: 0-0", "0@0:"]);
    }

    #[test]
    fn a_branch_runs_beside_until_both_lines_lead_to_one() {
        // 0 - 1 - 2 - 4
        //      \- 3
        let rows = laid_out(&[(1, &[]), (2, &[0]), (3, &[1]), (3, &[1]), (4, &[2])]);
        assert_eq!(rows, ["4@0: 0-0", "2@0: 0-0", "3@1: 0-0 1-0", "1@0: 0-0", "0@0:"]);
    }

    #[test]
    fn the_main_line_stays_left_of_a_branch_from_further_down() {
        // 0 - 2 - 3, 0 - 1 with 1 between 3 and 2.
        let rows = laid_out(&[(1, &[]), (5, &[0]), (3, &[0]), (6, &[2])]);
        assert_eq!(rows, ["3@0: 0-0", "1@1: 0-0 1-1", "2@0: 1-0 0-0", "0@0:"]);
    }

    #[test]
    fn a_merge_opens_a_lane_for_each_further_parent() {
        // 3 merges 1 and 2, which both come from 0.
        let rows = laid_out(&[(1, &[]), (2, &[0]), (2, &[0]), (3, &[1, 2])]);
        assert_eq!(rows, ["3@0: 0-0 0-1", "1@0: 1-1 0-0", "2@1: 0-0 1-0", "0@0:"]);
    }

    #[test]
    fn roots_of_their_own_share_a_lane_one_after_the_other() {
        assert_eq!(laid_out(&[(1, &[]), (2, &[])]), ["1@0:", "0@0:"]);
    }

    #[test]
    fn lines_lead_on_to_what_has_no_row() {
        let nodes =
            [Node { order: (1, 0), parents: vec![] }, Node { order: (2, 0), parents: vec![0] }];
        assert_eq!(lay_out(&nodes, 1), [Row { node: 1, lane: 0, links: vec![(0, 0)] }]);
    }

    #[test]
    fn children_come_first_whatever_their_numbers_say() {
        assert_eq!(laid_out(&[(9, &[]), (2, &[0])]), ["1@0: 0-0", "0@0:"]);
        assert_eq!(laid_out(&[(1, &[1]), (2, &[0])]), Vec::<String>::new());
    }
}

//! A lineage as a graph.

use std::collections::HashMap;

use ckpt_hash::VersionId;
use ckpt_store::RefName;

use super::{
    Ancestor, Lineage, facts,
    rows::{Row, What, summary},
};
use crate::text::Text;

/// The most columns of a line in a node.
const WIDTH: usize = 48;

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A version.
    Version,
    /// Versions of which there is nothing to say.
    Run,
    /// A data set.
    Data,
    /// Code.
    Code,
    /// A model that is none of a version shown.
    Model,
}

/// A node; its name is `n` and its place in the list.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Lines without control characters.
    pub(super) label: Vec<String>,
}

/// How one node leads to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether the one continues the other, which it does not if it only went in.
    pub(super) is_parent: bool,
}

/// Nodes and edges.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

impl Graph {
    /// Makes nodes of versions and of what was new in them.
    pub(super) fn new(lineage: &Lineage, rows: &[Row]) -> Self {
        let mut graph = Self::default();
        let mut nodes: HashMap<VersionId, usize> = HashMap::new();
        let id = |place: &usize| lineage.versions[*place].version.id;
        for row in rows {
            match &row.what {
                What::Version(place) => {
                    let node = graph.node(Kind::Version, label(&lineage.versions[*place]));
                    nodes.insert(id(place), node);
                }
                What::Run(places) => {
                    let node = graph.node(Kind::Run, vec![summary(lineage, places)]);
                    nodes.extend(places.iter().map(|place| (id(place), node)));
                }
                What::Goes(_) => {}
            }
        }
        for ancestor in &lineage.versions {
            let to = nodes[&ancestor.version.id];
            for parent in &ancestor.version.record.parents {
                let from = nodes.get(parent).copied();
                graph.edges.extend(from.filter(|from| *from != to).map(|from| Edge {
                    from,
                    to,
                    is_parent: true,
                }));
            }
            graph.inputs(ancestor, to, &nodes);
        }
        graph
    }

    /// Adds the inputs of a version.
    fn inputs(&mut self, ancestor: &Ancestor, to: usize, nodes: &HashMap<VersionId, usize>) {
        for record in &ancestor.data {
            self.input(Kind::Data, facts::data(record), to);
        }
        let code = facts::code(ancestor);
        if !code.is_empty() {
            self.input(Kind::Code, code, to);
        }
        for base in &ancestor.bases {
            match base.version.and_then(|(version, _)| nodes.get(&version)) {
                Some(from) if *from != to => {
                    self.edges.push(Edge { from: *from, to, is_parent: false });
                }
                _ => self.input(Kind::Model, vec![facts::base(base)], to),
            }
        }
    }

    fn input(&mut self, kind: Kind, label: Vec<String>, to: usize) {
        let from = self.node(kind, label);
        self.edges.push(Edge { from, to, is_parent: false });
    }

    fn node(&mut self, kind: Kind, label: Vec<String>) -> usize {
        let line = |line: String| Text::from(line).cut(WIDTH).render(false);
        self.nodes.push(Node { kind, label: label.into_iter().map(line).collect() });
        self.nodes.len() - 1
    }
}

/// Writes what a version is called and how it was made.
fn label(ancestor: &Ancestor) -> Vec<String> {
    let record = &ancestor.version.record;
    let mut label = vec![format!("#{} {}", record.number, ancestor.version.id.short())];
    let names: Vec<&str> = ancestor.refs.iter().map(RefName::short).collect();
    if !names.is_empty() {
        label.push(format!("({})", names.join(", ")));
    }
    label.extend(record.message.lines().next().map(str::to_owned));
    for fact in facts::settings(ancestor) {
        let text = fact.parts.join(", ");
        label.push(if fact.label == "params" { text } else { format!("{} {text}", fact.label) });
    }
    label
}

//! A graph in the language of Graphviz.

use super::graph::{Graph, Kind, Node};
use crate::text::Text;

/// Writes a graph.
pub(super) fn lines(graph: &Graph) -> Vec<Text> {
    let mut lines = vec![
        Text::from("digraph lineage {"),
        "  node [shape=box, style=rounded, fontname=\"sans-serif\"];".into(),
    ];
    for (place, node) in graph.nodes.iter().enumerate() {
        lines.push(format!("  n{place} [{}label={}];", shape(node.kind), label(node)).into());
    }
    for edge in &graph.edges {
        let style = if edge.is_parent { "" } else { " [style=dashed]" };
        lines.push(format!("  n{} -> n{}{style};", edge.from, edge.to).into());
    }
    lines.push("}".into());
    lines
}

const fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Version => "",
        Kind::Run => "shape=plaintext, ",
        Kind::Data => "shape=cylinder, style=solid, ",
        Kind::Code => "shape=note, style=solid, ",
        Kind::Model => "shape=ellipse, style=solid, ",
    }
}

/// Quotes a label. In quotes, Graphviz knows escapes after a backslash and entities as of HTML.
fn label(node: &Node) -> String {
    let escape =
        |line: &String| line.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"");
    let lines: Vec<String> = node.label.iter().map(escape).collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_ends_early() {
        let node = |line: &str| Node { kind: Kind::Version, label: vec![line.to_owned()] };
        assert_eq!(label(&node("a\"];b")), r#""a\"];b""#);
        assert_eq!(label(&node(r"\")), r#""\\""#);
        assert_eq!(label(&node(r#"\""#)), r#""\\\"""#);
        assert_eq!(label(&node("&quot;\\n")), r#""&amp;quot;\\n""#);
    }
}

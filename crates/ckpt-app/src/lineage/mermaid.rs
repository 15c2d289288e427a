//! A graph in the language of Mermaid.

use super::graph::{Graph, Kind, Node};
use crate::text::Text;

/// Writes a graph.
pub(super) fn lines(graph: &Graph) -> Vec<Text> {
    let mut lines = vec![Text::from("flowchart TD")];
    for (place, node) in graph.nodes.iter().enumerate() {
        let (open, close) = brackets(node.kind);
        lines.push(format!("  n{place}{open}\"{}\"{close}", label(node)).into());
    }
    for edge in &graph.edges {
        let arrow = if edge.is_parent { "-->" } else { "-.->" };
        lines.push(format!("  n{} {arrow} n{}", edge.from, edge.to).into());
    }
    lines
}

const fn brackets(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Version => ("(", ")"),
        Kind::Run => ("[", "]"),
        Kind::Data => ("[(", ")]"),
        Kind::Code => ("[/", "/]"),
        Kind::Model => ("([", "])"),
    }
}

fn label(node: &Node) -> String {
    let lines: Vec<String> = node.label.iter().map(|line| escape(line)).collect();
    lines.join("<br/>")
}

/// Writes all but letters, digits and harmless marks as entities, `#` and a code point: Mermaid
/// reads HTML, Markdown and its own words even in quotes.
fn escape(line: &str) -> String {
    let escape = |char: char| match char {
        ' ' | '.' | ',' | '-' | '_' | '/' | '+' | '=' | '(' | ')' => char.to_string(),
        _ if char.is_alphanumeric() => char.to_string(),
        _ => format!("#{};", u32::from(char)),
    };
    line.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_label_is_code() {
        assert_eq!(escape("lr 0.1, v1.0-a/b_c (x)"), "lr 0.1, v1.0-a/b_c (x)");
        assert_eq!(escape("\"]; click"), "#34;#93;#59; click");
        assert_eq!(escape("<b>&`#35;"), "#60;b#62;#38;#96;#35;35#59;");
        assert_eq!(escape("重み"), "重み");
    }
}

//! Draws the history graph: lanes of lines at the left, a row of text for each version next to them.

use std::collections::BTreeMap;

use ckpt_hash::VersionId;
use ckpt_store::RefName;

use super::{
    descent::Node,
    html::{Attributes, Html, Px},
    lanes::{self, Row},
    table,
};
use crate::format;

/// The height of a row and the width of a lane, in pixels; the style sheet has the height too.
const ROW: f64 = 28.0;
const LANE: f64 = 16.0;

/// The radius of a version.
const RADIUS: f64 = 4.5;

/// The most rows.
const MOST_ROWS: usize = 200;

/// Colours of lines that the style sheet has.
const COLOURS: usize = 6;

/// Draws nodes, the newest first.
pub(super) fn draw(
    html: &mut Html,
    nodes: &[Node],
    refs: &BTreeMap<VersionId, Vec<RefName>>,
    head: &RefName,
) {
    let layout: Vec<lanes::Node> = nodes.iter().map(Node::layout).collect();
    let rows = lanes::lay_out(&layout, MOST_ROWS);
    table::scrolling(html, "History graph", |html| {
        html.element("div", &[("class", &"graph")], |html| {
            lines(html, &rows, nodes);
            html.element("ol", &[], |html| {
                for row in &rows {
                    html.element("li", &[], |html| text(html, &nodes[row.node], refs, head));
                }
            });
        });
    });
    let left_out = nodes.len() - rows.len();
    table::note(html, left_out, "older row", "is left out", "are left out");
}

fn lines(html: &mut Html, rows: &[Row], nodes: &[Node]) {
    let in_row = |row: &Row| {
        row.links.iter().flat_map(|(from, to)| [*from, *to]).chain([row.lane]).max().unwrap_or(0)
    };
    let lanes = 1 + rows.iter().map(in_row).max().unwrap_or(0);
    let (width, height) = (lanes as f64 * LANE, rows.len() as f64 * ROW);
    let view = format!("0 0 {width} {height}");
    let shape: Attributes<'_> = &[
        ("viewBox", &view),
        ("width", &width),
        ("height", &height),
        ("role", &"img"),
        ("aria-labelledby", &"graph-title graph-text"),
    ];
    html.element("svg", shape, |html| {
        html.leaf("title", &[("id", &"graph-title")], "History graph");
        let text = format!(
            "{} in {}, the newest at the top; the list next to it names them",
            format::count(rows.len() as u64, "row"),
            format::count(lanes as u64, "lane")
        );
        html.leaf("desc", &[("id", &"graph-text")], text);
        for (index, row) in rows.iter().enumerate() {
            row.links.iter().for_each(|(from, to)| link(html, index, *from, *to));
            if nodes[row.node].is_cut_off {
                cut_off(html, index, row.lane);
            }
        }
        for (index, row) in rows.iter().enumerate() {
            dot(html, index, row.lane, &nodes[row.node]);
        }
    });
}

fn x(lane: usize) -> f64 {
    (lane as f64 + 0.5) * LANE
}

fn y(row: usize) -> f64 {
    (row as f64 + 0.5) * ROW
}

/// Draws a line to the next row, in the colour of the outer lane.
fn link(html: &mut Html, row: usize, from: usize, to: usize) {
    let ((x1, y1), (x2, y2)) = ((x(from), y(row)), (x(to), y(row + 1)));
    let path = if from == to {
        format!("M{} {}V{}", Px(x1), Px(y1), Px(y2))
    } else {
        let middle = Px(f64::midpoint(y1, y2));
        let (x1, x2) = (Px(x1), Px(x2));
        format!("M{x1} {}C{x1} {middle} {x2} {middle} {x2} {}", Px(y1), Px(y2))
    };
    let class = format!("link s{}", from.max(to) % COLOURS);
    html.empty("path", &[("class", &class), ("d", &path)]);
}

/// Draws that a version has parents that are not shown.
fn cut_off(html: &mut Html, row: usize, lane: usize) {
    let path = format!("M{} {}v{}", Px(x(lane)), Px(y(row)), ROW / 2.0);
    html.empty("path", &[("class", &format!("link cut s{}", lane % COLOURS)), ("d", &path)]);
}

fn dot(html: &mut Html, row: usize, lane: usize, node: &Node) {
    let kind = match (node.count, node.version.record.parents.len()) {
        (2.., _) => "run",
        (_, 2..) => "merge",
        _ => "version",
    };
    let class = format!("{kind} s{}", lane % COLOURS);
    let radius = if kind == "run" { RADIUS - 2.0 } else { RADIUS };
    html.empty(
        "circle",
        &[("class", &class), ("cx", &Px(x(lane))), ("cy", &Px(y(row))), ("r", &radius)],
    );
}

fn text(html: &mut Html, node: &Node, refs: &BTreeMap<VersionId, Vec<RefName>>, head: &RefName) {
    let Node { version, oldest, count, .. } = node;
    let record = &version.record;
    if *count > 1 {
        let text = format!("{count} versions, #{} to #{oldest}", record.number);
        html.leaf("span", &[("class", &"faint")], text);
        return;
    }
    html.leaf("span", &[("class", &"number")], format!("#{}", record.number));
    html.leaf("code", &[], version.id.short());
    for name in refs.get(&version.id).into_iter().flatten() {
        let kind = name.kind().word();
        let current = if name == head { " current" } else { "" };
        let title = format!("{kind} {}", name.short());
        html.leaf(
            "span",
            &[("class", &format!("ref {kind}{current}")), ("title", &title)],
            name.short(),
        );
    }
    if let [_, merged @ ..] = &record.parents[..]
        && !merged.is_empty()
    {
        let merged: Vec<String> = merged.iter().map(VersionId::short).collect();
        html.leaf("span", &[("class", &"faint")], format!("merges {}", merged.join(", ")));
    }
    let subject = record.message.lines().next().unwrap_or_default();
    html.leaf("span", &[("class", &"message"), ("title", &subject)], subject);
    html.leaf("span", &[("class", &"faint time")], format::utc(record.time_ms));
}

//! A lineage as users read it.

use ckpt_app::lineage::{Ancestor, Fact, Lineage, Row, What, facts, summary};
use ckpt_hash::VersionId;
use ckpt_store::RefName;

use crate::{
    format,
    ui::{Style, Text},
};

/// What a line is indented by for each line that it is away from the first.
const INDENT: &str = "| ";

/// The most indents: what lies deeper is written at this depth.
const DEEPEST: usize = 8;

/// Columns of the names of facts, and of the space before them.
const LABEL_WIDTH: usize = 11;
const LABEL_INDENT: &str = "     ";

/// Writes rows as lines of at most `width` columns.
pub(super) fn lines(lineage: &Lineage, rows: &[Row], width: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    for Row { depth, what } in rows {
        let indent = Text::styled(Style::Faint, INDENT.repeat(*depth.min(&DEEPEST)));
        let room = width.saturating_sub(indent.width());
        let row = match what {
            What::Version(place) => version(&lineage.versions[*place], room),
            What::Run(places) => vec![run(lineage, places).cut(room)],
            What::Goes(id) => vec![goes(lineage, id).cut(room)],
        };
        lines.extend(row.into_iter().map(|line| indent.clone().join(line)));
    }
    if lineage.is_cut {
        lines.push(Text::styled(Style::Faint, "... and older versions: -n N looks at more"));
    }
    lines
}

fn version(ancestor: &Ancestor, width: usize) -> Vec<Text> {
    let record = &ancestor.version.record;
    let number = format!("#{} ", record.number);
    let head = Text::from(format!("{number:<width$}", width = LABEL_INDENT.len()))
        .push(Style::Id, ancestor.version.id.short())
        .push(Style::Faint, format!("  {}", format::date(record.time_ms)))
        .join(subject(ancestor));
    let facts = facts(ancestor);
    let facts = facts.iter().flat_map(|fact| fact_lines(fact, width));
    [head.cut(width)].into_iter().chain(facts).collect()
}

/// Writes a fact in as many lines as its parts need.
fn fact_lines(fact: &Fact, width: usize) -> Vec<Text> {
    let room = width.saturating_sub(LABEL_INDENT.len() + LABEL_WIDTH);
    let mut lines: Vec<String> = Vec::new();
    for part in &fact.parts {
        match lines.last_mut() {
            Some(line) if Text::from(format!("{line}, {part}")).width() < room => {
                line.extend([", ", part]);
            }
            Some(line) => {
                line.push(',');
                lines.push(part.clone());
            }
            None => lines.push(part.clone()),
        }
    }
    let labels = [fact.label].into_iter().chain(std::iter::repeat(""));
    let line = |(label, line)| {
        let label = format!("{LABEL_INDENT}{label:<LABEL_WIDTH$}");
        Text::styled(Style::Faint, label).plain(line).cut(width)
    };
    labels.zip(lines).map(line).collect()
}

/// Writes the refs at a version and what its message begins with.
fn subject(ancestor: &Ancestor) -> Text {
    let subject = ancestor.version.record.message.lines().next().unwrap_or_default();
    let names: Vec<&str> = ancestor.refs.iter().map(RefName::short).collect();
    let refs = names.join(", ");
    let refs = if refs.is_empty() { refs } else { format!("  ({refs})") };
    let gap = match (subject.is_empty(), refs.is_empty()) {
        (true, _) => "",
        (false, true) => "  ",
        (false, false) => " ",
    };
    Text::styled(Style::Ref, refs).plain(gap).plain(subject)
}

fn run(lineage: &Lineage, places: &[usize]) -> Text {
    Text::styled(Style::Faint, format!("{LABEL_INDENT}{}", summary(lineage, places)))
}

fn goes(lineage: &Lineage, id: &VersionId) -> Text {
    let place = lineage.place(id);
    let number = place.map(|place| lineage.versions[place].version.record.number);
    let number = number.map_or_else(|| "older".to_owned(), |number| format!("#{number}"));
    Text::styled(Style::Faint, "from ").plain(format!("{number} ")).push(Style::Id, id.short())
}

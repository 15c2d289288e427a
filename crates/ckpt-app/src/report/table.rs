//! The tables of a report: metrics by version, and inputs.

use ckpt_store::Version;

use super::{
    html::Html,
    inputs::{Change, WentIn},
    series::{Metrics, Series},
};
use crate::format;

/// The most rows of the table of metrics: a longer page is slow to scroll, and `log` has them all.
const MOST_ROWS: usize = 300;

/// The most columns of metrics.
const MOST_COLUMNS: usize = 16;

/// Writes the metrics of the versions, the newest first.
pub(super) fn metrics(html: &mut Html, versions: &[Version], metrics: &Metrics) {
    let columns = &metrics.series[..metrics.series.len().min(MOST_COLUMNS)];
    let best: Vec<Option<usize>> = columns.iter().map(Series::best).collect();
    scrolling(html, "Metrics by version", |html| {
        html.element("table", &[], |html| {
            let titles = columns.iter().map(|series| (series.name.as_str(), "n"));
            head(
                html,
                [("#", "n"), ("version", "")]
                    .into_iter()
                    .chain(titles)
                    .chain([("time", ""), ("message", "")]),
            );
            html.element("tbody", &[], |html| {
                for (index, version) in versions.iter().enumerate().rev().take(MOST_ROWS) {
                    html.element("tr", &[], |html| row(html, index, version, columns, &best));
                }
            });
        });
    });
    let rows = versions.len().saturating_sub(MOST_ROWS);
    let left_out = metrics.series.len() - columns.len() + metrics.left_out;
    note(html, rows, "older version", "is not in this table", "are not in this table");
    note(html, left_out, "metric", "is not in this table", "are not in this table");
}

fn row(
    html: &mut Html,
    index: usize,
    version: &Version,
    columns: &[Series],
    best: &[Option<usize>],
) {
    html.leaf("td", &[("class", &"n")], version.record.number);
    html.element("th", &[("scope", &"row")], |html| html.leaf("code", &[], version.id.short()));
    for (series, best) in columns.iter().zip(best) {
        let text = series.values[index].map_or_else(String::new, format::number);
        if *best == Some(index) {
            html.element("td", &[("class", &"n best"), ("title", &"the best")], |html| {
                html.leaf("b", &[], text + " ★");
            });
        } else {
            html.leaf("td", &[("class", &"n")], text);
        }
    }
    html.leaf("td", &[("class", &"time")], format::utc(version.record.time_ms));
    let subject = version.record.message.lines().next().unwrap_or_default();
    html.leaf("td", &[("class", &"message"), ("title", &subject)], subject);
}

/// Writes the inputs of the last version, and what changed before.
pub(super) fn inputs(html: &mut Html, versions: &[Version], went_in: &WentIn) {
    html.element("div", &[("class", &"columns")], |html| {
        scrolling(html, "The inputs of the last version", |html| {
            html.element("table", &[], |html| {
                html.leaf("caption", &[], "Of the last version");
                head(html, [("kind", ""), ("name", ""), ("value", "")].into_iter());
                html.element("tbody", &[], |html| {
                    for ((kind, name), value) in &went_in.last {
                        html.element("tr", &[], |html| cells(html, kind, &[name, value]));
                    }
                    if went_in.last.is_empty() {
                        only(html, 3, "nothing is on record");
                    }
                });
            });
        });
        scrolling(html, "What changed", |html| changes(html, versions, &went_in.changes));
    });
    note(html, went_in.left_out, "later change", "is not listed", "are not listed");
}

fn changes(html: &mut Html, versions: &[Version], changes: &[Change]) {
    html.element("table", &[], |html| {
        html.leaf("caption", &[], "What changed");
        let titles = [("at", ""), ("kind", ""), ("name", ""), ("before", ""), ("after", "")];
        head(html, titles.into_iter());
        html.element("tbody", &[], |html| {
            for Change { key: (kind, name), versions: at, times, before, after } in changes {
                let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
                let (first, last) = (versions[at.0].record.number, versions[at.1].record.number);
                let place = match times {
                    1 => format!("#{first}"),
                    _ => format!("#{first} to #{last}, {times} times"),
                };
                html.element("tr", &[], |html| {
                    html.leaf("td", &[("class", &"at")], place);
                    cells(html, kind, &[name, &text(before), &text(after)]);
                });
            }
            if changes.is_empty() {
                only(html, 5, "nothing: the same went into every version");
            }
        });
    });
}

fn cells(html: &mut Html, kind: &str, texts: &[&str]) {
    html.leaf("td", &[], kind);
    texts.iter().for_each(|text| html.leaf("td", &[("class", &"value")], text));
}

/// Writes the row of a table that has no others.
fn only(html: &mut Html, columns: usize, text: &str) {
    html.element("tr", &[], |html| html.leaf("td", &[("colspan", &columns)], text));
}

/// Writes the titles of columns, each with its class.
fn head<'a>(html: &mut Html, titles: impl Iterator<Item = (&'a str, &'a str)>) {
    html.element("thead", &[], |html| {
        html.element("tr", &[], |html| {
            for (title, class) in titles {
                html.leaf("th", &[("scope", &"col"), ("class", &class)], title);
            }
        });
    });
}

/// Writes what may be wider than the page and is then moved by itself, by keys too.
pub(super) fn scrolling(html: &mut Html, name: &str, fill: impl FnOnce(&mut Html)) {
    html.element(
        "div",
        &[("class", &"scroll"), ("role", &"region"), ("tabindex", &0), ("aria-label", &name)],
        fill,
    );
}

/// Says how many things are left out, if there are any.
pub(super) fn note(html: &mut Html, count: usize, noun: &str, is: &str, are: &str) {
    if count > 0 {
        let verb = if count == 1 { is } else { are };
        let text = format!("{} {verb}", format::count(count as u64, noun));
        html.leaf("p", &[("class", &"note")], text);
    }
}

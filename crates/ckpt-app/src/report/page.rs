//! The page: one document that needs nothing but itself.

use std::collections::BTreeMap;

use ckpt_hash::{Digest, VersionId};
use ckpt_store::{RefKind, RefName, Version};

use super::{
    cards, chart, chart::Axis, descent::Node, graph, heat, html::Html, inputs::WentIn,
    series::Metrics, table, tensors::HeatMap,
};
use crate::format;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What every report starts with, so that one is known as such.
pub const START: &str = "<!DOCTYPE html>\n<html lang=\"en\" data-made-by=\"ckpt report\">";

/// The most charts.
const MOST_CHARTS: usize = 24;

/// What a report is made of.
#[derive(Debug)]
pub struct Report {
    /// What the repository is called.
    pub(super) repository: String,
    /// The versions as they were asked for, such as `v1..main`.
    pub(super) range: String,
    /// When the report is made.
    pub(super) time_ms: i64,
    /// The versions, the oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) refs: BTreeMap<VersionId, Vec<RefName>>,
    /// The current branch.
    pub(super) head: RefName,
    pub(super) metrics: Metrics,
    pub(super) went_in: WentIn,
    /// `None` if tensors are not wanted.
    pub(super) heat: Option<HeatMap>,
    pub(super) graph: Vec<Node>,
}

impl Report {
    /// Writes the page.
    pub fn page(&self) -> String {
        let mut html = Html::new();
        html.constant("<!DOCTYPE html>\n");
        html.element("html", &[("lang", &"en"), ("data-made-by", &"ckpt report")], |html| {
            html.element("head", &[], |html| self.head(html));
            html.element("body", &[], |html| self.body(html));
        });
        html.into_string() + "\n"
    }

    fn title(&self) -> String {
        format!("{}: {}", self.repository, self.range)
    }

    fn head(&self, html: &mut Html) {
        html.void("meta", &[("charset", &"utf-8")]);
        let viewport = "width=device-width, initial-scale=1";
        html.void("meta", &[("name", &"viewport"), ("content", &viewport)]);
        // Nothing is loaded, and no script runs but this one, whatever a page should hold.
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'",
            base64(Digest::of(SCRIPT.as_bytes()).as_bytes())
        );
        html.void("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &policy)]);
        html.leaf("title", &[], self.title());
        html.element("style", &[], |html| html.constant(STYLE));
    }

    fn body(&self, html: &mut Html) {
        html.element("header", &[], |html| {
            html.element("div", &[], |html| {
                html.leaf("h1", &[], self.title());
                let versions = format::count(self.versions.len() as u64, "version");
                let time = format::utc(self.time_ms);
                html.leaf("p", &[("class", &"note")], format!("{versions}, reported {time}"));
            });
            theme(html);
        });
        html.element("main", &[], |html| {
            section(html, "Summary", |html| {
                cards::draw(html, &self.versions, &self.metrics, &self.went_in);
            });
            section(html, "Metrics", |html| self.charts(html));
            section(html, "Inputs", |html| {
                table::inputs(html, &self.versions, &self.went_in);
            });
            section(html, "Metrics by version", |html| {
                table::metrics(html, &self.versions, &self.metrics);
            });
            if let Some(heat) = &self.heat {
                section(html, "Changes of tensors", |html| tensors(html, heat));
            }
            section(html, "History", |html| {
                graph::draw(html, &self.graph, &self.refs, &self.head);
            });
        });
        html.element("script", &[], |html| html.constant(SCRIPT));
    }

    fn charts(&self, html: &mut Html) {
        let numbers: Vec<u64> = self.versions.iter().map(|version| version.record.number).collect();
        let name = |version: &Version| {
            let refs = self.refs.get(&version.id).into_iter().flatten().map(RefName::short);
            let number = format!("#{}", version.record.number);
            [number, version.id.short()]
                .iter()
                .map(String::as_str)
                .chain(refs)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let names: Vec<String> = self.versions.iter().map(name).collect();
        let axis = Axis { numbers: &numbers, names: &names, marks: &self.marks() };
        let families = self.metrics.families();
        html.element("div", &[("class", &"charts")], |html| {
            let families = families.iter().take(MOST_CHARTS).enumerate();
            families.for_each(|(index, family)| chart::draw(html, index, &axis, family));
        });
        if families.is_empty() {
            html.leaf("p", &[("class", &"note")], "no version has metrics");
        }
        let left_out = families.len().saturating_sub(MOST_CHARTS);
        table::note(html, left_out, "chart", "is left out", "are left out");
    }

    /// Gives the names of tags and aliases by the place of their version.
    fn marks(&self) -> BTreeMap<usize, String> {
        let mark = |(index, version): (usize, &Version)| {
            let refs = self.refs.get(&version.id)?.iter();
            let names: Vec<&str> =
                refs.filter(|name| name.kind() != RefKind::Branch).map(RefName::short).collect();
            (!names.is_empty()).then(|| (index, names.join(", ")))
        };
        self.versions.iter().enumerate().filter_map(mark).collect()
    }
}

fn section(html: &mut Html, title: &str, fill: impl FnOnce(&mut Html)) {
    html.element("section", &[], |html| {
        html.leaf("h2", &[], title);
        fill(html);
    });
}

fn tensors(html: &mut Html, heat: &HeatMap) {
    let nothing = match (heat.steps.is_empty(), heat.rows.is_empty()) {
        _ if heat.is_removed => "the content of these versions was removed",
        (true, _) => "one version alone has no changes",
        (false, true) => "no version has tensors that are weights",
        (false, false) => return heat::draw(html, heat),
    };
    html.leaf("p", &[("class", &"note")], nothing);
}

/// Writes the switch between light and dark, which the style sheet reads.
fn theme(html: &mut Html) {
    html.element("fieldset", &[("class", &"theme")], |html| {
        html.leaf("legend", &[("class", &"hidden")], "Colours");
        html.void(
            "input",
            &[("type", &"radio"), ("name", &"theme"), ("id", &"auto"), ("checked", &"")],
        );
        html.leaf("label", &[("for", &"auto")], "auto");
        for theme in ["light", "dark"] {
            html.void("input", &[("type", &"radio"), ("name", &"theme"), ("id", &theme)]);
            html.leaf("label", &[("for", &theme)], theme);
        }
    });
}

/// Writes bytes in base 64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| -> String {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        let digit = |index: usize| match index <= group.len() {
            true => char::from(DIGITS[(bits >> (18 - 6 * index)) as usize % 64]),
            false => '=',
        };
        (0..4).map(digit).collect()
    };
    bytes.chunks(3).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_that_of_the_rfc() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (text, expected) in cases {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn the_style_and_the_script_ask_for_nothing() {
        for text in [STYLE, SCRIPT] {
            for asking in ["http", "//", "url(", "@import", "fetch", "innerHTML", "</"] {
                assert!(!text.contains(asking), "{asking}");
            }
        }
    }

    /// Gives the relative luminance of a colour such as `#1f5fc4` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |from: usize| {
            let value = f64::from(u8::from_str_radix(&colour[from..from + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn texts_and_lines_stand_out_in_light_and_dark() {
        let colours = |name: &str| -> [f64; 2] {
            let (_, rest) = STYLE.split_once(&format!("--{name}: light-dark(")).unwrap();
            let (light, rest) = rest.split_once(", ").unwrap();
            [light, rest.split(')').next().unwrap()].map(luminance)
        };
        for name in ["ink", "faint", "good", "bad", "s0", "s1", "s2", "s3", "s4", "s5"] {
            for (colour, ground) in ["page", "surface"]
                .into_iter()
                .flat_map(|ground| colours(name).into_iter().zip(colours(ground)))
            {
                let contrast = (colour.max(ground) + 0.05) / (colour.min(ground) + 0.05);
                assert!(contrast >= 4.5, "{name}: {contrast}");
            }
        }
    }

    #[test]
    fn every_page_starts_in_the_same_way() {
        let report = Report {
            repository: String::new(),
            range: String::new(),
            time_ms: 0,
            versions: Vec::new(),
            refs: BTreeMap::new(),
            head: RefName::branch("main").unwrap(),
            metrics: Metrics::default(),
            went_in: WentIn::default(),
            heat: None,
            graph: Vec::new(),
        };
        assert!(report.page().starts_with(START));
    }
}

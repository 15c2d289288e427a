//! Draws the curves of a family of metrics.

use std::{collections::BTreeMap, fmt::Display};

use serde::Serialize;

use super::{
    html::{Attributes, Html, Px, shortened},
    sample,
    scale::Scale,
    series::{Family, Series},
};
use crate::{format, text::escape};

/// The size of a chart, in pixels where it is drawn as large as that: two fit side by side on a
/// laptop's screen, and text of 12 pixels stays readable on a phone's.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 270.0;

/// Room around the curves: numbers below, and at the right half a number.
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
const RIGHT: f64 = 20.0;

/// Room for the names of tags and aliases above: two rows of them.
const NAMES: f64 = 14.0;
const ROWS: usize = 2;

/// The most characters of such a name.
const NAME: usize = 18;

/// The width of a digit of a mark, and the gap between a mark and the curves.
const DIGIT: f64 = 6.7;
const GAP: f64 = 8.0;

/// The most points of a curve: two for each pixel, as columns of four points.
const MOST_POINTS: usize = 800;

/// The most places that can be pointed at.
const MOST_READINGS: usize = 400;

/// Lines of different colours and dashes that a style sheet has.
const STYLES: usize = 6;

/// Points up to this many have dots: more would touch each other.
const MOST_DOTS: usize = 40;

/// What is known of each version that a chart shows.
pub(super) struct Axis<'a> {
    /// Numbers of versions, which rise.
    pub(super) numbers: &'a [u64],
    /// What each version is called.
    pub(super) names: &'a [String],
    /// The names of tags and aliases, by the place of their version.
    pub(super) marks: &'a BTreeMap<usize, String>,
}

/// A chart that is being drawn.
struct Chart<'a> {
    axis: &'a Axis<'a>,
    family: &'a Family<'a>,
    x: Scale,
    y: Scale,
    left: f64,
    top: f64,
}

/// What the script shows where a chart is pointed at.
#[derive(Serialize)]
struct Readings {
    width: f64,
    series: Vec<String>,
    points: Vec<Reading>,
}

/// The values of one version.
#[derive(Serialize)]
struct Reading {
    x: f64,
    name: String,
    values: Vec<String>,
}

/// Draws a family as a figure, `index` being its place on the page.
pub(super) fn draw(html: &mut Html, index: usize, axis: &Axis<'_>, family: &Family<'_>) {
    let values = family.series.iter().flat_map(|series| series.values.iter().flatten().copied());
    let (Some(first), Some(last)) = (axis.numbers.first(), axis.numbers.last()) else {
        return;
    };
    html.element("figure", &[("class", &"chart")], |html| {
        html.leaf("figcaption", &[], &family.name);
        legend(html, index, family);
        let Some(y) = Scale::of(values) else {
            html.leaf("p", &[("class", &"note")], "no value is a finite number");
            return;
        };
        let x = Scale::of_numbers(*first, *last);
        let widest = y.marks().iter().map(|(_, text)| text.len()).max().unwrap_or(0);
        let left = widest as f64 * DIGIT + 2.0 * GAP;
        let top = if axis.marks.is_empty() { TOP } else { TOP + ROWS as f64 * NAMES };
        let chart = Chart { axis, family, x, y, left, top };
        chart.draw(html, index);
        html.data(&chart.readings());
    });
}

/// Writes the names of the series, each with a switch that hides it.
fn legend(html: &mut Html, index: usize, family: &Family<'_>) {
    html.element("div", &[("class", &"legend")], |html| {
        for (number, series) in family.series.iter().enumerate() {
            let id = format!("c{index}s{number}");
            let class = format!("toggle t{number}");
            html.element("label", &[("for", &id)], |html| {
                html.void(
                    "input",
                    &[("type", &"checkbox"), ("checked", &""), ("class", &class), ("id", &id)],
                );
                html.empty("i", &[("class", &format!("swatch s{}", number % STYLES))]);
                html.text(&series.name);
                if let Some(last) = series.last() {
                    html.leaf("b", &[], format!(" {}", format::number(last)));
                }
            });
        }
    });
}

impl Chart<'_> {
    fn x(&self, number: u64) -> f64 {
        self.left + self.x.place(number as f64) * (WIDTH - self.left - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - BOTTOM - self.top)
    }

    fn draw(&self, html: &mut Html, index: usize) {
        let (title, text) = (format!("c{index}t"), format!("c{index}d"));
        let labels = format!("{title} {text}");
        let view = format!("0 0 {WIDTH} {HEIGHT}");
        let shape: Attributes<'_> =
            &[("viewBox", &view), ("role", &"img"), ("aria-labelledby", &labels)];
        html.element("svg", shape, |html| {
            html.leaf("title", &[("id", &title)], &self.family.name);
            html.leaf("desc", &[("id", &text)], self.description());
            self.frame(html);
            self.marks(html);
            for (number, series) in self.family.series.iter().enumerate() {
                self.curve(html, number, series);
            }
            line(html, "cursor", (0.0, self.top), (0.0, HEIGHT - BOTTOM));
        });
    }

    /// Says in words what the curves show.
    fn description(&self) -> String {
        let of = |series: &&Series| {
            let values = || series.values.iter().flatten().filter(|value| value.is_finite());
            let first = values().next().map_or_else(String::new, |first| format::number(*first));
            let last = values().next_back().map_or_else(String::new, |last| format::number(*last));
            format!("{} goes from {first} to {last}", series.name)
        };
        let kind = if self.y.is_log() { "logarithmic axis; " } else { "" };
        kind.to_owned() + &self.family.series.iter().map(of).collect::<Vec<_>>().join(", ")
    }

    /// Draws the axes with their marks.
    fn frame(&self, html: &mut Html) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, text) in self.y.marks() {
            let y = self.y(value);
            line(html, "grid", (self.left, y), (right, y));
            label(html, "y", (self.left - GAP, y + 4.0), text);
        }
        for (number, text) in self.x.whole_marks() {
            label(html, "x", (self.x(number as u64), bottom + 16.0), text);
        }
        let middle = f64::midpoint(self.left, right);
        label(html, "x name", (middle, HEIGHT - 3.0), "version");
    }

    /// Draws where tags and aliases stand; names that have no room are read by pointing at them.
    fn marks(&self, html: &mut Html) {
        let mut free_from = [self.left; ROWS];
        for (version, names) in self.axis.marks {
            let x = self.x(self.axis.numbers[*version]);
            let text = shortened(names, NAME);
            let width = text.chars().count() as f64 * DIGIT;
            let start = (x - width / 2.0).min(WIDTH - width);
            let row = free_from.iter().position(|free_from| start >= *free_from);
            html.element("g", &[("class", &"mark")], |html| {
                html.leaf("title", &[], names);
                let above = row.map_or(0, |row| row + 1) as f64 * NAMES;
                line(html, "", (x, self.top - above), (x, HEIGHT - BOTTOM));
                if let Some(row) = row {
                    label(html, "", (start, self.top - above - 3.0), text);
                    free_from[row] = start + width + GAP;
                }
            });
        }
    }

    fn curve(&self, html: &mut Html, number: usize, series: &Series) {
        let numbers = self.axis.numbers.iter().map(|number| self.x(*number));
        let points: Vec<(f64, Option<f64>)> = numbers.zip(series.values.iter().copied()).collect();
        let lines = sample::lines(&points, MOST_POINTS);
        let class = format!("curve s{} n{number}", number % STYLES);
        html.element("g", &[("class", &class)], |html| {
            let path: String = lines.iter().map(|line| self.path(line)).collect();
            html.empty("path", &[("d", &path)]);
            let is_short = points.len() <= MOST_DOTS;
            for line in lines.iter().filter(|line| is_short || line.len() == 1) {
                for (x, value) in line {
                    self.dot(html, "dot", 2.5, *x, *value);
                }
            }
            if let Some(best) = series.best() {
                let value = series.values[best].filter(|value| value.is_finite());
                let x = self.x(self.axis.numbers[best]);
                if let Some(value) = value {
                    self.dot(html, "best", 5.0, x, value);
                }
            }
            self.crosses(html, &points);
        });
    }

    fn path(&self, line: &[sample::Point]) -> String {
        let step = |(index, (x, value)): (usize, &sample::Point)| {
            let command = if index == 0 { "M" } else { "L" };
            format!("{command}{} {}", Px(*x), Px(self.y(*value)))
        };
        line.iter().enumerate().map(step).collect()
    }

    fn dot(&self, html: &mut Html, class: &str, radius: f64, x: f64, value: f64) {
        html.empty(
            "circle",
            &[("class", &class), ("r", &radius), ("cx", &Px(x)), ("cy", &Px(self.y(value)))],
        );
    }

    /// Marks values that are no finite numbers, at the bottom, once for each pixel.
    fn crosses(&self, html: &mut Html, points: &[(f64, Option<f64>)]) {
        let is_odd = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
        let mut places: Vec<i64> =
            points.iter().filter(|(_, value)| is_odd(value)).map(|(x, _)| *x as i64).collect();
        places.dedup();
        let y = HEIGHT - BOTTOM - 4.0;
        let cross = |x: &i64| format!("M{} {}l6 6m0-6l-6 6", x - 3, Px(y - 3.0));
        let path: String = places.iter().map(cross).collect();
        if !path.is_empty() {
            html.element("path", &[("class", &"odd"), ("d", &path)], |html| {
                html.leaf("title", &[], "not a finite number");
            });
        }
    }

    fn readings(&self) -> Readings {
        let count = self.axis.numbers.len();
        let step = count.div_ceil(MOST_READINGS).max(1);
        // Counted from the end, so that the last version can be pointed at.
        let mut versions: Vec<usize> = (0..count).rev().step_by(step).collect();
        versions.reverse();
        let reading = |version: usize| {
            let values = self.family.series.iter().map(|series| series.values[version]);
            let text = |value: Option<f64>| value.map_or_else(String::new, format::number);
            Reading {
                x: (self.x(self.axis.numbers[version]) * 10.0).round() / 10.0,
                name: escape(&self.axis.names[version]),
                values: values.map(text).collect(),
            }
        };
        Readings {
            width: WIDTH,
            series: self.family.series.iter().map(|series| escape(&series.name)).collect(),
            points: versions.into_iter().map(reading).collect(),
        }
    }
}

fn line(html: &mut Html, class: &str, from: sample::Point, to: sample::Point) {
    html.empty(
        "line",
        &[
            ("class", &class),
            ("x1", &Px(from.0)),
            ("y1", &Px(from.1)),
            ("x2", &Px(to.0)),
            ("y2", &Px(to.1)),
        ],
    );
}

fn label(html: &mut Html, class: &str, at: sample::Point, text: impl Display) {
    html.leaf("text", &[("class", &class), ("x", &Px(at.0)), ("y", &Px(at.1))], text);
}

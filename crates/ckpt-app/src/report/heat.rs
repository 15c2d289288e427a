//! Draws the changes of tensors as a heat map: a table whose cells are colours.

use super::{
    html::{Html, Px, shortened},
    table,
    tensors::{Cell, HeatMap, Row},
};
use crate::format;

/// Colours from small to large that the style sheet has.
const SHADES: usize = 8;

/// Pixels for all columns together, and of one column at least and at most.
const WIDTH: f64 = 780.0;
const NARROWEST: f64 = 11.0;
const WIDEST: f64 = 44.0;

/// Pixels of a digit of a column's number.
const DIGIT: f64 = 7.0;

/// The most columns of a tensor's name.
const NAME: usize = 44;

/// Writes the heat map, what its colours mean and what is left out.
pub(super) fn draw(html: &mut Html, heat: &HeatMap) {
    let extent = heat.extent();
    legend(html, heat, extent);
    let width = (WIDTH / heat.steps.len() as f64).clamp(NARROWEST, WIDEST);
    table::scrolling(html, "Changes of tensors", |html| {
        html.element("table", &[("class", &"heat")], |html| {
            html.element("thead", &[], |html| numbers(html, heat, width));
            html.element("tbody", &[], |html| {
                heat.rows.iter().for_each(|row| tensor(html, heat, row, extent));
            });
        });
    });
    table::note(
        html,
        heat.left_out,
        "tensor",
        "that changed less is left out",
        "that changed less are left out",
    );
    if heat.skips_versions {
        let text = "of the versions, some were chosen evenly; each is compared with the one chosen \
                    before";
        html.leaf("p", &[("class", &"note")], text);
    }
}

/// Writes the numbers of versions above the columns, as many as have room.
fn numbers(html: &mut Html, heat: &HeatMap, width: f64) {
    let digits = heat.steps.last().map_or(1, |(_, number)| number.to_string().len());
    let each = ((digits + 1) as f64 * DIGIT / width).ceil() as usize;
    html.element("tr", &[], |html| {
        html.leaf("th", &[("scope", &"col")], "tensor");
        for steps in heat.steps.chunks(each) {
            let span = steps.len();
            let style = format!("min-width:{}px", Px(width * span as f64));
            // The last group may be too narrow for its number.
            let number = steps.first().filter(|_| span == each || heat.steps.len() < each);
            let number = number.map_or_else(String::new, |(_, number)| number.to_string());
            html.leaf(
                "th",
                &[("scope", &"colgroup"), ("colspan", &span), ("style", &style)],
                number,
            );
        }
    });
}

fn tensor(html: &mut Html, heat: &HeatMap, row: &Row, extent: Option<(f64, f64)>) {
    html.element("tr", &[], |html| {
        html.element("th", &[("scope", &"row"), ("title", &row.name)], |html| {
            html.leaf("bdi", &[], shortened(&row.name, NAME));
        });
        for ((before, after), cell) in heat.steps.iter().zip(&row.cells) {
            let (class, sign, text) = look(*cell, extent);
            let title = format!("#{before} to #{after}: {text}");
            html.leaf("td", &[("class", &class), ("title", &title)], sign);
        }
    });
}

/// Gives a cell's class, sign and meaning.
fn look(cell: Cell, extent: Option<(f64, f64)>) -> (String, &'static str, String) {
    let plain = |class: &str, sign, text: &str| (class.to_owned(), sign, text.to_owned());
    match cell {
        Cell::Absent => plain("none", "", "not there"),
        Cell::Same => plain("same", "", "the same"),
        Cell::Changed(0.0) => plain("same", "", "equal numbers"),
        Cell::Changed(change) if change.is_infinite() => plain("odd", "∞", "from zeros"),
        Cell::Changed(change) => {
            let shade = extent.map_or(SHADES, |extent| shade(change, extent));
            (format!("h{shade}"), "", format::number(change))
        }
        Cell::Spoiled => plain("spoiled", "!", "NaN or infinite, before or after"),
        Cell::Added => plain("odd", "+", "new"),
        Cell::Removed => plain("odd", "−", "gone"),
        Cell::Other => plain("odd", "≠", "another shape, type or kind"),
        Cell::Unknown => plain("unknown", "", "content was removed"),
    }
}

/// Gives the shade of a change, from 1 to [`SHADES`], in equal ratios between the extremes.
fn shade(change: f64, (least, most): (f64, f64)) -> usize {
    let place = (change / least).ln() / (most / least).ln();
    // Without a range, all are as large as it gets.
    let place = if place.is_nan() { 1.0 } else { place };
    1 + (place * SHADES as f64).clamp(0.0, SHADES as f64 - 1.0) as usize
}

/// Tells cells of one kind from others.
type IsMeant = fn(&Cell) -> bool;

/// Says what the colours and signs that occur mean.
fn legend(html: &mut Html, heat: &HeatMap, extent: Option<(f64, f64)>) {
    html.element("p", &[("class", &"key")], |html| {
        if let Some((least, most)) = extent {
            html.leaf("span", &[], "relative change (L2)");
            html.element("span", &[], |html| {
                html.text(format!("{} ", rough(least)));
                for shade in 1..=SHADES {
                    html.empty("i", &[("class", &format!("h{shade}"))]);
                }
                html.text(format!(" {}", rough(most)));
            });
        }
        let kinds: [(IsMeant, &str, &str, &str); 7] = [
            (|cell| matches!(cell, Cell::Same | Cell::Changed(0.0)), "same", "", "unchanged"),
            (|cell| *cell == Cell::Spoiled, "spoiled", "!", "NaN or infinite"),
            (|cell| *cell == Cell::Added, "odd", "+", "new"),
            (|cell| *cell == Cell::Removed, "odd", "−", "gone"),
            (|cell| *cell == Cell::Other, "odd", "≠", "other shape or type"),
            (|cell| *cell == Cell::Changed(f64::INFINITY), "odd", "∞", "from zeros"),
            (|cell| *cell == Cell::Unknown, "unknown", "", "content removed"),
        ];
        for (is_meant, class, sign, text) in kinds {
            if heat.has(is_meant) {
                html.element("span", &[], |html| {
                    html.leaf("i", &[("class", &class)], sign);
                    html.text(format!(" {text}"));
                });
            }
        }
    });
}

/// Writes a number with two digits.
fn rough(value: f64) -> String {
    let rounded = format!("{value:.1e}").parse().unwrap_or(value);
    format::number(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_go_from_the_least_to_the_most_in_equal_ratios() {
        let extent = (1e-4, 1.0);
        let shades = [1e-4, 1e-3, 0.011, 0.5, 1.0].map(|change| shade(change, extent));
        assert_eq!(shades, [1, 3, 5, 8, 8]);
        assert_eq!(shade(0.5, (0.5, 0.5)), SHADES);
        assert_eq!(shade(5e-324, (5e-324, f64::MAX)), 1);
        assert_eq!(shade(f64::MAX, (5e-324, f64::MAX)), SHADES);
    }
}

//! The cards at the top: what there is, the best by each metric, what changed.

use ckpt_store::Version;

use super::{
    html::Html,
    inputs::{BASE, CODE, DATA, PARAMETER, SEED, WentIn},
    series::{Metrics, Series},
};
use crate::{format, metrics::Direction};

/// The most metrics that have a card.
const MOST: usize = 8;

/// Writes the cards.
pub(super) fn draw(html: &mut Html, versions: &[Version], metrics: &Metrics, went_in: &WentIn) {
    html.element("div", &[("class", &"cards")], |html| {
        history(html, versions);
        let known = metrics.series.iter().filter_map(|series| Some((series, series.best()?)));
        for (series, best) in known.take(MOST) {
            metric(html, &versions[best], series, best);
        }
        inputs(html, went_in);
    });
}

fn card(html: &mut Html, title: &str, value: &str, below: &[String]) {
    html.element("div", &[("class", &"card")], |html| {
        html.leaf("h3", &[("title", &title)], title);
        html.leaf("p", &[("class", &"value")], value);
        below.iter().for_each(|line| html.leaf("p", &[], line));
    });
}

fn history(html: &mut Html, versions: &[Version]) {
    let numbers: Vec<u64> = versions.iter().map(|version| version.record.number).collect();
    let times: Vec<String> =
        versions.iter().map(|version| format::date(version.record.time_ms)).collect();
    let (Some([first, .., last]), Some([start, .., end])) = (numbers.get(..), times.get(..)) else {
        let place = versions.first().map(|version| format!("#{}", version.record.number));
        return card(html, "versions", &versions.len().to_string(), &[place.unwrap_or_default()]);
    };
    let days = if start == end { start.clone() } else { format!("{start} to {end}") };
    card(html, "versions", &versions.len().to_string(), &[format!("#{first} to #{last}"), days]);
}

fn metric(html: &mut Html, version: &Version, series: &Series, best: usize) {
    let number = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), format::number);
    let place = format!("at #{}, {}", version.record.number, version.id.short());
    let last = format!("last {}", number(series.last()));
    let title = match series.direction {
        Some(Direction::Lower) => format!("least {}", series.name),
        _ => format!("greatest {}", series.name),
    };
    card(html, &title, &number(series.values[best]), &[place, last]);
}

fn inputs(html: &mut Html, went_in: &WentIn) {
    let changes = |kind: &str| went_in.counts.get(kind).copied().unwrap_or(0) as u64;
    let total = went_in.counts.values().sum::<usize>() as u64;
    let below = match total {
        0 => vec!["of parameters, data, code, seed and base models".to_owned()],
        _ => vec![
            format::count(changes(PARAMETER), "parameter"),
            format!("data {}, code {}", changes(DATA), changes(CODE)),
            format!("seed {}, base models {}", changes(SEED), changes(BASE)),
        ],
    };
    card(html, "inputs that changed", &total.to_string(), &below);
}

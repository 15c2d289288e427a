//! The metrics of the versions, one series each.

use std::collections::BTreeMap;

use ckpt_store::Version;

use crate::metrics::{Direction, Directions, SPREAD};

/// The most metrics of a report: more are not looked at.
const MOST: usize = 48;

/// The most metrics that share a chart: more lines than that are not told apart.
const MOST_TOGETHER: usize = 6;

/// First words of the names of metrics that tell which data was measured.
const PARTS_OF_DATA: [&str; 7] = ["train", "val", "valid", "validation", "test", "eval", "dev"];

/// A metric along the versions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    /// Which way it is better, if that is known.
    pub(super) direction: Option<Direction>,
    /// Its values, version by version.
    pub(super) values: Vec<Option<f64>>,
}

impl Series {
    /// Gives the place of the best value, of equal ones the first; `None` if no direction is known
    /// or no value is a finite number.
    pub(super) fn best(&self) -> Option<usize> {
        let direction = self.direction?;
        let numbers = self.values.iter().enumerate();
        let numbers =
            numbers.filter_map(|(at, value)| Some((at, value.filter(|value| value.is_finite())?)));
        let (at, _) = numbers.reduce(|best, next| {
            let is_better = match direction {
                Direction::Lower => next.1 < best.1,
                Direction::Higher => next.1 > best.1,
            };
            if is_better { next } else { best }
        })?;
        Some(at)
    }

    /// Gives the last value, which may be none that is a number.
    pub(super) fn last(&self) -> Option<f64> {
        self.values.iter().rev().flatten().next().copied()
    }
}

/// Metrics that measure the same on different data: they share a chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Family<'a> {
    pub(super) name: String,
    pub(super) series: Vec<&'a Series>,
}

/// The metrics of a report, and how many there was no room for.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// The most telling first.
    pub(super) series: Vec<Series>,
    pub(super) left_out: usize,
}

impl Metrics {
    /// Takes the metrics that most versions have, and of these the most telling.
    pub(super) fn of(versions: &[Version], directions: &Directions) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for name in versions.iter().flat_map(|version| version.record.metrics.keys()) {
            // The spread of a measurement is no measurement.
            if !name.ends_with(SPREAD) {
                *counts.entry(name).or_default() += 1;
            }
        }
        let mut names: Vec<(&str, usize)> = counts.into_iter().collect();
        names.sort_by_key(|(name, count)| (usize::MAX - count, directions.rank(name)));
        let left_out = names.len().saturating_sub(MOST);
        names.truncate(MOST);
        names.sort_by_key(|(name, _)| (directions.rank(name), *name));
        let value = |name: &str, version: &Version| version.record.metrics.get(name).copied();
        let series = |(name, _): (&str, usize)| Series {
            name: name.to_owned(),
            direction: directions.of(name),
            values: versions.iter().map(|version| value(name, version)).collect(),
        };
        Self { series: names.into_iter().map(series).collect(), left_out }
    }

    /// Groups metrics that differ in the data alone, such as train_loss and val_loss.
    pub(super) fn families(&self) -> Vec<Family<'_>> {
        let mut families: Vec<Family<'_>> = Vec::new();
        for series in &self.series {
            let name = measured(&series.name);
            let has_room = |family: &&mut Family<'_>| {
                family.name == name && family.series.len() < MOST_TOGETHER
            };
            match families.iter_mut().find(has_room) {
                Some(family) => family.series.push(series),
                None => families.push(Family { name: name.to_owned(), series: vec![series] }),
            }
        }
        families
    }
}

/// Gives the name of a metric without the word for the data.
fn measured(name: &str) -> &str {
    match name.split_once(['_', '/', '.', '-', ':']) {
        Some((first, rest)) if PARTS_OF_DATA.contains(&first) && !rest.is_empty() => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(direction: Option<Direction>, values: &[Option<f64>]) -> Series {
        Series { name: String::new(), direction, values: values.to_vec() }
    }

    #[test]
    fn the_best_is_the_first_of_equal_numbers() {
        let values = [None, Some(f64::NAN), Some(2.0), Some(1.0), Some(1.0), Some(3.0), None];
        assert_eq!(series(Some(Direction::Lower), &values).best(), Some(3));
        assert_eq!(series(Some(Direction::Higher), &values).best(), Some(5));
        assert_eq!(series(None, &values).best(), None);
        assert_eq!(series(Some(Direction::Lower), &[Some(f64::NAN), None]).best(), None);
        assert_eq!(series(None, &values).last(), Some(3.0));
    }

    #[test]
    fn metrics_of_different_data_are_one_family() {
        let names = ["val_loss", "train_loss", "loss", "val/f1", "test/f1", "trainable", "val_"];
        let series = names.map(|name| Series { name: name.to_owned(), ..series(None, &[]) });
        let metrics = Metrics { series: series.into(), left_out: 0 };
        let list = |family: &Family<'_>| {
            let names = family.series.iter().map(|series| series.name.as_str());
            format!("{}: {}", family.name, names.collect::<Vec<_>>().join(" "))
        };
        let families: Vec<String> = metrics.families().iter().map(list).collect();
        let expected = ["loss: val_loss train_loss loss", "f1: val/f1 test/f1"];
        assert_eq!(families[..2], expected);
        assert_eq!(families[2..], ["trainable: trainable", "val_: val_"]);
    }
}

//! What metrics mean: which way is better, and what lies within the error of measurement.

mod directions;

use std::collections::BTreeMap;

use ckpt_store::Pair;

pub use self::directions::{Direction, Directions};

/// Ends the name of the metric that holds the relative half-width of another.
pub const SPREAD: &str = ".spread";

/// How a metric changed from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same number, or within the spread of both.
    Same,
    /// In the good direction.
    Better,
    /// In the bad direction.
    Worse,
    /// A measurement with a spread became smaller than that explains.
    Faster,
    /// A measurement with a spread became larger than that explains.
    Slower,
    /// In a direction whose meaning is not known, or it is not in both versions.
    Changed,
}

impl Verdict {
    /// Returns the word for users; none where there is nothing to say.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Changed => "",
        }
    }
}

/// A metric of two versions.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricChange {
    /// The first version's value.
    pub a: Option<f64>,
    /// The second version's value.
    pub b: Option<f64>,
    /// The relative half-width of the first, if it is a measurement.
    pub spread_a: Option<f64>,
    /// The relative half-width of the second.
    pub spread_b: Option<f64>,
    /// Which way is better, if that is known.
    pub direction: Option<Direction>,
    /// What to make of it.
    pub verdict: Verdict,
}

impl MetricChange {
    /// Judges a metric by its direction, its values, and its spreads.
    fn new(direction: Option<Direction>, value: &Pair<f64>, spread: &Pair<f64>) -> Self {
        let verdict = match (value.a, value.b) {
            (Some(a), Some(b)) if a == b || (a.is_nan() && b.is_nan()) => Verdict::Same,
            (Some(a), Some(b)) => match (spread.a, spread.b) {
                (Some(spread_a), Some(spread_b)) => measured(direction, a, b, spread_a + spread_b),
                _ => judged(direction, a, b),
            },
            _ => Verdict::Changed,
        };
        let (spread_a, spread_b) = (spread.a, spread.b);
        Self { a: value.a, b: value.b, spread_a, spread_b, direction, verdict }
    }

    /// Tells whether a gate that lets nothing get worse can judge it: a metric whose direction is
    /// known, and that a has. A measurement of unknown direction may be a time or a rate.
    pub fn can_get_worse(&self) -> bool {
        self.direction.is_some() && self.a.is_some()
    }

    /// Tells whether a gate that lets nothing get worse is closed to it: a metric whose direction is
    /// known that got worse, or that b does not have as a number.
    pub fn got_worse(&self) -> bool {
        let is_number = |value: Option<f64>| value.is_some_and(|value| !value.is_nan());
        let is_lost = is_number(self.a) && !is_number(self.b);
        self.verdict == Verdict::Worse || (self.can_get_worse() && is_lost)
    }

    /// Tells whether it can be said that it got worse or did not: both values are numbers, and they
    /// are the same or it is known which way is better.
    pub fn is_judged(&self) -> bool {
        let is_number = |value: Option<f64>| value.is_some_and(|value| !value.is_nan());
        let is_known = self.direction.is_some() || self.verdict == Verdict::Same;
        is_known && is_number(self.a) && is_number(self.b)
    }

    /// Returns b - a.
    pub fn delta(&self) -> Option<f64> {
        Some(self.b? - self.a?)
    }

    /// Tells whether the values lie within both spreads of each other; `None` without spreads.
    pub fn within_spread(&self) -> Option<bool> {
        let is_measured = self.spread_a.is_some() && self.spread_b.is_some();
        (is_measured && self.delta().is_some()).then_some(self.verdict == Verdict::Same)
    }
}

/// Judges all metrics of two versions. A metric that is the spread of another is part of that one.
pub fn changes(
    metrics: &BTreeMap<String, Pair<f64>>,
    directions: &Directions,
) -> BTreeMap<String, MetricChange> {
    let is_spread = |name: &str| {
        name.strip_suffix(SPREAD).is_some_and(|measured| metrics.contains_key(measured))
    };
    let change = |(name, value): (&String, &Pair<f64>)| {
        let spread = metrics.get(&format!("{name}{SPREAD}")).copied().unwrap_or_default();
        (name.clone(), MetricChange::new(directions.of(name), value, &spread))
    };
    metrics.iter().filter(|(name, _)| !is_spread(name)).map(change).collect()
}

/// Judges a measurement: what differs by no more than both spreads together is the same. One whose
/// direction is not known is that of a time.
fn measured(direction: Option<Direction>, a: f64, b: f64, spread: f64) -> Verdict {
    let difference = (b - a).abs();
    if difference <= spread * a.abs() {
        Verdict::Same
    } else if direction.is_some() {
        judged(direction, a, b)
    } else if b < a {
        Verdict::Faster
    } else if b > a {
        Verdict::Slower
    } else {
        Verdict::Changed
    }
}

fn judged(direction: Option<Direction>, a: f64, b: f64) -> Verdict {
    let (Some(direction), Some(order)) = (direction, a.partial_cmp(&b)) else {
        return Verdict::Changed;
    };
    let falls = order.is_gt();
    if falls == (direction == Direction::Lower) { Verdict::Better } else { Verdict::Worse }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, a: f64, b: f64) -> Verdict {
        let direction = Directions::default().of(name);
        MetricChange::new(direction, &Pair { a: Some(a), b: Some(b) }, &Pair::default()).verdict
    }

    #[test]
    fn what_goes_the_good_way_is_better() {
        for (name, falling) in
            [("val_mse", Verdict::Better), ("f1", Verdict::Worse), ("size", Verdict::Changed)]
        {
            assert_eq!(verdict(name, 2.0, 1.0), falling, "{name}");
        }
        assert_eq!(verdict("val_mse", 1.0, 2.0), Verdict::Worse);
        assert_eq!(verdict("f1", 1.0, 2.0), Verdict::Better);
    }

    #[test]
    fn what_is_lost_got_worse() {
        let got_worse = |name: &str, a, b| {
            let spread = Pair::default();
            MetricChange::new(Directions::default().of(name), &Pair { a, b }, &spread).got_worse()
        };
        assert!(got_worse("f1", Some(0.9), Some(0.8)) && !got_worse("f1", Some(0.8), Some(0.9)));
        assert!(got_worse("f1", Some(0.9), None) && got_worse("f1", Some(0.9), Some(f64::NAN)));
        assert!(!got_worse("f1", None, Some(0.1)) && !got_worse("f1", Some(f64::NAN), Some(0.1)));
        assert!(!got_worse("size", Some(1.0), Some(9.0)) && !got_worse("size", Some(1.0), None));
    }

    #[test]
    fn a_measurement_of_unknown_direction_does_not_get_worse() {
        let pair = |a, b| Pair { a, b };
        let spread = pair(Some(0.01), Some(0.01));
        for b in [Some(100.0), Some(400.0), None] {
            let change = MetricChange::new(None, &pair(Some(200.0), b), &spread);
            assert!(!change.got_worse() && !change.can_get_worse(), "{b:?}");
            let rate = MetricChange::new(Some(Direction::Higher), &pair(Some(200.0), b), &spread);
            assert_eq!((rate.got_worse(), rate.can_get_worse()), (b != Some(400.0), true), "{b:?}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_never_better() {
        assert_eq!(verdict("loss", f64::NAN, f64::NAN), Verdict::Same);
        assert_eq!(verdict("loss", f64::NAN, 1.0), Verdict::Changed);
        assert_eq!(verdict("loss", f64::INFINITY, 1.0), Verdict::Better);
    }

    #[test]
    fn a_measurement_differs_only_beyond_both_spreads() {
        let metrics = |b: f64| {
            let pair = |a, b| Pair { a: Some(a), b: Some(b) };
            BTreeMap::from([
                ("hash".to_owned(), pair(100.0, b)),
                ("hash.spread".to_owned(), pair(0.02, 0.03)),
            ])
        };
        let change = |b| changes(&metrics(b), &Directions::default()).remove("hash").unwrap();
        assert_eq!(changes(&metrics(1.0), &Directions::default()).len(), 1);
        for (b, expected) in [
            (95.0, Verdict::Same),
            (105.0, Verdict::Same),
            (94.9, Verdict::Faster),
            (105.1, Verdict::Slower),
        ] {
            assert_eq!(change(b).verdict, expected, "{b}");
            assert_eq!(change(b).within_spread(), Some(expected == Verdict::Same));
        }
    }

    #[test]
    fn a_measurement_of_known_direction_is_better_or_worse() {
        let pair = |a, b| Pair { a: Some(a), b: Some(b) };
        let judge = |b| MetricChange::new(Some(Direction::Higher), &pair(0.5, b), &pair(0.1, 0.1));
        assert_eq!(judge(0.59).verdict, Verdict::Same);
        assert_eq!((judge(0.7).verdict, judge(0.3).verdict), (Verdict::Better, Verdict::Worse));
    }

    #[test]
    fn a_spread_of_nothing_is_a_metric_like_any_other() {
        let pair = Pair { a: Some(0.1), b: Some(0.2) };
        let metrics = BTreeMap::from([("hash.spread".to_owned(), pair)]);
        assert_eq!(
            changes(&metrics, &Directions::default())["hash.spread"].verdict,
            Verdict::Changed
        );
    }
}

//! What metrics mean: which way is better, and what lies within the error of measurement.

use std::collections::BTreeMap;

use ckpt_store::Pair;

/// Ends the name of the metric that holds the relative half-width of another.
pub(crate) const SPREAD: &str = ".spread";

/// Last words of the names of metrics that are better the lower they are.
const LOWER: [&str; 12] = [
    "loss",
    "mse",
    "rmse",
    "mae",
    "mape",
    "error",
    "err",
    "entropy",
    "nll",
    "perplexity",
    "ppl",
    "deviance",
];

/// Last words of the names of metrics that are better the higher they are.
const HIGHER: [&str; 8] = ["accuracy", "acc", "f1", "precision", "recall", "r2", "auc", "bleu"];

/// How a metric changed from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
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
    /// Returns the word for people; none where there is nothing to say.
    pub(crate) const fn word(self) -> &'static str {
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
pub(crate) struct MetricChange {
    pub(crate) a: Option<f64>,
    pub(crate) b: Option<f64>,
    pub(crate) spread_a: Option<f64>,
    pub(crate) spread_b: Option<f64>,
    pub(crate) verdict: Verdict,
}

impl MetricChange {
    /// Judges a metric by its name, its values, and its spreads.
    fn new(name: &str, value: &Pair<f64>, spread: &Pair<f64>) -> Self {
        let verdict = match (value.a, value.b) {
            (Some(a), Some(b)) if a == b || (a.is_nan() && b.is_nan()) => Verdict::Same,
            (Some(a), Some(b)) => match (spread.a, spread.b) {
                (Some(spread_a), Some(spread_b)) => measured(a, b, spread_a + spread_b),
                _ => judged(name, a, b),
            },
            _ => Verdict::Changed,
        };
        Self { a: value.a, b: value.b, spread_a: spread.a, spread_b: spread.b, verdict }
    }

    /// Returns b - a.
    pub(crate) fn delta(&self) -> Option<f64> {
        Some(self.b? - self.a?)
    }

    /// Tells whether the values lie within both spreads of each other; `None` without spreads.
    pub(crate) fn within_spread(&self) -> Option<bool> {
        let is_measured = self.spread_a.is_some() && self.spread_b.is_some();
        (is_measured && self.delta().is_some()).then_some(self.verdict == Verdict::Same)
    }
}

/// Judges all metrics of two versions. A metric that is the spread of another is part of that one.
pub(crate) fn changes(metrics: &BTreeMap<String, Pair<f64>>) -> BTreeMap<String, MetricChange> {
    let is_spread = |name: &str| {
        name.strip_suffix(SPREAD).is_some_and(|measured| metrics.contains_key(measured))
    };
    let change = |(name, value): (&String, &Pair<f64>)| {
        let spread = metrics.get(&format!("{name}{SPREAD}")).copied().unwrap_or_default();
        (name.clone(), MetricChange::new(name, value, &spread))
    };
    metrics.iter().filter(|(name, _)| !is_spread(name)).map(change).collect()
}

/// Judges a measurement: what differs by no more than both spreads together is the same.
fn measured(a: f64, b: f64, spread: f64) -> Verdict {
    let difference = (b - a).abs();
    if difference <= spread * a.abs() {
        Verdict::Same
    } else if b < a {
        Verdict::Faster
    } else if b > a {
        Verdict::Slower
    } else {
        Verdict::Changed
    }
}

fn judged(name: &str, a: f64, b: f64) -> Verdict {
    let Some(is_lower_better) = is_lower_better(name) else {
        return Verdict::Changed;
    };
    match a.partial_cmp(&b) {
        Some(order) if order.is_gt() == is_lower_better => Verdict::Better,
        Some(_) => Verdict::Worse,
        None => Verdict::Changed,
    }
}

/// Tells how early a metric is shown where there is no room for all: those of data that was not
/// trained on, then those whose direction is known, training's own ones, and others.
pub(crate) fn rank(name: &str) -> u8 {
    let starts_with = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    match is_lower_better(name) {
        Some(_) if starts_with(&["val", "test", "eval"]) => 0,
        Some(_) if !starts_with(&["train"]) => 1,
        Some(_) => 2,
        None => 3,
    }
}

/// Looks the last word of a name up, what follows its last `_` or `/`.
pub(crate) fn is_lower_better(name: &str) -> Option<bool> {
    let word = name.rsplit(['_', '/']).next()?.to_ascii_lowercase();
    let is_in = |words: &[&str]| words.contains(&word.as_str());
    if is_in(&LOWER) {
        Some(true)
    } else if is_in(&HIGHER) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, a: f64, b: f64) -> Verdict {
        MetricChange::new(name, &Pair { a: Some(a), b: Some(b) }, &Pair::default()).verdict
    }

    #[test]
    fn the_last_word_of_a_name_gives_the_direction() {
        for lower in ["loss", "val_mse", "val/cross_entropy", "test/log_loss", "RMSE"] {
            assert_eq!(verdict(lower, 2.0, 1.0), Verdict::Better, "{lower}");
            assert_eq!(verdict(lower, 1.0, 2.0), Verdict::Worse, "{lower}");
        }
        for higher in ["f1", "val_accuracy", "test/auc", "r2"] {
            assert_eq!(verdict(higher, 2.0, 1.0), Verdict::Worse, "{higher}");
            assert_eq!(verdict(higher, 1.0, 2.0), Verdict::Better, "{higher}");
        }
        for unknown in ["glossy", "lossless", "loss_weight", "f1.old"] {
            assert_eq!(verdict(unknown, 1.0, 2.0), Verdict::Changed, "{unknown}");
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
        let change = |b| changes(&metrics(b)).remove("hash").unwrap();
        assert_eq!(changes(&metrics(1.0)).len(), 1);
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
    fn a_spread_of_nothing_is_a_metric_like_any_other() {
        let pair = Pair { a: Some(0.1), b: Some(0.2) };
        let metrics = BTreeMap::from([("hash.spread".to_owned(), pair)]);
        assert_eq!(changes(&metrics)["hash.spread"].verdict, Verdict::Changed);
    }
}

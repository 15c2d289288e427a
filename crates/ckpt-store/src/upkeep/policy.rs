//! Which versions keep their content: the rules as users write them.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::Deserialize;

use crate::signature::DAY_MS;

/// Which versions keep their content. A version that any rule keeps, is kept: the latest and the
/// best never evict each other.
///
/// What tags and aliases point to, the tips of branches and what was restored is kept in any
/// case. In config.toml a policy is the table `retention`, with the fields as its keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The last so many of each branch.
    pub keep_last: Option<u64>,
    /// The best of each branch by metrics, such as `min:val_mse:3`.
    pub keep_best: Vec<Best>,
    /// Those of each branch whose number this divides.
    pub keep_every: Option<NonZeroU64>,
    /// Those that are younger.
    pub keep_younger: Option<Period>,
    /// Those of each branch that no other one beats in all of some metrics, such as
    /// `["max:f1", "min:latency"]`.
    pub pareto: Vec<Vec<Goal>>,
    /// Whether what an alias pointed to within the grace period keeps its content, so that a rollback
    /// can restore it; it does unless this is `false`.
    pub aliased_before: Option<bool>,
}

impl Policy {
    /// Tells whether it has no rule at all of which versions are dropped.
    pub fn is_empty(&self) -> bool {
        *self == Self { aliased_before: self.aliased_before, ..Self::default() }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rules = Vec::new();
        rules.extend(self.keep_last.map(|count| format!("last {count}")));
        rules.extend(
            self.keep_best.iter().map(|best| format!("best {} by {}", best.count, best.goal)),
        );
        rules.extend(self.keep_every.map(|every| format!("every {every}")));
        rules.extend(self.keep_younger.map(|period| format!("younger than {period}")));
        rules.extend(self.pareto.iter().map(|goals| format!("front of {}", list(goals))));
        write!(f, "keep {}", rules.join(", "))
    }
}

/// Writes goals side by side.
pub(crate) fn list(goals: &[Goal]) -> String {
    goals.iter().map(Goal::to_string).collect::<Vec<_>>().join(" and ")
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct PolicyError {
    text: String,
    what: &'static str,
}

impl PolicyError {
    fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), what }
    }
}

/// A metric and the direction in which it gets better, such as `min:val_mse`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Goal {
    /// Whether more of it is better.
    pub is_max: bool,
    /// The metric.
    pub metric: String,
}

impl Goal {
    /// Tells whether a value beats another one. NaN beats none, and every number beats it.
    pub fn beats(&self, value: f64, other: f64) -> bool {
        if other.is_nan() {
            return !value.is_nan();
        }
        if self.is_max { value > other } else { value < other }
    }
}

impl FromStr for Goal {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let (is_max, metric) = match text.split_once(':') {
            Some(("min", metric)) if !metric.is_empty() => (false, metric),
            Some(("max", metric)) if !metric.is_empty() => (true, metric),
            _ => return Err(PolicyError::new(text, "min:METRIC or max:METRIC")),
        };
        Ok(Self { is_max, metric: metric.to_owned() })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", if self.is_max { "max" } else { "min" }, self.metric)
    }
}

/// How many of the best by a metric, such as `min:val_mse:3`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Best {
    /// The metric and its direction.
    pub goal: Goal,
    /// How many.
    pub count: u64,
}

impl FromStr for Best {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let parse = || {
            // Names of metrics may have colons.
            let (goal, count) = text.rsplit_once(':')?;
            Some(Self { goal: goal.parse().ok()?, count: count.parse().ok()? })
        };
        parse().ok_or_else(|| PolicyError::new(text, "min:METRIC:COUNT or max:METRIC:COUNT"))
    }
}

/// A length of time, such as `7d`: a whole number and s, m, h, d or w.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Period {
    ms: i64,
}

/// The letters of units and their lengths in milliseconds, the longest first.
const UNITS: [(char, i64); 5] =
    [('w', 7 * DAY_MS), ('d', DAY_MS), ('h', 3_600_000), ('m', 60_000), ('s', 1000)];

impl Period {
    /// Returns it in milliseconds, which are not negative.
    pub fn ms(self) -> i64 {
        self.ms
    }
}

impl FromStr for Period {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let parse = || {
            let unit = text.chars().next_back()?;
            let (_, length) = UNITS.into_iter().find(|(letter, _)| *letter == unit)?;
            let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
            Some(Self { ms: i64::from(count).checked_mul(length)? })
        };
        parse().ok_or_else(|| {
            PolicyError::new(text, "a period such as 7d: a number and s, m, h, d or w")
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, length): &(char, i64)| self.ms % length == 0;
        // In days, as users count here: 14d, not 2w.
        let (letter, length) = UNITS.into_iter().skip(1).find(fits).unwrap_or(('s', 1000));
        write!(f, "{}{letter}", self.ms / length)
    }
}

macro_rules! from_text {
    ($($type:ident)*) => {
        $(impl TryFrom<String> for $type {
            type Error = PolicyError;

            fn try_from(text: String) -> Result<Self, PolicyError> {
                text.parse()
            }
        })*
    };
}

from_text!(Goal Best Period);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_as_they_are_written() {
        let best: Best = "max:head:f1:3".parse().unwrap();
        assert_eq!((best.goal.to_string().as_str(), best.count), ("max:head:f1", 3));
        for text in ["0d", "90s", "7d", "2w", "36h", "5m"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), if text == "2w" { "14d" } else { text });
        }
        for text in ["", "7", "d", "-1d", "1.5d", "7 d", "1y", "é"] {
            let error = text.parse::<Period>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("{text:?} is not a period such as 7d: a number and s, m, h, d or w")
            );
        }
        for text in ["f1", "min:", "avg:f1", ":f1"] {
            assert!(text.parse::<Goal>().is_err(), "{text}");
        }
        for text in ["min:f1", "min:f1:", "min:f1:-1", "min::1"] {
            assert!(text.parse::<Best>().is_err(), "{text}");
        }
    }

    #[test]
    fn nan_wins_nothing() {
        for goal in ["min:x", "max:x"].map(|text| text.parse::<Goal>().unwrap()) {
            assert!(goal.beats(1.0, f64::NAN));
            assert!(!goal.beats(f64::NAN, 1.0) && !goal.beats(f64::NAN, f64::NAN));
        }
    }
}

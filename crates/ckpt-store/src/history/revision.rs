//! The ways to name a version: the grammar, and what it means in a repository.
//!
//! ```text
//! revision = base { "~" [ COUNT ] } | best "@" revision
//! base     = REF | HEX | "HEAD" | REF "@" NUMBER | best
//! best     = ( "min:" | "max:" ) METRIC
//! ```
//!
//! A text that is the name of a ref stands for that ref, whatever else it could be. At most
//! [`MAX_NESTED`] bests may stand in each other, and a text has at most [`MAX_LEN`] bytes.

use std::{fmt, str::FromStr};

use ckpt_hash::{HexPrefix, VersionId};

use crate::refs::name::RefName;

/// The reason why a text names no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// It breaks the grammar.
    #[error("{0:?} is not a revision: {1}")]
    Grammar(String, String),
    /// Nothing has that name.
    #[error("no version is called {0:?}")]
    Unknown(String),
    /// The branch has no versions yet.
    #[error("{0} has no versions yet")]
    Empty(RefName),
    /// Several ids start with these digits.
    #[error("{prefix} is ambiguous: {}", list(.candidates))]
    Ambiguous {
        /// The digits.
        prefix: HexPrefix,
        /// Some of the versions whose ids start with them.
        candidates: Vec<VersionId>,
    },
    /// The line of first parents ends before.
    #[error("{revision} goes back beyond the first version: {} has number {number}", from.short())]
    TooFar {
        /// The text.
        revision: String,
        /// Where it started.
        from: VersionId,
        /// The number of that version.
        number: u64,
    },
    /// No version with that number on the line of first parents.
    #[error("{reference} has no version number {number}")]
    NoNumber {
        /// The ref, as it was written.
        reference: String,
        /// The number.
        number: u64,
    },
    /// No version has the metric.
    #[error("no version up to {from} has a metric {metric:?} that is a number")]
    NoMetric {
        /// The metric.
        metric: String,
        /// Where the search started.
        from: String,
    },
    /// A range whose end does not come from its start.
    #[error("version {} is not on the line of first parents of {}", start.short(), end.short())]
    NotOnLine {
        /// Where the range starts.
        start: VersionId,
        /// Where it ends.
        end: VersionId,
    },
}

fn list(candidates: &[VersionId]) -> String {
    candidates.iter().map(VersionId::short).collect::<Vec<_>>().join(", ")
}

/// A revision as it was written, checked against the grammar only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub(crate) text: String,
    pub(crate) base: Base,
    pub(crate) back: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// A ref, an id or HEAD.
    Name(String),
    /// A number on the line of first parents of a ref.
    Number { reference: String, number: u64 },
    /// The best version by a metric among the ancestors of a revision.
    Best { extreme: Extreme, metric: String, from: Box<Revision> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    Min,
    Max,
}

/// What stands for the current branch.
pub(crate) const HEAD: &str = "HEAD";

/// Most bytes of a revision: a name has at most 200, a metric's is given by users.
const MAX_LEN: usize = 4096;

/// Most bests inside of each other: each walks through a history, and parsing is recursive.
const MAX_NESTED: usize = 8;

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        if text.len() > MAX_LEN {
            return Err(grammar(text, &format!("it is longer than {MAX_LEN} bytes")));
        }
        Self::parse_within(text, MAX_NESTED)
    }
}

impl Revision {
    /// Parses a text in which bests may stand in each other `depth` times.
    fn parse_within(text: &str, depth: usize) -> Result<Self, RevisionError> {
        // A revision that follows @ takes the rest, steps and all.
        if let Some((base, from)) = text.split_once('@').filter(|(base, _)| base.contains(':')) {
            let Some(depth) = depth.checked_sub(1) else {
                let why = format!("more than {MAX_NESTED} metrics look into each other");
                return Err(grammar(text, &why));
            };
            let base = parse_best(text, base, Self::parse_within(from, depth)?)?;
            return Ok(Self { text: text.to_owned(), base, back: 0 });
        }
        let (base, steps) = text.split_at(text.find('~').unwrap_or(text.len()));
        let back =
            parse_steps(steps).ok_or_else(|| grammar(text, "a number of steps follows ~"))?;
        let base = if base.is_empty() {
            return Err(grammar(text, "it names nothing"));
        } else if base.contains(':') {
            parse_best(text, base, HEAD.parse()?)?
        } else {
            parse_name(base)
        };
        Ok(Self { text: text.to_owned(), base, back })
    }
}

pub(crate) fn grammar(text: &str, why: &str) -> RevisionError {
    RevisionError::Grammar(text.chars().take(80).collect(), why.to_owned())
}

/// Adds up steps such as `~3~`.
fn parse_steps(steps: &str) -> Option<u64> {
    let step = |step: &str| if step.is_empty() { Some(1) } else { step.parse().ok() };
    steps.split('~').skip(1).try_fold(0_u64, |sum, text| sum.checked_add(step(text)?))
}

fn parse_best(text: &str, base: &str, from: Revision) -> Result<Base, RevisionError> {
    let (extreme, metric) = match base.split_once(':') {
        Some(("min", metric)) => (Extreme::Min, metric),
        Some(("max", metric)) => (Extreme::Max, metric),
        _ => return Err(grammar(text, "only min: and max: may come before a metric")),
    };
    if metric.is_empty() {
        return Err(grammar(text, "a metric follows min: and max:"));
    }
    Ok(Base::Best { extreme, metric: metric.to_owned(), from: Box::new(from) })
}

fn parse_name(base: &str) -> Base {
    let number = base.rsplit_once('@').and_then(|(reference, number)| {
        let number = number.parse().ok()?;
        (!reference.is_empty()).then(|| Base::Number { reference: reference.to_owned(), number })
    });
    number.unwrap_or_else(|| Base::Name(base.to_owned()))
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Revision {
        text.parse().unwrap()
    }

    #[test]
    fn steps_add_up() {
        for (text, back) in [("main", 0), ("main~", 1), ("main~3", 3), ("main~~2~", 4)] {
            assert_eq!(parse(text).back, back, "{text}");
        }
    }

    #[test]
    fn numbers_belong_to_the_last_at_sign() {
        let number =
            |reference: &str, number| Base::Number { reference: reference.to_owned(), number };
        assert_eq!(parse("main@12").base, number("main", 12));
        assert_eq!(parse("a@b@3").base, number("a@b", 3));
        assert_eq!(parse("a@b").base, Base::Name("a@b".to_owned()));
    }

    #[test]
    fn a_metric_may_name_where_to_look() {
        let steps = parse("min:val/mse@main~2");
        let Base::Best { extreme, metric, from } = steps.base else { panic!() };
        assert_eq!((extreme, metric.as_str()), (Extreme::Min, "val/mse"));
        assert_eq!((from.text.as_str(), from.back, steps.back), ("main~2", 2, 0));
        let Base::Best { from, .. } = parse("max:f1").base else { panic!() };
        assert_eq!(from.text, "HEAD");
        assert_eq!(parse("max:f1~2").back, 2);
    }

    #[test]
    fn what_breaks_the_grammar_says_why() {
        let cases = [
            ("", "it names nothing"),
            ("~2", "it names nothing"),
            ("main~x", "a number of steps follows ~"),
            ("main~99999999999999999999", "a number of steps follows ~"),
            ("best:f1", "only min: and max: may come before a metric"),
            ("max:", "a metric follows min: and max:"),
            ("max:@main", "a metric follows min: and max:"),
        ];
        for (text, why) in cases {
            let error = text.parse::<Revision>().unwrap_err().to_string();
            assert!(error.ends_with(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_long_or_nests_deeply_is_refused() {
        let error = |text: &str| text.parse::<Revision>().unwrap_err().to_string();
        assert!(("min:a@".repeat(MAX_NESTED) + "main").parse::<Revision>().is_ok());
        let deep = error(&("min:a@".repeat(MAX_NESTED + 1) + "main"));
        assert!(deep.ends_with("more than 8 metrics look into each other"), "{deep}");
        assert!("m".repeat(MAX_LEN).parse::<Revision>().is_ok());
        let long = error(&"min:a@".repeat(1 << 20));
        assert!(long.ends_with("it is longer than 4096 bytes") && long.len() < 200, "{long}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Revision>();
        }
    }
}

//! How conflicts are decided: strategies, and which one goes for what.

use std::{fmt, str::FromStr};

use ckpt_tensor::{Arithmetic, TensorError};

use crate::{content::pattern::Pattern, record::Role};

/// How something that both sides changed becomes one.
///
/// Written as `ours`, `theirs`, `average`, `task-arithmetic`, `ties` or `slerp`, and after a colon
/// what it is to work with: `average:0.3` (the weight of theirs, 0.5 unless it says otherwise),
/// `task-arithmetic:0.7` or `task-arithmetic:0.7,0.3` (the scale of both changes, or of ours and of
/// theirs; 1), `ties:0.2` or `ties:0.2,0.9` (density, 0.2, and scale, 1), `slerp:0.3` (how far to go
/// to theirs, 0.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strategy {
    /// Ours is taken as it is.
    Ours,
    /// Theirs is taken as it is.
    Theirs,
    /// Tensors are merged element by element. What cannot be is taken from us: integers and
    /// booleans, files and what is recorded with them. A tensor that one side removed, or that has
    /// another dtype or shape on each side, stays undecided.
    Arithmetic(Arithmetic),
}

/// The part of each side's change that TIES keeps unless it is told otherwise; the paper's.
const DENSITY: f64 = 0.2;

impl Strategy {
    /// The words that name strategies, in the order in which help lists them.
    pub const NAMES: [&str; 6] = ["ours", "theirs", "average", "task-arithmetic", "ties", "slerp"];

    /// Returns the word that names the strategy, without what it works with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
            Self::Arithmetic(Arithmetic::Average { .. }) => "average",
            Self::Arithmetic(Arithmetic::TaskArithmetic { .. }) => "task-arithmetic",
            Self::Arithmetic(Arithmetic::Ties { .. }) => "ties",
            Self::Arithmetic(Arithmetic::Slerp { .. }) => "slerp",
        }
    }
}

/// Why a text is no strategy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// No strategy has that name.
    #[error("{0:?} is not a strategy: {list}", list = Strategy::NAMES.join(", "))]
    Unknown(String),
    /// What follows the colon is not what the strategy takes.
    #[error("{name} takes {takes}, not {given:?}")]
    Arguments {
        /// The strategy.
        name: &'static str,
        /// What may follow its name.
        takes: &'static str,
        /// What does.
        given: String,
    },
    /// A number is out of its range.
    #[error(transparent)]
    Range(#[from] TensorError),
}

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Self, StrategyError> {
        let (name, given) = match text.split_once(':') {
            Some((name, given)) => (name, Some(given)),
            None => (text, None),
        };
        let numbers: Option<Vec<f64>> = given.map_or(Some(Vec::new()), |given| {
            given.split(',').map(|number| number.trim().parse().ok()).collect()
        });
        let wrong = |name, takes| StrategyError::Arguments {
            name,
            takes,
            given: given.unwrap_or_default().chars().take(80).collect(),
        };
        let numbers = numbers.as_deref();
        let strategy = match (name, numbers) {
            ("ours", _) if given.is_none() => Self::Ours,
            ("theirs", _) if given.is_none() => Self::Theirs,
            ("ours", _) => return Err(wrong("ours", "nothing")),
            ("theirs", _) => return Err(wrong("theirs", "nothing")),
            ("average", Some([])) => average(0.5),
            ("average", Some([weight])) => average(*weight),
            ("average", _) => return Err(wrong("average", "the weight of theirs")),
            ("task-arithmetic", Some([])) => task(1.0, 1.0),
            ("task-arithmetic", Some([both])) => task(*both, *both),
            ("task-arithmetic", Some([ours, theirs])) => task(*ours, *theirs),
            ("task-arithmetic", _) => {
                return Err(wrong("task-arithmetic", "one scale, or ours and theirs"));
            }
            ("ties", Some([])) => ties(DENSITY, 1.0),
            ("ties", Some([density])) => ties(*density, 1.0),
            ("ties", Some([density, scale])) => ties(*density, *scale),
            ("ties", _) => return Err(wrong("ties", "a density and a scale")),
            ("slerp", Some([])) => slerp(0.5),
            ("slerp", Some([t])) => slerp(*t),
            ("slerp", _) => return Err(wrong("slerp", "how far to go, from 0 to 1")),
            _ => return Err(StrategyError::Unknown(name.chars().take(80).collect())),
        };
        if let Self::Arithmetic(arithmetic) = strategy {
            arithmetic.check()?;
        }
        Ok(strategy)
    }
}

fn average(weight: f64) -> Strategy {
    Strategy::Arithmetic(Arithmetic::Average { weight })
}

fn task(ours: f64, theirs: f64) -> Strategy {
    Strategy::Arithmetic(Arithmetic::TaskArithmetic { ours, theirs })
}

fn ties(density: f64, scale: f64) -> Strategy {
    Strategy::Arithmetic(Arithmetic::Ties { density, scale })
}

fn slerp(t: f64) -> Strategy {
    Strategy::Arithmetic(Arithmetic::Slerp { t })
}

impl fmt::Display for Strategy {
    /// Writes it in full: what it works with, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Ours | Self::Theirs => Ok(()),
            Self::Arithmetic(Arithmetic::Average { weight: x } | Arithmetic::Slerp { t: x }) => {
                write!(f, ":{x}")
            }
            Self::Arithmetic(
                Arithmetic::TaskArithmetic { ours: a, theirs: b }
                | Arithmetic::Ties { density: a, scale: b },
            ) => write!(f, ":{a},{b}"),
        }
    }
}

/// Which strategy goes for what: that of the first rule whose pattern matches the name, then the
/// default.
///
/// Names are those of tensors and parameters, paths of files, and `data`, `code` and `seed`.
#[derive(Debug, Clone, Default)]
pub struct Strategies {
    /// For what no rule matches; without it that stays undecided.
    pub default: Option<Strategy>,
    /// The rules, in order.
    pub rules: Vec<(Pattern, Strategy)>,
}

impl Strategies {
    /// Finds the strategy for a name.
    pub fn find(&self, name: &str) -> Option<Strategy> {
        let rule = self.rules.iter().find(|(pattern, _)| pattern.matches_tensor(name));
        rule.map(|(_, strategy)| *strategy).or(self.default)
    }

    /// Finds the strategy for a tensor. Arithmetic by default is for weights: what two optimizers
    /// keep has no mean that continues either, so that state is then taken from ours.
    pub(super) fn find_tensor(&self, name: &str, role: Role) -> Option<Strategy> {
        let is_default = !self.rules.iter().any(|(pattern, _)| pattern.matches_tensor(name));
        let strategy = self.find(name)?;
        let is_arithmetic = matches!(strategy, Strategy::Arithmetic(_));
        Some(if is_default && is_arithmetic && role == Role::State {
            Strategy::Ours
        } else {
            strategy
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, full) in [
            ("ours", "ours"),
            ("theirs", "theirs"),
            ("average", "average:0.5"),
            ("average:0.3", "average:0.3"),
            ("task-arithmetic", "task-arithmetic:1,1"),
            ("task-arithmetic:0.7", "task-arithmetic:0.7,0.7"),
            ("task-arithmetic:1, -0.5", "task-arithmetic:1,-0.5"),
            ("ties", "ties:0.2,1"),
            ("ties:0.5,0.9", "ties:0.5,0.9"),
            ("slerp:0.25", "slerp:0.25"),
        ] {
            let strategy: Strategy = text.parse().unwrap();
            assert_eq!(strategy.to_string(), full);
            assert_eq!(full.parse(), Ok(strategy));
            assert!(Strategy::NAMES.contains(&strategy.name()));
        }
    }

    #[test]
    fn what_is_none_is_said_in_one_line() {
        for (text, message) in [
            (
                "mean",
                "\"mean\" is not a strategy: ours, theirs, average, task-arithmetic, ties, slerp",
            ),
            ("ours:1", "ours takes nothing, not \"1\""),
            ("average:", "average takes the weight of theirs, not \"\""),
            ("average:half", "average takes the weight of theirs, not \"half\""),
            ("average:2", "weight 2 is not from 0 to 1"),
            ("ties:0.2,1,1", "ties takes a density and a scale, not \"0.2,1,1\""),
            ("ties:0", "density 0 is not above 0 and at most 1"),
            ("slerp:nan", "t NaN is not from 0 to 1"),
        ] {
            assert_eq!(text.parse::<Strategy>().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let rule =
            |pattern: &str, strategy: &str| (pattern.parse().unwrap(), strategy.parse().unwrap());
        let rules = vec![rule("head.*", "theirs"), rule("*.bias", "ours")];
        let strategies = Strategies { default: None, rules };
        assert_eq!(strategies.find("head.bias"), Some(Strategy::Theirs));
        assert_eq!(strategies.find("body.bias"), Some(Strategy::Ours));
        assert_eq!(strategies.find("body.weight"), None);
        let strategies = Strategies { default: Some(average(0.5)), ..strategies };
        assert_eq!(strategies.find("body.weight"), Some(average(0.5)));
    }
}

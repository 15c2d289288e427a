//! Conditions on the metrics of a version: the grammar, and what it means.

mod parse;

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::record::CheckResult;

/// Most bytes of a condition. Every move of a guarded ref holds the ref's conditions.
pub const MAX_CONDITION: usize = 500;

/// A condition that a version meets or not, such as `f1 >= 0.95 && loss < current.loss`.
///
/// ```text
/// condition  = comparison { "&&" comparison }
/// comparison = NAME operator operand
/// operator   = "<" | "<=" | ">" | ">=" | "==" | "!="
/// operand    = NUMBER | "parent." NAME | "current." NAME
/// ```
///
/// - NAME is a metric. Names without spaces and without the characters `< > = ! & "` are written
///   as they are, so `val/f1-macro` and `val.f1` are fine; any other stands in double quotes, in
///   which `\"` is a quote and `\\` a backslash. A name that reads like a number, or starts with
///   `parent.` or `current.`, needs quotes too.
/// - On the left stands a metric of the version itself. `parent.` is that of its first parent,
///   `current.` that of the version which the ref points to now.
/// - NUMBER is finite and decimal: `0.95`, `-1`, `3e-4`. Values are compared exactly.
/// - A metric that is missing or NaN meets no comparison, `!=` included. Where the ref points to
///   nothing yet, comparisons with `current.` are met. A version without parents has no `parent.`
///   metrics, so it meets no comparison with them.
/// - What notes say of a metric comes before what the version says.
///
/// A condition has at most [`MAX_CONDITION`] bytes. Displayed, it has one space between its parts,
/// and parses to the same condition again.
///
/// ```
/// use std::collections::BTreeMap;
/// use ckpt_store::{Condition, Measured};
///
/// let condition: Condition = "f1>=0.95 && loss < current.loss".parse()?;
/// assert_eq!(condition.to_string(), "f1 >= 0.95 && loss < current.loss");
/// let new = BTreeMap::from([("f1".to_owned(), 0.97), ("loss".to_owned(), 0.3)]);
/// let current = BTreeMap::from([("loss".to_owned(), 0.2)]);
/// let evidence = condition.evaluate(&Measured { version: &new, parent: None, current: Some(&current) });
/// assert!(!evidence.met);
/// assert_eq!(evidence.found(), "current.loss is 0.2, f1 is 0.97, loss is 0.3");
/// # Ok::<(), ckpt_store::ConditionError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// At least one.
    comparisons: Vec<Comparison>,
}

/// The reason why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a condition: {why}, at position {position}")]
pub struct ConditionError {
    /// The text, cut short.
    pub text: String,
    /// Where it breaks the grammar: the first character has position 1.
    pub position: usize,
    /// What is wrong there.
    pub why: String,
}

/// The metrics that decide a condition.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Those of the version that is judged.
    pub version: &'a BTreeMap<String, f64>,
    /// Those of its first parent, if it has one.
    pub parent: Option<&'a BTreeMap<String, f64>>,
    /// Those of the version that the ref points to, if it points to one.
    pub current: Option<&'a BTreeMap<String, f64>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Comparison {
    metric: String,
    operator: Operator,
    operand: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Differs,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    /// Finite.
    Number(f64),
    Parent(String),
    Current(String),
}

/// What comes before the metrics of other versions.
const PARENT: &str = "parent.";
const CURRENT: &str = "current.";

impl Condition {
    /// Reads `max:f1` as `f1 >= current.f1`, and `min:loss` as `loss <= current.loss`: at least as
    /// good as what the ref points to.
    ///
    /// # Errors
    /// A text without `min:` or `max:` and a name; a name that no condition can hold.
    pub fn no_worse_than(text: &str) -> Result<Self, ConditionError> {
        parse::no_worse_than(text)
    }

    /// Tells whether the condition looks at the metrics of the version's parent.
    pub fn uses_parent(&self) -> bool {
        self.comparisons.iter().any(|c| matches!(c.operand, Operand::Parent(_)))
    }

    /// Tells whether the condition looks at the metrics of what a ref points to.
    pub fn uses_current(&self) -> bool {
        self.comparisons.iter().any(|c| matches!(c.operand, Operand::Current(_)))
    }

    /// Names the metrics of the version that the condition looks at, as often as it does.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.comparisons.iter().map(|comparison| comparison.metric.as_str())
    }

    /// Decides the condition and says by which values.
    pub fn evaluate(&self, measured: &Measured<'_>) -> CheckResult {
        let mut values = BTreeMap::new();
        let mut met = true;
        for comparison in &self.comparisons {
            // No short cut: the evidence names all values.
            met &= comparison.holds(measured, &mut values);
        }
        CheckResult { condition: self.to_string(), met, values }
    }
}

impl Comparison {
    fn holds(&self, measured: &Measured<'_>, values: &mut BTreeMap<String, Option<f64>>) -> bool {
        let mut look = |term: String, metrics: Option<&BTreeMap<String, f64>>, name: &String| {
            let value = metrics.and_then(|metrics| metrics.get(name)).copied();
            values.insert(term, value);
            value
        };
        let left = look(written(&self.metric), Some(measured.version), &self.metric);
        let right = match &self.operand {
            Operand::Number(number) => Some(*number),
            Operand::Parent(name) => look(self.operand.to_string(), measured.parent, name),
            Operand::Current(name) => {
                let found = look(self.operand.to_string(), measured.current, name);
                if measured.current.is_none() {
                    return true;
                }
                found
            }
        };
        // What is NaN or infinite measures nothing, so it meets nothing.
        let measured = left.zip(right).filter(|(a, b)| a.is_finite() && b.is_finite());
        measured.is_some_and(|(left, right)| self.operator.holds(left, right))
    }
}

impl Operator {
    const ALL: [Self; 6] =
        [Self::AtMost, Self::AtLeast, Self::Equal, Self::Differs, Self::Less, Self::Greater];

    const fn text(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::Differs => "!=",
        }
    }

    /// Compares two finite values.
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
            Self::Differs => left != right,
        }
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        parse::condition(text)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Comparison { metric, operator, operand }) in self.comparisons.iter().enumerate()
        {
            let gap = if index == 0 { "" } else { " && " };
            write!(f, "{gap}{} {} {operand}", written(metric), operator.text())?;
        }
        Ok(())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&number_text(*number)),
            Self::Parent(name) => write!(f, "{PARENT}{}", written(name)),
            Self::Current(name) => write!(f, "{CURRENT}{}", written(name)),
        }
    }
}

impl CheckResult {
    /// Writes the values that decided: `f1 is 0.9, current.f1 is missing`.
    pub fn found(&self) -> String {
        let value = |(term, value): (&String, &Option<f64>)| match value {
            Some(value) => format!("{term} is {}", number_text(*value)),
            None => format!("{term} is missing"),
        };
        self.values.iter().map(value).collect::<Vec<_>>().join(", ")
    }
}

/// Writes a number with all the digits that tell it from every other.
fn number_text(number: f64) -> String {
    let text = format!("{number:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Writes the name of a metric as it stands in a condition.
fn written(name: &str) -> String {
    if parse::is_bare(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

//! What tensors and metrics must be like.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_store::{Condition, Measured, Repository, TensorChange, TensorStatus};

use super::{Judged, word};
use crate::{
    failure::{Failure, Hint},
    format,
    metrics::MetricChange,
    refs,
};

/// What a condition on tensors can name.
const NAMES: [&str; 8] =
    ["max_abs", "mean_abs", "l2", "relative_l2", "cosine", "changed_fraction", NAN, INF];

/// The kind of what `--no-worse` asks for.
pub const METRIC: &str = "metric";

/// What to do where `--no-worse` has nothing to judge.
const DIRECTIONS: &str = "lower_is_better and higher_is_better, lists of patterns under [metrics] of \
                          .ckpt/config.toml, say which way is better";

const NAN: &str = "nan";
const INF: &str = "inf";

/// What `--require` and `--no-worse` ask for.
#[derive(Debug)]
pub struct Requirements {
    conditions: Vec<Condition>,
    no_worse: bool,
    ignores_unknown: bool,
}

/// What is not met.
#[derive(Debug)]
pub struct FailedCheck {
    /// `tensor` or `metric`.
    pub kind: &'static str,
    /// The name of the tensor or metric.
    pub name: String,
    /// What it had to meet.
    pub condition: String,
    /// The values that decided, by name.
    pub values: BTreeMap<String, Option<f64>>,
    /// What they are, for users.
    pub found: String,
}

impl Requirements {
    /// Takes conditions that each tensor has to meet; with `no_worse`, no metric may get worse either.
    ///
    /// # Errors
    /// What is no condition on a tensor.
    pub fn new(conditions: &[String], no_worse: bool) -> Result<Self, Failure> {
        let conditions = refs::conditions(conditions)?;
        let forms = || Hint::from(format!("a tensor has {}", NAMES.join(", ")));
        for condition in &conditions {
            if condition.uses_parent() || condition.uses_current() {
                let message = format!("--require {condition}: a tensor has no parent. or current.");
                return Err(Failure::usage(message).with_hint(forms()));
            }
            if let Some(name) = condition.names().find(|name| !NAMES.contains(name)) {
                let message = format!("--require {condition}: a tensor has no {name:?}");
                return Err(Failure::usage(message).with_hint(forms()));
            }
        }
        Ok(Self { conditions, no_worse, ignores_unknown: false })
    }

    /// Sets whether metrics that cannot be judged are passed by; otherwise each is not met.
    #[must_use]
    pub fn ignoring_unknown(self, ignores_unknown: bool) -> Self {
        Self { ignores_unknown, ..self }
    }

    /// Tells whether nothing is required.
    pub const fn is_empty(&self) -> bool {
        self.conditions.is_empty() && !self.no_worse
    }

    /// Finds what is not met.
    pub fn judge(&self, repository: &Repository, mut judged: Judged) -> Result<Judged, Failure> {
        if !self.conditions.is_empty() {
            let tensors = &judged.comparison.tensors;
            if tensors.is_empty() {
                let message = "there is no tensor that --require could be about";
                return Err(Failure::failed(message).with_hint(Hint::command(
                    format!("show {}", judged.names[1]),
                    "lists what a version has",
                )));
            }
            let counts = self.counts(repository, &judged)?;
            for tensor in tensors {
                judged.failed.extend(self.of_tensor(tensor, counts.get(&tensor.name)));
            }
        }
        if self.no_worse {
            let failed = self.of_metrics(&judged)?;
            judged.failed.extend(failed);
        }
        Ok(judged)
    }

    /// Finds the metrics that got worse, and those of which that cannot be said.
    fn of_metrics(&self, judged: &Judged) -> Result<Vec<FailedCheck>, Failure> {
        let is_judged = |change: &MetricChange| change.got_worse() || change.is_judged();
        let is_none = !judged.metrics.values().any(MetricChange::can_get_worse);
        if is_none && (self.ignores_unknown || judged.metrics.values().all(is_judged)) {
            let a = &judged.names[0];
            let message = format!("{a} has no metric of known direction to judge --no-worse by");
            return Err(Failure::failed(message).with_hint(DIRECTIONS));
        }
        let failed = judged.metrics.iter().filter_map(|(name, change)| {
            let why = match change.got_worse() {
                true => "got worse",
                false if self.ignores_unknown || change.is_judged() => return None,
                false if change.direction.is_none() => "was not judged, its direction is not known",
                false => "was not judged, A has no number to compare with",
            };
            Some(FailedCheck {
                kind: METRIC,
                name: name.clone(),
                condition: "no worse".to_owned(),
                values: [("a".to_owned(), change.a), ("b".to_owned(), change.b)].into(),
                found: format!("{why}: {} -> {}", value(change.a), value(change.b)),
            })
        });
        Ok(failed.collect())
    }

    /// Counts NaN and infinities of the tensors that comparing did not read, if a condition is about
    /// them. A gate trusts no cache.
    fn counts(
        &self,
        repository: &Repository,
        judged: &Judged,
    ) -> Result<BTreeMap<String, (u64, u64)>, Failure> {
        let mut counts = BTreeMap::new();
        if !self.conditions.iter().flat_map(Condition::names).any(|name| name == NAN || name == INF)
        {
            return Ok(counts);
        }
        let same = |tensor: &&TensorChange| tensor.status.has_same_elements();
        let unread = judged.comparison.tensors.iter().filter(same);
        let unread: BTreeSet<&String> = unread.map(|tensor| &tensor.name).collect();
        let records = repository.checkpoint(&judged.comparison.b.record)?.tensors;
        for record in records.iter().filter(|record| unread.contains(&record.name)) {
            if let Some(summary) = repository.summarize(record)? {
                counts.insert(record.name.clone(), (summary.nan, summary.inf));
            }
        }
        Ok(counts)
    }

    fn of_tensor(&self, tensor: &TensorChange, counts: Option<&(u64, u64)>) -> Vec<FailedCheck> {
        let values = numbers(&tensor.status, counts);
        let measured = Measured { version: &values, parent: None, current: None };
        let evidence = self.conditions.iter().map(|condition| condition.evaluate(&measured));
        let failed = evidence.filter(|evidence| !evidence.met).map(|evidence| FailedCheck {
            kind: "tensor",
            name: tensor.name.clone(),
            found: match values.is_empty() {
                true => format!("it was {}", word(&tensor.status)),
                false => evidence.found(),
            },
            condition: evidence.condition,
            values: evidence.values,
        });
        failed.collect()
    }
}

/// Lists what a condition can look at; nothing where elements have no pairs.
fn numbers(status: &TensorStatus, counts: Option<&(u64, u64)>) -> BTreeMap<String, f64> {
    let mut found: Vec<(&str, f64)> = Vec::new();
    if status.has_same_elements() {
        let zero = ["max_abs", "mean_abs", "l2", "relative_l2", "changed_fraction"];
        found.extend(zero.map(|name| (name, 0.0)));
        found.push(("cosine", 1.0));
        let counts = counts.map(|(nan, inf)| [(NAN, *nan as f64), (INF, *inf as f64)]);
        found.extend(counts.into_iter().flatten());
    } else if let Some(difference) = status.difference() {
        found.push(("changed_fraction", difference.changed_fraction()));
        if let Some(by) = difference.numeric {
            // What became NaN or infinite, or was and is no more, changed by no number.
            let far = |value: f64| if by.spoiled == 0 { value } else { f64::NAN };
            found.extend([
                ("max_abs", far(by.max_abs)),
                ("mean_abs", far(by.mean_abs)),
                ("l2", far(by.l2)),
                ("relative_l2", far(by.relative_l2)),
                ("cosine", far(by.cosine)),
                (NAN, by.nan_b as f64),
                (INF, by.inf_b as f64),
            ]);
        }
    }
    found.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn value(value: Option<f64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), format::number)
}

//! Which way a metric is better.

use ckpt_store::{MetricDirections, Pattern, Repository};

use crate::failure::Failure;

/// Last words of the names of metrics that are better the lower they are.
const LOWER: [&str; 19] = [
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
    "brier",
    "ece",
    "wer",
    "cer",
    "fid",
    "bpb",
    "hinge",
];

/// Last words of the names of metrics that are better the higher they are.
const HIGHER: [&str; 20] = [
    "accuracy",
    "acc",
    "f1",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "r2",
    "auc",
    "auroc",
    "auprc",
    "mcc",
    "kappa",
    "iou",
    "dice",
    "ndcg",
    "mrr",
    "bleu",
    "rouge",
    "meteor",
];

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The lower, the better.
    Lower,
    /// The higher, the better.
    Higher,
}

impl Direction {
    /// Returns the word for it, for users and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }
}

/// Knows which way metrics are better: as config.toml says, else by the last word of a name.
#[derive(Debug, Clone, Default)]
pub struct Directions {
    settings: MetricDirections,
}

impl Directions {
    /// Reads what config.toml says.
    pub fn read(repository: &Repository) -> Result<Self, Failure> {
        Ok(Self { settings: repository.metric_directions()? })
    }

    /// Returns which way a metric is better; `None` if that is not known.
    pub fn of(&self, name: &str) -> Option<Direction> {
        let is_in = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
        if is_in(&self.settings.higher_is_better) {
            Some(Direction::Higher)
        } else if is_in(&self.settings.lower_is_better) {
            Some(Direction::Lower)
        } else {
            by_last_word(name)
        }
    }

    /// Tells how early a metric is shown where there is no room for all: those of data that was not
    /// trained on, then those whose direction is known, training's own ones, and others.
    pub fn rank(&self, name: &str) -> u8 {
        let starts_with = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        match self.of(name) {
            Some(_) if starts_with(&["val", "test", "eval"]) => 0,
            Some(_) if !starts_with(&["train"]) => 1,
            Some(_) => 2,
            None => 3,
        }
    }
}

/// What parts the words of a name.
const SEPARATORS: [char; 5] = ['_', '/', '.', '-', ':'];

/// Looks the last word of a name up.
fn by_last_word(name: &str) -> Option<Direction> {
    let word = name.rsplit(SEPARATORS).next()?.to_ascii_lowercase();
    let is_in = |words: &[&str]| words.contains(&word.as_str());
    if is_in(&LOWER) {
        Some(Direction::Lower)
    } else if is_in(&HIGHER) {
        Some(Direction::Higher)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_name_gives_the_direction() {
        let directions = Directions::default();
        for lower in
            ["loss", "val_mse", "val/cross_entropy", "test/log_loss", "RMSE", "val.loss", "b:cer"]
        {
            assert_eq!(directions.of(lower), Some(Direction::Lower), "{lower}");
        }
        for higher in ["f1", "val_accuracy", "test/auc", "r2", "test-f1"] {
            assert_eq!(directions.of(higher), Some(Direction::Higher), "{higher}");
        }
        for unknown in ["glossy", "lossless", "loss_weight", "f1.old"] {
            assert_eq!(directions.of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn settings_come_before_words() {
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let settings = MetricDirections {
            lower_is_better: patterns(&["*_ms", "odd/*"]),
            higher_is_better: patterns(&["odd/loss"]),
        };
        let directions = Directions { settings };
        assert_eq!(directions.of("latency_ms"), Some(Direction::Lower));
        assert_eq!(
            directions.of("odd/loss"),
            Some(Direction::Higher),
            "both say so: higher counts"
        );
        assert_eq!(directions.of("odd/accuracy"), Some(Direction::Lower));
        assert_eq!(directions.of("val_loss"), Some(Direction::Lower));
        assert_eq!((directions.rank("val_ms"), directions.rank("odd/size")), (0, 1));
    }
}

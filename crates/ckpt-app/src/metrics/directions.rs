//! Which way a metric is better.

use ckpt_store::{MetricDirections, Pattern, Repository};

use crate::failure::Failure;

/// Last words of the names of metrics that are better the lower they are.
const LOWER: [&str; 49] = [
    "loss",
    "losses",
    "mse",
    "rmse",
    "mae",
    "mape",
    "smape",
    "wape",
    "mase",
    "msle",
    "rmsle",
    "medae",
    "crps",
    "error",
    "errors",
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
    "mer",
    "ter",
    "der",
    "eer",
    "fid",
    "kid",
    "lpips",
    "bpb",
    "bpc",
    "bpd",
    "hinge",
    "fpr",
    "fnr",
    "far",
    "frr",
    "epe",
    "chamfer",
    "hausdorff",
    "latency",
    "duration",
    "runtime",
    "ttft",
    "tpot",
    "failures",
];

/// Last words of the names of metrics that are better the higher they are.
const HIGHER: [&str; 50] = [
    "accuracy",
    "acc",
    "f1",
    "f2",
    "fbeta",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "tpr",
    "tnr",
    "r2",
    "auc",
    "auroc",
    "auprc",
    "aucpr",
    "prauc",
    "rocauc",
    "mcc",
    "kappa",
    "iou",
    "miou",
    "fwiou",
    "jaccard",
    "dice",
    "ndcg",
    "mrr",
    "ap",
    "map",
    "bleu",
    "sacrebleu",
    "rouge",
    "rougel",
    "rougelsum",
    "meteor",
    "cider",
    "chrf",
    "bertscore",
    "clipscore",
    "psnr",
    "ssim",
    "em",
    "elbo",
    "likelihood",
    "loglikelihood",
    "pearson",
    "spearman",
    "spearmanr",
    "reward",
    "throughput",
];

/// Last two words of such names, and which way they are better, where the last alone could be
/// anything.
const PAIRS: [(&str, &str, Direction); 19] = [
    ("error", "rate", Direction::Lower),
    ("miss", "rate", Direction::Lower),
    ("fail", "rate", Direction::Lower),
    ("failure", "rate", Direction::Lower),
    ("positive", "rate", Direction::Higher),
    ("negative", "rate", Direction::Higher),
    ("success", "rate", Direction::Higher),
    ("pass", "rate", Direction::Higher),
    ("win", "rate", Direction::Higher),
    ("hit", "rate", Direction::Higher),
    ("exact", "match", Direction::Higher),
    ("edit", "distance", Direction::Lower),
    ("inception", "distance", Direction::Lower),
    ("inception", "score", Direction::Higher),
    ("inference", "time", Direction::Lower),
    ("response", "time", Direction::Lower),
    ("latency", "s", Direction::Lower),
    ("duration", "s", Direction::Lower),
    ("time", "s", Direction::Lower),
];

/// Words at the end that say which of several such metrics it is.
const QUALIFIERS: [&str; 17] = [
    "k", "at", "macro", "micro", "weighted", "avg", "average", "mean", "median", "score", "norm",
    "none", "small", "medium", "large", "ovr", "ovo",
];

/// What is better the more of its first results are counted: `pass@1`, `hits_at_10`.
const AT: [&str; 6] = ["pass", "hit", "hits", "r", "p", "maj"];

/// Units of time: what is measured in them is better the lower, and what is counted per unit the
/// higher.
const UNITS: [&str; 10] = [
    "ms",
    "us",
    "ns",
    "sec",
    "secs",
    "second",
    "seconds",
    "milliseconds",
    "millis",
    "microseconds",
];

/// Words of what is measured in units of time and better neither way.
const NOT_SPENT: [&str; 9] =
    ["timeout", "budget", "limit", "audio", "video", "speech", "uptime", "timestamp", "survival"];

/// Words that leave it open which way a metric is better.
const INVERSE: [&str; 4] = ["neg", "negative", "inv", "inverse"];

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

/// Knows which way metrics are better: as config.toml says, else by the last words of a name.
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
            by_words(name)
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
const SEPARATORS: [char; 8] = ['_', '/', '.', '-', ':', '@', ' ', ','];

/// Tells the direction by the last words of a name that are not qualifiers, in any letter case.
fn by_words(name: &str) -> Option<Direction> {
    let name = name.to_ascii_lowercase();
    let all: Vec<&str> = name.split(SEPARATORS).filter(|word| !word.is_empty()).collect();
    let has = |word: &str| all.contains(&word);
    let mut words = all.as_slice();
    loop {
        if let Some(direction) = by_last_words(words) {
            // True and false ones are rates of opposite directions.
            let is_rate = matches!(words, [.., "positive" | "negative", "rate"]);
            return match words {
                _ if is_rate && has("true") => Some(Direction::Higher),
                _ if is_rate && has("false") => Some(Direction::Lower),
                _ if is_rate || INVERSE.iter().any(|word| has(word)) => None,
                _ => Some(direction),
            };
        }
        let (last, rest) = words.split_last()?;
        if !is_qualifier(last) {
            let is_at = rest.len() < all.len() - 1 && (name.contains('@') || has("at"));
            return (is_at && AT.contains(last)).then_some(Direction::Higher);
        }
        words = rest;
    }
}

/// Tells whether a word at the end only says which of several: a number, a percentile, a `mean`.
fn is_qualifier(word: &str) -> bool {
    let digits = word.strip_prefix('p').unwrap_or(word);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number || QUALIFIERS.contains(&word)
}

/// Looks the last words up: units of time, pairs, single words, and such with a number attached.
fn by_last_words(words: &[&str]) -> Option<Direction> {
    let is_unit = |word: &str| UNITS.contains(&word);
    match words {
        [.., "per", unit] if is_unit(unit) => return Some(Direction::Higher),
        [.., unit, "per", _] if is_unit(unit) => return Some(Direction::Lower),
        [.., unit] if is_unit(unit) => {
            let is_spent = !words.iter().any(|word| NOT_SPENT.contains(word));
            return is_spent.then_some(Direction::Lower);
        }
        // The variant of ROUGE stands apart.
        [.., "rouge", "l" | "lsum"] => return Some(Direction::Higher),
        [.., a, b] => {
            let pair = PAIRS.iter().find(|(first, second, _)| a == first && b == second);
            if let Some((_, _, direction)) = pair {
                return Some(*direction);
            }
        }
        _ => {}
    }
    let last = words.last()?;
    let single = |word: &str| match word {
        _ if LOWER.contains(&word) => Some(Direction::Lower),
        _ if HIGHER.contains(&word) => Some(Direction::Higher),
        _ => None,
    };
    single(last).or_else(|| single(last.trim_end_matches(|c: char| c.is_ascii_digit())))
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
    fn what_people_measure_has_a_direction() {
        let directions = Directions::default();
        let lower = "error_rate word-error-rate latency_ms latency_p99 p99_ms val/CER_mean PPL \
            perplexity eval.bpc FID top5_error false_positive_rate ms_per_token time_s train_seconds \
            seconds_per_step val_loss_1";
        for lower in lower.split_whitespace() {
            assert_eq!(directions.of(lower), Some(Direction::Lower), "{lower}");
        }
        let higher = "mAP mAP@0.5 mAP@0.5:0.95 AP50 val/AP_small rouge-1 rougeL rouge_l BLEU-4 \
            meteor exact_match pass@1 pass@k pass_at_10 mIoU dice PSNR ssim roc_auc_ovr recall@k \
            recall@10 NDCG@10 mrr f1_macro acc_norm acc,none true_positive_rate tokens_per_second R@5";
        for higher in higher.split_whitespace() {
            assert_eq!(directions.of(higher), Some(Direction::Higher), "{higher}");
        }
        assert_eq!(directions.of("val loss"), Some(Direction::Lower));
        let unknown = "learning_rate positive_rate neg_mean_squared_error inverse_perplexity \
            timeout_seconds audio_seconds pass pass_1 score heap 0.5 k loss_std size";
        for unknown in unknown.split_whitespace() {
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

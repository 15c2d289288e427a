//! What `config.toml` says.

use ckpt_pack::disk::{Disk, read_small};
use serde::Deserialize;

use crate::{
    content::{pattern::Pattern, roles::RoleRules},
    error::{Doing, Error, Result},
    signature::DAY_MS,
    upkeep::policy::{Period, Policy},
};

/// The file.
pub(crate) const CONFIG: &str = "config.toml";

/// Most bytes of the file, which people write.
const MAX_LEN: u64 = 1 << 20;

/// How long what was removed can be brought back, unless config.toml says otherwise: two weeks, in
/// which a holiday fits.
pub(crate) const GRACE_MS: i64 = 14 * DAY_MS;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) packs: PacksConfig,
    pub(crate) trash: TrashConfig,
    pub(crate) retention: Option<Policy>,
    pub(crate) metrics: MetricDirections,
    pub(crate) roles: RoleRules,
}

impl Config {
    /// Reads the settings of a repository; the defaults where there is no file.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that make no sense.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Self> {
        let doing = || format!("read {CONFIG}");
        let bytes = match read_small(disk, CONFIG, MAX_LEN) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.doing(doing)?,
        };
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(|error| Error::Config(one_line(&text, &error)))
    }
}

/// Which way metrics are better, as `[metrics]` of config.toml has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricDirections {
    /// Metrics that are better the lower they are, by name.
    pub lower_is_better: Vec<Pattern>,
    /// Metrics that are better the higher they are; a name of both kinds counts here.
    pub higher_is_better: Vec<Pattern>,
}

/// `[trash]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TrashConfig {
    grace: Option<Period>,
}

impl TrashConfig {
    /// Milliseconds for which what was removed can be brought back.
    pub(crate) fn grace_ms(&self) -> i64 {
        self.grace.map_or(GRACE_MS, Period::ms)
    }
}

/// `[packs]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PacksConfig {
    /// Whether commits merge small packs.
    pub(crate) merge: bool,
}

impl Default for PacksConfig {
    fn default() -> Self {
        Self { merge: true }
    }
}

/// Says what is wrong in one line, with the number of the line and its key.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let place = before.map_or_else(String::new, |before| {
        let number = before.matches('\n').count();
        let line = text.lines().nth(number).unwrap_or_default();
        let key = line.split_once('=').map(|(key, _)| key.trim());
        let key = key.map_or_else(String::new, |key| format!(", {key}"));
        format!("line {}{key}: ", number + 1)
    });
    format!("{place}{}", error.message().replace('\n', "; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let error = toml::from_str::<Config>(text).unwrap_err();
        one_line(text, &error)
    }

    #[test]
    fn settings_are_read() {
        let text = r#"
            [packs]
            merge = false
            [trash]
            grace = "3d"
            [retention]
            keep_last = 5
            keep_best = ["min:val_mse:3", "max:f1:1"]
            keep_every = 10
            keep_younger = "7d"
            pareto = [["max:f1", "min:latency"]]
            [metrics]
            lower_is_better = ["*_ms"]
            [roles]
            state = ["ema.*"]
        "#;
        let config: Config = toml::from_str(text).unwrap();
        assert_eq!((config.packs.merge, config.trash.grace_ms()), (false, 3 * DAY_MS));
        let policy = config.retention.unwrap().to_string();
        let expected = "keep last 5, best 3 by min:val_mse, best 1 by max:f1, every 10, younger than \
                        7d, front of max:f1 and min:latency";
        assert_eq!(policy, expected);
        assert!(config.metrics.lower_is_better[0].matches("latency_ms"));
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    }

    #[test]
    fn what_makes_no_sense_is_named_with_what_would() {
        let unknown = refusal("[retention]\nkeep_lats = 5\n");
        assert!(unknown.starts_with("line 2, keep_lats: unknown field `keep_lats`"), "{unknown}");
        assert!(unknown.contains("`keep_last`"), "{unknown}");
        let value = refusal("[retention]\n\nkeep_best = [\"f1:3\"]\n");
        let expected = "line 3, keep_best: \"f1:3\" is not min:METRIC:COUNT or max:METRIC:COUNT";
        assert_eq!(value, expected);
        assert!(refusal("[retention]\nkeep_every = 0\n").starts_with("line 2, keep_every: "));
        let pattern = refusal("[metrics]\nlower_is_better = [\"a[\"]\n");
        assert!(
            pattern.starts_with("line 2, lower_is_better: \"a[\" is not a pattern"),
            "{pattern}"
        );
        assert!(refusal("[trash\n").starts_with("line 1: "));
    }
}

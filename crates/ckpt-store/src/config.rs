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

/// Most bytes of the file, which users write.
const MAX_LEN: u64 = 1 << 20;

/// How long what was removed can be restored, unless config.toml says otherwise: two weeks, in
/// which a holiday fits.
pub(crate) const GRACE_MS: i64 = 14 * DAY_MS;

/// The sections, those that this program knows.
const SECTIONS: [&str; 5] = ["metrics", "packs", "retention", "roles", "trash"];

/// How alike, by Jaro's measure from 0 to 1, a section's name must be to one of these to be taken for
/// a slip: one letter too many, too few, another or in another place.
const NEAR: f64 = 0.85;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
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
        Self::parse(&read_text(disk)?).map(|(config, _)| config)
    }

    /// Lists the sections that this program does not know, sorted by name.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that make no sense.
    pub(crate) fn unknown_sections(disk: &dyn Disk) -> Result<Vec<UnknownSection>> {
        Self::parse(&read_text(disk)?).map(|(_, unknown)| unknown)
    }

    /// Parses settings; returns the sections besides that this program does not know, each of which
    /// may be a later one's.
    fn parse(text: &str) -> Result<(Self, Vec<UnknownSection>)> {
        let refuse = |error| Error::Config(one_line(text, &error));
        let config = toml::from_str(text).map_err(refuse)?;
        let sections: toml::Table = toml::from_str(text).map_err(refuse)?;
        let mut unknown = Vec::new();
        for (name, value) in sections {
            if SECTIONS.contains(&name.as_str()) {
                continue;
            }
            let is_section = value.is_table()
                || value.as_array().is_some_and(|all| all.iter().all(toml::Value::is_table));
            if !is_section {
                let known = SECTIONS.join(", ");
                let line = text.lines().position(|line| line.trim_start().starts_with(&name));
                let place = line.map_or_else(String::new, |line| format!("line {}, ", line + 1));
                let what = format!("{place}{name}: no setting stands outside a section: {known}");
                return Err(Error::Config(what));
            }
            let likeness = |known: &&str| strsim::jaro(&name, known);
            let near = SECTIONS.into_iter().find(|known| likeness(known) > NEAR);
            unknown.push(UnknownSection { name, near });
        }
        Ok((config, unknown))
    }
}

/// A section of config.toml that this program does not know, and passes by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownSection {
    /// Its name.
    pub name: String,
    /// The known one that may have been meant.
    pub near: Option<&'static str>,
}

impl std::fmt::Display for UnknownSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "this ckpt does not know the section [{}] of {CONFIG}", self.name)?;
        self.near.map_or(Ok(()), |near| write!(f, "; [{near}] may be meant"))
    }
}

/// Reads the file; it is empty where there is none.
fn read_text(disk: &dyn Disk) -> Result<String> {
    let bytes = match read_small(disk, CONFIG, MAX_LEN) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        other => other.doing(|| format!("read {CONFIG}"))?,
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
    /// Milliseconds for which what was removed can be restored.
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
        match Config::parse(text) {
            Err(Error::Config(what)) => what,
            other => panic!("{other:?}"),
        }
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

    #[test]
    fn sections_of_later_programs_are_passed_by_and_told() {
        let text = "[trahs]\ngrace = \"1d\"\n[remotes.origin]\nurl = \"x\"\n[[hooks]]\nrun = \"y\"\n\
                    [packs]\nmerge = false\n";
        let (config, unknown) = Config::parse(text).unwrap();
        assert!(!config.packs.merge && config.trash == TrashConfig::default());
        let told: Vec<String> = unknown.iter().map(UnknownSection::to_string).collect();
        let expected = [
            "this ckpt does not know the section [hooks] of config.toml",
            "this ckpt does not know the section [remotes] of config.toml",
            "this ckpt does not know the section [trahs] of config.toml; [trash] may be meant",
        ];
        assert_eq!(told, expected);
        let expected = "line 1, merge: no setting stands outside a section: metrics, packs, \
                        retention, roles, trash";
        assert_eq!(refusal("merge = true\n"), expected);
        assert!(refusal("[packs]\nmerg = true\n").starts_with("line 2, merg: unknown field"));
    }
}

//! What `config.toml` says.

use serde::Deserialize;

use crate::{
    disk::read_small,
    error::{Doing, Error, Result},
    repo::Repository,
};

/// The file.
pub(crate) const CONFIG: &str = "config.toml";

/// Most bytes of the file, which people write.
const MAX_LEN: u64 = 1 << 20;

/// All settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) packs: PacksConfig,
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

impl Repository {
    /// Returns the settings as they were when this handle first looked; the defaults where they
    /// cannot be read, which those who act on more than speed must not accept.
    pub(crate) fn config(&self) -> &Config {
        self.config.get_or_init(|| self.read_config().unwrap_or_default())
    }

    /// Reads the settings.
    pub(crate) fn read_config(&self) -> Result<Config> {
        let doing = || format!("read {CONFIG}");
        let bytes = match read_small(self.disk(), CONFIG, MAX_LEN) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.doing(doing)?,
        };
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(|error| Error::Config(one_line(&text, &error)))
    }
}

/// Says what is wrong in one line, with the number of the line.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let line = line.map_or_else(String::new, |line| format!("line {line}: "));
    format!("{line}{}", error.message().replace('\n', "; "))
}

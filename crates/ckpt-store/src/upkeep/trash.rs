//! What is in trash, since when: small files in `trash/`, one for each time that packs with
//! content of value were moved there. Merging leaves none: what it moves there has a copy.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_pack::{
    TRASH,
    disk::{
        durable::{self, join},
        read_small,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Doing, Error, Result},
    repo::Repository,
    signature::Signature,
};

/// How the names of these files end.
const ENDING: &str = ".toml";

/// Most bytes of such a file: 100,000 names of packs.
const MAX_LEN: u64 = 8 << 20;

/// When, by whom and what was moved to trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) time_ms: i64,
    pub(crate) author: String,
    pub(crate) packs: BTreeSet<String>,
}

impl Repository {
    /// Writes down that packs go to trash, before they do; durable when it returns.
    pub(crate) fn write_manifest(
        &self,
        packs: BTreeSet<String>,
        signature: &Signature,
    ) -> Result<()> {
        let author = signature.author.clone();
        let manifest = Manifest { time_ms: signature.time_ms, author, packs };
        let doing = || "write down what goes to trash".to_owned();
        let text = toml::to_string(&manifest).map_err(std::io::Error::other).doing(doing)?;
        let name = format!("{:016x}{ENDING}", self.disk().nonce());
        durable::write_file(self.disk(), TRASH, &name, text.as_bytes()).doing(doing)
    }

    /// Returns what was moved to trash and when, by the names of these files.
    pub(crate) fn manifests(&self) -> Result<BTreeMap<String, Manifest>> {
        let names = match self.disk().list(TRASH) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            other => other.doing(|| format!("list {TRASH}"))?,
        };
        let names = names.into_iter().filter(|name| name.ends_with(ENDING));
        names.map(|name| Ok((name.clone(), self.manifest(&name)?))).collect()
    }

    fn manifest(&self, name: &str) -> Result<Manifest> {
        let path = join(TRASH, name);
        let bytes = read_small(self.disk(), &path, MAX_LEN).doing(|| format!("read {path}"))?;
        let parsed = std::str::from_utf8(&bytes).ok().and_then(|text| toml::from_str(text).ok());
        parsed.ok_or_else(|| Error::damaged(path, "it does not say what was moved to trash"))
    }

    /// Returns the packs in quarantine with content of value.
    pub(crate) fn in_manifests(&self) -> Result<BTreeSet<String>> {
        Ok(self.manifests()?.into_values().flat_map(|manifest| manifest.packs).collect())
    }
}

//! What the names of versions mean in a repository.

use ckpt_hash::{HexPrefix, VersionId};
use ckpt_pack::ObjectKind;

use crate::{
    error::Result,
    history::{
        revision::{Base, Extreme, HEAD, Revision, RevisionError},
        walk::ancestor,
    },
    record::Version,
    refs::name::{RefKind, RefName},
    repo::Repository,
};

impl Repository {
    /// Finds the version that a revision such as `main~3`, `main@12`, `min:val_mse`, `HEAD` or the
    /// start of an id names. Branches come before tags, tags before aliases, all before ids.
    ///
    /// Among versions of equal metric, `min:` and `max:` choose the one of the smallest number; of
    /// several of these, the one that [`log`](Self::log) gives first. A metric that a note gives
    /// counts before the version's own.
    ///
    /// # Errors
    /// [`Error::Revision`](crate::Error::Revision), a missing or damaged object.
    pub fn resolve(&self, revision: &str) -> Result<VersionId> {
        // A ref may have a name that reads like something else, such as main@12.
        if let Some((_, version)) = self.find_ref(revision)? {
            return Ok(version);
        }
        let revision: Revision = revision.parse()?;
        self.resolve_parsed(&revision)
    }

    /// Finds the ref that a short or full name stands for, with the version it points to.
    ///
    /// # Errors
    /// A missing or damaged object.
    pub fn find_ref(&self, name: &str) -> Result<Option<(RefName, VersionId)>> {
        for name in self.refs_called(name)? {
            if let Some(version) = self.target(&name)? {
                return Ok(Some((name, version)));
            }
        }
        Ok(None)
    }

    /// Lists the refs that a short or full name can stand for, the first choice first.
    pub(crate) fn refs_called(&self, name: &str) -> Result<Vec<RefName>> {
        let short = RefKind::ALL.into_iter().filter_map(|kind| RefName::new(kind, name).ok());
        Ok(match RefName::from_full(name) {
            Some(full) => vec![full],
            None if name == HEAD => vec![self.head()?],
            None => short.collect(),
        })
    }

    fn resolve_parsed(&self, revision: &Revision) -> Result<VersionId> {
        let from = match &revision.base {
            Base::Name(name) => self.resolve_name(name)?,
            Base::Number { reference, number } => self.resolve_number(reference, *number)?,
            Base::Best { extreme, metric, from } => self.resolve_best(*extreme, metric, from)?,
        };
        if revision.back == 0 {
            return Ok(from);
        }
        let number = self.objects.version(&from)?.number;
        let target = number.checked_sub(revision.back).filter(|target| *target > 0);
        let found = match target {
            Some(target) => ancestor(|id| self.objects.version(id), from, target)?,
            None => None,
        };
        let revision = revision.text.clone();
        found.ok_or_else(|| RevisionError::TooFar { revision, from, number }.into())
    }

    fn resolve_name(&self, name: &str) -> Result<VersionId> {
        if let Some((_, version)) = self.find_ref(name)? {
            return Ok(version);
        }
        if name == HEAD || name == self.head()?.short() {
            return Err(RevisionError::Empty(self.head()?).into());
        }
        match name.parse::<HexPrefix>() {
            Ok(prefix) => self.resolve_prefix(&prefix),
            Err(_) => Err(RevisionError::Unknown(name.to_owned()).into()),
        }
    }

    fn resolve_prefix(&self, prefix: &HexPrefix) -> Result<VersionId> {
        const SHOWN: usize = 4;
        let packs = &self.objects.packs;
        let look = || {
            let found = packs.with_prefix(ObjectKind::Version, prefix)?;
            Ok(Some(found).filter(|found| !found.is_empty()))
        };
        let found = match look()? {
            None => packs.look_again(look)?.unwrap_or_default(),
            Some(found) => found,
        };
        let ids: Vec<VersionId> =
            found.into_iter().map(|id| VersionId::from_digest(id.digest)).collect();
        match ids[..] {
            [] => Err(RevisionError::Unknown(prefix.to_string()).into()),
            [id] => Ok(id),
            _ => {
                let candidates = ids.into_iter().take(SHOWN).collect();
                Err(RevisionError::Ambiguous { prefix: *prefix, candidates }.into())
            }
        }
    }

    fn resolve_number(&self, reference: &str, number: u64) -> Result<VersionId> {
        let from = self.resolve_name(reference)?;
        let found = ancestor(|id| self.objects.version(id), from, number)?;
        let reference = reference.to_owned();
        found.ok_or_else(|| RevisionError::NoNumber { reference, number }.into())
    }

    fn resolve_best(&self, extreme: Extreme, metric: &str, from: &Revision) -> Result<VersionId> {
        let start = self.resolve_parsed(from)?;
        let notes = self.notes()?;
        let mut best: Option<(f64, u64, VersionId)> = None;
        for version in self.log(start) {
            let version = version?;
            let Some(value) = notes.metric(&version, metric).filter(|value| value.is_finite())
            else {
                continue;
            };
            let Version { id, record } = version;
            let wins = best.is_none_or(|(found, number, _)| match extreme {
                _ if value == found => record.number < number,
                Extreme::Min => value < found,
                Extreme::Max => value > found,
            });
            if wins {
                best = Some((value, record.number, id));
            }
        }
        let (metric, from) = (metric.to_owned(), from.to_string());
        best.map(|(.., id)| id).ok_or_else(|| RevisionError::NoMetric { metric, from }.into())
    }
}

//! Content that was removed: what says so, and how it comes back.

use std::{collections::BTreeSet, fmt};

use ckpt_hash::VersionId;
use ckpt_pack::{ObjectId, Whereabouts, wire};

use crate::{
    error::{Error, Result},
    notes::Note,
    objects::Content,
    reach::contents,
    record::{ContentNote, VersionRecord},
    repo::{Repository, Stamp},
};

/// Who removed the content of a version, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The version.
    pub version: VersionId,
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
    /// Why.
    pub reason: String,
}

impl std::error::Error for Removed {}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, author, time_ms, reason } = self;
        let by = if author.is_empty() { String::new() } else { format!(" by {author}") };
        let (version, date) = (version.short(), date(*time_ms));
        write!(f, "the content of version {version} was removed on {date}{by}: {reason}")
    }
}

/// Content that was removed and can be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeletable {
    /// Who removed it, when and why.
    pub removed: Removed,
    /// When it will be too late, in milliseconds since 1970-01-01T00:00:00Z; `None` if its packs
    /// are not in trash yet.
    pub until_ms: Option<i64>,
}

impl Repository {
    /// Returns who removed the content of a version, when and why; `None` if it was not removed.
    ///
    /// # Errors
    /// Those of [`notes`](Self::notes).
    pub fn removed(&self, version: &VersionId) -> Result<Option<Removed>> {
        let notes = self.notes()?;
        let Some(on) = notes.on(version).filter(|on| on.content == ContentNote::Removed) else {
            return Ok(None);
        };
        let says_so = |note: &&std::sync::Arc<Note>| note.record.content == ContentNote::Removed;
        Ok(on.notes.iter().find(says_so).map(|note| Removed {
            version: *version,
            author: note.record.author.clone(),
            time_ms: note.record.time_ms,
            reason: note.record.text.clone(),
        }))
    }

    /// Fails if the content of a version was removed.
    pub(crate) fn require_content(&self, version: &VersionRecord) -> Result<()> {
        // Without notes nothing was removed.
        if self.refs.newest_note()?.is_none() {
            return Ok(());
        }
        let bytes = wire::encode(version)?;
        match self.removed(&VersionId::of(&bytes))? {
            Some(removed) => Err(Error::Removed(Box::new(removed))),
            None => Ok(()),
        }
    }

    /// Says that content is missing because it was removed, if it was.
    pub(crate) fn explain_missing(&self, content: Content, error: Error) -> Error {
        if !matches!(error, Error::Missing(_)) {
            return error;
        }
        let holds = |version: &VersionId| -> Result<bool> {
            let record = self.objects.version(version)?;
            let checkpoint = self.objects.checkpoint(&record.checkpoint)?;
            Ok(contents(&checkpoint).any(|own| own == content))
        };
        let notes = self.notes().unwrap_or_default();
        let removed = notes.iter().filter(|(_, on)| on.content == ContentNote::Removed);
        let holder = removed.map(|(id, _)| id).find(|id| holds(id).unwrap_or(false));
        match holder.and_then(|id| self.removed(id).ok().flatten()) {
            Some(removed) => Error::Removed(Box::new(removed)),
            None => error,
        }
    }

    /// Lists the versions whose content was removed and can be brought back, those first that were
    /// removed last.
    ///
    /// # Errors
    /// Damage in notes and versions; [`Error::Config`].
    pub fn undeletable(&self) -> Result<Vec<Undeletable>> {
        let grace_ms = self.read_config()?.trash.grace_ms();
        let packs = &self.objects.packs;
        packs.refresh()?;
        let manifests = self.manifests()?;
        let until = |pack: &str| {
            let naming = manifests.values().filter(|manifest| manifest.packs.contains(pack));
            naming.map(|manifest| manifest.time_ms.saturating_add(grace_ms)).max()
        };
        let mut found = Vec::new();
        for (version, on) in self.notes()?.iter() {
            if on.content != ContentNote::Removed {
                continue;
            }
            // Where its lists are gone, so is all else.
            let Ok(objects) = self.content_of(version) else { continue };
            let mut until_ms = None;
            let mut is_there = true;
            for id in objects {
                match packs.whereabouts(&id)? {
                    Whereabouts::Live => {}
                    Whereabouts::Nowhere => is_there = false,
                    Whereabouts::Trash(names) => {
                        let latest = names.iter().map(|name| until(name)).max().flatten();
                        until_ms = [until_ms, latest].into_iter().flatten().min();
                    }
                }
            }
            if let Some(removed) = self.removed(version)?.filter(|_| is_there) {
                found.push(Undeletable { removed, until_ms });
            }
        }
        found
            .sort_by_key(|found| (std::cmp::Reverse(found.removed.time_ms), found.removed.version));
        Ok(found)
    }

    /// Brings back the content of versions that was removed, and keeps it until somebody removes it
    /// again by name; durable when it returns. Versions that have their content stay as they are.
    ///
    /// # Errors
    /// [`Error::Gone`] for content that is in trash no longer; [`Error::Locked`]; whatever the disk
    /// refuses.
    pub fn undelete(&self, versions: &[VersionId], stamp: &Stamp) -> Result<Vec<VersionId>> {
        let _replacing = self.refs.replace_packs()?;
        let _writing = self.refs.writing()?;
        let generation = self.generation()?;
        let mut back = BTreeSet::new();
        for version in versions {
            if let Some(removed) = self.removed(version)? {
                self.bring_back_content(version).map_err(|error| match error {
                    Error::Missing(_) => Error::Gone(Box::new(removed)),
                    other => other,
                })?;
                back.insert(*version);
            }
        }
        self.push_content_note(&back, ContentNote::Kept, "brought back", stamp)?;
        self.hold(generation, &back.iter().copied().collect::<Vec<_>>(), stamp)?;
        Ok(versions.iter().filter(|version| back.contains(version)).copied().collect())
    }

    /// Makes sure that versions which this writer relies on have their content, if packs were taken
    /// away since the generation was read, or if somebody noted that it was removed; returns the
    /// generation then.
    pub(crate) fn hold(&self, since: u64, versions: &[VersionId], stamp: &Stamp) -> Result<u64> {
        loop {
            let generation = self.generation()?;
            let notes = self.notes()?;
            let is_removed = |id: &&VersionId| notes.content(id) == ContentNote::Removed;
            let removed: BTreeSet<VersionId> =
                versions.iter().filter(is_removed).copied().collect();
            if generation == since && removed.is_empty() {
                return Ok(generation);
            }
            versions.iter().try_for_each(|version| self.bring_back_content(version))?;
            self.push_content_note(&removed, ContentNote::Kept, "committed again", stamp)?;
            if self.generation()? == generation {
                return Ok(generation);
            }
        }
    }

    /// Makes sure that a version to which a ref was moved is not left without content by somebody who
    /// took packs away in the meantime. One that `was_removed` before stays what it is.
    pub(crate) fn hold_target(
        &self,
        since: u64,
        target: Option<VersionId>,
        was_removed: bool,
        stamp: &Stamp,
    ) -> Result<()> {
        if let Some(target) = target.filter(|_| !was_removed)
            && self.generation()? != since
        {
            self.hold(since, &[target], stamp)?;
        }
        Ok(())
    }

    /// Tells whether the content of a version was removed.
    pub(crate) fn is_removed(&self, version: &VersionId) -> Result<bool> {
        Ok(self.notes()?.content(version) == ContentNote::Removed)
    }

    fn bring_back_content(&self, version: &VersionId) -> Result<()> {
        let objects = self.content_of(version)?;
        self.objects.packs.bring_back(objects)?;
        Ok(())
    }

    /// Names all objects that a version consists of, wherever they are.
    fn content_of(&self, version: &VersionId) -> Result<BTreeSet<ObjectId>> {
        let record = self.objects.version(version)?;
        let checkpoint = self.objects.checkpoint(&record.checkpoint)?;
        let mut objects = BTreeSet::new();
        for content in contents(&checkpoint) {
            objects.extend(self.objects.content_objects(content)?);
        }
        Ok(objects)
    }
}

/// Writes a time as a date in UTC (Hinnant, "chrono-compatible low-level date algorithms").
fn date(time_ms: i64) -> String {
    let days = time_ms.div_euclid(crate::config::DAY_MS) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (1_700_000_000_000, "2023-11-14"),
            (951_782_400_000, "2000-02-29"),
            (4_102_444_799_999, "2099-12-31"),
        ];
        for (time_ms, expected) in cases {
            assert_eq!(date(time_ms), expected);
        }
    }
}

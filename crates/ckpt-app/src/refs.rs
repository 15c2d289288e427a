//! Refs, and the versions that they and revisions name.

use std::collections::BTreeMap;

use ckpt_hash::VersionId;
use ckpt_store::{Condition, Error, Notes, RefKind, RefName, Repository, Version};

use crate::{
    failure::{Failure, Missing},
    near::nearest,
    text::{Style, Text},
};

/// Parses conditions as they were given.
///
/// # Errors
/// What is no condition.
pub fn conditions(texts: &[String]) -> Result<Vec<Condition>, Failure> {
    let parsed = texts.iter().map(|text| text.parse().map_err(Error::Condition));
    Ok(parsed.collect::<Result<_, _>>()?)
}

/// Takes what notes say into the metrics of a version that is going to be shown.
pub fn noted(notes: &Notes, mut version: Version) -> Version {
    version.record.metrics = notes.metrics(&version);
    version
}

/// Finds the version that a revision names.
///
/// # Errors
/// A revision that names none; a version that cannot be read.
pub fn find(repository: &Repository, revision: &str) -> Result<Version, Failure> {
    Ok(repository.version(&repository.resolve(revision)?)?)
}

/// The refs of a repository by the version that they point to.
#[derive(Debug)]
pub struct RefsByVersion(BTreeMap<VersionId, Vec<RefName>>);

impl RefsByVersion {
    /// Reads all refs: branches first, then tags, then aliases.
    ///
    /// # Errors
    /// Refs that cannot be read.
    pub fn read(repository: &Repository) -> Result<Self, Failure> {
        Ok(Self(repository.refs_at()?))
    }

    /// Lists the refs that point to a version.
    pub fn of(&self, version: &VersionId) -> &[RefName] {
        self.0.get(version).map_or(&[], Vec::as_slice)
    }

    /// Writes the names in parentheses before the subject of a version's message.
    pub fn mark(&self, version: &VersionId, subject: &str) -> Text {
        let names: Vec<&str> = self.of(version).iter().map(RefName::short).collect();
        if names.is_empty() {
            return subject.into();
        }
        let gap = if subject.is_empty() { "" } else { " " };
        Text::styled(Style::Ref, format!("({})", names.join(", "))).plain(gap).plain(subject)
    }
}

/// Returns the name of the branch that a revision is; `None` if it is something else.
///
/// # Errors
/// Refs that cannot be read.
pub fn branch_of(repository: &Repository, revision: &str) -> Result<Option<String>, Failure> {
    let found = repository.find_ref(revision)?.map(|(name, _)| name);
    let branch = found.filter(|name| name.kind() == RefKind::Branch);
    Ok(branch.map(|name| name.short().to_owned()))
}

/// Refuses a new branch or tag that would hide an alias, and a new alias that would be hidden.
///
/// # Errors
/// A name that is taken; refs that cannot be read.
pub fn check_hides_nothing(repository: &Repository, name: &RefName) -> Result<(), Failure> {
    let others = RefKind::ALL
        .into_iter()
        .filter(|kind| *kind != name.kind() && [*kind, name.kind()].contains(&RefKind::Alias));
    for kind in others {
        let other = RefName::new(kind, name.short()).map_err(Error::from)?;
        if repository.target(&other)?.is_some() {
            let message = format!("{other} has that name already");
            return Err(Failure::failed(message).with_hint("choose another name"));
        }
    }
    Ok(())
}

/// Adds to a failure for the name of a ref that there is not which one may be meant, if any is like
/// it.
#[must_use]
pub fn suggest(repository: &Repository, failure: Failure) -> Failure {
    match failure.missing().and_then(|missing| near(repository, missing)) {
        Some(near) => failure.with_hint(format!("did you mean {near}?")),
        None => failure,
    }
}

fn near(repository: &Repository, Missing { name, kind }: &Missing) -> Option<String> {
    let kinds = RefKind::ALL.into_iter().filter(|other| kind.is_none_or(|kind| kind == *other));
    // What cannot be listed is not what the failure is about.
    let refs: Vec<(RefName, _)> = kinds.flat_map(|kind| repository.list(kind)).flatten().collect();
    nearest(name, refs.iter().map(|(name, _)| name.short())).map(str::to_owned)
}

//! What the commands for branches and tags share.

use std::collections::BTreeMap;

use ckpt_hash::VersionId;
use ckpt_store::{RefKind, RefName, Repository, Version};

use crate::{
    context::{Answer, Context, Outcome},
    failure::{Failure, Hint},
    json,
    ui::{Column, Style, Table, Text},
};

/// The refs of a repository by the version that they point to.
pub(super) struct RefsByVersion(BTreeMap<VersionId, Vec<RefName>>);

impl RefsByVersion {
    /// Reads all refs: branches first, then tags, then aliases.
    pub(super) fn read(repository: &Repository) -> Result<Self, Failure> {
        Ok(Self(repository.refs_at()?))
    }

    pub(super) fn of(&self, version: &VersionId) -> &[RefName] {
        self.0.get(version).map_or(&[], Vec::as_slice)
    }

    /// Writes the names in parentheses before the subject of a version's message.
    pub(super) fn mark(&self, version: &VersionId, subject: &str) -> Text {
        let names: Vec<&str> = self.of(version).iter().map(RefName::short).collect();
        if names.is_empty() {
            return subject.into();
        }
        let gap = if subject.is_empty() { "" } else { " " };
        Text::styled(Style::Ref, format!("({})", names.join(", "))).plain(gap).plain(subject)
    }
}

/// Returns the name of the branch that a revision is; `None` if it is something else.
pub(super) fn branch_of(
    repository: &Repository,
    revision: &str,
) -> Result<Option<String>, Failure> {
    let found = repository.find_ref(revision)?.map(|(name, _)| name);
    let branch = found.filter(|name| name.kind() == RefKind::Branch);
    Ok(branch.map(|name| name.short().to_owned()))
}

pub(super) fn keys(name: &RefName, version: Option<VersionId>, current: bool) -> json::Ref {
    json::Ref { kind: name.kind().word(), name: name.short().to_owned(), version, current }
}

/// Prints the refs of a kind; the current branch is marked, and listed before its first version.
pub(super) fn list(context: &mut Context, kind: RefKind) -> Outcome {
    let repository = context.repository()?;
    let head = repository.head()?;
    let found = repository.list(kind)?;
    let mut refs: Vec<_> = found.into_iter().map(|(name, version)| (name, Some(version))).collect();
    if kind == RefKind::Branch && refs.iter().all(|(name, _)| *name != head) {
        refs.push((head.clone(), None));
        refs.sort();
    }
    if context.json {
        let item = |(name, version): (RefName, _)| keys(&name, version, name == head);
        context.ui.json(&refs.into_iter().map(item).collect::<Vec<_>>())?;
        return Ok(Answer::Done);
    }
    if refs.is_empty() {
        context.ui.notice(format!("there is no {} yet", kind.word()))?;
        return Ok(Answer::Done);
    }
    let mut table = Table::new([
        Column::left(format!("  {}", kind.word())).elastic(),
        Column::left("version"),
        Column::right("#"),
        Column::left("message").elastic(),
    ]);
    for (name, version) in refs {
        let version = version.map(|version| repository.version(&version)).transpose()?;
        table.row(row(&name, version.as_ref(), name == head));
    }
    context.ui.table(&mut table)?;
    Ok(Answer::Done)
}

fn row(name: &RefName, version: Option<&Version>, is_current: bool) -> [Text; 4] {
    let mark = if is_current { "* " } else { "  " };
    let name = Text::from(mark).push(Style::Ref, name.short());
    let Some(Version { id, record }) = version else {
        return [name, "".into(), "".into(), Text::styled(Style::Faint, "no versions yet")];
    };
    let subject = record.message.lines().next().unwrap_or_default();
    [name, Text::styled(Style::Id, id.short()), record.number.to_string().into(), subject.into()]
}

/// Makes or moves a ref and says so.
pub(super) fn set(
    context: &mut Context,
    name: &RefName,
    revision: &str,
    force: bool,
    reason: &str,
) -> Outcome {
    let repository = context.repository()?;
    let to = repository.resolve(revision)?;
    let from = repository.target(name)?;
    let stamp = context.stamp()?;
    repository.set_ref(name, to, force, reason, &stamp).map_err(|error| match error {
        error @ ckpt_store::Error::RefExists { .. } => existing(name, error),
        error => error.into(),
    })?;
    match from {
        Some(_) => moved(context, name, from, Some(to))?,
        None if context.json => context.ui.json(&keys(name, Some(to), false))?,
        None => {
            let line = Text::from(format!("made {} ", name.kind().word()))
                .push(Style::Ref, name.short())
                .plain(" at ")
                .push(Style::Id, to.short());
            context.ui.line(line)?;
        }
    }
    Ok(Answer::Done)
}

/// Says what can be done about a ref that exists.
fn existing(name: &RefName, error: ckpt_store::Error) -> Failure {
    let moves = || Hint::command(format!("rollback {} --to REV", name.short()), "moves it");
    Failure::from(error).with_hint(match name.kind() {
        RefKind::Tag => "--force moves it, which is on record".into(),
        _ => moves(),
    })
}

/// Deletes a ref and says so.
pub(super) fn delete(context: &mut Context, name: &RefName, reason: &str) -> Outcome {
    let repository = context.repository()?;
    if repository.head()? == *name {
        let message = format!("{name} is the current branch");
        let hint = Hint::command("switch NAME", "makes another one current");
        return Err(Failure::failed(message).with_hint(hint));
    }
    let stamp = context.stamp()?;
    let from = repository.delete_ref(name, reason, &stamp)?;
    if context.json {
        moved(context, name, Some(from), None)?;
    } else {
        let line = Text::from(format!("deleted {} ", name.kind().word()))
            .push(Style::Ref, name.short())
            .plain(", which was at ")
            .push(Style::Id, from.short());
        context.ui.line(line)?;
    }
    Ok(Answer::Done)
}

/// Says where a ref moved.
pub(super) fn moved(
    context: &mut Context,
    name: &RefName,
    from: Option<VersionId>,
    to: Option<VersionId>,
) -> Result<(), Failure> {
    let kind = name.kind().word();
    if context.json {
        return context.ui.json(&json::Move { kind, name: name.short().to_owned(), from, to });
    }
    let id = |id: Option<VersionId>| id.map_or_else(|| "nothing".to_owned(), |id| id.short());
    let line = Text::from(format!("moved {kind} "))
        .push(Style::Ref, name.short())
        .plain(" from ")
        .push(Style::Id, id(from))
        .plain(" to ")
        .push(Style::Id, id(to));
    context.ui.line(line)
}

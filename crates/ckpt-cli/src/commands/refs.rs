//! What the commands for branches, tags and aliases share.

pub(super) use ckpt_app::refs::{RefsByVersion, branch_of, check_hides_nothing, conditions};
use ckpt_hash::VersionId;
use ckpt_store::{CheckResult, Move, Reason, RefKind, RefName, Version};
use clap::{Args, builder::NonEmptyStringValueParser};

use crate::{
    context::{Answer, Context, Outcome},
    failure::{Failure, Hint},
    json,
    ui::{Column, Style, Table, Text},
};

/// Why a ref is moved.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// Why, for the record
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,

    /// Moves even if conditions are not met, for this reason, which is on record
    #[arg(long = "override", value_name = "REASON", conflicts_with = "message")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    override_reason: Option<String>,
}

impl Why {
    pub(super) fn reason(&self) -> Reason<'_> {
        let override_reason = self.override_reason.as_deref();
        Reason { text: override_reason.unwrap_or(&self.message), override_reason }
    }
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
    reason: Reason<'_>,
) -> Outcome {
    let repository = context.repository()?;
    let to = repository.resolve(revision)?;
    if repository.target(name)?.is_none() {
        check_hides_nothing(&repository, name)?;
    }
    let signature = context.signature()?;
    let set =
        repository.set_ref(name, to, force, reason, &signature).map_err(|error| match error {
            error @ ckpt_store::Error::RefExists { .. } => existing(name, error),
            error => error.into(),
        })?;
    if context.json && set.record.from.is_none() {
        context.ui.json(&keys(name, Some(to), false))?;
    } else {
        moved(context, name, &set)?;
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
    let signature = context.signature()?;
    let deleted = repository.delete_ref(name, reason, &signature)?;
    moved(context, name, &deleted)?;
    Ok(Answer::Done)
}

/// Says where a ref moved, and which conditions were looked at.
pub(super) fn moved(
    context: &mut Context,
    name: &RefName,
    Move { id, record }: &Move,
) -> Result<(), Failure> {
    if context.json {
        return context.ui.json(&json::Move {
            kind: name.kind().word(),
            name: name.short().to_owned(),
            from: record.from,
            to: record.to,
            id: *id,
            evidence: json::evidence(&record.evidence),
        });
    }
    let line = |verb: &str| {
        Text::from(format!("{verb} {} ", name.kind().word())).push(Style::Ref, name.short())
    };
    let at = |line: Text, word: &str, id: VersionId| line.plain(word).push(Style::Id, id.short());
    context.ui.line(match (record.from, record.to) {
        (Some(from), Some(to)) if from == to => at(line("left"), " at ", to),
        (Some(from), Some(to)) => at(at(line("moved"), " from ", from), " to ", to),
        (None, Some(to)) => at(line("made"), " at ", to),
        (from, None) => {
            from.into_iter().fold(line("deleted"), |line, from| at(line, ", which was at ", from))
        }
    })?;
    record.evidence.iter().try_for_each(|evidence| context.ui.line(finding(evidence)))
}

/// Writes in a line whether a condition was met, and by which values.
pub(super) fn finding(evidence: &CheckResult) -> Text {
    let verdict = match evidence.met {
        true => Text::styled(Style::Good, "  met         "),
        // It was not met, but there is a move.
        false => Text::styled(Style::Bad, "  overridden  "),
    };
    let found = match evidence.values.is_empty() {
        true => "  (cannot be read)".to_owned(),
        false => format!("  ({})", evidence.found()),
    };
    verdict.plain(&evidence.condition).push(Style::Faint, found)
}

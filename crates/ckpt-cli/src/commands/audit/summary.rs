//! All refs, each with its newest move.

use ckpt_store::{Move, RefKind, RefName, Repository};

use super::{Expected, broken};
use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Column, Style, Table, Text},
};

/// What the moves of a ref come to.
struct Summary {
    name: RefName,
    newest: Option<Move>,
    moves: u64,
    overridden: u64,
    damage: Option<Failure>,
}

impl Summary {
    fn new(repository: &Repository, name: RefName, expected: &mut Option<Expected>) -> Self {
        let mut summary = Self { name, newest: None, moves: 0, overridden: 0, damage: None };
        if let Err(error) = summary.follow(repository, expected) {
            summary.damage = Some(broken(error));
        }
        summary
    }

    fn follow(
        &mut self,
        repository: &Repository,
        expected: &mut Option<Expected>,
    ) -> ckpt_store::Result<()> {
        for movement in repository.audit(&self.name)? {
            let movement = movement?;
            expected.iter_mut().for_each(|expected| expected.see(&movement.id));
            self.moves += 1;
            self.overridden += u64::from(movement.record.evidence.iter().any(|e| !e.met));
            self.newest.get_or_insert(movement);
        }
        Ok(())
    }

    fn keys(&self) -> json::AuditRef {
        let newest = self.newest.as_ref();
        json::AuditRef {
            kind: self.name.kind().word(),
            name: self.name.short().to_owned(),
            version: newest.and_then(|newest| newest.record.to),
            moves: self.moves,
            overridden: self.overridden,
            id: newest.map(|newest| newest.id),
            time: newest.and_then(|newest| format::rfc3339(newest.record.time_ms)),
            author: newest.map(|newest| newest.record.author.clone()),
            damage: self.damage.as_ref().map(|damage| damage.message().to_owned()),
        }
    }

    fn row(&self, now_ms: i64) -> Vec<Text> {
        let newest = self.newest.as_ref();
        let text = |text: &dyn Fn(&Move) -> String| newest.map(text).unwrap_or_default();
        vec![
            Text::styled(Style::Ref, self.name.to_string()),
            self.moves.to_string().into(),
            self.overridden.to_string().into(),
            text(&|newest| newest.id.short()).into(),
            Text::styled(Style::Faint, text(&|newest| format::age(newest.record.time_ms, now_ms))),
            text(&|newest| newest.record.author.clone()).into(),
        ]
    }
}

/// Prints all refs; the answer is no if the moves of one do not hang together.
pub(super) fn print(
    context: &mut Context,
    repository: &Repository,
    expected: &mut Option<Expected>,
) -> Outcome {
    let now_ms = context.environment.now_ms()?;
    let mut table = Table::new([
        Column::left("ref").elastic(),
        Column::right("moves"),
        Column::right("overridden").dispensable(2),
        Column::left("newest move"),
        Column::right("time").dispensable(1),
        Column::left("who").elastic().dispensable(3),
    ]);
    let (mut answer, mut count) = (Answer::Done, 0);
    for kind in RefKind::ALL {
        for name in repository.chains(kind)? {
            let summary = Summary::new(repository, name, expected);
            count += 1;
            if context.json {
                context.ui.json(&summary.keys())?;
            } else {
                table.row(summary.row(now_ms));
            }
            if let Some(damage) = summary.damage {
                answer = Answer::No;
                let line = Text::styled(Style::Bad, "  damage      ").plain(damage.message());
                table.line(line);
            }
        }
    }
    match count {
        _ if context.json => {}
        0 => context.ui.notice("no ref was made yet")?,
        _ => context.ui.table(&mut table)?,
    }
    Ok(answer)
}

//! Shows the moves of refs: of one ref in `moves`, of all in `summary`.

mod moves;
mod summary;

use ckpt_hash::{HexPrefix, MoveId};
use ckpt_store::{Error, RefName, Repository};
use clap::Args;

use crate::{
    Failure, Hint,
    context::{Answer, Context, Outcome},
    failure::Class,
};

/// Shows who moved a ref when and why, and verifies the chain of its moves
///
/// Every move is read by its id, a hash that the next move holds: what was changed, taken out or
/// put in shows, and the exit code is 3. That the newest moves were cut off, or all of them
/// replaced, shows only to who remembers an id: with --expect, that move must be in the chain.
/// Without a ref, all refs are listed with their newest moves, deleted ones too.
///
/// With --json, one line for each move, the newest first: kind, name, move, previous, action
/// (commit, set, promote, rollback, guard or delete), from, to, time, author, reason, overridden,
/// evidence (a list of condition, met, values), guards. Without a ref, one line for each ref: kind,
/// name, version, moves, overridden, move (the newest), time, author, damage.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt audit
  ckpt audit production
  ckpt audit production --expect 4f1c0a9b2d3e
")]
pub(crate) struct AuditArgs {
    /// The branch, tag or alias, which may be deleted
    #[arg(value_name = "REF")]
    name: Option<String>,

    /// The id of a move that must be in the chain, or its first digits; the more, the more they
    /// prove
    #[arg(long, value_name = "MOVE")]
    expect: Option<String>,
}

pub(crate) fn audit(context: &mut Context, args: &AuditArgs) -> Outcome {
    let expect = args.expect.as_deref().map(str::parse).transpose();
    let mut expected = expect.map_err(Error::from)?.map(Expected::new);
    let repository = context.repository()?;
    let check = |expected: Option<Expected>, place: &str| {
        expected.map_or(Ok(()), |expected| expected.check(place))
    };
    let Some(name) = &args.name else {
        let answer = summary::print(context, &repository, &mut expected)?;
        check(expected, "any ref")?;
        return Ok(answer);
    };
    let name = find(&repository, name, expected.is_some())?;
    let end = moves::print(context, &repository, &name, &mut expected)?;
    check(expected, &name.to_string())?;
    end.print(context, &name)?;
    Ok(Answer::Done)
}

/// Finds a ref with moves.
fn find(repository: &Repository, name: &str, is_expected: bool) -> Result<RefName, Failure> {
    if let Some(found) = repository.find_chain(name).map_err(broken)? {
        return Ok(found);
    }
    // A name that none can have is wrong usage; one that none has is not.
    if RefName::from_full(name).is_none() {
        RefName::branch(name).map_err(Error::from)?;
    }
    let message = format!("no branch, tag or alias is or was called {name:?}");
    let failure = Failure::failed(message).with_hint(Hint::command("audit", "lists all"));
    let failure = failure.with_missing(name);
    // Who remembers a move of it asks whether it is there.
    Err(if is_expected { failure.with_class(Class::No) } else { failure })
}

/// Counts damage as an answer: it is what an audit looks for.
fn broken(error: Error) -> Failure {
    let is_damage = matches!(error, Error::Damaged { .. } | Error::Missing(_));
    let failure = Failure::from(error);
    if is_damage { failure.with_class(Class::No) } else { failure }
}

/// A remembered move, and what was seen of it.
struct Expected {
    prefix: HexPrefix,
    seen: u64,
}

impl Expected {
    const fn new(prefix: HexPrefix) -> Self {
        Self { prefix, seen: 0 }
    }

    fn see(&mut self, id: &MoveId) {
        self.seen += u64::from(self.prefix.matches(id.digest()));
    }

    /// Answers whether the move was seen; `place` is where it was looked for.
    fn check(&self, place: &str) -> Result<(), Failure> {
        let prefix = self.prefix;
        match self.seen {
            1 => Ok(()),
            0 => {
                let message = format!("move {prefix} is not in the history of {place}");
                let hint = "its history was cut off or replaced, or the move is another ref's";
                Err(Failure::failed(message).with_class(Class::No).with_hint(hint))
            }
            seen => {
                let message = format!("{prefix} is ambiguous: {seen} moves start with it");
                Err(Failure::usage(message).with_hint("give more digits"))
            }
        }
    }
}

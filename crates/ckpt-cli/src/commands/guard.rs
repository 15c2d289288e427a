use ckpt_store::{Error, GuardChange, Move, RefKind, RefName, Repository};
use clap::Args;

use super::refs;
use crate::{
    Failure, Hint,
    context::{Answer, Context, Outcome},
    json,
    ui::{Column, Style, Table, Text},
};

/// Lists and sets conditions that every move of a ref must meet
///
/// A branch, tag or alias with guards moves only to versions that meet them, by whichever command:
/// commit, promote, rollback, tag --force. A command that may not move it ends with exit code 3;
/// a version that was committed is kept. --override REASON of these commands moves it anyway, and
/// `audit` shows that. Changes of guards are on record too, and outlast the ref's deletion.
///
/// A condition is what `promote --help` says; `current.NAME` is a metric of the version that the
/// ref is at. Without a ref, all guards are listed; without a condition, those of the ref.
///
/// With --json: a list of kind, name, guards; for one ref that object alone, after a change with
/// move (null if nothing changed).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt guard production 'f1 >= 0.95' 'latency_ms < 20'
  ckpt guard production 'val_loss <= current.val_loss'
  ckpt guard production
  ckpt guard production --clear -m 'a new metric'
")]
pub(crate) struct GuardArgs {
    /// The branch, tag or alias; one that does not exist yet by its full name, such as
    /// refs/aliases/production
    #[arg(value_name = "REF")]
    name: Option<String>,

    /// Conditions to add
    #[arg(value_name = "CONDITION")]
    conditions: Vec<String>,

    /// Takes a guard away; repeatable
    #[arg(short, long, value_name = "CONDITION", requires = "name", conflicts_with = "conditions")]
    delete: Vec<String>,

    /// Takes all guards of the ref away
    #[arg(long, requires = "name", conflicts_with_all = ["conditions", "delete"])]
    clear: bool,

    /// Why, for the record
    #[arg(short, long, default_value = "", hide_default_value = true)]
    message: String,
}

pub(crate) fn guard(context: &mut Context, args: &GuardArgs) -> Outcome {
    let change = change(args)?;
    let repository = context.repository()?;
    let Some(name) = &args.name else {
        return list(context, &repository);
    };
    let name = find(&repository, name)?;
    let Some(change) = change else {
        return print_guards(context, &repository, &name);
    };
    let signature = context.signature()?;
    let made = repository.guard(&name, &change, args.message.as_str(), &signature)?;
    report(context, &repository, &name, made.as_ref())?;
    if let GuardChange::Add(_) = change {
        warn_of_failed_checks(context, &repository, &name)?;
    }
    Ok(Answer::Done)
}

/// Reads what is to be changed; nothing where guards are to be listed.
fn change(args: &GuardArgs) -> Result<Option<GuardChange>, Failure> {
    Ok(if args.clear {
        Some(GuardChange::Clear)
    } else if !args.delete.is_empty() {
        Some(GuardChange::Remove(args.delete.clone()))
    } else if !args.conditions.is_empty() {
        Some(GuardChange::Add(refs::conditions(&args.conditions)?))
    } else {
        None
    })
}

/// Finds a ref that exists, existed, or is given by its full name; the current branch need not
/// exist yet.
fn find(repository: &Repository, name: &str) -> Result<RefName, Failure> {
    if let Some(found) = repository.find_chain(name)? {
        return Ok(found);
    }
    let head = repository.head()?;
    if name == "HEAD" || name == head.short() {
        return Ok(head);
    }
    if let Some(full) = RefName::from_full(name) {
        return Ok(full);
    }
    let alias = RefName::new(RefKind::Alias, name).map_err(Error::from)?;
    let message = format!("no branch, tag or alias is called {name:?}");
    let hint = Hint::command(format!("guard {} CONDITION", alias.full()), "guards a new alias");
    Err(Failure::failed(message).with_hint(hint))
}

fn keys(name: &RefName, guards: Vec<String>) -> json::Guards {
    json::Guards { kind: name.kind().word(), name: name.short().to_owned(), guards }
}

fn list(context: &mut Context, repository: &Repository) -> Outcome {
    let mut guarded = Vec::new();
    for kind in RefKind::ALL {
        for name in repository.chains(kind)? {
            let guards = repository.guards(&name)?;
            if !guards.is_empty() {
                guarded.push((name, guards));
            }
        }
    }
    if context.json {
        let items = guarded.into_iter().map(|(name, guards)| keys(&name, guards));
        context.ui.json(&items.collect::<Vec<_>>())?;
    } else if guarded.is_empty() {
        context.ui.notice("nothing is guarded")?;
    } else {
        let columns = [Column::left("ref").elastic(), Column::left("guard").elastic()];
        let mut table = Table::new(columns);
        for (name, guards) in &guarded {
            for guard in guards {
                table.row([Text::styled(Style::Ref, name.to_string()), guard.as_str().into()]);
            }
        }
        context.ui.table(&mut table)?;
    }
    Ok(Answer::Done)
}

fn print_guards(context: &mut Context, repository: &Repository, name: &RefName) -> Outcome {
    let guards = repository.guards(name)?;
    if context.json {
        context.ui.json(&keys(name, guards))?;
    } else if guards.is_empty() {
        context.ui.notice(format!("{name} has no guards"))?;
    } else {
        guards.into_iter().try_for_each(|guard| context.ui.line(guard))?;
    }
    Ok(Answer::Done)
}

/// Says which guards there are after a change.
fn report(
    context: &mut Context,
    repository: &Repository,
    name: &RefName,
    made: Option<&Move>,
) -> Result<(), Failure> {
    let guards = match made {
        Some(made) => made.record.guards.clone(),
        None => repository.guards(name)?,
    };
    if context.json {
        let id = made.map(|made| made.id);
        return context.ui.json(&json::GuardChange { guards: keys(name, guards), id });
    }
    let what = match (made, guards.is_empty()) {
        (None, _) => "nothing changed: ",
        (Some(_), _) => "",
    };
    let state = if guards.is_empty() { " has no guards" } else { " is guarded by" };
    let line = Text::from(what).plain(format!("{} ", name.kind().word()));
    context.ui.line(line.push(Style::Ref, name.short()).plain(state))?;
    guards.into_iter().try_for_each(|guard| context.ui.line(format!("  {guard}")))
}

/// Says if the version that a ref is at does not meet what its next one must.
fn warn_of_failed_checks(
    context: &mut Context,
    repository: &Repository,
    name: &RefName,
) -> Result<(), Failure> {
    let Some(at) = repository.target(name)? else { return Ok(()) };
    let guards = repository.guards(name)?;
    // A guard that cannot be read is for whoever moves the ref.
    let guards: Vec<_> = guards.iter().filter_map(|guard| guard.parse().ok()).collect();
    for evidence in repository.check(&guards, &repository.version(&at)?, None)? {
        if !evidence.met {
            let (at, found) = (at.short(), evidence.found());
            let what =
                format!("note: {name} is at {at}, which does not meet {}", evidence.condition);
            context.ui.notice(format!("{what} ({found})"))?;
        }
    }
    Ok(())
}

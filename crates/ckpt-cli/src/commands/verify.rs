use ckpt_hash::VersionId;
use ckpt_store::{Damage, RepairReport, Repository, VerifyReport};
use clap::Args;

use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Style, Text},
};

/// The most versions that are named for one damage; the others are counted.
const NAMED: usize = 3;

/// Checks every byte of the repository
///
/// Reads every object, checks it against its id, and follows every ref and every version to the
/// last block. The exit code is 3 if something is wrong.
///
/// With --json: ok, objects, bytes, versions, damage (a list of place, what, versions); with
/// --repair these say what is left, and set_aside (a list of packs) and versions_harmed follow.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt verify
  ckpt verify --json | jq .damage
  ckpt verify --repair
")]
pub(crate) struct VerifyArgs {
    /// Quarantines packs with damage, after copying what is undamaged in them. Committing the same
    /// files again then makes versions whole that lack a part
    #[arg(long)]
    repair: bool,
}

pub(crate) fn verify(context: &mut Context, args: &VerifyArgs) -> Outcome {
    let repository = context.repository()?;
    if args.repair {
        return repair(context, &repository);
    }
    let progress = context.ui.progress("verifying");
    let report = repository.verify(&|done, total| progress.update(done, total))?;
    drop(progress);
    let answer = if report.is_ok() { Answer::Done } else { Answer::No };
    if context.json {
        Failure::unless_closed(context.ui.json(&keys(report)))?;
        return Ok(answer);
    }
    for stray in repository.stray_files()? {
        context.ui.notice(format!("{stray} is no ref and is ignored"))?;
    }
    Failure::unless_closed(print(context, report))?;
    Ok(answer)
}

fn repair(context: &mut Context, repository: &Repository) -> Outcome {
    let signature = context.signature()?;
    let progress = context.ui.progress("repairing");
    let report = repository.repair(&signature, &|done, total| progress.update(done, total))?;
    drop(progress);
    let RepairReport { set_aside, versions, left, .. } = report;
    let answer = if left.is_ok() { Answer::Done } else { Answer::No };
    if context.json {
        let verify = keys(left);
        let document = json::Repair { verify, set_aside, versions_harmed: versions };
        Failure::unless_closed(context.ui.json(&document))?;
        return Ok(answer);
    }
    Failure::unless_closed(print_repair(context, &set_aside, &versions, left))?;
    Ok(answer)
}

fn print_repair(
    context: &mut Context,
    set_aside: &[String],
    versions: &[VersionId],
    left: VerifyReport,
) -> Result<(), Failure> {
    for pack in set_aside {
        let line = Text::styled(Style::Bad, pack);
        context.ui.line(line.plain(" is in quarantine; what was undamaged in it is kept"))?;
    }
    for id in versions {
        context.ui.line(Text::styled(Style::Id, id.short()).plain("  lacks a part"))?;
    }
    print(context, left)
}

/// Prints what is wrong and what was read.
fn print(context: &mut Context, report: VerifyReport) -> Result<(), Failure> {
    let is_ok = report.is_ok();
    let VerifyReport { objects, bytes, versions, damage, .. } = report;
    let counts = [
        format::count(objects, "object"),
        format::bytes(bytes),
        format::count(versions, "version"),
    ];
    let counts = counts.join(", ");
    if is_ok {
        return context.ui.line(Text::styled(Style::Good, "ok").plain(format!(": {counts}")));
    }
    for damage in &damage {
        context.ui.line(Text::styled(Style::Bad, &damage.place).plain(": ").plain(&damage.what))?;
        if !damage.versions.is_empty() {
            context.ui.line(Text::from("    in versions ").join(versions_of(&damage.versions)))?;
        }
    }
    let places = format::count(damage.len() as u64, "place");
    let damaged = Text::styled(Style::Bad, format!("damaged in {places}"));
    context.ui.line(damaged.plain(format!("; read {counts}")))
}

fn versions_of(versions: &[VersionId]) -> Text {
    let ids: Vec<String> = versions.iter().take(NAMED).map(VersionId::short).collect();
    let more = versions.len() - ids.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Text::styled(Style::Id, ids.join(", ")).plain(more)
}

fn keys(report: VerifyReport) -> json::Verify {
    let damage = |Damage { place, what, versions, .. }| json::Damage { place, what, versions };
    json::Verify {
        ok: report.is_ok(),
        objects: report.objects,
        bytes: report.bytes,
        versions: report.versions,
        damage: report.damage.into_iter().map(damage).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_versions_the_first_are_named_and_the_others_counted() {
        let ids: Vec<VersionId> = (0..5_u8).map(|seed| VersionId::of(&[seed])).collect();
        let named = |versions: &[VersionId]| versions_of(versions).render(false);
        let three = ids[..3].iter().map(VersionId::short).collect::<Vec<_>>().join(", ");
        assert_eq!(named(&ids[..3]), three);
        assert_eq!(named(&ids), format!("{three} and 2 more"));
    }
}

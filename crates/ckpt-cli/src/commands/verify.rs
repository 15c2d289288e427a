use ckpt_hash::VersionId;
use ckpt_store::{Damage, VerifyReport};
use clap::Args;

use crate::{
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
/// With --json: ok, objects, bytes, versions, damage (a list of place, what, versions).
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {}

pub(crate) fn verify(context: &mut Context, _: &VerifyArgs) -> Outcome {
    let repository = context.repository()?;
    let progress = context.ui.progress("verifying");
    let report = repository.verify(&|done, total| progress.update(done, total))?;
    drop(progress);
    let answer = if report.is_ok() { Answer::Done } else { Answer::No };
    if context.json {
        context.ui.json(&keys(report))?;
        return Ok(answer);
    }
    for stray in repository.stray_files()? {
        context.ui.notice(format!("{stray} is no ref and is ignored"))?;
    }
    let VerifyReport { objects, bytes, versions, ref damage } = report;
    let counts = [
        format::count(objects, "object"),
        format::bytes(bytes),
        format::count(versions, "version"),
    ];
    let counts = counts.join(", ");
    if report.is_ok() {
        context.ui.line(Text::styled(Style::Good, "ok").plain(format!(": {counts}")))?;
        return Ok(answer);
    }
    for damage in damage {
        context.ui.line(Text::styled(Style::Bad, &damage.place).plain(": ").plain(&damage.what))?;
        if !damage.versions.is_empty() {
            context.ui.line(Text::from("    in versions ").join(versions_of(damage)))?;
        }
    }
    let places = format::count(damage.len() as u64, "place");
    let damaged = Text::styled(Style::Bad, format!("damaged in {places}"));
    context.ui.line(damaged.plain(format!("; read {counts}")))?;
    Ok(answer)
}

fn versions_of(damage: &Damage) -> Text {
    let ids: Vec<String> = damage.versions.iter().take(NAMED).map(VersionId::short).collect();
    let more = damage.versions.len() - ids.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Text::styled(Style::Id, ids.join(", ")).plain(more)
}

fn keys(report: VerifyReport) -> json::Verify {
    let damage = |Damage { place, what, versions }| json::Damage { place, what, versions };
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
        let named = |versions: &[VersionId]| {
            let versions = versions.to_vec();
            versions_of(&Damage { place: String::new(), what: String::new(), versions })
                .render(false)
        };
        let three = ids[..3].iter().map(VersionId::short).collect::<Vec<_>>().join(", ");
        assert_eq!(named(&ids[..3]), three);
        assert_eq!(named(&ids), format!("{three} and 2 more"));
    }
}

use ckpt_store::{GcOptions, GcPlan, GcReport, Period};
use clap::Args;

use crate::{
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Style, Text},
};

/// Takes away content that nothing needs
///
/// That is the content of pruned versions, of versions that no branch, tag or alias leads to, and
/// what commits that failed left behind. The versions stay in history with their metrics. What is
/// taken away goes to trash, from where `undelete` brings it back; after the grace period it is
/// removed for good. Small packs are merged, long chains of differences cut, tagged and aliased
/// versions stored whole.
///
/// With --json: unreachable (versions that no ref leads to), packs, pack_bytes (replaced),
/// written_bytes (in their place), saved_bytes, removed, removed_bytes (packs gone from trash for
/// good), merged (small packs); with --plan: unreachable, objects, bytes, packs, pack_bytes,
/// expired, expired_bytes.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Says what would be done, and does nothing
    #[arg(long)]
    plan: bool,

    /// For how long `undelete` can bring back what is taken away [default: `grace` in [trash] of
    /// config.toml, or 14d]
    #[arg(long, value_name = "PERIOD")]
    grace: Option<Period>,
}

pub(crate) fn gc(context: &mut Context, args: &GcArgs) -> Outcome {
    let repository = context.repository()?;
    let options = GcOptions { stamp: context.stamp()?, grace_ms: args.grace.map(Period::ms) };
    if args.plan {
        let plan = repository.plan_gc(&options)?;
        print_plan(context, plan)?;
    } else {
        let progress = context.ui.progress("collecting");
        let report = repository.gc(&options)?;
        drop(progress);
        if context.json {
            context.ui.json(&json::Gc::from(report))?;
        } else {
            print(context, &report)?;
        }
    }
    Ok(Answer::Done)
}

fn print_plan(context: &mut Context, plan: GcPlan) -> Result<(), crate::Failure> {
    if context.json {
        return context.ui.json(&json::GcPlan::from(plan));
    }
    for id in &plan.unreachable {
        let line = Text::styled(Style::Id, id.short());
        context.ui.line(line.plain("  no branch, tag or alias leads to it"))?;
    }
    let GcPlan { objects, bytes, packs, pack_bytes, expired, expired_bytes, .. } = plan;
    let (objects, bytes) = (format::count(objects, "block"), format::bytes(bytes));
    context.ui.line(format!("would go to trash: {objects}, {bytes}"))?;
    let (packs, pack_bytes) = (format::count(packs, "pack"), format::bytes(pack_bytes));
    context.ui.line(format!("would be written anew: {packs}, {pack_bytes}"))?;
    let (expired, bytes) = (format::count(expired, "pack"), format::bytes(expired_bytes));
    context.ui.line(format!("would leave trash for good: {expired}, {bytes}"))
}

/// Prints what was done.
pub(super) fn print(context: &mut Context, report: &GcReport) -> Result<(), crate::Failure> {
    for id in &report.unreachable {
        let line = Text::styled(Style::Id, id.short());
        context.ui.line(line.plain("  lost its content: no branch, tag or alias leads to it"))?;
    }
    let saved = format::bytes(report.saved_bytes());
    let mut line = format!("packs are {saved} smaller");
    if report.removed > 0 {
        let packs = format::count(report.removed, "pack");
        let bytes = format::bytes(report.removed_bytes);
        line += &format!("; trash gave back {packs}, {bytes}");
    }
    context.ui.line(line)
}

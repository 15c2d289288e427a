use ckpt_store::{GcOptions, GcPlan, GcReport, Period};
use clap::Args;

use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Style, Text},
};

/// Takes away content that nothing needs, and tidies up
///
/// What refs lead to stays. The content of versions that no ref leads to goes, their records do
/// not; so does what was pruned. `undelete` restores it for a grace period, after which a later
/// gc removes it for good. Packs are compacted, and chains of deltas become shorter.
///
/// With --json: plan (true if nothing was done), unreachable (ids of versions that lose content),
/// packs, pack_bytes (packs that are replaced); of a plan objects, bytes (what nothing needs),
/// expired, expired_bytes (packs in trash that can be restored no longer); else written_bytes
/// (what replaced them), removed, removed_bytes (from trash, for good), merged (small packs).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt gc --plan
  ckpt gc
  ckpt gc --grace 30d
")]
pub(crate) struct GcArgs {
    /// Says what would be done, and does nothing
    #[arg(long)]
    plan: bool,

    /// How long what goes can be restored [default: config.toml's, or 14d]
    #[arg(long, value_name = "PERIOD")]
    grace: Option<Period>,
}

pub(crate) fn gc(context: &mut Context, args: &GcArgs) -> Outcome {
    let repository = context.repository_with_settings()?;
    let options = GcOptions::new(context.signature()?).with_grace_ms(args.grace.map(Period::ms));
    if args.plan {
        let plan = repository.plan_gc(&options)?;
        match context.json {
            true => context.ui.json(&json::GcPlan::new(&plan))?,
            false => print_plan(context, &plan)?,
        }
        return Ok(Answer::Done);
    }
    let progress = context.ui.progress("collecting");
    let tell = |done, total| progress.update_bytes(done, total);
    let report = repository.gc_with(&options, &tell)?;
    drop(progress);
    match context.json {
        true => context.ui.json(&json::Gc::new(&report))?,
        false => print_report(context, &report)?,
    }
    Ok(Answer::Done)
}

fn print_plan(context: &mut Context, plan: &GcPlan) -> Result<(), Failure> {
    for version in &plan.unreachable {
        let line = Text::styled(Style::Id, version.short());
        context.ui.line(line.plain("  loses its content: no ref leads to it"))?;
    }
    if plan.objects > 0 {
        let objects = format::count(plan.objects, "object");
        let bytes = format::bytes(plan.bytes);
        context.ui.line(format!("would take away {objects} that nothing needs, {bytes}"))?;
    }
    if plan.packs > 0 {
        let (packs, bytes) = (format::count(plan.packs, "pack"), format::bytes(plan.pack_bytes));
        context.ui.line(format!("would write {packs} anew, {bytes}"))?;
    }
    if plan.expired > 0 {
        let packs = format::count(plan.expired, "pack");
        let bytes = format::bytes(plan.expired_bytes);
        context.ui.line(format!("would remove {packs} from trash for good, {bytes}"))?;
    }
    if *plan == GcPlan::default() {
        context.ui.line("nothing to do")?;
    }
    Ok(())
}

/// Says what was done.
pub(super) fn print_report(context: &mut Context, report: &GcReport) -> Result<(), Failure> {
    for version in &report.unreachable {
        let line = Text::styled(Style::Id, version.short());
        context.ui.line(line.plain("  lost its content: no ref leads to it"))?;
    }
    if report.packs > 0 {
        let packs = format::count(report.packs, "pack");
        let (before, after) =
            (format::bytes(report.pack_bytes), format::bytes(report.written_bytes));
        context.ui.line(format!("wrote {packs} anew: {before} -> {after} stored"))?;
    }
    if report.merged > 0 {
        context.ui.line(format!("merged {}", format::count(report.merged, "small pack")))?;
    }
    if report.removed > 0 {
        let packs = format::count(report.removed, "pack");
        let bytes = format::bytes(report.removed_bytes);
        context.ui.line(format!("removed {packs} from trash for good, {bytes}"))?;
    }
    if *report == GcReport::default() {
        context.ui.line("nothing to do")?;
    }
    Ok(())
}

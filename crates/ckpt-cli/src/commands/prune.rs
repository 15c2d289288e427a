use ckpt_store::{
    Best, GcOptions, Goal, Period, PlannedVersion, Policy, PruneOptions, PrunePlan, PruneReport,
    RefName, Repository, Rule,
};
use clap::Args;

use super::gc::print_report;
use crate::{
    Failure, Hint,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Column, Style, Table, Text},
};

/// Drops the content of versions that no rule keeps
///
/// A version that any rule keeps is kept; what branches, tags and aliases point to, what an alias
/// pointed to within the grace period and what `undelete` restored is kept in any case. A version that is dropped stays in history, with
/// its metrics, its recipe and the list of what it contained. The table says for each version which
/// rules keep it, and about how much dropping it alone would free. Without rules, those under
/// [retention] in config.toml count: keep_last = 5, keep_best = ["min:val_mse:3"], keep_every = 10,
/// keep_younger = "7d", pareto = [["max:f1", "min:latency"]].
///
/// With REV: drops these versions, whatever the rules say.
///
/// With --json: plan (true if nothing was done), versions (a list of version, number, time, keep,
/// rules, bytes), bytes (about what dropping all of these frees), dropped (ids), gc (as `gc` says;
/// null of a plan).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt prune --keep-last 5 --keep-best min:val_loss:3 --plan
  ckpt prune --keep-younger 7d --keep-every 10
  ckpt prune main@7 -m 'diverged'
")]
pub(crate) struct PruneArgs {
    /// Versions to drop, whatever the rules say
    #[arg(value_name = "REV", conflicts_with_all = RULES)]
    revisions: Vec<String>,

    /// Keeps the last N of each branch
    #[arg(long, value_name = "N")]
    keep_last: Option<u64>,

    /// Keeps the best of each branch, such as min:val_mse:3; repeatable
    #[arg(long, value_name = "GOAL:N")]
    keep_best: Vec<Best>,

    /// Keeps those of each branch whose number N divides
    #[arg(long, value_name = "N")]
    keep_every: Option<std::num::NonZeroU64>,

    /// Keeps those that are younger, such as 7d
    #[arg(long, value_name = "PERIOD")]
    keep_younger: Option<Period>,

    /// Keeps those of each branch that no other beats in all of some metrics, such as
    /// max:f1,min:latency; repeatable
    #[arg(long, value_name = "GOALS", value_parser = parse_goals)]
    pareto: Vec<Goals>,

    /// Drops versions of this branch alone
    #[arg(short, long, value_name = "BRANCH")]
    branch: Option<String>,

    /// How long what goes can be restored [default: config.toml's, or 14d]
    #[arg(long, value_name = "PERIOD")]
    grace: Option<Period>,

    /// Why, for the record; only with REV
    #[arg(short, long, default_value = "removed by name", requires = "revisions")]
    message: String,

    /// Says what would be done, and does nothing
    #[arg(long)]
    plan: bool,
}

/// The arguments that say by rules what goes.
const RULES: [&str; 7] =
    ["keep_last", "keep_best", "keep_every", "keep_younger", "pareto", "branch", "plan"];

/// Metrics of one front.
#[derive(Debug, Clone)]
struct Goals(Vec<Goal>);

fn parse_goals(text: &str) -> Result<Goals, ckpt_store::PolicyError> {
    text.split(',').map(str::parse).collect::<Result<_, _>>().map(Goals)
}

pub(crate) fn prune(context: &mut Context, args: &PruneArgs) -> Outcome {
    let repository = context.repository_with_settings()?;
    let (signature, grace_ms) = (context.signature()?, args.grace.map(Period::ms));
    if !args.revisions.is_empty() {
        let resolve = |revision: &String| repository.resolve(revision);
        let versions: Vec<_> = args.revisions.iter().map(resolve).collect::<Result<_, _>>()?;
        let options = GcOptions::new(signature).with_grace_ms(grace_ms);
        let report = repository.remove_content(&versions, &args.message, &options)?;
        return done(context, &PrunePlan::default(), &report);
    }
    let policy = policy(&repository, args)?;
    let branch = args.branch.as_deref().map(RefName::branch).transpose();
    let branch = branch.map_err(ckpt_store::Error::from)?;
    let options = PruneOptions::new(policy, signature).with_branch(branch).with_grace_ms(grace_ms);
    let plan = repository.plan_prune(&options)?;
    if !context.json {
        print_plan(context, &plan, args.plan)?;
    }
    if args.plan {
        if context.json {
            context.ui.json(&json::Prune::new(&plan, None))?;
        }
        return Ok(Answer::Done);
    }
    let progress = context.ui.progress("pruning");
    let report = repository.prune(&options)?;
    drop(progress);
    done(context, &plan, &report)
}

/// Returns the rules of the arguments, or else those of config.toml.
fn policy(repository: &Repository, args: &PruneArgs) -> Result<Policy, Failure> {
    let given = Policy {
        keep_last: args.keep_last,
        keep_best: args.keep_best.clone(),
        keep_every: args.keep_every,
        keep_younger: args.keep_younger,
        pareto: args.pareto.iter().map(|goals| goals.0.clone()).collect(),
        // As config.toml has it.
        aliased_before: None,
    };
    if !given.is_empty() {
        return Ok(given);
    }
    repository.policy()?.filter(|policy| !policy.is_empty()).ok_or_else(|| {
        let hint = Hint::command("prune --keep-last 5 --plan", "shows what that would do");
        Failure::usage("no rule says what to keep, and config.toml has none either").with_hint(hint)
    })
}

fn print_plan(context: &mut Context, plan: &PrunePlan, is_plan: bool) -> Result<(), Failure> {
    let now_ms = context.environment.now_ms()?;
    let mut table = Table::new([
        Column::right("#"),
        Column::left("version").dispensable(2),
        Column::right("time").dispensable(1),
        Column::right("frees"),
        Column::left("kept by").elastic(),
    ]);
    for version in &plan.versions {
        let mut rules = version.rules.iter().map(Rule::to_string);
        table.row(row(version, rules.next(), now_ms));
        // Each rule has a line of its own, so that none is cut off.
        let rest = |rule| [Text::new(), Text::new(), Text::new(), Text::new(), Text::from(rule)];
        rules.for_each(|rule| table.row(rest(rule)));
    }
    if !plan.versions.is_empty() {
        context.ui.table(&mut table)?;
    }
    let dropped = plan.dropped().count() as u64;
    let all = format::count(plan.versions.len() as u64, "version");
    let (verb, bytes) = (if is_plan { "would drop" } else { "drops" }, format::bytes(plan.bytes));
    context.ui.line(match dropped {
        0 => format!("{verb} nothing of {all}"),
        _ => format!("{verb} {dropped} of {all}, about {bytes}"),
    })
}

fn row(version: &PlannedVersion, rule: Option<String>, now_ms: i64) -> [Text; 5] {
    [
        version.number.to_string().into(),
        Text::styled(Style::Id, version.id.short()),
        Text::styled(Style::Faint, format::age(version.time_ms, now_ms)),
        format::bytes(version.bytes).into(),
        rule.map_or_else(|| Text::styled(Style::Bad, "nothing: dropped"), Text::from),
    ]
}

fn done(context: &mut Context, plan: &PrunePlan, report: &PruneReport) -> Outcome {
    if context.json {
        context.ui.json(&json::Prune::new(plan, Some(report)))?;
        return Ok(Answer::Done);
    }
    let versions = format::count(report.versions.len() as u64, "version");
    context.ui.line(format!("dropped the content of {versions}"))?;
    print_report(context, &report.gc)?;
    Ok(Answer::Done)
}

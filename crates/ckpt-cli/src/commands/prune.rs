use std::num::NonZeroU64;

use ckpt_store::{
    Best, Goal, Period, PlannedVersion, Policy, PolicyError, PruneOptions, PrunePlan, RefName,
    Repository, Rule,
};
use clap::Args;

use super::gc;
use crate::{
    Failure,
    context::{Answer, Context, Outcome},
    format, json,
    ui::{Column, Style, Table, Text},
};

/// Drops the content of versions that no rule keeps
///
/// A version that any rule keeps is kept, so the latest and the best never evict each other. The
/// tips of branches, what tags and aliases point to and what `undelete` brought back is kept in any
/// case. Versions stay in history with their metrics and parameters. What is dropped goes to trash,
/// from where `undelete` brings it back for a grace period. Without rules, those of [retention] in
/// config.toml count: keep_last = 5, keep_best = ["min:val_mse:3"], keep_every = 10, keep_younger =
/// "7d", pareto = [["max:f1", "min:latency"]].
///
/// With --json: versions (a list of version, number, time, kept_by: a list of rules, bytes: what
/// dropping it alone would free), dropped (a list of versions) and bytes (what dropping them frees,
/// an estimate); without --plan also what `gc` prints, and dropped is what was dropped.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Keeps the last N of each branch
    #[arg(long, value_name = "N")]
    keep_last: Option<u64>,

    /// Keeps the best of each branch by a metric, such as min:val_mse:3; repeatable
    #[arg(long, value_name = "GOAL:N")]
    keep_best: Vec<Best>,

    /// Keeps every version whose number N divides
    #[arg(long, value_name = "N")]
    keep_every: Option<NonZeroU64>,

    /// Keeps what is younger than a period such as 7d: a number and s, m, h, d or w
    #[arg(long, value_name = "PERIOD")]
    keep_younger: Option<Period>,

    /// Keeps those of each branch that no other one beats in all of some metrics, such as
    /// max:f1,min:latency; repeatable
    #[arg(long, value_name = "GOALS", value_parser = goals)]
    pareto: Vec<Goals>,

    /// Drops only versions of this branch
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,

    /// Says what would be done, and does nothing
    #[arg(long)]
    plan: bool,

    /// For how long `undelete` can bring back what is dropped [default: `grace` in [trash] of
    /// config.toml, or 14d]
    #[arg(long, value_name = "PERIOD")]
    grace: Option<Period>,
}

/// The metrics of one front.
#[derive(Debug, Clone)]
struct Goals(Vec<Goal>);

fn goals(text: &str) -> Result<Goals, PolicyError> {
    text.split(',').map(str::parse).collect::<Result<_, _>>().map(Goals)
}

pub(crate) fn prune(context: &mut Context, args: &PruneArgs) -> Outcome {
    let repository = context.repository()?;
    let branch = args.branch.as_deref().map(RefName::branch).transpose();
    let options = PruneOptions {
        policy: policy(&repository, args)?,
        branch: branch.map_err(ckpt_store::Error::from)?,
        stamp: context.stamp()?,
        grace_ms: args.grace.map(Period::ms),
    };
    let plan = repository.plan_prune(&options)?;
    if args.plan {
        if context.json {
            context.ui.json(&json::PrunePlan::from(&plan))?;
        } else {
            print_plan(context, &plan, "would drop")?;
        }
        return Ok(Answer::Done);
    }
    let progress = context.ui.progress("pruning");
    let report = repository.prune(&options)?;
    drop(progress);
    if context.json {
        let mut keys = json::PrunePlan::from(&plan);
        keys.dropped.clone_from(&report.versions);
        context.ui.json(&json::Prune { plan: keys, gc: report.gc.into() })?;
    } else {
        print_plan(context, &plan, "dropped")?;
        gc::print(context, &report.gc)?;
    }
    Ok(Answer::Done)
}

/// Returns the rules of the flags, or else those of config.toml.
fn policy(repository: &Repository, args: &PruneArgs) -> Result<Policy, Failure> {
    let policy = Policy {
        keep_last: args.keep_last,
        keep_best: args.keep_best.clone(),
        keep_every: args.keep_every,
        keep_younger: args.keep_younger,
        pareto: args.pareto.iter().map(|Goals(goals)| goals.clone()).collect(),
    };
    if !policy.is_empty() {
        return Ok(policy);
    }
    let hint = "give a rule such as --keep-last 5 or --keep-best min:val_mse:3, or write rules to \
                [retention] in .ckpt/config.toml";
    let configured = repository.policy()?.filter(|policy| !policy.is_empty());
    configured.ok_or_else(|| Failure::usage("no rule says what to keep").with_hint(hint))
}

fn print_plan(context: &mut Context, plan: &PrunePlan, verb: &str) -> Result<(), Failure> {
    let columns = [
        Column::right("#"),
        Column::left("version"),
        Column::right("frees"),
        Column::left("kept by"),
    ];
    let mut table = Table::new(columns);
    for PlannedVersion { id, number, rules, bytes, .. } in &plan.versions {
        let mut rules = rules.iter().map(Rule::to_string);
        let why = rules.next().map_or_else(|| Text::styled(Style::Bad, verb), Text::from);
        table.row([
            Text::from(number.to_string()),
            Text::styled(Style::Id, id.short()),
            Text::from(format::bytes(*bytes)),
            why,
        ]);
        // Each rule has a line of its own: none is cut off.
        for rule in rules {
            table.row([Text::new(), Text::new(), Text::new(), Text::from(rule)]);
        }
    }
    context.ui.table(&mut table)?;
    let count = format::count(plan.dropped().count() as u64, "version");
    context.ui.line(format!("{verb} {count}, about {}", format::bytes(plan.bytes)))
}

mod replay;
mod strategy;
mod text;

use ckpt_hash::VersionId;
use ckpt_store::{
    Commit, Contents, Draft, MergeOptions, MergePlan, Pattern, Reason, RefName, Repository,
};
use clap::{Args, builder::NonEmptyStringValueParser};

use self::strategy::StrategyArgs;
use super::commit::{parse_metric, unique};
use crate::{
    context::{Answer, Context, Outcome},
    environment,
    failure::{Class, Failure, Hint},
    json,
    ui::{Style, Text},
};

/// Merges a version into a branch, three ways
///
/// Tensor by tensor, and likewise file by file and parameter by parameter: what one side alone
/// changed since the common ancestor is taken from there, and so is what it added or removed. What
/// both changed differently is a conflict, which a strategy decides, for all or by name. While a
/// conflict is undecided nothing changes, and the exit code is 4.
///
/// Strategies: `ours` and `theirs` take a side. The others merge floating-point tensors element by
/// element: `average[:WEIGHT]` (the weight of theirs, 0.5), `task-arithmetic[:SCALE[,SCALE]]` (the
/// base plus both changes, each by its scale, 1), `ties[:DENSITY[,SCALE]]` (TIES-Merging: the
/// greatest changes of each side, 0.2 of them, where they agree in sign, by the scale, 1),
/// `slerp[:T]` (on the arc from ours to theirs, 0.5). Under these, what cannot be merged by
/// arithmetic comes from ours: integers, files, parameters, data, code and seed, and the state of an
/// optimizer, unless --for names it. Weights that one side removed, or that differ in dtype or
/// shape, need `ours` or `theirs`.
///
/// Files without a change are kept as they are; merged tensors restore as model.safetensors.
/// Metrics are not taken over: the result has not been measured. Where the branch has nothing new,
/// it moves on to REV without a new version.
///
/// With --json: result (merged, fast-forward, up-to-date, planned, undecided); version, model,
/// state, parents, number, branch, time, author, message, params, metrics of the version that the
/// branch is at, unless planned or undecided; base, ours, theirs, strategy; unless nothing was to be
/// merged tensors, files, parameters, inputs, each with same, ours, theirs, merged, dissolved and
/// conflicts (name, kind, resolution, reason); logical_bytes, stored_bytes. With --replay: version,
/// same, model, replayed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt merge side --plan
  ckpt merge side --strategy average --weight 0.3 -m 'a bit of side'
  ckpt merge side --strategy ties --density 0.2 --for 'head.*=theirs' --for '*.bias=average'
  ckpt merge --replay main
")]
pub(crate) struct MergeArgs {
    /// The version to merge
    #[arg(value_name = "REV", required_unless_present = "replay")]
    revision: Option<String>,

    /// The branch to merge into [default: the current one]
    #[arg(long, value_name = "BRANCH")]
    into: Option<String>,

    #[command(flatten)]
    strategy: StrategyArgs,

    /// What both come from [default: their best common ancestor]
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Merges versions without a common ancestor: whatever both have and differs is a conflict
    #[arg(long, conflicts_with = "base")]
    unrelated: bool,

    /// Says what would be done, and does nothing
    #[arg(long)]
    plan: bool,

    /// Makes a version even where the branch could just move on
    #[arg(long)]
    no_ff: bool,

    /// Why
    #[arg(short, long)]
    message: Option<String>,

    /// A metric of the result: a number, nan or inf; repeatable
    #[arg(long = "metric", value_name = "NAME=VALUE", value_parser = parse_metric)]
    metrics: Vec<(String, f64)>,

    /// Moves the branch even if its guards are not met, for this reason, which is on record
    #[arg(long = "override", value_name = "REASON")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    override_reason: Option<String>,

    /// Makes a merge again from its recipe, and says whether that gives the same weights; the exit
    /// code is 3 if it does not
    #[arg(long, value_name = "REV", conflicts_with_all = BESIDE_REPLAY)]
    replay: Option<String>,
}

/// The arguments that say how to merge, which a recipe says by itself.
const BESIDE_REPLAY: [&str; 14] = [
    "revision",
    "into",
    "strategy",
    "weight",
    "scale",
    "density",
    "rules",
    "base",
    "unrelated",
    "plan",
    "no_ff",
    "message",
    "metrics",
    "override_reason",
];

/// What is merged into what.
struct Merge<'a> {
    args: &'a MergeArgs,
    repository: Repository,
    branch: RefName,
    ours: VersionId,
    /// As it was named.
    revision: &'a str,
    theirs: VersionId,
}

pub(crate) fn merge(context: &mut Context, args: &MergeArgs) -> Outcome {
    if let Some(revision) = &args.replay {
        return replay::replay(context, revision);
    }
    let strategies = args.strategy.strategies()?;
    let merge = Merge::find(context, args)?;
    let Merge { repository, ours, theirs, .. } = &merge;
    let base = match &args.base {
        Some(base) => Some(repository.resolve(base)?),
        None => {
            let base = repository.merge_base(*ours, *theirs)?;
            if base == Some(*theirs) {
                return merge.up_to_date(context);
            }
            if base == Some(*ours) && !args.no_ff && !args.plan {
                return merge.fast_forward(context);
            }
            base
        }
    };
    let options = MergeOptions::default()
        .with_strategies(strategies)
        .with_base(base)
        .with_unrelated(args.unrelated);
    let plan = repository.plan_merge(*ours, *theirs, options)?;
    check_rules(&plan)?;
    if args.plan || plan.undecided() > 0 {
        return merge.show(context, &plan);
    }
    merge.commit(context, &plan)
}

/// Fails if a rule is for names that nothing has: a slip would leave its conflicts to others.
fn check_rules(plan: &MergePlan) -> Result<(), Failure> {
    let is_idle = |pattern: &&Pattern| !plan.items().any(|item| pattern.matches_tensor(&item.name));
    let mut patterns = plan.strategies.rules.iter().map(|(pattern, _)| pattern);
    match patterns.find(is_idle) {
        None => Ok(()),
        Some(pattern) => {
            let message = format!("nothing on either side has a name like {:?}", pattern.as_str());
            Err(Failure::failed(message).with_hint("--plan lists the conflicts by name"))
        }
    }
}

impl<'a> Merge<'a> {
    fn find(context: &Context, args: &'a MergeArgs) -> Result<Self, Failure> {
        let repository = context.repository()?;
        let branch = match &args.into {
            Some(name) => RefName::branch(name).map_err(ckpt_store::Error::from)?,
            None => repository.head()?,
        };
        let revision = args.revision.as_deref().unwrap_or_default();
        let theirs = repository.resolve(revision)?;
        let Some(ours) = repository.target(&branch)? else {
            let message = format!("{branch} has no version to merge into");
            let command = format!("branch {} {revision}", branch.short());
            let hint = Hint::command(command, "starts it there");
            return Err(Failure::failed(message).with_hint(hint));
        };
        Ok(Self { args, repository, branch, ours, revision, theirs })
    }

    fn message(&self) -> String {
        self.args.message.clone().unwrap_or_else(|| format!("merge {}", self.revision))
    }

    fn up_to_date(&self, context: &mut Context) -> Outcome {
        if context.json {
            self.document(context, "up-to-date", self.ours)?;
        } else {
            let line = Text::from("branch ").push(Style::Ref, self.branch.short());
            let line = line.plain(" has it already: it stays at ");
            context.ui.line(line.push(Style::Id, self.ours.short()))?;
        }
        Ok(Answer::Done)
    }

    fn fast_forward(&self, context: &mut Context) -> Outcome {
        if !self.args.metrics.is_empty() {
            let message = "--metric is of a new version, and the branch needs none to move on";
            return Err(Failure::usage(message).with_hint("--no-ff makes one"));
        }
        let message = self.message();
        let override_reason = self.args.override_reason.as_deref();
        let reason = Reason { text: override_reason.unwrap_or(&message), override_reason };
        let signature = context.signature()?;
        let Self { repository, branch, ours, theirs, .. } = self;
        repository.fast_forward(branch, *ours, *theirs, reason, &signature)?;
        if context.json {
            self.document(context, "fast-forward", *theirs)?;
        } else {
            let line = Text::from("moved branch ").push(Style::Ref, branch.short());
            let line = line.plain(" on from ").push(Style::Id, ours.short());
            context.ui.line(line.plain(" to ").push(Style::Id, theirs.short()))?;
        }
        Ok(Answer::Done)
    }

    /// Prints the document of a merge that had nothing to merge.
    fn document(
        &self,
        context: &mut Context,
        result: &'static str,
        at: VersionId,
    ) -> Result<(), Failure> {
        let version = self.repository.version(&at)?;
        let recipe = self.repository.recipe(&version.record)?;
        let branch = Some(self.branch.short().to_owned());
        let both = [self.ours, self.theirs];
        context.ui.json(&json::Merge {
            result,
            version: Some(json::VersionKeys::new(&version, &recipe, branch)),
            base: both.into_iter().find(|side| *side != at).or(Some(at)),
            ours: self.ours,
            theirs: self.theirs,
            strategy: None,
            parts: None,
            logical_bytes: None,
            stored_bytes: None,
        })
    }

    fn print(&self, context: &mut Context, plan: &MergePlan) -> Result<(), Failure> {
        if context.json {
            let result = if plan.undecided() > 0 { "undecided" } else { "planned" };
            return context.ui.json(&document(result, plan, None));
        }
        text::plan(&mut context.ui, plan)?;
        if plan.base.as_ref().is_some_and(|base| base.id == self.ours) && !self.args.no_ff {
            let line = format!("{} has nothing new: it would move on", self.branch);
            context.ui.line(line)?;
        }
        Ok(())
    }

    /// Prints a plan, or what keeps it from being carried out.
    fn show(&self, context: &mut Context, plan: &MergePlan) -> Outcome {
        let undecided = plan.undecided();
        Failure::unless_closed(self.print(context, plan))?;
        if undecided == 0 {
            return Ok(Answer::Done);
        }
        let conflicts = if undecided == 1 { "conflict is" } else { "conflicts are" };
        let message = format!("{undecided} {conflicts} not decided; {} is unchanged", self.branch);
        let hint = match plan.strategies.default {
            None => {
                "--strategy average decides what can be averaged, --for 'head.*=theirs' by name"
            }
            Some(_) => "--for 'NAME=ours' or 'NAME=theirs' decides what the strategy cannot",
        };
        Err(Failure::failed(message).with_class(Class::Conflict).with_hint(hint))
    }

    fn commit(&self, context: &mut Context, plan: &MergePlan) -> Outcome {
        let progress = context.ui.progress("merging");
        let draft = Draft::new(Contents::Nothing, context.signature()?)
            .with_metrics(unique("metric", &self.args.metrics)?)
            .with_environment(environment::facts(None))
            .with_message(self.message())
            .with_override_reason(self.args.override_reason.clone());
        let tell = |done, total| progress.update_bytes(done, total);
        let commit = self.repository.merge_versions_with(&self.branch, plan, draft, &tell)?;
        drop(progress);
        if context.json {
            let recipe = self.repository.recipe(&commit.version.record)?;
            let branch = Some(self.branch.short().to_owned());
            let keys = json::VersionKeys::new(&commit.version, &recipe, branch);
            context.ui.json(&document("merged", plan, Some((keys, &commit))))?;
        } else {
            super::commit::print(&mut context.ui, &self.branch, &commit)?;
            text::parts(&mut context.ui, &json::Parts::new(plan))?;
        }
        Ok(Answer::Done)
    }
}

fn document(
    result: &'static str,
    plan: &MergePlan,
    made: Option<(json::VersionKeys, &Commit)>,
) -> json::Merge {
    let (version, commit) = made.unzip();
    json::Merge {
        result,
        version,
        base: plan.base.as_ref().map(|base| base.id),
        ours: plan.ours.id,
        theirs: plan.theirs.id,
        strategy: plan.strategies.default.map(|strategy| strategy.to_string()),
        parts: Some(json::Parts::new(plan)),
        logical_bytes: commit.map(|commit| commit.logical_bytes),
        stored_bytes: commit.map(|commit| commit.stored_bytes),
    }
}

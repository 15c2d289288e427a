//! One command, one file: its arguments and the function that does it.

mod alias;
mod audit;
mod branch;
mod commit;
mod compare;
mod completions;
mod export;
mod gc;
mod guard;
mod init;
pub(crate) mod lineage;
mod log;
mod man;
mod merge;
pub(crate) mod models;
mod note;
mod output;
mod promote;
mod prune;
mod refs;
mod report;
mod reproduce;
mod restore;
mod rollback;
mod show;
mod stat;
mod switch;
mod tag;
mod train;
mod undelete;
mod verify;

use clap::Subcommand;

use crate::context::{Context, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    Train(train::TrainArgs),
    Reproduce(reproduce::ReproduceArgs),
    Commit(commit::CommitArgs),
    Log(log::LogArgs),
    Show(show::ShowArgs),
    #[command(visible_alias = "diff")]
    Compare(compare::CompareArgs),
    Models(models::ModelsArgs),
    Stat(stat::StatArgs),
    Lineage(lineage::LineageArgs),
    Report(report::ReportArgs),
    Restore(restore::RestoreArgs),
    Export(export::ExportArgs),
    Verify(verify::VerifyArgs),
    Branch(branch::BranchArgs),
    Tag(tag::TagArgs),
    Switch(switch::SwitchArgs),
    Alias(alias::AliasArgs),
    Merge(merge::MergeArgs),
    Promote(promote::PromoteArgs),
    Guard(guard::GuardArgs),
    Rollback(rollback::RollbackArgs),
    Audit(audit::AuditArgs),
    Note(note::NoteArgs),
    Gc(gc::GcArgs),
    Prune(prune::PruneArgs),
    Undelete(undelete::UndeleteArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    pub(crate) fn run(&self, context: &mut Context) -> Outcome {
        match self {
            Self::Init(args) => init::init(context, args),
            Self::Train(args) => train::train(context, args),
            Self::Reproduce(args) => reproduce::reproduce(context, args),
            Self::Commit(args) => commit::commit(context, args),
            Self::Log(args) => log::log(context, args),
            Self::Show(args) => show::show(context, args),
            Self::Compare(args) => compare::compare(context, args),
            Self::Models(args) => models::models(context, args),
            Self::Stat(args) => stat::stat(context, args),
            Self::Lineage(args) => lineage::lineage(context, args),
            Self::Report(args) => report::report(context, args),
            Self::Restore(args) => restore::restore(context, args),
            Self::Export(args) => export::export(context, args),
            Self::Verify(args) => verify::verify(context, args),
            Self::Branch(args) => branch::branch(context, args),
            Self::Tag(args) => tag::tag(context, args),
            Self::Switch(args) => switch::switch(context, args),
            Self::Alias(args) => alias::alias(context, args),
            Self::Merge(args) => merge::merge(context, args),
            Self::Promote(args) => promote::promote(context, args),
            Self::Guard(args) => guard::guard(context, args),
            Self::Rollback(args) => rollback::rollback(context, args),
            Self::Audit(args) => audit::audit(context, args),
            Self::Note(args) => note::note(context, args),
            Self::Gc(args) => gc::gc(context, args),
            Self::Prune(args) => prune::prune(context, args),
            Self::Undelete(args) => undelete::undelete(context, args),
            Self::Completions(args) => completions::completions(context, args),
            Self::Man(args) => man::man(context, args),
        }
    }
}

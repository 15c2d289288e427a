//! Writes all that a repository holds as a text, contents by their SHA-256.

use std::{collections::BTreeSet, fmt::Write};

use ckpt_hash::{Digest, VersionId};
use ckpt_store::{Error, RefKind, Repository, RestoreOptions, RestorePlan, Result, disk::Disk};
use ckpt_testkit::disks::MemDisk;

use crate::common::look::read;

/// Writes refs with their moves, versions with their files, and notes.
pub(crate) fn dump(repo: &Repository) -> String {
    let mut text = format!("head {}\n", repo.head().unwrap().full());
    let mut versions = BTreeSet::new();
    for name in RefKind::ALL.iter().flat_map(|kind| repo.chains(*kind).unwrap()) {
        writeln!(text, "{} {}", name.full(), id(repo.target(&name).unwrap())).unwrap();
        for found in repo.audit(&name).unwrap() {
            let found = found.unwrap();
            let record = found.record;
            let (kind, from, to) = (record.kind, id(record.from), id(record.to));
            writeln!(text, "  move {} {kind:?} {from} {to}", found.id).unwrap();
            let (author, time, reason) = (record.author, record.time_ms, record.reason);
            writeln!(text, "    {author}, {time}, {reason:?}, {:?}", record.guards).unwrap();
            for evidence in record.evidence {
                let (condition, met, values) = (evidence.condition, evidence.met, evidence.values);
                writeln!(text, "    {condition:?}, {met}, {values:?}").unwrap();
            }
            versions.extend(record.to);
        }
    }
    let tips = versions.clone();
    versions.extend(tips.iter().flat_map(|tip| repo.log(*tip)).map(|version| version.unwrap().id));
    versions.iter().for_each(|version| dump_version(repo, version, &mut text));
    text
}

fn id(version: Option<VersionId>) -> String {
    version.map_or_else(|| "-".to_owned(), |id| id.to_string())
}

fn dump_version(repo: &Repository, id: &VersionId, text: &mut String) {
    let record = repo.version(id).unwrap().record;
    writeln!(text, "version {id}").unwrap();
    let mut line = |what: &str| writeln!(text, "  {what}").unwrap();
    line(&format!("number {}, skip {}", record.number, self::id(record.skip)));
    record.parents.iter().for_each(|parent| line(&format!("parent {parent}")));
    line(&format!("model {}", record.model));
    line(&format!("state {}", record.state));
    line(&format!("recipe {}", record.recipe));
    let (author, time_ms, message) = (&record.author, record.time_ms, &record.message);
    line(&format!("{author}, {time_ms}, {message:?}, {:?}", record.metrics));
    line(&format!("environment {:?}", record.environment));
    let recipe = repo.recipe(&record).unwrap();
    line(&format!("params {:?}, seed {:?}", recipe.params, recipe.seed));
    recipe.data.iter().for_each(|data| line(&format!("data {} {}", data.label.name, data.id)));
    for tensor in repo.checkpoint(&record).unwrap().tensors {
        let digest = Digest::of(&repo.tensor_bytes(&tensor).unwrap());
        let (name, dtype, shape) = (&tensor.name, tensor.dtype, &tensor.shape);
        line(&format!("tensor {name} {dtype} {shape:?} {:?} {digest}", tensor.role));
    }
    let plan: Plan =
        |repo, id, target, options| repo.plan_restore(&repo.version(id)?.record, target, options);
    for (path, len, digest) in restore(repo, id, plan) {
        line(&format!("file {path} {len} {digest}"));
    }
    for note in repo.notes().unwrap().on(id).iter().flat_map(|on| &on.notes) {
        let record = &note.record;
        let (sequence, text, metrics) = (record.sequence, &record.text, &record.metrics);
        line(&format!("note {} {sequence}, {text:?}, {metrics:?}", note.id));
    }
    for removal in repo.notes().unwrap().on(id).iter().flat_map(|on| &on.removals) {
        line(&format!("content {:?}, {:?}", removal.content, removal.reason));
    }
    for (path, len, digest) in restore(repo, id, Repository::plan_restore_notes) {
        line(&format!("noted file {path} {len} {digest}"));
    }
}

/// Plans to restore something of a version.
type Plan = fn(&Repository, &VersionId, &dyn Disk, &RestoreOptions) -> Result<RestorePlan>;

/// Restores something of a version into an empty folder.
fn restore(repo: &Repository, id: &VersionId, plan: Plan) -> Vec<(String, u64, Digest)> {
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let plan = match plan(repo, id, &target, &options) {
        Err(Error::NothingToRestore) => return Vec::new(),
        plan => plan.unwrap(),
    };
    repo.apply_restore(&plan, &target).unwrap();
    let digest = |path: &str| Digest::of(&read(&target, path));
    plan.files().iter().map(|file| (file.path.clone(), file.len, digest(&file.path))).collect()
}

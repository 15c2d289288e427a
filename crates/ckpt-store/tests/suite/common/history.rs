//! Long histories, made without a commit for each version.

use super::records::{MoveRecord, RecipeRecord, VersionRecord};
use std::collections::BTreeMap;

use ckpt_hash::{FieldHasher, ModelId, StateId, TreeHash, VersionId, leaf_hash};
use ckpt_store::{Checkpoint, MoveKind, ParamValue, Role, TensorInfo, disk::Disk};
use ckpt_tensor::Dtype;
use ckpt_testkit::disks::MemDisk;

use super::by_hand::{Object, plant, version};

/// Gives the branch `main` of a new repository so many versions of one tiny tensor, in packs as they
/// are after merging: each holds three quarters of what is left. Returns the newest version.
///
/// The metric `f1` of version n is the fractional part of n times the golden ratio.
pub(crate) fn plant_history(disk: &MemDisk, count: u64) -> VersionId {
    let mut ids: Vec<VersionId> = Vec::new();
    while (ids.len() as u64) < count {
        let share = (count - ids.len() as u64).div_ceil(4) * 3;
        let end = count.min(ids.len() as u64 + share);
        let mut objects = Vec::new();
        for number in ids.len() as u64 + 1..=end {
            objects.extend(one(number, &mut ids));
        }
        plant(disk, objects);
    }
    let tip = ids[ids.len() - 1];
    let (movement, id) = Object::movement(&MoveRecord {
        name: "refs/heads/main".to_owned(),
        kind: MoveKind::Set,
        from: None,
        to: Some(tip),
        previous: None,
        author: "ada".to_owned(),
        time_ms: 1_700_000_000_000,
        reason: "made by hand".to_owned(),
        guards: Vec::new(),
        evidence: Vec::new(),
    });
    plant(disk, vec![movement]);
    disk.create("refs/heads/main").unwrap().write_all(format!("{id}\n").as_bytes()).unwrap();
    tip
}

/// Makes a version and all that it needs.
fn one(number: u64, ids: &mut Vec<VersionId>) -> Vec<Object> {
    let bytes = number.to_le_bytes();
    let root = TreeHash::from_digest(*leaf_hash(&bytes).digest());
    let (name, role) = ("w".to_owned(), Role::Weights);
    let tensor = TensorInfo { name, dtype: Dtype::F64, shape: vec![1], role, len: 8, root };
    let checkpoint = Checkpoint { tensors: vec![tensor], files: Vec::new() };
    let (checkpoint, checkpoint_id) = Object::checkpoint(&checkpoint);
    let params = BTreeMap::from([("rate".to_owned(), ParamValue::Float(0.1))]);
    let recipe = RecipeRecord { params, seed: Some(number), ..RecipeRecord::default() };
    let (recipe, recipe_id) = Object::recipe(&recipe);
    let describe = |mut fields: FieldHasher| {
        fields.text("tensors").number(1).text("w").text("F64").number(0).number(1).number(1);
        fields.digest(root.digest());
        fields
    };
    let f1 = (number as f64 * 1.618_033_988_749_895).fract();
    let (version, id) = Object::version(&VersionRecord {
        number,
        parents: ids.last().copied().into_iter().collect(),
        model: ModelId::from_fields(describe(ModelId::fields())),
        state: StateId::from_fields(describe(StateId::fields())),
        skip: skip(number).map(|skip| ids[skip as usize - 1]),
        metrics: BTreeMap::from([("f1".to_owned(), f1), ("loss".to_owned(), 1.0 - f1)]),
        author: "ada".to_owned(),
        time_ms: 1_700_000_000_000 + number as i64,
        message: format!("epoch {number}"),
        environment: BTreeMap::from([("host".to_owned(), "node-7".to_owned())]),
        ..version(checkpoint_id, recipe_id)
    });
    ids.push(id);
    vec![Object::block(&bytes), checkpoint, recipe, version]
}

/// The rule of docs/format.md: with d = number - 1 as a sum of terms 2^k - 1, largest first, the last
/// term back.
fn skip(number: u64) -> Option<u64> {
    let mut rest = number - 1;
    let mut last = None;
    while rest > 0 {
        let term = (1 << (rest + 1).ilog2()) - 1;
        rest -= term;
        last = Some(term);
    }
    last.map(|term| number - term)
}

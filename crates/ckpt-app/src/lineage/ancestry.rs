//! Reads what a version came from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ckpt_hash::{CodeId, ModelId, VersionId};
use ckpt_store::{
    DataInput, Error, MergeInfo, Pair, ParamValue, Recipe, RefName, Repository, Version,
};

use crate::{failure::Failure, refs::RefsByVersion};

/// Names of facts in a version's environment.
const GIT_COMMIT: &str = "git.commit";
const GIT_DIRTY: &str = "git.dirty";

/// A version and what it came from.
#[derive(Debug)]
pub struct Lineage {
    /// The newest first, as `log` gives them.
    pub versions: Vec<Ancestor>,
    /// Whether there are older versions that were not looked at.
    pub is_cut: bool,
    places: HashMap<VersionId, usize>,
}

/// A version, and what changed in it against its first parent; everything, if that is not shown.
#[derive(Debug)]
pub struct Ancestor {
    /// The version.
    pub version: Version,
    /// The refs that point to it.
    pub refs: Vec<RefName>,
    /// What was done about conflicts, if it is a merge.
    pub merge: Option<MergeInfo>,
    /// The models that it was made from.
    pub bases: Vec<Base>,
    /// Parameters that differ.
    pub params: BTreeMap<String, Pair<ParamValue>>,
    /// The seed, if it differs.
    pub seed: Option<Pair<u64>>,
    /// What was new.
    pub data: Vec<DataInput>,
    /// The names of what was used no longer.
    pub data_gone: Vec<String>,
    /// The code, if it was other code.
    pub code: Option<CodeId>,
    /// The commit in Git, if it was another one, or if code was.
    pub git: Option<Git>,
}

/// Where the code stood in Git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// The commit.
    pub commit: String,
    /// Whether the code differed from the commit.
    pub is_dirty: bool,
}

/// A model that another one was made from.
#[derive(Debug, Clone, Copy)]
pub struct Base {
    /// The model.
    pub model: ModelId,
    /// The first version here that has this model, and its number.
    pub version: Option<(VersionId, u64)>,
}

impl Lineage {
    /// Reads a version and its ancestors, `most` of them at most.
    pub fn read(repository: &Repository, start: VersionId, most: usize) -> Result<Self, Failure> {
        let mut log = repository.log(start);
        let versions: Vec<Version> = log.by_ref().take(most).collect::<Result<_, Error>>()?;
        let is_cut = log.next().transpose()?.is_some();
        let places = versions.iter().enumerate().map(|(place, version)| (version.id, place));
        let places: HashMap<VersionId, usize> = places.collect();
        let recipe = |version: &Version| repository.recipe(&version.record);
        let recipes: Vec<Recipe> = versions.iter().map(recipe).collect::<Result<_, _>>()?;
        let bases = first_with(repository, recipes.iter().flat_map(|recipe| &recipe.bases))?;
        let refs = RefsByVersion::read(repository)?;
        let ancestor = |(version, recipe): (&Version, &Recipe)| {
            let parent = version.record.parents.first().and_then(|parent| places.get(parent));
            let parent = parent.map(|place| (&versions[*place], &recipes[*place]));
            let mut ancestor = Ancestor::new((version, recipe), parent);
            ancestor.refs = refs.of(&version.id).to_vec();
            let base = |model: &ModelId| Base { model: *model, version: bases.get(model).copied() };
            ancestor.bases = recipe.bases.iter().map(base).collect();
            ancestor
        };
        let ancestors = versions.iter().zip(&recipes).map(ancestor).collect();
        Ok(Self { versions: ancestors, is_cut, places })
    }

    /// Finds the place of a version in the list; `None` if it is not shown.
    pub fn place(&self, id: &VersionId) -> Option<usize> {
        self.places.get(id).copied()
    }
}

impl Ancestor {
    fn new((version, recipe): (&Version, &Recipe), parent: Option<(&Version, &Recipe)>) -> Self {
        let nothing = Recipe::default();
        let before = parent.map_or(&nothing, |(_, recipe)| recipe);
        let names = |data: &[DataInput]| -> BTreeSet<String> {
            data.iter().map(|data| data.label.name.clone()).collect()
        };
        let code = recipe.code.filter(|_| recipe.code != before.code);
        let git_before = parent.and_then(|(parent, _)| git(parent));
        let git = git(version).filter(|git| code.is_some() || git_before.as_ref() != Some(git));
        let is_new = |data: &&DataInput| !before.data.contains(data);
        Self {
            version: version.clone(),
            refs: Vec::new(),
            merge: recipe.merge.clone(),
            bases: Vec::new(),
            params: changed(&before.params, &recipe.params),
            seed: (recipe.seed != before.seed).then_some(Pair { a: before.seed, b: recipe.seed }),
            data: recipe.data.iter().filter(is_new).cloned().collect(),
            data_gone: names(&before.data).difference(&names(&recipe.data)).cloned().collect(),
            code,
            git,
        }
    }
}

fn git(version: &Version) -> Option<Git> {
    let environment = &version.record.environment;
    let commit = environment.get(GIT_COMMIT)?.clone();
    let is_dirty = environment.get(GIT_DIRTY).is_some_and(|dirty| dirty == "true");
    Some(Git { commit, is_dirty })
}

/// Pairs the parameters whose values differ.
fn changed(
    before: &BTreeMap<String, ParamValue>,
    after: &BTreeMap<String, ParamValue>,
) -> BTreeMap<String, Pair<ParamValue>> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let pair = |name: &String| Pair { a: before.get(name).cloned(), b: after.get(name).cloned() };
    let pairs = names.into_iter().map(|name| (name.clone(), pair(name)));
    pairs.filter(|(_, pair)| pair.a != pair.b).collect()
}

/// Finds for each model the version of the smallest number that has it, of all that refs lead to.
fn first_with<'a>(
    repository: &Repository,
    models: impl Iterator<Item = &'a ModelId>,
) -> Result<HashMap<ModelId, (VersionId, u64)>, Failure> {
    let models: BTreeSet<&ModelId> = models.collect();
    let mut found: HashMap<ModelId, (VersionId, u64)> = HashMap::new();
    if models.is_empty() {
        return Ok(found);
    }
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<VersionId> = repository.refs_at()?.into_keys().collect();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Version { id, record } = repository.version(&id)?;
        if models.contains(&record.model) {
            let first = found.entry(record.model).or_insert((id, record.number));
            if (record.number, id) < (first.1, first.0) {
                *first = (id, record.number);
            }
        }
        waiting.extend(record.parents);
    }
    Ok(found)
}

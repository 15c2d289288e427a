//! What else went into two versions: seed, state and models, of which recipes tell.

use ckpt_hash::ModelId;
use ckpt_store::{Pair, Recipe, Repository, Version};

use crate::lineage::merge;

/// The recipes of two versions.
#[derive(Debug)]
pub struct Inputs {
    /// The first version's.
    pub a: Recipe,
    /// The second version's.
    pub b: Recipe,
}

/// Something that went into either version, in words.
pub type Input = (&'static str, Pair<String>);

impl Inputs {
    /// Reads both recipes.
    ///
    /// # Errors
    /// A recipe that cannot be read.
    pub fn read(
        repository: &Repository,
        a: &Version,
        b: &Version,
    ) -> Result<Self, ckpt_store::Error> {
        Ok(Self { a: repository.recipe(&a.record)?, b: repository.recipe(&b.record)? })
    }

    /// Tells whether seed or bases differ, which users name themselves.
    pub fn differ(&self) -> bool {
        self.a.seed != self.b.seed || self.a.bases != self.b.bases
    }

    /// Lists what tables of parameters, data and code do not have, under the names that `show` has
    /// for it.
    pub fn listed(&self) -> [Input; 4] {
        let pair =
            |words: fn(&Recipe) -> Option<String>| Pair { a: words(&self.a), b: words(&self.b) };
        [
            ("seed", pair(|recipe| recipe.seed.map(|seed| seed.to_string()))),
            ("continues", pair(|recipe| recipe.parent_state.map(|state| state.short()))),
            ("made from", pair(bases)),
            ("merged by", pair(|recipe| recipe.merge.as_ref().map(merge))),
        ]
    }
}

fn bases(recipe: &Recipe) -> Option<String> {
    let bases: Vec<String> = recipe.bases.iter().map(ModelId::short).collect();
    (!bases.is_empty()).then(|| bases.join(", "))
}

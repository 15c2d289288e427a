//! Follows refs to their first move.

use super::{Check, Problem};
use crate::{
    error::Result,
    refs::{RefKind, RefName, Tip},
    repo::Repository,
};

impl Check<'_> {
    /// Reads HEAD and where every ref stands.
    pub(super) fn tips(&mut self) -> Result<Vec<(RefName, Tip)>> {
        if let Err(error) = self.repository.head() {
            self.error("HEAD", &error);
        }
        let Repository { refs, objects, .. } = self.repository;
        let mut tips = Vec::new();
        for kind in RefKind::ALL {
            for name in refs.list(kind)? {
                match refs.tip(objects, &name) {
                    Ok(tip) => tips.extend(tip.map(|tip| (name, tip))),
                    Err(error) => {
                        self.error(name.to_string(), &error);
                    }
                }
            }
        }
        self.total += tips.len() as u64;
        Ok(tips)
    }

    /// Follows the moves of a ref to its first one.
    pub(super) fn chain(&mut self, name: &RefName, tip: &Tip) {
        let mut next = Some((tip.movement, tip.version));
        while let Some((movement, to)) = next {
            let record = match self.repository.objects.movement(&movement) {
                Ok(record) => record,
                Err(error) => {
                    self.error(name.to_string(), &error);
                    return;
                }
            };
            // The first move comes from nowhere: a chain is not cut off below.
            let broken = record.previous.is_none() && record.from.is_some();
            if broken || record.name != name.full() || record.to != to {
                self.damage(name.to_string(), "its chain of moves has a break");
                return;
            }
            if let Some(Err(problem)) = record.to.map(|to| self.need(to)) {
                let place = match problem {
                    Problem::New(id, what) => {
                        self.damage(name.to_string(), format!("{id}: {what}"))
                    }
                    Problem::Known(_) => {
                        self.damage(name.to_string(), "it leads to a damaged version")
                    }
                };
                self.report.damage[place].versions.extend(record.to);
            }
            next = record.previous.map(|previous| (previous, record.from));
        }
    }
}

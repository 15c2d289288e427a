//! Follows refs to their first move.

use ckpt_hash::{MoveId, VersionId};

use crate::{
    error::Result,
    refs::name::{RefKind, RefName},
    repo::Repository,
    upkeep::verify::{Check, Problem},
};

impl Check<'_> {
    /// Reads HEAD and the newest move of every ref.
    pub(super) fn tips(&mut self) -> Result<Vec<(RefName, MoveId)>> {
        if let Err(error) = self.repository.head() {
            self.error("HEAD", &error);
        }
        let Repository { refs, objects, .. } = self.repository;
        // Damage in the journal is reported elsewhere.
        let notes = self.repository.notes().unwrap_or_default();
        let mut tips = Vec::new();
        for kind in RefKind::ALL {
            for name in refs.list(kind)? {
                match refs.tip(objects, &name) {
                    Ok(Some(tip)) => {
                        if let Some(version) = tip.version.filter(|at| notes.is_removed(at)) {
                            let what = "it leads to a version whose content was removed";
                            let place = self.damage(name.to_string(), what);
                            self.report.damage[place].versions.push(version);
                        }
                        tips.push((name, tip.movement));
                    }
                    Ok(None) => {}
                    Err(error) => {
                        self.error(name.to_string(), &error);
                    }
                }
            }
        }
        self.total += tips.len() as u64;
        Ok(tips)
    }

    /// Follows the moves of a ref from the newest to the first one.
    pub(super) fn chain(&mut self, name: &RefName, newest: MoveId) {
        for movement in self.repository.audit_from(name, Some(newest)) {
            match movement {
                Ok(movement) => self.led_to(name, movement.record.to),
                Err(error) => {
                    self.error(name.to_string(), &error);
                }
            }
        }
    }

    /// Checks that the version is there which a move led to.
    fn led_to(&mut self, name: &RefName, version: Option<VersionId>) {
        if let Some(Err(problem)) = version.map(|version| self.need(version)) {
            let place = match problem {
                Problem::New(id, what) => self.damage(name.to_string(), format!("{id}: {what}")),
                Problem::Known(_) => self.damage(name.to_string(), "it leads to a damaged version"),
            };
            self.report.damage[place].versions.extend(version);
        }
    }
}

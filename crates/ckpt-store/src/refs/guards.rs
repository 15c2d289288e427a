//! The guards of refs: conditions that every version must meet which a ref moves to.

use crate::{
    error::{Error, Result},
    record::MoveKind,
    refs::{
        condition::Condition,
        gates::{Reason, Step, To},
        moves::Move,
        name::RefName,
    },
    repo::Repository,
    signature::Signature,
};

/// Most guards of a ref. Every move of the ref holds them all, so they are bounded together: at
/// most 16 kB.
pub const MAX_GUARDS: usize = 32;

/// What is to become of the guards of a ref.
#[derive(Debug, Clone, PartialEq)]
pub enum GuardChange {
    /// Adds those that are not there yet.
    Add(Vec<Condition>),
    /// Takes away those that are given as conditions, in whatever spacing, or letter by letter.
    Remove(Vec<String>),
    /// Takes away all.
    Clear,
}

impl Repository {
    /// Returns the guards of a ref, in the order in which they were added; none if it never
    /// existed. A guard that another program wrote may be no [`Condition`]; then nothing meets it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`].
    pub fn guards(&self, name: &RefName) -> Result<Vec<String>> {
        self.guards_at(self.refs.tip(&self.objects, name)?)
    }

    /// Changes the guards of a ref by a move that leaves it where it is; `None` if that would
    /// change nothing.
    ///
    /// The ref need not exist: what makes it later must meet the guards. Where it is now need not
    /// meet them.
    ///
    /// # Errors
    /// [`Error::NoGuard`], [`Error::TooManyGuards`]; [`Error::Conflict`] if another writer moved
    /// the ref in the meantime.
    pub fn guard<'a>(
        &self,
        name: &RefName,
        change: &GuardChange,
        reason: impl Into<Reason<'a>>,
        signature: &Signature,
    ) -> Result<Option<Move>> {
        let tip = self.refs.tip(&self.objects, name)?;
        let before = self.guards_at(tip)?;
        let guards = change.apply(name, before.clone())?;
        if guards == before {
            return Ok(None);
        }
        let (kind, to, reason) = (MoveKind::Guard, To::Guards(guards), reason.into());
        self.record_move(&Step { name, tip, kind, to, gate: &[], reason, signature }).map(Some)
    }
}

impl GuardChange {
    fn apply(&self, name: &RefName, mut guards: Vec<String>) -> Result<Vec<String>> {
        match self {
            Self::Clear => guards.clear(),
            Self::Add(conditions) => {
                for guard in conditions.iter().map(Condition::to_string) {
                    if !guards.contains(&guard) {
                        guards.push(guard);
                    }
                }
                if guards.len() > MAX_GUARDS {
                    return Err(Error::TooManyGuards { name: name.clone(), most: MAX_GUARDS });
                }
            }
            Self::Remove(texts) => {
                for text in texts {
                    let place = find(&guards, text).ok_or_else(|| Error::NoGuard {
                        name: name.clone(),
                        guard: text.clone(),
                    })?;
                    guards.remove(place);
                }
            }
        }
        Ok(guards)
    }
}

/// Finds a guard by its letters, or by what they mean.
fn find(guards: &[String], text: &str) -> Option<usize> {
    let same = |text: &str| guards.iter().position(|guard| guard == text);
    same(text).or_else(|| same(&text.parse::<Condition>().ok()?.to_string()))
}

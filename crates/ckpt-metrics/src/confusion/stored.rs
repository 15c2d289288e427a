//! The form in which a confusion matrix is serialized.

use serde::{Deserialize, Serialize};

use super::Confusion;
use crate::{Count, Error, Result};

/// A confusion matrix as it is serialized: its rows of counts.
#[derive(Serialize, Deserialize)]
#[serde(bound = "C: Count")]
pub(super) struct Stored<C: Count> {
    counts: Vec<Vec<C>>,
}

impl<C: Count> TryFrom<Stored<C>> for Confusion<C> {
    type Error = Error;

    fn try_from(stored: Stored<C>) -> Result<Self> {
        let classes = stored.counts.len();
        if let Some(row) = stored.counts.iter().find(|row| row.len() != classes) {
            return Err(Error::NotSquare { rows: classes, columns: row.len() });
        }
        Self::from_row_major(classes, stored.counts.concat())
    }
}

impl<C: Count> From<Confusion<C>> for Stored<C> {
    fn from(confusion: Confusion<C>) -> Self {
        let rows = confusion.counts.chunks(confusion.classes);
        Self { counts: rows.map(<[C]>::to_vec).collect() }
    }
}

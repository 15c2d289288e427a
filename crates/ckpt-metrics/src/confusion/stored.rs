//! The form in which a confusion matrix is serialized.

use serde::{Deserialize, Serialize};

use super::Confusion;
use crate::{Error, Result};

/// A confusion matrix as it is serialized: its rows of counts.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    counts: Vec<Vec<u64>>,
}

impl TryFrom<Stored> for Confusion {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let classes = stored.counts.len();
        if let Some(row) = stored.counts.iter().find(|row| row.len() != classes) {
            return Err(Error::NotSquare { rows: classes, columns: row.len() });
        }
        Self::from_flat(classes, stored.counts.concat())
    }
}

impl From<Confusion> for Stored {
    fn from(confusion: Confusion) -> Self {
        let rows = confusion.counts.chunks(confusion.classes);
        Self { counts: rows.map(<[u64]>::to_vec).collect() }
    }
}

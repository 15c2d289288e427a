//! The bytes of records: the only module that knows bincode.
//!
//! A record is one byte, the version of its kind, then its fields in their order. An id hashes these
//! bytes as they are; a record is never encoded again.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    CheckpointRecord, ChunksRecord, LeavesRecord, MoveRecord, NoteRecord, RecipeRecord,
    VersionRecord,
};
use crate::object::ObjectKind;

/// Most bytes that a record may claim: room for a checkpoint of 300,000 tensors, and a bound on
/// what a hostile record can make a reader allocate.
///
/// Text counts as long as it is; a number counts as many bytes as its type has, however few encode
/// it.
pub const MAX_RECORD: usize = 64 << 20;

/// The version that starts every record written now.
const RECORD_VERSION: u8 = 1;

/// A record with a kind of object of its own.
pub(crate) trait Record: Serialize + DeserializeOwned {
    const KIND: ObjectKind;
    /// What makes a record of this kind large, for messages.
    const BULK: &'static str;
}

macro_rules! record {
    ($($record:ident => $kind:ident, $bulk:literal;)*) => {
        $(impl Record for $record {
            const KIND: ObjectKind = ObjectKind::$kind;
            const BULK: &'static str = $bulk;
        })*
    };
}

record! {
    LeavesRecord => Leaves, "a tensor";
    ChunksRecord => Chunks, "a part of a file";
    CheckpointRecord => Checkpoint, "the list of tensors and files";
    VersionRecord => Version, "what describes the version (metrics, message, environment)";
    RecipeRecord => Recipe, "what went in (parameters and data)";
    MoveRecord => Move, "the reason of the move";
    NoteRecord => Note, "the note";
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("the record is empty")]
    Empty,
    #[error("the record has version {0}, which this ckpt does not know")]
    Version(u8),
    #[error("the record does not decode: {0}")]
    Malformed(String),
    #[error("{0} bytes follow the record")]
    Trailing(usize),
    #[error("{what} is too large: its record claims more than {limit} bytes")]
    TooLarge { what: &'static str, limit: usize },
}

fn config() -> impl bincode::config::Config {
    // The limit is what stops a few hostile bytes from claiming gigabytes.
    bincode::config::standard().with_limit::<MAX_RECORD>()
}

/// Bytes that no record of so many can claim too much with: a number claims 8 bytes at most, and
/// takes one at least.
const SURELY_DECODES: usize = MAX_RECORD / 8;

/// Encodes a record; fails if it could not be decoded again.
pub(crate) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, RecordError> {
    let mut bytes = vec![RECORD_VERSION];
    bincode::serde::encode_into_std_write(record, &mut bytes, config())
        .map_err(|error| RecordError::Malformed(error.to_string()))?;
    if bytes.len() > SURELY_DECODES && decode::<R>(&bytes).is_err() {
        return Err(RecordError::TooLarge { what: R::BULK, limit: MAX_RECORD });
    }
    Ok(bytes)
}

/// Decodes a record, which must take up all of `bytes`.
pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    match bytes.split_first() {
        None => Err(RecordError::Empty),
        Some((&RECORD_VERSION, body)) => {
            let (record, read) = bincode::serde::decode_from_slice(body, config())
                .map_err(|error| RecordError::Malformed(error.to_string()))?;
            if read == body.len() {
                Ok(record)
            } else {
                Err(RecordError::Trailing(body.len() - read))
            }
        }
        Some((&version, _)) => Err(RecordError::Version(version)),
    }
}

#[cfg(test)]
mod tests {
    use ckpt_hash::tree_hash;
    use ckpt_tensor::Dtype;

    use super::*;
    use crate::record::{MoveKind, Role, TensorRecord};

    fn scalar(extents: usize) -> CheckpointRecord {
        let tensor = TensorRecord {
            name: "w".to_owned(),
            dtype: Dtype::U8,
            shape: vec![1; extents],
            role: Role::Weights,
            len: 1,
            root: tree_hash(&[7]),
        };
        CheckpointRecord { tensors: vec![tensor], files: Vec::new() }
    }

    #[test]
    fn what_encodes_decodes() {
        // A number claims 8 bytes and takes one here, the worst case.
        let most = scalar(SURELY_DECODES - 100);
        let bytes = encode(&most).unwrap();
        assert!(bytes.len() <= SURELY_DECODES);
        assert_eq!(decode::<CheckpointRecord>(&bytes).unwrap(), most);
        let what = "the list of tensors and files";
        let limit = MAX_RECORD;
        assert_eq!(encode(&scalar(SURELY_DECODES)), Err(RecordError::TooLarge { what, limit }));
    }

    #[test]
    fn text_may_be_longer_than_numbers() {
        let message = "x".repeat(2 * SURELY_DECODES);
        let record = MoveRecord {
            name: "refs/heads/main".to_owned(),
            kind: MoveKind::Set,
            from: None,
            to: None,
            previous: None,
            author: String::new(),
            time_ms: 0,
            reason: message,
            guards: Vec::new(),
            evidence: Vec::new(),
        };
        let bytes = encode(&record).unwrap();
        assert_eq!(decode::<MoveRecord>(&bytes).unwrap(), record);
    }
}

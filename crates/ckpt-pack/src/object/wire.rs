//! The bytes of records: the only module that knows bincode.
//!
//! A record is one byte, the version of its kind, then its fields in their order. An id hashes these
//! bytes as they are; a record is never encoded again.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    ObjectKind,
    lists::{ChunksRecord, LeavesRecord},
};

/// Most bytes that a record may claim: room for a checkpoint of 300,000 tensors, and a bound on
/// what an adversarial record can make a reader allocate.
///
/// Text counts as long as it is; a number counts as many bytes as its type has, however few encode
/// it.
pub const MAX_RECORD: usize = 64 << 20;

/// The version that starts every record written now.
const RECORD_VERSION: u8 = 1;

/// A record with a kind of object of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// The kind.
    const KIND: ObjectKind;
    /// What makes a record of this kind large, for messages.
    const BULK: &'static str;
}

impl Record for LeavesRecord {
    const KIND: ObjectKind = ObjectKind::Leaves;
    const BULK: &'static str = "a tensor";
}

impl Record for ChunksRecord {
    const KIND: ObjectKind = ObjectKind::Chunks;
    const BULK: &'static str = "a part of a file";
}

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// There are none.
    #[error("the record is empty")]
    Empty,
    /// They start with a version of their kind that this program does not know.
    #[error("the record has version {0}, which this ckpt does not know")]
    Version(u8),
    /// They do not decode.
    #[error("the record does not decode: {0}")]
    Malformed(String),
    /// So many follow the record.
    #[error("{0} bytes follow the record")]
    Trailing(usize),
    /// A record that could not be decoded again.
    #[error("{what} is too large: its record claims more than {limit} bytes")]
    TooLarge {
        /// What makes it large.
        what: &'static str,
        /// Most bytes that it may claim.
        limit: usize,
    },
}

fn config() -> impl bincode::config::Config {
    // The limit is what stops a few adversarial bytes from claiming gigabytes.
    bincode::config::standard().with_limit::<MAX_RECORD>()
}

/// Bytes that no record of so many can claim too much with: a number claims 8 bytes at most, and
/// takes one at least.
pub const SURELY_DECODES: usize = MAX_RECORD / 8;

/// Encodes a record; fails if it could not be decoded again.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, RecordError> {
    let mut bytes = vec![RECORD_VERSION];
    bincode::serde::encode_into_std_write(record, &mut bytes, config())
        .map_err(|error| RecordError::Malformed(error.to_string()))?;
    if bytes.len() > SURELY_DECODES && decode::<R>(&bytes).is_err() {
        return Err(RecordError::TooLarge { what: R::BULK, limit: MAX_RECORD });
    }
    Ok(bytes)
}

/// Decodes a record, which must take up all of `bytes`.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
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

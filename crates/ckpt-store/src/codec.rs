//! Joins objects and block encodings: how each kind of object is encoded, decoded and hashed.

use ckpt_codec::{Effort, Encoding, Layout};
use ckpt_hash::{
    CheckpointId, Digest, LEAF_LEN, MoveId, RecipeId, VersionId, leaf_hash, merkle_root,
};
use ckpt_tensor::Dtype;

use crate::{
    object::{ObjectId, ObjectKind},
    pack::{layout::Entry, writer::EncodedObject},
    record::{self, ChunksRecord, LeavesRecord},
};

/// The code for bytes that are no elements of a dtype.
const PLAIN: u8 = 0;

/// Encodes an object by whichever encoding is smallest for the effort.
pub(crate) fn encode(
    id: ObjectId,
    bytes: &[u8],
    dtype: Option<Dtype>,
    effort: Effort,
) -> Result<EncodedObject, String> {
    let layout = dtype.map_or(Layout::BYTES, Layout::of);
    let encoded = ckpt_codec::encode(bytes, layout, effort).map_err(|error| error.to_string())?;
    Ok(EncodedObject {
        id,
        raw_len: bytes.len() as u32,
        encoding: encoded.encoding.code(),
        layout: dtype.map_or(PLAIN, Dtype::code),
        bytes: encoded.bytes.into_owned(),
    })
}

/// Decodes the stored bytes of an object, as long as whole objects are all that is stored.
pub(crate) fn decode(entry: &Entry, stored: Vec<u8>) -> Result<Vec<u8>, String> {
    let text = |error: ckpt_codec::CodecError| error.to_string();
    if entry.depth != 0 {
        return Err("it is stored as a delta, which needs a newer ckpt".to_owned());
    }
    let encoding = Encoding::from_code(entry.encoding).map_err(text)?;
    let layout = match entry.layout {
        PLAIN => Layout::BYTES,
        code => Layout::of(Dtype::from_code(code).map_err(|error| error.to_string())?),
    };
    if entry.id.kind == ObjectKind::Block && entry.raw_len as usize > LEAF_LEN {
        return Err(format!("it has {} bytes, more than a block can have", entry.raw_len));
    }
    if encoding == Encoding::Raw && stored.len() == entry.raw_len as usize {
        return Ok(stored);
    }
    ckpt_codec::decode(encoding, &stored, entry.raw_len as usize, layout).map_err(text)
}

/// Computes the digest of an object's bytes in the manner of its kind.
pub(crate) fn digest(kind: ObjectKind, bytes: &[u8]) -> Digested {
    Digested::Is(match kind {
        ObjectKind::Block => *leaf_hash(bytes).digest(),
        ObjectKind::Leaves => match record::decode::<LeavesRecord>(bytes) {
            Ok(list) => *merkle_root(&list.leaves).digest(),
            Err(_) => return Digested::Invalid,
        },
        ObjectKind::Chunks => match record::decode::<ChunksRecord>(bytes) {
            Ok(_) => return Digested::ByContent,
            Err(_) => return Digested::Invalid,
        },
        ObjectKind::Checkpoint => *CheckpointId::of(bytes).digest(),
        ObjectKind::Version => *VersionId::of(bytes).digest(),
        ObjectKind::Recipe => *RecipeId::of(bytes).digest(),
        ObjectKind::Move => *MoveId::of(bytes).digest(),
    })
}

/// What the bytes of an object say of its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digested {
    /// They have this digest.
    Is(Digest),
    /// They are a chunk list, whose id is the hash of the content that its chunks make together;
    /// whoever reads that content checks it.
    ByContent,
    /// They are nothing of their kind.
    Invalid,
}

impl Digested {
    /// Tells whether the bytes may be the object of this digest.
    pub(crate) fn agrees(self, digest: &Digest) -> bool {
        match self {
            Self::Is(found) => found == *digest,
            Self::ByContent => true,
            Self::Invalid => false,
        }
    }
}

//! Joins objects and block encodings: how each kind of object is encoded, decoded and hashed.

use std::{ops::Deref, sync::Arc};

use ckpt_codec::{CodecError, Effort, Encoded, Encoding, Layout};
use ckpt_hash::{
    AnnotationId, CheckpointId, DIGEST_LEN, Digest, JournalId, LEAF_LEN, LeafHash, MoveId,
    RecipeId, VersionId, leaf_hash, merkle_root,
};
use ckpt_tensor::Dtype;

use super::layout::Entry;
use crate::object::{
    ObjectId, ObjectKind,
    lists::{ChunksRecord, LeavesRecord},
    wire,
};

/// The code for bytes that are no elements of a dtype.
const PLAIN: u8 = 0;

/// Most links of a chain of deltas: reading costs a decode per link.
///
/// With every ninth block whole, dense f32 training takes 2 % more space than in endless chains,
/// bf16 fine-tuning a quarter more.
pub const MAX_DEPTH: u8 = 8;

/// Bytes of a delta from which the 32 of its base's hash are below 1 % of it.
const LONG: usize = 4096;

/// The same block of the parent version.
#[derive(Debug)]
pub struct Base<'a> {
    /// Its id.
    pub id: ObjectId,
    /// Its bytes.
    pub bytes: BaseBytes<'a>,
    /// How deep the copy is stored that the bytes are from.
    pub depth: u8,
}

/// Bytes that a caller lends, or that were read.
#[derive(Debug)]
pub enum BaseBytes<'a> {
    /// Lent by the caller.
    Lent(&'a [u8]),
    /// Read.
    Read(Arc<Vec<u8>>),
}

impl Deref for BaseBytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Read(bytes) => bytes,
        }
    }
}

/// An object ready to be written.
#[derive(Debug)]
pub struct EncodedObject {
    /// Its id.
    pub id: ObjectId,
    /// The bytes to be stored.
    pub bytes: Vec<u8>,
    /// Bytes when decoded.
    pub raw_len: u32,
    /// A code of the crate ckpt-codec.
    pub encoding: u8,
    /// What the encoding has to know: the code of the block's dtype, 0 for plain bytes.
    pub layout: u8,
    /// Links of deltas below this object; 0 where it decodes alone.
    pub depth: u8,
}

/// Encodes an object by whichever encoding is smallest for the effort.
pub fn encode(
    id: ObjectId,
    bytes: &[u8],
    dtype: Option<Dtype>,
    effort: Effort,
) -> Result<EncodedObject, String> {
    let encoded = ckpt_codec::encode(bytes, layout_of(dtype), effort).map_err(text)?;
    Ok(whole(id, bytes.len(), dtype, encoded))
}

/// Encodes a block like [`encode`], or as a delta to a base that is less deep than
/// [`MAX_DEPTH`] and as long as the block.
///
/// A delta is decoded again before it is taken: what cannot be had back is stored whole.
pub fn encode_against(
    id: ObjectId,
    bytes: &[u8],
    dtype: Option<Dtype>,
    effort: Effort,
    base: &Base<'_>,
) -> Result<EncodedObject, String> {
    let encoded = ckpt_codec::encode_against(bytes, &base.bytes, layout_of(dtype), effort);
    let encoded = encoded.map_err(text)?;
    if !encoded.encoding.needs_parent() {
        return Ok(whole(id, bytes.len(), dtype, encoded));
    }
    let Encoded { encoding, bytes: ref coded } = encoded;
    let base_bytes = &*base.bytes;
    let decoded =
        ckpt_codec::decode_against(encoding, coded, bytes.len(), layout_of(dtype), base_bytes);
    if decoded.ok().as_deref() != Some(bytes) {
        return encode(id, bytes, dtype, effort);
    }
    let stored = [base.id.digest.as_bytes(), &encoded.bytes[..]].concat();
    // The codec chose without the hash in front, which decides only where there is little else.
    if encoded.bytes.len() < LONG {
        let plain = encode(id, bytes, dtype, effort)?;
        if plain.bytes.len() <= stored.len() {
            return Ok(plain);
        }
    }
    let depth = base.depth + 1;
    let encoded = Encoded { encoding: encoded.encoding, bytes: stored.into() };
    Ok(EncodedObject { depth, ..whole(id, bytes.len(), dtype, encoded) })
}

fn whole(
    id: ObjectId,
    raw_len: usize,
    dtype: Option<Dtype>,
    encoded: Encoded<'_>,
) -> EncodedObject {
    EncodedObject {
        id,
        raw_len: raw_len as u32,
        encoding: encoded.encoding.code(),
        layout: dtype.map_or(PLAIN, Dtype::code),
        depth: 0,
        bytes: encoded.bytes.into_owned(),
    }
}

fn layout_of(dtype: Option<Dtype>) -> Layout {
    dtype.map_or(Layout::BYTES, Layout::of)
}

fn text(error: CodecError) -> String {
    error.to_string()
}

/// Returns the block whose bytes [`decode`] needs; `None` if it needs none.
pub(crate) fn base(entry: &Entry, stored: &[u8]) -> Result<Option<ObjectId>, String> {
    let encoding = Encoding::from_code(entry.encoding).map_err(text)?;
    let depth = entry.depth;
    if !encoding.needs_parent() {
        let unfit = || Err(format!("it is stored whole, yet at depth {depth}"));
        return if depth == 0 { Ok(None) } else { unfit() };
    }
    if entry.id.kind != ObjectKind::Block {
        return Err("it is stored as a delta, which only blocks can be".to_owned());
    }
    if depth == 0 || depth > MAX_DEPTH {
        return Err(format!("it is stored as a delta, yet at depth {depth}"));
    }
    let hash = stored.first_chunk::<DIGEST_LEN>().ok_or("it ends before its base's hash does")?;
    Ok(Some(ObjectId::block(&LeafHash::from_digest(Digest::from_bytes(*hash)))))
}

/// Decodes the stored bytes of an object, given the bytes of its [`base`] if it has one, in place of
/// what `out` holds. What `stored` holds afterwards means nothing.
pub(crate) fn decode_into(
    entry: &Entry,
    stored: &mut Vec<u8>,
    base: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let encoding = Encoding::from_code(entry.encoding).map_err(text)?;
    let layout = match entry.layout {
        PLAIN => Layout::BYTES,
        code => Layout::of(Dtype::from_code(code).map_err(|error| error.to_string())?),
    };
    if entry.id.kind == ObjectKind::Block && entry.raw_len as usize > LEAF_LEN {
        return Err(format!("it has {} bytes, more than a block can have", entry.raw_len));
    }
    let raw_len = entry.raw_len as usize;
    if encoding == Encoding::Raw && stored.len() == raw_len {
        std::mem::swap(stored, out);
        return Ok(());
    }
    match base {
        Some(base) => {
            let bytes = stored.get(DIGEST_LEN..).unwrap_or_default();
            ckpt_codec::decode_against_into(encoding, bytes, raw_len, layout, base, out)
        }
        None => ckpt_codec::decode_into(encoding, stored, raw_len, layout, out),
    }
    .map_err(text)
}

/// Computes the digest of an object's bytes in the manner of its kind.
pub(crate) fn digest(kind: ObjectKind, bytes: &[u8]) -> Digested {
    Digested::Is(match kind {
        ObjectKind::Block => *leaf_hash(bytes).digest(),
        ObjectKind::Leaves => match wire::decode::<LeavesRecord>(bytes) {
            Ok(list) => *merkle_root(&list.leaves).digest(),
            Err(_) => return Digested::Invalid,
        },
        ObjectKind::Chunks => match wire::decode::<ChunksRecord>(bytes) {
            Ok(_) => return Digested::ByContent,
            Err(_) => return Digested::Invalid,
        },
        ObjectKind::Checkpoint => *CheckpointId::of(bytes).digest(),
        ObjectKind::Version => *VersionId::of(bytes).digest(),
        ObjectKind::Recipe => *RecipeId::of(bytes).digest(),
        ObjectKind::Move => *MoveId::of(bytes).digest(),
        ObjectKind::Annotation => *AnnotationId::of(bytes).digest(),
        ObjectKind::Journal => *JournalId::of(bytes).digest(),
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

#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! Pure functions from bytes to fewer bytes and back: [`encode`] stores a block in whichever
//! [`Encoding`] is smallest and never takes more bytes than the block has, [`decode`] gives the
//! block back or says what is wrong. Decoding is meant for bytes that nobody vouches for: it
//! never panics and allocates little more than the length that the caller expects, which is
//! bounded by [`Layout::max_len`].
//!
//! Encoded bytes carry neither their encoding nor their length; whoever stores them keeps both.
//! No identity may depend on encoded bytes: they change with the effort and with zstd's version.
//!
//! [`encode_against`] and [`decode_against`] also know encodings of a block as its exact
//! difference to the same block of a parent version, given as a further argument; the other two
//! never need one.
//!
//! A step of training changes nearly every weight, but by little:
//!
//! ```
//! # use ckpt_codec::{Effort, Layout, decode_against, encode_against};
//! # use ckpt_tensor::Dtype;
//! let bytes = |x: &[f32]| x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
//! let before: Vec<f32> = (0..10_000).map(|i| (i as f32).sin()).collect();
//! let after: Vec<f32> = before.iter().map(|x| x - 1e-6 * x.cos()).collect();
//!
//! let (parent, block, layout) = (bytes(&before), bytes(&after), Layout::of(Dtype::F32));
//! let encoded = encode_against(&block, &parent, layout, Effort::Default)?;
//! assert!(encoded.encoding.needs_parent());
//! assert!(encoded.bytes.len() < block.len() / 4);
//! let decoded =
//!     decode_against(encoded.encoding, &encoded.bytes, block.len(), layout, &parent)?;
//! assert_eq!(decoded, block);
//! # Ok::<(), ckpt_codec::CodecError>(())
//! ```
//!
//! # The bytes
//!
//! - [`Encoding::Raw`]: the block itself.
//! - [`Encoding::Zstd`]: one zstd frame that states its content's length.
//! - [`Encoding::Planes`]: one plane per byte of the element, least significant first, then the
//!   bytes after the last whole element as they are. Plane k holds byte k of every element; the
//!   elements of floats are rotated left by one bit first, so that the sign is the lowest bit
//!   and the exponent fills the last plane. A plane is a mode byte and its content:
//!   `0`, one byte that the whole plane repeats; `1`, the plane as it is; `2`, the length of a
//!   zstd frame (u32, little-endian) and the frame.
//! - [`Encoding::DeltaPlanes`], [`Encoding::DeltaHuffman`], [`Encoding::DeltaRange`]: see below.
//!
//! # The bytes of deltas
//!
//! An element and its parent's element are taken as unsigned integers modulo 2^w, where w is the
//! element's width in bits. Floats are first mapped to integers in the order of the numbers: where
//! the sign bit is set all bits are inverted, elsewhere the sign bit alone. The difference
//! `d = element - parent`, as a signed number of w bits, is stored as
//! `z = (d << 1) ^ (d >> (w - 1))`, so that its sign is the lowest bit and small steps both ways
//! are small numbers.
//!
//! An update has an absolute size, so that its size in units of the last place is set by the
//! exponent of the number it changes: the parent's exponent says how many bits to expect, and
//! which of the coder's tables is the right one.
//!
//! Numbers are little-endian; a varint is LEB128 of at most 4 bytes. All three encodings start
//! with the groups and the tail:
//!
//! - **Groups.** The whole elements of the block are divided into groups of 256 bytes, the last
//!   of which may be shorter. A byte, then: `0`, nothing: every group differs from the parent's.
//!   `1`, varints: numbers of groups that are equal, differ, are equal and so on until there are
//!   no more groups; the first may be 0. `2`, a bit for each group, the first in the lowest bit of
//!   the first byte, set if it differs; bits beyond the last group are 0.
//! - **Tail.** The bytes after the last whole element, as they are.
//!
//! What follows describes the elements of the groups that differ, one group after another. If
//! there are none, nothing follows.
//!
//! - [`Encoding::DeltaPlanes`]: one plane per byte of z, least significant first, each a mode byte
//!   and its content as in [`Encoding::Planes`]; elements are not rotated. Elements of one byte
//!   have one plane.
//! - [`Encoding::DeltaHuffman`] and [`Encoding::DeltaRange`], of floats of 2, 4 and 8 bytes only:
//!   - the top exponent (u16) and a byte: f in the lower half, m in the upper, both at most 3;
//!     w - f is at most 63 and ((w - f) << f) + 1, the number of classes, at most 128;
//!   - for each of 16 contexts the number c of its listed classes (a byte) and, unless c is 0,
//!     the first of them (a byte) and c entries, which differ between the two encodings; where c
//!     is 0, every element of the context has class 0, which takes no bits;
//!   - the codes of the elements, again different.
//!
//!   With e the exponent bits of the parent's element, without its sign, an element's context is
//!   `min(max(top - e, 0) >> m, 15)`. Its class follows from z: if `z + 2^f` is
//!   `(2^f + fine) * 2^extra + rest`, where `fine < 2^f` and `rest < 2^extra`, the class is
//!   `extra * 2^f + fine`. The rest is stored in `extra` bits. Element i belongs to stream i mod 4.
//!   A stream of bits starts at the lowest bit of its first byte, holds numbers lowest bit first,
//!   and ends with less than 8 unused bits.
//!   - [`Encoding::DeltaHuffman`]: an entry is the length of the class's code, 4 bits, two to a
//!     byte, the first in the lower half; 0 for a class without a code, at most 10. The codes are
//!     complete, but for a context of a single listed class: its length is 0 and it takes no bits.
//!     Codes are canonical: with `code = 0`, in the order of length, then of class, each class has
//!     the next code, and one more bit doubles it; the highest bit of a code is stored first. The
//!     lengths of the first three streams in bytes (u32 each) follow, then the four streams; the
//!     last ends with the block. A stream holds each element's code and then its rest.
//!   - [`Encoding::DeltaRange`]: an entry is the class's frequency, a varint; those of a context
//!     add up to 4,096. A class owns as many slots of its context as its frequency says, in the
//!     order of the classes. The number of words (u32), the four streams' states (u32 each), the
//!     words (u16 each) and one stream of bits with the rests of all elements follow. An element's
//!     class is the owner of slot `state mod 4096` of its context, and the stream's state becomes
//!     `frequency * (state >> 12) + (state mod 4096) - first slot of the class`; if that is below
//!     2^16 it becomes `(state << 16) + word` with the next word, of which all streams share one
//!     sequence. After the last element all states are 2^16 and no word is left.

mod decode;
mod delta;
mod encode;
mod entropy;
mod error;
mod frame;
mod input;
mod integers;
mod layout;
mod planes;
mod scratch;
mod simd;
mod transpose;

pub use decode::{decode, decode_into};
pub use delta::{decode_against, decode_against_into, encode_against};
pub use encode::{Encoded, encode};
pub use error::CodecError;
pub use layout::{Effort, Encoding, Layout, MAX_BLOCK, MAX_RECORD};

//! Block encodings of the checkpoint store.
//!
//! Pure functions from bytes to fewer bytes and back: [`encode`] stores a block in whichever
//! [`Encoding`] is smallest and never takes more bytes than the block has, [`decode`] gives the
//! block back or says what is wrong. Decoding is meant for bytes that nobody vouches for: it
//! never panics and allocates in proportion to the length that the caller expects, which is
//! bounded by [`Layout::max_len`].
//!
//! Encoded bytes carry neither their encoding nor their length; whoever stores them keeps both.
//! No identity may depend on encoded bytes: they change with the effort and with zstd's version.
//!
//! Encodings that need the same block of a parent version will stand beside [`encode`] and
//! [`decode`] with that block as a further argument; these two never need one.
//!
//! ```
//! use ckpt_codec::{Effort, Encoding, Layout, decode, encode};
//! use ckpt_tensor::Dtype;
//!
//! let block: Vec<u8> = (0..1000).flat_map(|i| (i as f32).to_le_bytes()).collect();
//! let layout = Layout::of(Dtype::F32);
//! let encoded = encode(&block, layout, Effort::Default)?;
//! assert_eq!(encoded.encoding, Encoding::Planes);
//! assert!(encoded.bytes.len() < block.len() / 2);
//! assert_eq!(decode(encoded.encoding, &encoded.bytes, block.len(), layout)?, block);
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

mod decode;
mod encode;
mod entropy;
mod error;
mod frame;
mod layout;
mod planes;
mod transpose;

pub use decode::{decode, decode_into};
pub use encode::{Encoded, encode};
pub use error::CodecError;
pub use layout::{Effort, Encoding, Layout, MAX_BLOCK, MAX_RECORD};

//! Tensor types, shapes and arithmetic on tensor bytes.
//!
//! A tensor is a [`Dtype`], a [`Shape`] and bytes: row-major, little-endian, without padding.
//! This crate says how long those bytes are, what they sum up to ([`Statistics`]), how far apart
//! two of them lie ([`Comparison`]) and what two become that changed apart from each other
//! ([`Arithmetic`]). It knows nothing of containers or stores: where such bytes lie, [`ReadAt`] reads
//! them by position.
//!
//! ```
//! use ckpt_tensor::{Comparison, Dtype, Shape};
//!
//! let shape = Shape::from(vec![1, 2]);
//! assert_eq!(shape.byte_len(Dtype::F32)?, 8);
//!
//! let before: Vec<u8> = [1.0f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
//! let after: Vec<u8> = [1.0f32, 2.5].iter().flat_map(|x| x.to_le_bytes()).collect();
//! let mut comparison = Comparison::new(Dtype::F32);
//! comparison.update(&before, &after)?;
//! let difference = comparison.finish();
//! assert_eq!(difference.changed, 1);
//! assert_eq!(difference.numeric.map(|n| n.max_abs), Some(0.5));
//! # Ok::<(), ckpt_tensor::TensorError>(())
//! ```

mod compare;
mod dtype;
mod element;
mod error;
mod float;
mod merge;
mod read_at;
mod shape;
mod statistics;

pub use compare::{Comparison, Difference, NumericDifference};
pub use dtype::{Dtype, Kind};
pub use error::TensorError;
pub use float::{FloatFormat, Specials};
pub use merge::{Arithmetic, Merger, Sides, Survey};
pub use read_at::ReadAt;
pub use shape::Shape;
pub use statistics::{Statistics, Summary};

//! Finds the tensors inside checkpoint files.
//!
//! A file is cut into [`Segment`]s that tile it exactly: tensors, and opaque bytes around them.
//! Tensors are found from the file's header alone; their bytes are never loaded here. Whatever
//! no reader understands is one opaque segment, so every file can be segmented.
//!
//! - [`segment`] takes any file and never minds what is in it.
//! - [`segment_as`] takes a file that claims a [`Format`], by its name for instance, and says
//!   what contradicts the claim.
//! - [`safetensors_layout`] lays tensors out in a new safetensors file.
//!
//! Files come from anywhere: sizes are compared with the file's length before anything is
//! allocated, and memory stays within a small multiple of the header's length.
//!
//! ```
//! use ckpt_formats::{Segment, segment};
//!
//! let header = br#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#;
//! let mut file = (header.len() as u64).to_le_bytes().to_vec();
//! file.extend_from_slice(header);
//! file.extend_from_slice(&[0; 8]);
//!
//! let segmentation = segment(&file)?;
//! assert_eq!(segmentation.reader, "safetensors");
//! let Segment::Tensor { name, shape, len, .. } = &segmentation.segments[1] else { panic!() };
//! assert_eq!((name.as_str(), shape.dims(), *len), ("w", &[2][..], 8));
//! # Ok::<(), std::io::Error>(())
//! ```

mod error;
mod format;
mod read_at;
mod safetensors;
mod segment;

pub use error::FormatError;
pub use format::{Format, segment, segment_as};
pub use read_at::ReadAt;
pub use safetensors::{
    MAX_HEADER, PlacedTensor, SafetensorsLayout, TensorMeta, safetensors_layout,
};
pub use segment::{Segment, Segmentation, TiedTensor};

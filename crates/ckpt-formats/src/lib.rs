#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! A file is cut into [`Segment`]s that tile it exactly: tensors, and opaque bytes around them.
//! Tensors are found from the file's header alone; their bytes are never loaded here. Only
//! row-major, little-endian tensors become segments of their own. Whatever no reader understands
//! is opaque, so every file can be segmented; a note says why.
//!
//! | format | becomes tensors | stays opaque |
//! | --- | --- | --- |
//! | safetensors | everything | |
//! | NPY, NPZ | numbers and booleans that [`Dtype`](ckpt_tensor::Dtype) has | Fortran order, big-endian, objects, text, records; compressed members |
//! | PyTorch zip archives | row-major views in state dicts and training checkpoints | other strides; storages without a name, NumPy arrays; whole files with pickled classes, legacy files, TorchScript |
//! | GGUF 2 and 3 | plain floats and integers | quantized blocks |
//!
//! - [`segment`] takes any file and never minds what is in it.
//! - [`segment_as`] takes a file that claims a [`Format`], by its name for instance, and says
//!   what contradicts the claim.
//! - [`safetensors_layout`] and [`npz_layout`] lay tensors out in a new file, a list of [`Part`]s.
//! - [`FolderReader`] reads the index of a model in several files, and checks the files by it.
//!
//! Files come from anywhere: sizes are compared with the file's length before anything is
//! allocated, memory stays within a small multiple of the header's length, and headers have
//! limits. Pickles are read as data; nothing in them is executed.

mod error;
mod folder;
mod format;
mod gguf;
mod layout;
mod le;
mod message;
mod npy;
mod npz;
mod pairs;
mod pytorch;
mod reader;
mod safetensors;
mod segment;
mod shards;
mod stop;
mod tile;
mod zip;

pub use ckpt_tensor::ReadAt;

pub use error::FormatError;
pub use folder::{FolderError, FolderReader};
pub use format::{Format, segment, segment_as};
pub use layout::{Part, TensorMeta};
pub use npy::{NpyHeader, NpyHeaderError, npy_header};
pub use npz::{NpzLayout, npz_layout};
pub use safetensors::{MAX_HEADER, PlacedTensor, SafetensorsLayout, safetensors_layout};
pub use segment::{Segment, Segmentation, TiedTensor};
pub use shards::ShardIndex;

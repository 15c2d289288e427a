//! From tensors to the header of a new file.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ckpt_tensor::Dtype;
use serde::Serialize;

use super::{MAX_HEADER, METADATA_KEY, PREFIX};
use crate::{FormatError, Part, TensorMeta};

/// Where a tensor stands in a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedTensor {
    /// The tensor's index in the list that was given.
    pub index: usize,
    /// First byte, from the file's start.
    pub offset: u64,
    /// Number of bytes.
    pub len: u64,
}

/// The plan of a new file: its first bytes, then the tensors in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetensorsLayout {
    /// The header with its length before it: the file up to the first tensor.
    pub header: Vec<u8>,
    /// The tensors in file order, without gaps, the first right after the header.
    pub tensors: Vec<PlacedTensor>,
    /// Bytes of the whole file.
    pub file_len: u64,
}

impl SafetensorsLayout {
    /// Gives what the file consists of, in order.
    pub fn into_parts(self) -> Vec<Part> {
        let tensors = self.tensors.iter().map(|placed| Part::Tensor(placed.index));
        std::iter::once(Part::Bytes(self.header)).chain(tensors).collect()
    }
}

/// A tensor's entry in the header, keys in the order that the safetensors library writes.
#[derive(Serialize)]
struct Entry<'a> {
    dtype: Dtype,
    shape: &'a [u64],
    data_offsets: (u64, u64),
}

/// Lays tensors out in the canonical safetensors file.
///
/// The same tensors and metadata give the same bytes: metadata comes first if there is any, keys
/// sorted; tensors of wider elements come first, and those of one width are sorted by name
/// (bytewise), in the header and in the file, as the safetensors library orders them; the header is
/// padded with spaces to 8 bytes. So every element lies at a multiple of its size.
///
/// # Errors
/// [`FormatError::DuplicateTensor`], [`FormatError::ReservedName`], [`FormatError::Tensor`] if a
/// size overflows or narrow elements do not fill their last byte, [`FormatError::FileOverflow`]
/// and [`FormatError::HeaderTooLarge`].
pub fn safetensors_layout(
    tensors: &[TensorMeta],
    metadata: &BTreeMap<String, String>,
) -> Result<SafetensorsLayout, FormatError> {
    let mut placed = place(tensors)?;
    let header = encode_header(tensors, &placed, metadata)?;
    let start = header.len() as u64;
    let mut file_len = start;
    for PlacedTensor { index, offset, len } in &mut placed {
        // Offsets were relative to the header's end so far.
        file_len = file_len
            .checked_add(*len)
            .ok_or_else(|| FormatError::FileOverflow(tensors[*index].name.clone()))?;
        *offset += start;
    }
    Ok(SafetensorsLayout { header, tensors: placed, file_len })
}

/// Places the tensors, wide elements first and then by name, from offset 0.
fn place(tensors: &[TensorMeta]) -> Result<Vec<PlacedTensor>, FormatError> {
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&index| &tensors[index].name);
    let name = |index: usize| tensors[index].name.clone();
    if let Some(pair) = order.windows(2).find(|pair| tensors[pair[0]].name == tensors[pair[1]].name)
    {
        return Err(FormatError::DuplicateTensor(name(pair[0])));
    }
    // The sort is stable: names stay sorted within a width.
    order.sort_by_key(|&index| Reverse(tensors[index].dtype.bits()));
    let mut end = 0u64;
    let mut placed = Vec::with_capacity(order.len());
    for index in order {
        let len = checked_len(&tensors[index])?;
        let offset = end;
        end = offset.checked_add(len).ok_or_else(|| FormatError::FileOverflow(name(index)))?;
        placed.push(PlacedTensor { index, offset, len });
    }
    Ok(placed)
}

fn checked_len(tensor: &TensorMeta) -> Result<u64, FormatError> {
    let name = || tensor.name.clone();
    if tensor.name == METADATA_KEY {
        return Err(FormatError::ReservedName(name()));
    }
    let len = tensor.shape.byte_len(tensor.dtype);
    len.map_err(|problem| FormatError::Tensor { name: name(), problem })
}

fn encode_header(
    tensors: &[TensorMeta],
    placed: &[PlacedTensor],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, FormatError> {
    let mut bytes = vec![0; PREFIX as usize];
    bytes.push(b'{');
    if !metadata.is_empty() {
        append(&mut bytes, METADATA_KEY, metadata);
    }
    for &PlacedTensor { index, offset, len } in placed {
        let TensorMeta { name, dtype, shape } = &tensors[index];
        let data_offsets = (offset, offset + len);
        let (dtype, shape) = (*dtype, shape.dims());
        append(&mut bytes, name, &Entry { dtype, shape, data_offsets });
    }
    bytes.push(b'}');
    bytes.resize(bytes.len().next_multiple_of(PREFIX as usize), b' ');
    let header = bytes.len() as u64 - PREFIX;
    if header > MAX_HEADER {
        return Err(FormatError::HeaderTooLarge { header, limit: MAX_HEADER });
    }
    bytes[..PREFIX as usize].copy_from_slice(&header.to_le_bytes());
    Ok(bytes)
}

/// Appends a member to the object that the bytes end in.
fn append(bytes: &mut Vec<u8>, key: &str, value: &impl Serialize) {
    const INFALLIBLE: &str = "text and integers always have JSON, and a vector takes it";
    if bytes.last() != Some(&b'{') {
        bytes.push(b',');
    }
    serde_json::to_writer(&mut *bytes, key).expect(INFALLIBLE);
    bytes.push(b':');
    serde_json::to_writer(bytes, value).expect(INFALLIBLE);
}

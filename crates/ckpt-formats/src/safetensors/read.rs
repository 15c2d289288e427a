//! From a file to its segments.

use std::collections::BTreeMap;

use ckpt_tensor::{Dtype, Shape, TensorError};

use super::header::{Entry, Header};
use super::{MAX_HEADER, PREFIX};
use crate::le::u64_at;
use crate::reader::Source;
use crate::tile::Tiling;
use crate::{FormatError, ReadAt, Segment};

/// Tells by its first bytes whether a file without a telling name may be safetensors.
///
/// The header must start with a brace right after its length, and the length must be one that is
/// read, which tells it from text such as `int f() {`. It is not compared with the file, so that
/// a truncated file gets a note that says so.
pub(super) fn begins_like(first: &[u8]) -> bool {
    first.get(PREFIX as usize) == Some(&b'{') && u64_at(first, 0) <= MAX_HEADER
}

/// Finds the segments of a safetensors file.
pub(super) fn segment(source: &Source<'_>) -> Result<Tiling, FormatError> {
    let (source, file) = (source.bytes, source.len);
    let header_len = header_len(source, file)?;
    let start = PREFIX + header_len;
    let header = read_header(source, header_len)?;
    let metadata = unique(header.metadata)?;
    let mut segments = vec![Segment::Opaque { offset: 0, len: start }];
    segments.extend(place(header.tensors, start, file - start)?);
    Ok(Tiling { note: None, metadata, segments, tied: Vec::new() })
}

/// Reads the header's length, which fits the file and the limit.
fn header_len(source: &dyn ReadAt, file: u64) -> Result<u64, FormatError> {
    if file < PREFIX {
        return Err(FormatError::TooShort { len: file });
    }
    let mut prefix = [0; PREFIX as usize];
    source.read_at(0, &mut prefix)?;
    let header = u64::from_le_bytes(prefix);
    if header > file - PREFIX {
        return Err(FormatError::HeaderBeyondEnd { header, file });
    }
    if header > MAX_HEADER {
        return Err(FormatError::HeaderTooLarge { header, limit: MAX_HEADER });
    }
    Ok(header)
}

fn read_header(source: &dyn ReadAt, len: u64) -> Result<Header, FormatError> {
    let mut bytes = vec![0; usize::try_from(len).expect("the limit fits every usize")];
    source.read_at(PREFIX, &mut bytes)?;
    // Checked as a whole: the JSON decoder does not look into strings that it skips.
    let text = std::str::from_utf8(&bytes).map_err(FormatError::HeaderNotUtf8)?;
    serde_json::from_str(text).map_err(FormatError::HeaderInvalid)
}

fn unique(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, FormatError> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.contains_key(&key) {
            return Err(FormatError::DuplicateMetadata(key));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// A tensor whose offsets agree with its dtype and shape.
struct Tensor {
    begin: u64,
    end: u64,
    name: String,
    dtype: Dtype,
    shape: Shape,
}

/// Places the tensors in the file; they must cover its `data` bytes after `start`.
fn place(
    entries: Vec<(String, Entry)>,
    start: u64,
    data: u64,
) -> Result<Vec<Segment>, FormatError> {
    let tensors = check_each(entries)?;
    let mut covered = 0;
    for Tensor { begin, end, name, .. } in &tensors {
        let (begin, name) = (*begin, || name.clone());
        if begin < covered {
            return Err(FormatError::Overlap { name: name(), begin, end: covered });
        }
        if begin > covered {
            return Err(FormatError::Gap { name: name(), begin, end: covered });
        }
        covered = *end;
    }
    if covered > data {
        return Err(FormatError::DataTruncated { expected: covered, found: data });
    }
    if covered < data {
        return Err(FormatError::TrailingBytes { extra: data - covered });
    }
    Ok(tensors.into_iter().map(|tensor| tensor.into_segment(start)).collect())
}

/// Checks every tensor by itself and returns them in file order.
fn check_each(mut entries: Vec<(String, Entry)>) -> Result<Vec<Tensor>, FormatError> {
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(FormatError::DuplicateTensor(pair[0].0.clone()));
    }
    let tensors: Result<Vec<_>, _> =
        entries.into_iter().map(|(name, entry)| Tensor::check(name, entry)).collect();
    let mut tensors = tensors?;
    // Stable: tensors without elements at one place stay in the order of their names.
    tensors.sort_by_key(|tensor| (tensor.begin, tensor.end));
    Ok(tensors)
}

impl Tensor {
    fn check(name: String, entry: Entry) -> Result<Self, FormatError> {
        let (begin, end) = entry.data_offsets;
        let Some(found) = end.checked_sub(begin) else {
            return Err(FormatError::ReversedOffsets { name, begin, end });
        };
        match describe(entry) {
            Err(problem) => Err(FormatError::Tensor { name, problem }),
            Ok((_, _, expected)) if expected != found => {
                Err(FormatError::LengthMismatch { name, found, expected })
            }
            Ok((dtype, shape, _)) => Ok(Self { begin, end, name, dtype, shape }),
        }
    }

    fn into_segment(self, start: u64) -> Segment {
        Segment::Tensor {
            name: self.name,
            dtype: self.dtype,
            shape: self.shape,
            offset: start + self.begin,
            len: self.end - self.begin,
        }
    }
}

fn describe(entry: Entry) -> Result<(Dtype, Shape, u64), TensorError> {
    let dtype: Dtype = entry.dtype.parse()?;
    let shape = Shape::from(entry.shape);
    let len = shape.byte_len(dtype)?;
    Ok((dtype, shape, len))
}

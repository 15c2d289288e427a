//! From a tensor to the header of an array.

use ckpt_tensor::{Dtype, Shape};

use super::dtype::descriptor;
use super::header::MAGIC;

/// What the elements' place in a file is a multiple of, so that NumPy can map them.
const ALIGNMENT: usize = 64;

/// Width to which NumPy pads the last growing extent, so that a file can be appended to.
const GROWTH: usize = 21;

/// Gives the bytes before the elements of an NPY file, or `None` if NumPy lacks the dtype.
///
/// They are those that NumPy writes, padded to a multiple of 64 bytes: version 1 of the format,
/// or version 2 if the shape is too long for that.
pub fn npy_header(dtype: Dtype, shape: &Shape) -> Option<Vec<u8>> {
    let descriptor = descriptor(dtype)?;
    let dims = shape.dims();
    let mut text =
        format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {}, }}", tuple(dims));
    if let Some(first) = dims.first() {
        let width = first.to_string().len();
        text.extend(std::iter::repeat_n(' ', GROWTH.saturating_sub(width)));
    }
    // Behind the text there is always a line end.
    let padded = |before: usize| (before + text.len() + 1).next_multiple_of(ALIGNMENT);
    let mut bytes = MAGIC.to_vec();
    let total = match u16::try_from(padded(10) - 10) {
        Ok(len) => {
            bytes.extend([1, 0]);
            bytes.extend(len.to_le_bytes());
            padded(10)
        }
        Err(_) => {
            bytes.extend([2, 0]);
            bytes.extend(((padded(12) - 12) as u32).to_le_bytes());
            padded(12)
        }
    };
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(total - 1, b' ');
    bytes.push(b'\n');
    Some(bytes)
}

/// Writes extents as Python writes a tuple.
fn tuple(dims: &[u64]) -> String {
    match dims {
        [single] => format!("({single},)"),
        _ => {
            let dims: Vec<String> = dims.iter().map(u64::to_string).collect();
            format!("({})", dims.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_many_extents_take_version_2() {
        let header = npy_header(Dtype::U8, &Shape::from(vec![1; 30_000])).unwrap();
        assert_eq!(header[..8], *b"\x93NUMPY\x02\0");
        assert_eq!(header.len() % ALIGNMENT, 0);
        assert_eq!(header[8..12], (header.len() as u32 - 12).to_le_bytes());
    }
}

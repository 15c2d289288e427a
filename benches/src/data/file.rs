//! Writes safetensors files.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde_json::{Map, Value, json};

use super::kind::Tensor;

/// What the format aligns the tensors to.
const ALIGNMENT: usize = 8;

/// Writes tensors in the order given.
pub(super) fn write(path: &Path, tensors: &[Tensor]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let header = header(tensors);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for tensor in tensors {
        file.write_all(&tensor.bytes)?;
    }
    file.flush()
}

/// Makes the header: each tensor's type, shape and range, padded with spaces.
fn header(tensors: &[Tensor]) -> String {
    let mut entries = Map::new();
    let mut start = 0;
    for tensor in tensors {
        let end = start + tensor.bytes.len();
        let (dtype, shape) = (tensor.dtype.name(), tensor.shape);
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] });
        entries.insert(tensor.name.clone(), entry);
        start = end;
    }
    let mut header = Value::Object(entries).to_string();
    let len = header.len().next_multiple_of(ALIGNMENT);
    header.extend(std::iter::repeat_n(' ', len - header.len()));
    header
}

#[cfg(test)]
mod tests {
    use ckpt_tensor::Dtype;

    use super::*;

    #[test]
    fn a_header_is_aligned_and_names_the_ranges() {
        let tensor = |name: &str, dtype, shape, len| Tensor {
            name: name.to_owned(),
            dtype,
            shape,
            bytes: vec![0; len],
        };
        let tensors = [tensor("b", Dtype::F32, [1, 2], 8), tensor("a", Dtype::Bf16, [3, 1], 6)];
        let header = header(&tensors);
        assert_eq!(header.len() % 8, 0);
        assert_eq!(
            header.trim_end(),
            r#"{"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"a":{"dtype":"BF16","shape":[3,1],"data_offsets":[8,14]}}"#
        );
    }
}

//! Files that are made by hand, and what reads them.
#![allow(dead_code, reason = "fuzzers use what tests do not")]

pub(crate) mod adversarial;
pub(crate) mod archive;
pub(crate) mod pickle;

/// Makes a safetensors file of a header and bytes after it.
pub(crate) fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(data);
    file
}

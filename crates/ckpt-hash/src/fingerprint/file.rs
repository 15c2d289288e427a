//! Fingerprints of single files.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// Bytes read at once: large enough that calls cost nothing, small enough to stay in cache.
const BUFFER_LEN: usize = 256 << 10;

/// Computes the SHA-256 of a file's bytes, as `sha256sum` prints it, in constant memory.
///
/// # Errors
/// Whatever opening or reading the file fails with.
pub fn file_digest(path: &Path) -> io::Result<Digest> {
    reader_digest(&mut File::open(path)?)
}

/// Computes the SHA-256 of all that a reader gives.
///
/// # Errors
/// Whatever reading fails with.
pub fn reader_digest(reader: &mut dyn Read) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_LEN];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hasher.into()),
            Ok(len) => hasher.update(&buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        let bytes: Vec<u8> = (0..BUFFER_LEN + 17).map(|i| i as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        assert_eq!(file_digest(file.path()).unwrap(), Digest::of(&bytes));
    }

    #[test]
    fn a_missing_file_is_an_error() {
        assert!(file_digest(Path::new("no/such/file")).is_err());
    }
}

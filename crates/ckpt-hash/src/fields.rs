//! Hashing of a sequence of fields without ambiguity.

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// Hashes fields one after another, each with its length, so that no two sequences of fields feed
/// the same bytes to SHA-256.
///
/// Numbers are 8 bytes, little-endian. [`finish`](Self::finish) gives a bare digest; typed ids come
/// from their `fields` and `from_fields`.
#[derive(Debug, Clone)]
pub struct FieldHasher(Sha256);

impl FieldHasher {
    /// Starts with a domain text that no other use shares; by convention it ends in a line feed.
    pub fn new(domain: &str) -> Self {
        Self(Sha256::new_with_prefix(domain))
    }

    /// Adds a number.
    pub fn number(&mut self, value: u64) -> &mut Self {
        self.0.update(value.to_le_bytes());
        self
    }

    /// Adds a byte string: its length as a number, then the bytes.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.number(value.len() as u64);
        self.0.update(value);
        self
    }

    /// Adds a text as its UTF-8 bytes.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    /// Adds a digest, whose length is fixed: 32 bytes.
    pub fn digest(&mut self, value: &Digest) -> &mut Self {
        self.0.update(value.as_bytes());
        self
    }

    /// Adds bytes whose length the caller has already added.
    pub(crate) fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.0.update(value);
        self
    }

    /// Ends the sequence.
    pub fn finish(self) -> Digest {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(texts: &[&str]) -> Digest {
        let mut hasher = FieldHasher::new("test\n");
        for text in texts {
            hasher.text(text);
        }
        hasher.finish()
    }

    #[test]
    fn moving_a_boundary_changes_the_hash() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab"]), hash(&["ab", ""]));
    }

    #[test]
    fn the_layout_is_domain_then_length_and_bytes() {
        assert_eq!(hash(&["ab"]), Digest::of(b"test\n\x02\0\0\0\0\0\0\0ab"));
    }
}

//! One newtype per kind of id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Digest, FieldHasher, ParseIdError};

/// Digits of a shortened id: at 10^5 versions, 12 digits (48 bits) collide with odds of 1 in 56,000.
pub const SHORT_LEN: usize = 12;

macro_rules! common {
    ($name:ident) => {
        impl $name {
            /// Wraps a digest that is known to be an id of this kind.
            pub const fn from_digest(digest: Digest) -> Self {
                Self(digest)
            }

            /// Returns the digest.
            pub const fn digest(&self) -> &Digest {
                &self.0
            }

            /// Returns the 32 bytes of the digest.
            pub const fn as_bytes(&self) -> &[u8; crate::DIGEST_LEN] {
                self.0.as_bytes()
            }

            /// Returns the first [`SHORT_LEN`](crate::SHORT_LEN) digits, for users.
            pub fn short(&self) -> String {
                format!("{:.*}", SHORT_LEN, self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.parse().map(Self)
            }
        }
    };
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $domain:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Digest);

        common!($name);

        impl $name {
            /// The text, ended by a line feed, that is hashed before the content, so that equal
            /// bytes of two kinds have two ids.
            pub const DOMAIN: &'static str = $domain;

            /// Hashes an encoded record of this kind: `SHA-256(DOMAIN || bytes)`.
            pub fn of(bytes: &[u8]) -> Self {
                let mut hasher = Sha256::new();
                hasher.update(Self::DOMAIN);
                hasher.update(bytes);
                Self(hasher.into())
            }

            /// Starts an id over fields instead of an encoded record; end it with
            /// [`from_fields`](Self::from_fields). A kind uses one way or the other, never both.
            pub fn fields() -> FieldHasher {
                FieldHasher::new(Self::DOMAIN)
            }

            /// Ends an id that [`fields`](Self::fields) started.
            pub fn from_fields(fields: FieldHasher) -> Self {
                Self(fields.finish())
            }
        }
    };
}

macro_rules! merkle_hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Digest);

        common!($name);
    };
}

merkle_hash!(
    /// The hash of one leaf: `SHA-256(0x00 || bytes)` of at most [`LEAF_LEN`](crate::LEAF_LEN) bytes.
    LeafHash
);
merkle_hash!(
    /// The Merkle tree hash of some content: its root over leaves of [`LEAF_LEN`](crate::LEAF_LEN).
    ///
    /// Content of one leaf has that leaf's hash.
    TreeHash
);

id!(
    /// What the weights are: names, dtypes, shapes and contents, whatever file they came in.
    ModelId, "ckpt model\n"
);
id!(
    /// What training continues from: weights and optimizer state.
    StateId, "ckpt state\n"
);
id!(
    /// Everything in a checkpoint: its tensors and its files.
    CheckpointId, "ckpt checkpoint\n"
);
id!(
    /// A version: a checkpoint with recipe, parents, metrics, author, time and message.
    VersionId, "ckpt version\n"
);
id!(
    /// Inputs: parameters, data, code, seed, the state that training started from.
    RecipeId, "ckpt recipe\n"
);
id!(
    /// One change of one ref.
    MoveId, "ckpt move\n"
);
id!(
    /// What was added to versions after they were made.
    AnnotationId, "ckpt annotation\n"
);
id!(
    /// One entry of a repository's journal: annotations that came, and content that was removed.
    JournalId, "ckpt journal entry\n"
);
id!(
    /// The content of a data set.
    DataId, "ckpt data\n"
);
id!(
    /// The content of a code folder or file.
    CodeId, "ckpt code\n"
);

impl From<LeafHash> for TreeHash {
    /// Content of one leaf: the root of a tree with a single leaf is that leaf.
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_separated() {
        assert_ne!(ModelId::of(b"x").digest(), StateId::of(b"x").digest());
        assert_ne!(VersionId::of(b"x").digest(), &Digest::of(b"x"));
    }

    #[test]
    fn an_id_is_the_hash_of_domain_and_bytes() {
        assert_eq!(VersionId::of(b"x").digest(), &Digest::of(b"ckpt version\nx"));
    }

    #[test]
    fn short_is_a_prefix() {
        let id = RecipeId::of(b"x");
        assert!(id.to_string().starts_with(&id.short()));
        assert_eq!(id.short().len(), SHORT_LEN);
    }
}

//! The Merkle tree hash of RFC 9162, section 2.1.1, over leaves of a fixed length.

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::{Digest, LeafHash, TreeHash};

/// Bytes of a leaf: 1 MiB. Stored size hardly depends on it between 64 KiB and 4 MiB; at 1 MiB the
/// tree of a 1 GiB tensor has 1,024 leaves (32 KiB of hashes) and a block fits a core's cache.
pub const LEAF_LEN: usize = 1 << 20;

/// Hashes one leaf: `SHA-256(0x00 || bytes)`.
pub fn leaf_hash(bytes: &[u8]) -> LeafHash {
    LeafHash::from_digest(new_leaf().chain_update(bytes).into())
}

/// Hashes one inner node: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Sha256::new_with_prefix([1]).chain_update(left.as_bytes()).chain_update(right.as_bytes()).into()
}

/// Computes the root over leaf hashes; that of no leaves is `SHA-256("")`.
pub fn merkle_root(leaves: &[LeafHash]) -> TreeHash {
    let mut tree = Peaks::default();
    for leaf in leaves {
        tree.push(*leaf.digest());
    }
    tree.root()
}

/// Computes the tree hash of `bytes` on this thread.
pub fn tree_hash(bytes: &[u8]) -> TreeHash {
    let mut tree = Peaks::default();
    for leaf in bytes.chunks(LEAF_LEN) {
        tree.push(*leaf_hash(leaf).digest());
    }
    tree.root()
}

/// Computes the tree hash of `bytes` with the current rayon pool; equal to [`tree_hash`].
pub fn par_tree_hash(bytes: &[u8]) -> TreeHash {
    let leaves: Vec<LeafHash> = bytes.par_chunks(LEAF_LEN).map(leaf_hash).collect();
    merkle_root(&leaves)
}

/// Computes a tree hash of content that arrives in pieces of any length, in constant memory.
#[derive(Debug, Clone)]
pub struct TreeHasher {
    tree: Peaks,
    leaf: Sha256,
    leaf_len: usize,
}

impl Default for TreeHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeHasher {
    /// Starts with no content.
    pub fn new() -> Self {
        Self { tree: Peaks::default(), leaf: new_leaf(), leaf_len: 0 }
    }

    /// Adds the next bytes of the content.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.leaf_len == LEAF_LEN {
                self.end_leaf();
            }
            let (now, later) = bytes.split_at(bytes.len().min(LEAF_LEN - self.leaf_len));
            self.leaf.update(now);
            self.leaf_len += now.len();
            bytes = later;
        }
    }

    /// Ends the content and returns its root.
    pub fn finish(mut self) -> TreeHash {
        if self.leaf_len > 0 {
            self.end_leaf();
        }
        self.tree.root()
    }

    fn end_leaf(&mut self) {
        let leaf = std::mem::replace(&mut self.leaf, new_leaf());
        self.tree.push(leaf.into());
        self.leaf_len = 0;
    }
}

fn new_leaf() -> Sha256 {
    Sha256::new_with_prefix([0])
}

/// The complete subtrees of the leaves so far, largest first: one per set bit of the leaf count.
#[derive(Debug, Clone, Default)]
struct Peaks {
    roots: Vec<Digest>,
    leaves: u64,
}

impl Peaks {
    fn push(&mut self, leaf: Digest) {
        let mut root = leaf;
        // Each trailing one bit of the count is a subtree of the size that `root` has now.
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.roots.pop().expect("one subtree per set bit of the count");
            root = node_hash(&left, &root);
        }
        self.roots.push(root);
        self.leaves += 1;
    }

    fn root(self) -> TreeHash {
        let fold = |right: Digest, left: Digest| node_hash(&left, &right);
        let root = self.roots.into_iter().rev().reduce(fold);
        TreeHash::from_digest(root.unwrap_or_else(|| Digest::of(b"")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Inputs and roots of the Certificate Transparency reference tests for RFC 6962, whose tree
    /// hash RFC 9162 keeps.
    const INPUTS: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// The definition of RFC 9162, word for word: split at the largest power of two below n.
    fn by_definition(leaves: &[LeafHash]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => *leaf.digest(),
            _ => {
                let split = (leaves.len().next_power_of_two() / 2).max(1);
                let (left, right) = leaves.split_at(split);
                node_hash(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn published_roots() {
        let leaves: Vec<LeafHash> = INPUTS.iter().map(|bytes| leaf_hash(bytes)).collect();
        for (count, root) in ROOTS.iter().enumerate() {
            assert_eq!(merkle_root(&leaves[..count]).to_string(), *root, "{count} leaves");
        }
    }

    #[test]
    fn every_leaf_count_follows_the_definition() {
        let leaves: Vec<LeafHash> = (0..130u8).map(|i| leaf_hash(&[i])).collect();
        for count in 0..=leaves.len() {
            let expected = by_definition(&leaves[..count]);
            assert_eq!(merkle_root(&leaves[..count]).digest(), &expected, "{count} leaves");
        }
    }

    #[test]
    fn streaming_parallel_and_whole_agree_around_leaf_boundaries() {
        for len in [0, 1, LEAF_LEN - 1, LEAF_LEN, LEAF_LEN + 1, 3 * LEAF_LEN, 3 * LEAF_LEN + 7] {
            let bytes: Vec<u8> = (0..len).map(|i| ((i * 31) >> 3) as u8).collect();
            let mut hasher = TreeHasher::new();
            bytes.chunks(300_001).for_each(|piece| hasher.update(piece));
            let root = tree_hash(&bytes);
            assert_eq!(hasher.finish(), root, "streamed, {len} bytes");
            assert_eq!(par_tree_hash(&bytes), root, "parallel, {len} bytes");
        }
    }

    #[test]
    fn one_leaf_is_its_own_root() {
        assert_eq!(tree_hash(b"x"), TreeHash::from(leaf_hash(b"x")));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..5000), cut in 0..5000usize) {
            let (a, b) = bytes.split_at(cut.min(bytes.len()));
            let mut hasher = TreeHasher::new();
            hasher.update(a);
            hasher.update(b);
            prop_assert_eq!(hasher.finish(), tree_hash(&bytes));
        }
    }
}

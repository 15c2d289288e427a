//! The tensors of the version before, while they are still in memory.
//!
//! A training loop hands over one version after the other. What the next one is stored as the
//! delta to need then neither be read nor decoded.

use std::collections::HashMap;

use ckpt_hash::{LeafHash, TreeHash};
use ckpt_pack::ObjectId;

use crate::content::source::{Memory, Source, Span};

/// The blocks of one version's tensors, as far as its tensors came from memory.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    tensors: HashMap<String, Tensor>,
    /// How many links of deltas are below each stored block.
    depths: HashMap<ObjectId, u8>,
    /// Whether blocks of files go to the cache of decoded blocks, since another version will come.
    pub(crate) caches_files: bool,
}

#[derive(Debug)]
struct Tensor {
    root: TreeHash,
    hashes: Vec<LeafHash>,
    memory: Memory,
}

impl Recent {
    /// Finds a tensor by its name and tree hash: its blocks and its bytes.
    pub(super) fn tensor(&self, name: &str, root: &TreeHash) -> Option<(Vec<ObjectId>, &[u8])> {
        let tensor = self.tensors.get(name).filter(|tensor| tensor.root == *root)?;
        Some((tensor.hashes.iter().map(ObjectId::block).collect(), tensor.memory.bytes()))
    }

    /// Tells how deep a block is stored; `None` if that is not known here.
    pub(super) fn depth(&self, id: &ObjectId) -> Option<u8> {
        self.depths.get(id).copied()
    }

    pub(super) fn add_tensor(&mut self, span: &Span<'_>, root: TreeHash, hashes: Vec<LeafHash>) {
        if let (Some(name), Source::Memory(memory)) = (span.tensor, span.source) {
            let memory = memory.clone();
            self.tensors.insert(name.to_owned(), Tensor { root, hashes, memory });
        }
    }

    pub(super) fn add_depths(&mut self, depths: impl IntoIterator<Item = (ObjectId, u8)>) {
        self.depths.extend(depths);
    }

    /// Returns how many bytes it keeps in memory.
    pub(crate) fn len(&self) -> u64 {
        self.tensors.values().map(|tensor| tensor.memory.bytes().len() as u64).sum()
    }
}

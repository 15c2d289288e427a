//! Reads contents that stand beside each other, such as a tensor in several versions.

use std::{array, sync::Arc};

use ckpt_pack::ObjectId;
use rayon::prelude::*;

use super::{Content, Objects, read::Piece};
use crate::error::Result;

/// Takes blocks that stand beside each other, in order.
pub(crate) type BesideSink<'a, const N: usize> = dyn FnMut([&[u8]; N]) -> Result<()> + Send + 'a;

/// Blocks that are decoded before they are used: as many as 16 MiB hold, which keeps some cores
/// busy.
const WINDOW: usize = 16;

/// Contents of one length, cut at fixed places, whose blocks are read together.
pub(crate) struct Together<const N: usize> {
    pieces: [Vec<Piece>; N],
}

impl<const N: usize> Together<N> {
    /// Finds the blocks of contents, which must be of one length.
    pub(crate) fn new(objects: &Objects, contents: [Content; N]) -> Result<Self> {
        let mut pieces = array::from_fn(|_| Vec::new());
        for (pieces, content) in pieces.iter_mut().zip(contents) {
            debug_assert!(!content.is_chunked() && content.len == contents[0].len);
            *pieces = objects.pieces(content)?;
        }
        Ok(Self { pieces })
    }

    /// Reads the blocks at one place. Equal ones are read once.
    pub(crate) fn read(&self, objects: &Objects, index: usize) -> Result<[Arc<Vec<u8>>; N]> {
        let mut known: Vec<(ObjectId, Arc<Vec<u8>>)> = Vec::with_capacity(N);
        let mut blocks = array::from_fn(|_| Arc::default());
        for (block, pieces) in blocks.iter_mut().zip(&self.pieces) {
            let piece = &pieces[index];
            let id = piece.id();
            *block = match known.iter().find(|(known, _)| *known == id) {
                Some((_, bytes)) => Arc::clone(bytes),
                None => {
                    let beside = known.last().map(|(id, bytes)| (id, bytes.as_slice()));
                    let bytes = objects.packs.block(&id, beside)?;
                    piece.check(&bytes)?;
                    known.push((id, Arc::clone(&bytes)));
                    bytes
                }
            };
        }
        Ok(blocks)
    }

    /// Gives all blocks to `sink` in order. Those ahead are decoded in the meantime, on the current
    /// rayon pool.
    pub(crate) fn stream(&self, objects: &Objects, sink: &mut BesideSink<'_, N>) -> Result<()> {
        let places: Vec<usize> = (0..self.pieces[0].len()).collect();
        let mut ready: Vec<[Arc<Vec<u8>>; N]> = Vec::new();
        let mut give = |ready: Vec<[Arc<Vec<u8>>; N]>| {
            ready.iter().try_for_each(|blocks| sink(array::from_fn(|side| blocks[side].as_slice())))
        };
        for window in places.chunks(WINDOW / N) {
            let read = |place: &usize| self.read(objects, *place);
            let next = || window.par_iter().map(read).collect::<Result<Vec<_>>>();
            let (given, next) = rayon::join(|| give(ready), next);
            given?;
            ready = next?;
        }
        give(ready)
    }
}

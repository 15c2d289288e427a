//! Reads content: block by block, in parallel, never more than a few dozen MiB at once.

use std::sync::OnceLock;

use ckpt_hash::{LEAF_LEN, LeafHash, TreeHash, leaf_hash, merkle_root};
use ckpt_pack::{
    ObjectId,
    lists::{ChunkRecord, ChunksRecord, LeavesRecord},
};
use rayon::prelude::*;

use crate::{
    content::objects::{Content, Cut, Objects},
    error::{Error, Result},
};

/// Takes a part of some content and the place where it starts there; called by several threads, in
/// any order.
pub(crate) type PartSink<'a> = dyn Fn(u64, &[u8]) -> Result<()> + Sync + 'a;

/// Blocks that are decoded before they are used together: 16 MiB, which keeps some cores busy.
pub(super) const WINDOW: usize = 16;

/// Where a piece of content is and which block holds it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) hash: LeafHash,
    start: u64,
    len: u64,
}

impl Piece {
    pub(super) fn id(&self) -> ObjectId {
        ObjectId::block(&self.hash)
    }

    /// Checks that a block is as long as its place.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 == self.len {
            return Ok(());
        }
        let what = format!("it has {} bytes in place of {}", bytes.len(), self.len);
        Err(Error::damaged(self.id().to_string(), what))
    }
}

/// Content that is read by position. Its list of blocks is read once, when it is first needed.
#[derive(Debug)]
pub(crate) struct Ranges {
    content: Content,
    pieces: OnceLock<Vec<Piece>>,
}

impl Ranges {
    pub(crate) fn new(content: Content) -> Self {
        Self { content, pieces: OnceLock::new() }
    }

    /// Fills a place with the bytes of the content from `start` on, which has to have so many. Reads
    /// the blocks that hold them alone, in parallel on the current rayon pool.
    pub(crate) fn read(&self, objects: &Objects, start: u64, mut place: &mut [u8]) -> Result<()> {
        let pieces = match self.pieces.get() {
            Some(pieces) => pieces,
            None => {
                let pieces = objects.pieces(self.content)?;
                self.pieces.get_or_init(|| pieces)
            }
        };
        let first = pieces.partition_point(|piece| piece.start + piece.len <= start);
        let mut at = start;
        let mut parts = Vec::new();
        for piece in &pieces[first..] {
            if place.is_empty() {
                break;
            }
            let skipped = at - piece.start;
            let count = (piece.len - skipped).min(place.len() as u64) as usize;
            let part = place.split_off_mut(..count).expect("no more than there is");
            parts.push((piece, skipped as usize, part));
            at += count as u64;
        }
        parts.into_par_iter().try_for_each(|(piece, skipped, part)| {
            let is_whole = part.len() as u64 == piece.len;
            let mut take = |bytes: &[u8]| {
                piece.check(bytes)?;
                part.copy_from_slice(&bytes[skipped..][..part.len()]);
                Ok(())
            };
            if is_whole {
                return objects.packs.with_block(&piece.id(), None, take)?;
            }
            // What is left of it will mostly be asked for next.
            take(&objects.packs.block(&piece.id(), None)?)
        })
    }
}

impl Objects {
    /// Gives content to `sink`, each block checked against its hash, in parallel on the current
    /// rayon pool.
    ///
    /// For content cut into chunks the whole is known to be right only when this returns: nobody
    /// must act before that on what the sink was given.
    pub(crate) fn read_content(&self, content: Content, sink: &PartSink<'_>) -> Result<()> {
        let pieces = self.pieces(content)?;
        if content.is_chunked() {
            return self.read_chunks(&pieces, &content.root, sink);
        }
        pieces.par_iter().try_for_each(|piece| self.read_piece(piece, sink))
    }

    /// Reads content whole.
    pub(crate) fn content_bytes(&self, content: Content) -> Result<Vec<u8>> {
        let pieces = self.pieces(content)?;
        let mut bytes = Vec::new();
        // By and by, since a record can claim more than there is memory for.
        for window in pieces.chunks(WINDOW) {
            let start = bytes.len();
            let len: u64 = window.iter().map(|piece| piece.len).sum();
            bytes.resize(start + len as usize, 0);
            let mut rest = &mut bytes[start..];
            let mut places = Vec::with_capacity(window.len());
            for piece in window {
                places
                    .push(rest.split_off_mut(..piece.len as usize).expect("it was made room for"));
            }
            window.par_iter().zip(places).try_for_each(|(piece, place)| {
                let take = |bytes: &[u8]| piece.check(bytes).map(|()| place.copy_from_slice(bytes));
                self.packs.with_block(&piece.id(), None, take)?
            })?;
        }
        Ok(bytes)
    }

    /// Reads all chunks of a chunk list, whatever content needs it, and checks them against its id.
    pub(crate) fn check_chunks(&self, root: &TreeHash) -> Result<()> {
        self.read_chunks(&self.chunk_pieces(ObjectId::chunks(root))?, root, &|_, _| Ok(()))
    }

    fn read_piece(&self, piece: &Piece, sink: &PartSink<'_>) -> Result<()> {
        let take = |bytes: &[u8]| piece.check(bytes).and_then(|()| sink(piece.start, bytes));
        self.packs.with_block(&piece.id(), None, take)?
    }

    /// Gives chunks to `sink` and checks what they make together.
    fn read_chunks(&self, pieces: &[Piece], root: &TreeHash, sink: &PartSink<'_>) -> Result<()> {
        let mut whole = Whole::default();
        for window in pieces.chunks(WINDOW) {
            let read = |piece: &Piece| {
                let take = |bytes: &[u8]| piece.check(bytes).map(|()| bytes.to_vec());
                self.packs.with_block(&piece.id(), None, take)?
            };
            let blocks: Vec<Vec<u8>> = window.par_iter().map(read).collect::<Result<_>>()?;
            let give = |(piece, bytes): (&Piece, &Vec<u8>)| sink(piece.start, bytes);
            window.par_iter().zip(&blocks).try_for_each(give)?;
            whole.update(&blocks);
        }
        if whole.finish() == *root { Ok(()) } else { Err(not_its_content(root)) }
    }

    pub(super) fn pieces(&self, content: Content) -> Result<Vec<Piece>> {
        let Content { root, len, cut } = content;
        let Some(list) = content.list() else {
            let hash = LeafHash::from_digest(*root.digest());
            return Ok(if len == 0 { Vec::new() } else { vec![Piece { hash, start: 0, len }] });
        };
        let damaged = |what: String| Err(Error::damaged(list.to_string(), what));
        match cut {
            Cut::Fixed => {
                let LeavesRecord { leaves } = self.record(list)?;
                let expected = len.div_ceil(LEAF_LEN as u64);
                if leaves.len() as u64 != expected {
                    return damaged(format!(
                        "it has {} leaves in place of {expected}",
                        leaves.len()
                    ));
                }
                let starts = (0..len).step_by(LEAF_LEN);
                let piece = |(hash, start): (LeafHash, u64)| Piece {
                    hash,
                    start,
                    len: (len - start).min(LEAF_LEN as u64),
                };
                Ok(leaves.into_iter().zip(starts).map(piece).collect())
            }
            Cut::ByContent => {
                let pieces = self.chunk_pieces(list)?;
                let total: u64 = pieces.iter().map(|piece| piece.len).sum();
                if total != len {
                    return damaged(format!("it covers {total} bytes in place of {len}"));
                }
                Ok(pieces)
            }
        }
    }

    pub(super) fn chunk_pieces(&self, list: ObjectId) -> Result<Vec<Piece>> {
        let ChunksRecord { chunks } = self.record(list)?;
        if chunks.iter().any(|chunk| chunk.len == 0) {
            return Err(Error::damaged(list.to_string(), "it has an empty chunk"));
        }
        let starts = chunks.iter().scan(0, |end, chunk| {
            let start = *end;
            *end += u64::from(chunk.len);
            Some(start)
        });
        let piece =
            |(c, start): (&ChunkRecord, u64)| Piece { hash: c.hash, start, len: u64::from(c.len) };
        Ok(chunks.iter().zip(starts).map(piece).collect())
    }
}

fn not_its_content(root: &TreeHash) -> Error {
    let list = ObjectId::chunks(root).to_string();
    Error::damaged(list, "its chunks do not make up its content")
}

/// Computes a tree hash of content that comes in chunks, its leaves in parallel.
#[derive(Default)]
struct Whole {
    leaves: Vec<LeafHash>,
    /// What belongs to no whole leaf yet.
    rest: Vec<u8>,
}

impl Whole {
    fn update(&mut self, blocks: &[Vec<u8>]) {
        blocks.iter().for_each(|block| self.rest.extend_from_slice(block));
        let whole = self.rest.len() - self.rest.len() % LEAF_LEN;
        self.leaves.par_extend(self.rest[..whole].par_chunks(LEAF_LEN).map(leaf_hash));
        self.rest.drain(..whole);
    }

    fn finish(mut self) -> TreeHash {
        if !self.rest.is_empty() {
            self.leaves.push(leaf_hash(&self.rest));
        }
        merkle_root(&self.leaves)
    }
}

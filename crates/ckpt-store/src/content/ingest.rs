//! Puts content into a pack: cuts it, hashes it, drops what is known, encodes the rest.
//!
//! Content passes in batches of bounded size, so that memory use does not depend on its length.
//! While one batch is hashed and encoded on all threads of the current rayon pool, the next one is
//! read and the one before is written.

mod batch;
mod recent;

use std::{collections::BTreeMap, mem, sync::Arc};

use ckpt_codec::Effort;
use ckpt_hash::{LEAF_LEN, LeafHash, TreeHash, merkle_root};
use ckpt_pack::{
    Found, Meter, ObjectId, PackWriter, Progress, Silent,
    codec::{self, Base, BaseBytes, EncodedObject, MAX_DEPTH},
    lists::{ChunkRecord, ChunksRecord, LeavesRecord},
    wire::{self, Record},
};
use ckpt_tensor::Dtype;
use rayon::prelude::*;

use self::batch::{Batch, Piece, Reader};
pub(crate) use self::recent::Recent;
use crate::{
    content::{
        objects::{Content, Cut, Objects},
        source::Span,
    },
    error::{Error, Result},
    record::TensorRecord,
};

/// Fewest bytes of a block that may be stored as a delta: of less, the base's hash takes more
/// than a delta saves, and reading it takes two reads.
const MIN_DIFFERENCE: usize = 256;

/// Writes objects into one pack, leaving out what the repository already has.
pub(crate) struct Ingest<'a> {
    objects: &'a Objects,
    pub(crate) pack: PackWriter<'a>,
    /// How much time a smaller result may take.
    pub(crate) effort: Effort,
    /// Is told how many bytes of contents have been taken in, of how many.
    progress: &'a dyn Progress,
    /// The tensors of the parent version, by name.
    parents: BTreeMap<String, TensorRecord>,
    /// The blocks of the version before, as far as they are in memory.
    recent: Recent,
}

/// The blocks of one span so far.
#[derive(Default)]
struct Blocks {
    hashes: Vec<LeafHash>,
    lens: Vec<u32>,
}

/// The blocks of the parent version's tensor that a span is stored against.
#[derive(Default)]
struct Bases<'a> {
    ids: Vec<ObjectId>,
    /// The tensor's bytes, if they are still there.
    memory: Option<&'a [u8]>,
}

impl<'a> Ingest<'a> {
    /// Starts with what is known of the version before, if anything.
    pub(crate) fn new(objects: &'a Objects, pack: PackWriter<'a>, recent: Recent) -> Self {
        let (effort, parents) = (Effort::default(), BTreeMap::new());
        Self { objects, pack, effort, progress: &Silent, parents, recent }
    }

    /// Is told how far it has come, and may stop it.
    pub(crate) fn telling(self, progress: &'a dyn Progress) -> Self {
        Self { progress, ..self }
    }

    /// Stores what is new as a delta to these tensors where that is smaller.
    pub(crate) fn against(&mut self, tensors: Vec<TensorRecord>) {
        self.parents = tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    }

    /// Returns what it also writes.
    pub(crate) const fn objects(&self) -> &'a Objects {
        self.objects
    }

    /// Gives back what is known of the last version, for the next one.
    pub(crate) fn take_recent(&mut self) -> Recent {
        mem::take(&mut self.recent)
    }

    /// Stores the content of each span and returns its tree hash, in order.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; what reading, encoding and writing fail with.
    pub(crate) fn contents(&mut self, spans: &[Span<'_>]) -> Result<Vec<TreeHash>> {
        let recent = mem::take(&mut self.recent);
        let bases: Vec<Bases<'_>> = spans.iter().map(|span| self.bases(span, &recent)).collect();
        let mut blocks: Vec<Blocks> = spans.iter().map(|_| Blocks::default()).collect();
        let caches_files = recent.caches_files;
        let mut next = Recent::default();
        next.caches_files = caches_files;
        let total = spans.iter().map(|span| span.len).fold(0, u64::saturating_add);
        let meter = Meter::new(self.progress, total);
        let mut reader = Reader::new(spans);
        let (mut batch, mut spare) = (Batch::default(), Batch::default());
        let mut encoded = Vec::new();
        reader.next(&mut batch)?;
        while !batch.pieces.is_empty() {
            let hashes = batch.hashes();
            for (piece, hash) in batch.pieces.iter().zip(&hashes) {
                blocks[piece.span].hashes.push(*hash);
                blocks[piece.span].lens.push(piece.len() as u32);
            }
            let new = self.unknown(&batch, &hashes, &recent, &mut next)?;
            let (objects, effort) = (self.objects, self.effort);
            let is_cached = caches_files && objects.packs.is_caching();
            let encode = |(id, piece): (ObjectId, &Piece<'_>)| {
                let bytes = batch.bytes(piece);
                let base = bases[piece.span].get(piece, objects, &recent);
                let encoded = encode(id, bytes, piece.dtype, effort, base)?;
                if is_cached && piece.is_of_tensor_in_file() {
                    let found = Found { bytes: Arc::new(bytes.to_vec()), depth: encoded.depth };
                    objects.packs.keep_in_cache(bases[piece.span].ids.get(piece.index), id, found);
                }
                Ok(encoded)
            };
            let encode = || new.into_par_iter().map(encode).collect::<Result<Vec<_>>>();
            let write = || encoded.iter().try_for_each(|encoded| self.pack.push(encoded));
            let read = || reader.next(&mut spare);
            let (read, (written, made)) = rayon::join(read, || rayon::join(write, encode));
            read?;
            written?;
            encoded = made?;
            next.add_depths(encoded.iter().map(|object| (object.id, object.depth)));
            meter.add(batch.len as u64)?;
            mem::swap(&mut batch, &mut spare);
        }
        encoded.iter().try_for_each(|encoded| self.pack.push(encoded))?;
        let chunked = reader.into_roots();
        let mut roots = Vec::with_capacity(spans.len());
        for ((span, blocks), chunked) in spans.iter().zip(blocks).zip(chunked) {
            let (root, hashes) = self.end_content(span, blocks, chunked)?;
            next.add_tensor(span, root, hashes);
            roots.push(root);
        }
        self.recent = next;
        Ok(roots)
    }

    /// Finds the blocks of the parent version's tensor of a span; none if it has no such tensor, of
    /// another dtype or length, or one that cannot be read: what is new is then stored whole.
    fn bases<'r>(&self, span: &Span<'_>, recent: &'r Recent) -> Bases<'r> {
        let Some(name) = span.tensor else { return Bases::default() };
        // Where several files have a name, the record has each tensor under a long one.
        let long = format!("{}::{name}", span.name);
        let parent = self.parents.get(&long).or_else(|| self.parents.get(name));
        let fits =
            |parent: &&TensorRecord| span.dtype == Some(parent.dtype) && parent.len == span.len;
        let Some(parent) = parent.filter(fits) else { return Bases::default() };
        if let Some((ids, memory)) = recent.tensor(name, &parent.root) {
            return Bases { ids, memory: Some(memory) };
        }
        Bases { ids: self.objects.blocks(parent.content()).unwrap_or_default(), memory: None }
    }

    /// Returns the blocks of a batch that neither the repository nor the pack has, each once, and
    /// has the pack expect them.
    fn unknown<'b, 's>(
        &mut self,
        batch: &'b Batch<'s>,
        hashes: &[LeafHash],
        recent: &Recent,
        next: &mut Recent,
    ) -> Result<Vec<(ObjectId, &'b Piece<'s>)>> {
        let mut new = Vec::new();
        for (piece, hash) in batch.pieces.iter().zip(hashes) {
            let id = ObjectId::block(hash);
            if self.pack.contains(&id) {
                continue;
            }
            if self.objects.packs.contains(&id)? {
                next.add_depths(recent.depth(&id).map(|depth| (id, depth)));
            } else {
                self.pack.expect(id);
                new.push((id, piece));
            }
        }
        Ok(new)
    }

    /// Stores a whole object unless the repository has it.
    pub(crate) fn object(&mut self, id: ObjectId, bytes: &[u8]) -> Result<()> {
        if self.pack.contains(&id) || self.objects.packs.contains(&id)? {
            return Ok(());
        }
        let object = codec::encode(id, bytes, None, self.effort).map_err(Error::Contents)?;
        self.pack.expect(id);
        Ok(self.pack.push(&object)?)
    }

    fn list<R: Record>(&mut self, id: ObjectId, record: &R) -> Result<()> {
        let bytes = wire::encode(record)?;
        self.object(id, &bytes)
    }

    /// Computes the root of a span and stores the list of its blocks, if it has more than one leaf.
    fn end_content(
        &mut self,
        span: &Span<'_>,
        blocks: Blocks,
        chunked: Option<TreeHash>,
    ) -> Result<(TreeHash, Vec<LeafHash>)> {
        let Blocks { hashes, lens } = blocks;
        let root = chunked.unwrap_or_else(|| merkle_root(&hashes));
        let content = Content { root, len: span.len, cut: span.cut() };
        let mut leaves = LeavesRecord { leaves: hashes };
        match (content.list(), content.cut) {
            (None, _) => {}
            (Some(list), Cut::Fixed) => self.list(list, &leaves)?,
            (Some(list), Cut::ByContent) => {
                let chunk = |(hash, len)| ChunkRecord { hash, len };
                let hashes = mem::take(&mut leaves.leaves);
                let chunks = hashes.into_iter().zip(lens).map(chunk).collect();
                self.list(list, &ChunksRecord { chunks })?;
            }
        }
        Ok((root, leaves.leaves))
    }
}

impl Bases<'_> {
    /// Reads the base of a block. One that cannot be read is no reason to lose a version.
    fn get(&self, piece: &Piece<'_>, objects: &Objects, recent: &Recent) -> Option<Base<'_>> {
        let len = piece.len();
        let id = self.ids.get(piece.index).copied().filter(|_| len >= MIN_DIFFERENCE)?;
        if let (Some(memory), Some(depth)) = (self.memory, recent.depth(&id)) {
            let bytes = memory.get(piece.index * LEAF_LEN..)?.get(..len)?;
            return (depth < MAX_DEPTH).then_some(Base {
                id,
                bytes: BaseBytes::Lent(bytes),
                depth,
            });
        }
        let found = objects.packs.read_base(&id, MAX_DEPTH - 1)?;
        let depth = found.depth;
        (found.bytes.len() == len).then_some(Base {
            id,
            bytes: BaseBytes::Read(found.bytes),
            depth,
        })
    }
}

fn encode(
    id: ObjectId,
    bytes: &[u8],
    dtype: Option<Dtype>,
    effort: Effort,
    base: Option<Base<'_>>,
) -> Result<EncodedObject> {
    let object = match base {
        Some(base) => codec::encode_against(id, bytes, dtype, effort, &base),
        None => codec::encode(id, bytes, dtype, effort),
    };
    object.map_err(Error::Contents)
}

impl Span<'_> {
    fn cut(&self) -> Cut {
        if self.dtype.is_some() { Cut::Fixed } else { Cut::ByContent }
    }
}

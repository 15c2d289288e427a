//! Computes the content of a merge, on its way into a pack.

use std::collections::{BTreeMap, HashSet};

use ckpt_hash::TreeHash;
use ckpt_tensor::{Merger, Scan, Sides, TensorError};
use rayon::prelude::*;

use crate::{
    content::{
        contents::{WriteContents, check_tensor_name},
        ingest::Ingest,
        layout::{check_layout, loose_tensors},
        objects::{Objects, Together},
        source::{Compute, Source, Span},
        work::small_then_large,
    },
    error::{Error, Result},
    merge::tensors::{Combined, Elements},
    record::{CheckpointRecord, FileRecord, SegmentRecord, TensorRecord},
};

/// What a merge makes of the content of two versions: what is taken over, and what is computed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MergedContents {
    tensors: BTreeMap<String, Combined>,
    files: Vec<FileRecord>,
}

/// A tensor that is ready to be merged, in any order.
pub(super) struct Merging<'a> {
    objects: &'a Objects,
    elements: &'a Elements,
    /// The blocks of base, ours and theirs. Where no base is needed, ours stands in for it, whose
    /// blocks are read once.
    blocks: Together<3>,
    merger: Merger,
}

impl MergedContents {
    pub(super) const fn new(tensors: BTreeMap<String, Combined>, files: Vec<FileRecord>) -> Self {
        Self { tensors, files }
    }

    /// Tells whether the content of the base is needed.
    pub(super) fn needs_base(&self) -> bool {
        self.merged().any(|elements| elements.base.is_some())
    }

    fn merged(&self) -> impl Iterator<Item = &Elements> {
        self.tensors.values().filter_map(|tensor| match tensor {
            Combined::Merged(elements) => Some(&**elements),
            Combined::Carried(_) => None,
        })
    }

    /// Checks that a safetensors file can hold the tensors that no file holds.
    fn check_names(&self) -> Result<()> {
        let segments = self.files.iter().flat_map(|file| &file.segments);
        let held: HashSet<u32> = segments.filter_map(SegmentRecord::tensor).collect();
        let mut names = (0..).zip(self.tensors.keys()).filter(|(place, _)| !held.contains(place));
        names.try_for_each(|(_, name)| check_tensor_name(name)).map_err(Error::Contents)
    }

    /// Joins what is taken over and what was computed, in the order of `prepare`.
    pub(super) fn record(&self, merging: &[Merging<'_>], roots: Vec<TreeHash>) -> CheckpointRecord {
        let mut record = self.carried();
        let merged = merging.iter().zip(roots);
        let merged = merged.map(|(merging, root)| TensorRecord { root, ..merging.ours().clone() });
        record.tensors.extend(merged);
        record.tensors.sort_by(|a, b| a.name.cmp(&b.name));
        record
    }

    /// Lists what is taken over as it is. Its files name tensors by their places in the result.
    fn carried(&self) -> CheckpointRecord {
        let carried = self.tensors.values().filter_map(|tensor| match tensor {
            Combined::Carried(tensor) => Some(tensor.clone()),
            Combined::Merged(_) => None,
        });
        CheckpointRecord { tensors: carried.collect(), files: self.files.clone() }
    }

    /// Takes the first pass over the tensors that are merged.
    pub(super) fn prepare<'a>(&'a self, objects: &'a Objects) -> Result<Vec<Merging<'a>>> {
        let merged: Vec<&Elements> = self.merged().collect();
        small_then_large(
            &merged,
            |elements| elements.ours.len,
            |elements| Merging::new(objects, elements),
        )
    }
}

impl WriteContents for MergedContents {
    fn write(&self, ingest: &mut Ingest<'_>) -> Result<(CheckpointRecord, u64)> {
        let objects = ingest.objects();
        self.check_names()?;
        check_present(objects, &self.carried())?;
        let merging = self.prepare(objects)?;
        let spans: Vec<Span<'_>> = merging.iter().map(Merging::span).collect();
        let roots = ingest.contents(&spans)?;
        let checkpoint = self.record(&merging, roots);
        check_layout(&checkpoint)?;
        let loose: u64 = loose_tensors(&checkpoint).iter().map(|tensor| tensor.len).sum();
        let files = checkpoint.files.iter().map(|file| file.len(&checkpoint.tensors));
        let logical = files.fold(loose, u64::saturating_add);
        Ok((checkpoint, logical))
    }
}

/// Checks that every block that is taken over is still there: what nobody reads, nobody would miss.
fn check_present(objects: &Objects, carried: &CheckpointRecord) -> Result<()> {
    let contents: Vec<_> = carried.contents().collect();
    contents.into_par_iter().try_for_each(|content| {
        for id in objects.content_objects(content)? {
            if !objects.packs.contains(&id)? {
                return Err(Error::Missing(id));
            }
        }
        Ok(())
    })
}

impl<'a> Merging<'a> {
    fn new(objects: &'a Objects, elements: &'a Elements) -> Result<Self> {
        let Elements { arithmetic, base, ours, theirs } = elements;
        let base = base.as_ref().unwrap_or(ours);
        let contents = [base.content(), ours.content(), theirs.content()];
        let blocks = Together::new(objects, contents)?;
        let refused = |error: TensorError| elements.refused(&error);
        let mut scan = Scan::new(ours.dtype, *arithmetic).map_err(refused)?;
        if arithmetic.needs_survey() {
            let mut observe = |blocks: [&[u8]; 3]| scan.update(&sides(&blocks)).map_err(refused);
            blocks.stream(objects, &mut observe)?;
        }
        Ok(Self { objects, elements, blocks, merger: scan.finish() })
    }

    /// Returns what the tensor is, but for its content.
    fn ours(&self) -> &'a TensorRecord {
        &self.elements.ours
    }

    pub(super) fn len(&self) -> u64 {
        self.ours().len
    }

    fn span(&self) -> Span<'_> {
        let TensorRecord { name, dtype, len, .. } = self.ours();
        Span {
            source: Source::Computed(self),
            name,
            offset: 0,
            len: *len,
            dtype: Some(*dtype),
            tensor: Some(name),
        }
    }
}

impl Compute for Merging<'_> {
    fn leaf(&self, index: usize, place: &mut [u8]) -> Result<()> {
        let blocks = self.blocks.read(self.objects, index)?;
        let blocks = blocks.each_ref().map(|block| block.as_slice());
        self.merger.merge(&sides(&blocks), place).map_err(|error| self.elements.refused(&error))
    }
}

impl Elements {
    fn refused(&self, error: &TensorError) -> Error {
        Error::Contents(format!("tensor {}: {error}", self.ours.name))
    }
}

fn sides<'b>(&[base, ours, theirs]: &[&'b [u8]; 3]) -> Sides<'b> {
    Sides { base: Some(base), ours, theirs }
}

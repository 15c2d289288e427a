//! Stores what a version contains: tensors from memory, or files cut into segments.

use ckpt_formats::{FormatError, Segment, Segmentation, segment, segment_as};
use ckpt_hash::TreeHash;

use crate::{
    contents::{Contents, InputFile, Tensor, check_tensor_name},
    error::{Doing, Error, Result},
    ingest::{Ingest, Source, Span},
    naming::name_tensors,
    paths::{check_paths, check_unique},
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
    restore::check_layout,
};

/// Stores what a version contains and returns its record and its length in bytes.
pub(crate) fn write_contents(
    ingest: &mut Ingest<'_>,
    contents: &Contents,
) -> Result<(CheckpointRecord, u64)> {
    match contents {
        Contents::Nothing => Ok((CheckpointRecord::default(), 0)),
        Contents::Tensors(tensors) => write_tensors(ingest, tensors),
        Contents::Files(files) => write_files(ingest, files, InputFile::segments),
    }
}

/// Stores files as they are, whatever their format, and returns their records, sorted by path.
pub(crate) fn write_opaque(
    ingest: &mut Ingest<'_>,
    files: &[InputFile],
) -> Result<Vec<FileRecord>> {
    let whole = |file: &InputFile| {
        let len = file.source.len().doing(|| format!("read {}", file.path))?;
        Ok(Segmentation::opaque(len, None))
    };
    Ok(write_files(ingest, files, whole)?.0.files)
}

fn write_tensors(ingest: &mut Ingest<'_>, tensors: &[Tensor]) -> Result<(CheckpointRecord, u64)> {
    for tensor in tensors {
        check_tensor_name(tensor.name()).map_err(Error::Contents)?;
    }
    check_unique("tensors", tensors.iter().map(Tensor::name)).map_err(Error::Contents)?;
    let mut sorted: Vec<&Tensor> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name().cmp(b.name()));
    let spans: Vec<Span<'_>> = sorted.iter().map(|tensor| tensor.span()).collect();
    let roots = ingest.contents(&spans)?;
    let tensors: Vec<TensorRecord> =
        sorted.iter().zip(roots).map(|(tensor, root)| tensor.describe(root)).collect();
    let logical = sum(tensors.iter().map(|tensor| tensor.len));
    let checkpoint = CheckpointRecord { tensors, files: Vec::new() };
    check_layout(&checkpoint)?;
    Ok((checkpoint, logical))
}

fn write_files(
    ingest: &mut Ingest<'_>,
    files: &[InputFile],
    segments: impl Fn(&InputFile) -> Result<Segmentation>,
) -> Result<(CheckpointRecord, u64)> {
    check_paths(files.iter().map(|file| file.path.as_str())).map_err(Error::Contents)?;
    let mut sorted: Vec<&InputFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let found: Vec<Segmentation> =
        sorted.iter().map(|file| segments(file)).collect::<Result<_>>()?;
    let mut spans = Vec::new();
    for (file, segmentation) in sorted.iter().zip(&found) {
        spans.extend(segmentation.segments.iter().map(|segment| file.span(segment)));
    }
    let logical = sum(spans.iter().map(|span| span.len));
    let mut roots = ingest.contents(&spans)?.into_iter();
    let mut found_tensors = Vec::new();
    let mut records = Vec::new();
    for (file, segmentation) in sorted.iter().zip(found) {
        let file_index = records.len();
        let segments = segmentation.segments.into_iter().zip(roots.by_ref()).map(|pair| {
            describe(pair, |tensor| {
                found_tensors.push((file_index, tensor));
                found_tensors.len() - 1
            })
        });
        records.push(FileRecord {
            path: file.path.clone(),
            reader: segmentation.reader.to_owned(),
            reader_version: segmentation.reader_version,
            note: segmentation.note,
            segments: segments.collect(),
        });
    }
    Ok((name_tensors(records, found_tensors)?, logical))
}

/// Adds up lengths that callers give, who may be wrong about them.
fn sum(lens: impl Iterator<Item = u64>) -> u64 {
    lens.fold(0, u64::saturating_add)
}

/// Records a segment; `add` takes a tensor and returns its place among those found.
fn describe(
    (segment, root): (Segment, TreeHash),
    add: impl FnOnce(TensorRecord) -> usize,
) -> SegmentRecord {
    match segment {
        Segment::Opaque { len, .. } => SegmentRecord::Opaque { len, root },
        Segment::Tensor { name, dtype, shape, len, .. } => {
            let shape = shape.dims().to_vec();
            let tensor = TensorRecord { name, dtype, shape, role: Role::Weights, len, root };
            SegmentRecord::Tensor { index: add(tensor) as u32 }
        }
    }
}

impl InputFile {
    fn segments(&self) -> Result<Segmentation> {
        let Some(format) = self.format else {
            return segment(&*self.source).doing(|| format!("read {}", self.path));
        };
        segment_as(format, &*self.source).map_err(|error| match error {
            FormatError::Read(source) => {
                Error::Io { action: format!("read {}", self.path), source }
            }
            source => Error::Format { path: self.path.clone(), source },
        })
    }

    fn span<'a>(&'a self, segment: &'a Segment) -> Span<'a> {
        let (dtype, tensor) = match segment {
            Segment::Opaque { .. } => (None, None),
            Segment::Tensor { dtype, name, .. } => (Some(*dtype), Some(name.as_str())),
        };
        Span {
            source: Source::File(&*self.source),
            name: &self.path,
            offset: segment.offset(),
            len: segment.byte_len(),
            dtype,
            tensor,
        }
    }
}

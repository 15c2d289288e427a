//! Stores what a version contains: tensors from memory, or files cut into segments.

use ckpt_formats::{FormatError, Segment, Segmentation, TiedTensor, segment, segment_as};
use ckpt_hash::TreeHash;
use ckpt_tensor::{Dtype, Shape};

use crate::{
    content::{
        contents::{Contents, InputFile, Tensor, check_tensor_name},
        identity::OPAQUE,
        ingest::Ingest,
        layout::check_layout,
        naming::name_tensors,
        paths::{check_paths, check_unique},
        roles::{RoleRules, Roles},
        source::{Source, Span},
    },
    error::{Doing, Error, Result},
    record::{CheckpointRecord, FileRecord, Role, SegmentRecord, TensorRecord},
};

/// Stores what a version contains and returns its record and its length in bytes.
pub(crate) fn write_contents(
    ingest: &mut Ingest<'_>,
    contents: &Contents,
    roles: &Roles<'_>,
) -> Result<(CheckpointRecord, u64)> {
    match contents {
        Contents::Nothing => Ok((CheckpointRecord::default(), 0)),
        Contents::Tensors(tensors) => write_tensors(ingest, tensors),
        Contents::Files(files) => write_files(ingest, files, InputFile::segments, roles),
        Contents::Merge(merge) => merge.0.write(ingest),
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
    let none = RoleRules::default();
    Ok(write_files(ingest, files, whole, &Roles::new(&none, &none))?.0.files)
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
    roles: &Roles<'_>,
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
    let mut tensors = Vec::new();
    let mut records = Vec::new();
    for (file, segmentation) in sorted.iter().zip(found) {
        let roots: Vec<TreeHash> = roots.by_ref().take(segmentation.segments.len()).collect();
        let mut described = describe(segmentation, &roots, tensors.len());
        // Of state that could not be read nothing can be missing in the model.
        if described.tensors.is_empty() && roles.role_of_file(&file.path) == Role::State {
            OPAQUE.clone_into(&mut described.file.reader);
        }
        let file_index = records.len();
        tensors.extend(described.tensors.into_iter().map(|mut tensor| {
            tensor.role = roles.role(&file.path, &tensor.name);
            (file_index, tensor)
        }));
        records.push(FileRecord { path: file.path.clone(), ..described.file });
    }
    Ok((name_tensors(records, tensors)?, logical))
}

/// Adds up lengths that callers give, who may be wrong about them.
fn sum(lens: impl Iterator<Item = u64>) -> u64 {
    lens.fold(0, u64::saturating_add)
}

/// A file as its reader saw it, and the tensors in it.
struct Described {
    /// The record, still without a path.
    file: FileRecord,
    /// All of weights, as long as nothing is known of their role.
    tensors: Vec<TensorRecord>,
}

/// Records the segments of a file whose roots are known. Its tensors will follow `before` others.
fn describe(segmentation: Segmentation, roots: &[TreeHash], before: usize) -> Described {
    let Segmentation { reader, reader_version, note, segments, tied, .. } = segmentation;
    let mut tensors = Vec::new();
    let mut add = |name: &str, dtype: Dtype, shape: &Shape, len: u64, root: TreeHash| {
        let (name, shape) = (name.to_owned(), shape.dims().to_vec());
        tensors.push(TensorRecord { name, dtype, shape, role: Role::Weights, len, root });
        (before + tensors.len() - 1) as u32
    };
    let record = |(segment, root): (&Segment, &TreeHash)| match segment {
        Segment::Opaque { len, .. } => SegmentRecord::Opaque { len: *len, root: *root },
        Segment::Tensor { name, dtype, shape, len, .. } => {
            SegmentRecord::Tensor { index: add(name, *dtype, shape, *len, *root) }
        }
    };
    let mut records: Vec<SegmentRecord> = segments.iter().zip(roots).map(record).collect();
    for TiedTensor { name, dtype, shape, segment } in tied {
        let len = segments[segment].byte_len();
        records.push(SegmentRecord::Tied { index: add(&name, dtype, &shape, len, roots[segment]) });
    }
    let file = FileRecord {
        path: String::new(),
        reader: reader.to_owned(),
        reader_version,
        note,
        segments: records,
    };
    Described { file, tensors }
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

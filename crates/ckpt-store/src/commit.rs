//! Makes a version out of what a caller hands over.

use std::collections::BTreeMap;

use ckpt_codec::Effort;
use ckpt_formats::{FormatError, Segment, Segmentation, segment, segment_as};
use ckpt_hash::{CheckpointId, MoveId, RecipeId, TreeHash, VersionId};

use crate::{
    contents::{Contents, InputFile, Tensor, check_unique},
    error::{Conflict, Doing, Error, Result},
    history::{Version, ancestor, skip_number},
    identity::{model_id, state_id},
    ingest::{Ingest, Span},
    naming::name_tensors,
    pack::writer::PackWriter,
    record::{
        self, CheckpointRecord, FileRecord, MoveKind, MoveRecord, RecipeRecord, Role,
        SegmentRecord, TensorRecord, VersionRecord,
    },
    refs::{RefName, Tip},
    repo::{Repository, Stamp},
};

/// A version to be made.
#[derive(Debug, Default)]
pub struct Draft {
    /// The content.
    pub contents: Contents,
    /// What went in.
    pub recipe: RecipeRecord,
    /// What came out.
    pub metrics: BTreeMap<String, f64>,
    /// Where: machine, tools, revision of the code.
    pub environment: BTreeMap<String, String>,
    /// Why.
    pub message: String,
    /// Who and when.
    pub stamp: Stamp,
    /// What the version continues.
    pub parents: Parents,
    /// How much time a smaller result may take.
    pub effort: Effort,
}

/// What a new version continues, and where its branch is expected to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Parents {
    /// The branch as it is when the commit starts; none if it does not exist.
    #[default]
    Tip,
    /// The branch, which must be at this version when the commit ends.
    Expected(VersionId),
    /// These versions; the branch must not exist yet.
    NewBranch(Vec<VersionId>),
}

/// A version that was made, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The version.
    pub version: Version,
    /// Bytes of the content as it was given.
    pub logical_bytes: u64,
    /// Bytes that the repository grew by, but for the ref file.
    pub stored_bytes: u64,
}

impl Repository {
    /// Makes a version on a branch and moves the branch to it; durable when it returns.
    ///
    /// # Errors
    /// Contents that do not fit together or cannot be read; [`Error::Conflict`] if another writer
    /// moved the branch in the meantime, the version being kept all the same; a failing disk.
    pub fn commit(&self, branch: &RefName, draft: &Draft) -> Result<Commit> {
        let _writing = self.refs.writing()?;
        self.objects.packs.refresh()?;
        let tip = self.refs.tip(&self.objects, branch)?;
        let parents = draft.parents.resolve(branch, tip)?;
        let pack = PackWriter::create(self.disk())?;
        let mut ingest = Ingest::new(&self.objects, pack, draft.effort);
        let (version, logical_bytes) = self.write_version(&mut ingest, draft, parents)?;
        let movement = MoveRecord {
            name: branch.full(),
            kind: MoveKind::Commit,
            from: tip.and_then(|tip| tip.version),
            to: Some(version.id),
            previous: tip.map(|tip| tip.movement),
            author: draft.stamp.author.clone(),
            time_ms: draft.stamp.time_ms,
            reason: draft.message.clone(),
        };
        let to = write_record(&mut ingest, &movement, MoveId::of)?;
        let stored_bytes = self.finish(ingest.pack)?;
        self.move_ref(branch, &movement, to, Some(version.id))?;
        Ok(Commit { version, logical_bytes, stored_bytes })
    }

    fn write_version(
        &self,
        ingest: &mut Ingest<'_>,
        draft: &Draft,
        parents: Vec<VersionId>,
    ) -> Result<(Version, u64)> {
        let (checkpoint, logical_bytes) = write_contents(ingest, &draft.contents)?;
        let number = match parents.first() {
            Some(parent) => self.objects.version(parent)?.number + 1,
            None => 1,
        };
        let skip = match (parents.first(), skip_number(number)) {
            (Some(parent), Some(skip)) => ancestor(&self.objects, *parent, skip)?,
            _ => None,
        };
        let record = VersionRecord {
            number,
            parents,
            skip,
            model: model_id(&checkpoint),
            state: state_id(&checkpoint),
            checkpoint: write_record(ingest, &checkpoint, CheckpointId::of)?,
            recipe: write_record(ingest, &draft.recipe, RecipeId::of)?,
            data_names: draft.recipe.data.iter().map(|data| data.name.clone()).collect(),
            metrics: draft.metrics.clone(),
            author: draft.stamp.author.clone(),
            time_ms: draft.stamp.time_ms,
            message: draft.message.clone(),
            environment: draft.environment.clone(),
        };
        let id = write_record(ingest, &record, VersionId::of)?;
        Ok((Version { id, record }, logical_bytes))
    }
}

impl Parents {
    /// Checks the expectation against the branch's tip and returns the parents.
    fn resolve(&self, branch: &RefName, tip: Option<Tip>) -> Result<Vec<VersionId>> {
        let found = tip.and_then(|tip| tip.version);
        match self {
            Self::Tip => Ok(found.into_iter().collect()),
            Self::Expected(expected) if found == Some(*expected) => Ok(vec![*expected]),
            Self::Expected(expected) => {
                Err(Conflict { name: branch.clone(), expected: Some(*expected), found, kept: None }
                    .into())
            }
            Self::NewBranch(parents) => match found {
                None => Ok(parents.clone()),
                Some(at) => Err(Error::RefExists { name: branch.clone(), at }),
            },
        }
    }
}

/// Encodes a record, adds it to the pack and returns its id.
pub(crate) fn write_record<R: record::Record, I: Copy + Into<crate::ObjectId>>(
    ingest: &mut Ingest<'_>,
    record: &R,
    id_of: impl Fn(&[u8]) -> I,
) -> Result<I> {
    let bytes = record::encode(record).map_err(|error| Error::Contents(error.to_string()))?;
    let id = id_of(&bytes);
    ingest.object(id.into(), &bytes)?;
    Ok(id)
}

fn write_contents(ingest: &mut Ingest<'_>, contents: &Contents) -> Result<(CheckpointRecord, u64)> {
    match contents {
        Contents::Nothing => Ok((CheckpointRecord::default(), 0)),
        Contents::Tensors(tensors) => write_tensors(ingest, tensors),
        Contents::Files(files) => write_files(ingest, files),
    }
}

fn write_tensors(ingest: &mut Ingest<'_>, tensors: &[Tensor]) -> Result<(CheckpointRecord, u64)> {
    check_unique("tensors", tensors.iter().map(Tensor::name))?;
    let mut sorted: Vec<&Tensor> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name().cmp(b.name()));
    let spans: Vec<Span<'_>> = sorted.iter().map(|tensor| tensor.span()).collect();
    let roots = ingest.contents(&spans)?;
    let tensors: Vec<TensorRecord> =
        sorted.iter().zip(roots).map(|(tensor, root)| tensor.describe(root)).collect();
    let logical = tensors.iter().map(|tensor| tensor.len).sum();
    Ok((CheckpointRecord { tensors, files: Vec::new() }, logical))
}

fn write_files(ingest: &mut Ingest<'_>, files: &[InputFile]) -> Result<(CheckpointRecord, u64)> {
    check_unique("files", files.iter().map(|file| file.path.as_str()))?;
    let mut sorted: Vec<&InputFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let found: Vec<Segmentation> =
        sorted.iter().map(|file| file.segments()).collect::<Result<_>>()?;
    let mut spans = Vec::new();
    for (file, segmentation) in sorted.iter().zip(&found) {
        spans.extend(segmentation.segments.iter().map(|segment| file.span(segment)));
    }
    let logical = spans.iter().map(|span| span.len).sum();
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

    fn span(&self, segment: &Segment) -> Span<'_> {
        let dtype = match segment {
            Segment::Opaque { .. } => None,
            Segment::Tensor { dtype, .. } => Some(*dtype),
        };
        Span {
            source: &*self.source,
            name: &self.path,
            offset: segment.offset(),
            len: segment.byte_len(),
            dtype,
        }
    }
}

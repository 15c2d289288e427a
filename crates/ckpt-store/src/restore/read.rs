//! Reads content of versions without restoring them.

use std::io;

use ckpt_hash::VersionId;
use ckpt_pack::{ObjectId, disk::ReadAt};

use crate::{
    content::objects::{Content, Ranges},
    error::{Error, ErrorKind, Result},
    record::{TensorRecord, VersionRecord},
    repo::Repository,
    restore::{Part, PlannedFile, RestoreOptions, layout::planned_files},
};

/// A file or a tensor of a version, read by position.
///
/// A range costs the blocks that it touches, each of which is checked against its hash, and once the
/// list of blocks of each long part. The list of the chunks of opaque content over 1 MiB is proven
/// by all of that content alone, as restoring and verifying read it. Several blocks are decoded in
/// parallel on the current rayon pool; a block of which a part was asked for stays in memory for what
/// is asked for next.
#[derive(Debug)]
pub struct StoredBytes<'a> {
    repository: &'a Repository,
    /// The parts, each with the place where it ends.
    parts: Vec<(u64, StoredPart)>,
}

#[derive(Debug)]
enum StoredPart {
    Bytes(Vec<u8>),
    Content(Content, Ranges),
}

impl Repository {
    /// Reads the bytes of a tensor: row-major, little-endian. Its blocks are decoded in parallel on
    /// the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Missing`], [`Error::Damaged`].
    pub fn tensor_bytes(&self, tensor: &TensorRecord) -> Result<Vec<u8>> {
        let bytes = self.objects.content_bytes(tensor.content());
        bytes.map_err(|error| self.explain_missing(tensor.content(), error))
    }

    /// Opens a file of a version for reads by position: one that it was committed with, or one that
    /// tensors which came from memory restore to, such as [`WEIGHTS_FILE`](crate::WEIGHTS_FILE).
    ///
    /// ```
    /// use ckpt_store::{
    ///     Contents, Draft, InputFile, RefName, Repository, Signature, disk::ReadAt,
    /// };
    ///
    /// let folder = tempfile::tempdir()?;
    /// let repository = Repository::init(folder.path())?;
    /// let words = InputFile::new("words.txt", Box::new(b"one two three".to_vec()), None)?;
    /// let draft = Draft::new(Contents::Files(vec![words]), Signature::new("ada", 0));
    /// let version = repository.commit(&RefName::branch("main")?, &draft)?.version;
    ///
    /// let mut two = [0; 3];
    /// repository.open_file(&version.id, "words.txt")?.read_at(4, &mut two)?;
    /// assert_eq!(two, *b"two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInVersion`] for another path; [`Error::Removed`]; [`Error::Missing`],
    /// [`Error::Damaged`].
    pub fn open_file(&self, version: &VersionId, path: &str) -> Result<StoredBytes<'_>> {
        let record = self.readable(version)?;
        let place = ObjectId::from(record.checkpoint).to_string();
        let checkpoint = self.checkpoint(&record)?;
        let options = RestoreOptions { with_state: true, ..RestoreOptions::default() };
        let files = match planned_files(&place, &checkpoint, &options) {
            Err(Error::NothingToRestore) => Vec::new(),
            files => files?,
        };
        let file = files.into_iter().find(|file| file.path == path);
        let file = file.ok_or_else(|| Error::not_in_version(*version, "file", path))?;
        Ok(self.stored(file))
    }

    /// Opens a tensor of a version for reads by position: its elements, row-major and little-endian.
    ///
    /// # Errors
    /// [`Error::NotInVersion`] for another name; [`Error::Removed`]; [`Error::Missing`],
    /// [`Error::Damaged`].
    pub fn open_tensor(&self, version: &VersionId, name: &str) -> Result<StoredBytes<'_>> {
        let record = self.readable(version)?;
        let checkpoint = self.objects.fitting_checkpoint(&record.checkpoint)?;
        let tensor = checkpoint.tensors.iter().find(|tensor| tensor.name == name);
        let tensor = tensor.ok_or_else(|| Error::not_in_version(*version, "tensor", name))?;
        let content = tensor.content();
        let part = StoredPart::Content(content, Ranges::new(content));
        Ok(StoredBytes { repository: self, parts: vec![(content.len, part)] })
    }

    /// Reads the record of a version whose content was not removed.
    fn readable(&self, version: &VersionId) -> Result<VersionRecord> {
        let record = self.objects.version(version)?;
        self.require_content(&record)?;
        Ok(record)
    }

    fn stored(&self, file: PlannedFile) -> StoredBytes<'_> {
        let mut end = 0;
        let place = |part| {
            let (len, part) = match part {
                Part::Bytes(bytes) => (bytes.len() as u64, StoredPart::Bytes(bytes)),
                Part::Content(content) => {
                    (content.len, StoredPart::Content(content, Ranges::new(content)))
                }
            };
            end += len;
            (end, part)
        };
        let parts = file.parts.into_iter().map(place).collect();
        StoredBytes { repository: self, parts }
    }
}

impl StoredBytes<'_> {
    /// Fills a buffer from a place on; what fails is an error of the store.
    fn fill(&self, offset: u64, mut buf: &mut [u8]) -> Result<()> {
        let first = self.parts.partition_point(|(end, _)| *end <= offset);
        let mut at = offset;
        for (end, part) in &self.parts[first..] {
            let count = (end - at).min(buf.len() as u64) as usize;
            let place = buf.split_off_mut(..count).expect("no more than there is");
            match part {
                StoredPart::Bytes(bytes) => {
                    let start = bytes.len() - (end - at) as usize;
                    place.copy_from_slice(&bytes[start..][..count]);
                }
                StoredPart::Content(content, ranges) => {
                    let start = content.len - (end - at);
                    let read = ranges.read(&self.repository.objects, start, place);
                    read.map_err(|error| self.repository.explain_missing(*content, error))?;
                }
            }
            at += count as u64;
            if buf.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

impl ReadAt for StoredBytes<'_> {
    /// Fills the buffer from the bytes at `offset`.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] beyond the end; [`io::ErrorKind::InvalidData`] for damage;
    /// the source is the [`Error`].
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.parts.last().map_or(0, |(end, _)| *end)) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.fill(offset, buf).map_err(|error| {
            let kind = match error.kind() {
                ErrorKind::Damaged => io::ErrorKind::InvalidData,
                ErrorKind::Removed => io::ErrorKind::NotFound,
                _ => io::ErrorKind::Other,
            };
            io::Error::new(kind, error)
        })
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.parts.last().map_or(0, |(end, _)| *end))
    }
}

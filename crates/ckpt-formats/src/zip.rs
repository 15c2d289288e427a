//! The directory of a zip archive, as far as members that are stored without compression need it.
//!
//! The central directory is believed where a member's local header says less, as the headers that
//! PyTorch writes do; where both speak they must agree. Members lie one after another before the
//! directory, so none can share bytes with another, and the directory ends where the records
//! behind it begin. Checksums are not compared: PyTorch can be told not to compute them.
//!
//! Source: APPNOTE.TXT, version 6.3.10, sections 4.3 and 4.5.3 (zip64).

mod directory;
mod member;

use crate::message::quoted;
use crate::stop::Stop;
use crate::{FormatError, ReadAt};

/// What a file of at least one member begins with.
pub(crate) const MAGIC: &[u8; 4] = b"PK\x03\x04";

/// What a file of no member begins with.
pub(crate) const EMPTY: &[u8; 4] = b"PK\x05\x06";

/// Longest central directory in bytes. A member takes about 80, and checkpoints of 100,000
/// tensors are the largest that are seen.
const MAX_DIRECTORY: u64 = 32 << 20;

/// A zip archive whose members are known.
pub(crate) struct Archive {
    /// The central directory, which has the names.
    directory: Vec<u8>,
    /// In the order of the file.
    members: Vec<Member>,
}

/// A file in the archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// First byte of the name in the directory, and its length.
    name: (u32, u16),
    pub(crate) packing: Packing,
    /// First byte of the local header.
    header: u64,
    /// First byte of the content.
    pub(crate) data: u64,
    /// Bytes of the content as it stands in the archive.
    pub(crate) len: u64,
}

/// What was done to a member's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Stored,
    Compressed,
    Encrypted,
}

impl Archive {
    /// Reads the directory of an archive and checks it against the file.
    pub(crate) fn open(source: &dyn ReadAt) -> Result<Self, Stop> {
        let place = directory::find(source)?;
        let directory = directory::read(source, &place)?;
        let mut members = member::parse_all(&directory, place.members)?;
        member::locate_all(source, &directory, &mut members, place.start)?;
        let archive = Self { directory, members };
        archive.check_names()?;
        Ok(archive)
    }

    /// Gives the members and their names, in the order of the file.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&[u8], &Member)> {
        self.members.iter().map(|member| (member.name_in(&self.directory), member))
    }

    fn check_names(&self) -> Result<(), FormatError> {
        let mut names: Vec<&[u8]> = self.members().map(|(name, _)| name).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(broken_member(pair[0], "appears twice")),
            None => Ok(()),
        }
    }
}

impl Member {
    fn name_in<'a>(&self, directory: &'a [u8]) -> &'a [u8] {
        let (start, len) = self.name;
        &directory[start as usize..][..usize::from(len)]
    }

    /// Tells why the member's bytes are not its content, if so.
    pub(crate) fn unreadable(&self) -> Option<&'static str> {
        match self.packing {
            Packing::Stored => None,
            Packing::Compressed => Some("compressed"),
            Packing::Encrypted => Some("encrypted"),
        }
    }

    /// Gives the byte after the last of the content.
    pub(crate) fn end(&self) -> u64 {
        self.data + self.len
    }
}

pub(crate) fn broken_member(name: &[u8], problem: impl Into<String>) -> FormatError {
    FormatError::Member { name: quoted(name), problem: problem.into() }
}

//! The records of a zip archive, as this crate writes them.

use super::ALIGNMENT;

/// A member of the new archive.
pub(super) struct Record {
    pub(super) name: String,
    pub(super) crc: u32,
    /// Bytes of its content.
    pub(super) len: u64,
    /// First byte of its local header.
    pub(super) offset: u64,
}

/// 1 January 1980, the first day that the archive knows.
const DATE: u16 = 1 << 5 | 1;

/// The version of the format that a reader needs: plain, and with 64-bit numbers.
const VERSION: u16 = 20;
const VERSION64: u16 = 45;

/// The system that the attributes are of. `unzip` takes names for UTF-8 only from some systems.
const UNIX: u16 = 3;

/// A regular file that its owner may change and everybody read.
const PERMISSIONS: u32 = 0o100_644;

/// The bit of the flags that says a name is UTF-8.
const UTF8: u16 = 1 << 11;

/// The extra fields of 64-bit numbers, and of padding before content.
const ZIP64: u16 = 1;
const PADDING: u16 = 0xd935;

/// A number of 32 bits at which readers turn to the 64-bit one.
const SATURATED: u64 = u32::MAX as u64;

impl Record {
    /// Gives the header that stands before the content, padded so that this is aligned.
    pub(super) fn local_header(&self) -> Vec<u8> {
        let is_wide = self.len >= SATURATED;
        let mut extra = Vec::new();
        if is_wide {
            extra = field(ZIP64, &[self.len, self.len].map(u64::to_le_bytes).concat());
        }
        let start = self.offset % ALIGNMENT + (30 + self.name.len() + extra.len()) as u64;
        if !start.is_multiple_of(ALIGNMENT) {
            // The field itself takes six bytes: its id, its length and the alignment.
            let after = start + 6;
            let zeros = after.next_multiple_of(ALIGNMENT) - after;
            let mut padding = (ALIGNMENT as u16).to_le_bytes().to_vec();
            padding.resize(2 + zeros as usize, 0);
            extra.extend(field(PADDING, &padding));
        }
        let mut bytes = b"PK\x03\x04".to_vec();
        self.common(&mut bytes, is_wide);
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.extend(extra);
        bytes
    }

    /// Appends the fields that the local header and the directory share.
    fn common(&self, bytes: &mut Vec<u8>, is_wide: bool) {
        let flags = if self.name.is_ascii() { 0 } else { UTF8 };
        let (stored, midnight) = (0u16, 0u16);
        let version = if is_wide { VERSION64 } else { VERSION };
        for number in [version, flags, stored, midnight, DATE] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend(narrow(self.len));
        bytes.extend(narrow(self.len));
        bytes.extend((self.name.len() as u16).to_le_bytes());
    }

    /// Gives the entry in the directory.
    fn entry(&self) -> Vec<u8> {
        let numbers = [self.len, self.len, self.offset];
        let wide = numbers.into_iter().filter(|&number| number >= SATURATED);
        let wide: Vec<u8> = wide.flat_map(u64::to_le_bytes).collect();
        let extra = if wide.is_empty() { Vec::new() } else { field(ZIP64, &wide) };
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend((UNIX << 8 | VERSION64).to_le_bytes());
        self.common(&mut bytes, !extra.is_empty());
        bytes.extend((extra.len() as u16).to_le_bytes());
        // No comment, disk 0, no attributes of MS-DOS.
        bytes.extend([0; 6]);
        bytes.extend((PERMISSIONS << 16).to_le_bytes());
        bytes.extend(narrow(self.offset));
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.extend(extra);
        bytes
    }
}

/// Gives the directory of an archive, which begins at `start`, and the end records.
pub(super) fn directory(records: &[Record], start: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = records.iter().flat_map(Record::entry).collect();
    let (count, len) = (records.len() as u64, bytes.len() as u64);
    if count >= u64::from(u16::MAX) || len >= SATURATED || start >= SATURATED {
        end64(&mut bytes, count, len, start);
    }
    let short_count = count.min(u64::from(u16::MAX)) as u16;
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(short_count.to_le_bytes());
    bytes.extend(short_count.to_le_bytes());
    bytes.extend(narrow(len));
    bytes.extend(narrow(start));
    bytes.extend([0; 2]);
    bytes
}

/// Appends the records that large archives have before the end record.
fn end64(bytes: &mut Vec<u8>, count: u64, len: u64, start: u64) {
    bytes.extend(b"PK\x06\x06");
    // What follows in this record, then who made it and what it needs, disks 0.
    bytes.extend(44u64.to_le_bytes());
    bytes.extend([VERSION64, VERSION64].map(u16::to_le_bytes).concat());
    bytes.extend([0; 8]);
    bytes.extend([count, count, len, start].map(u64::to_le_bytes).concat());
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend((start + len).to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
}

fn field(id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = [id, content.len() as u16].map(u16::to_le_bytes).concat();
    bytes.extend_from_slice(content);
    bytes
}

fn narrow(number: u64) -> [u8; 4] {
    (number.min(SATURATED) as u32).to_le_bytes()
}

//! Zip archives, byte by byte, and what can be said wrongly in them.

/// An archive whose members are stored as they are.
pub(super) struct Zip {
    pub(super) bytes: Vec<u8>,
    /// Where each member's entry in the directory is.
    pub(super) entries: Vec<usize>,
    /// Where the record at the end is.
    pub(super) end: usize,
}

impl Zip {
    pub(super) fn new(members: &[(&str, &[u8])]) -> Self {
        let (mut bytes, mut directory, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for (name, content) in members {
            let start = u32::try_from(bytes.len()).unwrap();
            let common = common(name, content);
            bytes.extend([b"PK\x03\x04\x14\0", &common[..], name.as_bytes(), content].concat());
            entries.push(directory.len());
            let rest = [&[0; 10][..], &start.to_le_bytes(), name.as_bytes()].concat();
            directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &rest].concat());
        }
        let start = bytes.len();
        let count = u16::try_from(members.len()).unwrap().to_le_bytes();
        let sizes = [directory.len(), start].map(|size| u32::try_from(size).unwrap().to_le_bytes());
        bytes.extend(directory);
        let end = bytes.len();
        bytes
            .extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &sizes.concat(), b"\0\0"].concat());
        Self { bytes, entries: entries.into_iter().map(|entry| start + entry).collect(), end }
    }

    /// Says something else in the entry of a member, so many bytes into it.
    pub(super) fn entry(&self, member: usize, at: usize, says: &[u8]) -> Vec<u8> {
        self.patched(self.entries[member] + at, says)
    }

    /// Says something else in the record at the end, so many bytes into it.
    pub(super) fn end(&self, at: usize, says: &[u8]) -> Vec<u8> {
        self.patched(self.end + at, says)
    }

    pub(super) fn patched(&self, at: usize, says: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at..at + says.len()].copy_from_slice(says);
        bytes
    }
}

/// What a member's header and its entry in the directory both say: flags, method, time, checksum, sizes.
fn common(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let name = u16::try_from(name.len()).unwrap().to_le_bytes();
    [&[0; 6][..], b"\x21\0", &crc32(content).to_le_bytes(), &size, &size, &name, b"\0\0"].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

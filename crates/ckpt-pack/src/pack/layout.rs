//! The bytes of a pack: header, objects, index entries, footer. All numbers are little-endian.

use ckpt_hash::{DIGEST_LEN, Digest};

use crate::object::{ObjectId, ObjectKind};

/// Bytes of the header: magic (8), format (2), zeros (6), nonce (16).
pub const HEADER_LEN: usize = 32;
/// Bytes of an index entry: a power of two, so that a page holds a whole number of them.
pub const ENTRY_LEN: usize = 64;
/// Bytes of the footer.
pub(crate) const FOOTER_LEN: usize = 64;

const HEADER_MAGIC: &[u8; 8] = b"ckptpack";
const FOOTER_MAGIC: &[u8; 8] = b"ckptend\n";
const FORMAT: u16 = 1;

/// The first bytes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Makes the pack's name unique, so that a pack in trash never collides with a new one.
    pub(crate) nonce: [u8; 16],
}

impl Header {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(HEADER_MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..].copy_from_slice(&self.nonce);
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, String> {
        if &bytes[..8] != HEADER_MAGIC {
            return Err("it does not start as a pack".to_owned());
        }
        let format = u16::from_le_bytes(array(&bytes[8..10]));
        if format != FORMAT {
            return Err(format!("pack format {format} is not known"));
        }
        if bytes[10..16] != [0; 6] {
            return Err("reserved bytes of the header are set".to_owned());
        }
        Ok(Self { nonce: array(&bytes[16..]) })
    }
}

/// Where one object is and how it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The object.
    pub id: ObjectId,
    /// From the start of the pack.
    pub offset: u64,
    /// Bytes in the pack.
    pub stored_len: u32,
    /// Bytes when decoded.
    pub raw_len: u32,
    /// CRC-32 of the stored bytes: a changed bit that happens to decode to the same bytes shows
    /// too.
    pub crc: u32,
    /// A code of the crate ckpt-codec.
    pub encoding: u8,
    /// What the encoding has to know: the code of the block's dtype, 0 for plain bytes.
    pub layout: u8,
    /// Links of deltas below this object; 0 where it decodes alone.
    pub depth: u8,
}

impl Entry {
    pub(crate) fn to_bytes(self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[..32].copy_from_slice(self.id.digest.as_bytes());
        bytes[32..40].copy_from_slice(&self.offset.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.stored_len.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.raw_len.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.crc.to_le_bytes());
        bytes[52..56].copy_from_slice(&[
            self.id.kind as u8,
            self.encoding,
            self.layout,
            self.depth,
        ]);
        let crc = crc32fast::hash(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes: &[u8; ENTRY_LEN] =
            bytes.try_into().map_err(|_| "an index entry is cut short")?;
        if crc32fast::hash(&bytes[..60]) != u32::from_le_bytes(array(&bytes[60..])) {
            return Err("an index entry fails its checksum".to_owned());
        }
        if bytes[56..60] != [0; 4] {
            return Err("reserved bytes of an index entry are set".to_owned());
        }
        let kind = ObjectKind::from_code(bytes[52])
            .ok_or_else(|| format!("object kind {} is not known", bytes[52]))?;
        let digest = Digest::from_bytes(array(&bytes[..32]));
        Ok(Self {
            id: ObjectId { digest, kind },
            offset: u64::from_le_bytes(array(&bytes[32..40])),
            stored_len: u32::from_le_bytes(array(&bytes[40..44])),
            raw_len: u32::from_le_bytes(array(&bytes[44..48])),
            crc: u32::from_le_bytes(array(&bytes[48..52])),
            encoding: bytes[53],
            layout: bytes[54],
            depth: bytes[55],
        })
    }
}

/// The last bytes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    /// Where the index starts.
    pub(crate) index_offset: u64,
    /// How many entries it has.
    pub(crate) entries: u64,
    /// SHA-256 of header and index.
    pub(crate) digest: Digest,
}

impl Footer {
    pub(crate) fn to_bytes(self) -> [u8; FOOTER_LEN] {
        let mut bytes = [0; FOOTER_LEN];
        bytes[..8].copy_from_slice(&self.index_offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.entries.to_le_bytes());
        bytes[16..48].copy_from_slice(self.digest.as_bytes());
        let crc = crc32fast::hash(&bytes[..52]);
        bytes[52..56].copy_from_slice(&crc.to_le_bytes());
        bytes[56..].copy_from_slice(FOOTER_MAGIC);
        bytes
    }

    /// Parses the footer of a pack of `pack_len` bytes; the index it names fills the pack exactly.
    pub(crate) fn parse(bytes: &[u8; FOOTER_LEN], pack_len: u64) -> Result<Self, String> {
        if &bytes[56..] != FOOTER_MAGIC {
            return Err("it does not end as a pack".to_owned());
        }
        if crc32fast::hash(&bytes[..52]) != u32::from_le_bytes(array(&bytes[52..56])) {
            return Err("the footer fails its checksum".to_owned());
        }
        let footer = Self {
            index_offset: u64::from_le_bytes(array(&bytes[..8])),
            entries: u64::from_le_bytes(array(&bytes[8..16])),
            digest: Digest::from_bytes(array::<DIGEST_LEN>(&bytes[16..48])),
        };
        let index_len = footer.entries.checked_mul(ENTRY_LEN as u64);
        let end = index_len.and_then(|len| len.checked_add(footer.index_offset));
        let fills = end.and_then(|end| end.checked_add(FOOTER_LEN as u64)) == Some(pack_len);
        if !fills || footer.index_offset < HEADER_LEN as u64 || bytes[48..52] != [0; 4] {
            return Err("the footer does not fit the pack".to_owned());
        }
        Ok(footer)
    }
}

/// Takes a slice whose length the caller has fixed.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the caller slices N bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let id = ObjectId { digest: Digest::of(b"x"), kind: ObjectKind::Version };
        Entry {
            id,
            offset: 77,
            stored_len: 5,
            raw_len: 9,
            crc: 1234,
            encoding: 2,
            layout: 13,
            depth: 0,
        }
    }

    #[test]
    fn entries_and_footers_round_trip() {
        assert_eq!(Entry::parse(&entry().to_bytes()), Ok(entry()));
        let footer = Footer { index_offset: 100, entries: 2, digest: Digest::of(b"i") };
        assert_eq!(Footer::parse(&footer.to_bytes(), 100 + 128 + 64), Ok(footer));
        assert!(Footer::parse(&footer.to_bytes(), 100 + 128 + 65).is_err());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let header = Header { nonce: [7; 16] };
        let footer = Footer { index_offset: 100, entries: 2, digest: Digest::of(b"i") };
        for bit in 0..8 * ENTRY_LEN {
            let mut bytes = entry().to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Entry::parse(&bytes).is_err(), "entry bit {bit}");
            let mut bytes = footer.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Footer::parse(&bytes, 292).is_err(), "footer bit {bit}");
        }
        for bit in 0..8 * 16 {
            // The nonce is covered by the footer's digest instead.
            let mut bytes = header.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::parse(&bytes).is_err(), "header bit {bit}");
        }
    }

    #[test]
    fn sizes_that_overflow_do_not_fit() {
        let footer = Footer { index_offset: u64::MAX, entries: u64::MAX, digest: Digest::of(b"") };
        assert!(Footer::parse(&footer.to_bytes(), 300).is_err());
    }
}

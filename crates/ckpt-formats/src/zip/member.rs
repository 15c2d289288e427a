//! Entries of the central directory, and the local headers that they point to.

use super::directory::{ENTRY_LEN, broken};
use super::{MAGIC, Member, Packing, broken_member};
use crate::le::{u16_at, u32_at, u64_at};
use crate::stop::Stop;
use crate::{FormatError, ReadAt};

const ENTRY: &[u8; 4] = b"PK\x01\x02";

/// Bytes of a local header before the name.
const HEADER_LEN: usize = 30;

/// The bit of the flags that says a member is encrypted.
const ENCRYPTED: u16 = 1;

/// The method of content as it is.
const STORED: u16 = 0;

/// The field among the extra ones that holds sizes and offsets of 64 bits.
const ZIP64: u16 = 1;

/// Reads the entries, which must fill the directory.
pub(super) fn parse_all(directory: &[u8], count: u64) -> Result<Vec<Member>, Stop> {
    let mut members = Vec::new();
    let mut at = 0;
    for _ in 0..count {
        let (member, len) = parse(directory, at)?;
        members.push(member);
        at += len;
    }
    if at < directory.len() {
        return Err(broken("has bytes in its directory that belong to no member"));
    }
    Ok(members)
}

/// Reads the entry at a place; gives its length too.
fn parse(directory: &[u8], at: usize) -> Result<(Member, usize), Stop> {
    let entry = &directory[at..];
    if entry.len() < ENTRY_LEN || !entry.starts_with(ENTRY) {
        return Err(broken("has a directory with an entry cut off"));
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(entry, at)));
    let len = ENTRY_LEN + name + extra + comment;
    if entry.len() < len {
        return Err(broken("has a directory with an entry cut off"));
    }
    let extra = &entry[ENTRY_LEN + name..][..extra];
    let [unpacked, packed, header] = wide([24, 20, 42].map(|at| u32_at(entry, at)), extra);
    let packing = match (u16_at(entry, 8) & ENCRYPTED, u16_at(entry, 10)) {
        (0, STORED) => Packing::Stored,
        (0, _) => Packing::Compressed,
        _ => Packing::Encrypted,
    };
    let member = Member {
        name: ((at + ENTRY_LEN) as u32, name as u16),
        packing,
        header,
        data: 0,
        len: packed,
    };
    if packing == Packing::Stored && packed != unpacked {
        let problem = format!("is stored in {packed} bytes but has {unpacked}");
        return Err(broken_member(member.name_in(directory), problem).into());
    }
    Ok((member, len))
}

/// Takes from the zip64 field those numbers that do not fit 32 bits.
fn wide(narrow: [u32; 3], mut extra: &[u8]) -> [u64; 3] {
    let mut numbers = narrow.map(u64::from);
    while extra.len() >= 4 {
        let (id, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let field = &extra[4..extra.len().min(4 + len)];
        if id == ZIP64 {
            let saturated = numbers.iter_mut().filter(|number| **number == u64::from(u32::MAX));
            for (number, bytes) in saturated.zip(field.chunks_exact(8)) {
                *number = u64_at(bytes, 0);
            }
            break;
        }
        extra = &extra[4 + field.len()..];
    }
    numbers
}

/// Finds the content of each member, sorts them by place and checks that they do not overlap.
pub(super) fn locate_all(
    source: &dyn ReadAt,
    directory: &[u8],
    members: &mut [Member],
    end: u64,
) -> Result<(), Stop> {
    members.sort_by_key(|member| member.header);
    let mut header = Vec::new();
    let mut free = 0;
    for member in members {
        let name = member.name_in(directory);
        if member.header < free {
            return Err(broken_member(name, "begins inside another").into());
        }
        member.data = locate(source, member, name, end, &mut header)?;
        free = match member.data.checked_add(member.len) {
            Some(behind) if behind <= end => behind,
            _ => return Err(broken_member(name, "ends beyond the archive's content").into()),
        };
    }
    Ok(())
}

/// Reads a member's local header and tells where its content begins.
fn locate(
    source: &dyn ReadAt,
    member: &Member,
    name: &[u8],
    end: u64,
    header: &mut Vec<u8>,
) -> Result<u64, FormatError> {
    header.resize(HEADER_LEN + name.len(), 0);
    let behind = member.header.checked_add(header.len() as u64);
    if behind.is_none_or(|behind| behind > end) {
        return Err(broken_member(name, "begins beyond the archive's content"));
    }
    source.read_at(member.header, header)?;
    if !header.starts_with(MAGIC)
        || usize::from(u16_at(header, 26)) != name.len()
        || &header[HEADER_LEN..] != name
    {
        return Err(broken_member(name, "has a local header that is not its own"));
    }
    Ok(member.header + header.len() as u64 + u64::from(u16_at(header, 28)))
}

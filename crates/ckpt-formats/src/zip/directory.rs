//! Where the central directory is.

use super::MAX_DIRECTORY;
use crate::le::{u16_at, u32_at, u64_at};
use crate::stop::Stop;
use crate::{FormatError, ReadAt};

const END: &[u8; 4] = b"PK\x05\x06";
const END_LEN: usize = 22;
const END64: &[u8; 4] = b"PK\x06\x06";
const END64_LEN: usize = 56;
const LOCATOR64: &[u8; 4] = b"PK\x06\x07";
const LOCATOR64_LEN: usize = 20;

/// Longest comment after the end record; its length has two bytes.
const MAX_COMMENT: u64 = 0xffff;

/// Shortest entry of a member: the fixed part, without a name.
pub(super) const ENTRY_LEN: usize = 46;

/// The central directory by the records behind it.
pub(super) struct Place {
    pub(super) start: u64,
    len: u64,
    pub(super) members: u64,
}

/// Finds the directory, which lies inside the file and can hold its members.
pub(super) fn find(source: &dyn ReadAt) -> Result<Place, Stop> {
    let (at, end) = find_end(source)?;
    let (place, behind) = match find_end64(source, at)? {
        Some(found) => found,
        None => (Place::of_end(&end), at),
    };
    if place.start.checked_add(place.len) != Some(behind) {
        return Err(broken("has a directory that does not end where the end record begins"));
    }
    if place.members > place.len / ENTRY_LEN as u64 {
        return Err(broken("has more members than its directory can hold"));
    }
    if place.len > MAX_DIRECTORY {
        return Err(Stop::beyond(format!(
            "the zip directory has {} bytes, the most read is {MAX_DIRECTORY}",
            place.len
        )));
    }
    Ok(place)
}

/// Reads the directory's bytes.
pub(super) fn read(source: &dyn ReadAt, place: &Place) -> Result<Vec<u8>, Stop> {
    let mut directory = vec![0; place.len as usize];
    source.read_at(place.start, &mut directory)?;
    Ok(directory)
}

pub(super) fn broken(problem: &'static str) -> Stop {
    Stop::Broken(FormatError::Zip(problem))
}

impl Place {
    fn of_end(end: &[u8; END_LEN]) -> Self {
        let (start, len) = (u32_at(end, 16).into(), u32_at(end, 12).into());
        Self { start, len, members: u16_at(end, 10).into() }
    }

    fn of_end64(end: &[u8; END64_LEN]) -> Self {
        Self { start: u64_at(end, 48), len: u64_at(end, 40), members: u64_at(end, 32) }
    }
}

/// Finds the last record of the file, and where it begins.
fn find_end(source: &dyn ReadAt) -> Result<(u64, [u8; END_LEN]), Stop> {
    let file = source.len()?;
    let mut end = [0; END_LEN];
    let Some(at) = file.checked_sub(END_LEN as u64) else {
        return Err(broken("has no end record; it is truncated"));
    };
    source.read_at(at, &mut end)?;
    if end.starts_with(END) && u16_at(&end, 20) == 0 {
        return Ok((at, end));
    }
    // Writers of checkpoints leave no comment, but archives may have one.
    let mut tail = vec![0; file.min(END_LEN as u64 + MAX_COMMENT) as usize];
    let start = file - tail.len() as u64;
    source.read_at(start, &mut tail)?;
    let is_end = |&at: &usize| {
        let record = &tail[at..];
        record.starts_with(END) && usize::from(u16_at(record, 20)) == record.len() - END_LEN
    };
    let at = (0..=tail.len() - END_LEN).rev().find(is_end);
    let at = at.ok_or_else(|| broken("has no end record; it is truncated"))?;
    end.copy_from_slice(&tail[at..at + END_LEN]);
    Ok((start + at as u64, end))
}

/// Finds what large archives have before the last record, and where that begins.
fn find_end64(source: &dyn ReadAt, end: u64) -> Result<Option<(Place, u64)>, Stop> {
    let Some(at) = end.checked_sub(LOCATOR64_LEN as u64) else { return Ok(None) };
    let mut locator = [0; LOCATOR64_LEN];
    source.read_at(at, &mut locator)?;
    if !locator.starts_with(LOCATOR64) {
        return Ok(None);
    }
    let behind = u64_at(&locator, 8);
    if behind.checked_add(END64_LEN as u64).is_none_or(|end| end > at) {
        return Err(broken("has a zip64 end record outside of the file"));
    }
    let mut end64 = [0; END64_LEN];
    source.read_at(behind, &mut end64)?;
    if !end64.starts_with(END64) {
        return Err(broken("has no zip64 end record where it should be"));
    }
    Ok(Some((Place::of_end64(&end64), behind)))
}

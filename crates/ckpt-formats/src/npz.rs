//! The NPZ format: a zip archive of NPY members.
//!
//! A member `NAME.npy` that is stored without compression is the tensor `NAME`, as
//! `numpy.savez` writes it. Compressed members (`numpy.savez_compressed`) and arrays that
//! [NPY](crate::Format::Npy) files keep opaque stay opaque, and the note says so.

mod layout;

pub use layout::{NpzLayout, npz_layout};

use crate::ReadAt;
use crate::message::quoted;
use crate::npy::{self, Array};
use crate::reader::{Reader, Source};
use crate::stop::Stop;
use crate::tile::{Found, Tiling, Unread, tile};
use crate::zip::{self, Archive, Member, Packing, broken_member};

pub(crate) const READER: Reader = Reader {
    name: "npz",
    version: 1,
    extensions: &["npz"],
    sniff: |source| Ok(source.archive()?.is_some_and(has_arrays)),
    segment,
};

/// What the name of an array's member ends in.
const SUFFIX: &str = ".npy";

/// Why a member is not read that holds no array.
const NO_ARRAY: &str = "the member is no NPY file";

/// Tells whether an archive has arrays.
fn has_arrays(archive: &Archive) -> bool {
    archive.members().any(|(name, _)| name.ends_with(SUFFIX.as_bytes()))
}

/// Finds the segments of an NPZ file.
fn segment(source: &Source<'_>) -> Result<Tiling, Stop> {
    let Some(archive) = source.archive()? else {
        let is_empty = source.begins_with(zip::EMPTY)?;
        return Err(if is_empty {
            Stop::beyond("an archive without arrays")
        } else {
            Stop::Unlike
        });
    };
    if !has_arrays(archive) {
        return Err(Stop::beyond("not npz: no array in the zip archive"));
    }
    let mut unread = Unread::default();
    let mut found = Vec::new();
    for (name, member) in archive.members() {
        let tensor = name.strip_suffix(SUFFIX.as_bytes()).unwrap_or(name);
        let Ok(tensor) = std::str::from_utf8(tensor) else {
            unread.add(&quoted(tensor), "its name is not UTF-8");
            continue;
        };
        match read(source.bytes, name, member) {
            Ok(Array { dtype, shape, offset, len }) => {
                found.push(Found { name: tensor.to_owned(), dtype, shape, offset, len });
            }
            Err(Stop::Beyond(why)) => unread.add(tensor, why),
            Err(Stop::Unlike) => unread.add(tensor, NO_ARRAY),
            Err(Stop::Broken(error)) if error.is_read() => return Err(error.into()),
            Err(Stop::Broken(error)) => {
                return Err(broken_member(name, format!("is no array: {error}")).into());
            }
        }
    }
    Ok(tile(source.len, found, unread))
}

fn read(source: &dyn ReadAt, name: &[u8], member: &Member) -> Result<Array, Stop> {
    if !name.ends_with(SUFFIX.as_bytes()) {
        return Err(Stop::beyond(NO_ARRAY));
    }
    if member.packing == Packing::Compressed {
        return Err(Stop::beyond("compressed (savez_compressed)"));
    }
    if let Some(why) = member.unreadable() {
        return Err(Stop::beyond(why));
    }
    if !npy::begins_like(source, member.data, member.end())? {
        return Err(Stop::beyond(NO_ARRAY));
    }
    npy::read(source, member.data, member.end())
}

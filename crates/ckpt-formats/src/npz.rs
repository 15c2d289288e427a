//! The NPZ format: a zip archive of NPY members.
//!
//! A member `NAME.npy` that is stored without compression is the tensor `NAME`, as
//! `numpy.savez` writes it. Compressed members (`numpy.savez_compressed`) and arrays that
//! [NPY](crate::Format::Npy) files keep opaque stay opaque, and the note says so.

mod layout;

pub use layout::{NpzLayout, npz_layout};

use crate::npy::{self, Array};
use crate::stop::{Stop, quoted};
use crate::tile::{Found, Unread, tile};
use crate::zip::{Archive, Member, Packing, broken_member};
use crate::{Format, ReadAt, Segmentation};

/// What the name of an array's member ends in.
const SUFFIX: &str = ".npy";

/// Tells whether an archive has arrays.
pub(crate) fn has_arrays(archive: &Archive) -> bool {
    archive.members().any(|(name, _)| name.ends_with(SUFFIX.as_bytes()))
}

/// Finds the segments of an NPZ file.
pub(crate) fn segment(source: &dyn ReadAt, archive: &Archive) -> Result<Segmentation, Stop> {
    let mut unread = Unread::default();
    let mut found = Vec::new();
    for (name, member) in archive.members() {
        let tensor = name.strip_suffix(SUFFIX.as_bytes()).unwrap_or(name);
        let Ok(tensor) = std::str::from_utf8(tensor) else {
            unread.add(&quoted(tensor), "its name is not UTF-8");
            continue;
        };
        match read(source, name, member) {
            Ok(Array { dtype, shape, offset, len }) => {
                found.push(Found { name: tensor.to_owned(), dtype, shape, offset, len });
            }
            Err(Stop::Beyond(why)) => unread.add(tensor, why),
            Err(Stop::Broken(error)) if error.is_read() => return Err(error.into()),
            Err(Stop::Broken(error)) => {
                return Err(broken_member(name, format!("is no array: {error}")).into());
            }
        }
    }
    Ok(tile(Format::Npz, source.len()?, found, unread))
}

fn read(source: &dyn ReadAt, name: &[u8], member: &Member) -> Result<Array, Stop> {
    if !name.ends_with(SUFFIX.as_bytes()) {
        return Err(Stop::beyond("the member is no NPY file"));
    }
    if member.packing == Packing::Compressed {
        return Err(Stop::beyond("compressed (savez_compressed)"));
    }
    if let Some(why) = member.unreadable() {
        return Err(Stop::beyond(why));
    }
    if !npy::begins_like(source, member.data, member.end())? {
        return Err(Stop::beyond("the member is no NPY file"));
    }
    npy::read(source, member.data, member.end())
}

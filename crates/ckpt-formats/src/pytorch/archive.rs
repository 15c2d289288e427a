//! The members of the archive that matter.

use std::collections::BTreeMap;

use super::MAX_PICKLE;
use crate::ReadAt;
use crate::message::quoted;
use crate::stop::Stop;
use crate::zip::{Archive, Member, broken_member};

/// The pickle below the archive's folder.
const PICKLE: &[u8] = b"/data.pkl";

/// The byte order of the storages.
const BYTE_ORDER: &[u8] = b"/byteorder";

/// The folder of the storages.
const STORAGES: &[u8] = b"/data/";

/// The parts of an archive.
pub(super) struct Parts<'a> {
    pickle: &'a Member,
    /// By their keys.
    storages: BTreeMap<&'a [u8], &'a Member>,
}

/// Tells whether an archive has a pickle where `torch.save` puts it.
pub(super) fn has_pickle(archive: &Archive) -> bool {
    archive.members().any(|(name, _)| folder(name).is_some())
}

/// Gives the folder of a pickle, which is in no other.
fn folder(name: &[u8]) -> Option<&[u8]> {
    name.strip_suffix(PICKLE).filter(|folder| !folder.contains(&b'/'))
}

impl<'a> Parts<'a> {
    /// Finds the parts of an archive whose storages are little-endian.
    pub(super) fn find(source: &dyn ReadAt, archive: &'a Archive) -> Result<Self, Stop> {
        let mut pickles = archive
            .members()
            .filter_map(|(name, member)| folder(name).map(|folder| (folder, member)));
        let (Some((folder, pickle)), None) = (pickles.next(), pickles.next()) else {
            return Err(Stop::beyond("not one data.pkl but several"));
        };
        let below = |(name, member): (&'a [u8], &'a Member)| {
            name.strip_prefix(folder).map(|rest| (rest, member))
        };
        let inside = || archive.members().filter_map(below);
        if let Some((_, member)) = inside().find(|(name, _)| *name == BYTE_ORDER) {
            check_byte_order(source, member)?;
        }
        let key = |(name, member): (&'a [u8], &'a Member)| {
            name.strip_prefix(STORAGES).map(|key| (key, member))
        };
        Ok(Self { pickle, storages: inside().filter_map(key).collect() })
    }

    /// Reads the pickle.
    pub(super) fn pickle(&self, source: &dyn ReadAt) -> Result<Vec<u8>, Stop> {
        let len = self.pickle.len;
        if let Some(why) = self.pickle.unreadable() {
            return Err(Stop::Beyond(format!("data.pkl is {why}")));
        }
        if len > MAX_PICKLE {
            let why = format!("data.pkl has {len} bytes, the most read is {MAX_PICKLE}");
            return Err(Stop::beyond(why));
        }
        let mut bytes = vec![0; len as usize];
        source.read_at(self.pickle.data, &mut bytes)?;
        Ok(bytes)
    }

    /// Gives the storage of a key.
    pub(super) fn storage(&self, key: &[u8]) -> Option<&'a Member> {
        self.storages.get(key).copied()
    }
}

fn check_byte_order(source: &dyn ReadAt, member: &Member) -> Result<(), Stop> {
    if let Some(why) = member.unreadable() {
        return Err(Stop::Beyond(format!("the byte order is {why}")));
    }
    let mut order = [0; 8];
    let len = member.len.min(order.len() as u64) as usize;
    source.read_at(member.data, &mut order[..len])?;
    match &order[..len] {
        b"little" => Ok(()),
        b"big" => Err(Stop::beyond("the storages are big-endian")),
        other => {
            let problem = format!("is `{}`, neither little nor big", quoted(other));
            Err(broken_member(b"byteorder", problem).into())
        }
    }
}

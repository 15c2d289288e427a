//! The JSON of a header, as it stands there: nothing is checked but its structure.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::METADATA_KEY;
use crate::pairs::Pairs;

/// Entries in the order of the header, repeated names included.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) metadata: Vec<(String, String)>,
    pub(super) tensors: Vec<(String, Entry)>,
}

/// A tensor's entry. Keys other than these are ignored, as the safetensors library does.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with dtype, shape and data_offsets")]
pub(super) struct Entry {
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    /// First byte and byte after the last, counted from the header's end.
    pub(super) data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut metadata: Option<Option<Pairs>> = None;
        let mut tensors = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name != METADATA_KEY {
                tensors.push((name, map.next_value()?));
            } else if metadata.replace(map.next_value()?).is_some() {
                return Err(de::Error::duplicate_field(METADATA_KEY));
            }
        }
        let Pairs(metadata) = metadata.flatten().unwrap_or_default();
        Ok(Header { metadata, tensors })
    }
}

//! What the pages of a column claim, looked at before the library takes memory for it.

use parquet::file::metadata::ColumnChunkMetaData;

use super::{FREE, MAX_EXPANSION, thrift::Integers};
use crate::Problem;

/// The fields of a page header, with the field they stand in.
mod field {
    pub(super) const TYPE: (i16, i16) = (0, 1);
    pub(super) const UNCOMPRESSED: (i16, i16) = (0, 2);
    pub(super) const COMPRESSED: (i16, i16) = (0, 3);
    pub(super) const VALUES: (i16, i16) = (5, 1);
    pub(super) const ENCODING: (i16, i16) = (5, 2);
    pub(super) const DICTIONARY_VALUES: (i16, i16) = (7, 1);
    pub(super) const DICTIONARY_ENCODING: (i16, i16) = (7, 2);
    pub(super) const VALUES_V2: (i16, i16) = (8, 1);
    pub(super) const ENCODING_V2: (i16, i16) = (8, 4);
}

/// Encodings whose decoders take no more memory than they are asked for: plain, dictionary (both
/// forms), runs, byte planes.
const ENCODINGS: [i64; 5] = [0, 2, 8, 3, 9];

/// Least bytes of a value in a dictionary: those of an integer, or of the length of a text.
const DICTIONARY_VALUE: i64 = 4;

/// Checks that the pages of a column hold `rows` values and what they say takes a bounded memory.
pub(super) fn check(
    file: &[u8],
    chunk: &ColumnChunkMetaData,
    rows: i64,
    name: &str,
) -> Result<(), Problem> {
    let damaged = || Problem::Pages { column: name.to_owned() };
    let first = chunk.data_page_offset();
    let start = chunk.dictionary_page_offset().map_or(first, |offset| offset.min(first));
    let start = usize::try_from(start).map_err(|_| damaged())?;
    let len = usize::try_from(chunk.compressed_size()).map_err(|_| damaged())?;
    let end = start.checked_add(len).ok_or_else(damaged)?;
    let mut rest = file.get(start..end).ok_or_else(damaged)?;
    let mut values = 0;
    while !rest.is_empty() {
        let (header, len) = Integers::read(rest).ok_or_else(damaged)?;
        values += page(&header, name)?.ok_or_else(damaged)?;
        let body = header.get(field::COMPRESSED.0, field::COMPRESSED.1);
        let body = body.and_then(|len| usize::try_from(len).ok()).ok_or_else(damaged)?;
        rest = rest[len..].get(body..).ok_or_else(damaged)?;
    }
    if values == rows { Ok(()) } else { Err(damaged()) }
}

/// Returns how many rows a page has; none if its header is damaged.
fn page(header: &Integers, name: &str) -> Result<Option<i64>, Problem> {
    let get = |(outer, inner)| header.get(outer, inner);
    let [Some(kind), Some(uncompressed), Some(compressed)] =
        [field::TYPE, field::UNCOMPRESSED, field::COMPRESSED].map(get)
    else {
        return Ok(None);
    };
    let most = (compressed.max(0) as u64).saturating_mul(MAX_EXPANSION).saturating_add(FREE);
    if u64::try_from(uncompressed).is_ok_and(|len| len > most) {
        return Err(Problem::Expands(uncompressed as u64));
    }
    let (values, encoding) = match kind {
        0 => (get(field::VALUES), get(field::ENCODING)),
        2 => (get(field::DICTIONARY_VALUES), get(field::DICTIONARY_ENCODING)),
        3 => (get(field::VALUES_V2), get(field::ENCODING_V2)),
        _ => (None, None),
    };
    let (Some(values @ 0..), Some(encoding)) = (values, encoding) else {
        return Ok(None);
    };
    if !ENCODINGS.contains(&encoding) {
        return Err(Problem::Encoding {
            column: name.to_owned(),
            encoding: encoding_name(encoding),
        });
    }
    if kind != 2 {
        return Ok(Some(values));
    }
    Ok((values <= uncompressed / DICTIONARY_VALUE).then_some(0))
}

const fn encoding_name(encoding: i64) -> &'static str {
    match encoding {
        4 => "BIT_PACKED",
        5 => "DELTA_BINARY_PACKED",
        6 => "DELTA_LENGTH_BYTE_ARRAY",
        7 => "DELTA_BYTE_ARRAY",
        _ => "unknown to this reader",
    }
}

//! The metadata: keys and typed values.

use super::cursor::Cursor;
use crate::message::quoted;
use crate::stop::Stop;

/// The key of the alignment.
const ALIGNMENT: &[u8] = b"general.alignment";

/// The alignment where the metadata has none.
const DEFAULT_ALIGNMENT: u64 = 32;

/// Most arrays in one another; writers nest none.
const MAX_DEPTH: usize = 4;

/// The numbers of value types that matter here.
const U32: u32 = 4;
const TEXT: u32 = 8;
const ARRAY: u32 = 9;

/// Reads past the entries; gives the alignment of the tensors.
pub(super) fn alignment(cursor: &mut Cursor<'_>, entries: u64) -> Result<u64, Stop> {
    let mut alignment = DEFAULT_ALIGNMENT;
    // An entry takes 13 bytes at least: the header's end bounds the loop.
    for _ in 0..entries {
        let key = cursor.text()?;
        let kind = cursor.u32()?;
        if key == ALIGNMENT {
            if kind != U32 {
                return Err(cursor.broken("the alignment is no 32-bit number").into());
            }
            alignment = cursor.u32()?.into();
            if !alignment.is_power_of_two() {
                return Err(cursor.broken("the alignment is no power of two").into());
            }
        } else {
            skip(cursor, kind, 0).map_err(|stop| match stop {
                Stop::Beyond(why) => Stop::Beyond(format!("metadata `{}`: {why}", quoted(&key))),
                other => other,
            })?;
        }
    }
    Ok(alignment)
}

/// Passes over a value.
fn skip(cursor: &mut Cursor<'_>, kind: u32, depth: usize) -> Result<(), Stop> {
    match (kind, width(kind)) {
        (_, Some(width)) => cursor.skip(width),
        (TEXT, None) => {
            let len = cursor.u64()?;
            cursor.skip(len)
        }
        (ARRAY, None) => skip_array(cursor, depth),
        _ => Err(Stop::beyond(format!("values of the unknown type {kind}"))),
    }
}

fn skip_array(cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Stop> {
    if depth == MAX_DEPTH {
        return Err(Stop::beyond("arrays are nested too deeply"));
    }
    let kind = cursor.u32()?;
    let count = cursor.u64()?;
    if let Some(width) = width(kind) {
        return cursor.skip(count.saturating_mul(width));
    }
    // Every other value takes 8 bytes at least: the header's end bounds the loop.
    (0..count).try_for_each(|_| skip(cursor, kind, depth + 1))
}

/// Gives the bytes of a value, if its type alone decides them.
fn width(kind: u32) -> Option<u64> {
    match kind {
        // 8-bit integers, booleans.
        0 | 1 | 7 => Some(1),
        // 16-bit integers.
        2 | 3 => Some(2),
        // 32-bit integers and floats.
        4..=6 => Some(4),
        // 64-bit integers and floats.
        10..=12 => Some(8),
        _ => None,
    }
}

//! zstd frames, with one context of each direction per thread.

use std::cell::RefCell;

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, ResetDirective};

use crate::{CodecError, scratch};

thread_local! {
    // A context costs up to a few hundred kilobytes of setup, which would outweigh small blocks.
    static COMPRESSOR: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
    static DECOMPRESSOR: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

/// How hard zstd looks for repetitions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Search {
    /// Next to not at all: what remains is Huffman coding of single bytes.
    ///
    /// Repetitions found in the exponents of unrelated numbers are chance, and coding them costs
    /// more than it saves: on normally distributed f32 this takes 0.33 of the exponent plane
    /// where level 1 takes 0.38 and level 3 takes 0.42, at three times the speed.
    Nothing,
    /// Long repetitions only: equal rows, unchanged stretches.
    Long,
    /// As the zstd level has it.
    Level(i32),
}

impl Search {
    fn parameters(self) -> &'static [CParameter] {
        use CParameter::{HashLog, MinMatch};
        // The fast strategy of level 1, with the smallest table of positions that zstd allows or
        // one of 1,024, and its longest minimum.
        match self {
            Self::Nothing => &[HashLog(6), MinMatch(7)],
            Self::Long => &[HashLog(10), MinMatch(7)],
            Self::Level(_) => &[],
        }
    }

    fn level(self) -> i32 {
        match self {
            Self::Nothing | Self::Long => 1,
            Self::Level(level) => level,
        }
    }
}

/// Appends a frame of `content` to `out` if it takes at most `limit` bytes.
///
/// Returns the frame's length; with `None`, `out` is as before.
pub(crate) fn append(
    out: &mut Vec<u8>,
    content: &[u8],
    search: Search,
    limit: usize,
) -> Option<usize> {
    let start = out.len();
    out.resize(start + limit, 0);
    // With valid parameters the only error here is a full buffer: the frame is no gain.
    let written = COMPRESSOR
        .with_borrow_mut(|context| compress(context, content, search, &mut out[start..]))
        .ok();
    out.truncate(start + written.unwrap_or(0));
    written
}

/// Runs of bytes that tell whether content repeats itself, and how many: together a quarter of a
/// plane of f32, in which rows of 16,384 elements can be seen.
const PROBE: (usize, usize) = (16 << 10, 4);

/// Whether a search promises a frame of at most `limit` bytes, as far as runs of the content tell.
///
/// Most planes of weights have no repetitions, and to find that out takes longer than all else.
pub(crate) fn promises(content: &[u8], search: Search, limit: usize) -> bool {
    let (run, runs) = PROBE;
    if content.len() <= run * runs {
        return true;
    }
    let parts = content.chunks(content.len() / runs).take(runs);
    let probe: Vec<u8> = parts.flat_map(|part| &part[..run]).copied().collect();
    // At most 2^20 times 2^16: 64 bits, where usize may have 32.
    let limit = limit as u64 * probe.len() as u64 / content.len() as u64;
    append(&mut Vec::new(), &probe, search, limit as usize).is_some()
}

fn compress(
    context: &mut CCtx<'_>,
    content: &[u8],
    search: Search,
    out: &mut [u8],
) -> Result<usize, usize> {
    context.reset(ResetDirective::SessionAndParameters)?;
    context.set_parameter(CParameter::CompressionLevel(search.level()))?;
    for &parameter in search.parameters() {
        context.set_parameter(parameter)?;
    }
    context.compress2(out, content)
}

/// Decodes exactly one frame of known content length in place of what a buffer holds.
pub(crate) fn read_into(
    frame: &[u8],
    raw_len: usize,
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    check(frame, raw_len)?;
    scratch::resize(block, raw_len);
    read(frame, block)
}

/// Decodes exactly one frame into exactly `out`.
pub(crate) fn read(frame: &[u8], out: &mut [u8]) -> Result<(), CodecError> {
    check(frame, out.len())?;
    let expected = out.len();
    match DECOMPRESSOR.with_borrow_mut(|context| context.decompress(out, frame)) {
        Ok(written) if written == expected => Ok(()),
        _ => Err(CodecError::Frame { expected }),
    }
}

/// Checks that the bytes are one frame, which claims to decode to a length.
fn check(frame: &[u8], expected: usize) -> Result<(), CodecError> {
    let alone = zstd_safe::find_frame_compressed_size(frame) == Ok(frame.len());
    let stated = zstd_safe::get_frame_content_size(frame);
    let fits = alone && matches!(stated, Ok(Some(len)) if len == expected as u64);
    if fits { Ok(()) } else { Err(CodecError::Frame { expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// zstd allocates beside Rust's allocator: its contexts tell their size.
    #[test]
    fn decompression_needs_no_more_than_a_context() {
        let content: Vec<u8> = (0..1 << 22).map(|i: u32| (i / 100 * 7) as u8).collect();
        for level in [1, 12] {
            let mut frame = Vec::new();
            let search = Search::Level(level);
            append(&mut frame, &content, search, content.len()).expect("it repeats itself");
            let mut out = vec![0; content.len()];
            assert_eq!(read(&frame, &mut out), Ok(()));
            assert!(out == content);
            for at in 0..200 {
                let mut damaged = frame.clone();
                damaged[at] ^= 0x55;
                let _ = read(&damaged, &mut out);
            }
            let size = DECOMPRESSOR.with_borrow(DCtx::sizeof);
            assert!(size < 256 << 10, "{size}");
        }
    }
}

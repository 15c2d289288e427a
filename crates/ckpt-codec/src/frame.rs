//! zstd frames, with one context of each direction per thread.

use std::cell::RefCell;

use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, ResetDirective};

use crate::CodecError;

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

/// Decodes exactly one frame into exactly `out`.
pub(crate) fn read(frame: &[u8], out: &mut [u8]) -> Result<(), CodecError> {
    let damaged = CodecError::Frame { expected: out.len() };
    let alone = zstd_safe::find_frame_compressed_size(frame) == Ok(frame.len());
    let stated = zstd_safe::get_frame_content_size(frame);
    if !alone || !matches!(stated, Ok(Some(len)) if len == out.len() as u64) {
        return Err(damaged);
    }
    let expected = out.len();
    match DECOMPRESSOR.with_borrow_mut(|context| context.decompress(out, frame)) {
        Ok(written) if written == expected => Ok(()),
        _ => Err(damaged),
    }
}

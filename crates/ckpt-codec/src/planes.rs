//! The byte plane encoding.

use crate::frame::{self, Search};
use crate::input::Input;
use crate::integers::Word;
use crate::layout::{Effort, Encoding, Layout};
use crate::simd::with_best;
use crate::transpose::{self, Elements, Join};
use crate::{CodecError, entropy, scratch};

/// The plane repeats one byte, which follows.
const CONSTANT: u8 = 0;
/// The plane follows as it is.
const PLAIN: u8 = 1;
/// The length of a zstd frame and the frame follow.
const COMPRESSED: u8 = 2;

/// Encodes a block as byte planes; `None` if that takes no fewer bytes than the block.
pub(crate) fn encode(block: &[u8], layout: Layout, effort: Effort) -> Option<Vec<u8>> {
    match layout.width() {
        2 => encode_width::<u16, 2>(block, layout, effort),
        4 => encode_width::<u32, 4>(block, layout, effort),
        8 => encode_width::<u64, 8>(block, layout, effort),
        _ => None,
    }
}

fn encode_width<T: Word<N>, const N: usize>(
    block: &[u8],
    layout: Layout,
    effort: Effort,
) -> Option<Vec<u8>> {
    let (elements, tail) = block.as_chunks::<N>();
    if elements.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(block.len());
    scratch::with(N * elements.len(), |planes| {
        let source = Elements { elements, rotate: layout.has_sign_bit() };
        transpose::split::<T, N>(&source, planes);
        for plane in planes.chunks_exact(elements.len()) {
            append_plane(&mut out, plane, layout, effort);
        }
    });
    out.extend_from_slice(tail);
    out.shrink_to_fit();
    (out.len() < block.len()).then_some(out)
}

/// Appends a plane with its mode byte, of a layout of any width.
pub(crate) fn append_plane(out: &mut Vec<u8>, plane: &[u8], layout: Layout, effort: Effort) {
    // A string that is the same one byte further repeats that byte.
    if plane[1..] == plane[..plane.len() - 1] {
        out.extend_from_slice(&[CONSTANT, plane[0]]);
        return;
    }
    let random = entropy::looks_random(plane);
    // Of what looks random, long repetitions are all that can be found.
    let searches = if random { Effort::Default } else { effort }.searches(layout);
    let hopeless = random && !effort.tries_everything();
    if hopeless || !append_compressed(out, plane, searches) {
        out.push(PLAIN);
        out.extend_from_slice(plane);
    }
}

/// Appends the plane compressed if that is shorter than as it is.
fn append_compressed(out: &mut Vec<u8>, plane: &[u8], searches: &[Search]) -> bool {
    let start = out.len();
    let frame = start + 5;
    // The length costs 4 bytes more than the plain mode, and a tie is no gain.
    let mut limit = plane.len().saturating_sub(5);
    out.extend_from_slice(&[COMPRESSED, 0, 0, 0, 0]);
    for (i, &search) in searches.iter().enumerate() {
        if i > 0 && !frame::promises(plane, search, limit) {
            continue;
        }
        let best = out.len();
        if let Some(written) = frame::append(out, plane, search, limit) {
            out.drain(frame..best);
            limit = written.saturating_sub(1);
        }
    }
    let written = u32::try_from(out.len() - frame).expect("a plane is shorter than a block");
    if written == 0 {
        out.truncate(start);
        return false;
    }
    out[start + 1..frame].copy_from_slice(&written.to_le_bytes());
    true
}

/// Decodes byte planes in place of what a buffer holds.
pub(crate) fn decode(
    bytes: &[u8],
    raw_len: usize,
    layout: Layout,
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    match layout.width() {
        2 => decode_width::<u16, 2>(bytes, raw_len, layout, block),
        4 => decode_width::<u32, 4>(bytes, raw_len, layout, block),
        8 => decode_width::<u64, 8>(bytes, raw_len, layout, block),
        _ => Err(CodecError::NoPlanes),
    }
}

fn decode_width<T: Word<N>, const N: usize>(
    bytes: &[u8],
    raw_len: usize,
    layout: Layout,
    block: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let mut input = Input::new(bytes, Encoding::Planes);
    let stored = Stored::<N>::read(&mut input, raw_len / N)?;
    let tail = input.take(raw_len % N)?;
    input.finish()?;
    scratch::resize(block, raw_len);
    let (elements, end) = block.as_chunks_mut();
    end.copy_from_slice(tail);
    stored.decode::<T>(layout.has_sign_bit(), elements)
}

/// Planes of elements of `N` bytes, as they are stored.
pub(crate) struct Stored<'a, const N: usize>([Plane<'a>; N]);

/// A plane that [`append_plane`] appended.
#[derive(Clone, Copy)]
enum Plane<'a> {
    Constant(u8),
    Plain(&'a [u8]),
    Compressed(&'a [u8]),
}

impl<'a> Plane<'a> {
    fn read(input: &mut Input<'a>, len: usize) -> Result<Self, CodecError> {
        Ok(match input.byte()? {
            CONSTANT => Self::Constant(input.byte()?),
            PLAIN => Self::Plain(input.take(len)?),
            COMPRESSED => {
                let frame = input.length()?;
                Self::Compressed(input.take(frame)?)
            }
            mode => return Err(CodecError::UnknownPlaneMode(mode)),
        })
    }
}

impl<'a, const N: usize> Stored<'a, N> {
    /// Reads the planes of `len` elements; no elements have no planes.
    pub(crate) fn read(input: &mut Input<'a>, len: usize) -> Result<Self, CodecError> {
        let mut planes = [Plane::Constant(0); N];
        if len > 0 {
            for plane in &mut planes {
                *plane = Plane::read(input, len)?;
            }
        }
        Ok(Self(planes))
    }

    /// Decodes the planes into elements, whatever these hold before.
    ///
    /// Frames are decoded to one buffer, of the size of a plane, in turn.
    pub(crate) fn decode<T: Word<N>>(
        &self,
        rotated: bool,
        elements: &mut [[u8; N]],
    ) -> Result<(), CodecError> {
        if let ([Plane::Compressed(frame)], false) = (&self.0[..], rotated) {
            return frame::read(frame, elements.as_flattened_mut());
        }
        let (mut constant, mut plain, mut done) = (T::truncate(0), [&[][..]; N], false);
        for (k, &plane) in self.0.iter().enumerate() {
            match plane {
                Plane::Constant(byte) => constant = constant.with_byte(k, byte),
                Plane::Plain(bytes) => plain[k] = bytes,
                Plane::Compressed(_) => {}
            }
        }
        let frames = self.0.iter().enumerate().filter_map(|(k, plane)| match plane {
            Plane::Compressed(frame) => Some((k, frame)),
            _ => None,
        });
        for (k, frame) in frames {
            scratch::with(elements.len(), |plane| {
                frame::read(frame, plane)?;
                // The first brings all planes that need no buffer along.
                let mut planes = if done { [&[][..]; N] } else { plain };
                planes[k] = plane;
                with_best(Join { planes, constant, rotated, add: done, elements: &mut *elements });
                Ok(())
            })?;
            (constant, done) = (T::truncate(0), true);
        }
        if !done {
            with_best(Join { planes: plain, constant, rotated, add: false, elements });
        }
        Ok(())
    }
}

//! The byte plane encoding.

use crate::frame;
use crate::layout::{Effort, Encoding, Layout};
use crate::{CodecError, entropy, transpose};

/// The plane repeats one byte, which follows.
const CONSTANT: u8 = 0;
/// The plane follows as it is.
const PLAIN: u8 = 1;
/// The length of a zstd frame and the frame follow.
const COMPRESSED: u8 = 2;

/// Encodes a block as byte planes; `None` if that takes no fewer bytes than the block.
pub(crate) fn encode(block: &[u8], layout: Layout, effort: Effort) -> Option<Vec<u8>> {
    let len = block.len() / layout.width();
    if len == 0 || !layout.has_planes() {
        return None;
    }
    let (whole, tail) = block.split_at(len * layout.width());
    let planes = split(whole, layout);
    let mut out = Vec::with_capacity(block.len());
    for plane in planes.chunks_exact(len) {
        append_plane(&mut out, plane, effort);
    }
    out.extend_from_slice(tail);
    out.shrink_to_fit();
    (out.len() < block.len()).then_some(out)
}

fn append_plane(out: &mut Vec<u8>, plane: &[u8], effort: Effort) {
    if plane.iter().all(|&byte| byte == plane[0]) {
        out.extend_from_slice(&[CONSTANT, plane[0]]);
        return;
    }
    let hopeless = !effort.tries_everything() && entropy::looks_random(plane);
    if hopeless || !append_compressed(out, plane, effort) {
        out.push(PLAIN);
        out.extend_from_slice(plane);
    }
}

/// Appends the plane compressed if that is shorter than as it is.
fn append_compressed(out: &mut Vec<u8>, plane: &[u8], effort: Effort) -> bool {
    let start = out.len();
    let frame = start + 5;
    // The length costs 4 bytes more than the plain mode, and a tie is no gain.
    let mut limit = plane.len().saturating_sub(5);
    out.extend_from_slice(&[COMPRESSED, 0, 0, 0, 0]);
    for &search in effort.plane_searches() {
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

/// Decodes byte planes into exactly `out`.
pub(crate) fn decode(bytes: &[u8], layout: Layout, out: &mut [u8]) -> Result<(), CodecError> {
    if !layout.has_planes() {
        return Err(CodecError::NoPlanes);
    }
    let len = out.len() / layout.width();
    let (whole, tail) = out.split_at_mut(len * layout.width());
    let mut planes = vec![0; whole.len()];
    let mut input = Input(bytes);
    for plane in planes.chunks_exact_mut(len.max(1)) {
        read_plane(&mut input, plane)?;
    }
    tail.copy_from_slice(input.take(tail.len())?);
    input.finish()?;
    join(&planes, layout, whole);
    Ok(())
}

fn read_plane(input: &mut Input<'_>, plane: &mut [u8]) -> Result<(), CodecError> {
    match input.take_array::<1>()? {
        [CONSTANT] => {
            let [byte] = input.take_array()?;
            plane.fill(byte);
        }
        [PLAIN] => plane.copy_from_slice(input.take(plane.len())?),
        [COMPRESSED] => {
            let len = u32::from_le_bytes(input.take_array()?);
            // Where usize has fewer than 32 bits, no input can be that long.
            let len = usize::try_from(len).map_err(|_| Input::TRUNCATED)?;
            frame::read(input.take(len)?, plane)?;
        }
        [mode] => return Err(CodecError::UnknownPlaneMode(mode)),
    }
    Ok(())
}

fn split(whole: &[u8], layout: Layout) -> Vec<u8> {
    let (mut planes, rotate) = (vec![0; whole.len()], layout.has_sign_bit());
    match layout.width() {
        2 => transpose::split::<2>(whole.as_chunks().0, rotate, &mut planes),
        4 => transpose::split::<4>(whole.as_chunks().0, rotate, &mut planes),
        8 => transpose::split::<8>(whole.as_chunks().0, rotate, &mut planes),
        width => unreachable!("no dtype has elements of {width} bytes"),
    }
    planes
}

fn join(planes: &[u8], layout: Layout, whole: &mut [u8]) {
    let rotated = layout.has_sign_bit();
    match layout.width() {
        2 => transpose::join::<2>(planes, rotated, whole.as_chunks_mut().0),
        4 => transpose::join::<4>(planes, rotated, whole.as_chunks_mut().0),
        8 => transpose::join::<8>(planes, rotated, whole.as_chunks_mut().0),
        width => unreachable!("no dtype has elements of {width} bytes"),
    }
}

/// Encoded bytes that are still to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    const TRUNCATED: CodecError = CodecError::Truncated(Encoding::Planes);

    fn take(&mut self, len: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Self::TRUNCATED)?;
        self.0 = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Self::TRUNCATED)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn finish(self) -> Result<(), CodecError> {
        match self.0.len() {
            0 => Ok(()),
            extra => Err(CodecError::TrailingBytes { encoding: Encoding::Planes, extra }),
        }
    }
}

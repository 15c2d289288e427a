//! The byte plane encoding.

use crate::frame::{self, Search};
use crate::input::Input;
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
        append_plane(&mut out, plane, layout, effort);
    }
    out.extend_from_slice(tail);
    out.shrink_to_fit();
    (out.len() < block.len()).then_some(out)
}

/// Appends a plane with its mode byte, of a layout of any width.
pub(crate) fn append_plane(out: &mut Vec<u8>, plane: &[u8], layout: Layout, effort: Effort) {
    if plane.iter().all(|&byte| byte == plane[0]) {
        out.extend_from_slice(&[CONSTANT, plane[0]]);
        return;
    }
    let hopeless = !effort.tries_everything() && entropy::looks_random(plane);
    if hopeless || !append_compressed(out, plane, effort.searches(layout)) {
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
    for &search in searches {
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
    let mut input = Input::new(bytes, Encoding::Planes);
    for plane in planes.chunks_exact_mut(len.max(1)) {
        read_plane(&mut input, plane)?;
    }
    tail.copy_from_slice(input.take(tail.len())?);
    input.finish()?;
    join(&planes, layout, whole);
    Ok(())
}

/// Reads a plane that [`append_plane`] appended.
pub(crate) fn read_plane(input: &mut Input<'_>, plane: &mut [u8]) -> Result<(), CodecError> {
    match input.byte()? {
        CONSTANT => plane.fill(input.byte()?),
        PLAIN => plane.copy_from_slice(input.take(plane.len())?),
        COMPRESSED => {
            let len = input.length()?;
            frame::read(input.take(len)?, plane)?;
        }
        mode => return Err(CodecError::UnknownPlaneMode(mode)),
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

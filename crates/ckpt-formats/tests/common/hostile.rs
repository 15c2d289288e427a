//! Reading of bytes that nobody vouches for, as mutation tests and fuzzers drive it.

use ckpt_formats::{Format, FormatError, Segment, segment, segment_as};

/// Finds the segments of a file; tells whether it has tensors.
///
/// # Panics
/// If the segments do not tile the file, or are no tensors where they say so.
pub(crate) fn segments(input: &[u8]) -> bool {
    let found = segment(&input).expect("bytes in memory can be read");
    let mut end = 0;
    for segment in &found.segments {
        assert_eq!(segment.offset(), end);
        end += segment.byte_len();
        if let Segment::Tensor { dtype, shape, len, .. } = segment {
            assert_eq!(shape.byte_len(*dtype).expect("a tensor that there is"), *len);
        }
    }
    assert_eq!(end, input.len() as u64);
    match segment_as(Format::Safetensors, &input) {
        Ok(claimed) if input[8] == b'{' => assert_eq!(claimed, found),
        Err(FormatError::Read(error)) => panic!("bytes in memory can be read: {error}"),
        // White space before the brace is read where it is claimed, and not recognised otherwise.
        Ok(_) => assert_eq!(found.reader, "opaque"),
        Err(_) => assert!(found.segments.len() <= 1),
    }
    found.note.is_none()
}

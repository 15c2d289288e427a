//! Reading of bytes that nobody vouches for, as mutation tests and fuzzers drive it.

use ckpt_formats::{Format, FormatError, Segment, Segmentation, segment, segment_as};

/// Finds the segments of a file, also as each format that it may claim; tells whether all of it
/// was understood.
///
/// # Panics
/// If the segments do not tile the file, or are no tensors where they say so.
pub(crate) fn segments(input: &[u8]) -> bool {
    let found = segment(&input).expect("bytes in memory can be read");
    check(&found, input);
    for &format in Format::ALL {
        match segment_as(format, &input) {
            Err(FormatError::Read(error)) => panic!("bytes in memory can be read: {error}"),
            Err(error) => {
                assert!(error.to_string().len() <= 2500, "{error}");
                assert!(found.reader != format.name() || found.segments.len() <= 1);
            }
            Ok(claimed) => {
                check(&claimed, input);
                assert_eq!(claimed.reader, format.name());
                if found.reader == format.name() {
                    assert_eq!(claimed, found);
                }
            }
        }
    }
    found.note.is_none()
}

fn check(found: &Segmentation, input: &[u8]) {
    let mut end = 0;
    for segment in &found.segments {
        assert_eq!(segment.offset(), end);
        end += segment.byte_len();
        if let Segment::Tensor { dtype, shape, len, .. } = segment {
            assert_eq!(shape.byte_len(*dtype).expect("a tensor that there is"), *len);
        }
    }
    assert_eq!(end, input.len() as u64);
    for tied in &found.tied {
        let len = tied.shape.byte_len(tied.dtype).expect("a tensor that there is");
        let segment = &found.segments[tied.segment];
        assert!(matches!(segment, Segment::Tensor { len: same, .. } if *same == len));
    }
    let note = found.note.as_deref().unwrap_or_default();
    assert!(note.len() <= 2500 && !note.contains(char::is_control), "{note}");
}

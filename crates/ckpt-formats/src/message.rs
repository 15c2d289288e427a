//! What of a file's own text may stand in messages.

use std::fmt::Display;

use ckpt_tensor::{Shape, TensorError};

/// Longest piece of a file's own text, in bytes, that a message repeats.
const MAX_QUOTED: usize = 120;

/// Longest note, or part of a message, that a message of an error becomes, in bytes.
const MAX_NOTE: usize = 400;

/// Most extents of a shape that a message repeats. Shapes that are meant have fewer.
const MAX_TOLD: usize = 8;

/// Makes a piece of a file's own text fit to stand in a message: on one line, not too long.
pub(crate) fn quoted(text: &[u8]) -> String {
    one_line(text, MAX_QUOTED)
}

/// Makes the message of an error fit to be a note, or a part of another message: some repeat a
/// file's text as it is.
pub(crate) fn shortened(error: &impl Display) -> String {
    one_line(error.to_string().as_bytes(), MAX_NOTE)
}

/// Tells what is wrong with a tensor, without all of a name or shape beyond measure.
pub(crate) fn described(problem: &TensorError) -> String {
    let message = problem.to_string();
    match problem {
        TensorError::UnknownDtype(name) => {
            TensorError::UnknownDtype(quoted(name.as_bytes())).to_string()
        }
        TensorError::Overflow(shape) | TensorError::PartialByte { shape, .. } => {
            match shape.dims().get(..=MAX_TOLD) {
                Some([told @ .., _]) => message.replace(&shape.to_string(), &first(told, shape)),
                _ => message,
            }
        }
        _ => message,
    }
}

/// Writes the first extents of a shape.
fn first(told: &[u64], shape: &Shape) -> String {
    let told: Vec<String> = told.iter().map(u64::to_string).collect();
    format!("[{}, ..., {} extents]", told.join(", "), shape.dims().len())
}

fn one_line(text: &[u8], most: usize) -> String {
    let mut line = String::new();
    for letter in String::from_utf8_lossy(&text[..text.len().min(most)]).chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    if text.len() > most {
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_repeats_is_one_short_line() {
        assert_eq!(quoted("größe \"q\"".as_bytes()), "größe \"q\"");
        assert_eq!(quoted(b"a\nb\x1b[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(quoted(&[b'x'; 200]).len(), 123);
        assert_eq!(quoted(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn shapes_in_messages_have_eight_extents() {
        let shape = |rank: usize| TensorError::Overflow(vec![u64::MAX / 2; rank].into());
        assert_eq!(described(&shape(8)), shape(8).to_string());
        let shape = Shape::from((1..=200_000).collect::<Vec<u64>>());
        let cut = "[1, 2, 3, 4, 5, 6, 7, 8, ..., 200000 extents]";
        let overflow = described(&TensorError::Overflow(shape.clone()));
        assert_eq!(overflow, format!("size of shape {cut} overflows"));
        let dtype = ckpt_tensor::Dtype::F6E2M3;
        let partial = described(&TensorError::PartialByte { shape, dtype });
        assert!(partial.starts_with(&format!("shape {cut} of ")), "{partial}");
        let unknown = described(&TensorError::UnknownDtype("x\n".repeat(1000)));
        assert!(unknown.starts_with("unknown dtype `x\\nx\\n"), "{unknown}");
        assert!(unknown.len() < 250, "{unknown}");
    }
}

//! Buffers that are used again, as fresh memory costs a page fault every 4 KiB.

use std::cell::Cell;

use crate::MAX_BLOCK;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends `len` bytes of any content.
///
/// A thread keeps at most [`MAX_BLOCK`]: what a record needs beyond that is given back.
pub(crate) fn with<R>(len: usize, run: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = KEPT.take();
    if buffer.len() < len {
        resize(&mut buffer, len);
    }
    let result = run(&mut buffer[..len]);
    if buffer.len() <= MAX_BLOCK {
        KEPT.set(buffer);
    }
    result
}

/// Gives a buffer a length, its content being of no interest, and never more capacity than that.
pub(crate) fn resize(buffer: &mut Vec<u8>, len: usize) {
    if buffer.capacity() < len {
        // First the old one goes, then the new one comes: never both.
        *buffer = Vec::new();
        *buffer = vec![0; len];
    } else {
        buffer.resize(len, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_kept_and_more_is_not() {
        let place = |len| with(len, |buffer| buffer.as_ptr());
        let kept = place(MAX_BLOCK);
        assert_eq!(place(5), kept);
        with(MAX_BLOCK + 1, |buffer| buffer.fill(1));
        assert!(KEPT.take().is_empty());
    }

    #[test]
    fn buffers_may_be_lent_at_once() {
        with(10, |outer| {
            outer.fill(1);
            with(20, |inner| inner.fill(2));
            assert_eq!(outer, [1; 10]);
        });
    }
}

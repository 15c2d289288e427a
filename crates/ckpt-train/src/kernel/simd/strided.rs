//! Rows that are read in full vectors, checked once for all of them.

/// `ROWS` rows of one slice, of each of which some values may be read.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, T, const ROWS: usize> {
    values: &'a [T],
    width: usize,
    length: usize,
}

impl<'a, T, const ROWS: usize> Strided<'a, T, ROWS> {
    /// Takes rows of `width` values of which `length` may be read, beyond the row's end too.
    ///
    /// # Panics
    /// If what may be read of the last row leaves the slice.
    #[inline(always)]
    pub(crate) fn new(values: &'a [T], width: usize, length: usize) -> Self {
        assert!(values.len() >= Self::span(width, length));
        Self { values, width, length }
    }

    /// How many values there must be.
    #[inline(always)]
    pub(crate) fn span(width: usize, length: usize) -> usize {
        (ROWS - 1).checked_mul(width).and_then(|start| start.checked_add(length)).expect("fits")
    }

    /// What may be read of a row.
    #[inline(always)]
    pub(crate) fn row(&self, index: usize) -> &'a [T] {
        assert!(index < ROWS);
        let start = index * self.width;
        // SAFETY: `new` has asked whether `length` values follow where the last row starts, and no
        // row starts later.
        unsafe { self.values.get_unchecked(start..start + self.length) }
    }
}

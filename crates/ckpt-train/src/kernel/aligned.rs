//! Buffers whose logical vectors do not straddle cache lines.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of a logical vector.
const LINE: usize = 64;

/// Values that start where a cache line does; a vector that lies in two is read and written at half
/// the speed.
#[derive(Debug, Default)]
pub(crate) struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// Makes a buffer of zeros.
    pub(crate) fn zeros(length: usize) -> Self {
        let values = vec![T::default(); length + LINE / size_of::<T>()];
        let start = values.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
        Self { values, start, length }
    }

    /// Becomes a copy of `values`.
    pub(crate) fn copy(&mut self, values: &[T]) {
        if self.length != values.len() {
            *self = Self::zeros(values.len());
        }
        self.copy_from_slice(values);
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.length]
    }
}

impl<T: Clone> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut values = self.values.clone();
        let start = values.as_ptr().align_offset(LINE).min(values.len() - self.length);
        values.rotate_left(self.start);
        values.rotate_right(start);
        Self { values, start, length: self.length }
    }
}

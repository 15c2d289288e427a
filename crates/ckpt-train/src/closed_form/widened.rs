//! Rows of any type as rows of f64.

use std::io;
use std::ops::Range;

use crate::kernel::{RowSource, Rows};
use crate::real::Real;

/// Gives rows as f64: as they are, or converted block by block whenever they are read.
pub(super) fn in_f64<T: Real, R>(
    rows: Rows<'_, T>,
    use_rows: impl FnOnce(Rows<'_, f64>) -> R,
) -> R {
    if let Some(rows) = T::as_f64(rows) {
        return use_rows(rows);
    }
    let wide = |values: &[T]| values.iter().map(|value| value.to_f64()).collect::<Vec<_>>();
    let (y, weight) = (wide(rows.y), rows.weight.map(wide));
    let widened = Widened(rows);
    use_rows(Rows::stored(&widened, 0, &y, rows.width).weighted(weight.as_deref()))
}

struct Widened<'a, T>(Rows<'a, T>);

impl<T: Real> RowSource<f64> for Widened<'_, T> {
    fn read(&self, range: Range<usize>, into: &mut [f64]) -> io::Result<()> {
        let mut buffer = Vec::new();
        let block = self.0.block(range, &mut buffer)?;
        for (wide, value) in into.iter_mut().zip(block.x) {
            *wide = value.to_f64();
        }
        Ok(())
    }
}

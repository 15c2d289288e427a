//! Rows in another order, with little memory.
//!
//! The new file is divided into parts that fit into memory. A first pass reads the rows in their
//! old order and appends each to its part, so that parts are right but for the order within them. A
//! second pass reads one part after another and writes it back in order. Rows of a part stand in it
//! by their old places, so nothing about them needs to be kept.

use std::{fs::File, io, path::Path};

use super::{NpyRows, position};
use crate::DataError;

/// Bytes of memory for a part, and again for what waits to be written to all parts.
pub(super) const MEMORY: usize = 64 << 20;

/// Most bytes that wait for a part: more does not make writing faster.
const MOST_WAITING: usize = 256 << 10;

/// Stands for the part of a row that is left out.
const NO_PART: u32 = u32::MAX;

/// Rearranges the rows, of which it takes some columns. Each piece of rows with those columns alone,
/// little-endian, is shown to `check` first, with its first row.
pub(super) fn rearrange(
    from: &NpyRows,
    order: &[usize],
    columns: &[usize],
    folder: &Path,
    memory: usize,
    check: impl FnMut(usize, &[u8]) -> Result<(), DataError>,
) -> Result<NpyRows, DataError> {
    assert!(!order.is_empty(), "an order of no rows");
    let name = format!("a temporary file in {}", folder.display());
    let failed = |source| DataError::write(&name, source);
    let file = tempfile::tempfile_in(folder).map_err(failed)?;
    let row_bytes = columns.len() * from.width.bytes();
    let parts = Parts::new(from.rows, order, row_bytes, memory);
    parts.scatter(from, columns, &file, failed, check)?;
    parts.sort(&file).map_err(failed)?;
    Ok(NpyRows {
        file,
        start: 0,
        shape: match from.shape.len() {
            1 => vec![order.len() as u64],
            _ => vec![order.len() as u64, columns.len() as u64],
        },
        rows: order.len(),
        columns: columns.len(),
        width: from.width,
        is_big_endian: false,
        name,
    })
}

/// How the new file is divided.
struct Parts<'a> {
    order: &'a [usize],
    /// The part of each old row.
    part_of: Vec<u32>,
    row_bytes: usize,
    /// Rows of each part but the last.
    rows: usize,
    /// Bytes that may wait for a part: whole rows.
    waiting: usize,
}

impl<'a> Parts<'a> {
    fn new(old_rows: usize, order: &'a [usize], row_bytes: usize, memory: usize) -> Self {
        // So many parts at most that their numbers fit and a row of each can wait.
        let rows = (memory / row_bytes).max(1).max(order.len() / (NO_PART as usize - 1) + 1);
        let mut part_of = vec![NO_PART; old_rows];
        for (part, of_part) in order.chunks(rows).enumerate() {
            for old in of_part {
                assert_eq!(part_of[*old], NO_PART, "row {old} is in the order twice");
                part_of[*old] = part as u32;
            }
        }
        let share = (memory / order.len().div_ceil(rows)).min(MOST_WAITING);
        let waiting = (share / row_bytes).max(1) * row_bytes;
        Self { order, part_of, row_bytes, rows, waiting }
    }

    fn start(&self, part: usize) -> u64 {
        part as u64 * self.rows as u64 * self.row_bytes as u64
    }

    /// Appends each row to its part.
    fn scatter(
        &self,
        from: &NpyRows,
        columns: &[usize],
        file: &File,
        failed: impl Fn(io::Error) -> DataError,
        mut check: impl FnMut(usize, &[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let count = self.order.len().div_ceil(self.rows);
        let mut parts: Vec<Part> =
            (0..count).map(|part| Part { next: self.start(part), waiting: Vec::new() }).collect();
        let is_whole = columns.iter().copied().eq(0..from.columns);
        let mut taken = Vec::new();
        from.pieces(0..from.rows, |first, bytes| {
            let bytes =
                if is_whole { bytes } else { from.take_columns(bytes, columns, &mut taken) };
            check(first, bytes)?;
            for (row, bytes) in bytes.chunks_exact(self.row_bytes).enumerate() {
                let part = self.part_of[first + row];
                if part == NO_PART {
                    continue;
                }
                let part = &mut parts[part as usize];
                part.waiting.extend_from_slice(bytes);
                if part.waiting.len() >= self.waiting {
                    part.flush(file).map_err(&failed)?;
                }
            }
            Ok(())
        })?;
        parts.iter_mut().try_for_each(|part| part.flush(file)).map_err(failed)
    }

    /// Puts the rows of each part in order.
    fn sort(&self, file: &File) -> io::Result<()> {
        let most = self.rows.min(self.order.len()) * self.row_bytes;
        let (mut old, mut new) = (vec![0; most], vec![0; most]);
        for (part, order) in self.order.chunks(self.rows).enumerate() {
            let len = order.len() * self.row_bytes;
            let (old, new) = (&mut old[..len], &mut new[..len]);
            position::read_exact(file, old, self.start(part))?;
            let mut places: Vec<usize> = (0..order.len()).collect();
            places.sort_unstable_by_key(|place| order[*place]);
            for (row, place) in old.chunks_exact(self.row_bytes).zip(places) {
                new[place * self.row_bytes..][..self.row_bytes].copy_from_slice(row);
            }
            position::write_all(file, new, self.start(part))?;
        }
        Ok(())
    }
}

/// A part while rows are appended to it.
struct Part {
    /// Where the next bytes go to.
    next: u64,
    waiting: Vec<u8>,
}

impl Part {
    fn flush(&mut self, file: &File) -> io::Result<()> {
        position::write_all(file, &self.waiting, self.next)?;
        self.next += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn parts_of_any_size_give_the_same_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let x = Array2::from_shape_fn((1000, 3), |(row, column)| (row * 3 + column) as f32);
        ndarray_npy::write_npy(&path, &x).unwrap();
        let from = NpyRows::open(&path).unwrap();
        // 7 and 1000 have no common divisor: every row but the last, in leaps.
        let order: Vec<usize> = (0..999).map(|index| index * 7 % 1000).collect();
        let expected: Vec<f32> = order.iter().flat_map(|row| x.row(*row).to_vec()).collect();
        for memory in [1, 12, 100, 5000, 11_987, 1 << 20] {
            let new =
                rearrange(&from, &order, &[0, 1, 2], folder.path(), memory, |_, _| Ok(())).unwrap();
            let mut values = vec![0_f32; expected.len()];
            new.read(0..999, &mut values).unwrap();
            assert_eq!(values, expected, "{memory}");
            let some = rearrange(&from, &order, &[0, 2], folder.path(), memory, |_, _| Ok(()));
            let mut values = vec![0_f32; 2 * 999];
            some.unwrap().read(0..999, &mut values).unwrap();
            assert!(values.iter().eq(expected.chunks(3).flat_map(|row| [&row[0], &row[2]])));
        }
    }
}

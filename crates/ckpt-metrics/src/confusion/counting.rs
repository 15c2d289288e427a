//! Counts pairs of labels.

use std::ops::Range;

use ndarray::{ArrayView1, s};
use rayon::prelude::*;

use crate::input::{self, contiguous};
use crate::{CHUNK_ROWS, Count, Input, Label, Result, grid};

/// The private tables of one piece of rows, which its rows go into in turn.
///
/// An addition to a cell waits for the one before it on the same cell to reach memory, and where
/// most rows are of one class, most would wait. Rows next to each other go into different tables.
const TABLES: usize = 8;

/// The most rows of one piece, so that its counts fit into `u32`.
const MOST_ROWS: usize = 1 << 31;

/// Adds rows to the counts, in parallel in the current rayon pool if that pays; if a label is
/// outside the classes, the error names the first, and nothing is added.
pub(super) fn count_rows<T: Label, P: Label>(
    counts: &mut [u64],
    classes: usize,
    targets: ArrayView1<'_, T>,
    predictions: ArrayView1<'_, P>,
) -> Result<()> {
    let rows = targets.len();
    // Tables pay once they have fewer cells than there are rows.
    let least = CHUNK_ROWS.max(TABLES * counts.len());
    if rows < least {
        let (targets, predictions) = (contiguous(targets), contiguous(predictions));
        check(&targets, &predictions, classes, 0)?;
        count_pairs(counts, classes, &targets, &predictions);
        return Ok(());
    }
    if classes == 2 {
        return pairs_of_two(targets, predictions).map(|part| add(counts, &part));
    }
    let piece = least.max(rows.div_ceil(rayon::current_num_threads())).min(MOST_ROWS);
    for part in count_pieces(piece, classes, targets, predictions)? {
        for (cell, count) in part.into_iter().enumerate() {
            counts[cell % (classes * classes)] += u64::from(count);
        }
    }
    Ok(())
}

/// Adds the counts of another matrix of the same shape.
pub(super) fn add<C: Count>(counts: &mut [C], others: &[C]) {
    for (count, &other) in counts.iter_mut().zip(others) {
        *count = count.plus(other);
    }
}

/// Counts pieces of the rows in parallel, each into tables of its own.
///
/// Integers add up to the same in any order, so unlike for sums of floats the pieces may follow
/// the number of threads.
fn count_pieces<T: Label, P: Label>(
    piece: usize,
    classes: usize,
    targets: ArrayView1<'_, T>,
    predictions: ArrayView1<'_, P>,
) -> Result<Vec<Vec<u32>>> {
    let rows = targets.len();
    let count = |rows: Range<usize>| {
        let mut tables = vec![0; TABLES * classes * classes];
        for first in rows.clone().step_by(CHUNK_ROWS) {
            let chunk = s![first..rows.end.min(first + CHUNK_ROWS)];
            let targets = contiguous(targets.slice(chunk));
            let predictions = contiguous(predictions.slice(chunk));
            if !tabulate(&mut tables, classes, &targets, &predictions) {
                check(&targets, &predictions, classes, first)?;
            }
        }
        Ok(tables)
    };
    let pieces: Vec<Result<Vec<u32>>> = (0..rows.div_ceil(piece))
        .into_par_iter()
        .map(|i| count(i * piece..rows.min((i + 1) * piece)))
        .collect();
    pieces.into_iter().collect()
}

/// Counts a chunk of rows into the tables in turn, and says whether all labels name classes; if
/// not, the tables are good for nothing.
fn tabulate<T: Label, P: Label>(
    tables: &mut [u32],
    classes: usize,
    targets: &[T],
    predictions: &[P],
) -> bool {
    let cells = classes * classes;
    let mut tables: [&mut [u32]; TABLES] = {
        let mut tables = tables.chunks_exact_mut(cells);
        std::array::from_fn(|_| tables.next().expect("as many tables as that"))
    };
    let mut most = 0;
    let mut count = |table: usize, target: T, prediction: P| {
        let (target, prediction) = (target.index(), prediction.index());
        most = most.max(target).max(prediction);
        let cell = target.wrapping_mul(classes as u64).wrapping_add(prediction) as usize;
        if let Some(count) = tables[table].get_mut(cell) {
            *count += 1;
        }
    };
    let (targets, last_targets) = targets.as_chunks::<TABLES>();
    let (predictions, last_predictions) = predictions.as_chunks::<TABLES>();
    for (targets, predictions) in targets.iter().zip(predictions) {
        for table in 0..TABLES {
            count(table, targets[table], predictions[table]);
        }
    }
    for (table, (&target, &prediction)) in last_targets.iter().zip(last_predictions).enumerate() {
        count(table, target, prediction);
    }
    most < classes as u64
}

/// Counts rows of two classes by sums of their labels, in parallel in the current rayon pool.
///
/// Sums are taken in vectors, where tables take one row after another.
fn pairs_of_two<T: Label, P: Label>(
    targets: ArrayView1<'_, T>,
    predictions: ArrayView1<'_, P>,
) -> Result<[u64; 4]> {
    let chunk = |rows: Range<usize>| {
        let (first, slice) = (rows.start, s![rows.clone()]);
        let targets = contiguous(targets.slice(slice));
        let predictions = contiguous(predictions.slice(slice));
        let Some([target, prediction, both]) = sums_of_two(&targets, &predictions) else {
            return check(&targets, &predictions, 2, first).map(|()| [0; 4]);
        };
        let neither = rows.len() as u64 + both - target - prediction;
        Ok([neither, prediction - both, target - both, both])
    };
    let counts = grid::reduce(targets.len(), chunk, |counts, part| {
        add(counts, part);
        Ok(())
    })?;
    Ok(counts.unwrap_or_default())
}

/// Counts the rows with target 1, with prediction 1, and with both; none if a label is neither 0
/// nor 1.
fn sums_of_two<T: Label, P: Label>(targets: &[T], predictions: &[P]) -> Option<[u64; 3]> {
    let mut sums = [0; 3];
    if size_of::<T>() == 1 && size_of::<P>() == 1 {
        // Labels of one byte are summed in bytes, with 16 of them in the smallest vector.
        let blocks = targets.chunks(u8::MAX.into()).zip(predictions.chunks(u8::MAX.into()));
        for (targets, predictions) in blocks {
            let (mut labels, mut block) = (0, [0_u8; 3]);
            for (target, prediction) in targets.iter().zip(predictions) {
                let (target, prediction) = (target.index() as u8, prediction.index() as u8);
                labels |= target | prediction;
                let terms = [target, prediction, target & prediction];
                block = std::array::from_fn(|i| block[i].wrapping_add(terms[i]));
            }
            if labels > 1 {
                return None;
            }
            sums = std::array::from_fn(|i| sums[i] + u64::from(block[i]));
        }
        return Some(sums);
    }
    let mut labels = 0;
    for (target, prediction) in targets.iter().zip(predictions) {
        let (target, prediction) = (target.index(), prediction.index());
        labels |= target | prediction;
        let terms = [target, prediction, target & prediction];
        sums = std::array::from_fn(|i| u64::wrapping_add(sums[i], terms[i]));
    }
    (labels <= 1).then_some(sums)
}

/// Counts rows whose labels have been checked, one after another.
fn count_pairs<T: Label, P: Label>(
    counts: &mut [u64],
    classes: usize,
    targets: &[T],
    predictions: &[P],
) {
    for (target, prediction) in targets.iter().zip(predictions) {
        counts[target.index() as usize * classes + prediction.index() as usize] += 1;
    }
}

/// Names the first label that is of no class.
fn check<T: Label, P: Label>(
    targets: &[T],
    predictions: &[P],
    classes: usize,
    first: usize,
) -> Result<()> {
    let rows = targets.iter().zip(predictions);
    rows.zip(first..).try_for_each(|((&target, &prediction), row)| {
        input::class(target, classes, Input::Target, row)?;
        input::class(prediction, classes, Input::Prediction, row).map(drop)
    })
}

//! Checks labels and counts pairs of them.

use std::ops::Range;

use ndarray::{ArrayView1, s};
use rayon::prelude::*;

use crate::{CHUNK_ROWS, Count, Input, Label, Result, grid, input};

/// Checks that every label names one of the classes; the error names the first that does not.
pub(super) fn check_labels<L: Label>(
    labels: ArrayView1<'_, L>,
    classes: usize,
    source: Input,
) -> Result<()> {
    let check = |rows: Range<usize>| {
        let chunk = labels.slice(s![rows.clone()]);
        chunk
            .iter()
            .zip(rows)
            .try_for_each(|(&label, row)| input::class(label, classes, source, row).map(drop))
    };
    grid::reduce(labels.len(), check, |(), ()| Ok(())).map(drop)
}

/// Counts rows whose labels have been checked, in parallel in the current rayon pool if that pays.
pub(super) fn count_rows<T: Label, P: Label>(
    counts: &mut [u64],
    classes: usize,
    targets: ArrayView1<'_, T>,
    predictions: ArrayView1<'_, P>,
) {
    // A piece has a matrix of its own, so it must have more rows than that has cells.
    let least = CHUNK_ROWS.max(counts.len());
    if targets.len() < 2 * least {
        count_pairs(counts, classes, targets, predictions);
        return;
    }
    let piece = least.max(targets.len().div_ceil(rayon::current_num_threads()));
    for part in count_pieces(piece, classes, targets, predictions) {
        add(counts, &part);
    }
}

/// Adds the counts of another matrix of the same shape.
pub(super) fn add<C: Count>(counts: &mut [C], others: &[C]) {
    for (count, &other) in counts.iter_mut().zip(others) {
        *count = count.plus(other);
    }
}

/// Counts pieces of the rows in parallel, each into a matrix of its own.
///
/// Integers add up to the same in any order, so unlike for sums of floats the pieces may follow
/// the number of threads.
fn count_pieces<T: Label, P: Label>(
    piece: usize,
    classes: usize,
    targets: ArrayView1<'_, T>,
    predictions: ArrayView1<'_, P>,
) -> Vec<Vec<u64>> {
    let rows = targets.len();
    (0..rows.div_ceil(piece))
        .into_par_iter()
        .map(|i| {
            let rows = s![i * piece..rows.min((i + 1) * piece)];
            let mut counts = vec![0; classes * classes];
            count_pairs(&mut counts, classes, targets.slice(rows), predictions.slice(rows));
            counts
        })
        .collect()
}

/// Counts one row after another.
fn count_pairs<T: Label, P: Label>(
    counts: &mut [u64],
    classes: usize,
    targets: ArrayView1<'_, T>,
    predictions: ArrayView1<'_, P>,
) {
    for (target, prediction) in targets.iter().zip(predictions) {
        let target = target.to_class().expect("labels were checked");
        let prediction = prediction.to_class().expect("labels were checked");
        counts[target * classes + prediction] += 1;
    }
}

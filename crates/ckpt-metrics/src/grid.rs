//! Parallel evaluation whose result does not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::Result;

/// The rows of one chunk of the evaluation grid: 4,096.
///
/// A column of a chunk is 32 KiB of `f64`, which stays in a core's nearest caches, and takes
/// microseconds, which outweighs handing it to a thread. The last bits of sums depend on it.
pub const CHUNK_ROWS: usize = 4096;

/// Evaluates `rows` rows chunk by chunk and merges the parts; `None` if there are no rows.
///
/// Chunks run in the current rayon pool, a single one in the calling thread. Parts are merged as
/// neighbours, level by level: the tree is a function of `rows` alone.
///
/// # Errors
/// That of the first chunk which fails, whichever failed first in time.
pub(crate) fn reduce<A: Send>(
    rows: usize,
    evaluate: impl Fn(Range<usize>) -> Result<A> + Sync,
    merge: impl Fn(&mut A, &A) -> Result<()>,
) -> Result<Option<A>> {
    reduce_pieces(rows, CHUNK_ROWS, evaluate, merge)
}

/// Does what [`reduce`] does, with pieces of another size: one for which a part is small.
pub(crate) fn reduce_pieces<A: Send>(
    rows: usize,
    piece: usize,
    evaluate: impl Fn(Range<usize>) -> Result<A> + Sync,
    merge: impl Fn(&mut A, &A) -> Result<()>,
) -> Result<Option<A>> {
    if rows <= piece {
        return (rows > 0).then(|| evaluate(0..rows)).transpose();
    }
    let parts: Vec<Result<A>> = (0..rows.div_ceil(piece))
        .into_par_iter()
        .map(|i| evaluate(i * piece..rows.min((i + 1) * piece)))
        .collect();
    merge_tree(parts.into_iter().collect::<Result<_>>()?, merge)
}

/// Merges parts pairwise until one is left.
fn merge_tree<A>(mut parts: Vec<A>, merge: impl Fn(&mut A, &A) -> Result<()>) -> Result<Option<A>> {
    while parts.len() > 1 {
        let mut merged = Vec::with_capacity(parts.len().div_ceil(2));
        let mut level = parts.into_iter();
        while let Some(mut left) = level.next() {
            if let Some(right) = level.next() {
                merge(&mut left, &right)?;
            }
            merged.push(left);
        }
        parts = merged;
    }
    Ok(parts.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn merges_as_a_fixed_tree() {
        let leaves = (0..5).map(|i: u32| i.to_string()).collect();
        let tree = merge_tree(leaves, |a: &mut String, b: &String| {
            *a = format!("({a}{b})");
            Ok(())
        });
        assert_eq!(tree.unwrap().unwrap(), "(((01)(23))4)");
    }

    #[test]
    fn covers_every_row_once() {
        for rows in [0, 1, CHUNK_ROWS, CHUNK_ROWS + 1, 5 * CHUNK_ROWS + 7] {
            let seen = reduce(
                rows,
                |range| Ok(range.collect::<Vec<_>>()),
                |a, b| {
                    a.extend(b);
                    Ok(())
                },
            );
            assert_eq!(seen.unwrap().unwrap_or_default(), (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn reports_the_first_failure() {
        let result = reduce(
            9 * CHUNK_ROWS,
            |range| match range.start / CHUNK_ROWS {
                chunk @ (3 | 5 | 8) => Err(Error::TooFewRows { rows: chunk as u64 }),
                _ => Ok(()),
            },
            |(), ()| Ok(()),
        );
        assert_eq!(result, Err(Error::TooFewRows { rows: 3 }));
    }
}

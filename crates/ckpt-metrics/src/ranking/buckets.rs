//! Scores of two classes in ascending order, bucket by bucket in parallel.
//!
//! Rows are counted and their keys distributed over buckets of ascending scores, the classes apart;
//! then each bucket is sorted on its own, within a core's caches. Results are counts, which do not
//! depend on how the rows are cut, so that all cuts may follow the number of threads.

use std::ops::Range;
use std::slice::IterMut;

use rayon::prelude::*;

use super::key;
use super::radix::{self, Scratch};
use super::rows::Rows;
use super::spread::{Bits, Linear, Spread};
use crate::{Label, Real};

/// About how many rows a bucket should have: 64 KiB of keys, which are sorted where they fit into
/// a core's nearest caches.
const BUCKET_ROWS: usize = 1 << 13;

/// The most buckets: a core writes to twice as many places in turn, and more would be slower to
/// fill than they are faster to sort.
const MOST_BUCKETS: usize = 1 << 10;

/// The sorted keys of one bucket.
pub(super) struct Bucket<'k> {
    /// How many negative rows have a score below those of this bucket.
    pub(super) negatives_below: u64,
    /// The keys of its negative rows, ascending.
    pub(super) negatives: &'k [u64],
    /// The keys of its positive rows, ascending.
    pub(super) positives: &'k [u64],
}

/// Visits buckets of ascending scores in parallel, and gives what the visits gave, in order.
pub(super) fn visit<L: Label, S: Real, V: Send>(
    rows: &Rows<'_, L, S>,
    visit: impl Fn(Bucket<'_>) -> V + Sync,
) -> Vec<V> {
    let (least, greatest) = rows.range();
    let buckets = (rows.len() / BUCKET_ROWS).clamp(1, MOST_BUCKETS);
    let linear = Linear::new(least, greatest, buckets);
    let bits = Bits::new(key::of(least), key::of(greatest), buckets);
    let sample = rows.sample();
    // Scores that linear buckets do not part are mostly near 0, where their exponents differ.
    if bits.crowd(&sample) < linear.crowd(&sample) {
        distribute(rows, &bits, visit)
    } else {
        distribute(rows, &linear, visit)
    }
}

/// Distributes the keys over buckets, sorts these, and visits them.
fn distribute<L: Label, S: Real, V: Send>(
    rows: &Rows<'_, L, S>,
    spread: &impl Spread,
    visit: impl Fn(Bucket<'_>) -> V + Sync,
) -> Vec<V> {
    let counts: Vec<Vec<usize>> =
        rows.pieces().par_iter().map(|piece| count(rows, piece, spread)).collect();
    let mut keys = vec![0; rows.len()];
    scatter(rows, &mut keys, &counts, spread);
    let sizes: Vec<usize> =
        (0..2 * spread.buckets()).map(|i| counts.iter().map(|c| c[i]).sum()).collect();
    visit_sorted(&mut keys, &sizes, visit)
}

/// Counts the rows of a piece by bucket, first the negative ones.
fn count<L: Label, S: Real>(
    rows: &Rows<'_, L, S>,
    piece: &Range<usize>,
    spread: &impl Spread,
) -> Vec<usize> {
    let mut counts = vec![0; 2 * spread.buckets()];
    rows.each(piece, |class, score| {
        counts[class * spread.buckets() + spread.bucket(score)] += 1;
    });
    counts
}

/// Writes the keys of each piece behind those of the pieces before it, bucket by bucket.
fn scatter<L: Label, S: Real>(
    rows: &Rows<'_, L, S>,
    keys: &mut [u64],
    counts: &[Vec<usize>],
    spread: &impl Spread,
) {
    let mut places: Vec<Vec<IterMut<'_, u64>>> = counts.iter().map(|_| Vec::new()).collect();
    let mut rest = keys;
    for bucket in 0..2 * spread.buckets() {
        for (places, counts) in places.iter_mut().zip(counts) {
            let place;
            (place, rest) = rest.split_at_mut(counts[bucket]);
            places.push(place.iter_mut());
        }
    }
    rows.pieces().par_iter().zip(places).for_each(|(piece, mut places)| {
        rows.each(piece, |class, score| {
            let place = &mut places[class * spread.buckets() + spread.bucket(score)];
            *place.next().expect("rows were counted") = key::of(score);
        });
    });
}

/// Sorts each bucket and visits it, in parallel.
fn visit_sorted<V: Send>(
    keys: &mut [u64],
    sizes: &[usize],
    visit: impl Fn(Bucket<'_>) -> V + Sync,
) -> Vec<V> {
    let (negative_sizes, positive_sizes) = sizes.split_at(sizes.len() / 2);
    let (mut negatives, mut positives) = keys.split_at_mut(negative_sizes.iter().sum());
    let mut below = 0;
    let mut buckets = Vec::with_capacity(negative_sizes.len());
    for (&n, &p) in negative_sizes.iter().zip(positive_sizes) {
        let (bucket, others);
        (bucket, negatives) = negatives.split_at_mut(n);
        (others, positives) = positives.split_at_mut(p);
        buckets.push((below, bucket, others));
        below += n as u64;
    }
    let sorted =
        |scratch: &mut Scratch,
         (negatives_below, negatives, positives): (u64, &mut [u64], &mut [u64])| {
            radix::sort(negatives, scratch);
            radix::sort(positives, scratch);
            visit(Bucket { negatives_below, negatives, positives })
        };
    buckets.into_par_iter().map_init(Scratch::default, sorted).collect()
}

/// Visits the distinct keys of a bucket, ascending, with how many negative and positive rows have
/// each.
pub(super) fn walk(bucket: &Bucket<'_>, mut visit: impl FnMut(u64, u64, u64)) {
    let (mut negatives, mut positives) = (bucket.negatives, bucket.positives);
    loop {
        let key = match (negatives.first(), positives.first()) {
            (Some(&n), Some(&p)) => n.min(p),
            (Some(&key), None) | (None, Some(&key)) => key,
            (None, None) => return,
        };
        let (n, p) = (leading(negatives, key), leading(positives, key));
        (negatives, positives) = (&negatives[n..], &positives[p..]);
        visit(key, n as u64, p as u64);
    }
}

/// Counts the leading keys that equal one.
fn leading(keys: &[u64], key: u64) -> usize {
    keys.iter().take_while(|&&other| other == key).count()
}

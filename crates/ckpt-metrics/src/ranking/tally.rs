//! Counts of scores: in tables where few are distinct, in sorted buckets otherwise.

use ndarray::ArrayView1;
use rayon::prelude::*;

use super::buckets::{self, walk};
use super::key;
use super::rows::Rows;
use super::run::Run;
use crate::{Label, Real, Result};

/// The places of a table: 2¹⁵ of 16 bytes, half of the second cache of a common core.
const PLACES: usize = 1 << 15;

/// The most distinct scores of a table, so that a search ends after a few places.
const MOST: usize = PLACES / 2;

/// The fewest rows for which tables pay, which have to be cleared first.
const LEAST_ROWS: usize = 4 * PLACES;

/// Of a sample, so many eighths at most may be distinct for a table to be tried.
///
/// 4,096 drawn from as many scores as a table holds, each as likely, are nearly 8 eighths of it.
const DISTINCT_EIGHTHS: usize = 7;

/// Counts the rows of each score of a batch, ascending.
pub(super) fn count<L: Label, S: Real>(
    targets: ArrayView1<'_, L>,
    scores: ArrayView1<'_, S>,
) -> Result<Vec<Run<u64>>> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Rows::new(targets, scores)?;
    if let Some(runs) = runs(&rows) {
        return Ok(runs);
    }
    let parts = buckets::visit(&rows, |bucket| {
        let mut runs = Vec::new();
        walk(&bucket, |key, negatives, positives| {
            runs.push(Run { score: key::score(key), negatives, positives });
        });
        runs
    });
    Ok(parts.concat())
}

/// Counts how often each score has which class, if there are few distinct ones.
///
/// No row is moved, which makes this several times as fast as sorting.
pub(super) fn runs<L: Label, S: Real>(rows: &Rows<'_, L, S>) -> Option<Vec<Run<u64>>> {
    if rows.len() < LEAST_ROWS {
        return None;
    }
    let mut sample: Vec<u64> = rows.sample().into_iter().map(key::of).collect();
    let sampled = sample.len();
    sample.sort_unstable();
    sample.dedup();
    if sample.len() * 8 > sampled * DISTINCT_EIGHTHS {
        return None;
    }
    let tables: Option<Vec<Table>> = rows
        .pieces()
        .par_iter()
        .map(|piece| {
            let mut table = Table::new();
            rows.each(piece, |class, score| table.add(key::of(score), class));
            (table.used <= MOST).then_some(table)
        })
        .collect();
    let mut places: Vec<Place> = tables?.into_iter().flat_map(Table::into_used).collect();
    places.sort_unstable_by_key(|place| place.key);
    let same = |a: &Place, b: &Place| a.key == b.key;
    Some(places.chunk_by(same).map(Run::of_places).collect())
}

impl Run<u64> {
    /// Adds what several tables hold of one score.
    fn of_places(places: &[Place]) -> Self {
        let sum = |class: usize| places.iter().map(|place| u64::from(place.counts[class])).sum();
        Self { score: key::score(places[0].key), negatives: sum(0), positives: sum(1) }
    }
}

/// Rows of one score, by class; none of either in a place that is free.
#[derive(Clone, Copy, Default)]
struct Place {
    key: u64,
    counts: [u32; 2],
}

/// An open-addressed table of keys.
struct Table {
    places: Vec<Place>,
    used: usize,
}

impl Table {
    fn new() -> Self {
        Self { places: vec![Place::default(); PLACES], used: 0 }
    }

    /// Counts one row; once there are too many keys, it does nothing.
    fn add(&mut self, key: u64, class: usize) {
        // The upper bits of a product depend on all bits of the key. Knuth's multiplier.
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2());
        let mut at = hash as usize;
        loop {
            let place = &mut self.places[at % PLACES];
            if place.counts == [0, 0] {
                if self.used > MOST {
                    return;
                }
                self.used += 1;
                place.key = key;
            }
            if place.key == key {
                place.counts[class] += 1;
                return;
            }
            at += 1;
        }
    }

    fn into_used(self) -> impl Iterator<Item = Place> {
        self.places.into_iter().filter(|place| place.counts != [0, 0])
    }
}

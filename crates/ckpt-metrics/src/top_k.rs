//! The share of rows whose true class is among the k highest scores.

use std::ops::Range;

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::input::{self, contiguous, finite};
use crate::weight::{self, Weight};
use crate::{Error, Input, Label, Real, Result, count, grid};

/// Accumulates how often the true class is among those with the k highest scores.
///
/// Targets are labels 0..classes; the predictions of a row are a finite score for each class. Of
/// equal scores, that of the later class counts as higher, as in scikit-learn's
/// `top_k_accuracy_score`. (Its form for two classes with one score per row is
/// [`accuracy`](crate::accuracy).)
///
/// ```
/// use ckpt_metrics::TopK;
///
/// let mut hits = TopK::new(3, 2)?;
/// hits.push_batch(&[0, 0], &[[0.3, 0.5, 0.2], [0.2, 0.5, 0.3]])?;
/// assert_eq!(hits.finish()?.accuracy, 0.5);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct TopK {
    classes: usize,
    k: usize,
    hits: Hits,
}

/// How often the true class is among the k highest scores, over all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopKReport {
    /// The rows evaluated.
    pub rows: u64,
    /// The sum of the rows' weights: their number if they came without.
    pub weight: f64,
    /// The share of the rows whose true class is among the k highest scores, in \[0, 1\].
    pub accuracy: f64,
}

/// Rows, their weight, and that of those whose true class is among the highest scores. Without
/// weights these sums are exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Hits {
    rows: u64,
    weight: f64,
    hits: f64,
}

impl Hits {
    fn merge(&mut self, other: &Self) -> Result<()> {
        self.rows = count::add(self.rows, other.rows)?;
        self.weight += other.weight;
        self.hits += other.hits;
        Ok(())
    }
}

accumulator! {
    both Ix2 TopK {
        new(k: usize) [?];
        rows(Label, score / scores: Real);
        errors(ClassMismatch, LabelOutOfRange, NotFinite, TooManyRows);
    }
}

impl TopK {
    /// Makes one for `classes` classes and the `k` highest scores, that has seen no rows.
    ///
    /// # Errors
    /// [`Error::TopK`] unless `k` is in 1..=`classes`.
    pub fn new(classes: usize, k: usize) -> Result<Self> {
        if (1..=classes).contains(&k) {
            Ok(Self { classes, k, hits: Hits::default() })
        } else {
            Err(Error::TopK { k, classes })
        }
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many of the highest scores count.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    fn push_rows<L: Label, S: Real, W: Weight>(
        &mut self,
        targets: ArrayView1<'_, L>,
        scores: ArrayView2<'_, S>,
        weights: ArrayView1<'_, W>,
    ) -> Result<()> {
        let rows = input::paired(targets.len(), scores.nrows())?;
        weight::one_each(weights, rows)?;
        input::same_classes(self.classes, scores.ncols())?;
        let k = self.k;
        let chunk = |rows: Range<usize>| {
            let mut hits = Hits { rows: rows.len() as u64, ..Hits::default() };
            for row in rows {
                let is_hit = is_among_highest(k, targets[row], &contiguous(scores.row(row)), row)?;
                let weight = weight::check(weights[row], row)?;
                hits.weight += weight;
                hits.hits += if is_hit { weight } else { 0.0 };
            }
            Ok(hits)
        };
        let batch = grid::reduce(rows, chunk, Hits::merge)?;
        batch.map_or(Ok(()), |batch| self.hits.merge(&batch))
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::ClassMismatch`], [`Error::TopKMismatch`] or [`Error::TooManyRows`]; nothing was
    /// merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        input::same_classes(self.classes, other.classes)?;
        if self.k != other.k {
            return Err(Error::TopKMismatch { expected: self.k, found: other.k });
        }
        self.hits.merge(&other.hits)
    }

    /// Reports on the rows seen so far.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none, or [`Error::WeightSum`] if their weights sum to 0 or
    /// exceed the range of `f64`.
    pub fn finish(&self) -> Result<TopKReport> {
        let rows = self.hits.rows;
        if rows == 0 {
            return Err(Error::Empty);
        }
        let weight = count::total_weight(self.hits.weight)?;
        Ok(TopKReport { rows, weight, accuracy: self.hits.hits / weight })
    }
}

/// Says whether fewer than k scores are ahead of that of the true class.
fn is_among_highest<L: Label, S: Real>(
    k: usize,
    target: L,
    scores: &[S],
    row: usize,
) -> Result<bool> {
    let class = input::class(target, scores.len(), Input::Target, row)?;
    scores.iter().try_for_each(|&score| finite(score, Input::Prediction, row).map(drop))?;
    let own = scores[class].to_f64();
    let (earlier, later) = scores.split_at(class);
    let ahead = earlier.iter().filter(|score| score.to_f64() > own).count()
        + later[1..].iter().filter(|score| score.to_f64() >= own).count();
    Ok(ahead < k)
}

/// Computes the share of rows whose true class is among the `k` highest scores, in \[0, 1\].
///
/// `targets` are labels 0..classes and `scores` has shape \[rows, classes\]. Which of equal scores
/// is higher is said at [`TopK`].
///
/// # Errors
/// [`Error::Empty`] and those of [`TopK::evaluate`].
#[doc(alias = "top_k_accuracy_score")]
pub fn top_k_accuracy<'t, 's, L: Label + 't, S: Real + 's>(
    k: usize,
    targets: impl Into<ArrayView1<'t, L>>,
    scores: impl Into<ArrayView2<'s, S>>,
) -> Result<f64> {
    Ok(TopK::evaluate(k, targets, scores)?.finish()?.accuracy)
}

/// An accumulator whose k is still to be checked.
#[derive(Deserialize)]
struct Stored {
    classes: usize,
    k: usize,
    hits: Hits,
}

impl TryFrom<Stored> for TopK {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Ok(Self { hits: stored.hits, ..Self::new(stored.classes, stored.k)? })
    }
}

//! Counts of true against predicted classes.

mod counting;
mod weighted;

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::classification::Margins;
use crate::weight::One;
use crate::{ClassificationReport, Count, Error, Label, Outcomes, Result, count, input};

/// The most classes of a confusion matrix: 4,096.
///
/// The matrix is dense and takes 8 bytes for each pair of classes: 128 MiB at this limit.
pub const MAX_CLASSES: usize = 4096;

/// Accumulates a confusion matrix: rows are true classes, columns predicted ones.
///
/// Labels are 0..k. Counts are integers, so any cutting into batches and merges gives the same
/// matrix. Rows with weights go into a `Confusion<f64>`, made by
/// [`new_weighted`](Confusion::new_weighted), which sums them.
///
/// ```
/// use ckpt_metrics::Confusion;
///
/// let mut confusion = Confusion::new(3)?;
/// confusion.push(0, 0)?;
/// confusion.push_batch(&[1, 1, 2], &[1, 2, 2])?;
/// assert_eq!(confusion.counts(), ndarray::arr2(&[[1, 0, 0], [0, 1, 1], [0, 0, 1]]));
///
/// let report = confusion.finish()?;
/// assert_eq!(report.accuracy, 0.75);
/// assert_eq!(report.classes[1].scores.recall, 0.5);
///
/// let weighted = Confusion::evaluate_weighted(2, &[0, 1], &[1, 1], &[0.5, 1.5])?;
/// assert_eq!(weighted.counts(), ndarray::arr2(&[[0.0, 0.5], [0.0, 1.5]]));
/// assert_eq!(weighted.finish()?.accuracy, 0.75);
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored<C>", into = "Stored<C>", bound = "C: Count")]
pub struct Confusion<C: Count = u64> {
    classes: usize,
    /// The sum of exact counts, at hand for their limit. Weights have no exact sum; theirs is
    /// taken from the cells when it is asked for.
    rows: Option<u64>,
    counts: Vec<C>,
}

accumulator! {
    unweighted Ix1 Confusion {
        new(classes: usize) [?];
        rows(Label, prediction / predictions: Label);
        errors(LabelOutOfRange, TooManyRows);
    }
}

impl Confusion {
    /// Makes one for `classes` classes that has seen no rows.
    ///
    /// # Errors
    /// [`Error::ClassCount`] unless `classes` is in 1..=[`MAX_CLASSES`].
    pub fn new(classes: usize) -> Result<Self> {
        Self::empty(classes)
    }

    /// Makes one from counts of shape \[true class, predicted class\].
    ///
    /// # Errors
    /// [`Error::NotSquare`], [`Error::ClassCount`] or [`Error::TooManyRows`].
    pub fn from_counts<'c>(counts: impl Into<ArrayView2<'c, u64>>) -> Result<Self> {
        Self::from_cells(counts.into())
    }

    /// The number of rows seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.expect("counts are exact")
    }

    fn push_rows<T: Label, P: Label>(
        &mut self,
        targets: ArrayView1<'_, T>,
        predictions: ArrayView1<'_, P>,
        _: ArrayView1<'_, One>,
    ) -> Result<()> {
        let rows = input::paired(targets.len(), predictions.len())?;
        let total = count::add(self.rows(), rows as u64)?;
        counting::count_rows(&mut self.counts, self.classes, targets, predictions)?;
        self.rows = Some(total);
        Ok(())
    }
}

impl<C: Count> Confusion<C> {
    /// Makes one from counts or weights, the row of each true class after the other.
    ///
    /// # Errors
    /// [`Error::CountsMismatch`] unless there are `classes` squared, [`Error::ClassCount`],
    /// [`Error::TooManyRows`] of counts, or [`Error::InvalidSum`] of weights that are not finite
    /// and at least 0.
    pub fn from_row_major(classes: usize, counts: Vec<C>) -> Result<Self> {
        check_classes(classes)?;
        if counts.len() != classes * classes {
            return Err(Error::CountsMismatch { classes, found: counts.len() });
        }
        let rows = C::check(&counts)?;
        Ok(Self { classes, rows, counts })
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The counts or weights, of shape \[true class, predicted class\].
    #[must_use]
    pub fn counts(&self) -> ArrayView2<'_, C> {
        ArrayView2::from_shape((self.classes, self.classes), &self.counts)
            .expect("every constructor makes classes x classes counts")
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::ClassMismatch`] or [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        input::same_classes(self.classes, other.classes)?;
        if let (Some(rows), Some(others)) = (self.rows, other.rows) {
            self.rows = Some(count::add(rows, others)?);
        }
        counting::add(&mut self.counts, &other.counts);
        Ok(())
    }

    /// Counts the outcomes with class `positive` as the positive one, all others as negative.
    ///
    /// Of two classes, these are the binary metrics; of more, one class against the rest.
    ///
    /// # Errors
    /// [`Error::NoSuchClass`], or those of [`finish`](Self::finish).
    pub fn binary(&self, positive: usize) -> Result<Outcomes<C>> {
        if positive >= self.classes {
            return Err(Error::NoSuchClass { class: positive, classes: self.classes });
        }
        Ok(self.margins()[positive].outcomes(self.total()?))
    }

    /// Reports on the rows seen so far: each class and the averages.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none, or [`Error::WeightSum`] if weights sum to 0 or exceed
    /// the range of `f64`.
    pub fn finish(&self) -> Result<ClassificationReport<C>> {
        Ok(ClassificationReport::of(self.total()?, &self.margins()))
    }

    fn total(&self) -> Result<C> {
        C::total(self.counts.iter().copied())
    }

    /// Sums the rows and columns. Cells are added in the order in which [`total`](Self::total)
    /// adds them, so that the sum of the only class that occurs is exactly the total.
    fn margins(&self) -> Vec<Margins<C>> {
        let none = Margins { right: C::default(), support: C::default(), predicted: C::default() };
        let mut margins = vec![none; self.classes];
        for (target, row) in self.counts.chunks(self.classes).enumerate() {
            margins[target].right = row[target];
            for (prediction, &count) in row.iter().enumerate() {
                margins[target].support = margins[target].support.plus(count);
                margins[prediction].predicted = margins[prediction].predicted.plus(count);
            }
        }
        margins
    }

    fn empty(classes: usize) -> Result<Self> {
        check_classes(classes)?;
        Self::from_row_major(classes, vec![C::default(); classes * classes])
    }

    fn from_cells(counts: ArrayView2<'_, C>) -> Result<Self> {
        let (rows, columns) = counts.dim();
        if rows != columns {
            return Err(Error::NotSquare { rows, columns });
        }
        Self::from_row_major(rows, counts.iter().copied().collect())
    }
}

fn check_classes(classes: usize) -> Result<()> {
    if (1..=MAX_CLASSES).contains(&classes) { Ok(()) } else { Err(Error::ClassCount { classes }) }
}

/// A confusion matrix as it is serialized: its rows of counts.
#[derive(Serialize, Deserialize)]
#[serde(bound = "C: Count")]
struct Stored<C: Count> {
    counts: Vec<Vec<C>>,
}

impl<C: Count> TryFrom<Stored<C>> for Confusion<C> {
    type Error = Error;

    fn try_from(stored: Stored<C>) -> Result<Self> {
        let classes = stored.counts.len();
        if let Some(row) = stored.counts.iter().find(|row| row.len() != classes) {
            return Err(Error::NotSquare { rows: classes, columns: row.len() });
        }
        Self::from_row_major(classes, stored.counts.concat())
    }
}

impl<C: Count> From<Confusion<C>> for Stored<C> {
    fn from(confusion: Confusion<C>) -> Self {
        let rows = confusion.counts.chunks(confusion.classes);
        Self { counts: rows.map(<[C]>::to_vec).collect() }
    }
}

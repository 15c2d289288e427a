//! Counts of true against predicted classes.

mod counting;
mod stored;

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{ClassificationReport, Error, Input, Label, Outcomes, Result, count, input};

/// The most classes of a confusion matrix: 4,096.
///
/// The matrix is dense and takes 8 bytes for each pair of classes: 128 MiB at this limit.
pub const MAX_CLASSES: usize = 4096;

/// Accumulates a confusion matrix: rows are true classes, columns predicted ones.
///
/// Labels are 0..k. Counts are integers, so any cutting into batches and merges gives the same
/// matrix.
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
/// # Ok::<(), ckpt_metrics::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub struct Confusion {
    classes: usize,
    rows: u64,
    counts: Vec<u64>,
}

impl Confusion {
    /// Makes one for `classes` classes that has seen no rows.
    ///
    /// # Errors
    /// [`Error::ClassCount`] unless `classes` is in 1..=[`MAX_CLASSES`].
    pub fn new(classes: usize) -> Result<Self> {
        check_classes(classes)?;
        Ok(Self { classes, rows: 0, counts: vec![0; classes * classes] })
    }

    /// Evaluates a batch from scratch: [`push_batch`](Self::push_batch) into a new one.
    ///
    /// # Errors
    /// Those of [`new`](Self::new) and [`push_batch`](Self::push_batch).
    pub fn evaluate<'t, 'p, T: Label + 't, P: Label + 'p>(
        classes: usize,
        targets: impl Into<ArrayView1<'t, T>>,
        predictions: impl Into<ArrayView1<'p, P>>,
    ) -> Result<Self> {
        let mut confusion = Self::new(classes)?;
        confusion.push_batch(targets, predictions)?;
        Ok(confusion)
    }

    /// Makes one from counts of shape \[true class, predicted class\].
    ///
    /// # Errors
    /// [`Error::NotSquare`], [`Error::ClassCount`] or [`Error::TooManyRows`].
    pub fn from_counts<'c>(counts: impl Into<ArrayView2<'c, u64>>) -> Result<Self> {
        let counts = counts.into();
        let (rows, columns) = counts.dim();
        if rows != columns {
            return Err(Error::NotSquare { rows, columns });
        }
        Self::from_flat(rows, counts.iter().copied().collect())
    }

    /// The number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The number of rows seen.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The counts, of shape \[true class, predicted class\].
    #[must_use]
    pub fn counts(&self) -> ArrayView2<'_, u64> {
        ArrayView2::from_shape((self.classes, self.classes), &self.counts)
            .expect("every constructor makes classes x classes counts")
    }

    /// Adds one row; a batch costs far less per row.
    ///
    /// # Errors
    /// Those of [`push_batch`](Self::push_batch).
    pub fn push<T: Label, P: Label>(&mut self, target: T, prediction: P) -> Result<()> {
        self.push_batch(&[target], &[prediction])
    }

    /// Adds many rows, in parallel in the current rayon pool if that pays.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::LabelOutOfRange`] or [`Error::TooManyRows`]; nothing
    /// was added then.
    pub fn push_batch<'t, 'p, T: Label + 't, P: Label + 'p>(
        &mut self,
        targets: impl Into<ArrayView1<'t, T>>,
        predictions: impl Into<ArrayView1<'p, P>>,
    ) -> Result<()> {
        let (targets, predictions) = (targets.into(), predictions.into());
        let rows = input::paired(targets.len(), predictions.len())?;
        let total = count::add(self.rows, rows as u64)?;
        counting::check_labels(targets, self.classes, Input::Target)?;
        counting::check_labels(predictions, self.classes, Input::Prediction)?;
        counting::count_rows(&mut self.counts, self.classes, targets, predictions);
        self.rows = total;
        Ok(())
    }

    /// Takes in what another one has seen.
    ///
    /// # Errors
    /// [`Error::ClassMismatch`] or [`Error::TooManyRows`]; nothing was merged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if other.classes != self.classes {
            return Err(Error::ClassMismatch { expected: self.classes, found: other.classes });
        }
        self.rows = count::add(self.rows, other.rows)?;
        counting::add(&mut self.counts, &other.counts);
        Ok(())
    }

    /// Counts the outcomes with class `positive` as the positive one, all others as negative.
    ///
    /// Of two classes, these are the binary metrics; of more, one class against the rest.
    ///
    /// # Errors
    /// [`Error::NoSuchClass`], or [`Error::Empty`] if there were no rows.
    pub fn binary(&self, positive: usize) -> Result<Outcomes> {
        if positive >= self.classes {
            return Err(Error::NoSuchClass { class: positive, classes: self.classes });
        }
        if self.rows == 0 {
            return Err(Error::Empty);
        }
        Ok(self.outcomes(positive))
    }

    /// Reports on the rows seen so far: each class and the averages.
    ///
    /// # Errors
    /// [`Error::Empty`] if there were none.
    pub fn finish(&self) -> Result<ClassificationReport> {
        if self.rows == 0 {
            return Err(Error::Empty);
        }
        let outcomes: Vec<Outcomes> = (0..self.classes).map(|c| self.outcomes(c)).collect();
        Ok(ClassificationReport::of(self.rows, &outcomes))
    }

    fn outcomes(&self, class: usize) -> Outcomes {
        let counts = self.counts();
        let true_positives = counts[[class, class]];
        let support = counts.row(class).sum();
        let predicted = counts.column(class).sum();
        Outcomes {
            true_positives,
            false_positives: predicted - true_positives,
            false_negatives: support - true_positives,
            true_negatives: self.rows + true_positives - support - predicted,
        }
    }

    /// Checks row-major counts.
    fn from_flat(classes: usize, counts: Vec<u64>) -> Result<Self> {
        check_classes(classes)?;
        let rows = counts.iter().try_fold(0, |sum, &cell| count::add(sum, cell))?;
        Ok(Self { classes, rows, counts })
    }
}

fn check_classes(classes: usize) -> Result<()> {
    if (1..=MAX_CLASSES).contains(&classes) { Ok(()) } else { Err(Error::ClassCount { classes }) }
}

//! The metrics that are measured.

use ckpt_metrics::{
    Confusion, Regression, accuracy, average_precision, binary_calibration, binary_cross_entropy,
    matthews_correlation, roc_auc,
};

use super::columns::{
    Column::{
        self, ClassGuesses, Classes, GuessBytes, Guesses, LabelBytes, Labels, Scores, Targets, Ties,
    },
    Columns,
};

/// A metric, how we evaluate it, and how scikit-learn does.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: &'static str,
    /// How many times as fast as scikit-learn we want to be, if there is an aim.
    pub(super) target: Option<f64>,
    /// The columns that it reads.
    pub(super) columns: &'static [Column],
    pub(super) evaluate: fn(&Columns) -> ckpt_metrics::Result<Vec<f64>>,
    /// The expression in Python, of the columns and `metrics`.
    pub(super) python: &'static str,
}

const TWO: &[Column] = &[Labels, Guesses];
const TWO_BYTES: &[Column] = &[LabelBytes, GuessBytes];
const TEN: &[Column] = &[Classes, ClassGuesses];

/// The metrics of the table, from the most to the least common.
pub(super) const SUBJECTS: [Subject; 16] = [
    Subject {
        name: "accuracy",
        target: Some(100.0),
        columns: TWO,
        evaluate: |c| Ok(vec![accuracy(&c.labels, &c.guesses)?]),
        python: "metrics.accuracy_score(labels, guesses)",
    },
    Subject {
        name: "accuracy, labels of one byte",
        target: Some(100.0),
        columns: TWO_BYTES,
        evaluate: |c| Ok(vec![accuracy(&c.label_bytes, &c.guess_bytes)?]),
        python: "metrics.accuracy_score(label_bytes, guess_bytes)",
    },
    Subject {
        name: "precision",
        target: Some(100.0),
        columns: TWO,
        evaluate: |c| Ok(vec![two(c)?.binary(1)?.precision()]),
        python: "metrics.precision_score(labels, guesses)",
    },
    Subject {
        name: "recall",
        target: Some(100.0),
        columns: TWO,
        evaluate: |c| Ok(vec![two(c)?.binary(1)?.recall()]),
        python: "metrics.recall_score(labels, guesses)",
    },
    Subject {
        name: "F1",
        target: Some(100.0),
        columns: TWO,
        evaluate: |c| Ok(vec![two(c)?.binary(1)?.f1()]),
        python: "metrics.f1_score(labels, guesses)",
    },
    Subject {
        name: "macro F1, ten classes",
        target: Some(100.0),
        columns: TEN,
        evaluate: |c| Ok(vec![ten(c)?.finish()?.macro_average.f1]),
        python: "metrics.f1_score(classes, class_guesses, average='macro')",
    },
    Subject {
        name: "confusion, two classes",
        target: Some(100.0),
        columns: TWO,
        evaluate: |c| Ok(counts(&two(c)?)),
        python: "metrics.confusion_matrix(labels, guesses).ravel()",
    },
    Subject {
        name: "confusion, ten classes",
        target: Some(100.0),
        columns: TEN,
        evaluate: |c| Ok(counts(&ten(c)?)),
        python: "metrics.confusion_matrix(classes, class_guesses).ravel()",
    },
    Subject {
        name: "confusion, labels of one byte",
        target: Some(100.0),
        columns: TWO_BYTES,
        evaluate: |c| Ok(counts(&Confusion::evaluate(2, &c.label_bytes, &c.guess_bytes)?)),
        python: "metrics.confusion_matrix(label_bytes, guess_bytes).ravel()",
    },
    Subject {
        name: "Matthews correlation, ten classes",
        target: None,
        columns: TEN,
        evaluate: |c| Ok(vec![matthews_correlation(10, &c.classes, &c.class_guesses)?]),
        python: "metrics.matthews_corrcoef(classes, class_guesses)",
    },
    Subject {
        name: "log loss",
        target: Some(100.0),
        columns: &[Labels, Scores],
        evaluate: |c| Ok(vec![binary_cross_entropy(&c.labels, &c.scores)?]),
        python: "metrics.log_loss(labels, scores)",
    },
    Subject {
        name: "ROC AUC with ties",
        target: Some(30.0),
        columns: &[Labels, Ties],
        evaluate: |c| Ok(vec![roc_auc(&c.labels, &c.ties)?]),
        python: "metrics.roc_auc_score(labels, ties)",
    },
    Subject {
        name: "ROC AUC, hardly any ties",
        target: Some(30.0),
        columns: &[Labels, Scores],
        evaluate: |c| Ok(vec![roc_auc(&c.labels, &c.scores)?]),
        python: "metrics.roc_auc_score(labels, scores)",
    },
    Subject {
        name: "average precision with ties",
        target: None,
        columns: &[Labels, Ties],
        evaluate: |c| Ok(vec![average_precision(&c.labels, &c.ties)?]),
        python: "metrics.average_precision_score(labels, ties)",
    },
    Subject {
        name: "calibration, ten bins",
        target: None,
        columns: &[Labels, Scores],
        evaluate: |c| {
            let report = binary_calibration(10, &c.labels, &c.scores)?;
            Ok(report.bins.iter().flat_map(|bin| [bin.frequency, bin.probability]).collect())
        },
        python: "numpy.stack(calibration_curve(labels, scores, n_bins=10), axis=1).ravel()",
    },
    Subject {
        name: "mean squared error and R²",
        target: None,
        columns: &[Targets, Scores],
        evaluate: |c| {
            let report = Regression::evaluate(&c.targets, &c.scores)?.finish()?;
            Ok([report.mse].into_iter().chain(report.r2).collect())
        },
        python: "[metrics.mean_squared_error(targets, scores), metrics.r2_score(targets, scores)]",
    },
];

fn two(columns: &Columns) -> ckpt_metrics::Result<Confusion> {
    Confusion::evaluate(2, &columns.labels, &columns.guesses)
}

fn ten(columns: &Columns) -> ckpt_metrics::Result<Confusion> {
    Confusion::evaluate(10, &columns.classes, &columns.class_guesses)
}

fn counts(confusion: &Confusion) -> Vec<f64> {
    confusion.counts().iter().map(|&count| count as f64).collect()
}

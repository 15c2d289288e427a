//! What is measured: a task, on rows of a shape.

use ckpt_train::{Config, Dataset, ModelKind, Optimizer, Rate, Real};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};

/// An element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Dtype {
    F32,
    F64,
}

impl Dtype {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Model {
    Linear,
    Logistic,
    Softmax,
}

impl Model {
    fn kind(self) -> ModelKind {
        match self {
            Self::Linear => ModelKind::Linear,
            Self::Logistic => ModelKind::Logistic,
            Self::Softmax => ModelKind::Softmax,
        }
    }
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// An epoch of gradient descent on all rows or in batches.
    Epoch,
    /// The exact solution, from the data to the model.
    ClosedForm,
    /// Training from zero to a small gradient.
    Fit,
}

/// Rows, and what is done with them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    pub(super) task: Task,
    pub(super) rows: usize,
    pub(super) features: usize,
    pub(super) dtype: Dtype,
    pub(super) model: Model,
    pub(super) classes: usize,
    /// Rows of a step; `None` for all.
    pub(super) batch: Option<usize>,
    pub(super) threads: usize,
}

/// The penalty of a whole fit, which counts once for all rows: scikit-learn's default.
const FIT_PENALTY: f64 = 1.0;

/// The 2-norm of the gradient at which a whole fit ends: where scikit-learn ends on these rows by its
/// default, which is 1e-4 for the largest component.
const FIT_TOLERANCE: f64 = 3e-4;

impl Shape {
    /// The classes of the targets; 0 if they are numbers.
    fn labels(&self) -> usize {
        match self.model {
            Model::Linear => 0,
            Model::Logistic => 2,
            Model::Softmax => self.classes,
        }
    }

    /// Draws rows, the same ones in each run: features uniform in -1..1, and a linear target with
    /// some noise, cut into classes of about the same size for classifiers.
    pub(super) fn draw<T: Real>(&self) -> (Vec<T>, Vec<T>) {
        let mut numbers = Uniform(1);
        let weights: Vec<f64> = (0..self.features).map(|_| numbers.draw()).collect();
        let spread = (self.features as f64).sqrt() / 3.0;
        let (mut x, mut y) = (Vec::with_capacity(self.rows * self.features), Vec::new());
        for _ in 0..self.rows {
            let mut target = 0.5 * numbers.draw();
            for weight in &weights {
                let value = numbers.draw();
                target += weight * value;
                x.push(T::from_f64(value));
            }
            let place = (target / spread + 1.0) / 2.0 * self.labels() as f64;
            let label = (place.max(0.0) as usize).min(self.labels().saturating_sub(1));
            y.push(T::from_f64(if self.labels() == 0 { target } else { label as f64 }));
        }
        (x, y)
    }

    /// Gives the rows to the trainer.
    pub(super) fn dataset<T: Real>(&self, x: Vec<T>, y: Vec<T>) -> anyhow::Result<Dataset<T>> {
        let x = Array2::from_shape_vec((self.rows, self.features), x)?;
        let dataset = Dataset::new(x, Array1::from_vec(y))?;
        let labels = (0..self.labels()).map(|label| label.to_string()).collect::<Vec<_>>();
        Ok(if labels.is_empty() { dataset } else { dataset.with_classes(labels)? })
    }

    /// The trainer's settings.
    pub(super) fn config(&self) -> Config {
        let base = Config {
            model: self.model.kind(),
            epochs: u64::MAX,
            val_fraction: 0.0,
            ..Config::default()
        };
        if self.task == Task::Fit {
            let l2 = FIT_PENALTY / self.rows as f64;
            let optimizer = Optimizer::LBFGS;
            return Config { optimizer, l2, tolerance: FIT_TOLERANCE, standardize: false, ..base };
        }
        let optimizer = if self.batch.is_some() { Optimizer::Sgd } else { Optimizer::Gd };
        // Small enough for any data of this kind, so that no pass looks for a rate.
        Config { optimizer, batch: self.batch, rate: Rate::Fixed(1e-3), ..base }
    }

    /// The same for the peers, whose rows lie in two files.
    pub(super) fn document(&self, x: &str, y: &str) -> Value {
        let task = match self.task {
            Task::Epoch => "epoch",
            Task::ClosedForm => "closed_form",
            Task::Fit => "fit",
        };
        json!({
            "task": task,
            "x": x,
            "y": y,
            "rows": self.rows,
            "features": self.features,
            "dtype": if self.dtype == Dtype::F32 { "<f4" } else { "<f8" },
            "model": self.model.kind().to_string(),
            "classes": self.classes,
            "batch": self.batch.unwrap_or(0),
        })
    }
}

/// Knuth's MMIX generator of uniform numbers in -1..1.
struct Uniform(u64);

impl Uniform {
    fn draw(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn small(task: Task, model: Model, batch: Option<usize>) -> Shape {
        let (rows, features, classes) = (200, 3, 4);
        let dtype = Dtype::F64;
        Shape { task, rows, features, dtype, model, classes, batch, threads: 1 }
    }

    #[test]
    fn every_class_is_drawn() {
        for (model, classes) in [(Model::Logistic, 2), (Model::Softmax, 4)] {
            let (x, y) = small(Task::Epoch, model, None).draw::<f64>();
            assert_eq!((x.len(), y.len()), (600, 200));
            for class in 0..classes {
                assert!(y.iter().filter(|&&y| y == f64::from(class)).count() > 10, "{model:?}");
            }
            assert!(y.iter().all(|&y| y < f64::from(classes)));
        }
    }

    #[test]
    fn peers_are_told_all() {
        let shape = small(Task::ClosedForm, Model::Linear, None);
        let document = shape.document("a", "b");
        assert_eq!((&document["task"], &document["batch"]), (&json!("closed_form"), &json!(0)));
        assert_eq!((&document["dtype"], &document["model"]), (&json!("<f8"), &json!("linear")));
    }
}

//! The rows of the trainer's table: what is measured, and what we want to reach.

use std::collections::BTreeMap;

use super::{
    super::median::median,
    shape::{Dtype, Model, Shape, Task},
};

/// A row of the table.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// The part of the machine's reading speed that we want to reach.
    pub(super) fraction: Option<f64>,
    /// How many times as fast as each library we want to be.
    pub(super) targets: &'static [(&'static str, f64)],
    /// Whether others are timed, too.
    pub(super) has_peers: bool,
}

/// What a row came to: medians, in seconds.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) ours: Vec<f64>,
    pub(super) read: Vec<f64>,
    pub(super) peers: BTreeMap<String, Vec<f64>>,
}

impl Samples {
    /// Our median.
    pub(super) fn seconds(&self) -> f64 {
        median(&self.ours).unwrap_or(f64::NAN)
    }

    pub(super) fn read_seconds(&self) -> f64 {
        median(&self.read).unwrap_or(f64::NAN)
    }

    /// The time that reading takes as a part of ours.
    pub(super) fn fraction_of_read(&self) -> f64 {
        self.read_seconds() / self.seconds()
    }

    /// How many times as fast as each library we are.
    pub(super) fn ratios(&self) -> BTreeMap<&str, f64> {
        let ratio = |seconds: &Vec<f64>| Some(median(seconds)? / self.seconds());
        self.peers.iter().filter_map(|(name, times)| Some((name.as_str(), ratio(times)?))).collect()
    }
}

/// About how many bytes a table has whose reading is measured: several times the largest cache.
const BYTES: usize = 256 << 20;

fn shape(rows: usize, features: usize, threads: usize) -> Shape {
    let (task, dtype, model) = (Task::Epoch, Dtype::F32, Model::Linear);
    Shape { task, rows, features, dtype, model, classes: 10, batch: None, threads }
}

/// All rows, on one thread and on two.
pub(super) fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for threads in [1, 2] {
        for dtype in [Dtype::F32, Dtype::F64] {
            for features in [13, 32, 64, 512] {
                let bytes = if dtype == Dtype::F32 { 4 } else { 8 };
                let shape = Shape { dtype, ..shape(BYTES / bytes / features, features, threads) };
                let fraction = Some(if features == 512 { 0.85 } else { 0.9 });
                let name = named("epoch", shape);
                subjects.push(Subject { name, shape, fraction, targets: &[], has_peers: false });
            }
        }
        subjects.extend(beside_peers(threads));
    }
    subjects
}

fn beside_peers(threads: usize) -> Vec<Subject> {
    let epoch: &[_] = match threads {
        1 => &[("numpy", 2.2), ("torch", 3.0), ("jax", 2.5)],
        _ => &[("numpy", 2.5), ("torch", 5.0), ("jax", 4.0)],
    };
    let of = |name: &str, shape: Shape, targets| {
        let name = named(name, shape);
        Subject { name, shape, fraction: None, targets, has_peers: true }
    };
    let softmax = Shape { model: Model::Softmax, ..shape(200_000, 64, threads) };
    let exact =
        Shape { task: Task::ClosedForm, dtype: Dtype::F64, ..shape(1_000_000, 32, threads) };
    vec![
        of("epoch", shape(1_000_000, 32, threads), epoch),
        of(
            "epoch in batches of 256",
            Shape { batch: Some(256), ..shape(100_000, 32, threads) },
            &[("torch", 40.0), ("numpy", 4.0)],
        ),
        of("epoch", shape(506, 13, threads), &[("torch", 50.0)]),
        of("exact solution", exact, &[("scikit-learn", 20.0), ("numpy", 20.0)]),
        of("softmax epoch, 10 classes", softmax, &[("torch", 10.0), ("numpy", 4.0)]),
        of(
            "softmax fit, 10 classes",
            Shape { task: Task::Fit, dtype: Dtype::F64, rows: 20_000, ..softmax },
            &[("scikit-learn", 4.0)],
        ),
    ]
}

/// Names a row by what it does and its shape.
fn named(what: &str, shape: Shape) -> String {
    let threads = if shape.threads == 1 {
        "1 thread".to_owned()
    } else {
        format!("{} threads", shape.threads)
    };
    format!("{what}, {} x {}, {}, {threads}", shape.rows, shape.features, shape.dtype.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_rows_apart() {
        let mut names: Vec<String> = subjects().into_iter().map(|subject| subject.name).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!((names.len(), all), (28, 28));
    }

    #[test]
    fn ratios_are_of_medians() {
        let samples = Samples {
            ours: vec![2.0, 9.0, 1.0],
            read: vec![1.0, 1.5],
            peers: [("numpy".to_owned(), vec![4.0, 6.0, 8.0])].into(),
        };
        assert_eq!((samples.seconds(), samples.fraction_of_read()), (2.0, 0.625));
        assert_eq!(samples.ratios(), [("numpy", 3.0)].into());
    }
}

//! Training on a file that stays on the disk gives the bits that it gives in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Debug, io, ops::Range, path::Path, sync::Arc};

use ckpt_data::{Float, NpyRows, Roles, Table, Target};
use ckpt_tests::{xtask, xtask_json};
use ckpt_train::{
    Config, Dataset, Epoch, LinearTrainer, ModelKind, Optimizer, Real, RowSource, row_order,
};

/// The rows of a file, as the trainer reads them.
struct Stored(NpyRows);

impl<T: Float> RowSource<T> for Stored {
    fn read(&self, rows: Range<usize>, into: &mut [T]) -> io::Result<()> {
        self.0.read(rows, into).map_err(io::Error::other)
    }
}

fn dress<T: Real>(
    dataset: Dataset<T>,
    classes: Option<Vec<String>>,
    weights: Option<ndarray::Array1<T>>,
) -> Dataset<T> {
    let dataset = classes.map_or(Ok(dataset.clone()), |labels| dataset.with_classes(labels));
    let dataset = dataset.unwrap();
    weights.map_or(Ok(dataset.clone()), |weights| dataset.weighted(weights)).unwrap()
}

fn in_memory<T: Float + Real>(file: &Path, roles: &Roles) -> Dataset<T> {
    let samples = Table::read(file).unwrap().samples::<T>(roles).unwrap();
    let dataset = Dataset::new(samples.x, samples.y).unwrap();
    dress(dataset, samples.classes, samples.weights)
}

fn on_disk<T: Float + Real>(file: &Path, roles: &Roles, seed: u64) -> Dataset<T> {
    let rows = NpyRows::open(file).unwrap();
    let order = row_order(rows.rows(), seed);
    let samples = rows.samples::<T>(roles, &order, file.parent().unwrap()).unwrap();
    let columns = samples.x.columns();
    let dataset = Dataset::stored(Arc::new(Stored(samples.x)), columns, samples.y).unwrap();
    dress(dataset, samples.classes, samples.weights)
}

fn train<T: Real>(dataset: &Dataset<T>, config: Config) -> Vec<Epoch<T>> {
    LinearTrainer::new(dataset, config).unwrap().collect::<Result<_, _>>().unwrap()
}

fn assert_same<T: Float + Real + PartialEq + Debug>(file: &Path, roles: &Roles, config: Config) {
    let memory = train(&in_memory::<T>(file, roles), config);
    let disk = train(&on_disk::<T>(file, roles, config.seed), config);
    assert_eq!(memory.len(), 5, "{config:?}");
    assert_eq!(memory, disk, "{config:?}");
}

#[test]
fn disk_and_memory_train_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.npy");
    // More than the 2 MB from which on the trainer uses all threads.
    let size = ["--rows", "30000", "--features", "20", "--dtype", "f32", "--condition", "30"];
    xtask_json(folder.path(), &[&["data", "table", "t.npy"], &size[..]].concat());
    let plain = Config { epochs: 5, seed: 3, ..Config::default() };
    for optimizer in [Optimizer::Nesterov, Optimizer::Sgd, Optimizer::LBfgs { history: 4 }] {
        assert_same::<f32>(&file, &Roles::default(), Config { optimizer, ..plain });
    }
    assert_same::<f64>(&file, &Roles::default(), plain);

    let kind = ["--kind", "classification", "--classes", "3"];
    xtask_json(folder.path(), &[&["data", "table", "t.npy"], &size[..], &kind].concat());
    let roles = Roles { kind: Target::Classes, drop: vec!["x7".to_owned()], ..Roles::default() };
    assert_same::<f32>(&file, &roles, Config { model: ModelKind::Softmax, ..plain });
}

#[test]
fn wrong_calls_are_refused_as_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    xtask_json(folder.path(), &["data", "table", "t.npy", "--rows", "20", "--features", "3"]);
    let cases: [&[&str]; 3] = [
        &["--target", "nose"],
        &["--patience", "2", "--monitor", "val_accuracy"],
        &["--model", "logistic"],
    ];
    for args in cases {
        let refuse = |more: &[&str]| {
            let output =
                xtask(folder.path(), &[&["train", "--data", "t.npy"], args, more].concat());
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (code, error) = refuse(&["--stream"]);
        assert_ne!(code, Some(0), "{args:?}");
        assert_eq!((code, error), refuse(&[]), "{args:?}");
    }
}

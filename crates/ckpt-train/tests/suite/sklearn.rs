//! The fits of scikit-learn, recorded by record_sklearn.py, which also says how the file reads.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::str::FromStr;

use ckpt_train::{
    Config, Dataset, Epoch, LinearModel, LinearTrainer, ModelKind, Optimizer, StopReason,
};
use ndarray::{Array1, Array2};

/// The most that a standardised coefficient may be off, as a part of the case's largest one.
const TOLERANCE: f64 = 1e-7;

/// A recorded fit.
#[derive(Default)]
struct Case {
    name: String,
    kind: Option<ModelKind>,
    l2: f64,
    rows: Vec<Vec<f64>>,
    targets: Vec<f64>,
    counts: Vec<f64>,
    scale: Vec<f64>,
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

impl Case {
    fn dataset(&self) -> Dataset<f64> {
        let (rows, columns) = (self.rows.len(), self.rows[0].len());
        let x = Array2::from_shape_vec((rows, columns), self.rows.concat()).unwrap();
        let dataset = Dataset::new(x, Array1::from(self.targets.clone())).unwrap();
        let dataset = match self.kind {
            Some(ModelKind::Linear) => dataset,
            _ => {
                let classes = self.weight.len().max(2);
                dataset.with_classes((0..classes).map(|class| class.to_string()).collect()).unwrap()
            }
        };
        if self.counts.iter().all(|&count| count == 1.0) {
            return dataset;
        }
        dataset.weighted(Array1::from(self.counts.clone())).unwrap()
    }

    fn config(&self, optimizer: Optimizer) -> Config {
        Config {
            model: self.kind.unwrap(),
            optimizer,
            l2: self.l2,
            val_fraction: 0.0,
            epochs: 100_000,
            ..Config::default()
        }
    }

    /// The largest difference between standardised coefficients, as a part of the largest.
    fn error(&self, model: &LinearModel<f64>) -> f64 {
        let (mut error, mut largest) = (0.0_f64, 0.0_f64);
        for (found, expected) in model.weight.rows().into_iter().zip(&self.weight) {
            for ((found, expected), scale) in found.iter().zip(expected).zip(&self.scale) {
                error = error.max((found - expected).abs() * scale);
                largest = largest.max(expected.abs() * scale);
            }
        }
        assert_eq!(model.weight.dim(), (self.weight.len(), self.scale.len()));
        error / largest
    }

    fn check(&self, how: &str, last: &Epoch<f64>) {
        let Self { name, .. } = self;
        assert!(last.stop.unwrap().is_converged(), "{name} by {how}: {:?}", last.stop);
        let error = self.error(&last.model);
        assert!(error <= TOLERANCE, "{name} by {how}: weights are off by {error:e}");
        // A raw intercept has the rounding of what it is the sum of.
        for (output, (found, expected)) in last.model.bias.iter().zip(&self.bias).enumerate() {
            let terms = self.weight[output].iter().zip(&self.rows[0]).map(|(w, x)| (w * x).abs());
            let size = expected.abs() + terms.sum::<f64>();
            let error = (found - expected).abs() / size;
            assert!(error <= TOLERANCE, "{name} by {how}: bias {output} is off by {error:e}");
        }
    }
}

fn numbers<T: FromStr>(values: &str) -> Vec<T> {
    values.split_whitespace().map(|value| value.parse().ok().expect("a number")).collect()
}

/// The first rows of a fixture; classes are counted in the order of their labels.
fn fixture(case: &mut Case, name: &str, rows: usize) {
    let text = match name {
        "diabetes.csv" => include_str!("../../../../fixtures/diabetes.csv"),
        "iris.csv" => include_str!("../../../../fixtures/iris.csv"),
        "digits.csv" => include_str!("../../../../fixtures/digits.csv"),
        _ => panic!("{name} is no fixture"),
    };
    for line in text.lines().skip(1).take(rows) {
        let (row, target) = line.rsplit_once(',').unwrap();
        case.rows.push(numbers(&row.replace(',', " ")));
        let species = ["setosa", "versicolor", "virginica"].iter().position(|&s| s == target);
        case.targets.push(species.map_or_else(|| target.parse().unwrap(), |s| s as f64));
    }
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("../sklearn.txt").lines() {
        let (keyword, values) = line.split_once(' ').unwrap();
        if keyword == "case" {
            let words: Vec<&str> = values.split(' ').collect();
            let kind = ModelKind::ALL.into_iter().find(|kind| kind.to_string() == words[1]);
            let l2 = words[2].parse().unwrap();
            cases.push(Case { name: words[0].to_owned(), kind, l2, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        match keyword {
            "fixture" => {
                let words: Vec<&str> = values.split(' ').collect();
                let rows = words[1].parse().unwrap();
                fixture(case, words[0], rows);
                let weighted = words[2] == "1";
                case.counts = (0..rows)
                    .map(|row| if weighted { (7 * row % 5) as f64 / 2.0 } else { 1.0 })
                    .collect();
            }
            "row" => {
                let values: Vec<f64> = numbers(values);
                case.targets.push(values[0]);
                case.counts.push(values[1]);
                case.rows.push(values[2..].to_vec());
            }
            "scale" => case.scale = numbers(values),
            "weight" => case.weight.push(numbers(values)),
            "bias" => case.bias = numbers(values),
            _ => panic!("{keyword}"),
        }
    }
    cases
}

fn last(dataset: &Dataset<f64>, config: Config) -> Epoch<f64> {
    let mut trainer = LinearTrainer::new(dataset, config).unwrap();
    while let Some(step) = trainer.advance() {
        step.unwrap();
    }
    trainer.report().unwrap()
}

#[test]
fn every_kind_of_case_is_there() {
    let cases = cases();
    assert_eq!(cases.len(), 28);
    for kind in ModelKind::ALL {
        for weighted in [false, true] {
            let found = cases.iter().filter(|case| {
                case.kind == Some(kind) && case.counts.iter().any(|&c| c != 1.0) == weighted
            });
            assert!(found.count() >= 3, "{kind}, weighted: {weighted}");
        }
    }
}

#[test]
fn lbfgs_ends_where_scikit_learn_does() {
    for case in cases() {
        let epoch = last(&case.dataset(), case.config(Optimizer::LBFGS));
        assert!(epoch.number < 200, "{}: {} epochs", case.name, epoch.number);
        case.check("lbfgs", &epoch);
    }
}

#[test]
fn nesterov_ends_where_scikit_learn_does() {
    for case in cases() {
        // Gradients have the targets' unit.
        let unit = match case.kind {
            Some(ModelKind::Linear) => case.targets.iter().fold(0.0_f64, |a, b| a.max(b.abs())),
            _ => 1.0,
        };
        let config = Config { tolerance: 1e-10 * unit, ..case.config(Optimizer::Nesterov) };
        let epoch = last(&case.dataset(), config);
        assert_eq!(epoch.stop, Some(StopReason::Tolerance), "{}", case.name);
        case.check("nesterov", &epoch);
    }
}

#[test]
fn the_exact_solution_is_that_of_scikit_learn() {
    for case in cases().into_iter().filter(|case| case.kind == Some(ModelKind::Linear)) {
        let epoch = last(&case.dataset(), case.config(Optimizer::Exact));
        assert_eq!((epoch.number, epoch.stop), (1, Some(StopReason::Exact)), "{}", case.name);
        case.check("the closed form", &epoch);
        assert!(case.error(&epoch.model) < 1e-11, "{}: {:e}", case.name, case.error(&epoch.model));
    }
}

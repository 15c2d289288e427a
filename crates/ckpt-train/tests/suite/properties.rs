//! What holds for all data.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use crate::common::{Numbers, assert_close, fits, run};
use ckpt_train::{
    Config, Dataset, Decay, EarlyStopping, Epoch, LinearModel, ModelKind, Monitor, Optimizer, Rate,
    Schedule, StopReason,
};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use proptest::prelude::*;

/// Rows whose targets are numbers or classes that no plane parts.
fn dataset(
    kind: ModelKind,
    seed: u64,
    rows: usize,
    columns: usize,
    classes: usize,
) -> Dataset<f64> {
    let mut numbers = Numbers(seed);
    let x = Array2::from_shape_fn((rows, columns), |_| 3.0 * numbers.bell() + 1.0);
    let mut target = |row: ArrayView1<'_, f64>| row.sum() + 5.0 * numbers.bell();
    let y: Array1<f64> = x.rows().into_iter().map(&mut target).collect();
    if kind == ModelKind::Linear {
        return Dataset::new(x, y).unwrap();
    }
    let mut class = |y: f64| (y.abs() + 4.0 * numbers.unit().abs()) as usize % classes;
    let mut y = y.mapv(|y| class(y) as f64);
    // Every class is there, and none has a plane to itself.
    (0..rows.min(2 * classes)).for_each(|row| y[row] = (row % classes) as f64);
    Dataset::new(x, y).unwrap().with_classes(labels(classes)).unwrap()
}

fn labels(classes: usize) -> Vec<String> {
    (0..classes).map(|class| format!("class {class}")).collect()
}

fn classes_of(kind: ModelKind) -> usize {
    if kind == ModelKind::Softmax { 3 } else { 2 }
}

/// To the end of the precision, with a penalty, so that there is one end.
fn fitted(dataset: &Dataset<f64>, model: ModelKind) -> LinearModel<f64> {
    let optimizer = Optimizer::LBFGS;
    let config = Config { model, optimizer, l2: 0.05, epochs: 2000, ..Config::default() };
    let last = run(dataset, Config { val_fraction: 0.0, ..config }).unwrap().pop().unwrap();
    assert!(last.stop.unwrap().is_converged(), "{:?}", last.stop);
    last.model
}

fn assert_alike(what: &str, found: &LinearModel<f64>, expected: &LinearModel<f64>, within: f64) {
    assert_eq!(found.weight.dim(), expected.weight.dim());
    let values = |model: &LinearModel<f64>| -> Vec<f64> {
        model.weight.iter().chain(&model.bias).copied().collect()
    };
    let largest = values(expected).iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    for (a, b) in values(found).into_iter().zip(values(expected)) {
        assert!((a - b).abs() <= within * largest, "{what}: {found:?} is not {expected:?}");
    }
}

/// The rows each as often as `times` says.
fn repeated(dataset: &Dataset<f64>, times: &[usize]) -> Dataset<f64> {
    let rows = times.iter().enumerate();
    let rows: Vec<usize> = rows.flat_map(|(row, &times)| vec![row; times]).collect();
    let x = dataset.x().unwrap().select(Axis(0), &rows);
    let repeated = Dataset::new(x, dataset.y().select(Axis(0), &rows)).unwrap();
    match dataset.classes() {
        [] => repeated,
        classes => repeated.with_classes(classes.to_vec()).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whole_weights_are_repeated_rows(
        seed: u64, columns in 1_usize..6, times in prop::collection::vec(0_usize..4, 24..40),
    ) {
        let mut times = times;
        times[..6].fill(1);
        for kind in ModelKind::ALL {
            let data = dataset(kind, seed, times.len(), columns, classes_of(kind));
            let again = repeated(&data, &times);
            let counts = times.iter().map(|&times| times as f64).collect();
            let weighted = data.weighted(counts).unwrap();
            let what = format!("{kind}");
            assert_alike(&what, &fitted(&weighted, kind), &fitted(&again, kind), 1e-8);
        }
    }

    /// A row of weight zero says nothing, whatever it holds and however training goes.
    #[test]
    fn rows_of_weight_zero_are_absent(seed: u64, rows in 12_usize..30) {
        for (model, optimizer, batch) in fits() {
            // The members of batches depend on how many rows there are.
            if batch.is_some() || optimizer == Optimizer::Sgd {
                continue;
            }
            let data = dataset(model, seed, rows, 3, classes_of(model));
            let mut counts = Array1::ones(rows);
            counts.slice_mut(ndarray::s![6..9]).fill(0.0);
            let times: Vec<usize> = counts.iter().map(|&count: &f64| count as usize).collect();
            let without = repeated(&data, &times);
            let config = Config { model, optimizer, epochs: 8, l2: 0.1, ..Config::default() };
            let config = Config { val_fraction: 0.0, rate: match optimizer.kind().has_rate() {
                true => Rate::Fixed(0.1),
                false => Rate::Auto,
            }, ..config };
            let last = |data: &Dataset<f64>| run(data, config).unwrap().pop().unwrap();
            let (found, expected) = (last(&data.weighted(counts).unwrap()), last(&without));
            let what = format!("{model} by {optimizer:?}");
            assert_alike(&what, &found.model, &expected.model, 1e-6);
            let loss = |epoch: &Epoch<f64>| epoch.metrics.get("loss").unwrap();
            assert_close(&what, loss(&found), loss(&expected), 1e-9);
        }
    }

    #[test]
    fn permuting_classes_permutes_their_lines(seed: u64, shift in 1_usize..4) {
        let kind = ModelKind::Softmax;
        let data = dataset(kind, seed, 60, 3, 4);
        let to = |class: usize| (class + shift) % 4;
        let y = data.y().mapv(|class| to(class as usize) as f64);
        let x = data.x().unwrap().to_owned();
        let turned = Dataset::new(x, y).unwrap().with_classes(labels(4)).unwrap();
        let (model, turned) = (fitted(&data, kind), fitted(&turned, kind));
        let lines: Vec<usize> = (0..4).map(to).collect();
        let back = LinearModel {
            weight: turned.weight.select(Axis(0), &lines),
            bias: turned.bias.select(Axis(0), &lines),
            ..turned
        };
        assert_alike("turned", &back, &model, 1e-7);
    }

    /// Two lines `-v` and `v` give the margin `2 v`, so that softmax is logistic regression with
    /// `w = 2 v`; its penalty `l2/2 (v^2 + v^2)` is that of half the `l2` on `w`.
    #[test]
    fn softmax_of_two_classes_is_logistic_with_twice_the_weights(seed: u64, columns in 1_usize..5) {
        let data = dataset(ModelKind::Softmax, seed, 70, columns, 2);
        let fit = |model, l2| {
            let config = Config { model, l2, optimizer: Optimizer::LBFGS, ..Config::default() };
            let config = Config { val_fraction: 0.0, epochs: 1000, ..config };
            run(&data, config).unwrap().pop().unwrap()
        };
        let (two, one) = (fit(ModelKind::Softmax, 0.1), fit(ModelKind::Logistic, 0.05));
        let loss = |epoch: &Epoch<f64>| epoch.metrics.get("loss").unwrap();
        assert_close("loss", loss(&two), loss(&one), 1e-12);
        let rows = |model: &LinearModel<f64>, class: usize, sign: f64| LinearModel {
            kind: ModelKind::Logistic,
            weight: model.weight.select(Axis(0), &[class]) * (2.0 * sign),
            bias: model.bias.select(Axis(0), &[class]) * (2.0 * sign),
            classes: labels(2),
        };
        assert_alike("class 1", &rows(&two.model, 1, 1.0), &one.model, 1e-7);
        assert_alike("class 0", &rows(&two.model, 0, -1.0), &one.model, 1e-7);
        let x = data.x().unwrap();
        let (two, one) = (two.model.probabilities(x).unwrap(), one.model.probabilities(x).unwrap());
        for (a, b) in two.iter().zip(&one) {
            assert!((a - b).abs() < 1e-8, "{a} is not {b}");
        }
    }

    #[test]
    fn probabilities_sum_to_one_and_name_the_class(seed: u64, size in -3_i32..4) {
        for kind in [ModelKind::Logistic, ModelKind::Softmax] {
            let classes = classes_of(kind);
            let data = dataset(kind, seed, 50, 2, classes);
            let mut model = fitted(&data, kind);
            model.weight.mapv_inplace(|weight| weight * 10.0_f64.powi(size));
            let x = data.x().unwrap();
            let shares = model.probabilities(x).unwrap();
            assert_eq!(shares.dim(), (50, classes));
            let predicted = model.predict(x).unwrap();
            for (line, &class) in shares.rows().into_iter().zip(&predicted) {
                assert!((line.sum() - 1.0).abs() < 1e-14, "{line}");
                assert!(line.iter().all(|share| (0.0..=1.0).contains(share)), "{line}");
                let most = line.iter().fold(0.0_f64, |a, b| a.max(*b));
                assert!(line[class as usize] >= most - 1e-15, "{line}: {class}");
            }
        }
    }

    #[test]
    fn lbfgs_never_raises_the_loss_and_nothing_beats_the_exact_solution(
        seed: u64, columns in 1_usize..8, l2 in prop::sample::select(vec![0.0, 0.01, 2.0]),
    ) {
        for (model, optimizer, batch) in fits() {
            let data = dataset(model, seed, 40, columns, classes_of(model));
            let config = Config { model, optimizer, batch, l2, epochs: 25, ..Config::default() };
            let config = Config { val_fraction: 0.0, ..config };
            let loss = |epoch: &Epoch<f64>| epoch.metrics.get("loss").unwrap();
            let epochs = run(&data, config).unwrap();
            if optimizer == Optimizer::LBFGS {
                for pair in epochs.windows(2) {
                    // The last digits of a loss are rounding.
                    assert!(loss(&pair[1]) <= loss(&pair[0]) * (1.0 + 1e-14), "{model}");
                }
            }
            if model == ModelKind::Linear {
                let exact = Config { optimizer: Optimizer::Exact, batch: None, ..config };
                let exact = loss(&run(&data, exact).unwrap()[0]);
                let least = epochs.iter().map(loss).fold(f64::INFINITY, f64::min);
                assert!(exact <= least * (1.0 + 1e-12), "{optimizer:?}: {least} beats {exact}");
            }
        }
    }

    #[test]
    fn early_stopping_stops_where_a_hand_count_does(
        seed: u64, patience in 1_u64..5, which in 0_usize..6,
    ) {
        let monitor = Monitor::ALL[which];
        let linear = matches!(monitor, Monitor::Mse | Monitor::Mae | Monitor::R2);
        let model = if linear { ModelKind::Linear } else { ModelKind::Softmax };
        let data = dataset(model, seed, 40, 6, classes_of(model));
        let config = Config { model, optimizer: Optimizer::ADAM, batch: Some(4), ..Config::default() };
        let config = Config { rate: Rate::Fixed(0.3), epochs: 60, ..config };
        let all = run(&data, config).unwrap();
        let (mut best, mut stale, mut end) = (f64::INFINITY, 0, None);
        for epoch in &all {
            let value = epoch.metrics.get(monitor.name()).unwrap();
            let more_is_better = matches!(monitor, Monitor::R2 | Monitor::Accuracy | Monitor::MacroF1);
            let cost = if more_is_better { -value } else { value };
            stale = if cost < best { 0 } else { stale + 1 };
            best = best.min(cost);
            if stale == patience {
                end = Some(epoch.number);
                break;
            }
        }
        let early_stopping = Some(EarlyStopping { monitor, patience });
        let stopped = run(&data, Config { early_stopping, ..config }).unwrap();
        let last = stopped.last().unwrap();
        assert_eq!(last.number, end.unwrap_or(60), "{monitor}");
        let reason = end.map_or(StopReason::EpochLimit, |_| StopReason::EarlyStopping);
        assert_eq!(last.stop, Some(reason));
        for (stopped, all) in stopped.iter().zip(&all) {
            assert_eq!((&stopped.model, &stopped.metrics), (&all.model, &all.metrics));
        }
    }

    #[test]
    fn a_schedule_multiplies_the_rate(
        warmup in 0_u64..5, every in 1_u64..5, factor in 0.1_f64..1.0, floor in 0.0_f64..0.9,
        kind in 0_usize..3, epochs in 1_u64..14,
    ) {
        let decay = match kind {
            0 => Decay::Constant,
            1 => Decay::Step { every, factor },
            _ => Decay::Cosine { epochs: every, floor },
        };
        let expected = |epoch: u64| {
            if epoch < warmup {
                return epoch as f64 / warmup as f64;
            }
            // The last epoch of a warm-up has the whole rate, as has the first without one.
            let t = (epoch - warmup).saturating_sub(1);
            match kind {
                0 => 1.0,
                1 => factor.powi((t / every) as i32),
                _ if t >= every => floor,
                _ => {
                    let angle = std::f64::consts::PI * t as f64 / every as f64;
                    floor + (1.0 - floor) * (1.0 + angle.cos()) / 2.0
                }
            }
        };
        let data = dataset(ModelKind::Linear, 3, 20, 2, 0);
        let (rate, schedule) = (Rate::Fixed(0.2), Schedule { warmup, decay });
        for optimizer in [Optimizer::Gd, Optimizer::Sgd, Optimizer::ADAMW] {
            let config = Config { optimizer, rate, schedule, epochs, ..Config::default() };
            for epoch in run(&data, config).unwrap() {
                let found = epoch.metrics.get("rate").unwrap();
                assert_close("rate", found, 0.2 * expected(epoch.number), 1e-14);
                assert_close("factor", schedule.factor(epoch.number), expected(epoch.number), 1e-14);
            }
        }
    }
}

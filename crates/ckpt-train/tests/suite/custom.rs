//! Objectives and optimizers of one's own.

use std::ops::Range;

use ckpt_train::{
    Evaluate, NamedArray, Objective, Optimizer, StateError, StopReason, TrainError, Trainer,
    TrainerEpoch, TrainerSettings, UpdateRule, Values, mean_over,
};
use rayon::ThreadPoolBuilder;

/// Columns of the table, the constant one included.
const WIDTH: usize = 3;

/// Poisson regression: counts of mean `exp(w x)`.
#[derive(Clone)]
struct Poisson {
    x: Vec<[f64; WIDTH]>,
    y: Vec<f64>,
}

impl Poisson {
    /// Rows that several super-blocks and threads share.
    fn new(rows: usize) -> Self {
        let cell = |row: usize, step: usize| (row * step % 101) as f64 / 101.0 - 0.5;
        let x: Vec<[f64; WIDTH]> =
            (0..rows).map(|row| [cell(row, 37), cell(row, 59), 1.0]).collect();
        let noise = |row: usize| (row * 7919 % 13) as f64 / 13.0;
        let count = |(row, x): (usize, &[f64; WIDTH])| {
            ((0.8 * x[0] - 1.1 * x[1] + 0.7).exp() + noise(row)).floor()
        };
        let y = x.iter().enumerate().map(count).collect();
        Self { x, y }
    }

    /// The maximum of the likelihood by Newton's method, apart from the crate's code: weighted normal
    /// equations, solved by Gauss's elimination.
    fn newton(&self) -> [f64; WIDTH] {
        let mut w = [0.0; WIDTH];
        for _ in 0..50 {
            let mut system = [[0.0; WIDTH + 1]; WIDTH];
            for (x, y) in self.x.iter().zip(&self.y) {
                let mean = x.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>().exp();
                for i in 0..WIDTH {
                    for j in 0..WIDTH {
                        system[i][j] += mean * x[i] * x[j];
                    }
                    system[i][WIDTH] += (y - mean) * x[i];
                }
            }
            for i in 0..WIDTH {
                let pivot = system[i];
                for line in system.iter_mut().skip(i + 1) {
                    let factor = line[i] / pivot[i];
                    for (a, b) in line.iter_mut().zip(pivot) {
                        *a -= factor * b;
                    }
                }
            }
            let mut step = [0.0; WIDTH];
            for i in (0..WIDTH).rev() {
                let known: f64 = (i + 1..WIDTH).map(|j| system[i][j] * step[j]).sum();
                step[i] = (system[i][WIDTH] - known) / system[i][i];
            }
            w.iter_mut().zip(step).for_each(|(w, s)| *w += s);
        }
        w
    }
}

impl Objective for Poisson {
    fn parameters(&self) -> usize {
        WIDTH
    }

    fn rows(&self) -> usize {
        self.y.len()
    }

    fn evaluate(
        &mut self,
        rows: Range<usize>,
        params: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, TrainError> {
        Ok(mean_over(rows, gradient, |row, gradient| {
            let z: f64 = self.x[row].iter().zip(params).map(|(x, w)| x * w).sum();
            let residual = z.exp() - self.y[row];
            for (g, x) in gradient.iter_mut().zip(self.x[row]) {
                *g += residual * x;
            }
            z.exp() - self.y[row] * z
        }))
    }
}

fn run(rows: usize, optimizer: Optimizer, settings: TrainerSettings) -> Vec<TrainerEpoch> {
    let rule = optimizer.rule(WIDTH).expect("settings in range");
    Trainer::new(Poisson::new(rows), rule, settings)
        .expect("settings in range")
        .map(|epoch| epoch.expect("no divergence"))
        .collect()
}

#[test]
fn every_optimizer_comes_to_the_maximum_of_the_likelihood() {
    let settings = |learning_rate, batch, epochs| TrainerSettings {
        learning_rate,
        batch,
        epochs,
        ..TrainerSettings::default()
    };
    let cases = [
        (Optimizer::LBFGS, settings(1.0, None, 100), 1e-8),
        (Optimizer::Gd, settings(0.3, None, 3000), 1e-8),
        (Optimizer::Nesterov, settings(0.3, None, 1000), 1e-8),
        (Optimizer::MOMENTUM, settings(0.05, None, 2000), 1e-8),
        (Optimizer::ADAM, settings(0.01, None, 5000), 1e-6),
        (Optimizer::Sgd, settings(0.05, Some(100), 200), 2e-2),
    ];
    let exact = Poisson::new(1000).newton();
    for (optimizer, settings, tolerance) in cases {
        let last = run(1000, optimizer, settings).pop().unwrap();
        let error = last.params.iter().zip(exact).map(|(w, e)| (w - e).abs()).fold(0.0, f64::max);
        assert!(error < tolerance, "{optimizer:?}: {error}");
    }
    let settings = TrainerSettings { tolerance: 1e-9, ..TrainerSettings::default() };
    let last = run(1000, Optimizer::LBFGS, settings).pop().unwrap();
    assert!(last.grad_norm <= 1e-9 && last.stop == Some(StopReason::Tolerance));
}

#[test]
fn bits_are_the_same_on_any_number_of_threads() {
    // Above 2 MB of sums, from where threads share them out.
    let rows = 120_000;
    let settings = TrainerSettings { epochs: 4, learning_rate: 0.1, ..TrainerSettings::default() };
    let batched = TrainerSettings { batch: Some(100_000), ..settings };
    for (optimizer, settings) in [(Optimizer::LBFGS, settings), (Optimizer::ADAM, batched)] {
        let on = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(rows, optimizer, settings))
        };
        let one = on(1);
        assert_eq!(one.len(), 4);
        assert_eq!(one, on(4));
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_one_that_never_stopped() {
    let all = [Optimizer::LBFGS, Optimizer::Nesterov, Optimizer::MOMENTUM, Optimizer::ADAMW];
    for optimizer in all {
        let batch = optimizer.kind().has_batches().then_some(64);
        let settings = TrainerSettings {
            epochs: 6,
            learning_rate: 0.05,
            batch,
            seed: 7,
            ..Default::default()
        };
        let whole = run(500, optimizer, settings);
        for stopped in &whole {
            let rule = optimizer.rule(WIDTH).unwrap();
            let state = stopped.state.clone();
            let rest = Trainer::resume(Poisson::new(500), rule, settings, state).unwrap();
            let rest: Vec<TrainerEpoch> = rest.map(Result::unwrap).collect();
            assert_eq!(rest, whole[stopped.number as usize..], "{optimizer:?}");
        }
    }
}

/// Steps of one rate against each sign of the gradient, smaller where the sign changed.
#[derive(Clone, Debug, Default)]
struct Signs {
    before: Vec<f64>,
    size: Vec<f64>,
}

impl UpdateRule for Signs {
    fn step(
        &mut self,
        params: &mut Vec<f64>,
        rate: f64,
        evaluate: &mut Evaluate<'_>,
    ) -> Result<Option<f64>, TrainError> {
        self.before.resize(params.len(), 0.0);
        self.size.resize(params.len(), 1.0);
        let mut gradient = vec![0.0; params.len()];
        let loss = evaluate(params, &mut gradient)?;
        for (i, g) in gradient.into_iter().enumerate() {
            self.size[i] *= if g * self.before[i] < 0.0 { 0.5 } else { 1.0 };
            params[i] -= rate * self.size[i] * g.signum();
            self.before[i] = g;
        }
        Ok(Some(loss))
    }

    fn memory(&self) -> Vec<NamedArray> {
        let array = |name: &str, values: &Vec<f64>| NamedArray {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: Values::F64(values.clone()),
        };
        vec![array("before", &self.before), array("size", &self.size)]
    }

    fn restore(&mut self, memory: Vec<NamedArray>, _: usize) -> Result<(), StateError> {
        for array in memory {
            match (array.name.as_str(), array.values) {
                ("before", Values::F64(values)) => self.before = values,
                ("size", Values::F64(values)) => self.size = values,
                _ => return Err(StateError::Unexpected { name: array.name }),
            }
        }
        Ok(())
    }
}

#[test]
fn an_optimizer_of_ones_own_trains_and_resumes() {
    let settings = TrainerSettings { learning_rate: 0.1, epochs: 80, ..Default::default() };
    let start = || Trainer::new(Poisson::new(500), Signs::default(), settings).unwrap();
    let whole: Vec<TrainerEpoch> = start().map(Result::unwrap).collect();
    let exact = Poisson::new(500).newton();
    let found = &whole[79].params;
    assert!(found.iter().zip(exact).all(|(w, e)| (w - e).abs() < 1e-3), "{found:?} {exact:?}");
    let state = whole[30].state.clone();
    let rest = Trainer::resume(Poisson::new(500), Signs::default(), settings, state).unwrap();
    assert!(rest.map(Result::unwrap).eq(whole[31..].iter().cloned()));
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let start = |optimizer: Optimizer, settings| {
        let trainer = optimizer
            .rule(WIDTH)
            .map_err(TrainError::from)
            .and_then(|rule| Trainer::new(Poisson::new(9), rule, settings));
        trainer.map(|_| ()).unwrap_err().to_string()
    };
    let usual = TrainerSettings::default();
    let batched = TrainerSettings { batch: Some(4), ..usual };
    assert_eq!(
        start(Optimizer::LBFGS, batched),
        "lbfgs takes all rows at each step, so it has no batch size"
    );
    assert_eq!(
        start(Optimizer::Exact, usual),
        "only linear regression has an exact solution; use lbfgs"
    );
    let zero = TrainerSettings { learning_rate: 0.0, ..usual };
    assert_eq!(start(Optimizer::ADAM, zero), "learning_rate is 0, but must be positive and finite");
    let none = TrainerSettings { epochs: 0, ..usual };
    assert_eq!(start(Optimizer::ADAM, none), "epochs is 0, but must be at least 1");

    let state = run(9, Optimizer::ADAM, usual).remove(3).state;
    let resume = |optimizer: Optimizer, settings, state: Vec<NamedArray>| {
        let rule = optimizer.rule(WIDTH).unwrap();
        Trainer::resume(Poisson::new(9), rule, settings, state).map(|_| ()).unwrap_err()
    };
    let other = TrainerSettings { seed: 1, ..usual };
    assert!(matches!(
        resume(Optimizer::ADAM, other, state.clone()),
        TrainError::State(StateError::Seed { state: 0, run: 1 })
    ));
    assert!(matches!(
        resume(Optimizer::MOMENTUM, usual, state),
        TrainError::State(StateError::Missing { name: "velocity" })
    ));
}

#[test]
fn divergence_is_an_error_and_the_end() {
    let settings = TrainerSettings { learning_rate: 1e6, ..TrainerSettings::default() };
    let rule = Optimizer::Gd.rule(WIDTH).unwrap();
    let mut trainer = Trainer::new(Poisson::new(100), rule, settings).unwrap();
    let error = trainer.find_map(Result::err).unwrap();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert!(trainer.next().is_none());
}

//! The update rules, and what they remember from step to step.

mod lbfgs;

pub(crate) use lbfgs::{History, PRECISION, Search, lbfgs_step};

use crate::config::Optimizer;
use crate::math::pow;

/// What an optimizer carries from one step to the next. All vectors are as long as the parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Memory {
    Nothing,
    Nesterov(Nesterov),
    Momentum { velocity: Vec<f64> },
    Adam(Moments),
    LBfgs(History),
}

impl Memory {
    /// The memory before the first step, all parameters being zero.
    fn new(optimizer: Optimizer, parameters: usize) -> Self {
        let zeros = || vec![0.0; parameters];
        match optimizer {
            Optimizer::Gd | Optimizer::Sgd | Optimizer::Exact => Self::Nothing,
            Optimizer::Nesterov => Self::Nesterov(Nesterov { lookahead: zeros(), t: 1.0 }),
            Optimizer::Momentum { .. } => Self::Momentum { velocity: zeros() },
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => {
                Self::Adam(Moments { first: zeros(), second: zeros(), steps: 0 })
            }
            Optimizer::LBfgs { .. } => Self::LBfgs(History::default()),
        }
    }
}

/// Nesterov's extrapolated point and its sequence `t`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Nesterov {
    pub(crate) lookahead: Vec<f64>,
    pub(crate) t: f64,
}

/// Adam's moments and the number of steps taken, for the bias correction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) first: Vec<f64>,
    pub(crate) second: Vec<f64>,
    pub(crate) steps: u64,
}

/// An update rule with its settings and its memory.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Descent,
    Nesterov(Nesterov),
    Momentum {
        beta: f64,
        velocity: Vec<f64>,
    },
    Adam {
        beta1: f64,
        beta2: f64,
        eps: f64,
        decay: Decay,
        moments: Moments,
    },
    /// Its steps need more than a gradient; see [`lbfgs_step`].
    LBfgs {
        limit: usize,
        history: History,
    },
    /// Its one step needs the rows themselves.
    Exact,
}

/// Weight decay apart from the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decay {
    pub(crate) rate: f64,
    /// How many of the parameters are weights; the biases behind them do not decay.
    pub(crate) weights: usize,
}

impl Rule {
    /// The rule before its first step, for parameters of which the first are weights.
    pub(crate) fn start(optimizer: Optimizer, parameters: usize, weights: usize) -> Self {
        Self::new(optimizer, Memory::new(optimizer, parameters), weights)
            .expect("the memory was made for this optimizer")
    }

    /// Joins settings and memory; `None` if the memory is another optimizer's.
    pub(crate) fn new(optimizer: Optimizer, memory: Memory, weights: usize) -> Option<Self> {
        let decay = |rate| Decay { rate, weights };
        match (optimizer, memory) {
            (Optimizer::Gd | Optimizer::Sgd, Memory::Nothing) => Some(Self::Descent),
            (Optimizer::Nesterov, Memory::Nesterov(nesterov)) => Some(Self::Nesterov(nesterov)),
            (Optimizer::Momentum { beta }, Memory::Momentum { velocity }) => {
                Some(Self::Momentum { beta, velocity })
            }
            (Optimizer::Adam { beta1, beta2, eps }, Memory::Adam(moments)) => {
                Some(Self::Adam { beta1, beta2, eps, decay: decay(0.0), moments })
            }
            (Optimizer::AdamW { beta1, beta2, eps, decay: rate }, Memory::Adam(moments)) => {
                Some(Self::Adam { beta1, beta2, eps, decay: decay(rate), moments })
            }
            (Optimizer::LBfgs { history: limit }, Memory::LBfgs(history)) => {
                Some(Self::LBfgs { limit, history })
            }
            (Optimizer::Exact, Memory::Nothing) => Some(Self::Exact),
            _ => None,
        }
    }

    /// Makes weight decay count the rate in this unit.
    pub(crate) fn measure_decay_by(&mut self, unit: f64) {
        if let Self::Adam { decay, .. } = self {
            decay.rate /= unit;
        }
    }

    /// A copy of the memory.
    pub(crate) fn memory(&self) -> Memory {
        match self {
            Self::Descent | Self::Exact => Memory::Nothing,
            Self::Nesterov(nesterov) => Memory::Nesterov(nesterov.clone()),
            Self::Momentum { velocity, .. } => Memory::Momentum { velocity: velocity.clone() },
            Self::Adam { moments, .. } => Memory::Adam(moments.clone()),
            Self::LBfgs { history, .. } => Memory::LBfgs(history.clone()),
        }
    }

    /// Where the next step wants its gradient, if that is not at the parameters themselves.
    pub(crate) fn lookahead(&self) -> Option<&[f64]> {
        match self {
            Self::Nesterov(nesterov) => Some(&nesterov.lookahead),
            _ => None,
        }
    }

    /// Moves the parameters by one step of a rule that needs no more than a gradient.
    pub(crate) fn step(&mut self, params: &mut [f64], gradient: &[f64], rate: f64) {
        match self {
            Self::Descent => {
                for (w, g) in params.iter_mut().zip(gradient) {
                    *w -= rate * g;
                }
            }
            Self::Nesterov(nesterov) => nesterov.step(params, gradient, rate),
            Self::Momentum { beta, velocity } => {
                for ((w, v), g) in params.iter_mut().zip(velocity).zip(gradient) {
                    *v = *beta * *v + g;
                    *w -= rate * *v;
                }
            }
            Self::Adam { beta1, beta2, eps, decay, moments } => {
                if decay.rate > 0.0 {
                    for w in &mut params[..decay.weights] {
                        *w -= rate * decay.rate * *w;
                    }
                }
                moments.step(params, gradient, rate, [*beta1, *beta2, *eps]);
            }
            Self::LBfgs { .. } | Self::Exact => {
                unreachable!("the trainer takes these steps itself")
            }
        }
    }
}

impl Nesterov {
    fn step(&mut self, params: &mut [f64], gradient: &[f64], rate: f64) {
        let mut uphill = 0.0;
        for ((w, y), g) in params.iter_mut().zip(&mut self.lookahead).zip(gradient) {
            let stepped = *y - rate * g;
            let moved = stepped - *w;
            uphill += g * moved;
            *w = stepped;
            *y = moved; // holds the movement until it is known whether to restart
        }
        let next = f64::midpoint(1.0, (1.0 + 4.0 * self.t * self.t).sqrt());
        let (momentum, t) = if uphill > 0.0 { (0.0, 1.0) } else { ((self.t - 1.0) / next, next) };
        for (w, y) in params.iter().zip(&mut self.lookahead) {
            *y = w + momentum * *y;
        }
        self.t = t;
    }
}

impl Moments {
    fn step(&mut self, params: &mut [f64], gradient: &[f64], rate: f64, settings: [f64; 3]) {
        let [beta1, beta2, eps] = settings;
        self.steps += 1;
        let steps = self.steps as f64;
        let (unbias1, unbias2) = (1.0 - pow(beta1, steps), 1.0 - pow(beta2, steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((w, (m, v)), g) in params.iter_mut().zip(moments).zip(gradient) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * (g * g);
            *w -= rate * (*m / unbias1) / ((*v / unbias2).sqrt() + eps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(optimizer: Optimizer) -> Rule {
        Rule::new(optimizer, Memory::new(optimizer, 1), 1).unwrap()
    }

    /// Steps on `w^2 / 2` from 1 and returns the parameter after each.
    fn path(optimizer: Optimizer, rate: f64, steps: usize) -> Vec<f64> {
        let mut rule = rule(optimizer);
        let mut w = [1.0];
        if let Rule::Nesterov(nesterov) = &mut rule {
            nesterov.lookahead[0] = 1.0;
        }
        (0..steps)
            .map(|_| {
                let gradient = [rule.lookahead().map_or(w[0], |point| point[0])];
                rule.step(&mut w, &gradient, rate);
                w[0]
            })
            .collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{found:?} != {expected:?}");
        }
    }

    #[test]
    fn steps_by_hand() {
        assert_close(&path(Optimizer::Gd, 0.5, 2), &[0.5, 0.25]);
        // v = 1, then 0.5 + 0.5.
        assert_close(&path(Optimizer::Momentum { beta: 0.5 }, 0.5, 2), &[0.5, 0.0]);
        // The first step of Adam is one rate long, whatever the gradient: here g / (g + eps).
        let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.99, eps: 1e-300 };
        let second = {
            let m = (0.9 * 0.1 + 0.1 * 0.9) / (1.0 - 0.81);
            let v: f64 = (0.99 * 0.01 + 0.01 * 0.81) / (1.0 - 0.99 * 0.99);
            0.9 - 0.1 * m / v.sqrt()
        };
        assert_close(&path(adam, 0.1, 2), &[0.9, second]);
        // Decay first, then Adam's step, which is one rate long: 1 - 0.1 * 0.5 - 0.1.
        let adamw = Optimizer::AdamW { beta1: 0.9, beta2: 0.99, eps: 1e-300, decay: 0.5 };
        assert_close(&path(adamw, 0.1, 1), &[0.85]);
    }

    #[test]
    fn nesterov_extrapolates_and_restarts() {
        // t: 1, 1.618, 2.194. The second step starts at 0.9 (momentum 0), the third extrapolates.
        let t1 = f64::midpoint(1.0, 5.0_f64.sqrt());
        let t2 = f64::midpoint(1.0, (1.0 + 4.0 * t1 * t1).sqrt());
        let y = 0.81 + (t1 - 1.0) / t2 * (0.81 - 0.9);
        assert_close(&path(Optimizer::Nesterov, 0.1, 3), &[0.9, 0.81, 0.9 * y]);

        let mut nesterov = Nesterov { lookahead: vec![-1.0], t: 5.0 };
        let mut w = [0.0];
        // A gradient of -1 at -1: the step ends at -0.9, and the movement from 0 to there has the
        // gradient's sign, so it went uphill.
        nesterov.step(&mut w, &[-1.0], 0.1);
        assert_eq!((w[0], nesterov.t, nesterov.lookahead[0]), (-0.9, 1.0, -0.9));
    }

    #[test]
    fn memory_of_another_optimizer_is_refused() {
        assert!(Rule::new(Optimizer::Gd, Memory::new(Optimizer::ADAM, 3), 2).is_none());
        assert!(Rule::new(Optimizer::MOMENTUM, Memory::new(Optimizer::Nesterov, 3), 2).is_none());
    }
}

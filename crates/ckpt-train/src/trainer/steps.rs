//! The steps of an epoch.

use super::{LinearTrainer, StopReason};
use crate::config::{ModelKind, Optimizer};
use crate::error::TrainError;
use crate::objective::{Objective, OverRows};
use crate::optimizer::{History, PRECISION, Rule, Search, lbfgs_step};
use crate::order::Words;
use crate::real::{FloatType, Real};

impl<T: Real> LinearTrainer<T> {
    /// Does one epoch's steps, and says if they found that there is nowhere to go.
    pub(super) fn train(&mut self) -> Result<Option<StopReason>, TrainError> {
        match self.rule {
            Rule::Exact => return self.solve().map(Some),
            Rule::LBfgs { .. } => return self.search(),
            _ => {}
        }
        let rate = self.rate * self.checked.config.schedule.factor(self.epoch);
        self.last_rate = Some(rate);
        let rows = self.training.rows().len();
        let seen = match self.checked.batch.filter(|&batch| batch < rows) {
            Some(batch) => self.batches(batch, rate)?,
            None => self.whole(rate)?,
        };
        self.check_growth(seen)?;
        Ok(None)
    }

    /// Steps on all rows, and returns the loss that the step saw or led to.
    fn whole(&mut self, rate: f64) -> Result<f64, TrainError> {
        let (rows, total) = (self.training.rows(), self.targets.total);
        if let Some(point) = self.rule.lookahead() {
            let mut over = OverRows { objective: &mut self.objective, rows, total };
            let seen = over.evaluate(0..rows.len(), point, &mut self.gradient)?;
            self.rule.step(&mut self.params, &self.gradient, rate);
            return Ok(seen);
        }
        // The gradient was left here by the step before, or by the start.
        self.rule.step(&mut self.params, &self.current.gradient, rate);
        self.update()?;
        Ok(self.current.loss)
    }

    /// Steps on each batch, and returns the mean of the losses that they saw.
    fn batches(&mut self, batch: usize, rate: f64) -> Result<f64, TrainError> {
        let rows = self.training.rows();
        let batches = rows.len().div_ceil(batch);
        let mut seen = 0.0;
        for index in Words::new(self.checked.config.seed, self.epoch).permutation(batches) {
            let range = index * batch..rows.len().min((index + 1) * batch);
            let point = self.rule.lookahead().unwrap_or(&self.params);
            let (objective, total) = (&mut self.objective, self.targets.total);
            let mut over = OverRows { objective, rows, total };
            let loss = over.evaluate(range.clone(), point, &mut self.gradient)?;
            seen += loss * range.len() as f64;
            // A short last batch counts as much as it has rows.
            if range.len() < batch {
                let part = range.len() as f64 / batch as f64;
                self.gradient.iter_mut().for_each(|g| *g *= part);
            }
            self.rule.step(&mut self.params, &self.gradient, rate);
        }
        Ok(seen / rows.len() as f64)
    }

    /// Takes a step of L-BFGS.
    fn search(&mut self) -> Result<Option<StopReason>, TrainError> {
        let Rule::LBfgs { limit, history } = &mut self.rule else {
            unreachable!("the caller looked");
        };
        let (rows, total, objective) =
            (self.training.rows(), self.targets.total, &mut self.objective);
        let search = Search::new(*limit, epsilon::<T>(), self.start_loss);
        let length =
            lbfgs_step(history, &search, &mut self.params, &mut self.current, |at, into| {
                objective.evaluate(rows, total, at, into)
            })?;
        self.is_current = true;
        self.last_rate = length;
        Ok(if length.is_none() { Some(self.stalled()) } else { None })
    }

    /// Why no step lowers the loss: finite margins always leave some cross-entropy, so where none is
    /// left but the rounding of large margins, it has not come to a minimum.
    fn stalled(&self) -> StopReason {
        let is_nothing = self.current.loss <= PRECISION * epsilon::<T>() * self.start_loss;
        if is_nothing && self.checked.config.model.is_classifier() {
            StopReason::Separated
        } else {
            StopReason::Precision
        }
    }

    /// Why the run of a resumed state had ended by itself, if it had: doing its last epoch again
    /// changes nothing. The history of an L-BFGS that stalled is empty.
    pub(super) fn settled(&mut self) -> Result<Option<StopReason>, TrainError> {
        let may_be = match &self.rule {
            Rule::LBfgs { history, .. } => history.steps.is_empty(),
            _ => self.checked.config.optimizer == Optimizer::Exact,
        };
        if !may_be {
            return Ok(None);
        }
        let (params, current) = (self.params.clone(), self.current.clone());
        let ended = self.train()?;
        let is_same = self.params == params;
        if let Rule::LBfgs { history, .. } = &mut self.rule {
            *history = History::default();
        }
        (self.params, self.current, self.is_current) = (params, current, true);
        self.last_rate = None;
        Ok(ended.filter(|_| is_same))
    }

    /// Solves exactly.
    fn solve(&mut self) -> Result<StopReason, TrainError> {
        debug_assert_eq!(self.checked.config.model, ModelKind::Linear);
        let exact = self.exact()?;
        self.params = if self.checked.config.standardize {
            exact.params
        } else {
            let (weight, bias) = exact.objective.raw(&exact.params);
            self.objective.params(&weight, &bias)
        };
        Ok(StopReason::Exact)
    }
}

/// The distance from 1 to the next larger number of the rows' type.
fn epsilon<T: Real>() -> f64 {
    match T::TYPE {
        FloatType::F32 => f64::from(f32::EPSILON),
        FloatType::F64 => f64::EPSILON,
    }
}

//! Everything that training needs to go on as if it had never stopped.

use crate::config::{Config, ModelKind, OptimizerKind};
use crate::error::StateError;
use crate::optimizer::{History, Memory, Moments, Nesterov};
use crate::real::{FloatType, Real};

mod reader;

pub(crate) use reader::Reader;

/// An array of a [`TrainState`]; `shape` is row-major, and empty for a single number.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    /// The array's name, unique within the state.
    pub name: String,
    /// Its extent in each dimension.
    pub shape: Vec<usize>,
    /// Its values; as many as the extents multiply to.
    pub values: Values,
}

/// The values of a [`NamedArray`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Unsigned 64-bit integers.
    U64(Vec<u64>),
}

impl Values {
    /// Returns the number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    /// Returns whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the element type's name: `f32`, `f64` or `u64`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::U64(_) => "u64",
        }
    }
}

/// The state of training after an epoch.
///
/// A run resumed from it yields the same models and states, bit for bit, as one that never stopped.
/// It does not say how many epochs were planned, so runs of different lengths share their states.
/// Parameters and optimizer memory are f64 whatever the data's type, so that small steps are not
/// lost; the model of an epoch is rounded to the data's type.
///
/// As arrays, with `d` columns, `k` outputs and `p = k (d + 1)` parameters (standardised weights, a
/// line of columns per output, then the biases):
///
/// | name | type, shape | optimizers | |
/// | --- | --- | --- | --- |
/// | `model` | u64 | all | 0 linear, 1 logistic, 2 softmax |
/// | `outputs` | u64 | all | `k`: 1, or the number of classes for softmax |
/// | `optimizer` | u64 | all | 0 gd, 1 nesterov, 2 sgd, 3 momentum, 4 adam, 5 adamw, 6 lbfgs, 7 exact |
/// | `epoch` | u64 | all | epochs done |
/// | `seed` | u64 | all | of the row split and batch order |
/// | `rate` | f64 | all | the step size that the schedule starts from; 1 for lbfgs and exact |
/// | `growing` | u64 | all | consecutive epochs whose loss was too large |
/// | `center` | f32 or f64 as the data, d | all | what is subtracted from each column |
/// | `scale` | f64, d | all | what each column is divided by |
/// | `params` | f64, p | all | parameters |
/// | `lookahead` | f64, p | nesterov | where the next gradient is taken |
/// | `t` | f64 | nesterov | the momentum sequence |
/// | `velocity` | f64, p | momentum | |
/// | `first_moment`, `second_moment` | f64, p | adam, adamw | |
/// | `steps` | u64 | adam, adamw | steps done |
/// | `step_history`, `gradient_history` | f64, h x p | lbfgs | the last h steps, and what they did to the gradient, oldest first |
/// | `best`, `stale` | f64, u64 | with early stopping | the best so far of what is watched, its sign such that less is better, and the epochs since |
#[derive(Clone, Debug, PartialEq)]
pub struct TrainState {
    pub(crate) model: ModelKind,
    pub(crate) outputs: usize,
    pub(crate) kind: OptimizerKind,
    pub(crate) epoch: u64,
    pub(crate) seed: u64,
    pub(crate) rate: f64,
    pub(crate) growing: u64,
    pub(crate) float: FloatType,
    pub(crate) center: Vec<f64>,
    pub(crate) scale: Vec<f64>,
    pub(crate) params: Vec<f64>,
    pub(crate) memory: Memory,
    pub(crate) watch: Option<Watch>,
}

/// What early stopping remembers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Watch {
    pub(crate) best: f64,
    pub(crate) stale: u64,
}

impl TrainState {
    /// Returns the number of epochs done.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the kind of model that it trains.
    pub fn model(&self) -> ModelKind {
        self.model
    }

    /// Returns the optimizer that made it.
    pub fn optimizer(&self) -> OptimizerKind {
        self.kind
    }

    /// Returns the number of feature columns.
    pub fn columns(&self) -> usize {
        self.scale.len()
    }

    /// Returns the seed of the row split and of the batch order.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the step size that the schedule starts from.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Returns the element type of the data it was made on.
    pub fn float_type(&self) -> FloatType {
        self.float
    }

    /// Gives the state as named arrays, in the order of the table above.
    pub fn arrays(&self) -> Vec<NamedArray> {
        let center = match self.float {
            FloatType::F32 => Values::F32(self.center.iter().map(|&c| c as f32).collect()),
            FloatType::F64 => Values::F64(self.center.clone()),
        };
        let mut arrays = vec![
            count("model", place(&ModelKind::ALL, self.model)),
            count("outputs", self.outputs as u64),
            count("optimizer", place(&OptimizerKind::ALL, self.kind)),
            count("epoch", self.epoch),
            count("seed", self.seed),
            number("rate", self.rate),
            count("growing", self.growing),
            NamedArray { name: "center".into(), shape: vec![self.center.len()], values: center },
            vector("scale", &self.scale),
            vector("params", &self.params),
        ];
        arrays.extend(memory_arrays(&self.memory, self.params.len()));
        if let Some(watch) = self.watch {
            arrays.push(number("best", watch.best));
            arrays.push(count("stale", watch.stale));
        }
        arrays
    }

    /// Rebuilds a state from its arrays, in any order.
    ///
    /// # Errors
    ///
    /// [`StateError`] if an array is missing, unknown, given twice, of another type or shape, or
    /// holds a value that training cannot have left there.
    pub fn from_arrays(arrays: impl IntoIterator<Item = NamedArray>) -> Result<Self, StateError> {
        let mut reader = Reader::new(arrays)?;
        let kind = reader.choice("optimizer", &OptimizerKind::ALL)?;
        let model = reader.choice("model", &ModelKind::ALL)?;
        let (float, center) = reader.floats("center")?;
        let columns = center.len();
        let outputs = read_outputs(&mut reader, model)?;
        let parameters = outputs.saturating_mul(columns + 1);
        let state = Self {
            model,
            outputs,
            kind,
            epoch: reader.count("epoch")?,
            seed: reader.count("seed")?,
            rate: reader.number("rate", f64::MIN_POSITIVE)?,
            growing: reader.count("growing")?,
            float,
            center,
            scale: reader.vector("scale", columns, f64::MIN_POSITIVE)?,
            params: reader.vector("params", parameters, f64::MIN)?,
            memory: read_memory(&mut reader, kind, parameters)?,
            watch: read_watch(&mut reader)?,
        };
        reader.finish()?;
        Ok(state)
    }

    /// Checks that a run with these settings on this data may go on from here.
    pub(crate) fn check<T: Real>(
        &self,
        config: &Config,
        columns: usize,
        outputs: usize,
    ) -> Result<(), StateError> {
        let (optimizer, seed) = (config.optimizer.kind(), config.seed);
        if self.model != config.model {
            return Err(StateError::Model { state: self.model, run: config.model });
        }
        if self.kind != optimizer {
            return Err(StateError::Optimizer { state: self.kind, run: optimizer });
        }
        if self.outputs != outputs {
            return Err(StateError::Classes { state: self.outputs, data: outputs });
        }
        if self.columns() != columns {
            return Err(StateError::Columns { state: self.columns(), data: columns });
        }
        if self.float != T::TYPE {
            return Err(StateError::FloatType { state: self.float, data: T::TYPE });
        }
        if self.seed != seed {
            return Err(StateError::Seed { state: self.seed, run: seed });
        }
        Ok(())
    }
}

/// Gives an optimizer's memory as named arrays.
pub(crate) fn memory_arrays(memory: &Memory, parameters: usize) -> Vec<NamedArray> {
    match memory {
        Memory::Nothing => Vec::new(),
        Memory::Nesterov(nesterov) => {
            vec![vector("lookahead", &nesterov.lookahead), number("t", nesterov.t)]
        }
        Memory::Momentum { velocity } => vec![vector("velocity", velocity)],
        Memory::Adam(moments) => vec![
            vector("first_moment", &moments.first),
            vector("second_moment", &moments.second),
            count("steps", moments.steps),
        ],
        Memory::LBfgs(history) => vec![
            matrix("step_history", &history.steps, parameters),
            matrix("gradient_history", &history.changes, parameters),
        ],
    }
}

fn read_outputs(reader: &mut Reader, model: ModelKind) -> Result<usize, StateError> {
    let outputs = reader.count("outputs")?;
    let fits = match model {
        ModelKind::Linear | ModelKind::Logistic => outputs == 1,
        ModelKind::Softmax => outputs >= 2,
    };
    let wrong = StateError::Value { name: "outputs", value: outputs as f64 };
    usize::try_from(outputs).ok().filter(|_| fits).ok_or(wrong)
}

fn read_watch(reader: &mut Reader) -> Result<Option<Watch>, StateError> {
    if !reader.has("best") {
        return Ok(None);
    }
    Ok(Some(Watch { best: reader.number("best", f64::MIN)?, stale: reader.count("stale")? }))
}

pub(crate) fn read_memory(
    reader: &mut Reader,
    kind: OptimizerKind,
    parameters: usize,
) -> Result<Memory, StateError> {
    Ok(match kind {
        OptimizerKind::Gd | OptimizerKind::Sgd | OptimizerKind::Exact => Memory::Nothing,
        OptimizerKind::Nesterov => Memory::Nesterov(Nesterov {
            lookahead: reader.vector("lookahead", parameters, f64::MIN)?,
            t: reader.number("t", 1.0)?,
        }),
        OptimizerKind::Momentum => {
            Memory::Momentum { velocity: reader.vector("velocity", parameters, f64::MIN)? }
        }
        OptimizerKind::Adam | OptimizerKind::AdamW => Memory::Adam(Moments {
            first: reader.vector("first_moment", parameters, f64::MIN)?,
            second: reader.vector("second_moment", parameters, 0.0)?,
            steps: reader.count("steps")?,
        }),
        OptimizerKind::LBfgs => {
            let steps = reader.matrix("step_history", parameters)?;
            let changes = reader.matrix("gradient_history", parameters)?;
            if steps.len() != changes.len() {
                let (name, value) = ("gradient_history", changes.len() as f64);
                return Err(StateError::Value { name, value });
            }
            Memory::LBfgs(History { steps, changes })
        }
    })
}

pub(crate) fn count(name: &str, value: u64) -> NamedArray {
    NamedArray { name: name.into(), shape: Vec::new(), values: Values::U64(vec![value]) }
}

fn number(name: &str, value: f64) -> NamedArray {
    NamedArray { name: name.into(), shape: Vec::new(), values: Values::F64(vec![value]) }
}

pub(crate) fn vector(name: &str, values: &[f64]) -> NamedArray {
    NamedArray {
        name: name.into(),
        shape: vec![values.len()],
        values: Values::F64(values.to_vec()),
    }
}

fn matrix(name: &str, lines: &[Vec<f64>], width: usize) -> NamedArray {
    NamedArray {
        name: name.into(),
        shape: vec![lines.len(), width],
        values: Values::F64(lines.concat()),
    }
}

/// A choice's number in saved states.
fn place<K: PartialEq>(all: &[K], kind: K) -> u64 {
    all.iter().position(|known| *known == kind).expect("every kind is listed") as u64
}

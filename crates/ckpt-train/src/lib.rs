#![doc = include_str!("../README.md")]
//!
//! # The loss
//!
//! For `n` training rows of weight `s_i` (1 unless [`Dataset::weighted`]), weights `w_c` and bias `b_c`
//! of each output `c`,
//!
//! ```text
//! J(w, b) = sum_i s_i loss(z_i, y_i) / sum_i s_i + l2/2 sum_c sum_j w_cj^2
//! z_ic    = sum_j w_cj (x_ij - center_j) / scale_j + b_c
//! ```
//!
//! where the loss of a row is
//!
//! | model | outputs | loss |
//! | --- | --- | --- |
//! | linear | 1 | `(z - y)^2 / 2` |
//! | logistic | 1 | `ln(1 + exp(z)) - y z`, with `y` the class, 0 or 1 |
//! | softmax | one per class | `ln(sum_c exp(z_c)) - z_y`, with `y` the class |
//!
//! Exponentials are taken of what is not positive, so that no margin overflows.
//!
//! With [`Config::standardize`] (the default), `center` and `scale` are the weighted mean and the
//! population standard deviation of each column over the training rows; otherwise they are 0 and 1.
//! So the penalty is on standardised weights, and never on the bias. A constant column has scale 1,
//! and its weight stays 0. The bias is a parameter like any other. Training starts with all parameters
//! at zero.
//!
//! Models are on raw inputs: `weight_j = w_j / scale_j`, `bias = b - sum_j weight_j center_j`.
//!
//! # Which optimizer
//!
//! | for | use |
//! | --- | --- |
//! | the least squares solution | [`Optimizer::Exact`]: one epoch |
//! | any other fit, to the end | [`Optimizer::LBFGS`]: tens of epochs, and it says when it is there |
//! | a curve of many epochs, ill-conditioned data | [`Optimizer::Nesterov`], the default |
//! | studying mini-batches | [`Optimizer::Sgd`], momentum, Adam, AdamW, with a [`Schedule`] |
//!
//! An epoch that is the last says why: [`StopReason::is_converged`] tells a minimum from a limit.
//!
//! # A model of one's own
//!
//! An [`Objective`] gives its mean loss and gradient over rows, [`mean_over`] sums them in a fixed
//! order, and a [`Trainer`] makes epochs of them by an [`UpdateRule`]: [`Optimizer::rule`] or an
//! optimizer of one's own. The linear models stand on the same two, with kernels for their sums.
//! `examples/poisson.rs` fits a Poisson regression.
//!
//! # Reproducibility
//!
//! The same data, configuration and seed give the same bits in every model and state: on any number
//! of threads, on any machine, and whether or not the run was stopped and resumed. Sums are taken in
//! a fixed order, over fixed blocks of rows and lanes, without fused multiply-add; exponentials and
//! logarithms are polynomials of its own, powers and cosines come from libm; random orders are
//! ChaCha20 words with a fixed mapping to indices:
//!
//! - key: the seed's eight bytes, little-endian, then zeros; a word is 64 bits, low half first;
//! - stream 0 permutes the rows, stream `e` orders the batches of epoch `e`, and stream 2^64 - 1
//!   under key 0 starts the power method of [`Rate::Auto`];
//! - an index below `m` is the first word under the largest multiple of `m` that 64 bits hold,
//!   modulo `m`; permutations are Fisher and Yates's, from the last place down.
//!
//! # Limits
//!
//! The trainer holds one copy of the rows, in training order, unless they are read while training
//! ([`Dataset::stored`]), and at most 32 MiB of sums for wide tables. In f32 the row arithmetic has f32's precision, so a small tolerance may never be met; and
//! the raw bias of columns whose mean is large relative to their spread loses digits when it is rounded to
//! f32. Deviations whose squares underflow count as zero.

mod closed_form;
mod config;
mod custom;
mod dataset;
mod error;
mod evaluate;
mod kernel;
mod math;
mod model;
mod objective;
mod optimizer;
mod order;
mod rate;
mod real;
mod scaling;
mod sources;
mod split;
mod state;
mod trainer;
mod vector;

pub use closed_form::closed_form;
pub use config::{
    Config, ConfigError, Decay, EarlyStopping, ModelKind, Monitor, Optimizer, OptimizerKind, Rate,
    Schedule,
};
pub use custom::{BuiltInRule, Evaluate, Trainer, TrainerEpoch, TrainerSettings, UpdateRule};
pub use dataset::Dataset;
pub use error::{DataError, ReadError, StateError, TrainError};
pub use evaluate::Metrics;
pub use kernel::RowSource;
pub use model::LinearModel;
pub use objective::{Objective, mean_over};
pub use real::{FloatType, Real};
pub use sources::SOURCES;
pub use split::row_order;
pub use state::{NamedArray, TrainState, Values};
pub use trainer::{Epoch, LinearTrainer, StopReason};

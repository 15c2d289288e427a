//! A deterministic, parallel gradient-descent trainer.
//!
//! [`LinearTrainer`] fits a linear regression and is an iterator over its epochs: each [`Epoch`]
//! holds the model on raw inputs, metrics, and a [`TrainState`] to resume from. What to keep of
//! them is up to whoever drives it. [`closed_form`] gives the exact solution to compare with.
//!
//! ```
//! use ckpt_train::{Config, Dataset, LinearTrainer};
//! use ndarray::array;
//!
//! // Areas in square metres and prices in thousands: 50 + 3 per square metre.
//! let area = array![[50.0_f64], [80.0], [100.0], [120.0], [150.0]];
//! let price = array![200.0, 290.0, 350.0, 410.0, 500.0];
//! let dataset = Dataset::new(area, price)?;
//!
//! let config = Config { epochs: 500, tolerance: 1e-9, ..Config::default() };
//! let mut last = None;
//! for epoch in LinearTrainer::new(&dataset, config)? {
//!     last = Some(epoch?);
//! }
//!
//! let model = last.expect("there is at least one epoch").model;
//! assert!((model.weight[(0, 0)] - 3.0).abs() < 1e-6);
//! assert!((model.predict(array![[90.0]].view())?[0] - 320.0).abs() < 1e-6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The loss
//!
//! For `n` training rows, weights `w` and bias `b`,
//!
//! ```text
//! J(w, b) = 1/(2n) sum_i r_i^2 + l2/2 sum_j w_j^2
//! r_i     = sum_j w_j (x_ij - center_j) / scale_j + b - y_i
//! ```
//!
//! With [`Config::standardize`] (the default), `center` and `scale` are the mean and the population
//! standard deviation of each column over the training rows; otherwise they are 0 and 1. So the
//! penalty is on standardised weights, and never on the bias. A constant column has scale 1, and
//! its weight stays 0. The bias is a parameter like any other, though with centred columns its
//! optimum is simply the mean of `y`. Training starts with all parameters at zero.
//!
//! Models are on raw inputs: `weight_j = w_j / scale_j`, `bias = b - sum_j weight_j center_j`.
//!
//! # Reproducibility
//!
//! The same data, configuration and seed give the same bits in every model and state: on any number
//! of threads, on any machine, and whether or not the run was stopped and resumed. Sums are taken in
//! a fixed order, over fixed blocks of rows and lanes, without fused multiply-add; powers come from
//! libm; random orders are ChaCha20 words with a fixed mapping to indices:
//!
//! - key: the seed's eight bytes, little-endian, then zeros; a word is 64 bits, low half first;
//! - stream 0 permutes the rows, stream `e` orders the batches of epoch `e`, and stream 2^64 - 1
//!   under key 0 starts the power method of [`Rate::Auto`];
//! - an index below `m` is the first word under the largest multiple of `m` that 64 bits hold,
//!   modulo `m`; permutations are Fisher and Yates's, from the last place down.
//!
//! # Limits
//!
//! The trainer holds one copy of the rows, in training order, and at most 32 MiB of sums for wide
//! tables. In f32 the row arithmetic has f32's precision, so a small tolerance may never be met; and
//! the raw bias of columns whose mean is large beside their spread loses digits when it is rounded to
//! f32. Deviations whose squares underflow count as zero.

mod closed_form;
mod config;
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
mod split;
mod state;
mod trainer;
mod vector;

pub use closed_form::closed_form;
pub use config::{
    Config, Decay, EarlyStopping, ModelKind, Monitor, Optimizer, OptimizerKind, Rate, Schedule,
};
pub use dataset::Dataset;
pub use error::{ConfigError, DataError, ReadError, StateError, TrainError};
pub use evaluate::Metrics;
pub use kernel::RowSource;
pub use model::LinearModel;
pub use real::{FloatType, Real};
pub use split::row_order;
pub use state::{NamedArray, TrainState, Values};
pub use trainer::{Epoch, LinearTrainer, StopReason};

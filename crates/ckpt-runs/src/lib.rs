//! Training runs whose epochs are versions.
//!
//! This crate joins the trainer (`ckpt-train`) and the store (`ckpt-store`): a [`Run`] trains on a
//! [`Source`] by [`Settings`] and commits each epoch with its weights, state, parameters, data, code and
//! metrics. A [`Start`] goes on from a version as if training had never stopped, and a [`History`] trains
//! versions again and compares them bit by bit.
//!
//! It never prints, and knows no terminal, clock or environment: time and author come from [`Hooks`],
//! which also hear of progress and end a run early; the threads are those of the caller's current rayon
//! pool.
//!
//! ```
//! use ckpt_data::Table;
//! use ckpt_runs::{History, Hooks, Overrides, Run, Settings, Source};
//! use ckpt_store::{Repository, Signature};
//!
//! struct Caller;
//!
//! impl Hooks for Caller {
//!     fn signature(&mut self) -> Signature {
//!         Signature::new("ada", 1_767_225_600_000)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let csv = "area,price\n50,200\n80,290\n100,350\n120,410\n150,500\n90,320\n";
//! let table = Table::read_csv(csv.as_bytes(), "prices.csv")?;
//! let mut overrides = Overrides::default();
//! overrides.epochs = Some(20);
//! let settings = Settings::default().with(&overrides)?;
//!
//! let folder = tempfile::tempdir()?;
//! let run = Run::new(settings, Source::of("prices.csv", table.clone()));
//! let trained = run.train(|| Repository::init(folder.path()), &mut Caller)?;
//! assert_eq!(trained.commits.len(), 20);
//! let best = trained.best.expect("one of them has the smallest error");
//!
//! let repository = Repository::open(folder.path())?;
//! assert_eq!(repository.resolve("min:val_mse@train")?, best.id);
//! let history = History::read(&repository, "train")?;
//! let again = history.reproduce(&repository, Source::of("prices.csv", table))?;
//! assert!(again.difference.is_none() && again.compared == 20);
//! # Ok(())
//! # }
//! ```

mod branch;
mod code;
mod error;
mod inputs;
mod reproduce;
mod run;
mod settings;
mod version;

pub use crate::{
    code::code_id,
    error::{Error, ErrorKind, Result, SettingsError},
    inputs::{Reading, Source},
    reproduce::{Difference, History, Input, Mismatch, Reproduction},
    run::{Hooks, Run, Start, Trained},
    settings::{Decline, Overrides, Settings},
    version::{Element, tensors},
};

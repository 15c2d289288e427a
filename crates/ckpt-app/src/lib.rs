//! What every door of ckpt shares: the command line, a Python package, a server.
//!
//! A function here takes a [`Repository`](ckpt_store::Repository) and plain options, and gives plain
//! data: [`documents`] that serialise to JSON, the [`lineage`] of a version, the [`models`] of a
//! repository, a [`compare`]d and judged pair, a [`report`] as one HTML page. What goes wrong is a
//! [`Failure`]: a class, one line, and what to do next.
//!
//! Nothing here knows a terminal, reads a clock or the environment, or prints.
//!
//! ```
//! use ckpt_app::{lineage::Lineage, metrics::{Direction, Directions}};
//! use ckpt_store::Repository;
//!
//! let folder = tempfile::tempdir()?;
//! let repository = Repository::init(folder.path())?;
//! assert_eq!(Directions::read(&repository)?.of("val_loss"), Some(Direction::Lower));
//! // There is no version yet, and the failure says what makes one.
//! let failure = ckpt_app::refs::find(&repository, "HEAD").unwrap_err();
//! assert_eq!(failure.hint().unwrap().text("ckpt"), "`ckpt commit PATH` makes a version");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod compare;
pub mod documents;
pub mod failure;
pub mod files;
pub mod filter;
pub mod format;
pub mod lineage;
pub mod metrics;
pub mod models;
pub mod near;
pub mod outside;
pub mod params;
pub mod patterns;
pub mod refs;
pub mod report;
pub mod text;

pub use crate::failure::{Class, Failure, Hint};

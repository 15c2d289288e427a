//! The models of a repository: branches named MODEL/LINE are lines of one model.

mod scan;
mod size;

pub use self::{
    scan::{Best, Entry, Newest, Scan, names},
    size::Size,
};

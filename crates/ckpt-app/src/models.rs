//! The models of a repository: branches named MODEL/LINE are lines of one model.

mod size;
mod survey;

pub use self::{
    size::Size,
    survey::{Best, Entry, Newest, Survey, names},
};

//! Merges two versions three ways: tensor by tensor, file by file, parameter by parameter.
//!
//! [`base`] finds what the versions have in common, [`plan`] says what becomes of everything that
//! either has, and [`contents`] computes what is merged element by element, a leaf at a time, on its
//! way into a pack.

mod base;
mod contents;
mod files;
mod forward;
mod outcome;
mod plan;
mod recipes;
mod replay;
mod strategy;
mod tensors;

pub use self::{
    outcome::{ConflictKind, MergeItem, Outcome, Resolution, Side},
    plan::{MergeOptions, MergePlan},
    strategy::{Strategies, Strategy, StrategyError},
};

#![doc = include_str!("../README.md")]
//!
//! # In detail
//!
//! This crate joins the trainer (`ckpt-train`) and the store (`ckpt-store`): a [`Run`] trains on a
//! [`Source`] by [`Settings`] and commits each epoch with its weights, state, parameters, data, code and
//! metrics. A [`Start`] goes on from a version as if training had never stopped, and a [`History`] trains
//! versions again and compares them bit by bit.
//!
//! It never prints, and knows no terminal, clock or environment: time and author come from [`Hooks`],
//! which also hear of progress and end a run early; the threads are those of the caller's current rayon
//! pool.

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

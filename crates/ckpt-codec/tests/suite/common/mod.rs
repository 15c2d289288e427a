//! What several of the tests share.
#![allow(dead_code, reason = "fuzzers use what tests do not")]

pub(crate) mod adversarial;
pub(crate) mod corpus;

//! The program as users meet it: arguments in, text and exit code out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adversarial;
mod audit;
mod commit;
mod compare;
mod export;
mod files;
mod help;
mod init;
mod lineage;
mod log;
mod merge;
mod models;
mod note;
mod promote;
mod readme;
mod refs;
mod report;
mod restore;
mod sandbox;
mod show;
mod space;
mod stat;
mod usage;
mod verify;
mod widths;

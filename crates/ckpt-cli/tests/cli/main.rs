//! The program as people meet it: arguments in, text and exit code out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commit;
mod compare;
mod init;
mod log;
mod refs;
mod restore;
mod sandbox;
mod show;
mod usage;
mod verify;

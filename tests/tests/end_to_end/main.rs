//! The end-to-end tests: one program, since each takes its time to link.

mod bench_store;
mod broken;
mod ci_examples;
mod classes;
mod data_table;
mod format;
mod kill;
mod library;
mod memory;
mod processes;
mod reproduce;
mod stored;
mod tidy;
mod train;
mod xtask;

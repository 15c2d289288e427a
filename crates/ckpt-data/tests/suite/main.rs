//! The tests of `ckpt-data` over its public interface: one program, since each takes its time to link.

mod arrays;
mod common;
mod csv;
mod fixtures;
mod memory;
mod mutations;
mod parquet;
mod roles;
mod rows;
mod samples;

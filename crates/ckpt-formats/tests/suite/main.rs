//! The tests of `ckpt-formats` over its public interface: one program, since each takes its time to link.

mod accepts;
mod archives;
mod arrays;
mod common;
mod fixtures;
mod gguf;
mod mutations;
mod npz_layout;
mod oracle;
mod pytorch;
mod pytorch_unread;
mod rejects;

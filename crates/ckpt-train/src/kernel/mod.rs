//! The arithmetic contract: which sums are taken in which order.
//!
//! Everything that decides a bit of a trained weight goes through this module, and nothing in it
//! depends on the number of threads or on the instruction set. A faster kernel must give the same
//! bits; `tests.rs` holds a reference to compare with, written one scalar operation at a time.
//!
//! `T` is the data's type (f32 or f64); every operation is rounded to `T` unless f64 is named.
//! Multiplications and additions are separate: no fused multiply-add.
//!
//! 1. *Row.* A logical vector has `L` = 64 bytes of lanes: 16 f32 or 8 f64. A row is cut into
//!    vectors, the missing lanes of the last one being zero in row, centre and weight. Lane `k`
//!    starts at zero and adds `(x[j] - center[j]) * weight[j]` for `j = k, k + L, k + 2L, ...` in
//!    that order, the missing lanes included. The lanes fold: lane `k` adds lane `k + L/2` for all
//!    `k < L/2`, then the same with `L/4`, down to one. The row's residual is
//!    `(that + bias) - y`.
//! 2. *Block.* A block is 64 KiB of consecutive rows ([`Layout`]). Its gradient partial starts at
//!    zero and takes its rows in order: column `j` adds `residual * (x[j] - center[j])`. The sums
//!    of residuals, of their squares and of their magnitudes take the rows in the same order, but
//!    in f64, each residual being converted first.
//! 3. *Super-block.* The partials of consecutive blocks are converted to f64 and added, in order,
//!    to a sum that starts at zero. There are at most 256 super-blocks.
//! 4. *Total.* Super-block `i` adds super-block `i + s` for every `i` that is a multiple of `2s`,
//!    for `s = 1, 2, 4, ...`. Super-block 0 then holds the total.
//!
//! Threads share out super-blocks, so they change nothing. How many rows a kernel has in flight is
//! free, because row sums and column chains are independent of each other.

mod block;
mod layout;
mod pass;
#[cfg(test)]
mod tests;

pub(crate) use block::{Kernel, Point, RowSums, Rows, padded};
pub(crate) use layout::Layout;
pub(crate) use pass::{Workspace, max_over_rows, sum_over_rows};

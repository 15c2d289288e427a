//! The arithmetic contract: which sums are taken in which order.
//!
//! Everything that decides a bit of a trained weight goes through this module, and nothing in it
//! depends on the number of threads or on the instruction set, the best of which is chosen at run
//! time (`simd`). `kernel/tests` states the same one scalar operation at a time, and every
//! instruction set is compared with it bit by bit.
//!
//! `T` is the data's type (f32 or f64); every operation is rounded to `T` unless f64 is named.
//! Multiplications and additions are separate: no fused multiply-add. A logical vector has `L` = 64
//! bytes of lanes: 16 f32 or 8 f64. Lanes *fold*: lane `k` adds lane `k + L/2` for all `k < L/2`,
//! then the same with `L/4`, down to one.
//!
//! 1. *Margin.* With one output, a row is cut into vectors, the missing lanes of the last one being
//!    zero in row, centre and weight. Lane `k` starts at zero and adds `(x[j] - center[j]) *
//!    weight[j]` for `j = k, k + L, k + 2L, ...` in that order, the missing lanes included. The
//!    margin is the fold of the lanes, plus `bias`. With several outputs, the margin of each starts
//!    at zero, adds `(x[j] - center[j]) * weight[j]` for `j = 0, 1, 2, ...`, and then its `bias`.
//! 2. *Residual and loss.* `exp` and `ln` are those of `math.rs`. With margin `z` and target `y`:
//!    - squared: `r = z - y`, loss `r * r`, magnitude `|r|`;
//!    - logistic: `e = exp(-|z|)`, `u = 1 + e`, `p = 1 / u` if `z >= 0`, otherwise `e / u`;
//!      `r = p - y`; loss `(ln(u) + (e - (u - 1)) / u) + (max(z, 0) - y * z)`, where
//!      `max(z, 0)` is `z` if `z > 0` and otherwise 0;
//!    - softmax: `m` the largest margin, `e_c = exp(z_c - m)`, `s` their sum, starting at zero, in
//!      the order of classes; `r_c = e_c / s`, less 1 for the row's class `y`; loss
//!      `ln(s) + (m - z_y)`.
//!
//!    If rows are weighted, each residual, loss and magnitude is then multiplied by the row's
//!    weight.
//! 3. *Block.* A block is 64 KiB of consecutive rows ([`Layout`]). Its gradient partial starts at
//!    zero and takes its rows in order: for each output, column `j` adds
//!    `residual * (x[j] - center[j])`; with several outputs the bias has a partial, too, which adds
//!    the residual itself. Residuals, losses and magnitudes are converted to f64 and summed by lanes
//!    of f64, all starting at zero: lane `i mod L` adds the block's rows `i` in order; then the
//!    lanes fold.
//! 4. *Super-block.* The partials of consecutive blocks are converted to f64 and added, in order,
//!    to a sum that starts at zero. There are at most 256 super-blocks.
//! 5. *Total.* Super-block `i` adds super-block `i + s` for every `i` that is a multiple of `2s`,
//!    for `s = 1, 2, 4, ...`. Super-block 0 then holds the total.
//!
//! Threads share out super-blocks, so they change nothing. How many rows a kernel has in flight is
//! free, because margins and column chains are independent of each other.

mod aligned;
mod block;
mod gram;
mod layout;
mod loss;
mod margins;
mod math;
mod number;
mod pass;
mod rows;
#[expect(unsafe_code, reason = "calls what only some processors can run; argued in the module")]
mod simd;
mod single;
mod softmax;
#[cfg(test)]
mod tests;
mod wide_rows;

pub(crate) use aligned::Aligned;
pub(crate) use block::Kernel;
pub(crate) use block::padded;
pub(crate) use gram::gram;
pub(crate) use layout::Layout;
pub(crate) use math::softmax as probabilities;
pub(crate) use number::Number;
pub(crate) use pass::{Workspace, add_slices, max_over_rows, sum_over_rows};
pub use rows::RowSource;
pub(crate) use rows::{Block, Loss, Placed, Point, RowSums, Rows};

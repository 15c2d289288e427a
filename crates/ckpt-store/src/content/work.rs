//! How tensors are read: the small ones alongside each other.

use ckpt_hash::LEAF_LEN;
use ckpt_tensor::Comparison;
use rayon::prelude::*;

use crate::{error::Result, record::TensorRecord};

/// Does something for each item, those of up to one block first and in parallel: a tensor of many
/// blocks is read in parallel itself, and holds some of them meanwhile. Results come in no order.
pub(crate) fn small_then_large<T: Sync, R: Send>(
    items: &[T],
    len: impl Fn(&T) -> u64,
    act: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let (large, small): (Vec<&T>, Vec<&T>) =
        items.iter().partition(|item| len(item) > LEAF_LEN as u64);
    let mut results = small.into_par_iter().map(&act).collect::<Result<Vec<R>>>()?;
    for item in large {
        results.push(act(item)?);
    }
    Ok(results)
}

/// Tells whether the elements of two tensors correspond to each other.
pub(crate) fn is_paired(old: &TensorRecord, new: &TensorRecord) -> bool {
    old.shape == new.shape && Comparison::between(old.dtype, new.dtype).is_some()
}

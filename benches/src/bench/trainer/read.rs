//! How fast the machine reads, as a measure for what reads and computes.

use std::hint::black_box;

use ckpt_train::Real;
use rayon::prelude::*;

/// Sums in flight: enough that no addition waits for another.
const SUMS: usize = 64;

/// Values that one task sums: few tasks, but enough to keep every core busy to the end.
const TASK: usize = 1 << 18;

/// Reads values by summing them, on the threads of the current pool.
pub(super) fn read<T: Real>(values: &[T]) {
    if rayon::current_num_threads() == 1 {
        black_box(sum(values));
        return;
    }
    values.par_chunks(TASK).for_each(|part| {
        black_box(sum(part));
    });
}

/// Sums in order modulo `SUMS`, which the compiler makes vectors of.
fn sum<T: Real>(values: &[T]) -> [T; SUMS] {
    let mut sums = [T::default(); SUMS];
    let (lines, rest) = values.as_chunks::<SUMS>();
    for line in lines {
        for (sum, &value) in sums.iter_mut().zip(line) {
            *sum += value;
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += value;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(sum(&values).iter().sum::<f64>(), 499_500.0);
        let values = [1.0_f32; 70];
        assert_eq!((sum(&values)[5], sum(&values)[6]), (2.0, 1.0));
    }
}

//! Row counts that stay exact in `f64`.

use crate::{Error, Result};

/// The most rows that one accumulator counts: 2⁵³.
///
/// Means and ratios divide by counts converted to `f64`, which holds every integer up to here.
pub const MAX_ROWS: u64 = 1 << f64::MANTISSA_DIGITS;

/// Adds two row counts.
///
/// # Errors
/// [`Error::TooManyRows`] if the sum is over [`MAX_ROWS`].
pub(crate) fn add(a: u64, b: u64) -> Result<u64> {
    match a.checked_add(b) {
        Some(sum) if sum <= MAX_ROWS => Ok(sum),
        _ => Err(Error::TooManyRows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_up_to_the_limit() {
        assert_eq!(add(MAX_ROWS - 1, 1), Ok(MAX_ROWS));
        assert_eq!(add(MAX_ROWS, 1), Err(Error::TooManyRows));
        assert_eq!(add(u64::MAX, 1), Err(Error::TooManyRows));
        assert_eq!(MAX_ROWS as f64 as u64, MAX_ROWS);
    }
}

//! Standardisation: where features are centred and how they are scaled.

use crate::error::{DataError, TrainError};
use crate::kernel::{Kernel, Rows, padded, sum_over_rows};
use crate::real::Real;

/// A centre and a scale per column; a standardised feature is `(x - center) / scale`.
#[derive(Clone, Debug)]
pub(crate) struct Scaling<T> {
    /// In the data's type, as the kernels subtract it; padded with zeros to whole vectors.
    pub(crate) center: Vec<T>,
    /// Positive, one per column.
    pub(crate) scale: Vec<f64>,
}

impl<T: Real> Scaling<T> {
    /// Centres at 0 and scales by 1.
    pub(crate) fn identity(width: usize) -> Self {
        Self::from_parts(&vec![0.0; width], vec![1.0; width])
    }

    pub(crate) fn from_parts(center: &[f64], scale: Vec<f64>) -> Self {
        Self { center: padded(center.iter().map(|&value| T::from_f64(value))), scale }
    }

    /// Measures mean and population standard deviation of each column over rows whose weights sum
    /// to `total`.
    ///
    /// Both are taken about a nearby value, so that a large common offset costs no digits: the
    /// mean about the first row that counts, the deviation about the mean, corrected for the mean's rounding
    /// (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983). A constant
    /// column therefore has a deviation of exactly 0; its scale is 1.
    pub(crate) fn measure(rows: Rows<'_, T>, total: f64) -> Result<Self, TrainError> {
        let mut buffer = Vec::new();
        let first = first_counted(rows);
        let first = rows.block(first..first + 1, &mut buffer)?.x;
        let offsets = sum_over_rows(rows, rows.width, |sums, row, _, weight| {
            for ((sum, &x), &origin) in sums.iter_mut().zip(row).zip(first) {
                *sum += weight * (x.to_f64() - origin.to_f64());
            }
        })?;
        let means: Vec<f64> =
            first.iter().zip(&offsets).map(|(origin, sum)| origin.to_f64() + sum / total).collect();
        let spreads = sum_over_rows(rows, 2 * rows.width, |sums, row, _, weight| {
            let (sums, squares) = sums.split_at_mut(rows.width);
            for (((sum, square), &x), &mean) in sums.iter_mut().zip(squares).zip(row).zip(&means) {
                let deviation = x.to_f64() - mean;
                *sum += weight * deviation;
                *square += weight * (deviation * deviation);
            }
        })?;
        let mut scale = Vec::with_capacity(rows.width);
        let (sums, squares) = spreads.split_at(rows.width);
        for (column, (sum, square)) in sums.iter().zip(squares).enumerate() {
            let deviation = ((square - sum * sum / total).max(0.0) / total).sqrt();
            if !deviation.is_finite() || !means[column].is_finite() {
                return Err(DataError::Spread { column }.into());
            }
            scale.push(if deviation == 0.0 { 1.0 } else { deviation });
        }
        Ok(Self::from_parts(&means, scale))
    }

    /// The centres of the columns as f64, without padding.
    pub(crate) fn centers(&self) -> Vec<f64> {
        self.center[..self.scale.len()].iter().map(|value| value.to_f64()).collect()
    }
}

/// The first row that weighs something. What weighs nothing may lie anywhere, and sums about it are
/// rounded where all other rows are equal.
pub(crate) fn first_counted<T: Kernel>(rows: Rows<'_, T>) -> usize {
    let counted = |weight: &[T]| weight.iter().position(|weight| *weight > T::default());
    rows.weight.and_then(counted).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure<T: Real>(x: &[T], width: usize) -> Result<Scaling<T>, TrainError> {
        let y = vec![T::default(); x.len() / width];
        Scaling::measure(Rows::new(x, &y, width), y.len() as f64)
    }

    #[test]
    fn mean_and_population_deviation() {
        let scaling = measure(&[1.0, 10.0, 3.0, 10.0, 5.0, 40.0], 2).unwrap();
        assert_eq!(scaling.centers(), [3.0, 20.0]);
        assert_eq!(scaling.scale, [(8.0_f64 / 3.0).sqrt(), 200.0_f64.sqrt()]);
        assert_eq!(scaling.center.len(), f64::LANES);
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let x: Vec<f64> = (0..1000).map(|i| 1e12 + f64::from(i % 2)).collect();
        let scaling = measure(&x, 1).unwrap();
        assert_eq!(scaling.centers(), [1e12 + 0.5]);
        assert_eq!(scaling.scale, [0.5]);
    }

    #[test]
    fn a_constant_column_has_scale_one_and_centres_to_zero() {
        let scaling = measure(&[0.1_f32; 7], 1).unwrap();
        assert_eq!(scaling.scale, [1.0]);
        assert_eq!(scaling.center[0], 0.1);
    }

    #[test]
    fn a_column_is_constant_whatever_weighs_nothing() {
        let (mut x, mut weight) = ([0.1; 30], [0.7; 30]);
        (x[0], weight[0]) = (5.0, 0.0);
        let rows = Rows::new(&x, &[0.0; 30], 1).weighted(Some(&weight));
        let scaling = Scaling::<f64>::measure(rows, rows.total()).unwrap();
        assert_eq!((scaling.center[0], &scaling.scale[..]), (0.1, &[1.0][..]));
    }

    #[test]
    fn a_spread_beyond_the_range_is_an_error() {
        let error = measure(&[0.0, 1e200, 0.0, -1e200], 2).unwrap_err();
        assert_eq!(error, DataError::Spread { column: 1 }.into());
    }
}

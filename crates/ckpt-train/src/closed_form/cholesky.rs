//! The factorisation of a symmetric positive definite matrix.

use crate::vector::dot;

/// Pivots below this many roundings per column, relative to their diagonal, are taken for zero. An
/// exactly dependent column leaves a few roundings; a pivot above this still has a correct digit.
const PIVOT_ROUNDINGS: f64 = 64.0;

/// A lower triangle `L` with `L L^T` equal to the matrix; row-major, the upper part unused.
pub(super) struct Cholesky {
    lower: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factorises a row-major matrix in place, reading its lower part.
    ///
    /// Fails with the first column that the columns before it determine.
    pub(super) fn new(mut matrix: Vec<f64>, size: usize) -> Result<Self, usize> {
        let roundings = PIVOT_ROUNDINGS * f64::EPSILON * size as f64;
        for i in 0..size {
            let (done, rest) = matrix.split_at_mut(i * size);
            let line = &mut rest[..size];
            for j in 0..i {
                let above = &done[j * size..j * size + j + 1];
                line[j] = (line[j] - dot(&line[..j], &above[..j])) / above[j];
            }
            let pivot = line[i] - dot(&line[..i], &line[..i]);
            if pivot.is_nan() || pivot <= roundings * line[i] {
                return Err(i);
            }
            line[i] = pivot.sqrt();
        }
        Ok(Self { lower: matrix, size })
    }

    /// Replaces `vector` by the solution of `matrix * solution = vector`.
    pub(super) fn solve(&self, vector: &mut [f64]) {
        let size = self.size;
        for i in 0..size {
            let line = &self.lower[i * size..i * size + i + 1];
            vector[i] = (vector[i] - dot(&line[..i], &vector[..i])) / line[i];
        }
        for i in (0..size).rev() {
            vector[i] /= self.lower[i * size + i];
            let (above, rest) = vector.split_at_mut(i);
            for (v, l) in above.iter_mut().zip(&self.lower[i * size..]) {
                *v -= rest[0] * l;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_by_hand() {
        // [[4, 2], [2, 10]] = L L^T with L = [[2, 0], [1, 3]].
        let factor = Cholesky::new(vec![4.0, 2.0, 2.0, 10.0], 2).unwrap();
        assert_eq!((factor.lower[0], factor.lower[2], factor.lower[3]), (2.0, 1.0, 3.0));
        let mut vector = [8.0, 22.0];
        factor.solve(&mut vector);
        assert_eq!(vector, [1.0, 2.0]);
    }

    #[test]
    fn a_dependent_column_is_named() {
        assert_eq!(Cholesky::new(vec![1.0, 1.0, 1.0, 1.0], 2).err(), Some(1));
        assert_eq!(Cholesky::new(vec![0.0, 0.0, 0.0, 1.0], 2).err(), Some(0));
        assert_eq!(Cholesky::new(vec![f64::NAN], 1).err(), Some(0));
    }
}

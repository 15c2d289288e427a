//! The linear algebra of small square matrices, row-major, in one fixed order of operations.

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds a multiple of one row to another.
pub(super) fn add_scaled(to: &mut [f64], factor: f64, row: &[f64]) {
    to.iter_mut().zip(row).for_each(|(to, value)| *to += factor * value);
}

/// Scales a row to length 1.
pub(super) fn normalise(row: &mut [f64]) {
    let length = dot(row, row).sqrt();
    row.iter_mut().for_each(|value| *value /= length);
}

/// Makes rows orthonormal in place, by Gram and Schmidt's method; a second pass for each row takes
/// out what rounding left in the first.
pub(super) fn orthonormalise(rows: &mut [f64], width: usize) {
    for index in 0..rows.len() / width {
        let (done, rest) = rows.split_at_mut(index * width);
        let row = &mut rest[..width];
        for _ in 0..2 {
            for other in done.chunks_exact(width) {
                let along = dot(row, other);
                add_scaled(row, -along, other);
            }
            normalise(row);
        }
    }
}

/// Replaces the upper triangle of a symmetric, positive definite matrix by Cholesky's factor R:
/// the matrix is its transpose times it.
pub(super) fn cholesky(matrix: &mut [f64], width: usize) {
    for pivot in 0..width {
        let (above, below) = matrix.split_at_mut((pivot + 1) * width);
        let row = &mut above[pivot * width..];
        let root = row[pivot].sqrt();
        row[pivot..].iter_mut().for_each(|value| *value /= root);
        for (index, other) in below.chunks_exact_mut(width).enumerate() {
            let at = pivot + 1 + index;
            add_scaled(&mut other[at..], -row[at], &row[at..]);
        }
    }
}

/// Solves R y = b in place for the rows of b as unknown rows, with the upper triangle R.
pub(super) fn solve_upper(upper: &[f64], b: &mut [f64], width: usize) {
    for at in (0..width).rev() {
        let (above, below) = b.split_at_mut((at + 1) * width);
        let row = &mut above[at * width..];
        for (index, solved) in below.chunks_exact(width).enumerate() {
            add_scaled(row, -upper[at * width + at + 1 + index], solved);
        }
        let pivot = upper[at * width + at];
        row.iter_mut().for_each(|value| *value /= pivot);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::data::table::random::Draws;

    /// Singular values, the largest first, by Jacobi's rotations of the columns of a matrix.
    pub(in crate::data::table) fn singular_values(matrix: &[f64], width: usize) -> Vec<f64> {
        let rows = matrix.len() / width;
        let column = |j: usize| (0..rows).map(|i| matrix[i * width + j]).collect::<Vec<_>>();
        let mut columns: Vec<Vec<f64>> = (0..width).map(column).collect();
        for _ in 0..30 {
            for p in 0..width {
                for q in p + 1..width {
                    let (left, right) = columns.split_at_mut(q);
                    rotate(&mut left[p], &mut right[0]);
                }
            }
        }
        let mut values: Vec<f64> =
            columns.iter().map(|column| dot(column, column).sqrt()).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        values
    }

    fn rotate(p: &mut [f64], q: &mut [f64]) {
        let (pp, qq, pq) = (dot(p, p), dot(q, q), dot(p, q));
        if pq == 0.0 {
            return;
        }
        let zeta = (qq - pp) / (2.0 * pq);
        let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
        let c = 1.0 / (1.0 + t * t).sqrt();
        for (p, q) in p.iter_mut().zip(q) {
            (*p, *q) = (c * *p - c * t * *q, c * t * *p + c * *q);
        }
    }

    fn normals(count: usize) -> Vec<f64> {
        let mut draws = Draws::new(5, 0);
        (0..count).map(|_| draws.normal()).collect()
    }

    #[test]
    fn rows_become_orthonormal() {
        let mut rows = normals(7 * 7);
        orthonormalise(&mut rows, 7);
        for value in singular_values(&rows, 7) {
            assert!((value - 1.0).abs() < 1e-14, "{value}");
        }
    }

    #[test]
    fn a_factor_gives_the_matrix_back_and_solves() {
        const N: usize = 6;
        let a = normals(N * N);
        let product = |a: &[f64], i: usize, j: usize| -> f64 {
            (0..N).map(|k| a[k * N + i] * a[k * N + j]).sum()
        };
        let gram: Vec<f64> = (0..N * N).map(|at| product(&a, at / N, at % N)).collect();
        let mut factor = gram.clone();
        cholesky(&mut factor, N);
        (0..N).for_each(|i| factor[i * N..i * N + i].fill(0.0));
        for (at, expected) in gram.iter().enumerate() {
            assert!((product(&factor, at / N, at % N) - expected).abs() < 1e-12);
        }
        let b = normals(N * N);
        let mut y = b.clone();
        solve_upper(&factor, &mut y, N);
        for (at, expected) in b.iter().enumerate() {
            let found: f64 = (0..N).map(|k| factor[at / N * N + k] * y[k * N + at % N]).sum();
            assert!((found - expected).abs() < 1e-12);
        }
    }
}

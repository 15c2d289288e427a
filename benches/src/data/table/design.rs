//! Features with a given condition number.

use super::{
    linear::{dot, normalise, orthonormalise},
    random::Draws,
};

/// Makes a square matrix with rows of length 1 whose singular values fall geometrically, the
/// largest being `condition` times the smallest. Row j says what feature j is made of.
///
/// The values are put into a random orthogonal frame; then rotations of two rows at a time, which
/// change no singular value, give one row after another its length (Bendel and Mickey, "Population
/// correlation matrices for sampling experiments", Communications in Statistics B7 (1978)).
pub(super) fn unit_rows(width: usize, condition: f64, draws: &mut Draws) -> Vec<f64> {
    let mut rows: Vec<f64> = (0..width * width).map(|_| draws.normal()).collect();
    orthonormalise(&mut rows, width);
    let values = singular_values(width, condition);
    for row in rows.chunks_exact_mut(width) {
        row.iter_mut().zip(&values).for_each(|(entry, value)| *entry *= value);
    }
    for _ in 1..width {
        let squares: Vec<f64> = rows.chunks_exact(width).map(|row| dot(row, row)).collect();
        let place = |least: bool| {
            let order = |a: &usize, b: &usize| squares[*a].total_cmp(&squares[*b]);
            let all = 0..width;
            if least { all.min_by(order) } else { all.max_by(order) }
        };
        match (place(true), place(false)) {
            (Some(short), Some(long)) if squares[short] < 1.0 && squares[long] > 1.0 => {
                rotate(&mut rows, width, short, long);
            }
            _ => break,
        }
    }
    // What rounding left.
    rows.chunks_exact_mut(width).for_each(normalise);
    rows
}

/// Returns the singular values, whose squares add up to the width.
fn singular_values(width: usize, condition: f64) -> Vec<f64> {
    let last = width.max(2) - 1;
    let value = |index: usize| libm::pow(condition, -(index as f64) / last as f64);
    let values: Vec<f64> = (0..width).map(value).collect();
    let scale = (width as f64 / dot(&values, &values)).sqrt();
    values.into_iter().map(|value| value * scale).collect()
}

/// Rotates a row that is shorter than 1 and one that is longer, so that the short one has length 1.
fn rotate(rows: &mut [f64], width: usize, short: usize, long: usize) {
    let row = |index: usize| index * width..(index + 1) * width;
    let (a, b) = (&rows[row(short)], &rows[row(long)]);
    let (lacks, over, along) = (1.0 - dot(a, a), dot(b, b) - 1.0, dot(a, b));
    // The tangent of the angle is the root of over t^2 + 2 along t = lacks that needs no
    // difference of near numbers.
    let root = (along * along + over * lacks).sqrt();
    let tangent = lacks / (along + if along < 0.0 { -root } else { root });
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = tangent * cosine;
    for column in 0..width {
        let (a, b) = (rows[short * width + column], rows[long * width + column]);
        rows[short * width + column] = cosine * a + sine * b;
        rows[long * width + column] = cosine * b - sine * a;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::linear, *};

    #[test]
    fn rows_have_length_1_and_the_condition_number_asked_for() {
        for (width, condition) in [(1, 1.0), (2, 1.0), (2, 1e6), (5, 10.0), (20, 1e3), (13, 1e10)] {
            let rows = unit_rows(width, condition, &mut Draws::new(3, width as u64));
            for row in rows.chunks_exact(width) {
                assert!((dot(row, row) - 1.0).abs() < 1e-14);
            }
            let values = linear::tests::singular_values(&rows, width);
            let found = values[0] / values[width - 1];
            assert!((found / condition - 1.0).abs() < 1e-5, "{found} of {condition}");
            let total = dot(&values, &values);
            assert!((total / width as f64 - 1.0).abs() < 1e-13, "{total}");
        }
    }
}

//! Draws long lines with few points and no peak lost.

/// A point of a line.
pub(super) type Point = (f64, f64);

/// Splits places with values into unbroken lines: one ends where a value is missing or not finite.
///
/// Where there are more than `most` places, each of `most / 4` columns keeps its first, lowest,
/// highest and last value, which draws the same pixels as all of them would (Jugel et al., "M4: a
/// visualization-oriented time series data aggregation", 2014). A line then breaks at columns
/// without any value.
pub(super) fn lines(points: &[(f64, Option<f64>)], most: usize) -> Vec<Vec<Point>> {
    let finite = |(x, y): &(f64, Option<f64>)| Some((*x, y.filter(|y| y.is_finite())?));
    let pieces: Vec<Vec<Option<Point>>> = if points.len() <= most {
        points.iter().map(|point| vec![finite(point)]).collect()
    } else {
        let per_column = points.len().div_ceil((most / 4).max(1));
        let column = |column: &[(f64, Option<f64>)]| {
            extremes(&column.iter().filter_map(finite).collect::<Vec<_>>())
        };
        points.chunks(per_column).map(column).collect()
    };
    let mut lines = vec![Vec::new()];
    for point in pieces.into_iter().flatten() {
        match (point, lines.last_mut()) {
            (Some(point), Some(line)) => line.push(point),
            _ => lines.push(Vec::new()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// Gives the first, lowest, highest and last point in their order, each once; a gap if there is
/// none.
fn extremes(points: &[Point]) -> Vec<Option<Point>> {
    let Some(last) = points.len().checked_sub(1) else {
        return vec![None];
    };
    let by_value = |a: &usize, b: &usize| points[*a].1.total_cmp(&points[*b].1);
    let lowest = (0..=last).min_by(by_value).unwrap_or(0);
    let highest = (0..=last).max_by(by_value).unwrap_or(last);
    let mut kept = vec![0, lowest, highest, last];
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| Some(points[index])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(values: impl Iterator<Item = Option<f64>>) -> Vec<(f64, Option<f64>)> {
        values.enumerate().map(|(index, value)| (index as f64, value)).collect()
    }

    #[test]
    fn what_is_missing_or_not_a_number_breaks_a_line() {
        let values = [Some(1.0), Some(2.0), None, Some(f64::NAN), Some(3.0), Some(f64::INFINITY)];
        let lines = lines(&numbered(values.into_iter()), 10);
        assert_eq!(lines, [vec![(0.0, 1.0), (1.0, 2.0)], vec![(4.0, 3.0)]]);
        assert_eq!(super::lines(&numbered([None, None].into_iter()), 1), Vec::<Vec<Point>>::new());
    }

    #[test]
    fn long_lines_keep_every_peak() {
        let mut values: Vec<Option<f64>> = (0..10_000).map(|n| Some(f64::from(n % 7))).collect();
        values[1234] = Some(100.0);
        values[9876] = Some(-100.0);
        let lines = lines(&numbered(values.into_iter()), 400);
        let [line] = &lines[..] else { panic!("{} lines", lines.len()) };
        assert!(line.len() <= 400, "{} points", line.len());
        assert!(line.is_sorted_by(|a, b| a.0 < b.0));
        for kept in [(0.0, 0.0), (1234.0, 100.0), (9876.0, -100.0), (9999.0, f64::from(9999 % 7))] {
            assert!(line.contains(&kept), "{kept:?}");
        }
    }

    #[test]
    fn long_lines_break_where_a_column_is_empty() {
        let values = (0..1000).map(|n| (n % 500 < 400).then_some(1.0));
        let lines = lines(&numbered(values), 100);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].last().unwrap().0, 399.0);
    }
}

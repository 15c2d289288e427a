//! Numbers in a row as a line of small bars.

/// Bars from the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws where all values are the same: neither low nor high.
const FLAT: char = '▄';

/// Draws where there is no value.
const GAP: char = ' ';

/// Draws values as bars between the least and the greatest of them, in at most `width` columns.
///
/// There is a bar for each value; where they are too many, each bar is the mean of an equal share
/// of them. What is missing or not finite has no part in it, and is a gap where nothing else is.
/// Where all are the same, the bars are of middle height.
pub fn sparkline(values: &[Option<f64>], width: usize) -> String {
    let means = means(values, width.min(values.len()));
    let known = || means.iter().flatten().copied();
    let least = known().fold(f64::INFINITY, f64::min);
    let greatest = known().fold(f64::NEG_INFINITY, f64::max);
    means.iter().map(|mean| mean.map_or(GAP, |mean| bar(mean, least, greatest))).collect()
}

/// Cuts values into shares of equal length and takes the mean of each.
fn means(values: &[Option<f64>], shares: usize) -> Vec<Option<f64>> {
    let share =
        |index: usize| &values[index * values.len() / shares..(index + 1) * values.len() / shares];
    (0..shares).map(|index| mean(share(index))).collect()
}

fn mean(values: &[Option<f64>]) -> Option<f64> {
    let finite = || values.iter().flatten().filter(|value| value.is_finite());
    let count = finite().count() as f64;
    // Divided before they are added, the largest values do not overflow.
    finite().map(|value| value / count).reduce(|sum, part| sum + part)
}

fn bar(value: f64, least: f64, greatest: f64) -> char {
    if least == greatest {
        return FLAT;
    }
    // Halved, the distance of the largest values does not overflow; the smallest have no half.
    let scale = if (greatest - least).is_finite() { 1.0 } else { 0.5 };
    let height = (value * scale - least * scale) / (greatest * scale - least * scale);
    // The greatest value alone reaches the height of 1, and has the highest bar too.
    BARS[((height * BARS.len() as f64) as usize).min(BARS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64], width: usize) -> String {
        let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        sparkline(&values, width)
    }

    #[test]
    fn each_eighth_of_the_range_has_its_bar() {
        assert_eq!(line(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 80), "▁▂▃▄▅▆▇██");
        assert_eq!(line(&[-1e-9, 0.0, 1e-9], 80), "▁▅█");
        assert_eq!(line(&[3.0, 1.0], 80), "█▁");
    }

    #[test]
    fn what_is_no_number_is_a_gap_and_sets_no_limit() {
        let values = [Some(1.0), None, Some(f64::NAN), Some(f64::INFINITY), Some(2.0)];
        assert_eq!(sparkline(&values, 80), "▁   █");
        assert_eq!(sparkline(&[None, Some(f64::NAN)], 80), "  ");
        // In a share with others it is passed over.
        assert_eq!(sparkline(&[Some(1.0), None, Some(f64::NAN), Some(2.0)], 2), "▁█");
    }

    #[test]
    fn what_never_changes_is_flat() {
        assert_eq!(line(&[0.25; 4], 80), "▄▄▄▄");
        assert_eq!(line(&[1e300], 80), "▄");
        assert_eq!(line(&[0.0, -0.0], 80), "▄▄");
    }

    #[test]
    fn many_values_share_the_width_as_means() {
        assert_eq!(line(&[0.0, 0.0, 1.0, 0.0, 1.0, 1.0], 3), "▁▅█");
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(line(&many, 8), "▁▂▃▄▅▆▇█");
        // Shares differ in length by one at most, and none is empty.
        assert_eq!(line(&many[..17], 8).chars().filter(|bar| *bar != GAP).count(), 8);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        assert_eq!(line(&[f64::MIN, 0.0, f64::MAX], 80), "▁▅█");
        assert_eq!(line(&[f64::MIN, f64::MIN, f64::MAX, f64::MAX], 2), "▁█");
        assert_eq!(line(&[5e-324, 0.0], 80), "█▁");
    }

    #[test]
    fn nothing_and_no_room_draw_nothing() {
        assert_eq!((line(&[], 80), line(&[1.0, 2.0], 0)), (String::new(), String::new()));
    }
}

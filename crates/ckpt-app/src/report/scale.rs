//! Axes: from values to places, and the round values at which they are marked.

use crate::format;

/// The most steps between the marks of an axis; where steps are round, it has 3 at least.
const MARKS: f64 = 7.0;

/// Decades beyond which an axis is logarithmic: on a linear one, all but the largest decade lies in
/// a hundredth of the height.
const LINEAR_DECADES: f64 = 2.0;

/// Significant digits beyond which a mark is written with an exponent.
const PLAIN_DIGITS: i32 = 6;

/// Maps values to 0 (the lower end of an axis) to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Scale {
    /// Makes an axis for these values, of which those that are not finite do not count; `None`
    /// without any. It is logarithmic if all are above 0 and they span more than two decades.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return None;
        }
        if low > 0.0 && high.log10() - low.log10() > LINEAR_DECADES {
            let (low, high) = widen(low.log10(), high.log10());
            return Some(Self { low, high, is_log: true });
        }
        let (low, high) = widen(low, high);
        Some(Self { low, high, is_log: false })
    }

    /// Makes an axis of whole numbers from end to end.
    pub(super) fn of_numbers(first: u64, last: u64) -> Self {
        let (low, high) = (first as f64, last as f64);
        if low == high { widened(low, high, 1.0) } else { widened(low, high, 0.0) }
    }

    /// Tells whether equal distances are equal ratios.
    pub(super) const fn is_log(&self) -> bool {
        self.is_log
    }

    /// Gives the place of a value.
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if self.is_log { value.log10() } else { value };
        // Halves are taken so that the difference of huge ends stays finite.
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// Gives the marks with their texts, the lowest first.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        if self.is_log { self.decades() } else { self.multiples(0.0) }
    }

    /// Gives the marks of an axis of whole numbers.
    pub(super) fn whole_marks(&self) -> Vec<(f64, String)> {
        self.multiples(1.0)
    }

    /// Gives the multiples of a round step that lie on a linear axis.
    fn multiples(&self, smallest_step: f64) -> Vec<(f64, String)> {
        let span = self.high - self.low;
        if !span.is_finite() {
            return [self.low, 0.0, self.high].map(|mark| (mark, format::number(mark))).into();
        }
        let step = round_step(span / MARKS).max(smallest_step);
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        let count = (last - first) as u64;
        let marks = (0..=count).map(|index| (first + index as f64) * step);
        marks.map(|mark| (mark, label(mark, step, self.low.abs().max(self.high.abs())))).collect()
    }

    /// Gives the powers of ten on a logarithmic axis, or each n-th of them.
    fn decades(&self) -> Vec<(f64, String)> {
        // The room at the ends may reach beyond the numbers that there are.
        let (first, last) =
            (self.low.max(-307.0).ceil() as i32, self.high.min(308.0).floor() as i32);
        let step = (f64::from(last - first) / MARKS).ceil().max(1.0) as usize;
        let power = |exponent: i32| 10_f64.powi(exponent);
        (first..=last).step_by(step).map(power).map(|mark| (mark, format::number(mark))).collect()
    }
}

const fn widened(low: f64, high: f64, by: f64) -> Scale {
    Scale { low: low - by, high: high + by, is_log: false }
}

/// Leaves some room at both ends, so that no line runs along the frame.
fn widen(low: f64, high: f64) -> (f64, f64) {
    let room = match 0.04 * (high - low) {
        0.0 if low == 0.0 => 1.0,
        0.0 => 0.05 * low.abs(),
        room => room,
    };
    ((low - room).max(f64::MIN), (high + room).min(f64::MAX))
}

/// Gives the smallest of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    // Subnormal steps have no power of ten to stand on.
    let power = 10_f64.powf(least.max(f64::MIN_POSITIVE).log10().floor());
    let fits = |factor: &f64| factor * power >= least;
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

/// Writes a mark with the digits that tell it from the next one.
fn label(mark: f64, step: f64, largest: f64) -> String {
    let (step_exponent, exponent) = (step.log10().floor() as i32, largest.log10().floor() as i32);
    if (-PLAIN_DIGITS..=0).contains(&step_exponent) && exponent < PLAIN_DIGITS {
        let decimals = step_exponent.unsigned_abs() as usize;
        return format!("{:.decimals$}", mark + 0.0);
    }
    if step_exponent > 0 && exponent < PLAIN_DIGITS {
        return format!("{:.0}", mark + 0.0);
    }
    let digits = (exponent - step_exponent).clamp(0, 15) as usize;
    if mark == 0.0 { "0".to_owned() } else { format!("{mark:.digits$e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(values: &[f64]) -> Vec<String> {
        let scale = Scale::of(values.iter().copied()).unwrap();
        let marks = scale.marks();
        assert!(marks.len() <= 12, "{marks:?}");
        for (mark, text) in &marks {
            let place = scale.place(*mark);
            assert!((0.0..=1.0).contains(&place), "{text} lies at {place}");
        }
        marks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn marks_are_round() {
        assert_eq!(marks(&[0.12, 0.9]), ["0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(
            marks(&[2900.0, 29_876.0]),
            ["5000", "10000", "15000", "20000", "25000", "30000"]
        );
        assert_eq!(marks(&[-1.0, 1.0]), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(marks(&[0.5]), ["0.48", "0.49", "0.50", "0.51", "0.52"]);
        assert_eq!(marks(&[0.0]), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(marks(&[3.0e9, 4.0e9]), ["3.0e9", "3.2e9", "3.4e9", "3.6e9", "3.8e9", "4.0e9"]);
        assert_eq!(marks(&[1.00001, 1.00002]).first().unwrap(), "1.000010");
    }

    #[test]
    fn more_than_two_decades_are_logarithmic() {
        assert_eq!(marks(&[0.001, 0.5, 2.0]), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(marks(&[1e-12, 1e3]), ["1e-12", "1e-9", "1e-6", "0.001", "1", "1000"]);
        assert!(!Scale::of([0.01, 1.0].into_iter()).unwrap().is_log());
        assert!(!Scale::of([0.0, 1000.0].into_iter()).unwrap().is_log());
    }

    #[test]
    fn values_that_are_not_finite_do_not_count() {
        assert_eq!(Scale::of([f64::NAN, f64::INFINITY].into_iter()), None);
        let scale = Scale::of([f64::NAN, 1.0, 2.0, f64::INFINITY].into_iter()).unwrap();
        assert!(scale.place(1.0) > 0.0 && scale.place(2.0) < 1.0);
    }

    #[test]
    fn the_largest_and_smallest_numbers_have_places() {
        for values in [[f64::MIN, f64::MAX], [0.0, 5e-324], [f64::MAX; 2], [5e-324, f64::MAX]] {
            marks(&values);
            let scale = Scale::of(values.into_iter()).unwrap();
            for value in values {
                assert!((0.0..=1.0).contains(&scale.place(value)), "{values:?}: {scale:?}");
            }
        }
    }

    #[test]
    fn versions_are_marked_by_whole_numbers() {
        let whole = |first, last| -> Vec<String> {
            let marks = Scale::of_numbers(first, last).whole_marks();
            marks.into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(whole(1, 3), ["1", "2", "3"]);
        assert_eq!(whole(7, 7), ["6", "7", "8"]);
        assert_eq!(whole(1, 10_000), ["2000", "4000", "6000", "8000", "10000"]);
    }
}

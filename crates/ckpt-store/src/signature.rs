//! Who does something, and when.

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Who does something, and when. The store never looks at a clock or an account by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// Who.
    pub author: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub time_ms: i64,
}

impl Signature {
    /// Names who does something and when, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn new(author: impl Into<String>, time_ms: i64) -> Self {
        Self { author: author.into(), time_ms }
    }
}

/// Writes a time as a date in UTC (Hinnant, "chrono-compatible low-level date algorithms").
pub(crate) fn date(time_ms: i64) -> String {
    let days = time_ms.div_euclid(DAY_MS) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (1_700_000_000_000, "2023-11-14"),
            (951_782_400_000, "2000-02-29"),
            (4_102_444_799_999, "2099-12-31"),
        ];
        for (time_ms, expected) in cases {
            assert_eq!(date(time_ms), expected);
        }
    }
}

//! Numbers, sizes and times as users read them.

use jiff::{SignedDuration, Timestamp};

/// Significant digits of a metric in a table.
const DIGITS: i32 = 6;

/// Significant digits of a number whose size says enough.
const SHORT_DIGITS: i32 = 3;

/// Ages up to this many milliseconds are said as such; beyond, the date says more.
const OLD: i64 = 30 * DAY;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Writes a number with its noun: `1 version`, `2 versions`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Writes a size in decimal units: `999 B`, `53.2 MB`.
pub fn bytes(bytes: u64) -> String {
    scaled(bytes, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// Writes how many there are of something numerous: `999`, `27.1 M`.
pub fn amount(number: u64) -> String {
    scaled(number, &["", "k", "M", "B", "T", "Q"])
}

/// Writes a number in the unit that leaves 1 to 3 digits before the point.
fn scaled(number: u64, units: &[&str]) -> String {
    let mut value = number as f64;
    let mut unit = 0;
    // What would be rounded to 1000.0 belongs to the next unit.
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{number} {}", units[0]).trim_end().to_owned(),
        unit => format!("{value:.1} {}", units[unit]),
    }
}

/// Writes how many bytes pass in a second: `1.2 GB/s`.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", bytes(bytes_per_second as u64))
}

/// Writes a duration in its two largest units: `12 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} {} h", count(days, "day"), hours % 24),
    }
}

/// Writes a part of a whole in percent, with the digits that a small part needs.
pub fn percent(fraction: f64) -> String {
    let percent = 100.0 * fraction;
    match percent {
        _ if percent == 0.0 || percent >= 99.95 => format!("{percent:.0} %"),
        _ if percent >= 0.1 => format!("{percent:.1} %"),
        _ => format!("{percent:.1e} %"),
    }
}

/// Writes a number with six significant digits, as C's `%g` does.
pub fn number(value: f64) -> String {
    with_digits(value, DIGITS)
}

/// Writes a number with three significant digits, where its size says enough.
pub fn short(value: f64) -> String {
    with_digits(value, SHORT_DIGITS)
}

fn with_digits(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let scientific = format!("{value:.*e}", digits as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if (-5..digits).contains(&exponent) => {
            let decimals = (digits - 1 - exponent) as usize;
            trim_zeros(&format!("{value:.decimals$}")).to_owned()
        }
        _ => format!("{}e{exponent}", trim_zeros(mantissa)),
    }
}

/// Writes a difference: a [`number`] with its sign.
pub fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", number(value)) } else { number(value) }
}

/// Writes a number with all the digits that tell it from every other.
pub fn exact(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Writes extents: `64x32`, or `scalar` without any.
pub fn shape(shape: &[u64]) -> String {
    if shape.is_empty() {
        return "scalar".to_owned();
    }
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join("x")
}

/// Writes a time as RFC 3339 in UTC; `None` beyond the years -9999 to 9999.
pub fn rfc3339(time_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(time_ms).ok().map(|time| time.to_string())
}

/// Writes a time in UTC to the second.
pub fn utc(time_ms: i64) -> String {
    let seconds = time_ms.div_euclid(1000);
    let time = Timestamp::from_second(seconds).ok().map(|time| time.to_string());
    let text = time.map(|time| time.replace('T', " ").replace('Z', " UTC"));
    text.unwrap_or_else(|| format!("{time_ms} ms since 1970"))
}

/// Writes the date of a time in UTC.
pub fn date(time_ms: i64) -> String {
    utc(time_ms).chars().take_while(|char| *char != ' ').collect()
}

/// Writes how long ago a time was, or its date in UTC if that is long, or lies ahead.
pub fn age(time_ms: i64, now_ms: i64) -> String {
    let age = now_ms.saturating_sub(time_ms);
    let ago = |unit: i64, name: &str| format!("{} {name} ago", age / unit);
    match age {
        0..MINUTE => ago(1000, "s"),
        MINUTE..HOUR => ago(MINUTE, "min"),
        HOUR..DAY => ago(HOUR, "h"),
        DAY..OLD => {
            if age / DAY == 1 {
                ago(DAY, "day")
            } else {
                ago(DAY, "days")
            }
        }
        _ => date(time_ms),
    }
}

/// Reads a time: milliseconds since 1970, or RFC 3339.
pub fn parse_time(text: &str) -> Option<i64> {
    if let Ok(time_ms) = text.parse() {
        return Some(time_ms);
    }
    let time: Timestamp = text.parse().ok()?;
    let since: SignedDuration = time.duration_since(Timestamp::UNIX_EPOCH);
    i64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_change_unit_where_they_round_to_it() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (53_200_000, "53.2 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (value, text) in cases {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn amounts_rates_and_durations_have_units_of_their_own() {
        let amounts =
            [(999, "999"), (1000, "1.0 k"), (27_130_000, "27.1 M"), (7_240_000_000, "7.2 B")];
        for (value, text) in amounts {
            assert_eq!(amount(value), text);
        }
        assert_eq!((rate(1.25e9).as_str(), rate(0.5).as_str()), ("1.2 GB/s", "0 B/s"));
        assert_eq!((rate(f64::NAN).as_str(), rate(f64::INFINITY).as_str()), ("0 B/s", "18.4 EB/s"));
        let durations = [
            (0, "0 s"),
            (59, "59 s"),
            (200, "3 min 20 s"),
            (3600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 day 1 h"),
            (2 * 86_400, "2 days 0 h"),
        ];
        for (value, text) in durations {
            assert_eq!(duration(value), text);
        }
    }

    #[test]
    fn numbers_have_six_digits_and_no_zeros_to_spare() {
        let cases = [
            (0.0, "0"),
            (12.0, "12"),
            (0.1 + 0.2, "0.3"),
            (2_859.692_637, "2859.69"),
            (123_456.7, "123457"),
            (999_999.5, "1e6"),
            (1.234_567_8e-7, "1.23457e-7"),
            (-0.000_012_5, "-0.0000125"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        let shorts = [0.012_345, 123.4, 1234.0, 1e-9].map(short);
        assert_eq!(shorts, ["0.0123", "123", "1.23e3", "1e-9"]);
        assert_eq!(
            (signed(0.5).as_str(), signed(-0.5).as_str(), signed(0.0).as_str()),
            ("+0.5", "-0.5", "0")
        );
        assert_eq!(
            (exact(0.1 + 0.2).as_str(), exact(3.0).as_str(), exact(1e300).as_str()),
            ("0.30000000000000004", "3", "1e300")
        );
    }

    #[test]
    fn small_parts_keep_their_digits() {
        let cases =
            [(0.0, "0 %"), (1.0, "100 %"), (0.9999, "100 %"), (0.021, "2.1 %"), (1e-6, "1.0e-4 %")];
        for (value, text) in cases {
            assert_eq!(percent(value), text);
        }
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(rfc3339(1_700_000_000_123).as_deref(), Some("2023-11-14T22:13:20.123Z"));
        assert_eq!(utc(1_700_000_000_123), "2023-11-14 22:13:20 UTC");
        assert_eq!(
            (rfc3339(i64::MAX), utc(i64::MAX)),
            (None, format!("{} ms since 1970", i64::MAX))
        );
    }

    #[test]
    fn ages_become_dates() {
        let now = 1_700_000_000_000;
        let cases = [
            (0, "0 s ago"),
            (59_999, "59 s ago"),
            (HOUR - 1, "59 min ago"),
            (HOUR, "1 h ago"),
            (DAY, "1 day ago"),
            (OLD - 1, "29 days ago"),
            (OLD, "2023-10-15"),
            (-DAY, "2023-11-15"),
        ];
        for (before, text) in cases {
            assert_eq!(age(now - before, now), text);
        }
    }

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(parse_time("12"), Some(12));
        assert_eq!(parse_time("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_time("1970-01-01"), None);
    }
}

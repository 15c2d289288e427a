//! The values of parameters as users write them.

use ckpt_store::ParamValue;

/// Fewest characters of what may be an abbreviated hash: Git gives seven, and users six. A shorter
/// text such as `1e5` is a number.
const SHORTEST_HASH: usize = 6;

/// Gives a text the type that it reads as. What would not come back as it was written, and so be
/// taken for another, stays text.
pub fn read(text: &str) -> ParamValue {
    if let Ok(value) = text.parse() {
        return ParamValue::Bool(value);
    }
    if let Ok(value) = text.parse::<i64>()
        && value.to_string() == text
    {
        return ParamValue::Int(value);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && is_decimal(text) => ParamValue::Float(value),
        _ => ParamValue::Text(text.to_owned()),
    }
}

/// Tells whether what reads as a float is written as one: with a point or an exponent, without a
/// plus and zeros before it, and not such that it may be a hash.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_padded = matches!(digits.as_bytes(), [b'0', b'0'..=b'9', ..]);
    let has_exponent = digits.contains(['e', 'E']);
    let may_be_hash = digits == text && digits.len() >= SHORTEST_HASH;
    let has_mark = digits.contains(['.', '+', '-']);
    digits.starts_with(|char: char| char.is_ascii_digit() || char == '.')
        && !is_padded
        && (has_mark || (has_exponent && !may_be_hash))
}

/// Writes a parameter as it can be given on a command line: 1.0 is another one than 1.
pub fn show(value: &ParamValue) -> String {
    match value {
        ParamValue::Bool(value) => value.to_string(),
        ParamValue::Int(value) => value.to_string(),
        ParamValue::Float(value) => format!("{value:?}"),
        ParamValue::Text(value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_the_type_that_they_read_as() {
        let cases = [
            ("true", ParamValue::Bool(true)),
            ("-3", ParamValue::Int(-3)),
            ("0", ParamValue::Int(0)),
            ("9223372036854775807", ParamValue::Int(i64::MAX)),
            ("1.0", ParamValue::Float(1.0)),
            (".5", ParamValue::Float(0.5)),
            ("1e-3", ParamValue::Float(0.001)),
            ("1e5", ParamValue::Float(1e5)),
            ("1e308", ParamValue::Float(1e308)),
            ("-1e308", ParamValue::Float(-1e308)),
            ("1.5e10", ParamValue::Float(1.5e10)),
            ("123456e+7", ParamValue::Float(1.234_56e12)),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    #[test]
    fn what_would_not_come_back_stays_text() {
        let beyond = ["18446744073709551614", "18446744073709551615", "-9223372036854775809"];
        let padded = ["007", "+1", "+0.5", "00.5", "-0", "-007", "00e1"];
        let hashes = ["1234e56", "0123e4", "12345e1", "12E345"];
        let words = ["1e999", "nan", "inf", "-infinity", "True", "", ".", "1e", "1_000"];
        for text in [&beyond[..], &padded, &hashes, &words].into_iter().flatten() {
            assert_eq!(read(text), ParamValue::Text((*text).to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_a_parameter_reads_as_the_same() {
        for value in [1.0, -0.0, 0.1, 1e5, 1e16, 1e-7, -1e300, 1.234_567e300, f64::MAX] {
            let shown = show(&ParamValue::Float(value));
            assert_eq!(read(&shown), ParamValue::Float(value), "{shown}");
        }
    }
}

//! Patterns over the names of tensors and the paths of files.

use std::{fmt, str::FromStr};

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, de};

use crate::content::naming::plain;

/// A pattern that names match as a whole: `*` stands for any text, dots and slashes among it, `?`
/// for one character of ASCII, `[ab]` and `[!ab]` for one of some or none of them, `{a,b}` for either, and a
/// backslash takes the next character as it is.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a pattern: {problem}")]
pub struct PatternError {
    text: String,
    problem: String,
}

/// Most bytes of a pattern, so that a matcher stays small.
const MAX_LEN: usize = 1024;

/// Most `{`, which may stand in each other: what compiles patterns gives up beyond some hundred.
const MAX_ALTERNATIVES: usize = 32;

impl Pattern {
    /// Tells whether a whole name is of this pattern.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Tells whether a tensor of a version is of this pattern: by its name in the version, or by the
    /// name that it has in its file.
    pub fn matches_tensor(&self, name: &str) -> bool {
        self.matches(name) || self.matches(plain(name))
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let fail =
            |problem: String| PatternError { text: text.chars().take(80).collect(), problem };
        if text.is_empty() {
            return Err(fail("it is empty".to_owned()));
        }
        if text.len() > MAX_LEN {
            return Err(fail(format!("it is longer than {MAX_LEN} bytes")));
        }
        if text.matches('{').count() > MAX_ALTERNATIVES {
            return Err(fail(format!("it has more than {MAX_ALTERNATIVES} braces")));
        }
        let glob = GlobBuilder::new(text).backslash_escape(true).empty_alternates(true).build();
        let glob = glob.map_err(|error| fail(error.kind().to_string()))?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_whole_names() {
        let cases = [
            ("head.*", "head.weight", true),
            ("head.*", "model.head.weight", false),
            ("*.weight", "a.b/c.weight", true),
            ("layer.?.bias", "layer.3.bias", true),
            ("layer.?.bias", "layer.10.bias", false),
            ("{wte,wpe}.weight", "wpe.weight", true),
            ("layer.[!0]", "layer.1", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
        ];
        for (pattern, name, expected) in cases {
            let pattern: Pattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let error = "layer.[0".parse::<Pattern>().unwrap_err();
        assert!(
            error.to_string().starts_with("\"layer.[0\" is not a pattern: unclosed"),
            "{error}"
        );
        assert_eq!(
            "".parse::<Pattern>().unwrap_err().to_string(),
            "\"\" is not a pattern: it is empty"
        );
        assert!("*".repeat(2000).parse::<Pattern>().is_err());
        let nested = format!("{}a{}", "{".repeat(260), "}".repeat(260));
        let error = nested.parse::<Pattern>().unwrap_err().to_string();
        assert!(error.ends_with("it has more than 32 braces"), "{error}");
    }
}

//! Names of refs: Git's rules, and an encoding as file names.

use std::{fmt, str::FromStr};

/// Most bytes of an encoded ref name: file systems allow 255, and locks add a word in front.
const MAX_FILE_LEN: usize = 200;

/// What a ref is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefKind {
    /// A line of versions that grows with each commit.
    Branch,
    /// A name for one version, meant to stay.
    Tag,
    /// A name that moves between versions, such as `production`.
    Alias,
}

impl RefKind {
    /// Every kind, in the order in which a short name is looked up.
    pub const ALL: [Self; 3] = [Self::Branch, Self::Tag, Self::Alias];

    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Branch => "refs/heads",
            Self::Tag => "refs/tags",
            Self::Alias => "refs/aliases",
        }
    }

    /// Returns the word for users: `branch`, `tag` or `alias`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Alias => "alias",
        }
    }
}

/// A checked name of a ref with its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName {
    kind: RefKind,
    name: String,
}

/// The reason why a text is no ref name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a name for a ref: {why}")]
pub struct RefNameError {
    /// The text, cut short.
    pub name: String,
    /// The rule that it breaks.
    pub why: &'static str,
}

impl RefName {
    /// Checks a name against Git's rules for refs.
    ///
    /// # Errors
    /// An empty name or part, a part that starts with `.` or ends in `.lock`, two dots in a row, a
    /// space, a control character, one of `~ ^ : ? * [ \`, `@{`, a leading `-`, a trailing `.`, the
    /// names `@` and `HEAD`, a name that starts with `refs/`, more than 200 encoded bytes.
    pub fn new(kind: RefKind, name: &str) -> Result<Self, RefNameError> {
        match broken_rule(name) {
            Some(why) => Err(RefNameError { name: name.chars().take(80).collect(), why }),
            None => Ok(Self { kind, name: name.to_owned() }),
        }
    }

    /// Checks the name of a branch; see [`new`](Self::new).
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn branch(name: &str) -> Result<Self, RefNameError> {
        Self::new(RefKind::Branch, name)
    }

    /// Parses a full name such as `refs/tags/v1`; `None` if it is none.
    pub fn from_full(full: &str) -> Option<Self> {
        let of_kind = |kind: RefKind| {
            let name = full.strip_prefix(kind.folder())?.strip_prefix('/')?;
            Self::new(kind, name).ok()
        };
        RefKind::ALL.into_iter().find_map(of_kind)
    }

    /// Returns the kind.
    pub const fn kind(&self) -> RefKind {
        self.kind
    }

    /// Returns the name without its kind.
    pub fn short(&self) -> &str {
        &self.name
    }

    /// Returns the full name, such as `refs/heads/main`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.kind.folder(), self.name)
    }

    /// Returns the name as the name of one file: all but `a-z 0-9 . _ -` as `%XX`, so that `a` and
    /// `a/b` can both exist, and `A` as well as `a` where file names ignore case.
    pub(crate) fn file(&self) -> String {
        encode(&self.name)
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.kind.folder(), self.file())
    }

    /// Reverses [`file`](Self::file); `None` for a file that it does not return.
    pub(crate) fn from_file(kind: RefKind, file: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(file.len());
        let mut rest = file.as_bytes();
        while let Some((&first, later)) = rest.split_first() {
            if first == b'%' {
                let hex = std::str::from_utf8(later.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(hex, 16).ok()?);
                rest = &later[2..];
            } else {
                bytes.push(first);
                rest = later;
            }
        }
        let name = Self::new(kind, std::str::from_utf8(&bytes).ok()?).ok()?;
        (name.file() == file).then_some(name)
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}

impl FromStr for RefName {
    type Err = RefNameError;

    /// Parses a full name.
    fn from_str(full: &str) -> Result<Self, RefNameError> {
        let why = "a full name starts with refs/heads/, refs/tags/ or refs/aliases/";
        Self::from_full(full)
            .ok_or_else(|| RefNameError { name: full.chars().take(80).collect(), why })
    }
}

fn encode(name: &str) -> String {
    let mut file = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => file.push(char::from(byte)),
            _ => file.push_str(&format!("%{byte:02X}")),
        }
    }
    file
}

/// Returns the first rule that a name breaks.
fn broken_rule(name: &str) -> Option<&'static str> {
    let parts = || name.split('/');
    let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let rules = [
        (name.is_empty(), "it is empty"),
        (name.contains(char::is_control), "it contains a control character"),
        (name.contains(forbidden), "it contains a space or one of ~ ^ : ? * [ \\"),
        (name.contains(".."), "it contains .."),
        (name.contains("@{"), "it contains @{"),
        (name == "@" || name == "HEAD", "that name is reserved"),
        (name.starts_with("refs/"), "it starts with refs/"),
        (name.starts_with('-'), "it starts with -"),
        (parts().any(str::is_empty), "it starts or ends with /, or contains //"),
        (parts().any(|part| part.starts_with('.')), "a part of it starts with ."),
        (parts().any(|part| part.ends_with(".lock")), "a part of it ends in .lock"),
        (name.ends_with('.'), "it ends in ."),
        (encode(name).len() > MAX_FILE_LEN, "it is too long"),
    ];
    rules.into_iter().find_map(|(broken, why)| broken.then_some(why))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gits_rules_hold() {
        for good in ["main", "train-2", "a/b", "A", "v1.0", "ünïcode", "a@b", "main@12", "0123abcd"]
        {
            assert!(RefName::branch(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "a b",
            "a\nb",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a..b",
            "a@{1}",
            "@",
            "HEAD",
            "-a",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "refs/heads/a",
        ];
        for bad in bad {
            assert!(RefName::branch(bad).is_err(), "{bad:?}");
        }
        assert!(RefName::branch(&"a".repeat(201)).is_err());
    }

    #[test]
    fn a_newline_is_named_in_one_line() {
        let error = RefName::new(RefKind::Tag, "v1\nv2").unwrap_err().to_string();
        assert_eq!(error, r#""v1\nv2" is not a name for a ref: it contains a control character"#);
    }

    #[test]
    fn a_name_and_one_below_it_are_two_files() {
        let files = ["a", "a/b", "A"].map(|name| RefName::branch(name).unwrap().file());
        assert_eq!(files, ["a", "a%2Fb", "%41"]);
    }

    proptest! {
        #[test]
        fn files_and_full_names_lead_back(name in "\\PC{1,40}") {
            if let Ok(name) = RefName::new(RefKind::Alias, &name) {
                let file = name.file();
                prop_assert!(file.is_ascii() && !file.contains('/'));
                prop_assert_eq!(RefName::from_file(RefKind::Alias, &file), Some(name.clone()));
                prop_assert_eq!(RefName::from_full(&name.full()), Some(name));
            }
        }

        #[test]
        fn foreign_files_are_no_refs(file in "\\PC{0,20}") {
            if let Some(name) = RefName::from_file(RefKind::Tag, &file) {
                prop_assert_eq!(name.file(), file);
            }
        }
    }
}

//! What commands fail with, and the table from library errors to exit codes and hints.

use std::{error::Error as StdError, fmt, io};

use ckpt_hash::VersionId;
use ckpt_store::{Error, ErrorKind, RefKind, RevisionError};

/// How a command failed, which decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It could not be done: exit code 1.
    Failed,
    /// It was called in a wrong way: exit code 2.
    Usage,
    /// The answer is no: exit code 3.
    No,
    /// Another process was faster: exit code 4.
    Conflict,
    /// Nobody reads the output any more, which is nobody's fault: exit code 0.
    ClosedPipe,
}

/// The reason why a command failed: one line, and perhaps what to do about it.
#[derive(Debug, Clone)]
pub struct Failure {
    class: Class,
    message: String,
    hint: Option<Hint>,
    missing: Option<Missing>,
}

/// A name that nothing has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name.
    pub name: String,
    /// What it should be the name of; `None` for a ref of any kind.
    pub kind: Option<RefKind>,
}

/// What to do about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Something to know.
    Text(String),
    /// A command of this program, without the program's name, and what it does.
    Command(String, &'static str),
}

impl Hint {
    /// Names a command and what it does.
    pub fn command(command: impl Into<String>, effect: &'static str) -> Self {
        Self::Command(command.into(), effect)
    }

    /// Writes the hint for users who run this program under that name.
    pub fn text(&self, program: &str) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Command(command, effect) => format!("`{program} {command}` {effect}"),
        }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Failure {
    /// Says that something could not be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { class: Class::Failed, message: message.into(), hint: None, missing: None }
    }

    /// Says that the command was called in a wrong way.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { class: Class::Usage, ..Self::failed(message) }
    }

    /// Says that something could not be done, and why.
    pub fn because(message: &str, cause: impl StdError) -> Self {
        Self::failed(format!("{message}: {}", chain(&cause)))
    }

    /// Reports an error of a library that has no line in the table.
    pub fn of(error: impl StdError) -> Self {
        Self::failed(chain(&error))
    }

    /// Says that standard output could not be written.
    pub fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { class: Class::ClosedPipe, ..Self::failed("") },
            _ => Self::because("cannot write to standard output", error),
        }
    }

    /// Takes it for success that nobody reads on what explains an answer, which stands.
    ///
    /// # Errors
    /// Any other failure.
    pub fn unless_closed(printed: Result<(), Self>) -> Result<(), Self> {
        printed.or_else(|failure| match failure.class {
            Class::ClosedPipe => Ok(()),
            _ => Err(failure),
        })
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds that it is for a ref or revision of this name, which there is not.
    #[must_use]
    pub fn with_missing(mut self, name: &str) -> Self {
        self.missing = Some(Missing { name: name.to_owned(), kind: None });
        self
    }

    /// Returns the name that nothing has, if it is for that.
    pub const fn missing(&self) -> Option<&Missing> {
        self.missing.as_ref()
    }

    /// Says where it happened, before what happened.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Changes how it counts.
    #[must_use]
    pub const fn with_class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Returns how it counts.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Returns the line that says what went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns what to do about it.
    pub const fn hint(&self) -> Option<&Hint> {
        self.hint.as_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Failure {}

/// Writes an error and its causes in one line, unless it says its cause itself.
fn chain(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.ends_with(&text) {
            message = format!("{message}: {text}");
        }
        cause = error.source();
    }
    message
}

/// The table: how each kind of error of the store counts.
const fn class_of(kind: ErrorKind) -> Class {
    match kind {
        ErrorKind::Syntax => Class::Usage,
        ErrorKind::Refused => Class::No,
        ErrorKind::Conflict => Class::Conflict,
        _ => Class::Failed,
    }
}

/// What to do about an error of the store.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let class = class_of(error.kind());
        let hint = match &error {
            Error::NoRepository(_) => Some(Hint::command("init", "makes one")),
            Error::UnknownFormat { .. } => {
                Some("another version of ckpt made it; use that one".into())
            }
            Error::FormatBeforeRelease => Some(
                "commit the files to a new repository; the program that made it still restores them"
                    .into(),
            ),
            Error::Damaged { .. } | Error::Missing(_) => {
                Some(Hint::command("verify", "lists all damage and whom it affects"))
            }
            Error::NoRef(name) => Some(list_of(name.kind())),
            Error::AlreadyRepository(_) => Some(Hint::command("log", "shows its versions")),
            Error::Locked { .. } => Some("try again once it has ended".into()),
            Error::Io { source, .. } => after_refused(source.kind()),
            Error::NothingToExport { .. } => Some(Hint::command("show REV", "lists tensors")),
            Error::NoEarlier(_) => Some("--to REV names the version to go back to".into()),
            Error::Removed(removed) => {
                let command = format!("undelete {}", removed.version.short());
                Some(Hint::command(command, "restores it, unless it is too late"))
            }
            Error::NoContent { instead, .. } if !instead.is_empty() => {
                let ids: Vec<String> = instead.iter().map(VersionId::short).collect();
                Some(format!("versions that have their content: {}", ids.join(", ")).into())
            }
            Error::AliasedBefore { .. } => {
                Some("`aliased_before = false` under [retention] in config.toml gives it up".into())
            }
            Error::PointedAt { .. } => Some("move or delete the ref first".into()),
            Error::Config(_) => Some("config.toml is in the folder .ckpt".into()),
            Error::RefExists { .. } => Some("choose another name".into()),
            Error::FailedChecks(failed) => Some(after_refusal(failed.kept)),
            Error::NoGuard { name, .. } => {
                let list = format!("guard {}", name.short());
                Some(Hint::command(list, "lists its guards"))
            }
            Error::Condition(_) => {
                let forms = "f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2";
                Some(format!("forms of a condition: {forms}").into())
            }
            Error::Unrelated(_) => {
                Some("--base REV names what both come from; --unrelated does without".into())
            }
            Error::Undecided(_) => Some("--strategy decides them".into()),
            Error::Conflict(conflict) => Some(after_conflict(conflict.kept)),
            Error::Revision(error) => return Self::from_revision(error, class),
            Error::RefName(_) => Some("names are made of words, digits, - _ . and /".into()),
            Error::Format { .. } => Some("--opaque keeps it as plain bytes".into()),
            Error::WouldOverwrite(_) => {
                Some("--force replaces it; -o PATH restores to another place".into())
            }
            _ => None,
        };
        let missing = missing(&error);
        Self { class, message: chain(&error), hint, missing }
    }
}

/// Returns the name that nothing has, if that is what is wrong.
fn missing(error: &Error) -> Option<Missing> {
    match error {
        Error::NoRef(name) => {
            Some(Missing { name: name.short().to_owned(), kind: Some(name.kind()) })
        }
        _ => None,
    }
}

impl Failure {
    fn from_revision(error: &RevisionError, class: Class) -> Self {
        let hint = match error {
            RevisionError::Grammar(..) => {
                let forms = "main, main~3, main@12, HEAD, min:loss, max:f1@main, an id";
                format!("forms of a revision: {forms}").into()
            }
            RevisionError::Unknown(_) => {
                "`log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or \
                 more"
                    .into()
            }
            RevisionError::Empty(_) => Hint::command("commit PATH", "makes a version"),
            RevisionError::Ambiguous { .. } => "give more digits".into(),
            RevisionError::NotOnLine { .. } => {
                "a range A..B is what comes after A, up to B".into()
            }
            // A place too far, a number or a metric that no version has.
            _ => Hint::command("log", "shows numbers and metrics"),
        };
        let failure = Self { class, ..Self::of(error) }.with_hint(hint);
        match error {
            RevisionError::Unknown(name) => failure.with_missing(name),
            _ => failure,
        }
    }
}

/// Says what can be done where the system refuses.
fn after_refused(kind: io::ErrorKind) -> Option<Hint> {
    match kind {
        io::ErrorKind::StorageFull => Some("make room on the disk, then try again".into()),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("see who may write there".into())
        }
        _ => None,
    }
}

fn list_of(kind: RefKind) -> Hint {
    match kind {
        RefKind::Branch => Hint::command("branch", "lists the branches"),
        RefKind::Tag => Hint::command("tag", "lists the tags"),
        RefKind::Alias => Hint::command("alias", "lists the aliases"),
    }
}

fn after_refusal(kept: Option<VersionId>) -> Hint {
    match kept {
        Some(kept) => Hint::command(
            format!("branch NAME {}", kept.short()),
            "keeps what you made; --override REASON moves the branch anyway, which is on record",
        ),
        None => "--override REASON moves it anyway, which is on record".into(),
    }
}

fn after_conflict(kept: Option<VersionId>) -> Hint {
    match kept {
        Some(kept) => Hint::Command(format!("branch NAME {}", kept.short()), "keeps what you made"),
        None => "look at where it is now, then try again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_unless_they_were_said() {
        let source = io::Error::other("disk full");
        let error = Error::Io { action: "write x".to_owned(), source };
        assert_eq!(Failure::from(error).message(), "cannot write x: disk full");
        #[derive(Debug)]
        struct Said(io::Error);
        impl std::fmt::Display for Said {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "x: {}", self.0)
            }
        }
        impl StdError for Said {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        assert_eq!(Failure::of(Said(io::Error::other("bad"))).message(), "x: bad");
    }

    #[test]
    fn the_loser_of_a_conflict_is_told_how_to_keep_its_version() {
        let kept = VersionId::of(b"kept");
        let name = ckpt_store::RefName::branch("main").unwrap();
        let conflict = |kept| ckpt_store::Conflict {
            name: name.clone(),
            expected: None,
            found: Some(VersionId::of(b"found")),
            kept,
        };
        let failure = Failure::from(Error::from(conflict(Some(kept))));
        let hint = format!("`ckpt branch NAME {}` keeps what you made", kept.short());
        assert_eq!(failure.class(), Class::Conflict);
        assert_eq!(failure.hint().map(|hint| hint.text("ckpt")), Some(hint));
        let unkept = Failure::from(Error::from(conflict(None)));
        assert_eq!(unkept.hint(), Some(&"look at where it is now, then try again".into()));
    }

    #[test]
    fn a_closed_pipe_is_no_failure_of_its_own() {
        let broken = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::output(broken).class(), Class::ClosedPipe);
        assert_eq!(Failure::output(io::Error::other("full")).class(), Class::Failed);
    }

    #[test]
    fn hints_name_the_program_that_was_run() {
        let failure = Failure::from(Error::NoRepository("here".to_owned()));
        let hint = failure.hint().map(|hint| hint.text("cargo xtask"));
        assert_eq!(hint.as_deref(), Some("`cargo xtask init` makes one"));
    }
}

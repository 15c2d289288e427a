//! The only place that looks at the clock, the environment and the account.
#![expect(
    clippy::disallowed_methods,
    reason = "libraries are given the time and their settings; this module is where they come from"
)]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use ckpt_store::Signature;

use crate::{failure::Failure, format, git};

/// Sets the time that commands take for now: milliseconds since 1970, or RFC 3339.
const TIME: &str = "CKPT_TIME";

/// Sets who commits.
const AUTHOR: &str = "CKPT_AUTHOR";

/// Says what users type to run this program, for hints and examples. Set by programs that hand their own
/// arguments on to this one.
const PROGRAM: &str = "CKPT_PROGRAM";

/// Says how many columns lines have where they do not go to a terminal.
const COLUMNS: &str = "COLUMNS";

/// Where a system keeps its own name, in the order in which to look.
const HOST_FILES: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];

/// Returns what users type to run this program: `ckpt`, unless `CKPT_PROGRAM` says otherwise.
pub fn program() -> &'static str {
    // It lives as long as the process.
    text(PROGRAM).map_or("ckpt", |program| program.leak())
}

/// What the process was given in addition to its arguments.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    time: Option<String>,
    author: Option<String>,
    user: Option<String>,
    host: Option<String>,
    allows_colour: bool,
    columns: Option<usize>,
}

impl Environment {
    /// Reads the environment of the process.
    pub fn read() -> Self {
        let is_dumb = text("TERM").is_some_and(|term| term == "dumb");
        Self {
            time: text(TIME),
            author: text(AUTHOR),
            user: text("USER")
                .or_else(|| text("LOGNAME"))
                .or_else(|| text("USERNAME"))
                .or_else(name_of_account),
            host: text("HOSTNAME").or_else(|| text("COMPUTERNAME")).or_else(host_from_files),
            allows_colour: text("NO_COLOR").is_none() && !is_dumb,
            columns: text(COLUMNS).and_then(|columns| columns.parse().ok()),
        }
    }

    /// Tells whether colours are allowed on terminals.
    pub const fn allows_colour(&self) -> bool {
        self.allows_colour
    }

    /// Returns how many columns lines have that do not go to a terminal, if `COLUMNS` says so.
    pub const fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// Returns the time in milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// A `CKPT_TIME` that is no time.
    pub fn now_ms(&self) -> Result<i64, Failure> {
        let Some(given) = &self.time else {
            // Before 1970 a clock is wrong in any case.
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            return Ok(since.map_or(0, |since| since.as_millis() as i64));
        };
        format::parse_time(given).ok_or_else(|| {
            let what = "is neither milliseconds since 1970 nor a time as in RFC 3339";
            Failure::usage(format!("{TIME} {what}: {given:?}"))
        })
    }

    /// Starts to measure how long something takes.
    pub fn clock(&self) -> Instant {
        Instant::now()
    }

    /// Returns who commits: `CKPT_AUTHOR`, or the user's name at the machine's.
    pub fn author(&self) -> String {
        let from_account = || match (&self.user, &self.host) {
            (Some(user), Some(host)) => format!("{user}@{host}"),
            (Some(user), None) => user.clone(),
            (None, _) => "unknown".to_owned(),
        };
        self.author.clone().unwrap_or_else(from_account)
    }

    /// Returns who and when, for what is about to be done.
    ///
    /// # Errors
    /// Those of [`now_ms`](Self::now_ms).
    pub fn signature(&self, author: Option<&str>) -> Result<Signature, Failure> {
        let author = author.map_or_else(|| self.author(), str::to_owned);
        Ok(Signature::new(author, self.now_ms()?))
    }

    /// Returns the current folder.
    ///
    /// # Errors
    /// A folder that was removed, or that may not be seen.
    pub fn current_dir(&self) -> Result<PathBuf, Failure> {
        env::current_dir()
            .map_err(|error| Failure::because("cannot find the current folder", error))
    }
}

/// Returns the name that the system has for the user that the process runs as.
#[cfg(unix)]
fn name_of_account() -> Option<String> {
    use nix::unistd::{Uid, User};

    let user = User::from_uid(Uid::current()).ok().flatten()?;
    Some(user.name).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn name_of_account() -> Option<String> {
    None
}

/// Returns what a version records of where it was made: the platform, this program's version and,
/// where `code` lies in a Git repository, its commit and whether anything in `code` differs from it.
pub fn facts(code: Option<&Path>) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([
        ("arch".to_owned(), env::consts::ARCH.to_owned()),
        ("ckpt".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("os".to_owned(), env::consts::OS.to_owned()),
    ]);
    if let Some(git) = code.and_then(git::facts) {
        facts.insert("git.commit".to_owned(), git.commit);
        facts.insert("git.dirty".to_owned(), git.is_dirty.to_string());
    }
    facts
}

/// Reads a variable; one that is empty counts as not set.
fn text(name: &str) -> Option<String> {
    let value: OsString = env::var_os(name)?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}

fn host_from_files() -> Option<String> {
    let read = |path: &&str| fs::read_to_string(path).ok();
    let host = HOST_FILES.iter().find_map(read)?.trim().to_owned();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_author_is_who_was_set_or_who_is_logged_in() {
        let set = Environment { author: some("ada"), user: some("root"), ..Default::default() };
        assert_eq!(set.author(), "ada");
        let here = Environment { user: some("ada"), host: some("mill"), ..Default::default() };
        assert_eq!(here.author(), "ada@mill");
        assert_eq!(Environment { host: None, ..here }.author(), "ada");
        assert_eq!(Environment::default().author(), "unknown");
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        let at = |time: &str| Environment { time: some(time), ..Default::default() }.now_ms();
        assert_eq!(at("1700000000000").unwrap(), 1_700_000_000_000);
        assert_eq!(at("2023-11-14T22:13:20Z").unwrap(), 1_700_000_000_000);
        assert_eq!(
            at("yesterday").unwrap_err().message(),
            "CKPT_TIME is neither milliseconds since 1970 nor a time as in RFC 3339: \"yesterday\""
        );
    }
}

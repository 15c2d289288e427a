//! Runs commands for the tools: apart from the user's settings, timed or watched.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, bail};

use super::tool::{Line, NUMBER};
use crate::place::clock;

/// How long to wait between two looks at a process: far less than anything takes that allocates.
const LOOK: Duration = Duration::from_micros(300);

/// What commands run with.
#[derive(Debug)]
pub(super) struct Shell {
    /// The `ckpt` that is measured.
    ckpt: PathBuf,
    /// A home without settings.
    home: PathBuf,
    /// Where programs are looked for; the system's default if the caller has none.
    path: Option<OsString>,
}

impl Shell {
    /// Takes the `ckpt` to measure and a folder that commands have for their home.
    #[expect(clippy::disallowed_methods, reason = "peers are found where the user would find them")]
    pub(super) fn new(ckpt: PathBuf, home: PathBuf) -> Self {
        Self { ckpt, home, path: std::env::var_os("PATH") }
    }

    /// Runs commands one after another and returns what the last one printed, and how long they
    /// took together.
    pub(super) fn time(
        &self,
        lines: &[Line],
        number: usize,
        folder: &Path,
    ) -> anyhow::Result<(Duration, String)> {
        let mut printed = String::new();
        let start = clock();
        for line in lines {
            let output = self.spawn(line, number, folder)?.wait_with_output();
            printed = check(line, output.with_context(|| format!("cannot run {}", line[0]))?)?;
        }
        Ok((start.elapsed(), printed))
    }

    /// Runs commands and returns the most memory that one of their processes had resident, in
    /// bytes; `None` where the system does not tell.
    pub(super) fn peak(
        &self,
        lines: &[Line],
        number: usize,
        folder: &Path,
    ) -> anyhow::Result<Option<u64>> {
        let mut peak = None;
        for line in lines {
            let mut child = self.spawn(line, number, folder)?;
            let status = format!("/proc/{}/status", child.id());
            while child.try_wait()?.is_none() {
                let seen = fs::read_to_string(&status).ok();
                peak = peak.max(seen.as_deref().and_then(high_water));
                thread::sleep(LOOK);
            }
            check(line, child.wait_with_output()?)?;
        }
        Ok(peak)
    }

    fn spawn(&self, line: Line, number: usize, folder: &Path) -> anyhow::Result<Child> {
        self.command(line, number, folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", line[0]))
    }

    fn command(&self, line: Line, number: usize, folder: &Path) -> Command {
        let mut words = line.iter().map(|word| word.replace(NUMBER, &number.to_string()));
        let mut command = match words.next() {
            Some(program) if program == "ckpt" => Command::new(&self.ckpt),
            program => Command::new(program.unwrap_or_default()),
        };
        command.args(words).current_dir(folder).env_clear();
        command.envs(self.path.as_ref().map(|path| ("PATH", path)));
        command.env("HOME", &self.home).env("LC_ALL", "C");
        command.env("CKPT_AUTHOR", "bench");
        let person = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"];
        let address = ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
        command.envs(person.map(|name| (name, "bench")));
        command.envs(address.map(|name| (name, "bench@localhost")));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("DVC_NO_ANALYTICS", "1");
        command.env("RESTIC_REPOSITORY", "store").env("RESTIC_PASSWORD", "bench");
        command.env("BORG_REPO", "store").env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes");
        command
    }
}

/// Gives what a command printed, or says why it failed.
fn check(line: Line, output: Output) -> anyhow::Result<String> {
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let why = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        bail!("`{}` failed: {}: {}", line.join(" "), output.status, why.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Finds the most memory that a process had resident in what Linux says of it.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_found() {
        assert_eq!(
            high_water("Name:\tckpt\nVmHWM:\t   12345 kB\nVmRSS:\t 1 kB\n"),
            Some(12_641_280)
        );
        assert_eq!(high_water("Name:\tckpt\nState:\tZ (zombie)\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn commands_see_a_home_without_settings_and_failures_say_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new("ckpt".into(), folder.path().to_owned());
        let run = |line: Line| shell.time(&[line], 7, folder.path()).map(|(_, printed)| printed);
        let home = run(&["sh", "-c", "echo $HOME {n} $GIT_DIR"]).unwrap();
        assert_eq!(home.trim(), format!("{} 7", folder.path().display()));
        let error = run(&["sh", "-c", "echo no such thing >&2; exit 3"]).unwrap_err().to_string();
        assert!(error.ends_with("exit status: 3: no such thing"), "{error}");
        let error = run(&["there-is-no-such-program"]).unwrap_err();
        assert_eq!(error.to_string(), "cannot run there-is-no-such-program");
    }
}

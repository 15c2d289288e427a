//! The machine that a run was made on, without its name.

use std::{fs, path::Path, thread::available_parallelism};

use serde_json::{Value, json};

/// The machine; what a system does not tell is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) cpu: Option<String>,
    pub(super) cores: usize,
    pub(super) memory_gib: Option<f64>,
    pub(super) file_system: Option<String>,
    pub(super) system: String,
}

impl Facts {
    /// Looks at the machine, and at the file system of a folder.
    pub(super) fn of(folder: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").map(str::to_owned),
            cores: available_parallelism().map_or(1, usize::from),
            memory_gib: field(&read("/proc/meminfo"), "MemTotal").and_then(gibibytes),
            file_system: file_system(&read("/proc/self/mounts"), &folder),
            system: system(&read("/etc/os-release"), &read("/proc/sys/kernel/osrelease")),
        }
    }

    /// Describes the machine in a line.
    pub(super) fn line(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        let memory = self.memory_gib.map(|gib| format!("{gib:.0} GiB of memory"));
        [
            self.cpu.clone(),
            Some(format!("{} {cores}", self.cores)),
            memory,
            self.file_system.clone(),
            Some(self.system.clone()),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }

    /// Gives the keys of the document.
    pub(super) fn document(&self) -> Value {
        json!({
            "cpu": self.cpu,
            "cores": self.cores,
            "memory_gib": self.memory_gib,
            "file_system": self.file_system,
            "system": self.system,
        })
    }
}

/// Finds the value of `name: value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    };
    text.lines().find_map(value)
}

fn gibibytes(kilobytes: &str) -> Option<f64> {
    let kilobytes: f64 = kilobytes.strip_suffix("kB")?.trim().parse().ok()?;
    Some((kilobytes / f64::from(1 << 20) * 10.0).round() / 10.0)
}

/// Finds the type of the innermost mount that holds a folder.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mount = |line: &str| {
        let mut words = line.split(' ');
        let (_, place, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(place).then(|| (place.len(), kind.to_owned()))
    };
    // Of two mounts at one place, the later one hides the earlier.
    mounts.lines().filter_map(mount).max_by_key(|(len, _)| *len).map(|(_, kind)| kind)
}

/// Names the distribution and the kernel's version, without what its builder added.
fn system(os_release: &str, kernel: &str) -> String {
    let pretty = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let numbers: Vec<&str> = kernel.split(['.', '-']).take(2).collect();
    match (pretty, kernel.is_empty()) {
        (Some(pretty), false) => {
            format!("{}, Linux {}", pretty.trim_matches('"'), numbers.join("."))
        }
        (None, false) => format!("Linux {}", numbers.join(".")),
        _ => std::env::consts::OS.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_in_what_the_system_says() {
        let cpu = "processor\t: 0\nmodel name\t: Fast One\nmodel name\t: Fast One\n";
        assert_eq!(field(cpu, "model name"), Some("Fast One"));
        assert_eq!(gibibytes("24689120 kB"), Some(23.5));
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/x xfs rw 0 0\n";
        let kind = |folder: &str| file_system(mounts, Path::new(folder)).unwrap();
        assert_eq!((kind("/tmp/x/y"), kind("/tmp/z")), ("xfs".into(), "tmpfs".into()));
        assert_eq!(kind("/home"), "ext4");
        let release = "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        let expected = "Debian GNU/Linux 12 (bookworm), Linux 6.1";
        assert_eq!(system(release, "6.1.0-13-my-own-kernel\n"), expected);
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        let facts = Facts { cores: 1, system: "macos".to_owned(), ..Facts::default() };
        assert_eq!(facts.line(), "1 core, macos");
    }
}

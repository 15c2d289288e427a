//! Paths of files in a version: they stay in the folder that they are restored to, on every
//! platform.

use std::collections::HashSet;

/// The folder that makes its parent a repository.
pub const REPOSITORY_DIR: &str = ".ckpt";

/// Names that Windows keeps for devices, whatever extension follows; `COM` and `LPT` with a digit
/// are such names too.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Checks that these paths can stand in one folder, on every platform.
pub(crate) fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let paths: Vec<&str> = paths.collect();
    for path in &paths {
        check_path(path)?;
    }
    check_unique("files", paths.iter().copied())?;
    let files: HashSet<&str> = paths.iter().copied().collect();
    for path in paths {
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(folder) = folders.find(|folder| files.contains(folder)) {
            return Err(format!("{folder} is a file and the folder of {path}"));
        }
    }
    Ok(())
}

/// Checks that a path can be restored on every platform, and stays inside of its folder.
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    check_inside(path).map_err(|why| format!("{path:?} {why}"))?;
    match path.split('/').find_map(unportable) {
        Some(why) => Err(format!("{path:?} could not be restored on every platform: {why}")),
        None => Ok(()),
    }
}

/// Checks that a path stays inside of the folder that it is joined to, and out of a repository
/// there; says what it is or does otherwise.
pub(crate) fn check_inside(path: &str) -> Result<(), &'static str> {
    let bad = |part: &str| part.is_empty() || part == "." || part == "..";
    if path.contains(char::is_control) {
        return Err("has a control character");
    }
    if path.contains(['\\', ':']) {
        return Err("has one of \\ and :, which part paths on some platforms");
    }
    if path.split('/').any(bad) {
        return Err("is not a relative path without special parts");
    }
    let first = path.split('/').next().unwrap_or_default();
    if first.eq_ignore_ascii_case(REPOSITORY_DIR) {
        return Err("could replace a part of a repository");
    }
    Ok(())
}

/// Says why some platform has no file of that name.
fn unportable(part: &str) -> Option<&'static str> {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    if part.ends_with(['.', ' ']) {
        Some("a part of it ends in a dot or a space")
    } else if is_port(&stem) || DEVICES.contains(&stem.as_str()) {
        Some("a part of it is the name of a device on Windows")
    } else if part.contains(['<', '>', '"', '|', '?', '*']) {
        Some("it contains one of < > \" | ? *")
    } else {
        None
    }
}

fn is_port(stem: &str) -> bool {
    let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut rest = port.unwrap_or_default().chars();
    // Windows takes superscripts for digits here.
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³');
    rest.next().is_some_and(is_digit) && rest.next().is_none()
}

/// Checks that names occur once.
pub(crate) fn check_unique<'a>(
    what: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("two {what} are named {name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        for path in ["a", "a/b.c", "a b/ü"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", "/a", "a/", "..", "a/../b", "./a", "a//b", "c:\\x", "a\\b", "a\nb", "a\0"]
        {
            assert!(check_inside(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn paths_into_a_repository_are_refused() {
        for path in [".ckpt", ".ckpt/HEAD", ".CKPT/config.toml", ".Ckpt/packs/a"] {
            let error = check_path(path).unwrap_err();
            assert_eq!(error, format!("{path:?} could replace a part of a repository"));
        }
        assert!(check_path(".ckptignore").is_ok());
    }

    #[test]
    fn paths_that_some_platform_cannot_have_are_refused() {
        for path in ["console", "com", "com10", "a/nul_", "lpt.x", "a.b.c", ".con", " a"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        let device = "a part of it is the name of a device on Windows";
        let ending = "a part of it ends in a dot or a space";
        let cases = [
            ("CON", device),
            ("a/nul.tar.gz", device),
            ("Com1.txt", device),
            ("lpt9/a", device),
            ("com¹", device),
            ("aux .txt", device),
            ("a.", ending),
            ("a /b", ending),
            ("what?", "it contains one of < > \" | ? *"),
        ];
        for (path, why) in cases {
            let expected = format!("{path:?} could not be restored on every platform: {why}");
            assert_eq!(check_path(path).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_file_and_a_folder_cannot_have_one_name() {
        let check = |paths: &[&str]| check_paths(paths.iter().copied());
        assert!(check(&["a", "a-b", "ab/c", "b/a"]).is_ok());
        let error = check(&["a", "a-b", "a/b/c"]).unwrap_err();
        assert_eq!(error, "a is a file and the folder of a/b/c");
        assert_eq!(check(&["a", "a"]).unwrap_err(), "two files are named a");
    }
}

//! Lists the files of `src`, so that the crate can say what code it was built from.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

#[expect(clippy::disallowed_methods, reason = "cargo says by the environment where results go")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    let root = Path::new("src");
    let mut files = Vec::new();
    list(root, &mut files)?;
    let mut names: Vec<String> = files.iter().map(|path| name(root, path)).collect();
    names.sort();
    let entries: String = names.iter().map(|name| entry(name)).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("sources.rs"), format!("&[\n{entries}]\n"))
}

/// Adds the files below a folder, but for hidden ones, which count for no id of code.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => list(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

/// The path of a file relative to `root`, with `/` on every platform.
fn name(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).expect("it was found there").iter();
    let parts: Vec<&str> = parts.map(|part| part.to_str().expect("a name in UTF-8")).collect();
    parts.join("/")
}

fn entry(name: &str) -> String {
    format!("({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/{name}\"))),\n")
}

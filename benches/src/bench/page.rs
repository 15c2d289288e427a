//! A page that tables are written into.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::UsageError;

/// The line that ends what is replaced.
const END: &str = "<!-- end -->";

/// A page with a place for tables.
#[derive(Debug)]
pub(super) struct Page {
    path: PathBuf,
    /// The page up to the place, and from its end on.
    around: [String; 2],
}

impl Page {
    /// Reads a page and finds the place of a name in it.
    pub(super) fn open(path: &Path, name: &str) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        let around = split(&text, name).ok_or_else(|| {
            UsageError(format!("{} has no place <!-- {name} --> with an end", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), around })
    }

    /// Writes lines into the place.
    pub(super) fn write(&self, lines: &[String]) -> anyhow::Result<()> {
        let [before, after] = &self.around;
        let text = format!("{before}\n{}\n\n{after}", lines.join("\n").trim_end());
        fs::write(&self.path, text).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Splits a page after the line that starts a place, and before the one that ends it.
fn split(text: &str, name: &str) -> Option<[String; 2]> {
    let start = format!("<!-- {name} -->\n");
    let start = text.find(&start)? + start.len();
    let end = start + text[start..].find(END)?;
    Some([text[..start].to_owned(), text[end..].to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_the_place_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        let page = "# a\n<!-- x -->\nold\n<!-- end -->\n<!-- y -->\n<!-- end -->\nlast\n";
        fs::write(&path, page).unwrap();
        for _ in 0..2 {
            let lines = ["| 1 |".to_owned(), "| 2 |".to_owned(), String::new()];
            Page::open(&path, "x").unwrap().write(&lines).unwrap();
            let expected = page.replace("old\n", "\n| 1 |\n| 2 |\n\n");
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        }
        let error = Page::open(&path, "z").unwrap_err().to_string();
        assert!(error.ends_with("has no place <!-- z --> with an end"), "{error}");
    }
}

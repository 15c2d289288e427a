//! Fingerprints of code folders whose files are known.

use crate::{CodeId, Digest};

/// What stands before an entry's content, or first of all, by what it is.
pub(super) const FOLDER: &str = "folder";
pub(super) const FILE: &str = "file";
#[cfg(feature = "code")]
pub(super) const LINK: &str = "link";

/// Fingerprints a code folder by the relative paths of its files, with `/` between their parts, and the
/// SHA-256 of their contents, in any order.
///
/// The result is that of `code_id` for a folder of these files. It is for programs that were built with a
/// list of their sources, and so need none on the disk.
pub fn folder_code_id<'a>(files: impl IntoIterator<Item = (&'a str, Digest)>) -> CodeId {
    let mut files: Vec<(&str, Digest)> = files.into_iter().collect();
    files.sort_by_key(|(name, _)| *name);
    let mut hasher = CodeId::fields();
    hasher.text(FOLDER);
    for (name, digest) in &files {
        hasher.text(name).text(FILE).digest(digest);
    }
    CodeId::from_fields(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_format_page() {
        let files = [("lib/b.py", Digest::of(b"")), ("a.py", Digest::of(b"abc"))];
        let id = "2b4016f083ad13e50e8ac7cc7a66ffd3e58072ab9925d779992e4f11d17e3f59";
        assert_eq!(folder_code_id(files).to_string(), id);
    }
}

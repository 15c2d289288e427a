//! What the program says about itself in JSON.

use serde::Serialize;

/// What `completions` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Completions {
    pub(crate) shell: String,
    pub(crate) script: String,
}

/// What `man` prints.
#[derive(Debug, Serialize)]
pub(crate) struct ManPage {
    /// The page, in the language of roff.
    pub(crate) page: String,
}

/// What `man` prints of pages that it wrote.
#[derive(Debug, Serialize)]
pub(crate) struct ManPages {
    /// The files.
    pub(crate) pages: Vec<String>,
}

//! What the program says about itself in JSON.

use serde::Serialize;

/// What `completions` prints.
#[derive(Debug, Serialize)]
pub struct Completions {
    pub shell: String,
    pub script: String,
}

/// What `man` prints.
#[derive(Debug, Serialize)]
pub struct ManPage {
    /// The page, in the language of roff.
    pub page: String,
}

/// What `man` prints of pages that it wrote.
#[derive(Debug, Serialize)]
pub struct ManPages {
    /// The files.
    pub pages: Vec<String>,
}

//! Glue of the workspace.
fn main() {}

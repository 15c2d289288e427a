//! Tells what is in a repository from what is outside it: commands write and read files there only
//! through the store.

use std::path::Path;

use ckpt_store::REPOSITORY_DIR;

use crate::failure::Failure;

/// The file that every repository has.
const MARK: &str = "format";

/// Fails if a path leads into a repository, whether the path is there yet or not.
pub fn check_outside(path: &Path) -> Result<(), Failure> {
    if is_inside(path) {
        return Err(Failure::usage(format!("{} is in a repository", path.display()))
            .with_hint("its files are changed by commands alone; name another place"));
    }
    Ok(())
}

/// Tells whether a path leads into a repository.
pub fn is_inside(path: &Path) -> bool {
    let real = path.ancestors().find_map(|above| match above.as_os_str().is_empty() {
        true => Path::new(".").canonicalize().ok(),
        false => above.canonicalize().ok(),
    });
    let is_repository =
        |folder: &Path| folder.ends_with(REPOSITORY_DIR) && folder.join(MARK).is_file();
    real.is_some_and(|real| real.ancestors().any(is_repository))
}

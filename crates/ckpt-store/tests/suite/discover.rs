//! Finding a repository from the current folder: alone in its process, since it changes that.

use std::{env, fs, path::Path};

use crate::common::{draft, main_branch};
use ckpt_store::{Error, Repository};

#[test]
fn a_repository_above_the_current_folder_is_found_by_a_relative_path() {
    let folder = tempfile::tempdir().unwrap();
    Repository::init(folder.path()).unwrap().commit(&main_branch(), &draft(1.0)).unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    env::set_current_dir(folder.path().join("a")).unwrap();
    for from in [".", "b", "b/not-there"] {
        let found = Repository::discover(Path::new(from)).unwrap();
        assert!(found.target(&main_branch()).unwrap().is_some(), "{from}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let error = Repository::discover(elsewhere.path()).unwrap_err();
    assert!(matches!(error, Error::NoRepository(_)), "{error}");
}

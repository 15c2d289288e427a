//! Repositories in folders of `fixtures/`, taken into memory and written.
//!
//! Such a folder holds what `.ckpt` would. Empty folders are not in it, since Git keeps none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ckpt_store::disk::{Disk, FileKind};
use ckpt_testkit::disks::MemDisk;

use super::look::read;

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// Copies a folder into memory: whatever is done to it there, the fixture stays.
pub(crate) fn load(folder: &Path) -> MemDisk {
    let disk = MemDisk::new();
    disk.create_dir("").unwrap();
    load_into(&disk, folder, "");
    disk
}

fn load_into(disk: &MemDisk, folder: &Path, at: &str) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{at}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            disk.create_dir(&path).unwrap();
            load_into(disk, &entry.path(), &format!("{path}/"));
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            disk.create(&path).unwrap().write_all(&bytes).unwrap();
        }
    }
}

/// Writes what is on a disk into a folder, which is emptied before.
pub(crate) fn save(disk: &MemDisk, folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    save_from(disk, "", folder);
}

fn save_from(disk: &MemDisk, at: &str, folder: &Path) {
    for name in disk.list(at).unwrap() {
        let path = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
        match disk.kind(&path).unwrap() {
            Some(FileKind::Dir) => save_from(disk, &path, &folder.join(name)),
            // Locks are empty and mean nothing.
            Some(FileKind::File) if at != "locks" => {
                fs::create_dir_all(folder).unwrap();
                fs::write(folder.join(name), read(disk, &path)).unwrap();
            }
            _ => {}
        }
    }
}

//! A repository that may be read and not written to.
#![cfg(unix)]

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
};

use insta::assert_snapshot;

use super::{refused_command, together};
use crate::sandbox::Sandbox;

/// Takes the right to write from a folder and all that is in it.
fn protect(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            protect(&path);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
}

/// Gives the right to write back, so that the folder can be removed.
fn unprotect(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            unprotect(&path);
        }
    }
}

/// Runs something on a repository that cannot be written to; for root, to whom all is allowed, as nobody.
fn with_a_protected_repository(check: impl FnOnce(&Sandbox, &dyn Fn(&str) -> Command)) {
    const NOBODY: u32 = 65534;
    let sandbox = Sandbox::with_history();
    sandbox.ok("promote HEAD~ production");
    sandbox.ok("branch old HEAD~");
    fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    protect(&sandbox.path(".ckpt"));
    let is_root = fs::File::create(sandbox.path(".ckpt/packs/x")).is_ok();
    if is_root {
        fs::remove_file(sandbox.path(".ckpt/packs/x")).unwrap();
    }
    let prepare = |line: &str| {
        let mut command = sandbox.command(line);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    // Where nobody may run the program, as in a home folder of root, there is nothing to see.
    if prepare("--version").output().is_ok_and(|output| output.status.success()) {
        check(&sandbox, &prepare);
    }
    unprotect(&sandbox.path(".ckpt"));
}

#[test]
fn a_repository_that_cannot_be_written_to_stays_as_it_is() {
    with_a_protected_repository(|sandbox, prepare| {
        sandbox.file("new.bin", "new");
        let lines = [
            "commit new.bin",
            "commit model.safetensors",
            "note HEAD --metric a=1",
            "tag v1",
            "branch other",
            "switch -c other",
            "promote HEAD production",
            "rollback main",
            "guard main 'val_loss < 1'",
            "merge main --into old",
            "gc",
            "prune HEAD~2",
            "verify --repair",
        ];
        let messages = lines.map(|line| (line.to_owned(), refused_command(sandbox, prepare(line))));
        assert_snapshot!(together(messages), @"
        commit new.bin
        commit model.safetensors
        note HEAD --metric a=1
        tag v1
        branch other
        switch -c other
        promote HEAD production
        rollback main
        guard main 'val_loss < 1'
        merge main --into old
          error: cannot lock the repository: Permission denied (os error 13)
        gc
          error: cannot lock the packs: Permission denied (os error 13)
        prune HEAD~2
          error: cannot lock the repository: Permission denied (os error 13)
        verify --repair
          error: cannot lock the packs: Permission denied (os error 13)
        hint: see who may write there
        [exit code 1]
        ");
    });
}

#[test]
fn a_repository_that_cannot_be_written_to_can_be_read() {
    with_a_protected_repository(|sandbox, prepare| {
        let lines = [
            "log",
            "log --where val_loss<1",
            "show",
            "compare HEAD~ HEAD",
            "models",
            "lineage",
            "verify",
            "branch",
            "tag",
            "alias",
            "audit",
            "guard",
            "gc --plan",
            "prune --keep-last 1 --plan",
            "undelete",
            "restore HEAD~ -o restored.safetensors",
            "export HEAD~ -o exported.npz",
            "report",
            "merge main --into old --plan",
        ];
        for line in lines {
            let output = prepare(line).output().unwrap();
            assert!(output.status.success(), "{line}: {output:?}");
        }
        assert!(sandbox.path("restored.safetensors").is_file());
    });
}

#[test]
fn a_folder_that_cannot_be_written_to_takes_no_file() {
    with_a_protected_repository(|sandbox, prepare| {
        sandbox.file("closed/x", "1");
        protect(&sandbox.path("closed"));
        let mut messages = Vec::new();
        for line in [
            "restore HEAD -o closed/x --force",
            "restore HEAD -o closed/new/y",
            "restore HEAD -o closed",
            "init closed",
            "init closed/new",
        ] {
            messages.push((line.to_owned(), refused_command(sandbox, prepare(line))));
        }
        unprotect(&sandbox.path("closed"));
        assert_snapshot!(together(messages), @"
        restore HEAD -o closed/x --force
          error: restoring into closed: cannot write x: Permission denied (os error 13)
        restore HEAD -o closed/new/y
          error: restoring into closed/new: cannot make the target folder: Permission denied (os error 13)
        restore HEAD -o closed
          error: restoring into closed: cannot write model.safetensors: Permission denied (os error 13)
        init closed
        init closed/new
          error: cannot make the folder packs: Permission denied (os error 13)
        hint: see who may write there
        [exit code 1]
        ");
    });
}

//! A repository that may be read and not written to.
#![cfg(unix)]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use insta::assert_snapshot;

use super::{Everything, message, refused_command, together};
use crate::sandbox::Sandbox;

/// Sets what may be done with folders and files: with a folder, all that is in it, and below.
fn permit(folder: &Path, [folders, files]: [u32; 2]) {
    // A folder that may not be written to can be listed, but not the other way round.
    fs::set_permissions(folder, fs::Permissions::from_mode(folders)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            permit(&path, [folders, files]);
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(files)).unwrap();
        }
    }
}

const READABLE: [u32; 2] = [0o555, 0o444];
const OPEN: [u32; 2] = [0o777, 0o666];

/// Prepares commands of another process to whom not all is allowed: for root, of nobody.
fn prepare(sandbox: &Sandbox, line: &str) -> Command {
    const NOBODY: u32 = 65534;
    let is_root = fs::metadata(sandbox.path("")).unwrap().uid() == 0;
    let mut command = sandbox.command(line);
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Makes a repository with this permission and runs something there.
fn with_a_repository(permission: [u32; 2], check: impl FnOnce(&Sandbox)) {
    let sandbox = Sandbox::with_history();
    sandbox.ok("promote HEAD~ production");
    sandbox.ok("branch old HEAD~");
    fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    permit(&sandbox.path(".ckpt"), permission);
    // Where nobody may run the program, as in a home folder of root, there is nothing to see.
    if prepare(&sandbox, "--version").output().is_ok_and(|output| output.status.success()) {
        check(&sandbox);
    }
    permit(&sandbox.path(".ckpt"), OPEN);
}

#[test]
fn files_that_may_not_be_read() {
    with_a_repository(OPEN, |sandbox| {
        sandbox.file("run/secret.bin", "1");
        sandbox.file("closed/x", "1");
        let close = |path: &str| {
            fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(0o0)).unwrap();
        };
        close("run/secret.bin");
        close("closed");
        let lines = [
            "commit run",
            "commit run/secret.bin",
            "commit closed",
            "commit closed/x",
            "commit model.safetensors --data run/secret.bin",
            "commit model.safetensors --code run",
            "note HEAD --file run/secret.bin",
        ];
        let before = Everything::of_folder(&sandbox.path(".ckpt"));
        let messages = lines.map(|line| {
            let output = prepare(sandbox, line).output().unwrap();
            (line.to_owned(), message(sandbox, &output))
        });
        Everything::of_folder(&sandbox.path(".ckpt")).assert_same(&before, "a commit");
        permit(&sandbox.path("closed"), OPEN);
        assert_snapshot!(together(messages), @"
        commit run
        commit run/secret.bin
          error: cannot read secret.bin: Permission denied (os error 13)
        hint: see who may write there
        [exit code 1]
        commit closed
          error: cannot read closed: Permission denied (os error 13)
        commit closed/x
          error: cannot read closed/x: Permission denied (os error 13)
        commit model.safetensors --data run/secret.bin
          error: cannot read run/secret.bin: Permission denied (os error 13)
        commit model.safetensors --code run
          error: cannot read [DIR]/run/secret.bin: Permission denied (os error 13)
        [exit code 1]
        note HEAD --file run/secret.bin
          error: cannot read secret.bin: Permission denied (os error 13)
        hint: see who may write there
        [exit code 1]
        ");
    });
}

#[test]
fn a_repository_that_may_not_be_read() {
    with_a_repository(OPEN, |sandbox| {
        let close = |path: &str, mode: u32| {
            fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        let mut messages = Vec::new();
        for path in [".ckpt", ".ckpt/format", ".ckpt/HEAD", ".ckpt/packs", ".ckpt/refs/heads"] {
            close(path, 0);
            let output = prepare(sandbox, "log").output().unwrap();
            messages.push((path.to_owned(), message(sandbox, &output)));
            close(path, 0o777);
        }
        assert_snapshot!(together(messages), @"
        .ckpt
          error: no ckpt repository in [DIR] or above it
        hint: `ckpt init` makes one
        [exit code 1]
        .ckpt/format
          error: cannot read format: Permission denied (os error 13)
        .ckpt/HEAD
          error: cannot read HEAD: Permission denied (os error 13)
        .ckpt/packs
          error: cannot list packs: Permission denied (os error 13)
        .ckpt/refs/heads
          error: cannot read branch main: Permission denied (os error 13)
        hint: see who may write there
        [exit code 1]
        ");
    });
}

#[test]
fn a_repository_that_cannot_be_written_to_stays_as_it_is() {
    with_a_repository(READABLE, |sandbox| {
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
        let messages =
            lines.map(|line| (line.to_owned(), refused_command(sandbox, prepare(sandbox, line))));
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
    with_a_repository(READABLE, |sandbox| {
        let lines = [
            "log",
            "log --where val_loss<1",
            "show",
            "compare HEAD~ HEAD",
            "stat bias",
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
            let output = prepare(sandbox, line).output().unwrap();
            assert!(output.status.success(), "{line}: {output:?}");
        }
        assert!(sandbox.path("restored.safetensors").is_file());
    });
}

#[test]
fn a_folder_that_cannot_be_written_to_takes_no_file() {
    with_a_repository(READABLE, |sandbox| {
        sandbox.file("closed/x", "1");
        permit(&sandbox.path("closed"), READABLE);
        let mut messages = Vec::new();
        for line in [
            "restore HEAD -o closed/x --force",
            "restore HEAD -o closed/new/y",
            "restore HEAD -o closed",
            "init closed",
            "init closed/new",
        ] {
            messages.push((line.to_owned(), refused_command(sandbox, prepare(sandbox, line))));
        }
        permit(&sandbox.path("closed"), OPEN);
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

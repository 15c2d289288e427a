//! Repositories whose files another process has meddled with.

use insta::assert_snapshot;

use super::{refused, together};
use crate::sandbox::Sandbox;

#[test]
fn a_current_branch_that_is_none() {
    let sandbox = Sandbox::with_history();
    let mut messages = Vec::new();
    let heads: [&[u8]; 8] = [
        b"",
        b"nonsense\n",
        b"refs/heads/main",
        b"refs/heads/../../x\n",
        b"refs/heads/a\x1b[31m\n",
        b"\xff\n",
        b"refs/tags/v1\n",
        &[b'x'; 100_000],
    ];
    for head in heads {
        sandbox.file(".ckpt/HEAD", head);
        let message = refused(&sandbox, "log");
        assert_eq!(refused(&sandbox, "commit model.safetensors"), message);
        let start = &head[..head.len().min(30)];
        messages.push((format!("{:?}", String::from_utf8_lossy(start)), message));
    }
    std::fs::remove_file(sandbox.path(".ckpt/HEAD")).unwrap();
    messages.push(("no file".to_owned(), refused(&sandbox, "log")));
    assert_snapshot!(together(messages), @r#"
    ""
    "nonsense\n"
    "refs/heads/main"
    "refs/heads/../../x\n"
    "refs/heads/a\u{1b}[31m\n"
    "�\n"
    "refs/tags/v1\n"
      error: HEAD is damaged: it does not name a branch
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 1]
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      error: cannot read HEAD: HEAD has 100000 bytes, more than the 256 that it can have
    no file
      error: cannot read HEAD: No such file or directory (os error 2)
    [exit code 1]
    "#);
    // What does not need it goes on.
    sandbox.ok("log main");
}

#[test]
fn a_current_branch_that_is_none_is_chosen_again() {
    let sandbox = Sandbox::with_history();
    for head in ["", "nonsense\n"] {
        sandbox.file(".ckpt/HEAD", head);
        sandbox.ok("switch main");
        sandbox.ok("log");
    }
    std::fs::remove_file(sandbox.path(".ckpt/HEAD")).unwrap();
    sandbox.ok("switch main");
    sandbox.ok("log");
}

#[test]
fn a_branch_whose_file_is_nonsense() {
    let sandbox = Sandbox::with_history();
    let mut messages = Vec::new();
    let nothing = [&[b'0'; 64][..], b"\n"].concat();
    let files: [&[u8]; 5] = [b"", b"nonsense\n", b"\xff\x1b[31m", &nothing[..64], &nothing];
    for file in files {
        sandbox.file(".ckpt/refs/heads/main", file);
        let message = refused(&sandbox, "log");
        assert_eq!(refused(&sandbox, "commit model.safetensors"), message);
        assert_eq!(refused(&sandbox, "rollback main"), message);
        messages.push((format!("{:?}", String::from_utf8_lossy(file)), message));
    }
    assert_snapshot!(together(messages), @r#"
    ""
    "nonsense\n"
    "�\u{1b}[31m"
    "0000000000000000000000000000000000000000000000000000000000000000"
      error: refs/heads/main is damaged: it does not hold an id
    "0000000000000000000000000000000000000000000000000000000000000000\n"
      error: move id4_________ is missing from the repository
    hint: `ckpt verify` lists all damage and whom it affects
    [exit code 1]
    "#);
}

#[test]
fn packs_that_are_none() {
    let sandbox = Sandbox::with_history();
    let packs = sandbox.list(".ckpt/packs");
    let newest: Vec<_> =
        packs.iter().map(|name| (name, sandbox.read(&format!(".ckpt/packs/{name}")))).collect();
    let mut messages = std::collections::BTreeSet::new();
    for cut in [0, 1, 40] {
        for (name, bytes) in &newest {
            sandbox.file(&format!(".ckpt/packs/{name}"), &bytes[..cut]);
        }
        messages.insert(refused(&sandbox, "log").replace(&**newest[0].0, "[name]"));
        messages.insert(refused(&sandbox, "commit model.safetensors"));
    }
    assert!(messages.iter().all(|message| message.contains(".pack")), "{messages:?}");
    for (name, bytes) in &newest {
        sandbox.file(&format!(".ckpt/packs/{name}"), bytes);
    }
    sandbox.ok("log");
}

#[cfg(unix)]
#[test]
fn files_among_refs_that_are_no_refs_are_ignored_and_reported() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::with_history();
    let tip = sandbox.read(".ckpt/refs/heads/main");
    // The first is how a name with a line break would be encoded.
    let names: [&[u8]; 4] = [b"a%0Ab", b"raw\nname\x1b[31m", b"not\xffutf8", b"UPPER"];
    for name in names {
        let path = sandbox.path(".ckpt/refs/tags").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, &tip).unwrap();
    }
    assert_eq!(sandbox.run("tag"), "there is no tag yet\n");
    sandbox.ok("log");
    sandbox.ok("tag v1");
    let output = sandbox.output("verify");
    let printed = sandbox.transcript(&output);
    let strays: Vec<&str> = printed.lines().filter(|line| line.contains("no ref")).collect();
    assert_snapshot!(strays.join("\n"), @r"
    refs/tags/UPPER is no ref and is ignored
    refs/tags/a%0Ab is no ref and is ignored
    refs/tags/raw\nname\u{1b}[31m is no ref and is ignored
    ");
    assert!(output.status.success(), "{printed}");
}

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{Sandbox, safetensors};

#[test]
fn a_file_becomes_a_version() {
    let sandbox = Sandbox::new();
    sandbox.tensors("out/model.safetensors", &[("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])]);
    assert_snapshot!(sandbox.run("commit out/model.safetensors -m 'first version'"), @r#"[main id1_________] #1 "first version"  81 B -> [size] stored"#);
    assert_snapshot!(sandbox.run("commit out/model.safetensors -b trial"), @"[trial id2_________] #1  81 B -> [size] stored");
    let files = &sandbox.json("show")["files"];
    assert_eq!(files[0]["path"], "model.safetensors");
    assert_eq!(files[0]["reader"], "safetensors");
}

#[test]
fn json_has_every_documented_key() {
    let sandbox = Sandbox::new();
    sandbox.tensors("m.safetensors", &[("w", &[1], &[1.0])]);
    let line = "commit m.safetensors -m one --metric loss=0.25 --metric f1=1 --param lr=1e-3 \
                --param epochs=5 --param bias=true --param name=adam";
    sandbox.ok(line);
    let mut document = sandbox.json(line);
    let stored = document["stored_bytes"].take().as_u64().unwrap();
    assert!(stored > 100, "{stored}");
    assert_snapshot!(sandbox.pretty(&document), @r#"
    {
      "version": "id2",
      "model": "id3",
      "state": "id4",
      "parents": ["id1"],
      "number": 2,
      "branch": "main",
      "time": "2023-11-14T22:14:20Z",
      "author": "ada",
      "message": "one",
      "params": {
        "bias": true,
        "epochs": 5,
        "lr": 0.001,
        "name": "adam"
      },
      "metrics": {
        "f1": 1.0,
        "loss": 0.25
      },
      "logical_bytes": 66,
      "stored_bytes": null
    }
    "#);
}

#[test]
fn one_folder_is_recorded_by_what_is_in_it() {
    let sandbox = Sandbox::new();
    sandbox.file("run/config.json", "{}");
    sandbox.file("run/.hidden", "x");
    sandbox.file("run/sub/.ckpt/format", "not mine");
    sandbox.file("run/sub/vocab.txt", "a b");
    sandbox.ok("commit run");
    let paths = |document: serde_json::Value| -> Vec<String> {
        let files = document["files"].as_array().unwrap().clone();
        files.iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(sandbox.json("show")), [".hidden", "config.json", "sub/vocab.txt"]);
    sandbox.ok("commit run/config.json run/sub");
    assert_eq!(paths(sandbox.json("show")), ["config.json", "sub/vocab.txt"]);
    sandbox.ok("commit .");
    let all = ["run/.hidden", "run/config.json", "run/sub/vocab.txt"];
    assert_eq!(paths(sandbox.json("show")), all);
}

#[test]
fn two_files_of_one_name_collide() {
    let sandbox = Sandbox::new();
    sandbox.file("a/model.bin", "1");
    sandbox.file("b/model.bin", "2");
    assert_snapshot!(sandbox.run("commit a/model.bin b/model.bin"), @"
    error: a/model.bin and b/model.bin would both be recorded as model.bin
    hint: give the folder that holds both, or commit them one after the other
    [exit code 2]
    ");
}

#[test]
fn what_cannot_be_read_is_named() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("commit nothing.bin"), @"
    error: cannot read nothing.bin: No such file or directory (os error 2)
    [exit code 1]
    ");
    fs::create_dir(sandbox.path("empty")).unwrap();
    assert_snapshot!(sandbox.run("commit empty"), @"
    error: there are no files in empty
    [exit code 1]
    ");
    sandbox.file("x", "1");
    assert_snapshot!(sandbox.run("commit x --data nothing.csv"), @"
    error: cannot read nothing.csv: No such file or directory (os error 2)
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("commit x --code nothing.py"), @"
    error: cannot read nothing.py: No such file or directory (os error 2)
    [exit code 1]
    ");
}

#[cfg(unix)]
#[test]
fn only_regular_files_and_folders_are_taken() {
    use std::os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener};
    let sandbox = Sandbox::new();
    sandbox.file("run/real.bin", "1");
    symlink("real.bin", sandbox.path("run/link.bin")).unwrap();
    assert_snapshot!(sandbox.run("commit run"), @"
    error: run/link.bin is a symbolic link
    hint: only regular files and folders can be committed
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("commit run/link.bin"), @"
    error: run/link.bin is a symbolic link
    hint: only regular files and folders can be committed
    [exit code 1]
    ");
    fs::remove_file(sandbox.path("run/link.bin")).unwrap();
    let socket = UnixListener::bind(sandbox.path("run/socket")).unwrap();
    assert_snapshot!(sandbox.run("commit run"), @"
    error: run/socket is neither a file nor a folder
    hint: only regular files and folders can be committed
    [exit code 1]
    ");
    drop(socket);
    fs::remove_file(sandbox.path("run/socket")).unwrap();
    let name = std::ffi::OsStr::from_bytes(b"w\xff.bin");
    fs::write(sandbox.path("run").join(name), "1").unwrap();
    assert_snapshot!(sandbox.run("commit run"), @"
    error: run/w�.bin has a name that is not UTF-8
    [exit code 1]
    ");
}

#[test]
fn a_file_that_is_not_what_its_name_says_needs_a_word() {
    let sandbox = Sandbox::new();
    let whole = safetensors(&[("w", &[2], &[1.0, 2.0])]);
    sandbox.file("cut.safetensors", &whole[..whole.len() - 1]);
    assert_snapshot!(sandbox.run("commit cut.safetensors"), @"
    error: cut.safetensors: tensors need 8 bytes after the header, the file has 7; it is truncated
    hint: --opaque keeps it as plain bytes
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("log"), @"
    error: branch main has no versions yet
    hint: `ckpt commit PATH` makes a version
    [exit code 1]
    ");
    assert!(sandbox.list(".ckpt/packs").is_empty() && sandbox.list(".ckpt/tmp").is_empty());
    sandbox.ok("commit cut.safetensors --opaque");
    assert_snapshot!(sandbox.pretty(&sandbox.json("show")["files"]), @r#"
    [
      {
        "path": "cut.safetensors",
        "bytes": 69,
        "reader": "safetensors",
        "reader_version": 1,
        "note": "not safetensors: tensors need 8 bytes after the header, the file has 7; it is truncated"
      }
    ]
    "#);
}

#[test]
fn tensors_are_found_whatever_the_file_is_called() {
    let sandbox = Sandbox::new();
    sandbox.file("weights", safetensors(&[("w", &[1], &[1.0])]));
    sandbox.ok("commit weights");
    assert_eq!(sandbox.json("show")["tensors"][0]["name"], "w");
}

#[test]
fn bad_values_are_wrong_usage() {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    assert_snapshot!(sandbox.run("commit x --metric loss=low"), @r#"
    error: invalid value 'loss=low' for '--metric <NAME=VALUE>': "low" is not a number, nan or inf
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("commit x --metric loss"), @"
    error: invalid value 'loss' for '--metric <NAME=VALUE>': it has the form NAME=VALUE
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("commit x --param =3"), @"
    error: invalid value '=3' for '--param <NAME=VALUE>': the name is empty or has control characters
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("commit x --param a=1 --param a=2"), @"
    error: parameter a is given twice
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("commit x -b 'a b'"), @r#"
    error: "a b" is not a name for a ref: it contains a space or one of ~ ^ : ? * [ \
    hint: names are made of words, digits, - _ . and /
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("commit x --seed -1"), @"
    error: unexpected argument '-1' found
    hint: usage: ckpt commit [OPTIONS] <PATH>...
    [exit code 2]
    ");
    assert!(sandbox.list(".ckpt/packs").is_empty());
}

#[test]
fn a_branch_can_start_anywhere_but_not_grow_anywhere() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("commit model.safetensors -b trial --from HEAD~ -m 'another way'");
    let log = sandbox.documents("log trial");
    assert_eq!((&log[0]["number"], &log[1]["message"]), (&json!(3), &json!("epoch 2")));
    sandbox.ok("commit model.safetensors -b trial --from trial");
    assert_snapshot!(sandbox.run("commit model.safetensors --from main~2"), @"
    error: branch main is at id3_________, not at id1_________ that --from names
    hint: -b NAME starts a new branch there
    [exit code 4]
    ");
}

#[test]
fn what_went_in_is_recorded_by_fingerprint() {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    sandbox.file("houses.csv", "area,price\n50,200\n");
    sandbox.file("same values.csv", "area,price\n50.0,2e2\n");
    sandbox.file("train.py", "fit()");
    sandbox.ok("commit x --data houses.csv --code train.py --seed 7 --author 'Ada L.'");
    let one = sandbox.json("show");
    sandbox.ok("commit x --data 'same values.csv' --from main");
    let other = sandbox.json("show");
    sandbox.ok("commit x --data 'same values.csv'");
    let unsaid = sandbox.json("show");
    assert_eq!(one["data"][0]["name"], "houses.csv");
    assert_eq!(one["data"][0]["id"], other["data"][0]["id"]);
    assert_eq!(one["code"].as_str().unwrap().len(), 64);
    assert_eq!((&one["seed"], &one["author"]), (&json!(7), &json!("Ada L.")));
    // Only --from says that training went on from the version before.
    assert_eq!((&one["parent_state"], &other["parent_state"]), (&json!(null), &one["state"]));
    assert_eq!(unsaid["parent_state"], json!(null));
    assert!(one["environment"].get("git.commit").is_none());
}

#[test]
fn git_says_where_the_code_stood() {
    let sandbox = Sandbox::new();
    let git = |line: &str| {
        let mut command = std::process::Command::new("git");
        command.args(line.split(' ')).current_dir(sandbox.path("code"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.output().is_ok_and(|output| output.status.success())
    };
    sandbox.file("code/train.py", "fit()");
    sandbox.file("code/eval.py", "score()");
    if !git("init -q") {
        return; // Without Git there is nothing to ask.
    }
    assert!(git("add .") && git("-c user.name=a -c user.email=b commit -qm one"));
    sandbox.file("x", "1");
    let environment = |code: &str| {
        sandbox.ok(&format!("commit x --code {code}"));
        sandbox.json("show")["environment"].clone()
    };
    assert_eq!(environment("code")["git.dirty"], "false");
    assert_eq!(environment("code")["git.commit"].as_str().unwrap().len(), 40);
    sandbox.file("code/train.py", "fit(2)");
    assert_eq!(environment("code")["git.dirty"], "true");
    assert_eq!(environment("code/train.py")["git.dirty"], "true");
    assert_eq!(environment("code/eval.py")["git.dirty"], "false");
}

#[test]
fn a_repository_is_no_part_of_a_checkpoint() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("commit .ckpt"), @"
    error: .ckpt is a repository, not a part of a checkpoint
    hint: give the files of the checkpoint
    [exit code 2]
    ");
}

#[test]
fn data_files_of_one_name_are_refused() {
    let sandbox = Sandbox::new();
    for file in ["x", "train/x.csv", "test/x.csv"] {
        sandbox.file(file, "a\n1\n");
    }
    assert_snapshot!(sandbox.run("commit x --data train/x.csv --data test/x.csv"), @"
    error: both data files are called x.csv: train/x.csv and test/x.csv
    hint: data is known by the name of its file; rename one, or join both in one file
    [exit code 2]
    ");
}

#[test]
fn parameters_are_shown_as_they_were_given() {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    sandbox.ok("commit x --param code=1234e56 --param lr=1.0 --param n=1 \
         --param seed=18446744073709551615 --param v=007");
    let shown = sandbox.run("show");
    for line in ["1234e56", "lr         1.0", "n          1", "18446744073709551615", "007"] {
        assert!(shown.contains(&format!("{line}\n")), "{line}: {shown}");
    }
    let params = sandbox.json("show")["params"].to_string();
    let expected = r#"{"code":"1234e56","lr":1.0,"n":1,"seed":"18446744073709551615","v":"007"}"#;
    assert_eq!(params, expected);
}

#[test]
fn patterns_of_roles_that_no_tensor_matches_are_named() {
    let sandbox = Sandbox::new();
    sandbox.tensors("a.safetensors", &[("w", &[1], &[1.0]), ("v", &[1], &[1.0])]);
    sandbox.tensors("b.safetensors", &[("w", &[1], &[2.0])]);
    let line = "commit a.safetensors b.safetensors --weights b.safetensors::w --state v";
    assert!(sandbox.output(line).stderr.is_empty());
    assert_snapshot!(sandbox.run("commit a.safetensors --weights 'x*' --state w --state 'a::*'"), @r#"
    [main id1_________] #2  123 B -> [size] stored
    note: no tensor has a name like "x*" of --weights
    note: no tensor has a name like "a::*" of --state
    "#);
}

#[test]
fn metrics_of_training_that_diverged_are_kept_and_never_best() {
    let sandbox = Sandbox::with_history();
    sandbox.tensors("model.safetensors", &[("bias", &[1], &[f32::NAN])]);
    let metrics = "--metric val_loss=nan --metric f1=inf --metric steps=3";
    assert_snapshot!(sandbox.run(&format!("commit model.safetensors {metrics}")), @"
    [main id4_________] #4  69 B -> [size] stored
    note: f1, val_loss: not finite; kept, never best, and meets no condition
    ");
    let noted = sandbox.run("note HEAD --metric late=-inf");
    assert!(noted.contains("note: late: not finite"), "{noted}");
    let shown = sandbox.run("show HEAD");
    for row in ["f1        inf", "late      -inf  (noted)", "steps     3", "val_loss  NaN"] {
        assert!(shown.contains(row), "{row}: {shown}");
    }
    // The best is one of those with a number, whichever way is better.
    for goal in ["min:val_loss", "max:val_loss"] {
        assert!(!sandbox.ok(&format!("show {goal}")).contains("NaN"), "{goal}");
    }
    assert!(sandbox.run("show max:f1").contains("error: "));
    for gate in ["f1 > 0.5", "f1 != 0.5", "val_loss != 1", "val_loss < 9", "late < 0"] {
        let refused = sandbox.run(&format!("promote HEAD production --require '{gate}'"));
        assert!(refused.ends_with("[exit code 3]\n"), "{gate}: {refused}");
    }
    assert_eq!(sandbox.json("show HEAD")["metrics"]["val_loss"], serde_json::Value::Null);
}

#[test]
fn what_is_committed_again_unchanged_is_kept_with_a_note() {
    let sandbox = Sandbox::new();
    sandbox.tensors("m.safetensors", &[("w", &[1], &[1.0])]);
    let commit = |more: &str| sandbox.run(&format!("commit m.safetensors {more}"));
    assert!(!commit("--param lr=1").contains("nothing changed"));
    assert_snapshot!(commit("--param lr=1 -m again"), @r#"
    [main id2_________] #2 "again"  66 B -> [size] stored
    note: nothing changed: content and inputs are those of #1, id1_________
    "#);
    // Another parameter, or another content, is a change.
    assert!(!commit("--param lr=2").contains("nothing changed"));
    sandbox.tensors("m.safetensors", &[("w", &[1], &[2.0])]);
    assert!(!commit("--param lr=2").contains("nothing changed"));
    assert!(commit("--param lr=2").contains("note: nothing changed"));
    assert_eq!(sandbox.documents("log").len(), 5);
}

#[cfg(unix)]
#[test]
fn without_variables_the_author_is_the_account() {
    let sandbox = Sandbox::new();
    sandbox.file("f", "1");
    let mut commit = sandbox.command("commit f");
    let output = commit.env_remove("CKPT_AUTHOR").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let account = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    let account = String::from_utf8(account).unwrap().trim().to_owned();
    let author = sandbox.json("show HEAD")["author"].as_str().unwrap().to_owned();
    assert!(author == account || author.starts_with(&format!("{account}@")), "{author}");
}

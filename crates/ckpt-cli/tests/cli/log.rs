use ckpt_store::{Contents, Draft, Parents, RefName, Signature};
use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{START, Sandbox};

#[test]
fn history_is_a_table_with_metrics() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("tag v1 HEAD~");
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  val_loss  message
    3  id3_________  2 min ago  0.333333  (main) epoch 3
    2  id2_________  3 min ago       0.5  (v1) epoch 2
    1  id1_________  4 min ago         1  epoch 1

    val_loss  1 -> 0.333333  min 0.333333  max 1  █▃▁
    ");
    assert_snapshot!(sandbox.run("log v1 -n 1"), @"
    #  version            time  val_loss  message
    2  id2_________  4 min ago       0.5  (v1) epoch 2
    ");
    assert_snapshot!(sandbox.run("log -n 0"), @"");
}

#[test]
fn metrics_that_few_versions_have_or_that_do_not_fit_are_left_out() {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    let common = "--metric train_accuracy=0.5 --metric val_accuracy=0.123456789 \
                  --metric a_name_that_is_far_too_long_for_a_column=1 --metric hash.spread=0.1";
    sandbox
        .ok(&format!("commit x {common} -m 'a message that is much too long to be shown whole'"));
    sandbox.ok(&format!("commit x {common} -m second"));
    sandbox.ok("commit x --metric val_accuracy=1e-9 --metric rare=1");
    let log = sandbox.run("log");
    assert!(log.lines().all(|line| line.len() <= 80), "{log}");
    assert_snapshot!(log, @"
    #  version            time  val_accuracy  train_accuracy  message
    3  id3_________  1 min ago          1e-9                  (main)
    2  id2_________  2 min ago      0.123457             0.5  second
    1  id1_________  3 min ago      0.123457             0.5  a message that is m...

    val_accuracy  0.123457 -> 1e-9  min 1e-9  max 0.123457  ██▁
    ");
}

#[test]
fn json_streams_a_line_for_each_version() {
    let sandbox = Sandbox::with_history();
    let log = sandbox.documents("log");
    assert_eq!(log.len(), 3);
    assert_snapshot!(sandbox.pretty(&log[0]), @r#"
    {
      "version": "id3",
      "model": "id4",
      "state": "id5",
      "parents": ["id2"],
      "number": 3,
      "branch": "main",
      "time": "2023-11-14T22:15:20Z",
      "author": "ada",
      "message": "epoch 3",
      "params": {
        "lr": 0.1
      },
      "metrics": {
        "val_loss": 0.3333333333333333
      }
    }
    "#);
    assert_eq!(log[0]["parents"], json!([log[1]["version"]]));
    let branch = |line: &str| sandbox.documents(line)[0]["branch"].clone();
    assert_eq!((branch("log main"), branch("log HEAD~")), (json!("main"), json!(null)));
}

#[test]
fn a_repository_without_versions_has_no_log() {
    assert_snapshot!(Sandbox::new().run("log"), @"
    error: branch main has no versions yet
    hint: `ckpt commit PATH` makes a version
    [exit code 1]
    ");
}

#[test]
fn nothing_from_a_repository_controls_the_terminal() {
    let sandbox = Sandbox::new();
    let draft = Draft::new(Contents::Nothing, Signature::new("\u{7}bell", START))
        .with_message("\u{1b}[2Jgone\u{202e}\nsecond \r line")
        .with_metrics([("a\u{9b}".to_owned(), 1.0)].into())
        .with_environment([("os\t".to_owned(), "\u{8}".to_owned())].into());
    sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    for line in ["log", "show", "compare HEAD HEAD", "branch", "rollback \u{1b}"] {
        let printed = sandbox.run(line);
        assert!(!printed.contains(|c: char| c != '\n' && c.is_control()), "{printed:?}");
    }
    assert_snapshot!(sandbox.run("log"), @r"
    #  version            time  a\u{9b}  message
    1  id1_________  5 min ago        1  (main) \u{1b}[2Jgone\u{202e}
    ");
}

#[test]
fn long_histories_come_in_pieces_of_one_layout() {
    let sandbox = Sandbox::new();
    let (repository, branch) = (sandbox.repository(), RefName::branch("main").unwrap());
    let signature = Signature::new("", START);
    for number in 0..300 {
        let message = format!("version {number}");
        let draft = Draft::new(Contents::Nothing, signature.clone()).with_message(message);
        repository.commit(&branch, &draft).unwrap();
    }
    let log = sandbox.ok("log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 301);
    assert!(lines[300].starts_with("  1  id300_______"), "{}", lines[300]);
}

/// Makes a branch whose versions have these values of f1.
fn with_f1(values: &[Option<f64>]) -> Sandbox {
    let sandbox = Sandbox::new();
    let (repository, branch) = (sandbox.repository(), RefName::branch("main").unwrap());
    let signature = Signature::new("", START);
    for value in values {
        let metrics = value.iter().map(|value| ("f1".to_owned(), *value)).collect();
        let draft = Draft::new(Contents::Nothing, signature.clone()).with_metrics(metrics);
        repository.commit(&branch, &draft).unwrap();
    }
    sandbox
}

#[test]
fn a_line_tells_how_a_metric_went() {
    let values = [Some(0.5), Some(0.75), None, Some(f64::NAN), Some(1.0), Some(0.5)];
    let sandbox = with_f1(&values);
    let last = |line: &str| sandbox.run(line).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last("log"), "f1  0.5 -> 0.5  min 0.5  max 1  ▁▅  █▁");
    // Two values are not worth a line.
    assert!(last("log -n 3").starts_with("4  "), "{}", last("log -n 3"));
    assert!(last("log HEAD~ --where f1<1").starts_with("1  "));
    assert_eq!(last("log --where f1>0.1"), "f1  0.5 -> 0.5  min 0.5  max 1  ▁▅█▁");
}

#[test]
fn the_line_keeps_to_first_parents() {
    let sandbox = with_f1(&[Some(0.5), Some(0.625), Some(0.75), Some(0.875)]);
    sandbox.ok("branch side main@1");
    let (repository, main) = (sandbox.repository(), RefName::branch("main").unwrap());
    let commit = |branch: &RefName, f1: f64, parents: Parents| {
        let metrics = [("f1".to_owned(), f1)].into();
        let signature = Signature::new("", START);
        repository
            .commit(
                branch,
                &Draft::new(Contents::Nothing, signature)
                    .with_metrics(metrics)
                    .with_parents(parents),
            )
            .unwrap();
    };
    let side = RefName::branch("side").unwrap();
    for f1 in [0.0, 2.0, 0.0, 2.0, 0.0, 2.0] {
        commit(&side, f1, Parents::Tip);
    }
    let others = vec![repository.resolve("side").unwrap()];
    let expected = repository.resolve("main").unwrap();
    commit(&main, 1.0, Parents::Merge { expected, others });
    let last = |line: &str| sandbox.run(line).lines().last().unwrap_or_default().to_owned();
    assert_eq!(sandbox.documents("log").len(), 11);
    assert_eq!(last("log"), "f1  0.5 -> 1  min 0.5  max 1  ▁▃▅▇█");
    // Versions of the line that are not shown do not end it.
    assert_eq!(last("log --where f1!=0.75"), "f1  0.5 -> 1  min 0.5  max 1  ▁▃▇█");
    // The merge is not shown: the newest that is has a line of its own.
    let own = last("log --where f1!=1");
    assert_eq!(own, "f1  0.5 -> 2  min 0  max 2  ▃▁█▁█▁█");
}

#[test]
fn the_metric_of_the_line_can_be_chosen() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("note HEAD~2 --metric other=3");
    sandbox.ok("note HEAD~ --metric other=4");
    assert_snapshot!(sandbox.run("log --spark other"), @r#"
    #  version            time  val_loss  other  message
    3  id3_________  3 min ago  0.333333         (main) epoch 3
    2  id2_________  4 min ago       0.5      4  epoch 2
    1  id1_________  5 min ago         1      3  epoch 1
    metric "other" is in 2 of the versions above along first parents: a line takes 3
    "#);
    sandbox.ok("note HEAD --metric other=5");
    assert_snapshot!(sandbox.run("log --spark other"), @"
    #  version            time  val_loss  other  message
    3  id3_________  5 min ago  0.333333      5  (main) epoch 3
    2  id2_________  6 min ago       0.5      4  epoch 2
    1  id1_________  7 min ago         1      3  epoch 1

    other  3 -> 5  min 3  max 5  ▁▅█
    ");
}

#[test]
fn only_versions_that_meet_the_conditions_are_shown_and_counted() {
    let sandbox = with_f1(&[Some(0.9), Some(f64::NAN), Some(0.95), None, Some(0.8)]);
    sandbox.ok("note main@4 --metric f1=1");
    let numbers = |line: &str| -> Vec<u64> {
        let documents = sandbox.documents(line);
        documents.iter().map(|version| version["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers("log --where f1>=0.9"), [4, 3, 1]);
    assert_eq!(numbers("log --where f1>=0.9 -n 2"), [4, 3]);
    assert_eq!(numbers("log --where 'f1 > 0.9 && f1 < 1'"), [3]);
    assert_eq!(numbers("log --where f1>0.9 --where f1<1"), [3]);
    assert_eq!(numbers("log --where f1>parent.f1"), [4]);
    assert_eq!(numbers("log --where f1>2"), [0; 0]);
    let none = sandbox.run("log --where f1>2 --where f1<parent.f1");
    assert_snapshot!(none, @"no version up to HEAD meets f1 > 2 && f1 < parent.f1");
    assert_snapshot!(sandbox.run("log --where f1>2 -n 0"), @"");
    assert_snapshot!(sandbox.run("log --where f1>current.f1"), @"
    error: --where knows no metrics of current.: no ref is about to move
    hint: parent. stands for the first parent of each version
    [exit code 2]
    ");
}

#[test]
fn a_range_is_what_comes_after_one_version_up_to_another() {
    let sandbox = with_f1(&[Some(0.1), Some(0.2), Some(0.3), Some(0.4), Some(0.5)]);
    let numbers = |line: &str| -> Vec<u64> {
        let documents = sandbox.documents(line);
        documents.iter().map(|version| version["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers("log main@2..main@4"), [4, 3]);
    assert_eq!(numbers("log main@3.."), [5, 4]);
    assert_eq!(numbers("log main@1..main --where f1>=0.3 -n 2"), [5, 4]);
    assert_eq!(sandbox.documents("log main@4..main")[0]["branch"], "main");
    assert_snapshot!(sandbox.run("log main..main"), @"no version in main..main");
    assert_snapshot!(sandbox.run("log main@2..main --where f1>1"), @"no version in main@2..main meets f1 > 1");
    assert_snapshot!(sandbox.run("log main..main~2"), @"
    error: version id1_________ is not on the line of first parents of id2_________
    hint: a range A..B is what comes after A, up to B
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("log ..main"), @r#"
    error: "..main" is not a revision: a revision comes before the two dots; one alone is all its history
    hint: forms of a revision: main, main~3, main@12, HEAD, min:loss, max:f1@main, an id
    [exit code 2]
    "#);
}

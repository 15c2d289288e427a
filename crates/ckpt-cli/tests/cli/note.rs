use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

#[test]
fn what_is_noted_counts_wherever_metrics_do() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("note main~ --metric val_loss=0.1 --metric f1=0.9 -m 'second look'"), @r#"noted on id2_________: f1=0.9, val_loss=0.1, "second look""#);
    assert_snapshot!(sandbox.run("note main --metric f1=0.8"), @"noted on id3_________: f1=0.8");
    assert_snapshot!(sandbox.run("log"), @"
    #  version            time  val_loss   f1  message
    3  id3_________  3 min ago  0.333333  0.8  (main) epoch 3
    2  id2_________  4 min ago       0.1  0.9  epoch 2
    1  id1_________  5 min ago         1       epoch 1

    val_loss  1 -> 0.333333  min 0.1  max 1  █▁▃
    ");
    assert_snapshot!(sandbox.run("log --where f1>0.5 --where 'val_loss < 0.2'"), @"
    #  version            time  val_loss   f1  message
    2  id2_________  5 min ago       0.1  0.9  epoch 2
    ");
    assert_snapshot!(sandbox.run("log --where 'f1 < parent.f1' -n 1"), @"
    #  version            time  val_loss   f1  message
    3  id3_________  5 min ago  0.333333  0.8  (main) epoch 3
    ");
    assert_eq!(
        sandbox.documents("log --where f1>0")[1]["metrics"],
        json!({"f1": 0.9, "val_loss": 0.1})
    );
    assert_eq!(sandbox.json("show min:val_loss")["number"], 2);
    assert_eq!(
        sandbox.json("compare main~ main")["metrics"]["f1"],
        json!({"a": 0.9, "b": 0.8, "delta": 0.8 - 0.9, "better": "higher", "verdict": "worse"})
    );
    // The latest note wins.
    sandbox.ok("note main~ --metric f1=0.5");
    assert_eq!(sandbox.json("show main~")["metrics"]["f1"], 0.5);
    assert_eq!(sandbox.json("show max:f1")["number"], 3);
}

#[test]
fn notes_are_shown() {
    let sandbox = Sandbox::with_history();
    sandbox.file("report.txt", "all is well");
    sandbox.file("plots/roc.svg", "<svg/>");
    assert_snapshot!(sandbox.run("note main --file report.txt --file plots -m 'two lines\nof text'"), @r#"noted on id3_________: 2 files, "two lines""#);
    sandbox.file("report.txt", "not so well");
    assert_snapshot!(sandbox.pretty(&sandbox.json("note main --file report.txt --metric auc=0.7")), @r#"
    {
      "version": "id3",
      "note": "id4",
      "time": "2023-11-14T22:17:20Z",
      "author": "ada",
      "text": "",
      "metrics": {
        "auc": 0.7
      },
      "files": [
        {"path":"report.txt","bytes":11}
      ]
    }
    "#);
    let shown = sandbox.ok("show main");
    assert_snapshot!(shown.split_once("\nnote").unwrap().1, @"
             2023-11-14 22:17:20 UTC  ada
                 auc = 0.7
                 report.txt  11 B

    note         2023-11-14 22:16:20 UTC  ada
                 plots/roc.svg  6 B
                 report.txt  11 B
                 two lines
                 of text
    ");
    assert_snapshot!(shown.lines().skip_while(|line| !line.starts_with("metric")).take(3).collect::<Vec<_>>().join("\n"), @"
    metric    value
    auc       0.7  (noted)
    val_loss  0.3333333333333333
    ");
    assert_snapshot!(sandbox.pretty(&sandbox.json("show main")["notes"]), @r#"
    [
      {
        "note": "id4",
        "time": "2023-11-14T22:17:20Z",
        "author": "ada",
        "text": "",
        "metrics": {"auc":0.7},
        "files": [{"path":"report.txt","bytes":11}]
      },
      {
        "note": "id8",
        "time": "2023-11-14T22:16:20Z",
        "author": "ada",
        "text": "two lines\nof text",
        "metrics": {},
        "files": [{"path":"plots/roc.svg","bytes":6},{"path":"report.txt","bytes":11}]
      }
    ]
    "#);
}

#[test]
fn the_files_of_notes_come_back() {
    let sandbox = Sandbox::with_history();
    sandbox.file("report.txt", "all is well");
    sandbox.file("plots/roc.svg", "<svg/>");
    sandbox.ok("note main --file report.txt --file plots");
    sandbox.file("report.txt", "not so well");
    sandbox.ok("note main --file report.txt");
    assert_snapshot!(sandbox.run("restore main --notes -o out"), @"
    written   out/plots/roc.svg  6 B
    written   out/report.txt  11 B
    ");
    assert_eq!(sandbox.read("out/report.txt"), b"not so well");
    assert_snapshot!(sandbox.run("restore main --notes"), @"
    written   ckpt-id3_________-notes/plots/roc.svg  6 B
    written   ckpt-id3_________-notes/report.txt  11 B
    ");
    assert_snapshot!(sandbox.run("restore main~ --notes"), @"
    error: no note on version id2_________ has files
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("restore main --notes --with-state"), @"
    error: the argument '--notes' cannot be used with '--with-state'
    hint: usage: ckpt restore --notes <REV>
    [exit code 2]
    ");
}

#[test]
fn what_cannot_be_noted_is_said() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("note main"), @"
    error: there is nothing to note
    hint: give --metric NAME=VALUE, --file PATH or -m TEXT
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("note main --metric f1=high"), @r#"
    error: invalid value 'f1=high' for '--metric <NAME=VALUE>': "high" is not a number, nan or inf
    [exit code 2]
    "#);
    assert_snapshot!(sandbox.run("note main --metric f1=1 --metric f1=2"), @"
    error: metric f1 is given twice
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("note nothing -m x"), @r#"
    error: no version is called "nothing"
    hint: `log` shows versions, `branch`, `tag` and `alias` list names; an id needs 4 digits or more
    [exit code 1]
    "#);
    assert_snapshot!(sandbox.run("note main --file nothing"), @"
    error: cannot read nothing: No such file or directory (os error 2)
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("log --where 'f1 > current.f1'"), @"
    error: --where knows no metrics of current.: no ref is about to move
    hint: parent. stands for the first parent of each version
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("log --where f1"), @r#"
    error: "f1" is not a condition: one of < <= > >= == != is expected, at position 3
    hint: forms of a condition: f1 >= 0.95, loss < parent.loss, f1 >= current.f1 && loss < 0.2
    [exit code 2]
    "#);
    assert_eq!(sandbox.json("show main")["notes"], json!([]));
}

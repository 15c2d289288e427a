use ckpt_hash::DataId;
use ckpt_store::{
    Contents, DataInput, DataLabel, Draft, MergeInfo, MergeStrategy, Parents, Recipe, RefName,
    Signature,
};
use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::{START, Sandbox};

/// Makes a branch from a base model, trained in steps of which some change the inputs.
fn with_lineage() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("train.csv", "x,y\n1,2\n");
    sandbox.file("more.csv", "x,y\n3,4\n");
    sandbox.file("src/train.py", "print('one')\n");
    let mut step = 0_u8;
    let mut commit = |rest: &str| {
        step += 1;
        sandbox.tensors("model.safetensors", &[("weight", &[1], &[f32::from(step)])]);
        sandbox.ok(&format!("commit model.safetensors {rest}"));
    };
    commit("-b bert/main -m 'from the hub'");
    sandbox.ok("switch -c main");
    let data = "--data train.csv --data-source 'train.csv=the city of Ulm' --preprocessing \
                'train.csv=cut at 3 sigma' --code src --seed 7";
    commit(&format!("-m start --base bert/main {data} --param lr=0.1 --param optimizer=adam"));
    for epoch in 2..=4 {
        commit(&format!("-m 'epoch {epoch}' {data} --param lr=0.1 --param optimizer=adam"));
    }
    sandbox.file("src/train.py", "print('two')\n");
    commit("-m 'more data' --data more.csv --code src --seed 8 --param lr=0.05");
    sandbox
}

#[test]
fn what_changed_on_the_way_is_shown() {
    let sandbox = with_lineage();
    assert_snapshot!(sandbox.run("lineage"), @"
    #5   id6_________  2023-11-14  (main) more data
         params     lr 0.1 -> 0.05, optimizer no longer
         seed       7 -> 8
         data       more.csv id7_________
         data       train.csv no longer
         code       id8_________
         3 versions, #2 to #4, with nothing new
    #1   id2_________  2023-11-14  start
         params     lr 0.1, optimizer adam
         seed       7
         data       train.csv id9_________, from the city of Ulm, cut at 3 sigma
         code       id10________
         made from  model id11________ of version id1_________ #1
    ");
    assert_snapshot!(sandbox.run("lineage -n 2"), @"
    #5   id6_________  2023-11-14  (main) more data
         params     lr 0.1 -> 0.05, optimizer no longer
         seed       7 -> 8
         data       more.csv id7_________
         data       train.csv no longer
         code       id8_________
    #4   id5_________  2023-11-14  epoch 4
         params     lr 0.1, optimizer adam
         seed       7
         data       train.csv id9_________, from the city of Ulm, cut at 3 sigma
         code       id10________
    from older id4_________
    ... and older versions: -n N looks at more
    ");
    assert_snapshot!(sandbox.run("lineage bert/main"), @"#1   id1_________  2023-11-14  (bert/main) from the hub");
    assert_snapshot!(sandbox.run("lineage -n 0"), @"
    error: invalid value '0' for '--number <N>': it has to be 1 or more
    [exit code 2]
    ");
}

#[test]
fn json_has_every_version() {
    let sandbox = with_lineage();
    let lineage = sandbox.json("lineage");
    let versions = lineage["versions"].as_array().unwrap();
    assert_eq!((versions.len(), &lineage["more"]), (5, &json!(false)));
    assert_snapshot!(sandbox.pretty(&versions[0]), @r#"
    {
      "version": "id6",
      "number": 5,
      "parents": ["id5"],
      "time": "2023-11-14T22:19:20Z",
      "author": "ada",
      "message": "more data",
      "refs": ["main"],
      "merge": null,
      "params": {
        "lr": {"a":0.1,"b":0.05},
        "optimizer": {"a":"adam","b":null}
      },
      "seed": {
        "a": 7,
        "b": 8
      },
      "data": [
        {"name":"more.csv","id":"id7","source":null,"preprocessing":null}
      ],
      "data_gone": ["train.csv"],
      "code": "id8",
      "git_commit": null,
      "git_dirty": null,
      "bases": []
    }
    "#);
    assert_snapshot!(sandbox.pretty(&versions[4]["data"]), @r#"
    [
      {
        "name": "train.csv",
        "id": "id9",
        "source": "the city of Ulm",
        "preprocessing": "cut at 3 sigma"
      }
    ]
    "#);
    let base = &versions[4]["bases"][0];
    assert_eq!(base["version"], sandbox.json("show bert/main")["version"]);
    assert_eq!(sandbox.json("lineage -n 4")["more"], true);
}

/// Makes a history with two merges, one of them of a line that was merged into before.
fn with_merges() -> Sandbox {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let commit = |branch: &str, message: &str, parents: &[&str]| {
        let parents = parents.iter().map(|parent| repository.resolve(parent).unwrap()).collect();
        let merge = MergeInfo {
            base: None,
            ours: ckpt_hash::CheckpointId::of(b"ours"),
            theirs: ckpt_hash::CheckpointId::of(b"theirs"),
            default: Some(MergeStrategy::Average { weight: 0.5 }),
            rules: vec![("*.bias".to_owned(), MergeStrategy::Ours)],
        };
        let recipe = Recipe::default().with_merge(message.contains("merge").then_some(merge));
        let signature = Signature::new("ada", START);
        let message = message.to_owned();
        let parents = Parents::NewBranch(parents);
        let draft = Draft::new(Contents::Nothing, signature)
            .with_recipe(recipe)
            .with_message(message)
            .with_parents(parents);
        repository.commit(&RefName::branch(branch).unwrap(), &draft).unwrap();
    };
    commit("a", "root", &[]);
    commit("b", "left", &["a"]);
    commit("c", "right", &["a"]);
    commit("d", "merge one", &["c", "b"]);
    commit("e", "left again", &["b"]);
    commit("main", "merge two", &["e", "d"]);
    sandbox
}

#[test]
fn what_was_merged_is_indented_below_the_merge() {
    let sandbox = with_merges();
    assert_snapshot!(sandbox.run("lineage"), @"
    #4   id1_________  2023-11-14  (main) merge two
         merged     average:0.5, *.bias: ours
    | #3   id2_________  2023-11-14  (d) merge one
    |      merged     average:0.5, *.bias: ours
    | | from #2 id3_________
    | #2   id4_________  2023-11-14  (c) right
    | from #1 id5_________
    #3   id6_________  2023-11-14  (e) left again
    #2   id3_________  2023-11-14  (b) left
    #1   id5_________  2023-11-14  (a) root
    ");
    assert_snapshot!(sandbox.run("lineage -n 3"), @"
    #4   id1_________  2023-11-14  (main) merge two
         merged     average:0.5, *.bias: ours
    | #3   id2_________  2023-11-14  (d) merge one
    |      merged     average:0.5, *.bias: ours
    | | from older id3_________
    | from older id4_________
    #3   id6_________  2023-11-14  (e) left again
    from older id3_________
    ... and older versions: -n N looks at more
    ");
}

#[test]
fn lineages_are_graphs_in_two_languages() {
    let sandbox = with_lineage();
    assert_snapshot!(sandbox.run("lineage --format dot"), @r##"
    digraph lineage {
      node [shape=box, style=rounded, fontname="sans-serif"];
      n0 [label="#5 id6_________\n(main)\nmore data\nlr 0.1 -> 0.05, optimizer no longer\nseed 7 -> 8"];
      n1 [shape=plaintext, label="3 versions, #2 to #4, with nothing new"];
      n2 [label="#1 id2_________\nstart\nlr 0.1, optimizer adam\nseed 7"];
      n3 [shape=cylinder, style=solid, label="more.csv id7_________"];
      n4 [shape=note, style=solid, label="id8_________"];
      n5 [shape=cylinder, style=solid, label="train.csv id9_________\nfrom the city of Ulm\ncut at 3 sigma"];
      n6 [shape=note, style=solid, label="id10________"];
      n7 [shape=ellipse, style=solid, label="model id11________ of version id1_________ #1"];
      n1 -> n0;
      n3 -> n0 [style=dashed];
      n4 -> n0 [style=dashed];
      n2 -> n1;
      n5 -> n2 [style=dashed];
      n6 -> n2 [style=dashed];
      n7 -> n2 [style=dashed];
    }
    "##);
    assert_snapshot!(sandbox.run("lineage --format mermaid"), @r##"
    flowchart TD
      n0("#35;5 id6_________<br/>(main)<br/>more data<br/>lr 0.1 -#62; 0.05, optimizer no longer<br/>seed 7 -#62; 8")
      n1["3 versions, #35;2 to #35;4, with nothing new"]
      n2("#35;1 id2_________<br/>start<br/>lr 0.1, optimizer adam<br/>seed 7")
      n3[("more.csv id7_________")]
      n4[/"id8_________"/]
      n5[("train.csv id9_________<br/>from the city of Ulm<br/>cut at 3 sigma")]
      n6[/"id10________"/]
      n7(["model id11________ of version id1_________ #35;1"])
      n1 --> n0
      n3 -.-> n0
      n4 -.-> n0
      n2 --> n1
      n5 -.-> n2
      n6 -.-> n2
      n7 -.-> n2
    "##);
    assert_snapshot!(with_merges().run("lineage --format mermaid"), @r##"
    flowchart TD
      n0("#35;4 id1_________<br/>(main)<br/>merge two<br/>merged average#58;0.5, #42;.bias#58; ours")
      n1("#35;3 id2_________<br/>(d)<br/>merge one<br/>merged average#58;0.5, #42;.bias#58; ours")
      n2("#35;2 id3_________<br/>(c)<br/>right")
      n3("#35;3 id4_________<br/>(e)<br/>left again")
      n4("#35;2 id5_________<br/>(b)<br/>left")
      n5("#35;1 id6_________<br/>(a)<br/>root")
      n3 --> n0
      n1 --> n0
      n4 --> n3
      n2 --> n1
      n4 --> n1
      n5 --> n2
      n5 --> n4
    "##);
}

#[test]
fn adversarial_names_end_no_label() {
    let sandbox = Sandbox::new();
    let label = DataLabel {
        name: "\"]; click n0 \"javascript:alert(1)\"".to_owned(),
        source: "a\\\"; b -> c; \"".to_owned(),
        preprocessing: "\u{1b}[2J<script>&quot;`x`\u{202e}".to_owned(),
    };
    let data = vec![DataInput { label, id: DataId::of(b"data") }];
    let draft = Draft::new(Contents::Nothing, Signature::new("ada", START))
        .with_message("end\"\nsecond line")
        .with_recipe(Recipe::default().with_data(data));
    sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    assert_snapshot!(sandbox.run("lineage"), @r#"
    #1   id1_________  2023-11-14  (main) end"
         data       "]; click n0 "javascript:alert(1)" id2_________,
                    from a\"; b -> c; ", \u{1b}[2J<script>&quot;`x`\u{202e}
    "#);
    assert_snapshot!(sandbox.run("lineage --format dot"), @r##"
    digraph lineage {
      node [shape=box, style=rounded, fontname="sans-serif"];
      n0 [label="#1 id1_________\n(main)\nend\""];
      n1 [shape=cylinder, style=solid, label="\"]; click n0 \"javascript:alert(1)\" id2_________\nfrom a\\\"; b -> c; \"\n\\u{1b}[2J<script>&amp;quot;`x`\\u{202e}"];
      n1 -> n0 [style=dashed];
    }
    "##);
    assert_snapshot!(sandbox.run("lineage --format mermaid"), @r##"
    flowchart TD
      n0("#35;1 id1_________<br/>(main)<br/>end#34;")
      n1[("#34;#93;#59; click n0 #34;javascript#58;alert(1)#34; id2_________<br/>from a#92;#34;#59; b -#62; c#59; #34;<br/>#92;u#123;1b#125;#91;2J#60;script#62;#38;quot#59;#96;x#96;#92;u#123;202e#125;")]
      n1 -.-> n0
    "##);
}

#[test]
fn long_lines_are_counted() {
    let sandbox = Sandbox::new();
    let repository = sandbox.repository();
    let main = RefName::branch("main").unwrap();
    let signature = Signature::new("", START);
    for _ in 0..300 {
        let draft = Draft::new(Contents::Nothing, signature.clone());
        repository.commit(&main, &draft).unwrap();
    }
    assert_snapshot!(sandbox.run("lineage"), @"
    #300 id1_________  2023-11-14  (main)
         298 versions, #2 to #299, with nothing new
    #1   id2_________  2023-11-14
    ");
}

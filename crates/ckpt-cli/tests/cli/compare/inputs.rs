//! Inputs of versions other than parameters, data and code.

use insta::assert_snapshot;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Versions of one file that only their recipes tell apart.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    sandbox.ok("commit x --seed 1");
    sandbox.ok("commit x --seed 2 --base main");
    sandbox.ok("commit x --seed 2 --base main --from main");
    sandbox
}

#[test]
fn seeds_bases_and_states_are_shown_where_they_differ() {
    let sandbox = sandbox();
    assert_snapshot!(sandbox.run("compare main@1 main@2"), @"
       version       #  revision  message
    a  id1_________  1  main@1
    b  id2_________  2  main@2

    model same, state same, recipe changed, data same, code same

    recipe     a  b
    seed       1  2
    made from  -  id4_________

    1 file: 1 same
    ");
    assert_snapshot!(sandbox.run("compare main@2 main@3"), @"
       version       #  revision  message
    a  id2_________  2  main@2
    b  id3_________  3  main@3

    model same, state same, recipe changed, data same, code same

    recipe     a  b
    continues  -  id5_________

    1 file: 1 same
    ");
    assert_snapshot!(sandbox.run("compare main@1 main@2 main@3"), @"
       version       #  revision  message
    a  id1_________  1  main@1
    b  id2_________  2  main@2
    c  id3_________  3  main@3

       model  state  recipe   data  code
    b  same   same   changed  same  same
    c  same   same   changed  same  same

    recipe     a             b             c
    seed       1             2             2
    continues  -             -  id5_________
    made from  -  id4_________  id4_________
    ");
}

#[test]
fn seeds_and_bases_count_as_differences() {
    let sandbox = sandbox();
    sandbox.ok("commit x --seed 3 --base main");
    let code = |line: &str| sandbox.output(line).status.code();
    assert_eq!(code("compare main@1 main@2 --exit-code"), Some(3));
    assert_eq!(code("compare main@3 main@4 --exit-code"), Some(3));
    assert_eq!(code("compare main@2 main@3 --exit-code"), Some(0), "only what it continues");
}

#[test]
fn seeds_bases_and_states_are_in_json() {
    let sandbox = sandbox();
    let document = sandbox.json("compare main@1 main@3");
    let model = &sandbox.json("show main@1")["model"];
    assert_eq!(document["seed"], json!({"a": 1, "b": 2}));
    assert_eq!(document["bases"], json!({"same": false, "a": [], "b": [model]}));
    let state = &sandbox.json("show main@2")["state"];
    assert_eq!(document["parent_state"], json!({"a": null, "b": state}));
}

//! What exports refuse, and what they say of what they leave out.

use std::fs;

use insta::assert_snapshot;

use crate::{files::workspace, sandbox::Sandbox};

#[test]
fn a_pattern_that_no_tensor_matches_is_an_error_beside_others() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("export HEAD --tensor bias --tensor 'typo*' -o x.npz"), @r#"
    error: no tensor of these versions has a name like "typo*"
    hint: the names are bias
    [exit code 1]
    "#);
    assert!(!sandbox.path("x.npz").exists());
}

#[test]
fn a_name_of_another_format_is_refused() {
    let sandbox = Sandbox::with_history();
    assert_snapshot!(sandbox.run("export HEAD -o x.pt"), @"
    error: x.pt is named like a file of pytorch, but would be one of safetensors
    hint: exports are safetensors or npz; without --format, the name decides which
    [exit code 2]
    ");
    assert_snapshot!(sandbox.run("export HEAD --format npz -o x.safetensors"), @"
    error: x.safetensors is named like a file of safetensors, but would be one of npz
    hint: exports are safetensors or npz; without --format, the name decides which
    [exit code 2]
    ");
    for name in ["x.PTH", "x.npy", "x.gguf"] {
        assert_eq!(sandbox.output(&format!("export HEAD -o {name}")).status.code(), Some(2));
    }
    sandbox.ok("export HEAD --format npz -o x.weights");
    fs::create_dir(sandbox.path("folder.pt")).unwrap();
    sandbox.ok("export HEAD -o folder.pt");
}

#[test]
fn what_is_left_out_is_said() {
    let sandbox = Sandbox::with_history();
    let path = workspace("fixtures/torch/base/model.pt");
    sandbox.file("m.pt", fs::read(path).unwrap());
    sandbox.ok("commit m.pt -b training");
    assert_snapshot!(sandbox.run("export training --tensor '*.exp_avg' --tensor '0.*' -o x.npz"), @"
    written   x.npz  840 B
    note: 4 tensors of state are left out; --with-state exports them
    ");
    sandbox.file("n.pt", "no");
    sandbox.ok("commit m.pt n.pt -b opaque");
    assert_snapshot!(sandbox.run("export opaque --with-state -o all.npz"), @"
    written   all.npz  1.5 kB
    written   all.state.npz  4.8 kB
    note: n.pt: not pytorch: no zip archive (a legacy or other file); that is not exported
    ");
}

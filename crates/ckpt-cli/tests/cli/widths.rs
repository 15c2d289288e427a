//! What is printed fits the terminal, however wide.

use ckpt_hash::DataId;
use ckpt_store::{Contents, DataInput, DataLabel, Draft, Recipe, RefName, Signature};
use console::measure_text_width;

use crate::sandbox::{START, Sandbox};

/// Makes a repository in which every name is long.
fn with_long_names() -> Sandbox {
    let sandbox = Sandbox::new();
    let long = "a_name_that_goes_on_and_on";
    let branch = RefName::branch(&format!("{long}/{long}")).unwrap();
    for epoch in 1..=4_u8 {
        let label =
            DataLabel { name: long.repeat(2), source: long.repeat(3), ..DataLabel::default() };
        let data = vec![DataInput { label, id: DataId::of(&[epoch]) }];
        let draft = Draft::new(Contents::Nothing, Signature::new(long.to_owned(), START))
            .with_message(format!("{epoch}: {}", "words and words and ".repeat(6)))
            .with_metrics(
                (0..epoch).map(|metric| (format!("{long}_{metric}"), 1.0 / 3.0)).collect(),
            )
            .with_recipe(Recipe::default().with_data(data));
        sandbox.repository().commit(&branch, &draft).unwrap();
    }
    sandbox.ok(&format!("switch {long}/{long}"));
    sandbox.tensors(&format!("{long}.safetensors"), &[(&long.repeat(3), &[1, 2, 3], &[0.5; 6])]);
    let commit = "--metric val_loss=0.123456789 --metric f1=0.987654321";
    sandbox.ok(&format!("commit {long}.safetensors {commit}"));
    sandbox.tensors(&format!("{long}.safetensors"), &[(&long.repeat(3), &[1, 2, 3], &[0.75; 6])]);
    sandbox.ok(&format!("commit {long}.safetensors {commit}"));
    sandbox.ok(&format!("tag {long}"));
    sandbox.ok(&format!("promote HEAD {long}_alias"));
    sandbox.ok(&format!("guard {long} 'f1 > 0.1'"));
    sandbox
}

#[test]
fn every_table_fits_terminals_of_40_80_and_200_columns() {
    let sandbox = with_long_names();
    let commands = [
        "log",
        "log --spark a_name_that_goes_on_and_on_0",
        "branch",
        "tag",
        "alias",
        "models",
        "models a_name_that_goes_on_and_on",
        "lineage",
        "prune --keep-last 1 --plan",
        "compare HEAD~ HEAD",
        "audit",
        "audit refs/heads/a_name_that_goes_on_and_on/a_name_that_goes_on_and_on",
        "guard",
        "undelete",
        "gc --plan",
        "verify",
    ];
    let mut wide = Vec::new();
    for width in [40, 80, 200] {
        for line in commands {
            // The words that compare versions as a whole are no table.
            if width == 40 && line.starts_with("compare") {
                continue;
            }
            let mut command = sandbox.command(line);
            let output = command.env("COLUMNS", width.to_string()).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            // Sentences and whole ids are no tables.
            let is_table =
                |line: &&str| !line.starts_with("ok: ") && !line.starts_with("newest move  ");
            let lines = text.lines().filter(is_table);
            for printed in lines.filter(|printed| measure_text_width(printed) > width) {
                wide.push(format!("{line} at {width}: {printed}"));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn help_fits_terminals_of_40_columns_too() {
    let sandbox = Sandbox::empty();
    for line in ["help", "log --help"] {
        let output = sandbox.command(line).env("COLUMNS", "40").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(measure_text_width).max().unwrap();
        assert!(widest <= 40, "{line}: {widest}");
    }
}

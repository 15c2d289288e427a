//! The gate that lets no metric get worse.

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// Two versions with these metrics, options of `commit`.
fn sandbox(a: &str, b: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("x", "1");
    for metrics in [a, b] {
        sandbox.ok(&format!("commit x {metrics}"));
    }
    sandbox
}

fn code(sandbox: &Sandbox) -> Option<i32> {
    sandbox.output("compare main~ main --no-worse").status.code()
}

#[test]
fn a_rate_is_judged_by_its_direction_and_not_as_a_time() {
    let rate = |value| {
        format!("--metric f1=1 --metric tokens_per_s={value} --metric tokens_per_s.spread=0.01")
    };
    for (a, b, expected) in [(200, 100, Some(3)), (100, 200, Some(0))] {
        let sandbox = sandbox(&rate(a), &rate(b));
        assert_eq!(code(&sandbox), Some(3), "{a} -> {b}: nobody said which way is better");
        sandbox.file(".ckpt/config.toml", "[metrics]\nhigher_is_better = [\"*_per_s\"]\n");
        assert_eq!(code(&sandbox), expected, "{a} -> {b}");
    }
}

#[test]
fn a_gate_that_judges_nothing_is_not_passed() {
    let measured = sandbox("--metric size=1 --metric size.spread=0.1", "--metric size=9");
    assert_eq!(code(&measured), Some(3));
    assert_snapshot!(measured.run("compare main~ main --no-worse --ignore-unknown"), @"
    error: main~ has no metric of known direction to judge --no-worse by
    hint: lower_is_better and higher_is_better, lists of patterns under [metrics] of .ckpt/config.toml, say which way is better
    [exit code 1]
    ");
    assert_eq!(code(&sandbox("", "")), Some(1));
    assert_eq!(code(&sandbox("", "--metric loss=1")), Some(3));
    assert_eq!(code(&sandbox("--metric val.loss=1", "--metric val.loss=2")), Some(3));
}

#[test]
fn what_cannot_be_judged_is_named_and_not_met() {
    let end = |sandbox: &Sandbox, line: &str| {
        let all = sandbox.run(line);
        all.split_once("not met").map_or(String::new(), |(_, end)| format!("not met{end}"))
    };
    let line = "compare main~ main --no-worse";
    let fallen = sandbox("--metric f1=1 --metric mAP=0.9", "--metric f1=1 --metric mAP=0.1");
    assert_snapshot!(end(&fallen, line), @"
    not met: metric mAP got worse: 0.9 -> 0.1
    [exit code 3]
    ");
    let odd =
        sandbox("--metric f1=1 --metric odd=2", "--metric f1=1 --metric odd=1 --metric wer=1");
    assert_snapshot!(end(&odd, line), @"
    not met: metric odd was not judged, its direction is not known: 2 -> 1
    not met: metric wer was not judged, A has no number to compare with: nothing -> 1
    [exit code 3]
    ");
    assert!(odd.output(&format!("{line} --ignore-unknown")).status.success());
    let same = sandbox("--metric f1=1 --metric odd=2", "--metric f1=1 --metric odd=2");
    assert_eq!(code(&same), Some(0), "what is the same did not get worse");
}

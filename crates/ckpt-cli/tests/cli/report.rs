use std::{fs, sync::Arc};

use ckpt_store::{
    Contents, Draft, ParamValue, Parents, Recipe, RefName, Role, Session, SessionOptions,
    Signature, Tensor,
};
use insta::assert_snapshot;

use crate::sandbox::{START, Sandbox};

/// Elements of HTML that have no end tag.
const VOID: [&str; 2] = ["meta", "input"];

/// Fails unless every element of a page ends, in the order in which they must. Texts hold no `<`.
fn check_balance(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        let name = tag.split_whitespace().next().unwrap();
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "before {rest:.80}"),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
        // What is inside of these is no HTML.
        if ["style", "script"].contains(&name) {
            rest = &rest[rest.find("</").unwrap()..];
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

/// Writes a report and returns the page, which is checked for being whole and alone.
fn page(sandbox: &Sandbox, line: &str) -> String {
    sandbox.ok(line);
    let page = String::from_utf8(sandbox.read("report.html")).unwrap();
    check_balance(&page);
    for outside in ["http:", "https:", "src=", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    page
}

#[test]
fn a_report_says_what_it_wrote() {
    let sandbox = Sandbox::with_history();
    let ids: Vec<String> = sandbox
        .repository()
        .log(sandbox.repository().resolve("HEAD").unwrap())
        .map(|version| version.unwrap().id.short())
        .collect();
    sandbox.ok("tag v1 HEAD~");
    let report = sandbox.json("report");
    let bytes = sandbox.read("report.html").len();
    assert_eq!(report["bytes"], bytes);
    assert_snapshot!(sandbox.pretty(&report).replace(&bytes.to_string(), "[bytes]"), @r#"
    {
      "report": "report.html",
      "versions": 3,
      "bytes": [bytes]
    }
    "#);
    let page = page(&sandbox, "report");
    for id in &ids {
        assert!(page.contains(id), "{id}");
    }
    for text in ["val_loss goes from 1 to 0.333333", ">0.333333 ★<", ">v1<", ">epoch 2<"] {
        assert!(page.contains(text), "{text}");
    }
    // The first step is from 0.5 and 1 to 0.5 and 2.
    assert!(page.contains("title=\"#1 to #2: 0.894427\""));
}

#[test]
fn a_range_starts_after_its_first_version() {
    let sandbox = Sandbox::with_history();
    let line = page(&sandbox, "report main@1..");
    assert!(!line.contains(">epoch 1<") && line.contains(">epoch 2<"));
    // Its first step is from the version before.
    assert!(line.contains("#1 to #2"));
    assert!(!page(&sandbox, "report --no-tensors").contains("Changes of tensors"));
    let one = page(&sandbox, "report main@1");
    assert!(one.contains("one version alone has no changes"), "{one}");
    assert_snapshot!(sandbox.run("report main..main@1"), @"
    error: version id3_________ is not on the line of first parents of id1_________
    hint: a range A..B is what comes after A, up to B
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("report main..main"), @"
    error: no version lies in main..main
    hint: A..B is what comes after A, up to B
    [exit code 1]
    ");
    assert_snapshot!(Sandbox::new().run("report"), @"
    error: branch main has no versions yet
    hint: `ckpt commit PATH` makes a version
    [exit code 1]
    ");
}

#[test]
fn nothing_from_a_repository_becomes_markup() {
    const EVIL: &str = "</script><script>alert('&\"')</script>\u{202e}";
    let sandbox = Sandbox::new();
    let evil = || EVIL.to_owned();
    sandbox.tensors("x.safetensors", &[("a", &[1], &[1.0])]);
    let commit = |value: f64| {
        let draft = Draft::new(
            Contents::Tensors(vec![Tensor::from_f64(EVIL, Role::Weights, &[value])]),
            Signature::new(evil(), START),
        )
        .with_message(evil())
        .with_metrics([(evil(), value), (format!("val_{EVIL}"), value)].into())
        .with_recipe(
            Recipe::default()
                .with_params([(evil(), ParamValue::Text(format!("{EVIL}{value}")))].into()),
        )
        .with_environment([(evil(), evil())].into());
        sandbox.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap()
    };
    commit(1.0);
    commit(2.0);
    sandbox.ok("tag <script>");
    sandbox.ok("promote HEAD <b>'&");
    let page = page(&sandbox, "report");
    assert!(!page.contains("<script>alert") && !page.contains("<b>'"));
    assert!(!page.contains(|char: char| char == '\u{202e}' || (char.is_control() && char != '\n')));
    let shown = page.matches("&lt;/script&gt;&lt;script&gt;alert(&#39;&amp;&quot;&#39;)").count();
    assert!(shown > 10, "{shown}");
}

#[test]
fn branches_and_merges_are_lanes() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("branch side main@2");
    sandbox.ok("switch side");
    sandbox.ok("commit model.safetensors -m 'on the side'");
    let repository = sandbox.repository();
    let (main, side) = (RefName::branch("main").unwrap(), repository.resolve("side").unwrap());
    let parents =
        Parents::Merge { expected: repository.resolve("main").unwrap(), others: vec![side] };
    let signature = Signature::new("ada", START);
    let message = "both".to_owned();
    repository
        .commit(
            &main,
            &Draft::new(Contents::Nothing, signature).with_parents(parents).with_message(message),
        )
        .unwrap();
    let page = page(&sandbox, "report main");
    let merges = format!("merges {}", side.short());
    for text in [&merges, "5 rows in 2 lanes", "ref branch current"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn long_histories_are_bounded() {
    let sandbox = Sandbox::new();
    let branch = RefName::branch("main").unwrap();
    let repository = Arc::new(sandbox.repository());
    let session = Session::start(repository, branch, SessionOptions::default()).unwrap();
    for number in 0..1000 {
        let signature = Signature::new("ada", START);
        let metrics = [("loss".to_owned(), f64::from((number * 7919) % 1000))].into();
        session.commit(Draft::new(Contents::Nothing, signature).with_metrics(metrics)).unwrap();
    }
    session.flush().unwrap();
    let page = page(&sandbox, "report");
    assert!(page.len() < 250_000, "{} bytes", page.len());
    for text in ["700 older versions are not in this table", "998 versions, #999 to #2"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn what_is_no_number_leaves_a_gap_and_a_mark() {
    let sandbox = Sandbox::new();
    let branch = RefName::branch("main").unwrap();
    for loss in [3.0, 2.0, f64::NAN, 1.0, f64::INFINITY] {
        let signature = Signature::new("ada", START);
        let metrics = [("loss".to_owned(), loss), ("odd".to_owned(), f64::NAN)].into();
        sandbox
            .repository()
            .commit(&branch, &Draft::new(Contents::Nothing, signature).with_metrics(metrics))
            .unwrap();
    }
    let page = page(&sandbox, "report");
    // One path starts anew after the gap, and the last value has none.
    let (_, curve) = page.split_once("class=\"curve s0 n0\"><path d=\"").unwrap();
    let path = curve.split('"').next().unwrap();
    assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    for text in ["not a finite number", "loss goes from 3 to 1", "no value is a finite number"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn tensors_that_became_nan_or_infinite_stand_out() {
    let sandbox = Sandbox::new();
    let legend = "class=\"spoiled\">!</i> NaN or infinite<";
    for (w, is_told) in [([1.0, 2.0], false), ([1.0, 2.5], false), ([f32::NAN, 2.5], true)] {
        sandbox.tensors("m.safetensors", &[("w", &[2], &w), ("b", &[1], &[1.0])]);
        sandbox.ok("commit m.safetensors");
        assert_eq!(page(&sandbox, "report").contains(legend), is_told, "{w:?}");
    }
    sandbox.tensors("m.safetensors", &[("w", &[2], &[f32::NAN, 3.0]), ("b", &[1], &[1.0])]);
    sandbox.ok("commit m.safetensors");
    let page = page(&sandbox, "report");
    let cell =
        |step| format!("class=\"spoiled\" title=\"#{step}: NaN or infinite, before or after\"");
    assert!(page.contains(&cell("2 to #3")), "{page}");
    // What stays NaN changes by the rest.
    assert!(
        page.contains("title=\"#3 to #4: 0.2\"")
            && page.matches("<td class=\"spoiled").count() == 1
    );
}

#[test]
fn removed_content_leaves_gaps() {
    let sandbox = Sandbox::with_history();
    sandbox.ok("prune --keep-last 2");
    let some = page(&sandbox, "report");
    assert!(some.contains("#1 to #2: content was removed") && some.contains("#2 to #3: 0."));
    sandbox.ok("prune --keep-last 1");
    assert!(page(&sandbox, "report").contains("the content of these versions was removed"));
}

#[test]
fn only_a_report_is_replaced() {
    let sandbox = Sandbox::with_history();
    sandbox.file("report.html", "<!DOCTYPE html>\n<html lang=\"en\">mine");
    assert_snapshot!(sandbox.run("report"), @"
    error: report.html is there and is no report
    hint: --force replaces it; -o FILE names another file
    [exit code 1]
    ");
    assert_eq!(sandbox.read("report.html"), b"<!DOCTYPE html>\n<html lang=\"en\">mine");
    sandbox.ok("report --force");
    sandbox.ok("report");
    assert_snapshot!(sandbox.run("report -o ."), @"
    error: cannot write .: it is a folder
    hint: -o FILE names a file
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("report -o no/report.html"), @"
    error: cannot write no/report.html: there is no folder no
    hint: make the folder, or -o FILE names another
    [exit code 1]
    ");
    assert_snapshot!(sandbox.run("report -o - --json"), @"
    error: -o - and --json both write to standard output; give one of them
    [exit code 2]
    ");
    assert_eq!(sandbox.list(""), [".ckpt", "model.safetensors", "report.html"]);
    fs::create_dir(sandbox.path("empty")).unwrap();
    assert!(sandbox.run("report -o empty/x.html").starts_with("wrote empty/x.html"));
    assert_eq!(sandbox.list("empty"), ["x.html"]);
}

#[test]
fn the_same_history_at_the_same_time_is_the_same_page() {
    let sandbox = Sandbox::with_history();
    let stdout = || {
        let mut command = sandbox.command("report -o -");
        let output = command.env("CKPT_TIME", START.to_string()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let page = stdout();
    assert!(page.contains("3 versions, reported 2023-11-14 22:13:20 UTC"));
    assert_eq!(page, stdout());
    assert_eq!(sandbox.list(""), [".ckpt", "model.safetensors"]);
}

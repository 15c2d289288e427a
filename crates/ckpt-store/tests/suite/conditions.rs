//! The grammar of conditions, and what they mean.

use std::collections::BTreeMap;

use ckpt_store::{Condition, MAX_CONDITION, Measured};
use proptest::prelude::*;

type Metrics = BTreeMap<String, f64>;

fn parse(text: &str) -> Condition {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn metrics(pairs: &[(&str, f64)]) -> Metrics {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn a_condition_is_displayed_in_one_form() {
    let cases = [
        ("f1>=0.95", "f1 >= 0.95"),
        ("  loss<current.loss&&f1 >= .5 ", "loss < current.loss && f1 >= 0.5"),
        ("val/f1-macro.v2 > -3E-4", "val/f1-macro.v2 > -0.0003"),
        ("x <= +1e300", "x <= 1e300"),
        ("x==1.0 && x!=2", "x == 1 && x != 2"),
        ("a > parent.parent.a", "a > parent.\"parent.a\""),
        ("\"val loss\" < parent.\"val loss\"", "\"val loss\" < parent.\"val loss\""),
        ("\"f1\" > 0", "f1 > 0"),
        ("\"1\" > 0 && \"parent.f1\" > 0", "\"1\" > 0 && \"parent.f1\" > 0"),
        (r#""a\"b\\c" > 0"#, r#""a\"b\\c" > 0"#),
        ("größe > 1 && e5 > 1 && inf > 1", "größe > 1 && e5 > 1 && inf > 1"),
    ];
    for (text, displayed) in cases {
        assert_eq!(parse(text).to_string(), displayed, "{text}");
    }
}

#[test]
fn what_breaks_the_grammar_says_where() {
    let cases = [
        ("", 1, "the name of a metric is expected"),
        ("f1", 3, "one of < <= > >= == != is expected"),
        ("f1 = 1", 4, "one of < <= > >= == != is expected"),
        ("f1 =< 1", 4, "one of < <= > >= == != is expected"),
        ("f1 >= ", 7, "a number, parent.NAME or current.NAME is expected"),
        ("f1 >= high", 7, "a number, parent.NAME or current.NAME is expected"),
        ("f1 >= nan", 7, "a number, parent.NAME or current.NAME is expected"),
        ("f1 >= 0x10", 7, "a number, parent.NAME or current.NAME is expected"),
        ("f1 >= 1e999", 7, "the number is too large"),
        ("0.5 < f1", 1, "a number stands on the right side only"),
        ("current.f1 < f1", 1, "parent. and current. stand on the right side only"),
        ("f1 > parent.", 13, "the name of a metric is expected"),
        ("f1 > 1 || f1 < 0", 8, "&& or the end is expected"),
        ("f1 > 1 &&", 10, "the name of a metric is expected"),
        ("f1 > 1 & f2 > 1", 8, "&& or the end is expected"),
        ("größe > 1 2", 11, "&& or the end is expected"),
        ("\"f1 > 1", 1, "the quote is not closed"),
        ("\"\" > 1", 1, "the name is empty"),
        ("\"a\\b\" > 1", 4, "\\\" or \\\\ is expected"),
        ("\"a\nb\" > 1", 3, "a name has no control characters"),
    ];
    for (text, position, why) in cases {
        let error = text.parse::<Condition>().unwrap_err();
        assert_eq!((error.position, error.why.as_str()), (position, why), "{text}");
    }
    let error = "f1 > x".parse::<Condition>().unwrap_err().to_string();
    assert_eq!(
        error,
        "\"f1 > x\" is not a condition: a number, parent.NAME or current.NAME is expected, \
         at position 6"
    );
}

#[test]
fn long_conditions_are_refused_as_given_and_as_written_out() {
    let error = |text: &str| text.parse::<Condition>().unwrap_err().why;
    let name = "m".repeat(MAX_CONDITION - 4);
    assert_eq!(parse(&format!("{name} > 1")).to_string().len(), MAX_CONDITION);
    assert_eq!(error(&format!("{name}m > 1")), "a condition has at most 500 bytes");
    // Fits as it is given, and not with the spaces of the one form.
    assert_eq!(error(&format!("{name}m>1")), "a condition has at most 500 bytes");
    assert_eq!(error(&"f1 > 1 && ".repeat(1 << 17)), "a condition has at most 500 bytes");
}

#[test]
fn no_worse_than_says_the_direction() {
    let text = |text: &str| Condition::no_worse_than(text).unwrap().to_string();
    assert_eq!(text("max:f1"), "f1 >= current.f1");
    assert_eq!(text("min:val loss"), "\"val loss\" <= current.\"val loss\"");
    assert_eq!(text("min:a:b"), "a:b <= current.a:b");
    for (given, position) in [("f1", 1), ("best:f1", 1), ("max:", 5), ("max:a\nb", 5)] {
        assert_eq!(Condition::no_worse_than(given).unwrap_err().position, position, "{given}");
    }
    assert!(Condition::no_worse_than(&format!("max:{}", "m".repeat(300))).is_err());
}

#[test]
fn comparisons_are_exact_and_all_must_hold() {
    let version =
        metrics(&[("f1", 0.95), ("loss", 0.3), ("nan", f64::NAN), ("inf", f64::INFINITY)]);
    let parent = metrics(&[("f1", 0.9)]);
    let current = metrics(&[("loss", 0.3), ("nan", f64::NAN)]);
    let measured = Measured { version: &version, parent: Some(&parent), current: Some(&current) };
    for (text, met) in [
        ("f1 >= 0.95", true),
        ("f1 > 0.95", false),
        ("f1 == 0.95 && f1 <= 0.95 && f1 < 1", true),
        ("f1 != 0.95", false),
        ("f1 > 0.9 && loss > 0.9", false),
        ("f1 > parent.f1", true),
        ("loss <= current.loss", true),
        ("loss < current.loss", false),
        // What is missing, NaN or infinite meets nothing.
        ("inf > 1e308", false),
        ("inf != 1", false),
        ("none < 1", false),
        ("none != 1", false),
        ("f1 > current.f1", false),
        ("loss < parent.loss", false),
        ("nan != 1", false),
        ("nan == current.nan", false),
        ("loss < current.nan", false),
    ] {
        assert_eq!(parse(text).evaluate(&measured).met, met, "{text}");
    }
}

#[test]
fn with_nothing_there_yet_current_is_met_and_parent_is_not() {
    let version = metrics(&[("f1", 0.5)]);
    let measured = Measured { version: &version, parent: None, current: None };
    let met = |text: &str| parse(text).evaluate(&measured).met;
    assert!(met("f1 >= current.f1") && met("loss < current.loss"));
    assert!(!met("f1 >= current.f1 && f1 > 0.9"));
    assert!(!met("f1 >= parent.f1"));
}

#[test]
fn the_evidence_names_every_value() {
    let version = metrics(&[("f1", 0.5), ("a b", 2.0)]);
    let current = metrics(&[("f1", f64::NAN)]);
    let measured = Measured { version: &version, parent: None, current: Some(&current) };
    let condition = parse("f1 > 0.9 && \"a b\" > current.f1 && loss < parent.loss");
    let evidence = condition.evaluate(&measured);
    assert_eq!(evidence.condition, condition.to_string());
    assert_eq!(
        evidence.found(),
        "\"a b\" is 2, current.f1 is NaN, f1 is 0.5, loss is missing, parent.loss is missing"
    );
}

/// A name as users and programs make them, plain and otherwise.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_/.-]{0,8}",
        "(parent|current)\\.[a-z]{0,3}",
        "[0-9.eE+-]{1,5}",
        "[ -~]{1,8}",
        "\\PC{1,6}",
    ]
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn comparison() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let operand = prop_oneof![
        prop::num::f64::NORMAL.prop_map(|number| format!("{number:?}")),
        (prop::bool::ANY, name()).prop_map(|(parent, name)| {
            format!("{}.{}", if parent { "parent" } else { "current" }, quoted(&name))
        }),
    ];
    (name(), operator, operand)
        .prop_map(|(name, operator, operand)| format!("{}{operator}{operand}", quoted(&name)))
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = text.parse::<Condition>();
        let _ = Condition::no_worse_than(&text);
    }

    #[test]
    fn no_text_of_the_characters_that_matter_panics(
        text in "[a1.\"\\\\<>=!& \n\u{e9}\u{3000}]{0,30}",
    ) {
        if let Ok(condition) = text.parse::<Condition>() {
            prop_assert_eq!(parse(&condition.to_string()), condition);
        }
    }

    #[test]
    fn what_is_displayed_parses_to_the_same(
        comparisons in prop::collection::vec(comparison(), 1..4),
    ) {
        let condition = parse(&comparisons.join("&&"));
        let displayed = condition.to_string();
        prop_assert_eq!(&parse(&displayed), &condition);
        prop_assert_eq!(parse(&displayed).to_string(), displayed);
    }

    #[test]
    fn one_comparison_is_what_floats_say(a in prop::num::f64::NORMAL, b in prop::num::f64::NORMAL) {
        let version = metrics(&[("a", a)]);
        let measured = Measured { version: &version, parent: None, current: None };
        let met = |operator: &str| parse(&format!("a {operator} {b:?}")).evaluate(&measured).met;
        prop_assert_eq!(met("<"), a < b);
        prop_assert_eq!(met("<="), a <= b);
        prop_assert_eq!(met(">"), a > b);
        prop_assert_eq!(met(">="), a >= b);
        prop_assert_eq!(met("=="), a == b);
        prop_assert_eq!(met("!="), a != b);
    }
}

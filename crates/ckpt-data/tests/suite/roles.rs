//! Samples of columns in their roles: classes, weights, columns that are left out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_data::{Roles, Samples, Table, Target};
use ndarray::array;
use proptest::prelude::*;

fn samples(csv: &str, roles: &Roles) -> Result<Samples, String> {
    let table = Table::read_csv(csv.as_bytes(), "t.csv").unwrap();
    table.samples(roles).map_err(|error| error.to_string())
}

fn kind(kind: Target) -> Roles {
    Roles { kind, ..Roles::default() }
}

fn weighted() -> Roles {
    Roles { weights: Some("w".to_owned()), ..Roles::default() }
}

/// Splits a table of one feature and these labels.
fn labels(cells: &[&str], roles: &Roles) -> Result<(Vec<String>, Vec<f64>), String> {
    let rows: String = cells.iter().map(|cell| format!("1,{cell}\n")).collect();
    let samples = samples(&format!("x,y\n{rows}"), roles)?;
    Ok((samples.classes.unwrap(), samples.y.to_vec()))
}

#[test]
fn text_is_classes_sorted_by_bytes() {
    let (classes, y) = labels(&["b", "\u{e9}", "B", " b ", "a"], &Roles::default()).unwrap();
    assert_eq!(classes, ["B", "a", "b", "\u{e9}"]);
    assert_eq!(y, [2.0, 3.0, 0.0, 2.0, 1.0]);
}

#[test]
fn numbers_are_classes_only_where_asked_for() {
    let cells = ["10", "9", "-0", "1e1", "0.0", "0.5"];
    let (classes, y) = labels(&cells, &kind(Target::Classes)).unwrap();
    assert_eq!(classes, ["0", "0.5", "9", "10"]);
    assert_eq!(y, [3.0, 2.0, 0.0, 3.0, 0.0, 1.0]);
    let numbers = samples("x,y\n1,10\n1,9\n", &Roles::default()).unwrap();
    assert_eq!((numbers.classes, numbers.y), (None, array![10.0, 9.0]));
}

#[test]
fn text_among_numbers_is_classes_only_where_asked_for() {
    let cells = ["1", "NA", "2"];
    assert_eq!(
        labels(&cells, &Roles::default()).unwrap_err(),
        "row 2, column y: \"NA\" is not a number; correct it or remove the row"
    );
    let (classes, y) = labels(&cells, &kind(Target::Classes)).unwrap();
    assert_eq!((classes.concat().as_str(), y), ("12NA", vec![0.0, 2.0, 1.0]));
}

#[test]
fn labels_that_are_none_are_named() {
    let refusal = |cells: &[&str], roles: &Roles| labels(cells, roles).unwrap_err();
    let auto = Roles::default();
    let empty = "row 3, column y: empty label; fill it in or remove the row";
    assert_eq!(refusal(&["a", "b", " "], &auto), empty);
    assert_eq!(
        refusal(&["a", "\"b\nc\""], &auto),
        "row 2, column y: a control character in the label; remove it"
    );
    assert_eq!(
        refusal(&["1", "2", "nan"], &kind(Target::Classes)),
        "row 3, column y: NaN is not a finite number; correct it or remove the row"
    );
    let one = "every row is of the class";
    assert_eq!(
        refusal(&["a", "a "], &auto),
        format!("column y: {one} \"a\"; a classifier needs two or more")
    );
    assert_eq!(
        refusal(&["7", "7.0"], &kind(Target::Classes)),
        format!("column y: {one} \"7\"; a classifier needs two or more")
    );
}

#[test]
fn weights_are_no_feature_and_no_default_target() {
    let split = samples("a,y,w\n1,2,0.5\n3,4,0\n", &weighted()).unwrap();
    assert_eq!((split.features.concat().as_str(), split.target.as_str()), ("a", "y"));
    assert_eq!(split.weights.unwrap(), array![0.5, 0.0]);
    assert_eq!(samples("a,y\n1,2\n", &Roles::default()).unwrap().weights, None);
}

#[test]
fn weights_are_checked() {
    let refusal = |first: &str, second: &str| {
        samples(&format!("a,w,y\n1,{first},2\n1,{second},2\n"), &weighted()).unwrap_err()
    };
    assert_eq!(
        refusal("1", "-0.5"),
        "row 2, column w: the weight -0.5 is negative; weights are 0 or more"
    );
    assert_eq!(
        refusal("NaN", "1"),
        "row 1, column w: NaN is not a finite number; correct it or remove the row"
    );
    assert_eq!(
        refusal("1", "inf"),
        "row 2, column w: inf is not a finite number; correct it or remove the row"
    );
    assert_eq!(refusal("0", "-0"), "column w: every weight is 0; some row must count");
    assert_eq!(
        refusal("high", "low"),
        "column w is text, and weights are numbers; choose another column"
    );
    assert_eq!(
        refusal("1", "low"),
        "row 2, column w: \"low\" is not a number; correct it or remove the row"
    );
}

#[test]
fn columns_are_left_out() {
    let drop = |names: &[&str]| Roles {
        drop: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Roles::default()
    };
    let csv = "id,a,y,note\nx,1,2,u\ny,3,4,v\n";
    let split = samples(csv, &drop(&["id", "note"])).unwrap();
    assert_eq!((split.features.concat().as_str(), split.target.as_str()), ("a", "y"));
    assert_eq!((split.x, split.y), (array![[1.0], [3.0]], array![2.0, 4.0]));
    assert_eq!(
        samples(csv, &drop(&["ids"])).unwrap_err(),
        "no column \"ids\"; the columns are id, a, y, note"
    );
    assert_eq!(
        samples(csv, &drop(&["id", "a", "note"])).unwrap_err(),
        "no columns but the target y"
    );
    assert_eq!(
        samples(csv, &drop(&["id", "a", "y", "note"])).unwrap_err(),
        "no target: every column is weights or left out"
    );
}

#[test]
fn a_column_has_one_role() {
    let csv = "a,w,y\n1,2,3\n";
    let also = "is also weights or left out; choose another target";
    let roles = Roles { target: Some("w".to_owned()), ..weighted() };
    assert_eq!(samples(csv, &roles).unwrap_err(), format!("the target w {also}"));
    let roles =
        Roles { target: Some("y".to_owned()), drop: vec!["y".to_owned()], ..Roles::default() };
    assert_eq!(samples(csv, &roles).unwrap_err(), format!("the target y {also}"));
}

proptest! {
    #[test]
    fn each_row_has_the_place_of_its_label(cells in prop::collection::vec("[a-d]{1,2}", 2..40)) {
        let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
        let distinct = texts.iter().collect::<std::collections::HashSet<_>>().len();
        let split = labels(&texts, &Roles::default());
        prop_assert_eq!(split.is_ok(), distinct > 1);
        if let Ok((classes, y)) = split {
            prop_assert!(classes.is_sorted() && classes.len() == distinct);
            for (cell, place) in texts.iter().zip(y) {
                prop_assert_eq!(&classes[place as usize], cell);
            }
        }
    }
}

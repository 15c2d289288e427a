//! Reading CSV: what counts as numbers, and every refusal with its words.

use ckpt_data::{Table, Values};
use proptest::prelude::*;

fn read(text: &str) -> Table {
    Table::read_csv(text.as_bytes(), "t.csv").expect("a table")
}

fn refusal(bytes: &[u8]) -> String {
    let error = Table::read_csv(bytes, "t.csv").expect_err("a refusal");
    error.to_string()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match &table.column(name).expect("a column").values {
        Values::Number(values) => values.clone(),
        other => panic!("{name} is not f64: {other:?}"),
    }
}

fn texts(table: &Table, name: &str) -> Vec<String> {
    match &table.column(name).expect("a column").values {
        Values::Text(cells) => cells.clone(),
        other => panic!("{name} is numbers: {other:?}"),
    }
}

#[test]
fn numbers_are_decimals_exponents_infinities_and_nan() {
    let table = read("a,b\n1, -1.5e3 \n+.5,2.\n1E-2,0\ninf,-Infinity\nNaN,nan\n");
    assert_eq!(numbers(&table, "a")[..4], [1.0, 0.5, 0.01, f64::INFINITY]);
    assert_eq!(numbers(&table, "b")[..4], [-1500.0, 2.0, 0.0, f64::NEG_INFINITY]);
    assert!(numbers(&table, "a")[4].is_nan() && numbers(&table, "b")[4].is_nan());
}

#[test]
fn decimals_become_the_nearest_float() {
    let table = read("a\n0.1\n0.30000000000000004\n5e-324\n9007199254740993\n");
    let expected = [0.1, 0.1 + 0.2, f64::from_bits(1), 9_007_199_254_740_992.0];
    assert_eq!(numbers(&table, "a"), expected);
}

#[test]
fn one_cell_that_is_no_number_makes_a_column_text() {
    for cell in ["NA", "1_000", "0x10", "1;5", "1 2", "\"1,5\"", "e5", "."] {
        let table = read(&format!("a,b\n1,1\n{cell},2\n"));
        assert_eq!(texts(&table, "a"), ["1", cell.trim_matches('"')]);
        assert_eq!(numbers(&table, "b"), [1.0, 2.0]);
    }
}

#[test]
fn text_stands_as_it_is_and_may_be_empty() {
    let table = read("a,b\n x ,\n\"say \"\"hi\"\"\nthere\",y\n");
    assert_eq!(texts(&table, "a"), [" x ", "say \"hi\"\nthere"]);
    assert_eq!(texts(&table, "b"), ["", "y"]);
}

#[test]
fn byte_order_mark_line_ends_and_spaces_in_the_header_do_not_matter() {
    let plain = read("a,b\n1,x\n2,y\n");
    for text in [
        "\u{feff}a,b\n1,x\n2,y\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a,b\r1,x\r2,y",
        "\n a , b\n\n1,x\n\n2,y",
    ] {
        assert_eq!(read(text), plain, "{text:?}");
    }
}

#[test]
fn names_do_not_count_and_kinds_do() {
    assert_eq!(read("a\n1\n").id(), read("b\n1.0\n").id());
    assert_ne!(read("a\n1\n").id(), read("a\n-1\n").id());
    assert_ne!(read("a,b\n1,2\n").id(), read("a,b\n2,1\n").id());
    assert_ne!(read("a\nx\ny\n").id(), read("a\ny\nx\n").id());
}

#[test]
fn an_empty_cell_is_named_by_line_and_column() {
    let message = "t.csv: line 3, column bmi: empty cell; fill it in or remove the row";
    assert_eq!(refusal(b"age,bmi\n1,2\n2,\n3,4\n"), message);
    assert_eq!(refusal(b"age,bmi\r\n1,2\r\n2, \r\n"), message);
    assert_eq!(refusal(b"age,bmi\n\n2,\n"), message);
    assert_eq!(
        refusal(b"name,bmi\n\"two\nlines\",2\nx,\n"),
        "t.csv: line 4, column bmi: empty cell; fill it in or remove the row"
    );
    assert_eq!(
        refusal(b"a,b\n1,\n2,\n"),
        "t.csv: line 2, column b: empty cell; fill it in or remove the row"
    );
}

#[test]
fn ragged_rows_are_named_by_line() {
    let step = "correct the row, quoting cells with commas";
    assert_eq!(
        refusal(b"a,b\n1,2\n3\n"),
        format!("t.csv: line 3: expected 2 cells, found 1; {step}")
    );
    assert_eq!(
        refusal(b"a,b\r\n\r\n1,2,3\r\n"),
        format!("t.csv: line 3: expected 2 cells, found 3; {step}")
    );
}

#[test]
fn headers_are_checked() {
    let missing = "t.csv: empty: a table starts with a line of column names";
    for text in ["", "\n\r\n", "\u{feff}"] {
        assert_eq!(refusal(text.as_bytes()), missing);
    }
    assert_eq!(
        refusal(b"59,2,32.1\n48,1,21.6\n"),
        "t.csv: line 1 holds only numbers: the line of column names is missing; add it"
    );
    assert_eq!(refusal(b"a,,c\n1,2,3\n"), "t.csv: column 2 has no name; name it");
    assert_eq!(refusal(b"a,b,a\n1,2,3\n"), "t.csv: two columns are named a; rename one");
    assert_eq!(
        refusal(b"a,\"b\nc\"\n1,\n"),
        "t.csv: column 2 has a control character in its name; remove it"
    );
}

#[test]
fn a_header_alone_is_no_table() {
    assert_eq!(refusal(b"a,b\n"), "t.csv: no rows");
}

#[test]
fn what_is_not_utf_8_is_named_by_line() {
    assert_eq!(refusal(b"a,b\n1,2\n3,\xff\n"), "t.csv: line 3: not UTF-8; save the file as UTF-8");
    assert_eq!(refusal(b"a,b\r\n\xe9,2\r\n"), "t.csv: line 2: not UTF-8; save the file as UTF-8");
    assert_eq!(refusal(b"\xff\xfea\0,\0b\0"), "t.csv: line 1: not UTF-8; save the file as UTF-8");
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_refused_in_one_line(text in "[a1.,\"\n\r é-]{0,60}") {
        if let Err(error) = Table::read_csv(text.as_bytes(), "t.csv") {
            let message = error.to_string();
            prop_assert!(message.starts_with("t.csv: ") && !message.contains('\n'), "{message:?}");
        }
    }
}

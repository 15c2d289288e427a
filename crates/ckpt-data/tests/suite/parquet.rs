//! Parquet files that pyarrow wrote.
#![cfg(feature = "parquet")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{error::Error, fs, path::PathBuf};

use ckpt_data::{Column, DataError, Table, Values, data_id};

fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    folder.join(format!("{name}.parquet"))
}

fn read(name: &str) -> Table {
    Table::read(&path(name)).unwrap()
}

fn refusal(name: &str) -> String {
    let error = Table::read(&path(name)).unwrap_err().to_string();
    error.rsplit_once("data/").unwrap().1.to_owned()
}

fn numbers(values: [f64; 5]) -> Values {
    Values::Number(values.to_vec())
}

fn texts(values: [&str; 5]) -> Values {
    Values::Text(values.map(str::to_owned).to_vec())
}

#[test]
fn equal_values_have_the_id_of_csv() {
    let csv = Table::read(&path("values").with_extension("csv")).unwrap();
    assert_eq!(read("values"), csv);
    assert_eq!(data_id(&path("values")).unwrap(), csv.id());
}

#[test]
fn every_type_is_read_in_every_compression_and_version() {
    let f32_max = f64::from(f32::MAX);
    let expected = [
        ("i8", numbers([-128.0, 127.0, 7.0, 8.0, 9.0])),
        ("i16", numbers([-32768.0, 32767.0, 7.0, 8.0, 9.0])),
        ("i32", numbers([f64::from(i32::MIN), f64::from(i32::MAX), 7.0, 8.0, 9.0])),
        ("i64", numbers([-(2f64.powi(53)), 2f64.powi(63), 7.0, 8.0, 9.0])),
        ("u8", numbers([0.0, 255.0, 7.0, 8.0, 9.0])),
        ("u16", numbers([1.0, 65535.0, 7.0, 8.0, 9.0])),
        ("u32", numbers([1.0, f64::from(u32::MAX), 7.0, 8.0, 9.0])),
        ("u64", numbers([1.0, 2f64.powi(64), 7.0, 8.0, 9.0])),
        ("bool", numbers([1.0, 0.0, 0.0, 1.0, 1.0])),
        ("f32", numbers([f64::from(0.1_f32), -0.0, f32_max, f64::INFINITY, 1.5])),
        ("f64", numbers([0.1, 5e-324, -1e300, 2.0, 2.0])),
        ("text", texts(["b", "", "\u{e9} x", "b", "b"])),
        ("category", texts(["u", "v", "u", "u", "v"])),
        ("never_null", numbers([1.0, 2.0, 3.0, 4.0, 5.0])),
    ];
    let columns = expected.map(|(name, values)| Column { name: name.to_owned(), values });
    let expected = Table::new(columns.to_vec()).unwrap();
    for name in ["kinds_snappy", "kinds_zstd_v2", "kinds_gzip_plain", "kinds_none"] {
        assert_eq!(read(name), expected, "{name}");
    }
    let planes = read("planes");
    for column in planes.columns() {
        assert_eq!(Some(column), expected.column(&column.name));
    }
}

#[test]
fn what_is_no_flat_table_of_numbers_and_text_is_named() {
    assert_eq!(
        refusal("null"),
        "null.parquet: row 3, column b: null; fill it in or remove the row"
    );
    assert_eq!(
        refusal("nested"),
        "nested.parquet: column b.list.element is nested, and a table is flat; leave the column out of the file"
    );
    let not_read = "is not read: booleans, integers, floats and text are";
    assert_eq!(refusal("timestamp"), format!("timestamp.parquet: column b: timestamp {not_read}"));
    assert_eq!(refusal("decimal"), format!("decimal.parquet: column b: decimal {not_read}"));
    assert_eq!(refusal("binary"), format!("binary.parquet: column b: byte_array {not_read}"));
    assert_eq!(
        refusal("delta"),
        "delta.parquet: column b: encoding DELTA_BINARY_PACKED is not read; write plain or dictionary encoding"
    );
    assert_eq!(refusal("same_name"), "same_name.parquet: two columns are named a; rename one");
    assert_eq!(refusal("no_rows"), "no_rows.parquet: no rows");
}

#[test]
fn text_that_is_repeated_beyond_memory_is_refused() {
    let message = refusal("repeated");
    assert_eq!(message, "repeated.parquet: claims 10024 bytes, too many for the file's length");
}

#[test]
fn what_the_library_refuses_is_the_cause() {
    let cause = |error: DataError| error.source().unwrap().to_string();
    let error = Table::read(&path("lz4")).unwrap_err();
    assert!(error.to_string().ends_with("lz4.parquet cannot be read as a Parquet file"));
    assert!(cause(error).to_lowercase().contains("lz4"));
    let error = Table::read_parquet(&b"a,b\n1,2\n"[..], "t.parquet").unwrap_err();
    assert_eq!(error.to_string(), "t.parquet cannot be read as a Parquet file");
    assert!(!cause(error).is_empty());
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = fs::read(path("kinds_snappy")).unwrap();
    for len in 0..whole.len() {
        let error = Table::read_parquet(&whole[..len], "t.parquet").unwrap_err().to_string();
        assert!(error.starts_with("t.parquet") && !error.contains('\n'), "{error}");
    }
}

//! Reading of tables that nobody vouches for, as mutation tests and fuzzers drive it.

use std::io::Cursor;

use ckpt_data::{DataError, Roles, Table};

/// Reads a CSV file; tells whether it is one.
///
/// # Panics
/// If the table does not hang together.
pub(crate) fn csv(input: &[u8]) -> bool {
    check(|| Table::read_csv(input, "input.csv"))
}

/// Reads an NPY file; tells whether it is one.
///
/// # Panics
/// If the table does not hang together.
pub(crate) fn npy(input: &[u8]) -> bool {
    check(|| Table::read_npy(input, input.len() as u64, "input.npy"))
}

/// Reads an NPZ file; tells whether it is one.
///
/// # Panics
/// If the table does not hang together.
pub(crate) fn npz(input: &[u8]) -> bool {
    check(|| Table::read_npz(Cursor::new(input), "input.npz"))
}

/// Tells whether a reader gives a table, which must be the same each time.
///
/// # Panics
/// If the table does not hang together.
pub(crate) fn check(read: impl Fn() -> Result<Table, DataError>) -> bool {
    let result = read();
    let is_table = result.is_ok();
    match result {
        Ok(table) => {
            assert_eq!(read().expect("it was read before").id(), table.id());
            for column in table.columns() {
                assert!(table.column(&column.name).is_some());
            }
            if let Ok(samples) = table.split_target(None) {
                assert_eq!(samples.x.nrows(), table.rows());
            }
            if let Ok(samples) = table.samples::<f32>(&Roles::default()) {
                let classes = samples.classes.map_or(f32::INFINITY, |labels| labels.len() as f32);
                assert!(samples.y.iter().all(|y| *y < classes));
            }
        }
        Err(error) => {
            let line = error.to_string();
            assert!(line.contains("input.") && !line.contains('\n'), "{line}");
        }
    }
    is_table
}

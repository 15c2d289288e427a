//! Arrays that NumPy wrote, arrays that lie, and the fingerprints of both.

mod ids;
mod npy;
mod npz;

use std::{fs, io::Cursor, path::PathBuf};

use ckpt_data::{Column, Table, Values};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).expect("a file of the tests")
}

fn read_npy(bytes: &[u8]) -> Result<Table, String> {
    Table::read_npy(bytes, bytes.len() as u64, "t.npy").map_err(|error| error.to_string())
}

fn read_npz(bytes: &[u8]) -> Result<Table, String> {
    Table::read_npz(Cursor::new(bytes), "t.npz").map_err(|error| error.to_string())
}

fn numbers(table: &Table) -> Vec<Vec<f64>> {
    let numbers = |column: &Column| match &column.values {
        Values::Number(values) => values.clone(),
        Values::Single(values) => values.iter().copied().map(f64::from).collect(),
        Values::Text(_) => panic!("{} is text", column.name),
    };
    table.columns().iter().map(numbers).collect()
}

fn names(table: &Table) -> Vec<&str> {
    let columns = table.columns().iter();
    columns.map(|column| column.name.as_str()).collect()
}

/// An NPY file of version 1 with this header and body.
fn npy(header: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&(header.len() as u16 + 1).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes
}

fn with_shape(shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    npy(&header, body)
}

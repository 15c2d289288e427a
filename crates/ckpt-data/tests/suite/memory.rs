//! How often data are held in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_data::{Roles, Samples, Table};
use ckpt_testkit::peak::peak;
use ndarray::Array2;
use ndarray_npy::WriteNpyExt;

/// What buffers may take, whatever the size of the data.
const BUFFERS: usize = 256 << 10;

/// Checks how much is taken to read an array and to make samples of the table.
fn assert_copies<T: ndarray_npy::WritableElement>(array: &Array2<T>, elements: usize) {
    let mut file = Vec::new();
    array.write_npy(&mut file).unwrap();
    let mut table = None;
    let read = peak(|| table = Table::read_npy(&file[..], file.len() as u64, "t.npy").ok());
    assert!(read < file.len() + BUFFERS, "{read} bytes for {}", file.len());
    let table = table.unwrap();
    let mut samples: Option<Samples<f32>> = None;
    let split = peak(|| samples = table.samples(&Roles::default()).ok());
    assert_eq!(samples.unwrap().x.len() + table.rows(), elements);
    assert!(split < 4 * elements + BUFFERS, "{split} bytes for {elements} elements");
}

#[test]
fn arrays_are_read_and_split_without_needless_copies() {
    let x = Array2::from_shape_fn((20_000, 50), |(row, column)| (row * 50 + column) as f32);
    assert_copies(&x, x.len());
    assert_copies(&x.mapv(f64::from), x.len());
}

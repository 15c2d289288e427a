//! Rows of NPY files, read by position.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use ckpt_data::{Float, NpyRows, Roles, Table, Target};
use ndarray::{Array1, Array2, ShapeBuilder};
use ndarray_npy::{WritableElement, write_npy};
use proptest::prelude::*;

/// Writes a matrix and opens its rows.
fn rows<T: WritableElement>(folder: &Path, matrix: &Array2<T>) -> NpyRows {
    let path = folder.join("x.npy");
    write_npy(&path, matrix).unwrap();
    NpyRows::open(&path).unwrap()
}

/// Writes a file and says why its rows cannot be read.
fn refusal(header: &str, body: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&(header.len() as u16 + 1).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    fs::write(&path, bytes).unwrap();
    let error = NpyRows::open(&path).unwrap_err().to_string();
    error.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&error).to_owned()
}

fn numbers(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        ((row * columns + column) as f64).sin() * 1e3
    })
}

fn assert_reads<T: Float + PartialEq + std::fmt::Debug>(rows: &NpyRows, matrix: &Array2<T>) {
    let (count, columns) = matrix.dim();
    assert_eq!((rows.rows(), rows.columns()), (count, columns));
    for range in [0..count, 0..1, count - 1..count, count / 3..count / 2, 1..1] {
        let mut values = vec![T::default(); range.len() * columns];
        rows.read(range.clone(), &mut values).unwrap();
        let expected = matrix.slice(ndarray::s![range.clone(), ..]);
        assert!(values.iter().eq(expected.iter()), "{range:?}");
        for wanted in [0..columns - 1, columns - 1..columns] {
            if wanted.is_empty() {
                continue;
            }
            let mut values = vec![T::default(); range.len() * wanted.len()];
            rows.read_columns(range.clone(), wanted.clone(), &mut values).unwrap();
            let expected = matrix.slice(ndarray::s![range.clone(), wanted.clone()]);
            assert!(values.iter().eq(expected.iter()), "{range:?} {wanted:?}");
        }
    }
}

#[test]
fn rows_are_those_of_the_matrix_and_the_id_is_that_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    // Rows that fit a piece, rows that do not divide it, one that is longer.
    for (count, columns) in [(5, 2), (3000, 17), (4, 20_000)] {
        let double = numbers(count, columns);
        let single = double.mapv(|value| value as f32);
        let from_double = rows(folder.path(), &double);
        assert_eq!(from_double.dtype(), "float64");
        assert_reads(&from_double, &double);
        assert_reads(&from_double, &single);
        let table = Table::read(&folder.path().join("x.npy")).unwrap();
        assert_eq!(from_double.id().unwrap(), table.id());

        let from_single = rows(folder.path(), &single);
        assert_eq!(from_single.dtype(), "float32");
        assert_reads(&from_single, &single);
        assert_reads(&from_single, &single.mapv(f64::from));
        let table = Table::read(&folder.path().join("x.npy")).unwrap();
        assert_eq!(from_single.id().unwrap(), table.id());
    }
}

#[test]
fn files_that_numpy_wrote_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for name in ["values_c", "values_big_endian", "values_version_2", "float32", "vector"] {
        let path = folder.join(name).with_extension("npy");
        let (rows, table) = (NpyRows::open(&path).unwrap(), Table::read(&path).unwrap());
        assert_eq!(rows.id().unwrap(), table.id(), "{name}");
        let order: Vec<usize> = (0..rows.rows()).collect();
        let same = rows.rearranged(&order, &std::env::temp_dir()).unwrap();
        assert_eq!(same.id().unwrap(), table.id(), "{name}");
    }
}

#[test]
fn what_cannot_be_read_by_rows_is_refused() {
    let header = |dtype: &str, order: &str, shape: &str| {
        format!("{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': {shape}, }}")
    };
    let c = |dtype: &str, shape: &str, len: usize| {
        refusal(&header(dtype, "False", shape), &vec![0; len])
    };
    assert_eq!(c("<i4", "(2, 2)", 16), "dtype <i4 is not read by rows: float32 and float64 are");
    assert_eq!(c("<f4", "(2, 2)", 12), "shape [2, 2] of float32 takes 16 bytes, found 12");
    assert_eq!(c("<f4", "(2, 2)", 17), "shape [2, 2] of float32 takes 16 bytes, found 17");
    assert_eq!(c("<f8", "(1, 1, 1)", 8), "rank 3, but 1 or 2 is needed");
    assert_eq!(c("<f8", "()", 8), "rank 0, but 1 or 2 is needed");
    assert_eq!(c("<f8", "(0, 3)", 0), "no rows");
    assert_eq!(c("<f8", "(3, 0)", 0), "no columns");
    assert_eq!(
        refusal(&header("<f8", "True", "(2, 2)"), &[0; 32]),
        "in Fortran order, and rows are read from C order; save numpy.ascontiguousarray of it"
    );
    assert_eq!(refusal("{'descr'", &[]), "NPY header is not in Python's notation");
    assert_eq!(
        NpyRows::open("no/such.npy".as_ref()).unwrap_err().to_string(),
        "cannot read no/such.npy"
    );
}

#[test]
fn one_column_is_the_same_in_both_orders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let column = Array2::from_shape_vec((3, 1).f(), vec![1.0, 2.0, 3.0]).unwrap();
    write_npy(&path, &column).unwrap();
    assert_reads(&NpyRows::open(&path).unwrap(), &column.mapv(|value: f64| value));
}

#[test]
fn what_is_not_finite_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut matrix = numbers(5000, 7);
    matrix[(4321, 5)] = f64::NAN;
    matrix[(17, 2)] = 1e39;
    let rows = rows(folder.path(), &matrix);
    let name = folder.path().join("x.npy");
    let name = name.display();
    let mut values = vec![0.0_f64; 35_000];
    assert_eq!(
        rows.read(0..5000, &mut values).unwrap_err().to_string(),
        format!(
            "{name}: row 4322, column x5: NaN is not a finite number; correct it or remove the row"
        )
    );
    rows.read_columns(0..5000, 0..5, &mut values[..25_000]).unwrap();
    assert!(rows.read_columns(0..5000, 4..6, &mut values[..10_000]).is_err());
    rows.read(0..4321, &mut values[..4321 * 7]).unwrap();
    let mut values = vec![0.0_f32; 7];
    assert_eq!(
        rows.read(17..18, &mut values).unwrap_err().to_string(),
        format!("{name}: row 18, column x2: 1e39 is beyond float32; train in float64")
    );
    rows.read(18..19, &mut values).unwrap();
}

#[test]
fn a_file_that_is_cut_while_it_is_open_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), &numbers(100, 3));
    let path = folder.path().join("x.npy");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(1000).unwrap();
    let message = format!("{}: not as long as it claims", path.display());
    assert_eq!(rows.id().unwrap_err().to_string(), message);
    assert_eq!(rows.read(99..100, &mut [0.0_f64; 3]).unwrap_err().to_string(), message);
    rows.read(0..1, &mut [0.0_f64; 3]).unwrap();
}

#[test]
fn stored_samples_are_those_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut matrix = numbers(2000, 6);
    matrix.column_mut(2).mapv_inplace(f64::abs);
    matrix.column_mut(4).mapv_inplace(|value| (value.abs() / 400.0).floor());
    let rows = rows(folder.path(), &matrix);
    let table = Table::read(&folder.path().join("x.npy")).unwrap();
    let roles = |target: Option<&str>, kind, weights: Option<&str>, drop: &[&str]| Roles {
        target: target.map(str::to_owned),
        kind,
        weights: weights.map(str::to_owned),
        drop: drop.iter().map(|name| (*name).to_owned()).collect(),
    };
    let order: Vec<usize> = (0..2000).map(|index| (index * 7 + 3) % 2000).collect();
    for roles in [
        Roles::default(),
        roles(Some("x0"), Target::Number, None, &["x3", "x5"]),
        roles(Some("x4"), Target::Classes, Some("x2"), &["x0"]),
    ] {
        let samples = table.samples::<f32>(&roles).unwrap();
        let stored = rows.samples::<f32>(&roles, &order, folder.path()).unwrap();
        assert_eq!((&stored.features, &stored.target), (&samples.features, &samples.target));
        assert_eq!(stored.classes, samples.classes);
        let in_order = |values: &Array1<f32>| order.iter().map(|row| values[*row]).collect();
        let y: Array1<f32> = in_order(&samples.y);
        assert_eq!(stored.y, y);
        assert_eq!(stored.weights, samples.weights.as_ref().map(in_order));
        assert_reads(&stored.x, &samples.x.select(ndarray::Axis(0), &order));
    }
}

#[test]
fn stored_samples_are_refused_as_those_of_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut matrix = numbers(50, 3);
    matrix[(30, 1)] = f64::INFINITY;
    matrix[(20, 0)] = -1e300;
    let rows = rows(folder.path(), &matrix);
    let table = Table::read(&folder.path().join("x.npy")).unwrap();
    let order: Vec<usize> = (0..50).rev().collect();
    let name = |name: &str| Some(name.to_owned());
    for roles in [
        Roles::default(),
        Roles { target: name("x1"), ..Roles::default() },
        Roles { weights: name("x2"), ..Roles::default() },
        Roles { target: name("y"), ..Roles::default() },
        Roles { drop: vec!["x0".to_owned(), "x1".to_owned()], ..Roles::default() },
    ] {
        let expected = table.samples::<f64>(&roles).unwrap_err();
        let found = rows.samples::<f64>(&roles, &order, folder.path()).unwrap_err();
        let path = folder.path().join("x.npy");
        assert_eq!(found.to_string(), format!("{}: {expected}", path.display()));
    }
    let error = rows.samples::<f32>(&Roles::default(), &order, folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("row 21, column x0: -1e300 is beyond float32; train in float64")
    );
}

#[test]
#[should_panic(expected = "row 1 is in the order twice")]
fn an_order_names_each_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), &numbers(3, 2));
    let _ = rows.rearranged(&[0, 1, 1], folder.path());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(folder.path(), &numbers(3, 2));
    let error = rows.rearranged(&[0], "no/such".as_ref()).unwrap_err();
    assert_eq!(error.to_string(), "cannot write a temporary file in no/such");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_order_is_kept(
        columns in 2..5_usize, order in Just((0..200).collect::<Vec<usize>>()).prop_shuffle(), take in 1..200_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let matrix = numbers(200, columns);
        let new = rows(folder.path(), &matrix).rearranged(&order[..take], folder.path()).unwrap();
        let values = order[..take].iter().flat_map(|row| matrix.row(*row).to_vec()).collect();
        assert_reads(&new, &Array2::from_shape_vec((take, columns), values).unwrap());
    }
}

//! One id for the same values, wherever they come from.

use std::{fs, io::Cursor};

use ckpt_data::{Table, data_id};
use ckpt_hash::TableHasher;
use ndarray::{Array2, s};
use ndarray_npy::{NpzWriter, WriteNpyExt};
use proptest::prelude::*;

use super::{names, numbers, path, read_npy, read_npz};

#[test]
fn ids_are_those_that_another_implementation_gives() {
    let ids = fs::read_to_string(path("ids.csv")).unwrap();
    let lines: Vec<&str> = ids.lines().skip(1).collect();
    assert_eq!(lines.len(), 22);
    for line in lines {
        let (name, id) = line.split_once(',').unwrap();
        assert_eq!(data_id(&path(name)).unwrap().to_string(), id, "{name}");
        if !["cube.npy", "images.npz"].contains(&name) {
            let table = Table::read(&path(name)).unwrap();
            assert_eq!(table.id().to_string(), id, "{name} as a table");
        }
    }
}

#[test]
fn every_format_of_the_same_floats_gives_the_same_table() {
    let csv = Table::read(&path("values.csv")).unwrap();
    assert_eq!((csv.rows(), csv.columns().len()), (5, 4));
    for name in ["c", "fortran", "big_endian", "version_2"] {
        let table = Table::read(&path(&format!("values_{name}.npy"))).unwrap();
        assert_eq!(numbers(&table), numbers(&csv), "{name}");
        assert_eq!(names(&table), ["x0", "x1", "x2", "x3"]);
    }
    for name in ["values.npz", "values_deflated.npz"] {
        assert_eq!(Table::read(&path(name)).unwrap(), csv, "{name}");
    }
}

#[test]
fn memory_has_the_id_of_files() {
    let file = Table::read(&path("values_fortran.npy")).unwrap();
    let columns = numbers(&file);
    let matrix = Array2::from_shape_fn((5, 4), |(row, column)| columns[column][row]);
    let hash = TableHasher::new().matrix(matrix.view()).finish();
    let memory = Table::new(file.columns().to_vec()).unwrap();
    assert_eq!((hash, memory.id()), (file.id(), file.id()));
}

#[test]
fn other_files_count_by_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (text, csv) = (folder.path().join("a.txt"), folder.path().join("a.CSV"));
    for path in [&text, &csv] {
        fs::write(path, "a,b\n1,2\n").unwrap();
    }
    let bytes = data_id(&text).unwrap();
    assert_ne!(bytes, data_id(&csv).unwrap());
    fs::write(&csv, "x,y\r\n1.0,2e0\r\n").unwrap();
    let values = TableHasher::new().f64_column([1.0]).f64_column([2.0]);
    assert_eq!(data_id(&csv).unwrap(), values.finish());
    let digest = ckpt_hash::Digest::of(b"a,b\n1,2\n");
    assert_eq!(bytes, TableHasher::new().file(&digest).finish());
}

fn matrices() -> impl Strategy<Value = Array2<f64>> {
    let float = any::<f64>().prop_filter("a NaN loses its payload in text", |x| !x.is_nan());
    (1..6usize, 2..5usize).prop_flat_map(move |(rows, columns)| {
        prop::collection::vec(float.clone(), rows * columns).prop_map(move |values| {
            Array2::from_shape_vec((rows, columns), values).expect("rows x columns")
        })
    })
}

proptest! {
    #[test]
    fn the_same_floats_have_one_id_everywhere(matrix in matrices()) {
        let id = TableHasher::new().matrix(matrix.view()).finish();

        let names: Vec<String> = (0..matrix.ncols()).map(|i| format!("c{i}")).collect();
        let line = |row: ndarray::ArrayView1<'_, f64>| {
            row.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(",")
        };
        let rows: Vec<String> = matrix.rows().into_iter().map(line).collect();
        let csv = format!("{}\n{}\n", names.join(","), rows.join("\n"));
        prop_assert_eq!(Table::read_csv(csv.as_bytes(), "t.csv").unwrap().id(), id);

        let mut c_order = Vec::new();
        matrix.write_npy(&mut c_order).unwrap();
        prop_assert_eq!(read_npy(&c_order).unwrap().id(), id);

        let mut fortran_order = Vec::new();
        let transposed = matrix.t().as_standard_layout().into_owned();
        transposed.t().write_npy(&mut fortran_order).unwrap();
        prop_assert_eq!(read_npy(&fortran_order).unwrap().id(), id);

        let last = matrix.ncols() - 1;
        let mut npz = NpzWriter::new_compressed(Cursor::new(Vec::new()));
        npz.add_array("y", &matrix.column(last)).unwrap();
        npz.add_array("X", &matrix.slice(s![.., ..last])).unwrap();
        let npz = npz.finish().unwrap().into_inner();
        prop_assert_eq!(read_npz(&npz).unwrap().id(), id);
    }
}

//! NPZ archives.

use std::io::{Cursor, Write};

use ckpt_data::{Table, Values};

use super::{bytes, names, path, read_npz, with_shape};

#[test]
fn dtype_and_order_of_an_npz_follow_its_arrays() {
    let table = Table::read(&path("mixed.npz")).unwrap();
    assert_eq!(names(&table), ["x0", "x1", "y"]);
    assert_eq!(table.column("y").unwrap().values, Values::Number(vec![0.0, 1.0, 1.0]));
    let as_f64 = Table::new(table.columns().to_vec()).unwrap();
    assert_ne!(as_f64.id(), table.id());
}

/// Where a directory entry of an archive has the checksum and the size before compression.
const CHECKSUM: usize = 16;
const SIZE: usize = 24;

/// Overwrites a field of an archive's first central directory entry.
fn patch(archive: &mut [u8], offset: usize, value: u32) {
    let entry = archive
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .expect("an entry of the directory");
    archive[entry + offset..][..4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn archives_that_lie_about_sizes_are_refused() {
    let mut archive = bytes("values_deflated.npz");
    patch(&mut archive, SIZE, 0xffff_fff0);
    assert_eq!(
        read_npz(&archive).unwrap_err(),
        "t.npz: array X: claims 4294967280 bytes, more than the archive can hold"
    );
    patch(&mut archive, SIZE, 400_000);
    assert_eq!(
        read_npz(&archive).unwrap_err(),
        "t.npz: array X: shape [5, 3] of float64 takes 120 bytes, found 399872"
    );
    patch(&mut archive, SIZE, 128);
    assert_eq!(
        read_npz(&archive).unwrap_err(),
        "t.npz: array X: shape [5, 3] of float64 takes 120 bytes, found 0"
    );
}

#[test]
fn arrays_that_lie_inside_an_archive_are_refused() {
    let lying = npz(&[("X", with_shape("(9999,)", &[0; 8])), ("y", vec![])]);
    assert_eq!(
        read_npz(&lying).unwrap_err(),
        "t.npz: array X: shape [9999] of float64 takes 79992 bytes, found 8"
    );
    // The archive's entry and the array's header agree on more than there is.
    let header = with_shape("(9999,)", &[]).len() as u32;
    let mut short = npz(&[("X", with_shape("(9999,)", &[0; 8])), ("y", vec![0; 999])]);
    patch(&mut short, SIZE, header + 79_992);
    assert_eq!(read_npz(&short).unwrap_err(), "t.npz: array X: not as long as it claims");
}

/// An uncompressed archive of these files.
fn npz(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        zip.start_file(*name, options).expect("a new name");
        zip.write_all(content).expect("room in memory");
    }
    zip.finish().expect("room in memory").into_inner()
}

#[test]
fn archives_need_x_and_y_that_fit() {
    let matrix = with_shape("(2, 1)", &[0; 16]);
    let vector = with_shape("(2,)", &[0; 16]);
    let refusal = |files: &[(&str, Vec<u8>)]| read_npz(&npz(files)).unwrap_err();
    let x = ("X.npy", matrix.clone());
    let y = ("y.npy", vector.clone());
    assert_eq!(refusal(&[]), "t.npz: needs the arrays X and y, found none");
    assert_eq!(
        refusal(&[x.clone(), y.clone(), ("z\n.npy", vec![])]),
        r"t.npz: needs the arrays X and y, found X, y, z\n"
    );
    assert_eq!(refusal(&[("X.npy", vector.clone()), y]), "t.npz: array X: rank 1, but 2 is needed");
    assert_eq!(refusal(&[x.clone(), ("y.npy", matrix)]), "t.npz: array y: rank 2, but 1 is needed");
    assert_eq!(
        refusal(&[x, ("y.npy", with_shape("(3,)", &[0; 24]))]),
        "t.npz: column y has 3 rows, column x0 has 2"
    );
}

#[test]
fn what_is_no_archive_is_refused_with_a_cause() {
    let error = Table::read_npz(Cursor::new(b"a,b\n1,2\n"), "t.npz").unwrap_err();
    assert_eq!(error.to_string(), "t.npz is not an NPZ archive");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("EOCD"), "{cause}");
}

#[test]
fn a_checksum_that_differs_is_a_read_error() {
    let mut archive = bytes("values.npz");
    patch(&mut archive, CHECKSUM, 0);
    let error = Table::read_npz(Cursor::new(archive), "t.npz").unwrap_err();
    assert_eq!(error.to_string(), "cannot read t.npz: array y");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "Invalid checksum");
}

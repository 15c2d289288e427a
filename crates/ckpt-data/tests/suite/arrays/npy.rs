//! NPY files, and what any file may get wrong.

use ckpt_data::{Table, data_id};

use super::{bytes, npy, numbers, path, read_npy, read_npz, with_shape};

#[test]
fn elements_become_f64() {
    let read = |name: &str| numbers(&Table::read(&path(&format!("{name}.npy"))).unwrap());
    assert_eq!(read("int8"), [[-128.0, 3.0], [1.0, 4.0], [2.0, 127.0]]);
    assert_eq!(read("int16")[0][0], f64::from(i16::MIN));
    assert_eq!(read("int32")[2][1], f64::from(i32::MAX));
    assert_eq!(read("int64")[2][1], 2f64.powi(63), "rounded");
    assert_eq!(read("uint8"), [[0.0, 3.0], [1.0, 4.0], [2.0, 255.0]]);
    assert_eq!(read("uint16")[2][1], f64::from(u16::MAX));
    assert_eq!(read("uint32")[2][1], f64::from(u32::MAX));
    assert_eq!(read("uint64")[2][1], 2f64.powi(64), "rounded");
    assert_eq!(read("float32")[0], [f64::from(0.1f32), f64::from(f32::MAX)]);
    assert_eq!(read("float32")[2][0], f64::from(f32::from_bits(1)));
    assert_eq!(read("bool"), [[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]);
    let big_endian = read("int32_big_endian_fortran");
    assert_eq!(big_endian, [[1.0, 4.0], [2.0, 5.0], [3.0, -6.0]]);
    assert_eq!(read("vector"), [[1.5, -2.0, 0.1]]);
}

#[test]
fn what_is_no_table_is_refused() {
    let refusal = |name: &str| {
        let error = Table::read(&path(name)).unwrap_err().to_string();
        error.rsplit_once("data/").unwrap().1.to_owned()
    };
    assert_eq!(refusal("cube.npy"), "cube.npy: rank 3, but 1 or 2 is needed");
    assert_eq!(
        refusal("text.npy"),
        "text.npy: dtype <U3 is not read: bool, integers, float32 and float64 are"
    );
    assert_eq!(
        refusal("float16.npy"),
        "float16.npy: dtype <f2 is not read: bool, integers, float32 and float64 are"
    );
    assert_eq!(refusal("records.npy"), "records.npy: the elements are records of several fields");
    assert_eq!(refusal("images.npz"), "images.npz: needs the arrays X and y, found a, b");
    assert_eq!(
        refusal("make_data.py"),
        "make_data.py: not a table: the name of a table ends in .csv, .npy, .npz or .parquet"
    );
}

#[test]
fn shapes_that_lie_are_refused_before_memory_is_taken() {
    let size = |shape: &str, len: usize| read_npy(&with_shape(shape, &vec![0; len])).unwrap_err();
    assert_eq!(size("(3, 4)", 40), "t.npy: shape [3, 4] of float64 takes 96 bytes, found 40");
    assert_eq!(size("(2,)", 17), "t.npy: shape [2] of float64 takes 16 bytes, found 17");
    assert_eq!(
        size("(1152921504606846976, 1)", 8),
        "t.npy: shape [1152921504606846976, 1] of float64 takes 9223372036854775808 bytes, found 8"
    );
    assert!(size(&format!("({0}, {0}, {0})", u64::MAX), 8).contains("bytes, found 8"));
    assert_eq!(size(&format!("({0}, {0}, 0)", u64::MAX), 0), "t.npy: a shape beyond all memory");
    assert_eq!(size("(0, 3)", 0), "t.npy: no rows");
    assert_eq!(size("(3, 0)", 0), "t.npy: no columns");
    assert_eq!(size("()", 8), "t.npy: rank 0, but 1 or 2 is needed");
}

#[test]
fn headers_that_lie_are_refused() {
    let refusal = |bytes: &[u8]| read_npy(bytes).unwrap_err();
    assert_eq!(refusal(b"a,b\n1,2\n3,4\n"), "t.npy: this is no NPY file");
    assert_eq!(refusal(b"\x93NUMPY\x04\0\x10\0\0\0"), "t.npy: NPY version 4.0");
    assert_eq!(refusal(b"\x93NUMPY\x02\0\xff\xff\xff\xff{'descr'"), "t.npy: NPY header is cut off");
    let plain = "t.npy: NPY header ";
    let sum = format!("({}+1e0,)", "9".repeat(400));
    for shape in ["(-1,)", "(1.5,)", "1", "(1j,)", &format!("({},)", "9".repeat(99)), &sum] {
        let refused = refusal(&with_shape(shape, &[0; 8]));
        assert!(refused.starts_with(plain), "{shape}: {refused}");
    }
    for [open, close] in [["[", "]"], ["(", ")"], ["{", "}"]] {
        for depth in [40, 4000] {
            let nested = open.repeat(depth) + &close.repeat(depth);
            assert!(refusal(&npy(&nested, &[])).starts_with(plain));
        }
    }
    assert!(refusal(&npy("{'shape': (1,), }", &[0; 8])).starts_with(plain));
    let two_lines = "{'descr': 'a\nb', 'fortran_order': False, 'shape': (1,), }";
    assert_eq!(
        refusal(&npy(two_lines, &[0; 8])),
        r"t.npy: dtype a\nb is not read: bool, integers, float32 and float64 are"
    );
    let mut unended = with_shape("(1,)", &[0; 8]);
    unended[8] -= 1;
    assert_eq!(refusal(&unended), "t.npy: shape [1] of float64 takes 8 bytes, found 9");
}

#[test]
fn a_bool_is_0_or_1() {
    let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }";
    assert_eq!(
        read_npy(&npy(header, &[0, 1, 2])).unwrap_err(),
        "t.npy: a bool that is neither 0 nor 1"
    );
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let whole = bytes("values_c.npy");
    let longer = [&whole[..], &[0; 8]].concat();
    for actual in [&whole[..whole.len() - 8], &longer[..]] {
        let error = Table::read_npy(actual, whole.len() as u64, "t.npy").unwrap_err();
        assert_eq!(error.to_string(), "t.npy: not as long as it claims");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for name in ["values_c.npy", "int8.npy", "values_version_2.npy"] {
        let whole = bytes(name);
        for len in 0..whole.len() {
            let message = read_npy(&whole[..len]).unwrap_err();
            assert!(message.starts_with("t.npy: "), "{message}");
        }
    }
    for name in ["values.npz", "values_deflated.npz"] {
        let whole = bytes(name);
        for len in 0..whole.len() {
            let message = read_npz(&whole[..len]).unwrap_err();
            assert!(message.contains("t.npz"), "{message}");
        }
    }
    assert_eq!(
        read_npy(&bytes("values_c.npy")[..100]).unwrap_err(),
        "t.npy: NPY header is cut off"
    );
}

#[test]
fn a_flipped_bit_never_panics_and_data_never_change_unseen() {
    for name in ["values_c.npy", "bool.npy", "mixed.npz", "values_deflated.npz"] {
        let whole = bytes(name);
        let is_archive = name.ends_with('z');
        let read = |bytes: &[u8]| match is_archive {
            true => read_npz(bytes),
            false => read_npy(bytes),
        };
        let original = read(&whole).unwrap();
        for bit in 0..8 * whole.len() {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match read(&flipped) {
                // What a checksum covers comes back as it was, or not at all.
                Ok(table) if is_archive => assert_eq!(table.id(), original.id(), "bit {bit}"),
                Ok(_) => {}
                Err(message) => assert!(!message.contains('\n'), "{message:?}"),
            }
        }
    }
}

#[test]
fn missing_files_are_named() {
    for name in ["no/such.csv", "no/such.npy", "no/such.npz"] {
        let error = Table::read(name.as_ref()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read {name}"));
    }
    let error = data_id("no/such.txt".as_ref()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read no/such.txt");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_needs_its_feature() {
    let path = path("values.parquet");
    for error in [Table::read(&path).unwrap_err(), data_id(&path).unwrap_err()] {
        let message = "Parquet is read only by a program built with --features parquet";
        assert_eq!(error.to_string(), format!("{}: {message}", path.display()));
    }
}

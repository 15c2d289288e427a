//! What merging makes of numbers that can be followed by hand, and what it refuses.

use super::*;

#[test]
fn integers_scales_and_unknown_packings_are_never_averaged() {
    let refused: Vec<&str> =
        Dtype::ALL.iter().filter(|dtype| !Arithmetic::merges(**dtype)).map(|d| d.name()).collect();
    let integers = ["BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"];
    assert_eq!(refused, [&integers[..], &["F8_E8M0", "F6_E2M3", "F6_E3M2"]].concat());
    for name in refused {
        let dtype: Dtype = name.parse().unwrap();
        let error = Scan::new(dtype, AVERAGE).unwrap_err();
        assert_eq!(error, TensorError::NotMergeable(dtype));
    }
}

#[test]
fn task_arithmetic_adds_scaled_changes() {
    let arithmetic = Arithmetic::TaskArithmetic { ours: 0.5, theirs: 2.0 };
    let merged = merge_f64(arithmetic, &[1.0, 1.0, 1.0], &[3.0, 1.0, 3.0], &[1.0, 2.0, 0.0]);
    assert_eq!(merged, [2.0, 3.0, 0.0]);
}

#[test]
fn ties_elects_the_sign_of_the_greater_change_and_means_what_agrees() {
    let arithmetic = Arithmetic::Ties { density: 1.0, scale: 2.0 };
    let ours = [1.0, 3.0, 3.0, -2.0, 0.0, 2.0];
    let theirs = [3.0, -1.0, -3.0, -4.0, 5.0, 0.0];
    let merged = merge_f64(arithmetic, &[0.0; 6], &ours, &theirs);
    assert_eq!(merged, [4.0, 6.0, 0.0, -6.0, 10.0, 4.0]);
}

#[test]
fn ties_trims_each_side_by_itself() {
    let arithmetic = Arithmetic::Ties { density: 0.25, scale: 1.0 };
    // Of ours the 8 stays, of theirs the 0.08.
    let merged = merge_f64(arithmetic, &[0.0; 4], &[8.0, 4.0, 2.0, 1.0], &[0.01, 0.02, 0.04, 0.08]);
    assert_eq!(merged, [8.0, 0.0, 0.0, 0.08]);
}

#[test]
fn slerp_goes_along_the_arc_and_straight_where_there_is_none() {
    let half = Arithmetic::Slerp { t: 0.5 };
    let across = merge_f64(half, &[0.0; 2], &[1.0, 0.0], &[0.0, 1.0]);
    for value in across {
        assert!((value - 0.5f64.sqrt()).abs() < 1e-15, "{value}");
    }
    for (ours, theirs, middle) in [
        ([2.0, 0.0], [4.0, 0.0], [3.0, 0.0]),
        ([2.0, 0.0], [-4.0, 0.0], [-1.0, 0.0]),
        ([0.0, 0.0], [4.0, 2.0], [2.0, 1.0]),
        ([1e200, 0.0], [0.0, 1e200], [5e199, 5e199]),
    ] {
        assert_eq!(merge_f64(half, &[0.0; 2], &ours, &theirs), middle);
    }
}

#[test]
fn results_beyond_the_range_are_the_largest_finite_value() {
    let twice = Arithmetic::TaskArithmetic { ours: 2.0, theirs: 2.0 };
    let bytes = |bits: u16| bits.to_le_bytes().to_vec();
    // 65504, the greatest F16, and its negative.
    for (side, expected) in [(0x7bff, 0x7bff), (0xfbff, 0xfbff)] {
        let triple = Triple { base: bytes(0), ours: bytes(side), theirs: bytes(side) };
        assert_eq!(merge(Dtype::F16, twice, &triple), bytes(expected));
    }
    assert_eq!(merge_f64(twice, &[0.0], &[f64::MAX], &[1.0]), [f64::MAX]);
    assert_eq!(merge_f64(twice, &[-f64::MAX], &[f64::MAX], &[f64::MAX]), [f64::MAX]);
}

#[test]
fn numbers_are_rounded_once() {
    // Halfway between two BF16 values when rounded to F32 first, above it when not.
    let value = |value: f32| value.to_bits().to_be_bytes()[..2].iter().rev().copied().collect();
    let triple = Triple { base: value(1.0), ours: value(1.0), theirs: value(1.007_812_5) };
    let nudged = Arithmetic::Average { weight: 0.5 + 2f64.powi(-30) };
    assert_eq!(merge(Dtype::Bf16, AVERAGE, &triple), triple.ours);
    assert_eq!(merge(Dtype::Bf16, nudged, &triple), triple.theirs);
}

#[test]
fn parameters_out_of_range_are_named() {
    for (arithmetic, message) in [
        (Arithmetic::Average { weight: 1.5 }, "weight 1.5 is not from 0 to 1"),
        (Arithmetic::Average { weight: f64::NAN }, "weight NaN is not from 0 to 1"),
        (Arithmetic::Slerp { t: -0.1 }, "t -0.1 is not from 0 to 1"),
        (
            Arithmetic::TaskArithmetic { ours: f64::INFINITY, theirs: 1.0 },
            "scale inf is not a finite number",
        ),
        (Arithmetic::Ties { density: 0.0, scale: 1.0 }, "density 0 is not above 0 and at most 1"),
    ] {
        let error = Scan::new(Dtype::F32, arithmetic).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(arithmetic.check(), Err(error));
    }
}

#[test]
fn unequal_and_partial_pieces_and_missing_bases_are_refused() {
    let try_f32 = |arithmetic, base, ours: &[u8], theirs: &[u8]| {
        try_merge(Dtype::F32, arithmetic, &Sides { base, ours, theirs }).unwrap_err().to_string()
    };
    let (four, six) = ([0; 4], [0; 6]);
    assert_eq!(try_f32(AVERAGE, None, &four, &six), "tensors differ in length: 4 and 6 bytes");
    assert_eq!(
        try_f32(AVERAGE, None, &six, &six),
        "6 bytes are not a whole number of F32 elements"
    );
    let ties = Arithmetic::Ties { density: 0.5, scale: 1.0 };
    assert_eq!(try_f32(ties, None, &four, &four), "TIES needs a base");
    assert_eq!(try_f32(ties, Some(&six), &four, &four), "tensors differ in length: 4 and 6 bytes");
}

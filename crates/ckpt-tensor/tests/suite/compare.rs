//! The comparison against plain formulas on small tensors.

use ckpt_tensor::{Comparison, Difference, Dtype, NumericDifference, TensorError};
use proptest::prelude::*;

fn compare(dtype: Dtype, a: &[u8], b: &[u8]) -> Difference {
    let mut comparison = Comparison::new(dtype);
    comparison.update(a, b).expect("whole elements of equal length");
    comparison.finish()
}

fn numeric(dtype: Dtype, a: &[u8], b: &[u8]) -> NumericDifference {
    compare(dtype, a, b).numeric.expect("a dtype with numbers")
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn known_vectors() {
    let difference = compare(Dtype::F64, &f64s(&[3.0, 4.0, 0.0]), &f64s(&[3.0, 0.0, 3.0]));
    assert_eq!((difference.elements, difference.changed), (3, 2));
    assert_eq!(difference.changed_fraction(), 2.0 / 3.0);
    let numeric = difference.numeric.unwrap();
    assert_eq!(numeric.compared, 3);
    assert_eq!(numeric.max_abs, 4.0);
    assert_eq!(numeric.mean_abs, 7.0 / 3.0);
    assert_eq!(numeric.l2, 5.0);
    assert_eq!(numeric.relative_l2, 1.0);
    let cosine = 9.0 / (5.0 * 18f64.sqrt());
    assert!((numeric.cosine - cosine).abs() < 1e-15);
}

#[test]
fn equal_tensors_are_at_distance_zero() {
    let a = f32s(&[1.5, -2.0, f32::NAN, f32::INFINITY]);
    let difference = compare(Dtype::F32, &a, &a);
    assert_eq!(difference.changed, 0);
    let numeric = difference.numeric.unwrap();
    assert_eq!((numeric.max_abs, numeric.l2, numeric.relative_l2), (0.0, 0.0, 0.0));
    assert_eq!(numeric.cosine, 1.0);
    assert_eq!((numeric.compared, numeric.nan_a, numeric.inf_b), (2, 1, 1));
}

#[test]
fn nothing_to_compare_has_defined_results() {
    let difference = compare(Dtype::F32, &[], &[]);
    assert_eq!((difference.elements, difference.changed_fraction()), (0, 0.0));
    let numeric = difference.numeric.unwrap();
    assert_eq!((numeric.mean_abs, numeric.relative_l2, numeric.cosine), (0.0, 0.0, 1.0));
}

#[test]
fn zero_vectors_have_defined_ratios() {
    let (zero, one) = (f32s(&[0.0]), f32s(&[1.0]));
    let from_zero = numeric(Dtype::F32, &zero, &one);
    assert_eq!((from_zero.relative_l2, from_zero.cosine), (f64::INFINITY, 0.0));
    let to_zero = numeric(Dtype::F32, &one, &zero);
    assert_eq!((to_zero.relative_l2, to_zero.cosine), (1.0, 0.0));
}

#[test]
fn nan_and_infinity_are_counted_and_left_out() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let a = f32s(&[inf, inf, nan, nan, 1.0, 1.0, 2.0]);
    let b = f32s(&[inf, -inf, nan, 1.0, nan, inf, 5.0]);
    let difference = compare(Dtype::F32, &a, &b);
    assert_eq!(difference.changed, 5);
    let numeric = difference.numeric.unwrap();
    assert_eq!((numeric.compared, numeric.max_abs), (1, 3.0));
    assert_eq!((numeric.nan_a, numeric.nan_b), (2, 2));
    assert_eq!((numeric.inf_a, numeric.inf_b), (2, 3));
}

#[test]
fn signed_zeros_differ_in_bits_and_not_in_value() {
    let difference = compare(Dtype::F32, &f32s(&[0.0]), &f32s(&[-0.0]));
    assert_eq!(difference.changed, 1);
    assert_eq!(difference.numeric.unwrap().max_abs, 0.0);
}

#[test]
fn wide_integers_differ_exactly() {
    let a = (i64::MAX).to_le_bytes();
    let b = (i64::MAX - 1).to_le_bytes();
    assert_eq!(numeric(Dtype::I64, &a, &b).max_abs, 1.0);
    let far = numeric(Dtype::I64, &i64::MIN.to_le_bytes(), &a);
    assert_eq!(far.max_abs, 2f64.powi(64));
    let unsigned = numeric(Dtype::U64, &0u64.to_le_bytes(), &u64::MAX.to_le_bytes());
    assert_eq!(unsigned.max_abs, 2f64.powi(64));
}

#[test]
fn complex_numbers_count_whole_and_sum_by_parts() {
    let difference =
        compare(Dtype::C64, &f32s(&[1.0, 2.0, 0.0, 0.0]), &f32s(&[4.0, 6.0, 0.0, 0.0]));
    assert_eq!((difference.elements, difference.changed), (2, 1));
    let numeric = difference.numeric.unwrap();
    assert_eq!((numeric.compared, numeric.max_abs, numeric.l2), (4, 4.0, 5.0));
}

/// One element of each dtype that turns from 1 into 2.
#[test]
fn every_dtype_is_decoded() {
    let table: &[(Dtype, &[u8], &[u8])] = &[
        (Dtype::U8, &[1], &[2]),
        (Dtype::I8, &[0xff], &[0xfe]),
        (Dtype::U16, &[1, 0], &[2, 0]),
        (Dtype::I16, &[0xff, 0xff], &[0xfe, 0xff]),
        (Dtype::U32, &[1, 0, 0, 0], &[2, 0, 0, 0]),
        (Dtype::I32, &[0xff; 4], &[0xfe, 0xff, 0xff, 0xff]),
        (Dtype::F16, &[0x00, 0x3c], &[0x00, 0x40]),
        (Dtype::Bf16, &[0x80, 0x3f], &[0x00, 0x40]),
        (Dtype::F8E4M3, &[0x38], &[0x40]),
        (Dtype::F8E5M2, &[0x3c], &[0x40]),
        (Dtype::F8E8M0, &[127], &[128]),
        (Dtype::F8E4M3Fnuz, &[0x40], &[0x48]),
        (Dtype::F8E5M2Fnuz, &[0x40], &[0x44]),
    ];
    for &(dtype, one, two) in table {
        let difference = compare(dtype, one, two);
        assert_eq!((difference.elements, difference.changed), (1, 1), "{dtype}");
        let numeric = difference.numeric.unwrap();
        assert_eq!((numeric.max_abs, numeric.l2), (1.0, 1.0), "{dtype}");
        assert_eq!(numeric.relative_l2, 1.0, "{dtype}");
    }
}

#[test]
fn booleans_are_zero_and_one() {
    let difference = compare(Dtype::Bool, &[0, 1, 1, 0], &[1, 7, 0, 0]);
    assert_eq!((difference.elements, difference.changed), (4, 3));
    assert_eq!(difference.numeric.unwrap().l2, 2f64.sqrt());
}

#[test]
fn four_bit_floats_are_two_per_byte() {
    // 0x2 is 1.0, 0x4 is 2.0, 0x7 is 6.0.
    let difference = compare(Dtype::F4, &[0x22, 0x77], &[0x42, 0x77]);
    assert_eq!((difference.elements, difference.changed), (4, 1));
    assert_eq!(difference.numeric.unwrap().max_abs, 1.0);
}

#[test]
fn six_bit_floats_are_compared_as_bytes() {
    let difference = compare(Dtype::F6E3M2, &[1, 2, 3], &[1, 2, 4]);
    assert_eq!((difference.elements, difference.changed), (3, 1));
    assert_eq!(difference.numeric, None);
}

#[test]
fn unequal_and_partial_pieces_are_refused() {
    let mut comparison = Comparison::new(Dtype::F32);
    let error = comparison.update(&[0; 4], &[0; 8]).unwrap_err();
    assert_eq!(error, TensorError::LengthMismatch { a: 4, b: 8 });
    let error = comparison.update(&[0; 6], &[0; 6]).unwrap_err();
    assert_eq!(error, TensorError::PartialElement { len: 6, dtype: Dtype::F32 });
    assert_eq!(comparison.finish().elements, 0);
}

proptest! {
    #[test]
    fn cuts_leave_no_trace_in_any_bit(
        dtype in prop::sample::select(Dtype::ALL.to_vec()),
        bytes in prop::collection::vec(any::<(u8, u8)>(), 0..40),
        cut in 0usize..40,
    ) {
        let (a, b): (Vec<u8>, Vec<u8>) = bytes.into_iter().unzip();
        let width = dtype.element_width().unwrap_or(1);
        let whole = a.len() / width * width;
        let cut = cut.min(whole) / width * width;
        let mut pieces = Comparison::new(dtype);
        pieces.update(&a[..cut], &b[..cut]).unwrap();
        pieces.update(&a[cut..whole], &b[cut..whole]).unwrap();
        let at_once = compare(dtype, &a[..whole], &b[..whole]);
        // By their text, which shows every bit that matters and takes NaN for equal to itself.
        prop_assert_eq!(format!("{:?}", pieces.finish()), format!("{at_once:?}"));
    }

    #[test]
    fn plain_formulas_agree(values in prop::collection::vec((-1e3f32..1e3, -1e3f32..1e3), 1..50)) {
        let (a, b): (Vec<f32>, Vec<f32>) = values.iter().copied().unzip();
        let found = numeric(Dtype::F32, &f32s(&a), &f32s(&b));
        let differences: Vec<f64> =
            values.iter().map(|&(a, b)| (f64::from(a) - f64::from(b)).abs()).collect();
        let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-12 * y.abs();
        prop_assert_eq!(found.max_abs, differences.iter().copied().fold(0.0, f64::max));
        prop_assert!(near(found.mean_abs, differences.iter().sum::<f64>() / values.len() as f64));
        prop_assert!(near(found.l2, norm(&differences)));
        let norm_a = norm(&a.iter().copied().map(f64::from).collect::<Vec<_>>());
        prop_assert!(near(found.relative_l2, norm(&differences) / norm_a));
        prop_assert!((-1.0..=1.0).contains(&found.cosine));
    }
}

fn across(from: Dtype, to: Dtype, a: &[u8], b: &[u8]) -> Difference {
    let mut comparison = Comparison::between(from, to).expect("their elements can be paired");
    comparison.update(a, b).expect("whole elements, as many on both sides");
    comparison.finish()
}

fn bf16s(values: &[f32]) -> Vec<u8> {
    // Only for values that bf16 holds exactly.
    values.iter().flat_map(|value| ((value.to_bits() >> 16) as u16).to_le_bytes()).collect()
}

#[test]
fn a_cast_is_measured_in_values() {
    let before = f32s(&[1.0, 1.0 + 1.0 / 256.0, -0.0, f32::NAN, f32::INFINITY, 3.0e38]);
    let after = bf16s(&[1.0, 1.0, 0.0, f32::NAN, f32::INFINITY, f32::INFINITY]);
    let difference = across(Dtype::F32, Dtype::Bf16, &before, &after);
    assert_eq!((difference.elements, difference.changed), (6, 2), "-0 is 0 and NaN is NaN");
    let numeric = difference.numeric.unwrap();
    assert_eq!((numeric.compared, numeric.max_abs), (3, 1.0 / 256.0));
    assert_eq!((numeric.nan_a, numeric.nan_b, numeric.inf_a, numeric.inf_b), (1, 1, 1, 2));
    let back = across(Dtype::Bf16, Dtype::F32, &after, &before);
    assert_eq!(back.numeric.unwrap().l2, numeric.l2);
}

#[test]
fn elements_of_any_width_are_paired() {
    // The halves of a byte of F4 are 1.0 and -0.5.
    let difference = across(Dtype::F4, Dtype::F64, &[0x92], &f64s(&[1.0, -1.0]));
    assert_eq!((difference.elements, difference.changed), (2, 1));
    assert_eq!(difference.numeric.unwrap().max_abs, 0.5);
    let integers = [7_i64.to_le_bytes(), (-1_i64).to_le_bytes()].concat();
    assert_eq!(across(Dtype::I64, Dtype::U8, &integers, &[7, 255]).changed, 1);
    assert_eq!(across(Dtype::Bool, Dtype::U8, &[2, 0], &[1, 0]).changed, 0);
}

#[test]
fn what_cannot_be_paired_is_refused() {
    for (a, b) in
        [(Dtype::C64, Dtype::F32), (Dtype::F6E2M3, Dtype::F32), (Dtype::F4, Dtype::F6E3M2)]
    {
        assert!(Comparison::between(a, b).is_none(), "{a} and {b}");
    }
    assert!(Comparison::between(Dtype::F6E2M3, Dtype::F6E2M3).is_some());
    let mut comparison = Comparison::between(Dtype::F32, Dtype::F16).unwrap();
    let error = comparison.update(&[0; 8], &[0; 8]).unwrap_err();
    assert_eq!(error, TensorError::LengthMismatch { a: 8, b: 8 });
    let error = comparison.update(&[0; 6], &[0; 3]).unwrap_err();
    assert_eq!(error, TensorError::PartialElement { len: 6, dtype: Dtype::F32 });
}

proptest! {
    /// Widening changes nothing, wherever the bytes are cut.
    #[test]
    fn widened_numbers_are_at_distance_zero(
        bits in proptest::collection::vec(any::<u16>(), 0..3000),
        cut in 0_usize..3000,
    ) {
        let narrow: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let wide: Vec<u8> =
            bits.iter().flat_map(|bits| (u32::from(*bits) << 16).to_le_bytes()).collect();
        let mut comparison = Comparison::between(Dtype::Bf16, Dtype::F32).unwrap();
        let cut = cut.min(bits.len());
        comparison.update(&narrow[..2 * cut], &wide[..4 * cut]).unwrap();
        comparison.update(&narrow[2 * cut..], &wide[4 * cut..]).unwrap();
        let difference = comparison.finish();
        prop_assert_eq!((difference.elements, difference.changed), (bits.len() as u64, 0));
        prop_assert_eq!(difference.numeric.unwrap().max_abs, 0.0);
    }
}

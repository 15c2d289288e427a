//! The statistics of one tensor against plain formulas.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ckpt_tensor::{Dtype, Statistics, Summary, TensorError};
use proptest::prelude::*;

fn summary(dtype: Dtype, bytes: &[u8]) -> Summary {
    let mut statistics = Statistics::new(dtype);
    statistics.update(bytes).unwrap();
    statistics.finish()
}

fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn known_values() {
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    let found = summary(Dtype::F64, &f64s(&values));
    assert_eq!((found.count, found.finite, found.zeros), (8, 8, 0));
    assert_eq!((found.mean, found.std), (5.0, 2.0));
    assert_eq!((found.min, found.max, found.max_abs), (2.0, 9.0, 9.0));
    assert_eq!((found.l2, found.rms), (232f64.sqrt(), 29f64.sqrt()));
}

#[test]
fn what_is_no_number_counts_and_nothing_else() {
    let bytes = f64s(&[f64::NAN, 3.0, f64::INFINITY, -0.0, f64::NEG_INFINITY, -4.0]);
    let found = summary(Dtype::F64, &bytes);
    assert_eq!((found.count, found.finite, found.nan, found.inf), (6, 3, 1, 2));
    assert_eq!((found.zeros, found.min, found.max, found.max_abs), (1, -4.0, 3.0, 4.0));
    assert_eq!((found.l2, found.mean), (5.0, -1.0 / 3.0));
}

#[test]
fn nothing_sums_up_to_zero() {
    for bytes in [Vec::new(), f64s(&[f64::NAN])] {
        let found = summary(Dtype::F64, &bytes);
        assert_eq!((found.mean, found.std, found.min, found.max), (0.0, 0.0, 0.0, 0.0));
        assert_eq!((found.max_abs, found.l2, found.rms), (0.0, 0.0, 0.0));
    }
}

#[test]
fn spread_far_from_zero_is_not_lost() {
    let found = summary(Dtype::F64, &f64s(&[1e9 + 1.0, 1e9, 1e9 - 1.0]));
    assert_eq!((found.mean, found.std), (1e9, (2.0f64 / 3.0).sqrt()));
    assert_eq!(summary(Dtype::F64, &f64s(&[0.1; 1000])).std, 0.0);
}

#[test]
fn squares_that_overflow_leave_no_false_spread() {
    let found = summary(Dtype::F64, &f64s(&[1e200, -1e200]));
    assert!(!found.std.is_finite() && found.l2 == f64::INFINITY);
    assert_eq!((found.min, found.max), (-1e200, 1e200));
}

#[test]
fn complex_parts_and_nibbles_count_as_elements() {
    let parts: Vec<u8> = [3.0f32, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!((summary(Dtype::C64, &parts).count, summary(Dtype::C64, &parts).l2), (2, 5.0));
    // 0x2 is 1.0, 0x7 is 6.0, 0x8 is -0.0.
    let found = summary(Dtype::F4, &[0x72, 0x88]);
    assert_eq!((found.count, found.zeros, found.max, found.l2), (4, 2, 6.0, 37f64.sqrt()));
    assert_eq!(summary(Dtype::Bool, &[0, 1, 7]).mean, 2.0 / 3.0);
}

#[test]
fn partial_elements_and_unknown_packing_are_refused() {
    let mut statistics = Statistics::new(Dtype::F32);
    let error = statistics.update(&[0; 6]).unwrap_err();
    assert_eq!(error, TensorError::PartialElement { len: 6, dtype: Dtype::F32 });
    assert_eq!(statistics.finish().count, 0);
    for dtype in [Dtype::F6E2M3, Dtype::F6E3M2] {
        assert!(!Statistics::knows(dtype));
        let error = Statistics::new(dtype).update(&[0; 3]).unwrap_err();
        assert_eq!(error, TensorError::UnknownPacking(dtype));
    }
}

fn known() -> Vec<Dtype> {
    Dtype::ALL.iter().copied().filter(|&dtype| Statistics::knows(dtype)).collect()
}

proptest! {
    #[test]
    fn cuts_leave_no_trace_in_any_bit(
        dtype in prop::sample::select(known()),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        cut in 0usize..80,
    ) {
        let width = dtype.element_width().unwrap_or(1);
        let whole = bytes.len() / width * width;
        let cut = cut.min(whole) / width * width;
        let mut pieces = Statistics::new(dtype);
        pieces.update(&bytes[..cut]).unwrap();
        pieces.update(&bytes[cut..whole]).unwrap();
        // By their text, which shows every bit that matters and takes NaN for equal to itself.
        let at_once = summary(dtype, &bytes[..whole]);
        prop_assert_eq!(format!("{:?}", pieces.finish()), format!("{at_once:?}"));
        prop_assert_eq!(at_once.count, (whole * 8) as u64 / u64::from(match dtype {
            Dtype::C64 => 32,
            other => other.bits(),
        }));
    }

    #[test]
    fn plain_formulas_agree(values in prop::collection::vec(-1e3f64..1e3, 1..50)) {
        let found = summary(Dtype::F64, &f64s(&values));
        let n = values.len() as f64;
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-9 * (1.0 + y.abs());
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        let squares = values.iter().map(|x| x * x).sum::<f64>();
        prop_assert!(near(found.mean, mean) && near(found.std, variance.sqrt()));
        prop_assert!(near(found.l2, squares.sqrt()) && near(found.rms, (squares / n).sqrt()));
        prop_assert_eq!(found.min, values.iter().copied().fold(f64::MAX, f64::min));
        prop_assert_eq!(found.max, values.iter().copied().fold(f64::MIN, f64::max));
        prop_assert_eq!(found.max_abs, found.max.abs().max(found.min.abs()));
    }
}

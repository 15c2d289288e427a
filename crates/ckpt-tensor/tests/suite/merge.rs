//! The laws of merging, over all dtypes and all arithmetic.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use ckpt_tensor::{Arithmetic, Dtype, FloatFormat, Scan, Sides, TensorError};
use proptest::prelude::*;

const AVERAGE: Arithmetic = Arithmetic::Average { weight: 0.5 };

fn try_merge(
    dtype: Dtype,
    arithmetic: Arithmetic,
    sides: &Sides<'_>,
) -> Result<Vec<u8>, TensorError> {
    let mut scan = Scan::new(dtype, arithmetic)?;
    scan.update(sides)?;
    let mut merged = vec![0xa5; sides.ours.len()];
    scan.finish().merge(sides, &mut merged)?;
    Ok(merged)
}

fn merge(dtype: Dtype, arithmetic: Arithmetic, triple: &Triple) -> Vec<u8> {
    try_merge(dtype, arithmetic, &triple.sides()).unwrap()
}

fn merge_f64(arithmetic: Arithmetic, base: &[f64], ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let triple = Triple { base: bytes(base), ours: bytes(ours), theirs: bytes(theirs) };
    values(Dtype::F64, &merge(Dtype::F64, arithmetic, &triple))
}

/// Decodes by the machine, or by the format's definition.
fn values(dtype: Dtype, bytes: &[u8]) -> Vec<f64> {
    let narrow = |bits: u32| FloatFormat::of(dtype).unwrap().decode(bits);
    match dtype {
        Dtype::F64 => bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        Dtype::F32 | Dtype::C64 => {
            bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect()
        }
        Dtype::F16 | Dtype::Bf16 => {
            let bits = bytes.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
            bits.map(|bits| narrow(bits.into())).collect()
        }
        Dtype::F4 => {
            bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]).map(|b| narrow(b.into())).collect()
        }
        _ => bytes.iter().map(|&bits| narrow(bits.into())).collect(),
    }
}

/// The bytes of three tensors.
#[derive(Clone, Debug)]
struct Triple {
    base: Vec<u8>,
    ours: Vec<u8>,
    theirs: Vec<u8>,
}

impl Triple {
    fn sides(&self) -> Sides<'_> {
        Sides { base: Some(&self.base), ours: &self.ours, theirs: &self.theirs }
    }

    fn swapped(&self) -> Self {
        let Self { base, ours, theirs } = self.clone();
        Self { base, ours: theirs, theirs: ours }
    }

    /// Keeps the elements that are finite on all sides.
    fn finite(&self, dtype: Dtype) -> Self {
        let width = dtype.element_width().unwrap_or(1);
        let sides = [&self.base, &self.ours, &self.theirs];
        let is_finite = |place: &usize| {
            let element = |bytes: &&Vec<u8>| values(dtype, &bytes[*place..*place + width]);
            sides.iter().flat_map(element).all(f64::is_finite)
        };
        let places: Vec<usize> = (0..self.ours.len()).step_by(width).filter(is_finite).collect();
        let keep = |bytes: &Vec<u8>| {
            places.iter().flat_map(|&place| bytes[place..place + width].to_vec()).collect()
        };
        let [base, ours, theirs] = sides.map(keep);
        Self { base, ours, theirs }
    }
}

fn floats() -> Vec<Dtype> {
    Dtype::ALL.iter().copied().filter(|&dtype| Arithmetic::merges(dtype)).collect()
}

/// Bytes of numbers near 1 beside any bytes at all: of 16 and 32 bits, most of any are far apart.
fn element(dtype: Dtype) -> BoxedStrategy<Vec<u8>> {
    let width = dtype.element_width().unwrap_or(1);
    let any_bytes = prop::collection::vec(any::<u8>(), width);
    let near_one = (-3.0f64..3.0).prop_map(move |value| match dtype {
        Dtype::F64 => value.to_le_bytes().to_vec(),
        Dtype::F32 => (value as f32).to_le_bytes().to_vec(),
        Dtype::C64 => [(value as f32).to_le_bytes(), 0.5f32.to_le_bytes()].concat(),
        Dtype::Bf16 => (value as f32).to_le_bytes()[2..].to_vec(),
        // 0x3c00 and what is around it.
        Dtype::F16 => 0x3c00u16.wrapping_add_signed((value * 300.0) as i16).to_le_bytes().to_vec(),
        _ => vec![0x38u8.wrapping_add_signed((value * 15.0) as i8)],
    });
    let zero = any::<bool>().prop_map(move |minus| {
        let mut bytes = vec![0; width];
        bytes[width - 1] = if minus { 0x80 } else { 0 };
        bytes
    });
    prop_oneof![3 => near_one, 2 => any_bytes, 1 => zero].boxed()
}

/// An element on three sides, two of which are often the same.
fn elements(dtype: Dtype) -> impl Strategy<Value = [Vec<u8>; 3]> {
    let each = [element(dtype), element(dtype), element(dtype)];
    (each, 0..6).prop_map(|([base, ours, theirs], same)| match same {
        0 => [base.clone(), base, theirs],
        1 => [base.clone(), ours, base],
        2 => [base, ours.clone(), ours],
        _ => [base, ours, theirs],
    })
}

fn triple(dtype: Dtype) -> impl Strategy<Value = Triple> {
    prop::collection::vec(elements(dtype), 0..24).prop_map(|elements| {
        let side =
            |side: usize| elements.iter().flat_map(|element| element[side].clone()).collect();
        Triple { base: side(0), ours: side(1), theirs: side(2) }
    })
}

fn dtype_and_triple() -> impl Strategy<Value = (Dtype, Triple)> {
    prop::sample::select(floats()).prop_flat_map(|dtype| (Just(dtype), triple(dtype)))
}

fn arithmetic() -> impl Strategy<Value = Arithmetic> {
    let scale = || prop_oneof![Just(0.0), Just(1.0), -2.0..2.0f64, Just(1e300)];
    let share = || prop_oneof![Just(0.0), Just(1.0), Just(0.5), 0.0..1.0f64];
    prop_oneof![
        share().prop_map(|weight| Arithmetic::Average { weight }),
        (scale(), scale()).prop_map(|(ours, theirs)| Arithmetic::TaskArithmetic { ours, theirs }),
        (0.01..1.0f64, scale()).prop_map(|(density, scale)| Arithmetic::Ties { density, scale }),
        share().prop_map(|t| Arithmetic::Slerp { t }),
    ]
}

/// Arithmetic that treats both sides alike.
fn symmetric() -> impl Strategy<Value = Arithmetic> {
    let scale = || prop_oneof![Just(1.0), -2.0..2.0f64];
    prop_oneof![
        Just(AVERAGE),
        Just(Arithmetic::Slerp { t: 0.5 }),
        scale().prop_map(|scale| Arithmetic::TaskArithmetic { ours: scale, theirs: scale }),
        (0.01..1.0f64, scale()).prop_map(|(density, scale)| Arithmetic::Ties { density, scale }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_nobody_changed_stays(
        (dtype, Triple { ours, .. }) in dtype_and_triple(),
        arithmetic in arithmetic(),
    ) {
        let same = Triple { base: ours.clone(), theirs: ours.clone(), ours };
        prop_assert_eq!(merge(dtype, arithmetic, &same), same.ours);
    }

    #[test]
    fn equal_sides_are_the_result_whatever_the_base(
        (dtype, Triple { base, ours, .. }) in dtype_and_triple(),
        weight in 0.0..=1.0f64,
    ) {
        let same = Triple { base, theirs: ours.clone(), ours };
        let dense = Arithmetic::Ties { density: 1.0, scale: 1.0 };
        for arithmetic in
            [Arithmetic::Average { weight }, Arithmetic::Slerp { t: weight }, dense]
        {
            prop_assert_eq!(&merge(dtype, arithmetic, &same), &same.ours, "{:?}", arithmetic);
        }
    }

    #[test]
    fn an_average_lies_between_its_inputs(
        (dtype, triple) in dtype_and_triple(),
        weight in 0.0..=1.0f64,
    ) {
        let merged = merge(dtype, Arithmetic::Average { weight }, &triple);
        let (ours, theirs) = (values(dtype, &triple.ours), values(dtype, &triple.theirs));
        for ((merged, a), b) in values(dtype, &merged).into_iter().zip(ours).zip(theirs) {
            if a.is_finite() && b.is_finite() {
                prop_assert!(a.min(b) <= merged && merged <= a.max(b), "{} of {} and {}", merged, a, b);
            }
        }
    }

    #[test]
    fn sides_of_equal_weight_change_places_without_a_trace(
        (dtype, triple) in dtype_and_triple(),
        arithmetic in symmetric(),
    ) {
        let triple = triple.finite(dtype);
        let merged = merge(dtype, arithmetic, &triple);
        prop_assert_eq!(merged, merge(dtype, arithmetic, &triple.swapped()));
    }

    #[test]
    fn weights_and_scales_of_zero_and_one_give_a_side(
        (dtype, triple) in dtype_and_triple(),
        scale in -2.0..2.0f64,
    ) {
        let triple = triple.finite(dtype);
        let task = |ours, theirs| Arithmetic::TaskArithmetic { ours, theirs };
        let none = Arithmetic::Ties { density: 1.0, scale: 0.0 };
        for (arithmetic, expected) in [
            (Arithmetic::Average { weight: 0.0 }, &triple.ours),
            (Arithmetic::Average { weight: 1.0 }, &triple.theirs),
            (Arithmetic::Slerp { t: 0.0 }, &triple.ours),
            (Arithmetic::Slerp { t: 1.0 }, &triple.theirs),
            (task(1.0, 0.0), &triple.ours),
            (task(0.0, 1.0), &triple.theirs),
            (task(0.0, 0.0), &triple.base),
        ] {
            prop_assert_eq!(&merge(dtype, arithmetic, &triple), expected, "{:?}", arithmetic);
        }
        // -0.0 and 0.0 are not told apart by a change of 0.
        let at_base = values(dtype, &merge(dtype, none, &triple));
        prop_assert_eq!(at_base, values(dtype, &triple.base));
        let unchanged = Triple { ours: triple.base.clone(), ..triple };
        let theirs = merge(dtype, task(scale, 1.0), &unchanged);
        prop_assert_eq!(theirs, unchanged.theirs);
    }

    #[test]
    fn nothing_becomes_nan_or_infinite(
        (dtype, triple) in dtype_and_triple(),
        arithmetic in arithmetic(),
    ) {
        let merged = merge(dtype, arithmetic, &triple);
        let [base, ours, theirs] =
            [&triple.base, &triple.ours, &triple.theirs].map(|bytes| values(dtype, bytes));
        for (place, value) in values(dtype, &merged).into_iter().enumerate() {
            let inputs_are_finite = ours[place].is_finite()
                && theirs[place].is_finite()
                && (base[place].is_finite() || !arithmetic.needs_base());
            if inputs_are_finite {
                prop_assert!(value.is_finite(), "{:?}", arithmetic);
            } else {
                prop_assert_eq!(value.to_bits(), ours[place].to_bits());
            }
        }
    }

    #[test]
    fn cuts_leave_no_trace(
        (dtype, triple) in dtype_and_triple(),
        arithmetic in arithmetic(),
        cut in 0usize..200,
    ) {
        let width = dtype.element_width().unwrap_or(1);
        let cut = cut.min(triple.ours.len()) / width * width;
        let part = |range: std::ops::Range<usize>| Sides {
            base: Some(&triple.base[range.clone()]),
            ours: &triple.ours[range.clone()],
            theirs: &triple.theirs[range],
        };
        let (first, second) = (part(0..cut), part(cut..triple.ours.len()));
        let mut scan = Scan::new(dtype, arithmetic).unwrap();
        scan.update(&first).unwrap();
        scan.update(&second).unwrap();
        let merger = scan.finish();
        let mut merged = vec![0; triple.ours.len()];
        // The last part first: the second pass has no order.
        merger.merge(&second, &mut merged[cut..]).unwrap();
        merger.merge(&first, &mut merged[..cut]).unwrap();
        prop_assert_eq!(merged, merge(dtype, arithmetic, &triple));
    }

    #[test]
    fn trimming_keeps_the_greatest_changes(
        changes in prop::collection::vec(-1e3f64..1e3, 1..60),
        density in 0.01..1.0f64,
    ) {
        let zeros = vec![0.0; changes.len()];
        let arithmetic = Arithmetic::Ties { density, scale: 1.0 };
        let merged = merge_f64(arithmetic, &zeros, &changes, &zeros);
        let mut sizes: Vec<f64> = changes.iter().map(|change| change.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let kept = ((density * changes.len() as f64).round() as usize).max(1);
        let least = sizes[sizes.len() - kept];
        for (change, merged) in changes.into_iter().zip(merged) {
            if change.abs() >= least {
                prop_assert_eq!(merged, change);
            } else if change.abs() < least * (1.0 - 1.0 / 512.0) {
                prop_assert_eq!(merged, 0.0);
            } else {
                prop_assert!(merged == change || merged == 0.0);
            }
        }
    }
}

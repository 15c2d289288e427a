//! Vector operations against those of their lanes.

use super::{each, numbers};
use crate::kernel::math::{exp, ln};
use crate::kernel::simd::{Isa, Lanes, Program, Simd, Vector, run};
use crate::real::Real;

/// Does everything that a vector can, to `L` vectors of `L` lanes.
struct Everything<'a, T, const L: usize>(&'a [[T; L]; L]);

/// What it gives: a name, and the lanes.
type Found<T, const L: usize> = Vec<(&'static str, [T; L])>;

impl<T: Real, const L: usize> Program<T, L> for Everything<'_, T, L> {
    type Output = (Found<T, L>, [f64; L]);

    #[inline(always)]
    fn run<S: Simd<T, L>>(self, simd: S) -> Self::Output {
        let mut vectors = [simd.splat(T::default()); L];
        for (vector, lanes) in vectors.iter_mut().zip(self.0) {
            *vector = simd.load(lanes);
        }
        let [a, b, c, ..] = vectors[..] else { panic!("there are lanes") };
        let magnitude = a.and(a.all(T::MAGNITUDE));
        let mut found = vec![
            ("add", a + b),
            ("sub", a - b),
            ("mul", a * b),
            ("div", a / b),
            ("larger", a.larger(b)),
            ("at_least_zero", a.at_least_zero(b, c)),
            ("magnitude", magnitude),
            ("negated", magnitude.or(a.all(T::SIGN))),
            ("below", a.and(simd.below(3))),
            ("exp", exp(a.or(a.all(T::SIGN)))),
            ("ln", ln(magnitude + a.all(T::ONE))),
            ("fold", S::V::fold_each(vectors)),
        ];
        found.extend(S::V::transpose(vectors).map(|vector| ("transpose", vector)));
        let mut sums = [0.5; L];
        a.add_to(&mut sums);
        let lanes = |(name, vector): (_, S::V)| {
            let mut lanes = [T::default(); L];
            vector.store(&mut lanes);
            (name, lanes)
        };
        (found.into_iter().map(lanes).collect(), sums)
    }
}

/// The same, lane by lane.
fn lane_by_lane<T: Real, const L: usize>(vectors: &[[T; L]; L]) -> (Found<T, L>, [f64; L]) {
    let [a, b, c, ..] = vectors[..] else { panic!("there are lanes") };
    let each = |lane: &dyn Fn(usize) -> T| std::array::from_fn(lane);
    let (zero, one) = (T::default(), T::from_f64(1.0));
    let magnitude = |k: usize| T::from_f64(a[k].to_f64().abs());
    let fold = |k: usize| {
        let mut lanes = vectors[k];
        let mut half = L / 2;
        while half > 0 {
            for k in 0..half {
                let other = lanes[k + half];
                lanes[k] += other;
            }
            half /= 2;
        }
        lanes[0]
    };
    let mut expected = vec![
        ("add", each(&|k| a[k] + b[k])),
        ("sub", each(&|k| a[k] - b[k])),
        ("mul", each(&|k| a[k] * b[k])),
        ("div", each(&|k| a[k] / b[k])),
        ("larger", each(&|k| if a[k] > b[k] { a[k] } else { b[k] })),
        ("at_least_zero", each(&|k| if a[k] >= zero { b[k] } else { c[k] })),
        ("magnitude", each(&magnitude)),
        ("negated", each(&|k| -magnitude(k))),
        ("below", each(&|k| if k < 3 { a[k] } else { zero })),
        ("exp", each(&|k| exp(-magnitude(k)))),
        ("ln", each(&|k| ln(magnitude(k) + one))),
        ("fold", each(&fold)),
    ];
    expected.extend((0..L).map(|i| ("transpose", each(&|k| vectors[k][i]))));
    (expected, std::array::from_fn(|k| 0.5 + a[k].to_f64()))
}

fn check<T: Real, const L: usize>(
    isa: Isa,
    vectors: &[[T; L]; L],
    (found, sums): (Found<T, L>, [f64; L]),
) {
    let (expected, expected_sums) = lane_by_lane(vectors);
    for ((name, found), (_, expected)) in found.into_iter().zip(expected) {
        let bits = |lanes: [T; L]| lanes.map(|lane| lane.to_f64().to_bits());
        assert_eq!(bits(found), bits(expected), "{isa:?} {} {name}", T::TYPE);
    }
    assert_eq!(sums, expected_sums, "{isa:?} {} add_to", T::TYPE);
}

#[test]
fn every_operation_is_that_of_its_lanes() {
    each(|isa| {
        for seed in 0..50 {
            let numbers: Vec<f32> = numbers(256, seed);
            let (vectors, _) = numbers.as_chunks::<16>();
            let vectors = vectors.first_chunk().unwrap();
            check(isa, vectors, run::<f32, 16, _>(Everything(vectors)));
            let numbers: Vec<f64> = super::numbers(64, seed);
            let (vectors, _) = numbers.as_chunks::<8>();
            let vectors = vectors.first_chunk().unwrap();
            check(isa, vectors, run::<f64, 8, _>(Everything(vectors)));
        }
    });
}

#[test]
fn extremes_are_those_of_their_lanes() {
    let extremes = [0.0, -0.0, 1e30, -1e30, 87.5, -87.5, 1e-30, -104.0];
    each(|isa| {
        let single = std::array::from_fn(|i| std::array::from_fn(|k| extremes[(i + k) % 8] as f32));
        check(isa, &single, run::<f32, 16, _>(Everything(&single)));
        let double = std::array::from_fn(|i| std::array::from_fn(|k| 20.0 * extremes[(i + k) % 8]));
        check(isa, &double, run::<f64, 8, _>(Everything(&double)));
    });
}

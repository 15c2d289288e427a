//! SSE2, which every x86-64 processor has: four registers of 16 bytes.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::register::register;
use super::wide::{Register, Wide};
use super::{Lanes, Program, Simd};
use crate::kernel::Number;

/// The proof that the processor has SSE2.
#[derive(Clone, Copy)]
pub(crate) struct Sse2(());

/// Runs a program with SSE2, which is part of the architecture.
#[inline]
pub(super) fn run<T, const L: usize, P: Program<T, L>>(program: P) -> P::Output
where
    Sse2: Simd<T, L>,
{
    program.run(Sse2(()))
}

register! {
    F32(__m128) of 4 f32, 4 for 16,
    token Sse2,
    load _mm_loadu_ps, store _mm_storeu_ps, splat _mm_set1_ps,
    add _mm_add_ps, sub _mm_sub_ps, mul _mm_mul_ps, div _mm_div_ps, max _mm_max_ps,
    bits _mm_castps_si128 _mm_castsi128_ps and _mm_and_si128 or _mm_or_si128
        add _mm_add_epi32 sub _mm_sub_epi32 up _mm_slli_epi32 down _mm_srli_epi32 by 23,
    at_least_zero |z, yes, no| {
        let mask = _mm_cmpge_ps(z, _mm_setzero_ps());
        _mm_or_ps(_mm_and_ps(mask, yes), _mm_andnot_ps(mask, no))
    },
    zip |a, b| (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b)),
    add_to |x, sums| {
        let (low, high) = (_mm_cvtps_pd(x), _mm_cvtps_pd(_mm_movehl_ps(x, x)));
        _mm_storeu_pd(sums, _mm_add_pd(_mm_loadu_pd(sums), low));
        let sums = sums.add(2);
        _mm_storeu_pd(sums, _mm_add_pd(_mm_loadu_pd(sums), high));
    },
}

register! {
    F64(__m128d) of 2 f64, 4 for 8,
    token Sse2,
    load _mm_loadu_pd, store _mm_storeu_pd, splat _mm_set1_pd,
    add _mm_add_pd, sub _mm_sub_pd, mul _mm_mul_pd, div _mm_div_pd, max _mm_max_pd,
    bits _mm_castpd_si128 _mm_castsi128_pd and _mm_and_si128 or _mm_or_si128
        add _mm_add_epi64 sub _mm_sub_epi64 up _mm_slli_epi64 down _mm_srli_epi64 by 52,
    at_least_zero |z, yes, no| {
        let mask = _mm_cmpge_pd(z, _mm_setzero_pd());
        _mm_or_pd(_mm_and_pd(mask, yes), _mm_andnot_pd(mask, no))
    },
    zip |a, b| (_mm_unpacklo_pd(a, b), _mm_unpackhi_pd(a, b)),
    add_to |x, sums| _mm_storeu_pd(sums, _mm_add_pd(_mm_loadu_pd(sums), x)),
}

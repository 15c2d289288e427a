//! AVX2: two registers of 32 bytes.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::register::register;
use super::wide::{Register, Wide};
use super::{Lanes, Program, Simd};
use crate::kernel::Number;

/// The proof that the processor has AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// Runs a program with AVX2.
///
/// # Panics
/// If the processor does not have it.
#[inline]
pub(super) fn run<T, const L: usize, P: Program<T, L>>(program: P) -> P::Output
where
    Avx2: Simd<T, L>,
{
    assert!(super::Isa::Avx2.is_there());
    // SAFETY: the function is safe but for the instructions that it is compiled to, and the
    // processor has just been asked for them.
    unsafe { compiled(program) }
}

#[target_feature(enable = "avx2")]
fn compiled<T, const L: usize, P: Program<T, L>>(program: P) -> P::Output
where
    Avx2: Simd<T, L>,
{
    program.run(Avx2(()))
}

register! {
    F32(__m256) of 8 f32, 2 for 16,
    token Avx2,
    load _mm256_loadu_ps, store _mm256_storeu_ps, splat _mm256_set1_ps,
    add _mm256_add_ps, sub _mm256_sub_ps, mul _mm256_mul_ps, div _mm256_div_ps, max _mm256_max_ps,
    bits _mm256_castps_si256 _mm256_castsi256_ps and _mm256_and_si256 or _mm256_or_si256
        add _mm256_add_epi32 sub _mm256_sub_epi32 up _mm256_slli_epi32 down _mm256_srli_epi32 by 23,
    at_least_zero |z, yes, no| {
        let mask = _mm256_cmp_ps::<_CMP_GE_OQ>(z, _mm256_setzero_ps());
        _mm256_blendv_ps(no, yes, mask)
    },
    zip |a, b| {
        let (even, odd) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let low = _mm256_permute2f128_ps::<0x20>(even, odd);
        (low, _mm256_permute2f128_ps::<0x31>(even, odd))
    },
    add_to |x, sums| {
        let low = _mm256_cvtps_pd(_mm256_castps256_ps128(x));
        let high = _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(x));
        _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), low));
        let sums = sums.add(4);
        _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), high));
    },
}

register! {
    F64(__m256d) of 4 f64, 2 for 8,
    token Avx2,
    load _mm256_loadu_pd, store _mm256_storeu_pd, splat _mm256_set1_pd,
    add _mm256_add_pd, sub _mm256_sub_pd, mul _mm256_mul_pd, div _mm256_div_pd, max _mm256_max_pd,
    bits _mm256_castpd_si256 _mm256_castsi256_pd and _mm256_and_si256 or _mm256_or_si256
        add _mm256_add_epi64 sub _mm256_sub_epi64 up _mm256_slli_epi64 down _mm256_srli_epi64 by 52,
    at_least_zero |z, yes, no| {
        let mask = _mm256_cmp_pd::<_CMP_GE_OQ>(z, _mm256_setzero_pd());
        _mm256_blendv_pd(no, yes, mask)
    },
    zip |a, b| {
        let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let low = _mm256_permute2f128_pd::<0x20>(even, odd);
        (low, _mm256_permute2f128_pd::<0x31>(even, odd))
    },
    add_to |x, sums| _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), x)),
}

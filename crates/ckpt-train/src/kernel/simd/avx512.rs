//! AVX-512, of which the foundation suffices: one register of 64 bytes.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::register::register;
use super::wide::{Register, Wide};
use super::{Lanes, Program, Simd};
use crate::kernel::Number;

/// The proof that the processor has the foundation of AVX-512.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// Runs a program with AVX-512.
///
/// # Panics
/// If the processor does not have it.
#[inline]
pub(super) fn run<T, const L: usize, P: Program<T, L>>(program: P) -> P::Output
where
    Avx512: Simd<T, L>,
{
    assert!(super::Isa::Avx512.is_there());
    // SAFETY: the function is safe but for the instructions that it is compiled to, and the
    // processor has just been asked for them.
    unsafe { compiled(program) }
}

#[target_feature(enable = "avx512f")]
fn compiled<T, const L: usize, P: Program<T, L>>(program: P) -> P::Output
where
    Avx512: Simd<T, L>,
{
    program.run(Avx512(()))
}

register! {
    F32(__m512) of 16 f32, 1 for 16,
    token Avx512,
    load _mm512_loadu_ps, store _mm512_storeu_ps, splat _mm512_set1_ps,
    add _mm512_add_ps, sub _mm512_sub_ps, mul _mm512_mul_ps, div _mm512_div_ps, max _mm512_max_ps,
    bits _mm512_castps_si512 _mm512_castsi512_ps and _mm512_and_si512 or _mm512_or_si512
        add _mm512_add_epi32 sub _mm512_sub_epi32 up _mm512_slli_epi32 down _mm512_srli_epi32 by 23,
    at_least_zero |z, yes, no| {
        let mask = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(z, _mm512_setzero_ps());
        _mm512_mask_blend_ps(mask, no, yes)
    },
    zip |a, b| {
        // Lanes from 16 on are those of the second operand.
        let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
        (_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b))
    },
    add_to |x, sums| {
        let upper = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(x));
        let low = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
        let high = _mm512_cvtps_pd(_mm256_castpd_ps(upper));
        _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), low));
        let sums = sums.add(8);
        _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), high));
    },
}

register! {
    F64(__m512d) of 8 f64, 1 for 8,
    token Avx512,
    load _mm512_loadu_pd, store _mm512_storeu_pd, splat _mm512_set1_pd,
    add _mm512_add_pd, sub _mm512_sub_pd, mul _mm512_mul_pd, div _mm512_div_pd, max _mm512_max_pd,
    bits _mm512_castpd_si512 _mm512_castsi512_pd and _mm512_and_si512 or _mm512_or_si512
        add _mm512_add_epi64 sub _mm512_sub_epi64 up _mm512_slli_epi64 down _mm512_srli_epi64 by 52,
    at_least_zero |z, yes, no| {
        let mask = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(z, _mm512_setzero_pd());
        _mm512_mask_blend_pd(mask, no, yes)
    },
    zip |a, b| {
        // Lanes from 8 on are those of the second operand.
        let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
        let high = _mm512_add_epi64(low, _mm512_set1_epi64(4));
        (_mm512_permutex2var_pd(a, low, b), _mm512_permutex2var_pd(a, high, b))
    },
    add_to |x, sums| _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), x)),
}

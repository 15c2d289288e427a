//! Logical vectors of 64 bytes on every instruction set, chosen at run time.
//!
//! The only module of this crate with `unsafe`: calling an instruction that the processor lacks is
//! undefined behaviour. Everything here argues as follows. Each instruction set has a token, a type
//! that only its own module can make. Its function `run` alone does, after asking the processor for
//! exactly the features that the set's functions need. A vector is made from a token or from another
//! vector of the same set. So whoever holds a token or a vector has the proof that its instructions
//! exist, and all other operations are safe: loads and stores go through slices whose length is
//! checked, and a prefetch may name any address.
//!
//! Kernels are a [`Program`], generic over the token; what they call is `#[inline(always)]`, since
//! only what ends up inside a function with the set's features is compiled for them.

mod strided;
mod wide;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(target_arch = "x86_64")]
mod register;
#[cfg(target_arch = "x86_64")]
mod sse2;

use std::ops::{Add, Div, Mul, Sub};

use super::Number;

pub(crate) use strided::Strided;

/// Numbers that the same operation is applied to: one, or as many as fit somewhere.
pub trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// What each lane holds.
    type Number: Number;

    /// All lanes `value`.
    fn all(self, value: Self::Number) -> Self;

    /// Lanes of `self` where they are larger, otherwise of `other`.
    fn larger(self, other: Self) -> Self;

    /// Lanes of `yes` where those of `self` are zero or larger, otherwise of `no`.
    fn at_least_zero(self, yes: Self, no: Self) -> Self;

    /// The bits that both have.
    fn and(self, other: Self) -> Self;

    /// The bits that either has.
    fn or(self, other: Self) -> Self;

    /// Adds bits as integers, without carry from lane to lane.
    fn add_bits(self, other: Self) -> Self;

    /// Subtracts bits as integers.
    fn sub_bits(self, other: Self) -> Self;

    /// Moves bits up by the length of the mantissa: the lowest become the exponent.
    fn exponent_up(self) -> Self;

    /// Moves bits down by the length of the mantissa: the exponent becomes the lowest.
    fn exponent_down(self) -> Self;
}

/// A logical vector of `L` lanes.
pub(crate) trait Vector<const L: usize>: Lanes {
    /// Writes the lanes.
    fn store(self, into: &mut [Self::Number; L]);

    /// Adds lanes to sums, converted to f64 first.
    fn add_to(self, sums: &mut [f64; L]);

    /// Lane `k` of the result is the fold of vector `k`: its lane `i` adds lane `i + L/2`, and so on.
    fn fold_each(vectors: [Self; L]) -> Self;

    /// Lane `k` of vector `i` becomes lane `i` of vector `k`.
    fn transpose(vectors: [Self; L]) -> [Self; L];
}

/// The token of an instruction set that has vectors of `L` numbers.
pub(crate) trait Simd<T, const L: usize>: Copy {
    /// Its vectors.
    type V: Vector<L, Number = T>;

    /// How many of the processor's registers a vector takes.
    const REGISTERS: usize;

    /// All lanes `value`.
    fn splat(self, value: T) -> Self::V;

    /// Reads the lanes.
    fn load(self, from: &[T; L]) -> Self::V;

    /// Vectors with all bits set in the lanes below `lanes`, and no others.
    fn below(self, lanes: usize) -> Self::V;
}

/// Work that is compiled for each instruction set.
pub(crate) trait Program<T, const L: usize> {
    /// What it finds.
    type Output;

    /// Does the work; to be `#[inline(always)]`, as all that it calls often.
    fn run<S: Simd<T, L>>(self, simd: S) -> Self::Output;

    /// Says whether registers of half a vector are as good: where memory decides, they are better,
    /// as fewer of their loads lie in two cache lines.
    fn is_half_enough(&self) -> bool {
        false
    }
}

/// The instruction sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// All that this program was built for, from the narrowest to the widest.
    pub(crate) const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Sse2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// Says whether the processor has it.
    #[inline]
    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Sse2 => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
        }
    }

    /// The best that the processor has for some program.
    #[inline]
    fn best(is_half_enough: bool) -> Self {
        #[cfg(test)]
        if let Some(isa) = tests::FORCED.get() {
            return isa;
        }
        let best = Self::ALL.iter().rev().copied().find(|isa| isa.is_there());
        match best.unwrap_or(Self::Portable) {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if is_half_enough => Self::Avx2,
            best => best,
        }
    }
}

/// Runs a program on the best instruction set.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn run<T, const L: usize, P>(program: P) -> P::Output
where
    P: Program<T, L>,
    portable::Portable: Simd<T, L>,
    sse2::Sse2: Simd<T, L>,
    avx2::Avx2: Simd<T, L>,
    avx512::Avx512: Simd<T, L>,
{
    match Isa::best(program.is_half_enough()) {
        Isa::Portable => program.run(portable::Portable),
        Isa::Sse2 => sse2::run(program),
        Isa::Avx2 => avx2::run(program),
        Isa::Avx512 => avx512::run(program),
    }
}

/// Runs a program.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn run<T, const L: usize, P>(program: P) -> P::Output
where
    P: Program<T, L>,
    portable::Portable: Simd<T, L>,
{
    match Isa::best(program.is_half_enough()) {
        Isa::Portable => program.run(portable::Portable),
    }
}

/// Asks for the cache line of an element, or of what follows, to be brought near.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address = values.as_ptr().wrapping_add(index);
        // SAFETY: a prefetch has no effect but on speed, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, index);
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// The instruction set that this thread is made to use.
        pub(crate) static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
    }

    /// Runs a test on each instruction set that the processor has.
    pub(crate) fn each(test: impl Fn(Isa)) {
        for &isa in Isa::ALL.iter().filter(|isa| isa.is_there()) {
            FORCED.set(Some(isa));
            test(isa);
        }
        FORCED.set(None);
    }
}

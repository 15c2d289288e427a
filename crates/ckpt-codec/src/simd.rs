//! The best instruction set of the processor, chosen at run time.
//!
//! Builds for every x86-64 processor may use SSE2 alone, which costs the hot loops of this crate a
//! fifth to a half of their speed. They hold no vector code: they are compiled twice, and the
//! compiler makes the best of what it may use.

/// A loop that is worth compiling twice.
pub(crate) trait Kernel {
    /// What the loop finds.
    type Output;

    /// Runs the loop.
    ///
    /// Implementations, and all functions that they call often, are `#[inline(always)]`: only
    /// then are they compiled for the processor. A closure that is not inlined is left behind.
    fn run(self) -> Self::Output;
}

/// Runs a loop with the instructions that the processor has.
#[inline(always)]
pub(crate) fn with_best<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(test)]
    if tests::NARROW.get() {
        return kernel.run();
    }
    match Wide::detect() {
        Some(wide) => wide.run(kernel),
        None => kernel.run(),
    }
}

/// The proof that the processor has more than what every one of its kind has: on x86-64, AVX2 and
/// the instructions for bits that came with it.
#[cfg(target_arch = "x86_64")]
struct Wide(());

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "calls what only some processors can run")]
impl Wide {
    #[inline(always)]
    fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt");
        has_all.then_some(Self(()))
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the function is safe but for the instructions that it is compiled to, and the
        // processor has them: only `detect` makes a value, after asking for these features.
        unsafe { run_wide(kernel) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn run_wide<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(not(target_arch = "x86_64"))]
enum Wide {}

#[cfg(not(target_arch = "x86_64"))]
impl Wide {
    fn detect() -> Option<Self> {
        None
    }

    fn run<K: Kernel>(self, _: K) -> K::Output {
        match self {}
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// Whether this thread does as on a processor that has nothing special.
        pub(super) static NARROW: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs a test with and without the processor's own instructions.
    pub(crate) fn both(test: impl Fn()) {
        for narrow in [false, true] {
            NARROW.set(narrow);
            test();
        }
        NARROW.set(false);
    }

    struct Sum<'a>(&'a [u32]);

    impl Kernel for Sum<'_> {
        type Output = u32;

        #[inline(always)]
        fn run(self) -> u32 {
            self.0.iter().sum()
        }
    }

    #[test]
    fn kernels_give_the_same_either_way() {
        let numbers: Vec<u32> = (0..1000).collect();
        both(|| assert_eq!(with_best(Sum(&numbers)), 499_500));
    }
}

//! What the registers of x86-64 have in common: the functions that they are made of.

/// Defines a register type and the logical vector made of it.
///
/// Every function but `add_to` is one that the instruction set's token or a register of it, which
/// only a token can make, vouches for.
macro_rules! register {
    (
        $register:ident($raw:ident) of $lanes:literal $number:ident, $wide:literal for $length:literal,
        token $token:ident,
        load $load:ident, store $store:ident, splat $splat:ident,
        add $add:ident, sub $sub:ident, mul $mul:ident, div $div:ident, max $max:ident,
        bits $to_bits:ident $from_bits:ident and $and:ident or $or:ident
            add $add_bits:ident sub $sub_bits:ident up $up:ident down $down:ident by $mantissa:literal,
        at_least_zero |$z:ident, $yes:ident, $no:ident| $select:expr,
        zip |$a:ident, $b:ident| $zip:expr,
        add_to |$x:ident, $sums:ident| $add_to:expr $(,)?
    ) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $register($raw);

        // SAFETY, for every block below: a register was made from a token, or it is made from one
        // there, and the token says that the processor has these instructions. They read and write
        // no memory but slices of the length that was asserted.

        register!(@operator $register Add add $add);
        register!(@operator $register Sub sub $sub);
        register!(@operator $register Mul mul $mul);
        register!(@operator $register Div div $div);

        impl Lanes for $register {
            type Number = $number;

            #[inline(always)]
            fn all(self, value: $number) -> Self {
                Self(unsafe { $splat(value) })
            }

            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                // The instruction gives its second operand unless the first is larger.
                Self(unsafe { $max(self.0, other.0) })
            }

            #[inline(always)]
            fn at_least_zero(self, yes: Self, no: Self) -> Self {
                let ($z, $yes, $no) = (self.0, yes.0, no.0);
                Self(unsafe { $select })
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                Self(unsafe { $from_bits($and($to_bits(self.0), $to_bits(other.0))) })
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                Self(unsafe { $from_bits($or($to_bits(self.0), $to_bits(other.0))) })
            }

            #[inline(always)]
            fn add_bits(self, other: Self) -> Self {
                Self(unsafe { $from_bits($add_bits($to_bits(self.0), $to_bits(other.0))) })
            }

            #[inline(always)]
            fn sub_bits(self, other: Self) -> Self {
                Self(unsafe { $from_bits($sub_bits($to_bits(self.0), $to_bits(other.0))) })
            }

            #[inline(always)]
            fn exponent_up(self) -> Self {
                Self(unsafe { $from_bits($up::<$mantissa>($to_bits(self.0))) })
            }

            #[inline(always)]
            fn exponent_down(self) -> Self {
                Self(unsafe { $from_bits($down::<$mantissa>($to_bits(self.0))) })
            }
        }

        impl Register for $register {
            const LANES: usize = $lanes;
            type Token = $token;

            #[inline(always)]
            fn splat(_: $token, value: $number) -> Self {
                Self(unsafe { $splat(value) })
            }

            #[inline(always)]
            fn load(_: $token, from: &[$number]) -> Self {
                assert!(from.len() >= $lanes);
                Self(unsafe { $load(from.as_ptr()) })
            }

            #[inline(always)]
            fn store(self, into: &mut [$number]) {
                assert!(into.len() >= $lanes);
                unsafe { $store(into.as_mut_ptr(), self.0) }
            }

            #[inline(always)]
            fn add_to(self, $sums: &mut [f64]) {
                assert!($sums.len() >= $lanes);
                let ($x, $sums) = (self.0, $sums.as_mut_ptr());
                unsafe { $add_to }
            }

            #[inline(always)]
            fn zip(self, other: Self) -> (Self, Self) {
                let ($a, $b) = (self.0, other.0);
                let (low, high) = unsafe { $zip };
                (Self(low), Self(high))
            }
        }

        impl Simd<$number, $length> for $token {
            type V = Wide<$register, $wide>;
            const REGISTERS: usize = $wide;

            #[inline(always)]
            fn splat(self, value: $number) -> Self::V {
                Wide::splat(self, value)
            }

            #[inline(always)]
            fn load(self, from: &[$number; $length]) -> Self::V {
                Wide::load(self, from)
            }

            #[inline(always)]
            fn below(self, lanes: usize) -> Self::V {
                Wide::load(self, <$number>::below(lanes))
            }
        }
    };

    (@operator $register:ident $trait:ident $method:ident $function:ident) => {
        impl $trait for $register {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: as above.
                Self(unsafe { $function(self.0, other.0) })
            }
        }
    };
}

pub(super) use register;

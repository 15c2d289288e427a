//! The methods that all accumulators share.

/// Writes `evaluate`, `push` and `push_batch` of an accumulator (`unweighted`), the same for rows
/// with weights (`weighted`), or `both`, over its own `push_rows(targets, predictions, weights)`,
/// which adds all rows or none.
///
/// `Ix1` is for one prediction a row, `Ix2` for one of each class; the constructor then takes the
/// number of classes first. `[?]` behind the constructor says that it may fail. `rows` names
/// the kind of target and one and many predictions, `errors` what `push_rows` may fail with besides
/// columns of different lengths and bad weights.
macro_rules! accumulator {
    (both $($rest:tt)*) => {
        accumulator! { unweighted $($rest)* }
        accumulator! { weighted $($rest)* }
    };
    (unweighted $dim:ident $type:ty {
        $new:ident($($arg:ident: $of:ty),*) [$($try:tt)?];
        rows($target:ident, $row:ident / $rows:ident: $prediction:ident);
        errors($($error:ident),*);
    }) => {
        impl $type {
            /// Evaluates a batch from scratch: [`push_batch`](Self::push_batch) into a new one.
            ///
            #[doc = accumulator!(@shape $dim $rows)]
            ///
            /// # Errors
            #[doc = concat!("Those of ", $(accumulator!(@new $try $new),)?)]
            /// [`push_batch`](Self::push_batch).
            pub fn evaluate<'t, 'p, T: crate::$target + 't, P: crate::$prediction + 'p>(
                $($arg: $of,)*
                targets: impl Into<ndarray::ArrayView1<'t, T>>,
                $rows: impl Into<ndarray::ArrayView<'p, P, ndarray::$dim>>,
            ) -> crate::Result<Self> {
                let $rows = $rows.into();
                let mut new = accumulator!(@make $dim $new $rows $($arg)*)$($try)?;
                new.push_batch(targets, $rows)?;
                Ok(new)
            }

            /// Adds many rows, in parallel in the current rayon pool if that pays.
            ///
            #[doc = accumulator!(@shape $dim $rows)]
            ///
            /// # Errors
            $(#[doc = accumulator!(@error $error)])*
            /// or [`LengthMismatch`](crate::Error::LengthMismatch); nothing was added then.
            pub fn push_batch<'t, 'p, T: crate::$target + 't, P: crate::$prediction + 'p>(
                &mut self,
                targets: impl Into<ndarray::ArrayView1<'t, T>>,
                $rows: impl Into<ndarray::ArrayView<'p, P, ndarray::$dim>>,
            ) -> crate::Result<()> {
                let targets = targets.into();
                let ones = crate::weight::ones(targets.len());
                self.push_rows(targets, $rows.into(), ndarray::ArrayView1::from(&ones))
            }

            accumulator! { @push $dim $target $row $rows $prediction }
        }
    };
    (weighted $dim:ident $type:ty {
        $new:ident($($arg:ident: $of:ty),*) [$($try:tt)?];
        rows($target:ident, $row:ident / $rows:ident: $prediction:ident);
        errors($($error:ident),*);
    }) => {
        impl $type {
            /// Evaluates a batch from scratch:
            /// [`push_batch_weighted`](Self::push_batch_weighted) into a new one.
            ///
            #[doc = accumulator!(@shape $dim $rows)]
            ///
            /// # Errors
            #[doc = concat!("Those of ", $(accumulator!(@new $try $new),)?)]
            /// [`push_batch_weighted`](Self::push_batch_weighted).
            pub fn evaluate_weighted<
                't, 'p, 'w, T: crate::$target + 't, P: crate::$prediction + 'p, W: crate::Real + 'w,
            >(
                $($arg: $of,)*
                targets: impl Into<ndarray::ArrayView1<'t, T>>,
                $rows: impl Into<ndarray::ArrayView<'p, P, ndarray::$dim>>,
                weights: impl Into<ndarray::ArrayView1<'w, W>>,
            ) -> crate::Result<Self> {
                let $rows = $rows.into();
                let mut new = accumulator!(@make $dim $new $rows $($arg)*)$($try)?;
                new.push_batch_weighted(targets, $rows, weights)?;
                Ok(new)
            }

            /// Adds many rows, each with its weight, in parallel in the current rayon pool if that
            /// pays.
            ///
            #[doc = accumulator!(@shape $dim $rows)]
            ///
            /// # Errors
            $(#[doc = accumulator!(@error $error)])*
            /// [`LengthMismatch`](crate::Error::LengthMismatch),
            /// [`WeightMismatch`](crate::Error::WeightMismatch) or
            /// [`NotAWeight`](crate::Error::NotAWeight); nothing was added then.
            pub fn push_batch_weighted<
                't, 'p, 'w, T: crate::$target + 't, P: crate::$prediction + 'p, W: crate::Real + 'w,
            >(
                &mut self,
                targets: impl Into<ndarray::ArrayView1<'t, T>>,
                $rows: impl Into<ndarray::ArrayView<'p, P, ndarray::$dim>>,
                weights: impl Into<ndarray::ArrayView1<'w, W>>,
            ) -> crate::Result<()> {
                self.push_rows(targets.into(), $rows.into(), weights.into())
            }

            accumulator! { @push_weighted $dim $target $row $rows $prediction }
        }
    };

    (@push Ix1 $target:ident $row:ident $rows:ident $prediction:ident) => {
        /// Adds one row; a batch costs far less per row.
        ///
        /// # Errors
        /// Those of [`push_batch`](Self::push_batch).
        pub fn push<T: crate::$target, P: crate::$prediction>(
            &mut self,
            target: T,
            $row: P,
        ) -> crate::Result<()> {
            self.push_batch(&[target], &[$row])
        }
    };
    (@push Ix2 $target:ident $row:ident $rows:ident $prediction:ident) => {
        /// Adds one row, with a value for each class; a batch costs far less per row.
        ///
        /// # Errors
        /// Those of [`push_batch`](Self::push_batch).
        pub fn push<'p, T: crate::$target, P: crate::$prediction + 'p>(
            &mut self,
            target: T,
            $rows: impl Into<ndarray::ArrayView1<'p, P>>,
        ) -> crate::Result<()> {
            self.push_batch(&[target], $rows.into().insert_axis(ndarray::Axis(0)))
        }
    };
    (@push_weighted Ix1 $target:ident $row:ident $rows:ident $prediction:ident) => {
        /// Adds one row of some weight; a batch costs far less per row.
        ///
        /// # Errors
        /// Those of [`push_batch_weighted`](Self::push_batch_weighted).
        pub fn push_weighted<T: crate::$target, P: crate::$prediction, W: crate::Real>(
            &mut self,
            target: T,
            $row: P,
            weight: W,
        ) -> crate::Result<()> {
            self.push_batch_weighted(&[target], &[$row], &[weight])
        }
    };
    (@push_weighted Ix2 $target:ident $row:ident $rows:ident $prediction:ident) => {
        /// Adds one row of some weight, with a value for each class; a batch costs far less per
        /// row.
        ///
        /// # Errors
        /// Those of [`push_batch_weighted`](Self::push_batch_weighted).
        pub fn push_weighted<'p, T: crate::$target, P: crate::$prediction + 'p, W: crate::Real>(
            &mut self,
            target: T,
            $rows: impl Into<ndarray::ArrayView1<'p, P>>,
            weight: W,
        ) -> crate::Result<()> {
            let $rows = $rows.into().insert_axis(ndarray::Axis(0));
            self.push_batch_weighted(&[target], $rows, &[weight])
        }
    };

    (@make Ix1 $new:ident $rows:ident $($arg:ident)*) => { Self::$new($($arg),*) };
    (@make Ix2 $new:ident $rows:ident $($arg:ident)*) => { Self::$new($rows.ncols() $(, $arg)*) };
    (@shape Ix1 $rows:ident) => {
        concat!("`targets` and `", stringify!($rows), "` have one value for each row.")
    };
    (@shape Ix2 $rows:ident) => {
        concat!("`", stringify!($rows), "` has shape \\[rows, classes\\].")
    };
    (@new ? $new:ident) => { concat!("[`", stringify!($new), "`](Self::", stringify!($new), ") and") };
    (@error $error:ident) => {
        concat!("[`", stringify!($error), "`](crate::Error::", stringify!($error), "),")
    };
}

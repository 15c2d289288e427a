//! Merges tensors that two sides changed, element by element.

mod kernel;
mod rules;
mod slerp;
mod ties;

use self::{
    kernel::{Observe, Write},
    rules::{Average, Task},
    slerp::{Angle, Slerp},
    ties::{Magnitudes, Ties},
};
use crate::element::{is_float, visit_floats};
use crate::{Dtype, TensorError};

/// What makes one element out of three.
#[derive(Clone, Debug)]
enum Rule {
    Average(Average),
    Task(Task),
    Ties(Ties),
    Slerp(Slerp),
}

impl Rule {
    fn average(weight: f64) -> Self {
        Self::Average(Average { weight })
    }

    fn task(ours: f64, theirs: f64) -> Self {
        Self::Task(Task { ours, theirs })
    }
}

/// How two tensors of one dtype and shape become one.
///
/// `ours` and `theirs` are the sides, `base` is what both come from. All of it is computed in f64
/// and rounded once, to nearest, ties to even. For each element:
///
/// - Where an input is NaN or infinite, ours is taken as it is: arithmetic makes no new NaN and no
///   new infinity. What lies beyond the dtype's range becomes its largest finite value.
/// - What should be one of the inputs is that input, bit for bit: at weights and scales of 0 and 1,
///   and where a side is as the base.
/// - Sides of equal weight can change places without changing a bit.
///
/// The two parts of a complex number are merged as two elements. Integers and booleans are not
/// averaged, nor F8_E8M0, which holds exponents, nor F6, whose packing no specification fixes:
/// see [`merges`](Self::merges).
///
/// ```
/// use ckpt_tensor::{Arithmetic, Dtype, Sides, Scan};
///
/// let bytes = |values: [f32; 2]| values.map(f32::to_le_bytes).concat();
/// let (base, ours, theirs) = (bytes([1.0, 1.0]), bytes([2.0, 1.0]), bytes([1.0, 4.0]));
/// let sides = Sides { base: Some(&base), ours: &ours, theirs: &theirs };
///
/// let both = Arithmetic::TaskArithmetic { ours: 1.0, theirs: 1.0 };
/// let merger = Scan::new(Dtype::F32, both)?.finish();
/// let mut merged = vec![0; 8];
/// merger.merge(&sides, &mut merged)?;
/// assert_eq!(merged, bytes([2.0, 4.0]));
/// # Ok::<(), ckpt_tensor::TensorError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arithmetic {
    /// `(1 - weight) * ours + weight * theirs`, never beyond either.
    Average {
        /// The weight of theirs, from 0 to 1.
        weight: f64,
    },
    /// `base + ours * (O - base) + theirs * (T - base)`, with O and T the sides: each side's change
    /// counts by its own scale (Ilharco et al., "Editing models with task arithmetic", ICLR 2023).
    TaskArithmetic {
        /// The scale of our change.
        ours: f64,
        /// The scale of their change.
        theirs: f64,
    },
    /// TIES-Merging (Yadav et al., NeurIPS 2023): trims each side's change of the tensor to its
    /// greatest elements, elects the sign of greater weight for each element, and adds `scale`
    /// times the mean of the changes of that sign to the base. Opposite changes of one size leave
    /// the base.
    ///
    /// Of n elements whose inputs are all finite, the k of greatest change are kept on each side:
    /// k is `density * n` rounded to a whole number, and at least 1. Sizes are told apart by their
    /// exponent and the first 9 bits of their mantissa: what agrees in these with the k-th greatest
    /// is kept too, so that a little more than k may be.
    Ties {
        /// The part of each side's change that is kept, above 0 and at most 1.
        density: f64,
        /// What the merged change is multiplied by; 1 in the paper, in which it is called λ.
        scale: f64,
    },
    /// Spherical linear interpolation between the tensors as vectors: `sin((1-t)θ)/sin θ * ours +
    /// sin(tθ)/sin θ * theirs`, with θ the angle between them (Shoemake, SIGGRAPH 1985).
    ///
    /// Where θ says nothing, this is [`Average`](Self::Average) with weight `t`: of vectors that are
    /// nearly parallel or nearly opposite (|cos θ| above 0.9995), of length 0, or so long that their
    /// squares overflow.
    Slerp {
        /// How far to go from ours to theirs, from 0 to 1.
        t: f64,
    },
}

impl Arithmetic {
    /// Tells whether elements of a dtype are merged by arithmetic at all.
    pub const fn merges(dtype: Dtype) -> bool {
        is_float(dtype)
    }

    /// Tells whether it works on what the sides changed, and so needs their base.
    pub const fn needs_base(self) -> bool {
        matches!(self, Self::TaskArithmetic { .. } | Self::Ties { .. })
    }

    /// Tells whether it has to see the whole tensor before it can merge its first element.
    pub const fn needs_survey(self) -> bool {
        matches!(self, Self::Ties { .. } | Self::Slerp { .. })
    }

    /// Checks the parameters against their ranges.
    ///
    /// # Errors
    /// [`TensorError::Parameter`].
    pub fn check(self) -> Result<(), TensorError> {
        match self {
            Self::Average { weight } => from_0_to_1("weight", weight),
            Self::TaskArithmetic { ours, theirs } => {
                finite("scale", ours).and_then(|()| finite("scale", theirs))
            }
            Self::Ties { density, scale } => {
                let is_right = density > 0.0 && density <= 1.0;
                parameter("density", density, is_right, "above 0 and at most 1")?;
                finite("scale", scale)
            }
            Self::Slerp { t } => from_0_to_1("t", t),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Average { .. } => "an average",
            Self::TaskArithmetic { .. } => "task arithmetic",
            Self::Ties { .. } => "TIES",
            Self::Slerp { .. } => "SLERP",
        }
    }
}

fn from_0_to_1(name: &'static str, value: f64) -> Result<(), TensorError> {
    parameter(name, value, (0.0..=1.0).contains(&value), "from 0 to 1")
}

fn finite(name: &'static str, value: f64) -> Result<(), TensorError> {
    parameter(name, value, value.is_finite(), "a finite number")
}

fn parameter(
    name: &'static str,
    value: f64,
    is_right: bool,
    range: &'static str,
) -> Result<(), TensorError> {
    let wrong = || TensorError::Parameter { name, value: value.to_string(), range };
    is_right.then_some(()).ok_or_else(wrong)
}

/// The bytes of some elements on each side, and of what both come from.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// Needed by [`Arithmetic::needs_base`], and not looked at otherwise.
    pub base: Option<&'a [u8]>,
    /// The side that is taken where arithmetic cannot say.
    pub ours: &'a [u8],
    /// The other side.
    pub theirs: &'a [u8],
}

impl Sides<'_> {
    fn check(&self, dtype: Dtype) -> Result<(), TensorError> {
        let a = self.ours.len();
        for b in [self.theirs.len(), self.base.map_or(a, <[u8]>::len)] {
            if a != b {
                return Err(TensorError::LengthMismatch { a, b });
            }
        }
        if a.is_multiple_of(dtype.element_width().unwrap_or(1)) {
            Ok(())
        } else {
            Err(TensorError::PartialElement { len: a, dtype })
        }
    }

    /// Gives the sides with a base: where arithmetic needs none, ours stands in for it.
    fn with_base(self, arithmetic: Arithmetic) -> Result<Self, TensorError> {
        let base = match (arithmetic.needs_base(), self.base) {
            (true, Some(base)) => base,
            (true, None) => return Err(TensorError::NoBase(arithmetic.name())),
            (false, _) => self.ours,
        };
        Ok(Self { base: Some(base), ..self })
    }
}

/// The first pass over two tensors, which gathers what arithmetic has to know of the whole.
///
/// Give it the bytes of all sides in order, cut wherever it suits but inside an element, if
/// [`Arithmetic::needs_survey`]; nothing otherwise. What it gathers does not depend on the cuts.
#[derive(Clone, Debug)]
pub struct Scan {
    dtype: Dtype,
    arithmetic: Arithmetic,
    gathered: Gathered,
}

#[derive(Clone, Debug)]
enum Gathered {
    Nothing,
    Magnitudes(Magnitudes),
    Angle(Angle),
}

impl Scan {
    /// Starts the scan of two tensors of this dtype.
    ///
    /// # Errors
    /// [`TensorError::NotMergeable`], [`TensorError::Parameter`].
    pub fn new(dtype: Dtype, arithmetic: Arithmetic) -> Result<Self, TensorError> {
        if !Arithmetic::merges(dtype) {
            return Err(TensorError::NotMergeable(dtype));
        }
        arithmetic.check()?;
        let gathered = match arithmetic {
            Arithmetic::Average { .. } | Arithmetic::TaskArithmetic { .. } => Gathered::Nothing,
            Arithmetic::Ties { .. } => Gathered::Magnitudes(Magnitudes::new()),
            Arithmetic::Slerp { .. } => Gathered::Angle(Angle::default()),
        };
        Ok(Self { dtype, arithmetic, gathered })
    }

    /// Takes the next bytes of all sides.
    ///
    /// # Errors
    /// [`TensorError::LengthMismatch`], [`TensorError::PartialElement`], [`TensorError::NoBase`].
    /// The scan is as before.
    pub fn update(&mut self, sides: &Sides<'_>) -> Result<(), TensorError> {
        sides.check(self.dtype)?;
        let sides = sides.with_base(self.arithmetic)?;
        match &mut self.gathered {
            Gathered::Nothing => {}
            Gathered::Magnitudes(to) => visit_floats(self.dtype, Observe { sides, to }),
            Gathered::Angle(to) => visit_floats(self.dtype, Observe { sides, to }),
        }
        Ok(())
    }

    /// Ends the first pass.
    pub fn finish(self) -> Merger {
        let rule = match (self.arithmetic, self.gathered) {
            (Arithmetic::Ties { density, scale }, Gathered::Magnitudes(magnitudes)) => {
                Rule::Ties(magnitudes.finish(density, scale))
            }
            (Arithmetic::Slerp { t }, Gathered::Angle(angle)) => angle.finish(t),
            (Arithmetic::TaskArithmetic { ours, theirs }, _) => Rule::task(ours, theirs),
            (Arithmetic::Average { weight }, _) => Rule::average(weight),
            _ => unreachable!("what is gathered follows from the arithmetic"),
        };
        Merger { dtype: self.dtype, arithmetic: self.arithmetic, rule }
    }
}

/// The second pass: merges elements, any of them in any order.
#[derive(Clone, Debug)]
pub struct Merger {
    dtype: Dtype,
    arithmetic: Arithmetic,
    rule: Rule,
}

impl Merger {
    /// Merges some elements into `merged`, which is as long as each side.
    ///
    /// # Errors
    /// [`TensorError::LengthMismatch`], [`TensorError::PartialElement`], [`TensorError::NoBase`].
    /// `merged` is as before.
    pub fn merge(&self, sides: &Sides<'_>, merged: &mut [u8]) -> Result<(), TensorError> {
        sides.check(self.dtype)?;
        if merged.len() != sides.ours.len() {
            return Err(TensorError::LengthMismatch { a: sides.ours.len(), b: merged.len() });
        }
        let sides = sides.with_base(self.arithmetic)?;
        match &self.rule {
            Rule::Average(rule) => visit_floats(self.dtype, Write { sides, merged, rule }),
            Rule::Task(rule) => visit_floats(self.dtype, Write { sides, merged, rule }),
            Rule::Ties(rule) => visit_floats(self.dtype, Write { sides, merged, rule }),
            Rule::Slerp(rule) => visit_floats(self.dtype, Write { sides, merged, rule }),
        }
        Ok(())
    }
}

//! Runs over the elements of all sides together, whatever their dtype.

use super::Sides;
use crate::element::{Float, FloatVisitor, Narrow};

/// One element on each side and in the base, all finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Triple {
    pub(super) base: f64,
    pub(super) ours: f64,
    pub(super) theirs: f64,
}

/// Makes one element out of three; never NaN.
pub(super) trait Merge {
    fn merge(&self, triple: Triple) -> f64;
}

/// Gathers what it has to know of the whole, an element at a time.
pub(super) trait Gather {
    fn add(&mut self, triple: Triple);
}

/// Elements on their way into what is gathered; those with an input that is not finite are left
/// out.
pub(super) struct Observe<'s, 'g, G> {
    pub(super) sides: Sides<'s>,
    pub(super) to: &'g mut G,
}

/// Elements on their way through a rule; those with an input that is not finite are ours.
pub(super) struct Write<'s, 'm, R> {
    pub(super) sides: Sides<'s>,
    pub(super) merged: &'m mut [u8],
    pub(super) rule: &'m R,
}

impl<'s> Sides<'s> {
    fn base(&self) -> &'s [u8] {
        self.base.unwrap_or(self.ours)
    }

    /// Returns the elements at a place in base, ours and theirs.
    fn chunks<const WIDTH: usize>(
        &self,
    ) -> impl Iterator<Item = [[u8; WIDTH]; 3]> + use<'s, WIDTH> {
        let chunks = |bytes: &'s [u8]| bytes.as_chunks::<WIDTH>().0.iter();
        let sides = chunks(self.ours).zip(chunks(self.theirs));
        chunks(self.base()).zip(sides).map(|(base, (ours, theirs))| [*base, *ours, *theirs])
    }
}

/// Decodes an element; `None` if an input is not finite.
fn decode<const WIDTH: usize>(
    element: &impl Float<WIDTH>,
    [base, ours, theirs]: [[u8; WIDTH]; 3],
) -> Option<Triple> {
    let [base, ours, theirs] = [base, ours, theirs].map(|bytes| element.value(bytes));
    let is_finite = base.is_finite() && ours.is_finite() && theirs.is_finite();
    is_finite.then_some(Triple { base, ours, theirs })
}

/// Cuts the bytes of base, ours and theirs into their halves, the low ones first.
fn nibbles(bytes: [[u8; 1]; 3]) -> [[[u8; 1]; 3]; 2] {
    [bytes.map(|[byte]| [byte & 15]), bytes.map(|[byte]| [byte >> 4])]
}

impl<G: Gather> FloatVisitor for Observe<'_, '_, G> {
    fn elements<const WIDTH: usize>(self, element: &impl Float<WIDTH>) {
        self.sides.chunks().filter_map(|bytes| decode(element, bytes)).for_each(|triple| {
            self.to.add(triple);
        });
    }

    fn nibbles(self, element: &Narrow) {
        let halves = self.sides.chunks().flat_map(nibbles);
        halves.filter_map(|bytes| decode(element, bytes)).for_each(|triple| self.to.add(triple));
    }
}

impl<R: Merge> Write<'_, '_, R> {
    fn element<const WIDTH: usize>(
        rule: &R,
        element: &impl Float<WIDTH>,
        bytes: [[u8; WIDTH]; 3],
    ) -> [u8; WIDTH] {
        let [_, ours, _] = bytes;
        decode(element, bytes).map_or(ours, |triple| element.encode(rule.merge(triple)))
    }
}

impl<R: Merge> FloatVisitor for Write<'_, '_, R> {
    fn elements<const WIDTH: usize>(self, element: &impl Float<WIDTH>) {
        let merged = self.merged.as_chunks_mut::<WIDTH>().0.iter_mut();
        for (place, bytes) in merged.zip(self.sides.chunks()) {
            *place = Self::element(self.rule, element, bytes);
        }
    }

    fn nibbles(self, element: &Narrow) {
        for (place, bytes) in self.merged.iter_mut().zip(self.sides.chunks()) {
            let [[low], [high]] =
                nibbles(bytes).map(|half| Self::element(self.rule, element, half));
            *place = low | high << 4;
        }
    }
}

use crate::Dtype;
use crate::element::{Byte, Element, Visitor, visit};

/// Elements that are decoded at once: as f64 they fill half of a first-level cache of 32 KiB, both
/// sides together.
pub(super) const PIECE: usize = 1024;

/// Gives the length of so many elements, which are an even number, in bytes.
pub(super) fn bytes_of(dtype: Dtype, elements: usize) -> usize {
    elements * dtype.bits() as usize / 8
}

/// Replaces `values` by what bytes are as f64; the parts of complex numbers stand one by one.
pub(super) fn read_values(dtype: Dtype, bytes: &[u8], values: &mut Vec<f64>) {
    values.clear();
    visit(dtype, Read { bytes, values });
}

struct Read<'b, 'v> {
    bytes: &'b [u8],
    values: &'v mut Vec<f64>,
}

impl Visitor for Read<'_, '_> {
    fn elements<const WIDTH: usize>(self, element: &impl Element<WIDTH>) {
        let (elements, _) = self.bytes.as_chunks::<WIDTH>();
        self.values.extend(elements.iter().map(|&bytes| element.value(bytes)));
    }

    fn nibbles(self, element: &Byte) {
        let halves = self.bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]);
        self.values.extend(halves.map(|half| element.value([half])));
    }

    fn packed(self) {
        unreachable!("no pairs are made of these dtypes");
    }
}

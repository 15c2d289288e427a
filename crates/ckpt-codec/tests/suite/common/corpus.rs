//! Valid encoded blocks of every encoding and width, and ways to damage them.

use ckpt_codec::{Effort, Encoding, Layout, decode_against, encode_against};
use ckpt_tensor::Dtype;

use ckpt_testkit::sequences::{Random, Sequence, Training, to_f64};

/// An encoded block and what decoding it takes.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) dtype: Dtype,
    pub(crate) encoding: Encoding,
    pub(crate) bytes: Vec<u8>,
    pub(crate) parent: Vec<u8>,
}

impl Case {
    pub(crate) fn layout(&self) -> Layout {
        Layout::of(self.dtype)
    }

    /// Gives the block's length.
    pub(crate) fn len(&self) -> usize {
        self.parent.len()
    }
}

/// Types of every layout.
const DTYPES: [Dtype; 8] = [
    Dtype::U8,
    Dtype::F16,
    Dtype::Bf16,
    Dtype::I16,
    Dtype::F32,
    Dtype::I32,
    Dtype::F64,
    Dtype::I64,
];

/// Encodes blocks of about `len` bytes: whatever differs, nothing, single groups, single bits.
///
/// Raw blocks are not among them.
pub(crate) fn corpus(len: usize, efforts: &[Effort]) -> Vec<Case> {
    let epochs = |training: Training| {
        let elements = len / training.dtype().element_width().expect("whole bytes");
        let mut epochs = Sequence::new(training, elements, 3);
        let parent = epochs.next().expect("training never ends");
        (parent, epochs.next().expect("training never ends"))
    };
    let (dense, late) = (epochs(Training::DenseF32), epochs(Training::LateF32));
    let (fine, sparse) = (epochs(Training::FineTuneBf16), epochs(Training::SparseRows));
    let flipped = |one_in: u64| {
        let (mut block, mut random) = (late.0.clone(), Random::new(4));
        for element in block.chunks_mut(8) {
            element[0] ^= u8::from(random.word().is_multiple_of(one_in));
        }
        (late.0.clone(), block)
    };
    // The lowest bits of some f64, and single groups.
    let (bits, groups) = (flipped(10), flipped(400));
    let wide = (to_f64(&late.0), to_f64(&late.1));
    let unrelated = (vec![0; dense.0.len()], dense.0.clone());
    let same = (dense.0.clone(), dense.0.clone());
    let pairs = [dense, late, fine, sparse, bits, groups, wide, unrelated, same];
    let mut cases = Vec::new();
    for (parent, block) in &pairs {
        for dtype in DTYPES {
            for &effort in efforts {
                // With a tail of 3 bytes, but for elements of one.
                let (block, parent) = (&block[..block.len() - 5], &parent[..parent.len() - 5]);
                let encoded = encode_against(block, parent, Layout::of(dtype), effort);
                let encoded = encoded.expect("short blocks of equal lengths");
                let (encoding, bytes) = (encoded.encoding, encoded.bytes.into_owned());
                if encoding != Encoding::Raw {
                    let case = Case { dtype, encoding, bytes, parent: parent.to_vec() };
                    let layout = case.layout();
                    let back = decode_against(encoding, &case.bytes, block.len(), layout, parent);
                    assert!(back.as_deref() == Ok(block), "{encoding} of {dtype}");
                    cases.push(case);
                }
            }
        }
    }
    cases
}

/// Damages bytes: flips bits, sets bytes, cuts, repeats, and takes parts from `other`.
pub(crate) fn damage(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let mut below = |most: usize| (random.word() % most.max(1) as u64) as usize;
    for _ in 0..=below(3) {
        if bytes.is_empty() {
            return;
        }
        // Tables and lengths are at the start: half of the damage is there.
        let most = if below(2) == 0 { bytes.len().min(200) } else { bytes.len() };
        let at = below(most);
        match below(6) {
            0 | 1 => bytes[at] ^= 1 << below(8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
            3 => bytes.truncate(at),
            4 => {
                let run = at..(at + 1 + below(64)).min(bytes.len());
                bytes.extend_from_within(run);
            }
            _ => {
                bytes.truncate(at);
                bytes.extend_from_slice(&other[at.min(other.len())..]);
            }
        }
    }
}

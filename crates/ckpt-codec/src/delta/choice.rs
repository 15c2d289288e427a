//! Which encoding a block is stored in.

use std::borrow::Cow;

use super::classes::Classes;
use super::counts::Counts;
use super::groups::Changed;
use super::{estimate, planes, range, streams};
use crate::integers::Word;
use crate::layout::{Effort, Encoding, Layout};
use crate::{CodecError, Encoded};

/// Fewest elements of which classes are tried: 1 KiB of bf16.
///
/// On synthetic training classes are smaller than planes already there, by 1 to 17 %.
const MIN_ELEMENTS: usize = 512;

/// Part of a block that its delta may take; beyond, plain bytes are the better choice, which
/// need no parent.
const WORTH: f64 = 0.98;

/// Part of a block below which a delta is not compared with plain bytes: that would cost
/// most of the time, and so few changes seldom lose.
const SURE: f64 = 1.0 / 16.0;

/// Encodes a block against a parent of the same length.
pub(super) fn encode<'a>(
    block: &'a [u8],
    parent: &[u8],
    layout: Layout,
    effort: Effort,
) -> Result<Encoded<'a>, CodecError> {
    let (elements, tail) = block.split_at(block.len() - block.len() % layout.width());
    let parent = &parent[..elements.len()];
    let changed = Changed::find(elements, parent);
    let mut head = Vec::new();
    changed.append(&mut head);
    head.extend_from_slice(tail);
    let (current, parent) = if changed.is_all() {
        (Cow::Borrowed(elements), Cow::Borrowed(parent))
    } else {
        (changed.gather(elements).into(), changed.gather(parent).into())
    };
    let delta = Delta { block, current: &current, parent: &parent, head, layout, effort };
    match layout.width() {
        1 => delta.encode::<u8, 1>(),
        2 => delta.encode::<u16, 2>(),
        4 => delta.encode::<u32, 4>(),
        8 => delta.encode::<u64, 8>(),
        width => unreachable!("no dtype has elements of {width} bytes"),
    }
}

/// A block and its parent's, reduced to the groups that differ.
struct Delta<'a, 'd> {
    block: &'a [u8],
    current: &'d [u8],
    parent: &'d [u8],
    /// Which groups differ, and the bytes after the last whole element.
    head: Vec<u8>,
    layout: Layout,
    effort: Effort,
}

/// Bytes that the encodings may take, and the classes meant.
struct Guess {
    plain: f64,
    planes: f64,
    classes: f64,
    parameters: Classes,
}

impl<'a> Delta<'a, '_> {
    /// Encodes what promises to be smallest, with [`Effort::Small`] everything that may be.
    fn encode<T: Word<N>, const N: usize>(self) -> Result<Encoded<'a>, CodecError> {
        let (block, effort) = (self.block, self.effort);
        let plain = || crate::encode(block, self.layout, effort);
        let limit = effort.delta_limit();
        let (delta, also_plain) = match self.guess::<T, N>() {
            Some(guess) => {
                let best = guess.classes.min(guess.planes).min(guess.plain * limit);
                let near = |bytes: f64| bytes * effort.near() <= best;
                let classes = near(guess.classes).then(|| self.classes::<T, N>(guess.parameters));
                let planes = (near(guess.planes)
                    && (classes.is_none() || effort.tries_everything()))
                .then(|| self.planes::<T, N>());
                (smaller(classes, planes), near(guess.plain * limit))
            }
            // Nothing is known: only trying tells.
            None => {
                let planes = self.planes::<T, N>();
                let sure = planes.bytes.len() as f64 <= SURE * block.len() as f64;
                (Some(planes), !sure || effort.tries_everything())
            }
        };
        let worth = |delta: &Encoded<'_>| delta.bytes.len() as f64 <= WORTH * block.len() as f64;
        let Some(delta) = delta.filter(worth) else { return plain() };
        if also_plain {
            let plain = plain()?;
            if plain.bytes.len() as f64 * limit <= delta.bytes.len() as f64 {
                return Ok(plain);
            }
        }
        Ok(delta)
    }

    /// Guesses from samples; `None` if there are no floats or too few that differ.
    fn guess<T: Word<N>, const N: usize>(&self) -> Option<Guess> {
        let (current, parent) = self.elements::<N>();
        let mantissa = self.layout.mantissa().filter(|_| current.len() >= MIN_ELEMENTS)?;
        let all = self.block.as_chunks::<N>().0;
        let (current_sample, parent_sample) = (estimate::sample(current), estimate::sample(parent));
        let parameters = estimate::classes::<T, N>(&parent_sample, mantissa, current.len());
        let classes = estimate::class_bits::<T, N>(parameters, &current_sample, &parent_sample);
        let planes =
            estimate::difference_bits::<T, N>(&current_sample, &parent_sample, self.layout);
        let plain = estimate::plain_bits::<T, N>(&estimate::sample(all), self.layout);
        let (head, len) = (self.head.len() as f64, current.len() as f64);
        Some(Guess {
            plain: plain / 8.0 * all.len() as f64,
            planes: head + planes / 8.0 * len,
            classes: head + classes / 8.0 * len,
            parameters,
        })
    }

    fn elements<const N: usize>(&self) -> (&[[u8; N]], &[[u8; N]]) {
        (self.current.as_chunks().0, self.parent.as_chunks().0)
    }

    fn planes<T: Word<N>, const N: usize>(&self) -> Encoded<'a> {
        let (current, parent) = self.elements::<N>();
        let mut bytes = self.head.clone();
        planes::append::<T, N>(current, parent, self.layout, self.effort, &mut bytes);
        Encoded { encoding: Encoding::DeltaPlanes, bytes: bytes.into() }
    }

    fn classes<T: Word<N>, const N: usize>(&self, classes: Classes) -> Encoded<'a> {
        let (current, parent) = self.elements::<N>();
        let counts = Counts::of::<T, N>(classes, current, parent);
        let huffman = streams::Plan::new(classes, &counts);
        let range = range::Plan::new(classes, &counts);
        let mut bytes = self.head.clone();
        let most = huffman.len() as f64 * self.effort.range_limit();
        let encoding = if (range.len() as f64) < most {
            range.append::<T, N>(current, parent, &mut bytes);
            Encoding::DeltaRange
        } else {
            huffman.append::<T, N>(current, parent, &mut bytes);
            Encoding::DeltaHuffman
        };
        Encoded { encoding, bytes: bytes.into() }
    }
}

fn smaller<'a>(a: Option<Encoded<'a>>, b: Option<Encoded<'a>>) -> Option<Encoded<'a>> {
    a.into_iter().chain(b).min_by_key(|encoded| encoded.bytes.len())
}

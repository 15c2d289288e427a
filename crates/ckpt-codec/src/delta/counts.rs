//! How often each class occurs in each context, and what codes of them would take.

use super::classes::{CLASSES, CONTEXTS, Classes, Key};
use super::integers::Word;

/// Streams that elements are dealt to in turn.
///
/// The place of a code is known only when the one before it is decoded; four such chains at once
/// keep a core busy.
pub(super) const STREAMS: usize = 4;

/// Elements that are classified at once: few enough to stay in a core's first-level cache.
pub(super) const CHUNK: usize = 1024;

/// Counts of each key among the elements of one stream.
type OfStream = [[u32; CLASSES]; CONTEXTS];

/// How often each key occurs, by stream.
pub(super) struct Counts {
    streams: Vec<OfStream>,
}

impl Counts {
    pub(super) fn new() -> Self {
        Self { streams: vec![[[0; CLASSES]; CONTEXTS]; STREAMS] }
    }

    /// Counts the keys of all elements.
    pub(super) fn of<T: Word<N>, const N: usize>(
        classes: Classes,
        current: &[[u8; N]],
        parent: &[[u8; N]],
    ) -> Self {
        let mut counts = Self::new();
        for_chunks::<T, N>(classes, current, parent, |_, keys| counts.add(keys));
        counts
    }

    /// Counts keys, the first of which belongs to the first stream.
    pub(super) fn add(&mut self, keys: &[Key]) {
        let [a, b, c, d] = self.streams.as_mut_slice() else { unreachable!("there are 4 streams") };
        let mut streams = [a, b, c, d].map(|stream| stream.as_flattened_mut());
        let (quads, rest) = keys.as_chunks::<STREAMS>();
        // One table per stream also keeps equal keys in a row from waiting for each other.
        for quad in quads {
            for (stream, &key) in streams.iter_mut().zip(quad) {
                stream[usize::from(key) % (CONTEXTS * CLASSES)] += 1;
            }
        }
        for (stream, &key) in streams.iter_mut().zip(rest) {
            stream[usize::from(key)] += 1;
        }
    }

    /// Gives the counts of one context, of all streams together.
    pub(super) fn context(&self, context: usize) -> [u32; CLASSES] {
        let mut sums = [0; CLASSES];
        for stream in &self.streams {
            for (sum, &count) in sums.iter_mut().zip(&stream[context]) {
                *sum += count;
            }
        }
        sums
    }

    /// Gives the bits that one stream takes where each key takes so many.
    pub(super) fn stream_bits(&self, stream: usize, bits: impl Fn(usize) -> u32) -> usize {
        let counts = self.streams[stream].as_flattened().iter().enumerate();
        let used = counts.filter(|&(_, &count)| count > 0);
        used.map(|(key, &count)| count as usize * bits(key) as usize).sum()
    }

    /// Gives the bits of all rests.
    pub(super) fn rest_bits(&self, classes: Classes) -> usize {
        let extra = |key: usize| classes.extra((key % CLASSES) as u32);
        (0..STREAMS).map(|stream| self.stream_bits(stream, extra)).sum()
    }

    /// Gives the bits that an ideal code of the classes takes, and how many keys occur.
    pub(super) fn entropy(&self) -> (f64, usize) {
        let (mut bits, mut keys) = (0.0, 0);
        for counts in (0..CONTEXTS).map(|context| self.context(context)) {
            let total = f64::from(counts.iter().sum::<u32>());
            for &count in counts.iter().filter(|&&count| count > 0) {
                bits += f64::from(count) * (total / f64::from(count)).log2();
                keys += 1;
            }
        }
        (bits, keys)
    }
}

/// Classifies all elements, in chunks that start at the first stream.
#[inline(always)]
pub(super) fn for_chunks<T: Word<N>, const N: usize>(
    classes: Classes,
    current: &[[u8; N]],
    parent: &[[u8; N]],
    mut each: impl FnMut(&[T], &[Key]),
) {
    let (mut differences, mut keys) = ([T::truncate(0); CHUNK], [0; CHUNK]);
    for (current, parent) in current.chunks(CHUNK).zip(parent.chunks(CHUNK)) {
        classes.classify(current, parent, &mut differences, &mut keys);
        each(&differences[..current.len()], &keys[..current.len()]);
    }
}

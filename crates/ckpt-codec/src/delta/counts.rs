//! How often each class occurs in each context, and what codes of them would take.

use super::classes::{CLASSES, CONTEXTS, Classes, Key};
use crate::integers::Word;
use crate::simd::{Kernel, with_best};

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
    /// Counts the keys of all elements.
    pub(super) fn of<T: Word<N>, const N: usize>(
        classes: Classes,
        current: &[[u8; N]],
        parent: &[[u8; N]],
    ) -> Self {
        let mut counts = Self { streams: vec![[[0; CLASSES]; CONTEXTS]; STREAMS] };
        with_best(Count { counts: &mut counts, chunk: Chunk::<T>::new(classes), current, parent });
        counts
    }

    /// Counts keys, the first of which belongs to the first stream.
    #[inline(always)]
    fn add(&mut self, keys: &[Key]) {
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

struct Count<'a, T, const N: usize> {
    counts: &'a mut Counts,
    chunk: Chunk<T>,
    current: &'a [[u8; N]],
    parent: &'a [[u8; N]],
}

impl<T: Word<N>, const N: usize> Kernel for Count<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        for (current, parent) in self.current.chunks(CHUNK).zip(self.parent.chunks(CHUNK)) {
            self.counts.add(self.chunk.classify(current, parent).1);
        }
    }
}

/// Differences and keys of a chunk of elements.
pub(super) struct Chunk<T> {
    classes: Classes,
    differences: [T; CHUNK],
    keys: [Key; CHUNK],
}

impl<T> Chunk<T> {
    pub(super) fn new<const N: usize>(classes: Classes) -> Self
    where
        T: Word<N>,
    {
        Self { classes, differences: [T::truncate(0); CHUNK], keys: [0; CHUNK] }
    }

    pub(super) fn classes(&self) -> Classes {
        self.classes
    }

    /// Classifies at most [`CHUNK`] elements.
    #[inline(always)]
    pub(super) fn classify<const N: usize>(
        &mut self,
        current: &[[u8; N]],
        parent: &[[u8; N]],
    ) -> (&[T], &[Key])
    where
        T: Word<N>,
    {
        self.classes.classify(current, parent, &mut self.differences, &mut self.keys);
        (&self.differences[..current.len()], &self.keys[..current.len()])
    }
}

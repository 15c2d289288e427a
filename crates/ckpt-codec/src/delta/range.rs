//! The class coder with a range coder (rANS), where Huffman's whole bits cost too much.
//!
//! Asymmetric numeral systems, range variant: J. Duda, "Asymmetric numeral systems: entropy
//! coding combining speed of Huffman coding with compression rate of arithmetic coding", 2013,
//! with words of 16 bits and interleaved states as in F. Giesen, "Interleaved entropy coders",
//! 2014.

use super::bits::{BitWriter, mask, window};
use super::classes::{CLASSES, CONTEXTS, Classes, Key};
use super::counts::{CHUNK, Chunk, Counts, STREAMS};
use super::frequencies::{SCALE, append_frequencies, frequencies, read_frequencies};
use super::groups::{Changed, Chunks};
use crate::CodecError;
use crate::input::Input;
use crate::integers::{self, Word};
use crate::simd::{Kernel, with_best};

/// The smallest state between two elements; the largest is 2^32 - 1.
const LOW: u32 = 1 << 16;

/// Frequencies of the classes of a block.
pub(super) struct Plan {
    classes: Classes,
    /// By key.
    slots: Vec<Slots>,
    frequencies: Vec<u8>,
    class_bits: f64,
    rest_bits: usize,
}

impl Plan {
    pub(super) fn new(classes: Classes, counts: &Counts) -> Self {
        let mut slots = Vec::with_capacity(CONTEXTS * CLASSES);
        let (mut bytes, mut class_bits) = (Vec::new(), 0.0);
        for counts in (0..CONTEXTS).map(|context| counts.context(context)) {
            let frequencies = frequencies(&counts);
            append_frequencies(&mut bytes, &frequencies);
            let mut start = 0;
            for (&frequency, &count) in frequencies.iter().zip(&counts) {
                slots.push(Slots::new(start.into(), frequency.into()));
                start += frequency;
                if count > 0 {
                    class_bits +=
                        f64::from(count) * (f64::from(SCALE) - f64::from(frequency).log2());
                }
            }
        }
        let rest_bits = counts.rest_bits(classes);
        Self { classes, slots, frequencies: bytes, class_bits, rest_bits }
    }

    /// Estimates the bytes that [`append`](Self::append) appends, to within a few.
    pub(super) fn len(&self) -> usize {
        let words = (self.class_bits / 16.0).ceil() as usize;
        3 + self.frequencies.len() + 4 + 4 * STREAMS + 2 * words + self.rest_bits.div_ceil(8)
    }

    /// Appends class parameters, frequencies, the number of words, states, words and rests.
    pub(super) fn append<T: Word<N>, const N: usize>(
        &self,
        current: &[[u8; N]],
        parent: &[[u8; N]],
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(&self.classes.to_bytes());
        out.extend_from_slice(&self.frequencies);
        let mut rests = vec![0; self.rest_bits.div_ceil(8) + 8];
        let mut keys = Vec::with_capacity(current.len());
        let (chunk, writer) = (Chunk::<T>::new(self.classes), BitWriter::new(&mut rests));
        with_best(WriteRests { chunk, current, parent, writer, keys: &mut keys });
        let slots = self.slots.first_chunk().expect("every key has a place");
        let (states, words) = with_best(Encode { slots, keys: &keys });
        out.extend_from_slice(&(words.len() as u32 / 2).to_le_bytes());
        out.extend(states.iter().flat_map(|state| state.to_le_bytes()));
        out.extend_from_slice(&words);
        out.extend_from_slice(&rests[..self.rest_bits.div_ceil(8)]);
    }
}

/// Writes the rests of all elements, and notes the keys.
struct WriteRests<'a, T, const N: usize> {
    chunk: Chunk<T>,
    current: &'a [[u8; N]],
    parent: &'a [[u8; N]],
    writer: BitWriter<'a>,
    keys: &'a mut Vec<Key>,
}

impl<T: Word<N>, const N: usize> Kernel for WriteRests<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let classes = self.chunk.classes();
        for (current, parent) in self.current.chunks(CHUNK).zip(self.parent.chunks(CHUNK)) {
            let (differences, keys) = self.chunk.classify(current, parent);
            self.keys.extend_from_slice(keys);
            for (difference, &key) in differences.iter().zip(keys) {
                let extra = classes.extra(u32::from(key) % CLASSES as u32);
                let rest = classes.rest(difference.widen(), extra);
                if T::BITS == 64 {
                    self.writer.push_wide(rest, extra);
                } else {
                    self.writer.push(rest, extra);
                }
            }
        }
    }
}

/// Encodes from the last element to the first; gives the states and the words as bytes.
struct Encode<'a> {
    slots: &'a [Slots; CONTEXTS * CLASSES],
    keys: &'a [Key],
}

impl Encode<'_> {
    #[inline(always)]
    fn put(&self, state: &mut u32, key: Key, words: &mut [u8], first: &mut usize) {
        let slots = self.slots[usize::from(key) % (CONTEXTS * CLASSES)];
        // Always a word, which the next one overwrites unless it was needed: no branch.
        words[*first..*first + 2].copy_from_slice(&(*state as u16).to_le_bytes());
        let needed = u32::from(*state >> (32 - SCALE) >= slots.frequency());
        *first -= 2 * needed as usize;
        *state = slots.put(*state >> (16 * needed));
    }
}

impl Kernel for Encode<'_> {
    type Output = ([u32; STREAMS], Vec<u8>);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut states = [LOW; STREAMS];
        // The decoder takes words as they were put, last first: they are filled in from the end.
        let mut words = vec![0; 2 * self.keys.len() + 2];
        let mut first = words.len() - 2;
        let (quads, rest) = self.keys.as_chunks::<STREAMS>();
        for (k, &key) in rest.iter().enumerate().rev() {
            self.put(&mut states[k], key, &mut words, &mut first);
        }
        for quad in quads.iter().rev() {
            for k in (0..STREAMS).rev() {
                self.put(&mut states[k], quad[k], &mut words, &mut first);
            }
        }
        words.drain(..first + 2);
        (states, words)
    }
}

/// The slots of a key, as encoding needs them.
#[derive(Clone, Copy)]
struct Slots {
    /// 2^64 / frequency, rounded up: a multiplication divides.
    reciprocal: u64,
    /// 2^[`SCALE`] - frequency.
    others: u32,
    bias: u32,
}

impl Slots {
    fn new(start: u32, frequency: u32) -> Self {
        let others = (1 << SCALE) - frequency;
        match frequency {
            0 => Self { reciprocal: 0, others, bias: start },
            // 2^64 itself is too large. One less gives state - 1, which the bias makes good.
            1 => Self { reciprocal: u64::MAX, others, bias: start + others },
            _ => Self { reciprocal: u64::MAX / u64::from(frequency) + 1, others, bias: start },
        }
    }

    #[inline(always)]
    fn frequency(self) -> u32 {
        (1 << SCALE) - self.others
    }

    /// Puts the key on a state: (state / frequency) * 2^SCALE + start + state % frequency.
    ///
    /// The quotient is exact as both numbers are below 2^32.
    #[inline(always)]
    fn put(self, state: u32) -> u32 {
        let quotient = (u128::from(state) * u128::from(self.reciprocal)) >> 64;
        state.wrapping_add(self.bias).wrapping_add((quotient as u32).wrapping_mul(self.others))
    }
}

/// Which class a slot belongs to, and where the slots of classes are.
struct Table {
    /// By context and slot.
    owners: Vec<u8>,
    /// By key: where its slots start (upper half), and how many it has.
    slots: Vec<u32>,
}

impl Table {
    fn read(input: &mut Input<'_>, classes: usize) -> Result<Self, CodecError> {
        let mut owners = vec![0; CONTEXTS << SCALE];
        let mut slots = vec![0; CONTEXTS * CLASSES];
        for context in 0..CONTEXTS {
            let mut start = context << SCALE;
            for (class, &frequency) in read_frequencies(input, classes)?.iter().enumerate() {
                let end = start + usize::from(frequency);
                owners[start..end].fill(class as u8);
                let within = (start - (context << SCALE)) as u32;
                slots[context * CLASSES + class] = within << 16 | u32::from(frequency);
                start = end;
            }
        }
        Ok(Self { owners, slots })
    }

    /// Takes a class from a state.
    #[inline(always)]
    fn take(&self, context: u8, state: &mut u32) -> u8 {
        let owners: &[u8; CONTEXTS << SCALE] =
            self.owners.first_chunk().expect("tables are made with this length");
        let slots: &[u32; CONTEXTS * CLASSES] =
            self.slots.first_chunk().expect("tables are made with this length");
        let slot = *state & ((1 << SCALE) - 1);
        let context = usize::from(context) % CONTEXTS;
        let class = owners[context << SCALE | slot as usize];
        let owned = slots[context * CLASSES + usize::from(class) % CLASSES];
        // A frequency is at most 2^SCALE and an upper part below 2^(32 - SCALE).
        *state = (owned & 0xffff) * (*state >> SCALE) + slot - (owned >> 16);
        class
    }
}

/// Turns the changed elements of the parent into the current ones.
pub(super) fn apply<T: Word<N>, const N: usize>(
    input: &mut Input<'_>,
    mantissa: u32,
    changed: &Changed,
    block: &mut [u8],
) -> Result<(), CodecError> {
    let classes = Classes::read(input, mantissa, T::BITS)?;
    let table = Table::read(input, classes.count(T::BITS))?;
    let words = input.length()?;
    let mut states = [0; STREAMS];
    for state in &mut states {
        *state = u32::from_le_bytes(input.take_array()?);
    }
    let words = input.take(words.checked_mul(2).ok_or(input.invalid("a number of words"))?)?;
    let rests = input.take_rest();
    let mut decoder = Decoder { table, states, words, word: 0 };
    let (chunks, differences) = (changed.chunks(), [T::truncate(0); CHUNK]);
    let bit =
        with_best(Apply { classes, decoder: &mut decoder, rests, chunks, block, differences });
    input.check_used(words.len(), decoder.word)?;
    input.check_used(rests.len(), bit.div_ceil(8))?;
    if decoder.states != [LOW; STREAMS] {
        return Err(input.invalid("a final state"));
    }
    Ok(())
}

/// Turns states, words and rests into elements; gives how many bits of the rests it used.
struct Apply<'a, 'd, T, const N: usize> {
    classes: Classes,
    decoder: &'a mut Decoder<'d>,
    rests: &'a [u8],
    chunks: Chunks<'a, N>,
    block: &'a mut [u8],
    differences: [T; CHUNK],
}

impl<T: Word<N>, const N: usize> Kernel for Apply<'_, '_, T, N> {
    type Output = usize;

    #[inline(always)]
    fn run(mut self) -> usize {
        let (mut contexts, mut found, mut bit) = ([0; CHUNK], [0; CHUNK], 0);
        loop {
            let elements = self.chunks.next(self.block);
            let len = elements.len();
            if len == 0 {
                return bit;
            }
            self.classes.contexts::<T, N>(elements, &mut contexts);
            self.decoder.chunk(&contexts[..len], &mut found[..len]);
            for (difference, &class) in self.differences.iter_mut().zip(&found[..len]) {
                *difference = join::<T, N>(self.classes, class.into(), self.rests, &mut bit);
            }
            for (element, &difference) in elements.iter_mut().zip(&self.differences) {
                *element = integers::apply(difference, *element, true);
            }
        }
    }
}

/// Gives a difference from its class and the rest at a position, which moves on.
#[inline(always)]
fn join<T: Word<N>, const N: usize>(
    classes: Classes,
    class: u32,
    rests: &[u8],
    bit: &mut usize,
) -> T {
    let (extra, leading) = (classes.extra(class), classes.leading(class));
    let mut rest = window(rests, *bit) & mask(extra.min(56));
    if T::BITS == 64 && extra > 56 {
        rest |= (window(rests, *bit + 56) & mask(extra - 56)) << 56;
    }
    *bit += extra as usize;
    T::truncate(classes.join(leading, extra, rest))
}

/// Turns states and words into classes.
struct Decoder<'a> {
    table: Table,
    states: [u32; STREAMS],
    words: &'a [u8],
    /// Bytes taken from the words.
    word: usize,
}

impl Decoder<'_> {
    #[inline(always)]
    fn chunk(&mut self, contexts: &[u8], classes: &mut [u8]) {
        let (mut states, mut word) = (self.states, self.word);
        let (quads, last) = classes.as_chunks_mut::<STREAMS>();
        let (context_quads, last_contexts) = contexts.as_chunks::<STREAMS>();
        for (quad, contexts) in quads.iter_mut().zip(context_quads) {
            for k in 0..STREAMS {
                quad[k] = self.next(&mut states[k], &mut word, contexts[k]);
            }
        }
        for ((class, &context), state) in last.iter_mut().zip(last_contexts).zip(&mut states) {
            *class = self.next(state, &mut word, context);
        }
        (self.states, self.word) = (states, word);
    }

    #[inline(always)]
    fn next(&self, state: &mut u32, at: &mut usize, context: u8) -> u8 {
        let class = self.table.take(context, state);
        // Whether a state needs a word is a toss-up: arithmetic is faster than a branch.
        let word = match self.words.get(*at..*at + 2) {
            Some(word) => u16::from_le_bytes([word[0], word[1]]),
            None => 0,
        };
        let needed = u32::from(*state < LOW);
        *state = *state << (16 * needed) | u32::from(word) & needed.wrapping_neg();
        *at += 2 * needed as usize;
        class
    }
}

//! The class coder with Huffman codes: four interleaved streams of codes and rests.

use super::bits::{BitWriter, mask, window};
use super::classes::{CLASSES, CONTEXTS, Classes, Key};
use super::counts::{CHUNK, Chunk, Counts, STREAMS};
use super::groups::{Changed, Chunks};
use super::huffman::{self, Table};
use crate::CodecError;
use crate::input::Input;
use crate::integers::{self, Word};
use crate::simd::{Kernel, with_best};

/// Bytes that a writer of bits may touch beyond its last one.
const SLACK: usize = 8;

/// Codes for the classes of a block, and the bytes that they lead to.
pub(super) struct Plan {
    classes: Classes,
    /// By key, as [`huffman::codes`] gives them.
    codes: Vec<u16>,
    lengths: Vec<u8>,
    streams: [usize; STREAMS],
}

impl Plan {
    pub(super) fn new(classes: Classes, counts: &Counts) -> Self {
        let mut codes = Vec::with_capacity(CONTEXTS * CLASSES);
        let mut bytes = Vec::new();
        for counts in (0..CONTEXTS).map(|context| counts.context(context)) {
            let lengths = huffman::lengths(&counts);
            codes.extend_from_slice(&huffman::codes(&lengths));
            huffman::append_lengths(&mut bytes, &counts, &lengths);
        }
        let bits = |key: usize| u32::from(codes[key] & 15) + classes.extra((key % CLASSES) as u32);
        let streams = std::array::from_fn(|k| counts.stream_bits(k, bits).div_ceil(8));
        Self { classes, codes, lengths: bytes, streams }
    }

    /// Gives the number of bytes that [`append`](Self::append) appends.
    pub(super) fn len(&self) -> usize {
        3 + self.lengths.len() + 4 * (STREAMS - 1) + self.streams.iter().sum::<usize>()
    }

    /// Appends class parameters, code lengths, lengths of all streams but the last, and streams.
    pub(super) fn append<T: Word<N>, const N: usize>(
        &self,
        current: &[[u8; N]],
        parent: &[[u8; N]],
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(&self.classes.to_bytes());
        out.extend_from_slice(&self.lengths);
        for &len in &self.streams[..STREAMS - 1] {
            out.extend_from_slice(&(len as u32).to_le_bytes());
        }
        let start = out.len();
        out.resize(start + self.streams.iter().sum::<usize>() + STREAMS * SLACK, 0);
        self.write::<T, N>(current, parent, &mut out[start..]);
        let (mut from, mut to) = (start, start);
        for len in self.streams {
            out.copy_within(from..from + len, to);
            (from, to) = (from + len + SLACK, to + len);
        }
        out.truncate(to);
    }

    /// Writes the streams, each followed by some slack.
    fn write<T: Word<N>, const N: usize>(
        &self,
        current: &[[u8; N]],
        parent: &[[u8; N]],
        mut out: &mut [u8],
    ) {
        let mut writers = self.streams.map(|len| {
            let (stream, rest) = std::mem::take(&mut out).split_at_mut(len + SLACK);
            out = rest;
            BitWriter::new(stream)
        });
        let codes = self.codes.iter().enumerate();
        let codes: Vec<Code> = codes
            .map(|(key, &code)| Code::new(code, (key % CLASSES) as u32, self.classes))
            .collect();
        let codes = codes.first_chunk().expect("every key has a place");
        let coder = Coder { codes, classes: self.classes };
        let chunk = Chunk::<T>::new(self.classes);
        with_best(Write { coder, chunk, current, parent, writers: &mut writers });
    }
}

/// Writes the streams of all elements.
struct Write<'a, 'w, T, const N: usize> {
    coder: Coder<'a>,
    chunk: Chunk<T>,
    current: &'a [[u8; N]],
    parent: &'a [[u8; N]],
    writers: &'a mut [BitWriter<'w>; STREAMS],
}

impl<T: Word<N>, const N: usize> Kernel for Write<'_, '_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        for (current, parent) in self.current.chunks(CHUNK).zip(self.parent.chunks(CHUNK)) {
            let (differences, keys) = self.chunk.classify(current, parent);
            let (differences, last_differences) = differences.as_chunks();
            let (keys, last_keys) = keys.as_chunks();
            // One stream after the other: the state of a single writer stays in registers.
            for (k, writer) in self.writers.iter_mut().enumerate() {
                self.coder.write_stream::<T, N>(writer, k, differences, keys);
            }
            let last = last_differences.iter().zip(last_keys);
            for ((&difference, &key), writer) in last.zip(&mut *self.writers) {
                self.coder.push(writer, difference, key);
            }
        }
    }
}

/// The bits of a key's elements.
#[derive(Clone, Copy)]
struct Code {
    /// What makes code and rest of a difference that is shifted by the code's length.
    base: u64,
    bits: u16,
    len: u8,
    extra: u8,
}

impl Code {
    fn new(code: u16, class: u32, classes: Classes) -> Self {
        let (bits, len) = (u64::from(code >> 4), u32::from(code & 15));
        // The places beyond the last class are filled like it.
        let extra = classes.extra(class).min(63);
        // Without the leading bits the shifted difference is the rest.
        let leading = classes.leading(class) << extra;
        let base = (1u64 << classes.fine).wrapping_sub(leading) << len;
        Self { base: base.wrapping_add(bits), bits: code >> 4, len: len as u8, extra: extra as u8 }
    }
}

/// Turns differences and keys into bits.
struct Coder<'a> {
    codes: &'a [Code; CONTEXTS * CLASSES],
    classes: Classes,
}

impl Coder<'_> {
    /// Appends the elements of the `k`-th stream.
    #[inline(always)]
    fn write_stream<T: Word<N>, const N: usize>(
        &self,
        writer: &mut BitWriter<'_>,
        k: usize,
        differences: &[[T; STREAMS]],
        keys: &[[Key; STREAMS]],
    ) {
        let mut own = std::mem::take(writer);
        let (pairs, last) = differences.as_chunks::<2>();
        let (key_pairs, last_keys) = keys.as_chunks::<2>();
        for (differences, keys) in pairs.iter().zip(key_pairs) {
            if T::BITS == 16 {
                // At most 2 * (10 + 16) bits go together.
                let (low, len) = self.bits(differences[0][k], keys[0][k]);
                let (high, high_len) = self.bits(differences[1][k], keys[1][k]);
                own.push(low | high << len, len + high_len);
            } else {
                self.push(&mut own, differences[0][k], keys[0][k]);
                self.push(&mut own, differences[1][k], keys[1][k]);
            }
        }
        for (differences, keys) in last.iter().zip(last_keys) {
            self.push(&mut own, differences[k], keys[k]);
        }
        *writer = own;
    }

    /// Appends the code and the rest of an element.
    #[inline(always)]
    fn push<T: Word<N>, const N: usize>(
        &self,
        writer: &mut BitWriter<'_>,
        difference: T,
        key: Key,
    ) {
        if T::BITS == 64 {
            let code = self.codes[usize::from(key) % (CONTEXTS * CLASSES)];
            writer.push(code.bits.into(), code.len.into());
            let extra = code.extra.into();
            writer.push_wide(self.classes.rest(difference.widen(), extra), extra);
        } else {
            let (bits, len) = self.bits(difference, key);
            writer.push(bits, len);
        }
    }

    /// Gives code and rest of an element of at most 32 bits, and their length.
    #[inline(always)]
    fn bits<T: Word<N>, const N: usize>(&self, difference: T, key: Key) -> (u64, u32) {
        let code = self.codes[usize::from(key) % (CONTEXTS * CLASSES)];
        let bits = (difference.widen() << code.len).wrapping_add(code.base);
        (bits, u32::from(code.len) + u32::from(code.extra))
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
    let table = Table::read(input, classes, T::BITS)?;
    let lengths = [input.length()?, input.length()?, input.length()?];
    let streams = input.take_rest();
    let last = lengths.iter().try_fold(streams.len(), |rest, &len| rest.checked_sub(len));
    let [a, b, c] = lengths;
    let lengths = [a, b, c, last.ok_or(input.truncated())?];
    // Positions in bits from the start of the first stream.
    let starts = [0, 8 * a, 8 * (a + b), 8 * (a + b + c)];
    let mut at = starts;
    let decoder = Decoder { classes, table: &table, streams };
    let differences = [T::truncate(0); CHUNK];
    with_best(Apply { decoder, chunks: changed.chunks(), block, at: &mut at, differences });
    for ((end, start), len) in at.iter().zip(starts).zip(lengths) {
        input.check_used(len, (end - start).div_ceil(8))?;
    }
    Ok(())
}

/// Turns streams into elements.
struct Apply<'a, T, const N: usize> {
    decoder: Decoder<'a>,
    chunks: Chunks<'a, N>,
    block: &'a mut [u8],
    /// Positions in bits.
    at: &'a mut [usize; STREAMS],
    differences: [T; CHUNK],
}

impl<T: Word<N>, const N: usize> Kernel for Apply<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let mut contexts = [0; CHUNK];
        loop {
            let elements = self.chunks.next(self.block);
            let len = elements.len();
            if len == 0 {
                return;
            }
            self.decoder.classes.contexts::<T, N>(elements, &mut contexts);
            let differences = &mut self.differences[..len];
            self.decoder.chunk::<T, N>(self.at, &contexts[..len], differences);
            for (element, &difference) in elements.iter_mut().zip(&*differences) {
                *element = integers::apply(difference, *element, true);
            }
        }
    }
}

/// Turns bits into differences.
struct Decoder<'a> {
    classes: Classes,
    table: &'a Table,
    /// All streams, one after another: what is read beyond the end of one is never kept.
    streams: &'a [u8],
}

impl Decoder<'_> {
    /// Decodes a chunk of differences; `at` are the streams' positions in bits.
    #[inline(always)]
    fn chunk<T: Word<N>, const N: usize>(
        &self,
        at: &mut [usize; STREAMS],
        contexts: &[u8],
        differences: &mut [T],
    ) {
        let mut own = *at;
        let (quads, last) = differences.as_chunks_mut::<STREAMS>();
        let (context_quads, last_contexts) = contexts.as_chunks::<STREAMS>();
        for (quad, contexts) in quads.iter_mut().zip(context_quads) {
            for k in 0..STREAMS {
                quad[k] = self.next(&mut own[k], contexts[k]);
            }
        }
        for ((difference, &context), at) in last.iter_mut().zip(last_contexts).zip(&mut own) {
            *difference = self.next(at, context);
        }
        *at = own;
    }

    /// Decodes a difference.
    #[inline(always)]
    fn next<T: Word<N>, const N: usize>(&self, at: &mut usize, context: u8) -> T {
        let bits = window(self.streams, *at);
        let (len, extra, leading) = self.table.find(context, bits);
        let rest = if T::BITS == 64 {
            let low = extra.min(32);
            let start = *at + len as usize;
            let high = window(self.streams, start + low as usize) & mask(extra - low);
            window(self.streams, start) & mask(low) | high << low
        } else {
            bits >> len & mask(extra)
        };
        *at += (len + extra) as usize;
        T::truncate(self.classes.join(leading, extra, rest))
    }
}

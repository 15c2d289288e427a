//! Sizes and speeds of the encodings against a parent, on synthetic training.
//!
//! `cargo run --release -p ckpt-codec --example delta [MiB per epoch]`
//!
//! Speeds are multiples of the speed of SHA-256 over the same bytes, measured in turn with it: a
//! machine that is busy or throttled slows both. The last columns are those of zstd, which is not
//! given the parent.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ckpt_codec::{Effort, Layout, MAX_BLOCK, decode_against_into, encode_against};
use ckpt_testkit::sequences::{Sequence, Training};
use sha2::{Digest, Sha256};

const EPOCHS: usize = 3;

/// Times that everything is run; the shortest counts, as other processes share the machine.
const ROUNDS: usize = 5;

fn main() {
    let mib: usize = std::env::args().nth(1).map_or(4, |arg| arg.parse().expect("a number"));
    println!("of SHA-256's speed:     stored  encode  decode |  zstd -1");
    for training in Training::ALL {
        let elements = (mib << 20) / training.dtype().element_width().expect("whole bytes");
        let epochs: Vec<_> = Sequence::new(training, elements, 7).take(EPOCHS + 1).collect();
        let mut zstd = zstd(&epochs).to_string();
        for effort in [Effort::Fast, Effort::Default, Effort::Small] {
            let (sums, kinds) = ours(&epochs, Layout::of(training.dtype()), effort);
            let name = format!("{training:?}");
            println!("{name:14} {:8} {sums} | {zstd} {kinds:?}", format!("{effort:?}"));
            zstd = " ".repeat(zstd.len());
        }
    }
}

/// Bytes and times of all blocks.
#[derive(Default)]
struct Sums {
    raw: usize,
    stored: usize,
    hash: Duration,
    encode: Duration,
    decode: Duration,
}

impl Sums {
    /// Measures a block; `decode` is given what `encode` made, and puts the block into a buffer.
    fn add(
        &mut self,
        block: &[u8],
        mut encode: impl FnMut() -> Vec<u8>,
        mut decode: impl FnMut(&[u8], &mut Vec<u8>),
    ) {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        let mut best = [Duration::MAX; 3];
        for _ in 0..ROUNDS {
            let times = [
                time(|| _ = black_box(Sha256::digest(block))),
                time(|| bytes = encode()),
                time(|| decode(&bytes, &mut out)),
            ];
            best.iter_mut().zip(times).for_each(|(best, time)| *best = time.min(*best));
        }
        assert!(out == block);
        (self.raw, self.stored) = (self.raw + block.len(), self.stored + bytes.len());
        (self.hash, self.encode) = (self.hash + best[0], self.encode + best[1]);
        self.decode += best[2];
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speed = |time: Duration| self.hash.as_secs_f64() / time.as_secs_f64();
        let stored = self.stored as f64 / self.raw as f64;
        write!(f, "{stored:6.4} {:7.3} {:7.3}", speed(self.encode), speed(self.decode))
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// Gives each block with its parent's.
fn blocks(epochs: &[Vec<u8>]) -> impl Iterator<Item = (&[u8], &[u8])> {
    epochs.windows(2).flat_map(|pair| pair[1].chunks(MAX_BLOCK).zip(pair[0].chunks(MAX_BLOCK)))
}

fn ours(
    epochs: &[Vec<u8>],
    layout: Layout,
    effort: Effort,
) -> (Sums, BTreeMap<&'static str, usize>) {
    let (mut sums, mut kinds) = (Sums::default(), BTreeMap::new());
    for (block, parent) in blocks(epochs) {
        let encode = || encode_against(block, parent, layout, effort).expect("equal lengths");
        let encoding = encode().encoding;
        let decode = |bytes: &[u8], out: &mut Vec<u8>| {
            decode_against_into(encoding, bytes, block.len(), layout, parent, out)
                .expect("just encoded");
        };
        sums.add(block, || encode().bytes.into_owned(), decode);
        *kinds.entry(encoding.name()).or_default() += 1;
    }
    (sums, kinds)
}

fn zstd(epochs: &[Vec<u8>]) -> Sums {
    let mut sums = Sums::default();
    let mut compressor = zstd::bulk::Compressor::new(1).expect("a level");
    let mut decompressor = zstd::bulk::Decompressor::new().expect("a context");
    for (block, _) in blocks(epochs) {
        let encode = || compressor.compress(block).expect("room");
        let decode = |bytes: &[u8], out: &mut Vec<u8>| {
            out.resize(block.len(), 0);
            decompressor.decompress_to_buffer(bytes, &mut out[..]).expect("a frame");
        };
        sums.add(block, encode, decode);
    }
    sums
}

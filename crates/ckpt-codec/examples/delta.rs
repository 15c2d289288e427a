//! Sizes and speeds of the encodings against a parent, beside zstd's, on made-up training.
//!
//! `cargo run --release -p ckpt-codec --example delta [MiB per epoch]`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ckpt_codec::{Effort, Layout, MAX_BLOCK, decode_against_into, encode_against};

#[path = "../tests/common/sequences.rs"]
mod sequences;

use sequences::{Sequence, Training};

const EPOCHS: usize = 4;

fn main() {
    let mib: usize = std::env::args().nth(1).map_or(8, |arg| arg.parse().expect("a number"));
    println!("training       effort   stored  encode decode MB/s | zstd -1 encode decode MB/s");
    for training in Training::ALL {
        let layout = Layout::of(training.dtype());
        let elements = (mib << 20) / training.dtype().element_width().expect("whole bytes");
        let epochs: Vec<_> = Sequence::new(training, elements, 7).take(EPOCHS + 1).collect();
        for effort in [Effort::Fast, Effort::Default, Effort::Small] {
            let ours = ours(&epochs, layout, effort);
            let kinds = ours.3.clone();
            let zstd =
                if effort == Effort::Default { report(zstd(&epochs)) } else { String::new() };
            let (stored, encode, decode, _) = ours;
            let ours = report((stored, encode, decode));
            println!(
                "{:14} {:8} {ours} | {zstd} {kinds:?}",
                format!("{training:?}"),
                format!("{effort:?}")
            );
        }
    }
}

/// Part stored, MB/s of encoding and decoding.
fn report((stored, encode, decode): (f64, f64, f64)) -> String {
    format!("{stored:7.4} {encode:7.0} {decode:7.0}     ")
}

fn ours(
    epochs: &[Vec<u8>],
    layout: Layout,
    effort: Effort,
) -> (f64, f64, f64, BTreeMap<&'static str, usize>) {
    let (mut stored, mut raw, mut kinds) = (0, 0, BTreeMap::new());
    let (mut encode, mut decode) = (Duration::ZERO, Duration::ZERO);
    let mut out = Vec::new();
    for pair in epochs.windows(2) {
        for (parent, block) in pair[0].chunks(MAX_BLOCK).zip(pair[1].chunks(MAX_BLOCK)) {
            let mut encoded = None;
            encode += best(|| encoded = encode_against(block, parent, layout, effort).ok());
            let encoded = encoded.expect("equal lengths");
            decode += best(|| {
                let len = block.len();
                decode_against_into(
                    encoded.encoding,
                    &encoded.bytes,
                    len,
                    layout,
                    parent,
                    &mut out,
                )
                .expect("just encoded");
            });
            assert!(out == block);
            (stored, raw) = (stored + encoded.bytes.len(), raw + block.len());
            *kinds.entry(encoded.encoding.name()).or_default() += 1;
        }
    }
    let speed = |time: Duration| raw as f64 / 1e6 / time.as_secs_f64();
    (stored as f64 / raw as f64, speed(encode), speed(decode), kinds)
}

fn zstd(epochs: &[Vec<u8>]) -> (f64, f64, f64) {
    let (mut stored, mut raw) = (0, 0);
    let (mut encode, mut decode) = (Duration::ZERO, Duration::ZERO);
    let mut compressor = zstd::bulk::Compressor::new(1).expect("a level");
    let mut decompressor = zstd::bulk::Decompressor::new().expect("a context");
    let (mut bytes, mut out) = (vec![0; 2 * MAX_BLOCK], vec![0; MAX_BLOCK]);
    for block in epochs[1..].iter().flat_map(|epoch| epoch.chunks(MAX_BLOCK)) {
        let mut len = 0;
        encode +=
            best(|| len = compressor.compress_to_buffer(block, &mut bytes[..]).expect("room"));
        decode += best(|| {
            decompressor.decompress_to_buffer(&bytes[..len], &mut out[..]).expect("a frame");
        });
        (stored, raw) = (stored + len, raw + block.len());
    }
    let speed = |time: Duration| raw as f64 / 1e6 / time.as_secs_f64();
    (stored as f64 / raw as f64, speed(encode), speed(decode))
}

/// The shortest of three, as other processes share the machine.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..3).map(time).min().expect("three runs")
}

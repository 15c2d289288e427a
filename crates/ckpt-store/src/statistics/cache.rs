//! What was computed before, in one file that may vanish or be damaged at any time.
//!
//! ```text
//! file  = magic, entries in the order of their keys, SHA-256 of all before
//! entry = key (32 bytes), 12 numbers of 64 bits, little-endian
//! ```
//!
//! A key is the SHA-256 of what a value was computed from: ids and dtypes. Values are therefore right
//! for ever, and a file that does not have this form, or not this checksum, is as good as none.

use std::collections::BTreeMap;

use ckpt_hash::{Digest, TreeHash};
use ckpt_pack::disk::{Disk, durable, read_small};
use ckpt_tensor::{Dtype, Summary};

/// The folder of what can be computed again.
const FOLDER: &str = "cache";

const NAME: &str = "statistics";

/// Says what the file is, and which numbers an entry has: another list of them, another magic.
const MAGIC: &[u8; 16] = b"ckpt-statistics2";

const KEY_LEN: usize = 32;

/// Numbers of an entry: those of a [`Summary`], which are the most.
const NUMBERS: usize = 12;

const ENTRY_LEN: usize = KEY_LEN + 8 * NUMBERS;

/// Most entries of the file, which is read whole: 1,000 versions of 100 tensors, in 25 MiB.
const MOST_ENTRIES: usize = 200_000;

/// What a value was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; KEY_LEN]);

type Value = [u64; NUMBERS];

/// Values by what they were computed from.
#[derive(Debug, Default)]
pub(super) struct Cache {
    known: BTreeMap<Key, Value>,
    /// Those that the file did not have.
    new: BTreeMap<Key, Value>,
}

impl Key {
    /// Names the summary of a tensor.
    pub(super) fn summary(root: &TreeHash, dtype: Dtype) -> Self {
        Self::of(&[b"summary", &[dtype.code()], root.digest().as_bytes()])
    }

    /// Names the update from a tensor to another.
    pub(super) fn update(old: (&TreeHash, Dtype), new: (&TreeHash, Dtype)) -> Self {
        let (from, to) = (old.0.digest().as_bytes(), new.0.digest().as_bytes());
        Self::of(&[b"update", &[old.1.code()], from, &[new.1.code()], to])
    }

    /// Hashes parts that have a fixed length each, but for the first.
    fn of(parts: &[&[u8]]) -> Self {
        Self(*Digest::of(&parts.concat()).as_bytes())
    }
}

impl Cache {
    /// Reads the file; nothing where it cannot be read or is not what was written.
    pub(super) fn read(disk: &dyn Disk) -> Self {
        Self { known: read(disk).unwrap_or_default(), new: BTreeMap::new() }
    }

    pub(super) fn summary(&self, key: &Key) -> Option<Summary> {
        self.get(key).map(to_summary)
    }

    pub(super) fn update(&self, key: &Key) -> Option<f64> {
        self.get(key).map(|value| f64::from_bits(value[0]))
    }

    fn get(&self, key: &Key) -> Option<&Value> {
        self.new.get(key).or_else(|| self.known.get(key))
    }

    pub(super) fn add_summary(&mut self, key: Key, summary: &Summary) {
        self.new.insert(key, from_summary(summary));
    }

    pub(super) fn add_update(&mut self, key: Key, update: f64) {
        let mut value = [0; NUMBERS];
        value[0] = update.to_bits();
        self.new.insert(key, value);
    }

    /// Writes what is new, beside what the file has by now. A repository that cannot be written to
    /// stays as it is.
    pub(super) fn write(self, disk: &dyn Disk) {
        if self.new.is_empty() {
            return;
        }
        let mut entries = self.new;
        let others = read(disk).unwrap_or(self.known);
        let room = MOST_ENTRIES.saturating_sub(entries.len());
        for (key, value) in others.into_iter().take(room) {
            entries.entry(key).or_insert(value);
        }
        // What is not kept is computed again.
        let _ = durable::write_file(disk, FOLDER, NAME, &encode(&entries));
    }
}

fn read(disk: &dyn Disk) -> Option<BTreeMap<Key, Value>> {
    let most = MAGIC.len() + MOST_ENTRIES * ENTRY_LEN + KEY_LEN;
    decode(&read_small(disk, &format!("{FOLDER}/{NAME}"), most as u64).ok()?)
}

fn encode(entries: &BTreeMap<Key, Value>) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for (Key(key), value) in entries.iter().take(MOST_ENTRIES) {
        bytes.extend(key);
        bytes.extend(value.iter().flat_map(|number| number.to_le_bytes()));
    }
    let checksum = Digest::of(&bytes);
    bytes.extend(checksum.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<BTreeMap<Key, Value>> {
    let (body, checksum) = bytes.split_last_chunk::<KEY_LEN>()?;
    if Digest::of(body).as_bytes() != checksum {
        return None;
    }
    let (entries, rest) = body.strip_prefix(MAGIC)?.as_chunks::<ENTRY_LEN>();
    let entry = |entry: &[u8; ENTRY_LEN]| {
        let (key, numbers) = entry.split_first_chunk::<KEY_LEN>()?;
        let (numbers, _) = numbers.as_chunks::<8>();
        let value = std::array::from_fn(|index| u64::from_le_bytes(numbers[index]));
        Some((Key(*key), value))
    };
    rest.is_empty().then(|| entries.iter().map(entry).collect()).flatten()
}

fn from_summary(summary: &Summary) -> Value {
    let Summary { count, finite, zeros, nan, inf, mean, std, min, max, max_abs, l2, rms } =
        *summary;
    let [mean, std, min, max, max_abs, l2, rms] =
        [mean, std, min, max, max_abs, l2, rms].map(f64::to_bits);
    [count, finite, zeros, nan, inf, mean, std, min, max, max_abs, l2, rms]
}

fn to_summary(value: &Value) -> Summary {
    let [count, finite, zeros, nan, inf, numbers @ ..] = *value;
    let [mean, std, min, max, max_abs, l2, rms] = numbers.map(f64::from_bits);
    Summary { count, finite, zeros, nan, inf, mean, std, min, max, max_abs, l2, rms }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let (count, finite, zeros, nan, inf) = (10, 7, 2, 1, 2);
        let (mean, std, min, max) = (0.5, 0.25, -1.0, 3.0);
        Summary {
            count,
            finite,
            zeros,
            nan,
            inf,
            mean,
            std,
            min,
            max,
            max_abs: 3.5,
            l2: 4.0,
            rms: 1.5,
        }
    }

    #[test]
    fn entries_come_back_and_damage_is_noticed() {
        let key = |byte| Key([byte; KEY_LEN]);
        let entries = BTreeMap::from([
            (key(1), from_summary(&summary())),
            (key(2), [f64::INFINITY.to_bits(); NUMBERS]),
        ]);
        let bytes = encode(&entries);
        assert_eq!(decode(&bytes), Some(entries.clone()));
        assert_eq!(to_summary(&entries[&key(1)]), summary());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(&damaged), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "{at} bytes");
        }
    }

    #[test]
    fn keys_differ_in_all_that_they_name() {
        let root = |text: &str| ckpt_hash::tree_hash(text.as_bytes());
        let (a, b) = (root("a"), root("b"));
        let keys = [
            Key::summary(&a, Dtype::F32),
            Key::summary(&a, Dtype::I32),
            Key::summary(&b, Dtype::F32),
            Key::update((&a, Dtype::F32), (&b, Dtype::F32)),
            Key::update((&b, Dtype::F32), (&a, Dtype::F32)),
            Key::update((&a, Dtype::F32), (&b, Dtype::Bf16)),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}

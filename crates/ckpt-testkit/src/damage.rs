//! Mutations of valid inputs, the same for the same seed: ordinary tests drive with them what a
//! fuzzer drives for hours.

/// A source of mutations.
pub struct Damage(u64);

/// Numbers at which lengths and counts go wrong.
const EXTREMES: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX >> 1, u64::MAX];

impl Damage {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `most`, or 0 (`SplitMix64`; the remainder's bias does not matter).
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % most.max(1) as u64) as usize
    }

    /// Changes an input in one to three places; parts may come from `other`.
    pub fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(3) {
            self.change(&mut bytes, other);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            bytes.extend_from_slice(other);
            return;
        }
        // Headers are at the start and footers at the end: two thirds of the damage is there.
        let near = bytes.len().min(96);
        let at = match self.below(3) {
            0 => self.below(near),
            1 => bytes.len() - 1 - self.below(near),
            _ => self.below(bytes.len()),
        };
        let end = (at + 1 + self.below(64)).min(bytes.len());
        match self.below(9) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = self.below(256) as u8,
            2 => bytes.truncate(at),
            3 => bytes.extend_from_within(at..end),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            6 | 7 => self.number(&mut bytes[at..]),
            _ => self.digits(bytes, at),
        }
    }

    /// Overwrites a length or a count.
    fn number(&mut self, bytes: &mut [u8]) {
        let len = bytes.len().min(1 << self.below(4));
        let number = EXTREMES[self.below(EXTREMES.len())].to_le_bytes();
        bytes[..len].copy_from_slice(&number[..len]);
    }

    /// Replaces a number written in digits, the next one from a place on.
    fn digits(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit) else { return };
        let start = at + start;
        let len = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = match self.below(4) {
            0 => "-1".to_owned(),
            1 => "1e999".to_owned(),
            _ => EXTREMES[self.below(EXTREMES.len())].to_string(),
        };
        bytes.splice(start..start + len, number.into_bytes());
    }
}

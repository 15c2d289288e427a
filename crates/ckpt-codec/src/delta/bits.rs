//! Streams of bits, the first in the lowest bit of the first byte.

/// Appends bits to a slice that must be 8 bytes longer than they need.
#[derive(Default)]
pub(super) struct BitWriter<'a> {
    out: &'a mut [u8],
    at: usize,
    pending: u64,
    fill: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0, pending: 0, fill: 0 }
    }

    /// Appends the lowest `len` bits of `bits`, at most 56; those above must be zero.
    #[inline(always)]
    pub(super) fn push(&mut self, bits: u64, len: u32) {
        self.pending |= bits << self.fill;
        self.fill += len;
        // Always 8 bytes, of which the next push overwrites what is not complete: no branch.
        self.out[self.at..self.at + 8].copy_from_slice(&self.pending.to_le_bytes());
        self.at += (self.fill >> 3) as usize;
        self.pending >>= self.fill & 0x38;
        self.fill &= 7;
    }

    /// Appends the lowest `len` bits of `bits`, at most 63; those above must be zero.
    #[inline(always)]
    pub(super) fn push_wide(&mut self, bits: u64, len: u32) {
        let low = len.min(32);
        self.push(bits & ((1 << low) - 1), low);
        self.push(bits >> low, len - low);
    }
}

/// Gives at least the 57 bits from position `bit`, zeros beyond the end of the stream.
#[inline(always)]
pub(super) fn window(stream: &[u8], bit: usize) -> u64 {
    let at = bit >> 3;
    let word = match stream.get(at..at + 8) {
        Some(bytes) => u64::from_le_bytes(bytes.try_into().expect("8 bytes were asked for")),
        None => last_word(stream, at),
    };
    word >> (bit & 7)
}

#[cold]
#[inline(never)]
fn last_word(stream: &[u8], at: usize) -> u64 {
    let rest = stream.get(at..).unwrap_or_default();
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(word)
}

/// Gives a number whose lowest `len` bits, at most 63, are set.
#[inline(always)]
pub(super) fn mask(len: u32) -> u64 {
    (1 << len) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back() {
        let lens = [1, 7, 0, 56, 3, 41, 8, 13, 56, 56, 2];
        let values = lens.map(|len| 0x9e37_79b9_7f4a_7c15 & mask(len));
        let mut out = [0; 64];
        let mut writer = BitWriter::new(&mut out);
        for (&value, &len) in values.iter().zip(&lens) {
            writer.push(value, len);
        }
        writer.push_wide(mask(63), 63);
        let mut at = 0;
        for (&value, &len) in values.iter().zip(&lens) {
            assert_eq!(window(&out, at) & mask(len), value);
            at += len as usize;
        }
        assert_eq!(window(&out, at) & mask(57), mask(57));
        assert_eq!(window(&out, at + 63) & mask(57), 0);
    }

    #[test]
    fn beyond_the_end_are_zeros() {
        assert_eq!(window(&[0xff; 9], 8), u64::MAX);
        assert_eq!(window(&[0xff; 9], 12), u64::MAX >> 4);
        assert_eq!(window(&[0xff; 9], 67), 0x1f);
        assert_eq!(window(&[0xff; 9], 72), 0);
        assert_eq!(window(&[], 12_345), 0);
    }
}

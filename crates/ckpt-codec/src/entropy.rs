//! A guess at whether bytes can be compressed.

/// Bytes looked at. Fewer make the estimate too low by more than the threshold leaves room for.
const SAMPLE: usize = 4096;

/// Bits per byte of a sample from which bytes count as random.
///
/// A sample of 4,096 random bytes itself shows 7.955 bits, less with a chance of one in
/// thousands than 7.94. What is called random could have saved less than 1 % to an entropy
/// coder; only repetitions of long random strings escape notice.
const RANDOM_BITS: f64 = 7.92;

/// Whether a sample of the bytes is as good as random.
pub(crate) fn looks_random(bytes: &[u8]) -> bool {
    if bytes.len() < SAMPLE {
        return false;
    }
    let mut counts = [0u32; 256];
    // Runs of 64 bytes, spread evenly: a stride of single bytes could fall in step with rows.
    let step = bytes.len() / (SAMPLE / 64);
    for run in bytes.chunks(step).take(SAMPLE / 64) {
        for &byte in &run[..run.len().min(64)] {
            counts[usize::from(byte)] += 1;
        }
    }
    bits_per_byte(&counts) >= RANDOM_BITS
}

/// Gives the Shannon entropy of a histogram.
fn bits_per_byte(counts: &[u32; 256]) -> f64 {
    let total: u32 = counts.iter().sum();
    let surprise = |&count: &u32| {
        let count = f64::from(count);
        if count == 0.0 { 0.0 } else { count * (f64::from(total) / count).log2() }
    };
    counts.iter().map(surprise).sum::<f64>() / f64::from(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 32-bit xorshift's upper bytes.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_u32;
        let next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(len).collect()
    }

    #[test]
    fn noise_looks_random() {
        assert!(looks_random(&noise(100_000)));
        assert!(looks_random(&noise(SAMPLE)));
    }

    #[test]
    fn seven_bits_of_noise_and_short_strings_do_not() {
        let seven: Vec<u8> = noise(100_000).iter().map(|byte| byte & 0x7f).collect();
        assert!(!looks_random(&seven));
        assert!(!looks_random(&noise(SAMPLE - 1)));
    }

    #[test]
    fn entropy_of_uniform_counts_is_eight_bits() {
        assert_eq!(bits_per_byte(&[3; 256]), 8.0);
        let mut two = [0; 256];
        (two[0], two[9]) = (5, 5);
        assert_eq!(bits_per_byte(&two), 1.0);
    }
}

//! Sorting of integer keys by their digits.

/// Slices of at most so many keys are sorted by insertion.
const SMALL: usize = 24;

/// The most digits of one pass: their counts take half of a core's nearest cache.
const MOST_DIGITS: usize = 1 << 12;

/// Memory that sorting one slice after another uses again.
#[derive(Default)]
pub(super) struct Scratch {
    keys: Vec<u64>,
}

/// Sorts keys by their leading digits, then the keys of each digit likewise.
///
/// The digits divide the range from the least to the greatest key, not that of all integers, and
/// there are about as many as keys: where those are spread evenly, one pass leaves a few per digit.
/// At each depth the range is less by the number of digits, so that six suffice for any keys.
pub(super) fn sort(keys: &mut [u64], scratch: &mut Scratch) {
    if keys.len() <= SMALL {
        insert(keys);
        return;
    }
    if u32::try_from(keys.len()).is_err() {
        // Counts of digits would overflow. So many keys in one bucket are nearly all equal.
        keys.sort_unstable();
        return;
    }
    let (least, greatest) =
        keys.iter().fold((u64::MAX, 0), |(least, most), &key| (key.min(least), key.max(most)));
    if least == greatest {
        return;
    }
    let most_digits = (keys.len() / 2).next_power_of_two().min(MOST_DIGITS);
    let bits = u64::BITS - (greatest - least).leading_zeros();
    let shift = bits.saturating_sub(most_digits.trailing_zeros());
    let ends = distribute(keys, scratch, most_digits, |key| ((key - least) >> shift) as usize);
    let mut start = 0;
    for end in ends {
        let group = &mut keys[start..end as usize];
        start = end as usize;
        // With no digits below these, the keys of a group are all equal.
        if shift > 0 && group.len() > SMALL {
            sort(group, scratch);
        }
    }
    // Whatever is not yet in order is so within a few keys.
    insert(keys);
}

/// Sorts keys that are nearly in order, or few.
fn insert(keys: &mut [u64]) {
    for i in 1..keys.len() {
        let key = keys[i];
        let mut at = i;
        while at > 0 && keys[at - 1] > key {
            keys[at] = keys[at - 1];
            at -= 1;
        }
        keys[at] = key;
    }
}

/// Brings keys into the order of their digits, and gives the end of each digit's keys.
fn distribute(
    keys: &mut [u64],
    scratch: &mut Scratch,
    digits: usize,
    digit: impl Fn(u64) -> usize,
) -> Vec<u32> {
    let mut ends = vec![0; digits];
    for &key in &*keys {
        ends[digit(key)] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        (*end, sum) = (sum, sum + *end);
    }
    scratch.keys.clear();
    scratch.keys.extend_from_slice(keys);
    for &key in &scratch.keys {
        let at = &mut ends[digit(key)];
        keys[*at as usize] = key;
        *at += 1;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[u64]) {
        let mut expected = keys.to_vec();
        expected.sort_unstable();
        let mut sorted = keys.to_vec();
        sort(&mut sorted, &mut Scratch::default());
        assert_eq!(sorted, expected);
    }

    #[test]
    fn sorts_keys_of_any_spread() {
        let word = |i: u64| (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (i << 7);
        for n in [0, 1, SMALL as u64, SMALL as u64 + 1, 1000, 20_000] {
            check(&(0..n).map(word).collect::<Vec<_>>());
            check(&(0..n).rev().collect::<Vec<_>>());
            check(&(0..n).map(|i| word(i) % 3).collect::<Vec<_>>());
            check(&vec![7; n as usize]);
            // Nearly all close together, and a few as far away as can be.
            check(&(0..n).map(|i| word(i) >> (word(i) % 64)).collect::<Vec<_>>());
            check(&(0..n).map(|i| if i == 5 { u64::MAX } else { word(i) % 9 }).collect::<Vec<_>>());
        }
    }
}

//! How often classes occur, scaled to the slots of the range coder.

use super::classes::CLASSES;
use crate::CodecError;
use crate::input::{Input, append_varint};

/// Frequencies of a context add up to 2 to this power.
///
/// Rarer classes than that are rounded up. 11 bits do as well on synthetic dense training, but leave
/// less for a class that nearly all elements have; a byte for each slot takes 64 KiB.
pub(super) const SCALE: u32 = 12;

/// Scales counts so that they add up to 2^[`SCALE`] and none that occurs becomes 0.
///
/// A context without elements gets all for class 0.
pub(super) fn frequencies(counts: &[u32; CLASSES]) -> [u16; CLASSES] {
    let total = u64::from(counts.iter().sum::<u32>().max(1));
    let scaled = |count: u32| {
        let scaled = ((u64::from(count) << SCALE) + total / 2) / total;
        if count == 0 { 0 } else { scaled.max(1) as u16 }
    };
    let mut frequencies = counts.map(scaled);
    let sum: i32 = frequencies.iter().map(|&frequency| i32::from(frequency)).sum();
    let mut missing = (1 << SCALE) - sum;
    while missing != 0 {
        // What rounding gave or took goes to the largest, where it weighs least.
        let largest = frequencies.iter_mut().rev().max_by_key(|frequency| **frequency);
        let largest = largest.expect("there are classes");
        let step = missing.max(-i32::from(*largest / 2));
        *largest = (i32::from(*largest) + step) as u16;
        missing -= step;
    }
    frequencies
}

/// Appends the frequencies of a context: none, or a first class, how many follow, and varints.
pub(super) fn append_frequencies(out: &mut Vec<u8>, frequencies: &[u16; CLASSES]) {
    let first = frequencies.iter().position(|&frequency| frequency > 0).unwrap_or(0);
    let last = frequencies.iter().rposition(|&frequency| frequency > 0).unwrap_or(0);
    if last == 0 {
        out.push(0);
        return;
    }
    out.extend_from_slice(&[(last - first + 1) as u8, first as u8]);
    for &frequency in &frequencies[first..=last] {
        append_varint(out, frequency.into());
    }
}

/// Reads what [`append_frequencies`] wrote.
pub(super) fn read_frequencies(
    input: &mut Input<'_>,
    classes: usize,
) -> Result<[u16; CLASSES], CodecError> {
    let mut frequencies = [0; CLASSES];
    let count = usize::from(input.byte()?);
    if count == 0 {
        frequencies[0] = 1 << SCALE;
        return Ok(frequencies);
    }
    let first = usize::from(input.byte()?);
    if first + count > classes {
        return Err(input.invalid("a class"));
    }
    let mut sum = 0;
    for frequency in &mut frequencies[first..first + count] {
        let read = input.varint()?;
        sum += read;
        if sum > 1 << SCALE {
            break;
        }
        *frequency = read as u16;
    }
    if sum != 1 << SCALE {
        return Err(input.invalid("frequencies"));
    }
    Ok(frequencies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;

    #[test]
    fn frequencies_fill_the_scale_and_forget_nothing() {
        for counts in [
            [1; CLASSES],
            [0; CLASSES],
            std::array::from_fn(|i| if i == 3 { 500_000 } else { 1 }),
            std::array::from_fn(|i| if i < 2 { 250_000 } else { 1 }),
            std::array::from_fn(|i| (i * i) as u32 % 97),
            std::array::from_fn(|i| u32::from(i == 9)),
        ] {
            let found = frequencies(&counts);
            assert_eq!(found.iter().sum::<u16>(), 1 << SCALE);
            let used = counts.iter().zip(&found).filter(|&(&count, _)| count > 0);
            assert!(used.clone().all(|(_, &frequency)| frequency > 0));
            let mut bytes = Vec::new();
            append_frequencies(&mut bytes, &found);
            let read = read_frequencies(&mut Input::new(&bytes, Encoding::DeltaRange), CLASSES);
            assert_eq!(read, Ok(found));
        }
    }

    #[test]
    fn damaged_frequencies_are_errors() {
        let read = |bytes: &[u8]| {
            read_frequencies(&mut Input::new(bytes, Encoding::DeltaRange), 63).map(|_| ())
        };
        assert_eq!(read(&[0]), Ok(()));
        assert_eq!(read(&[1, 62, 0x80, 0x20]), Ok(()));
        assert_eq!(read(&[2, 61, 0x80, 0x10, 0x80, 0x10]), Ok(()));
        let wrong: [&[u8]; 5] = [
            &[],
            &[1, 63, 0x80, 0x20],
            &[1, 62, 0x81, 0x20],
            &[2, 5, 1, 1],
            &[2, 5, 0xff, 0xff, 0xff, 0x7f, 1],
        ];
        for bytes in wrong {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}

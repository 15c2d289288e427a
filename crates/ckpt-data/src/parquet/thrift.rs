//! The integers of a structure in Thrift's compact protocol.
//!
//! See <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.

/// How deep structures are nested in each other; those of Parquet's page headers are 3 deep.
const MAX_DEPTH: usize = 16;

/// The integers of a structure and of those in it.
#[derive(Debug, Default)]
pub(super) struct Integers(Vec<([i16; 2], i64)>);

impl Integers {
    /// Reads a structure and returns its length too; none if it is damaged.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut integers = Self::default();
        let mut reader = Reader { bytes, at: 0 };
        reader.structure(0, 0, &mut integers)?;
        Some((integers, reader.at))
    }

    /// Returns a field of a field, or a field itself with 0 as the outer one.
    pub(super) fn get(&self, outer: i16, inner: i16) -> Option<i64> {
        let found = self.0.iter().find(|(fields, _)| *fields == [outer, inner]);
        found.map(|(_, value)| *value)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at)?;
        self.at += 1;
        Some(*byte)
    }

    fn skip(&mut self, len: u64) -> Option<()> {
        let len = usize::try_from(len).ok()?;
        self.at = self.at.checked_add(len).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn structure(&mut self, outer: i16, depth: usize, found: &mut Integers) -> Option<()> {
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(self.signed()?).ok()?,
                delta => id.checked_add(i16::from(delta))?,
            };
            self.value(head & 15, [outer, id], depth, found)?;
        }
    }

    fn value(&mut self, kind: u8, id: [i16; 2], depth: usize, found: &mut Integers) -> Option<()> {
        match kind {
            // Booleans are in their kind.
            1 | 2 => Some(()),
            3 => self.skip(1),
            4..=6 => {
                let value = self.signed()?;
                if depth < 2 {
                    found.0.push((id, value));
                }
                Some(())
            }
            7 => self.skip(8),
            8 => {
                let len = self.unsigned()?;
                self.skip(len)
            }
            9 | 10 => self.list(depth, found),
            12 if depth < MAX_DEPTH => self.structure(id[1], depth + 1, found),
            // Maps, which page headers do not have.
            _ => None,
        }
    }

    fn list(&mut self, depth: usize, found: &mut Integers) -> Option<()> {
        let head = self.byte()?;
        let len = match head >> 4 {
            15 => self.unsigned()?,
            len => u64::from(len),
        };
        for _ in 0..len {
            match head & 15 {
                // In lists, booleans take a byte each, so that every element takes some.
                1 | 2 => self.skip(1)?,
                kind if depth < MAX_DEPTH => self.value(kind, [0, 0], depth + 2, found)?,
                _ => return None,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_numbers() {
        // Field 1: 3; field 2: -1; field 5: {field 1: 150, field 2: text, field 3: [7, 8]}; field
        // 300: 4 in the long form.
        let bytes = [
            0x15, 6, 0x15, 1, 0x3c, 0x15, 0xac, 2, 0x18, 2, b'h', b'i', 0x19, 0x25, 14, 16,
            0, //
            0x05, 0xd8, 4, 8, 0, 99,
        ];
        let (integers, len) = Integers::read(&bytes).unwrap();
        assert_eq!(len, bytes.len() - 1);
        let found = [(0, 1), (0, 2), (5, 1), (0, 300), (5, 3)].map(|(o, i)| integers.get(o, i));
        assert_eq!(found, [Some(3), Some(-1), Some(150), Some(4), None]);
        for len in 0..bytes.len() - 1 {
            assert!(Integers::read(&bytes[..len]).is_none(), "{len}");
        }
        assert!(Integers::read(&[0x1c; 99]).is_none(), "nested for ever");
    }
}

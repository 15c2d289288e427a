//! From tensors to the plan of a new archive.

use crc32fast::Hasher;

use super::SUFFIX;
use crate::npy::npy_header;
use crate::{FormatError, Part, TensorMeta};

mod records;

use records::{Record, directory};

/// The plan of a new NPZ file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpzLayout {
    /// What the file consists of, in order.
    pub parts: Vec<Part>,
    /// Bytes of the whole file.
    pub file_len: u64,
}

/// What each member begins at a multiple of; as array headers are such multiples too, elements
/// can be mapped from the file as vectors.
const ALIGNMENT: u64 = 64;

/// Lays tensors out in the canonical NPZ file, which `numpy.load` reads.
///
/// The same tensors give the same bytes: members are sorted by name (bytewise), stored without
/// compression and dated 1 January 1980. Files, members and their number may exceed the limits of
/// plain zip archives, for which zip64 records are written where they are needed.
///
/// `crcs` are the CRC-32 checksums of the tensors' bytes, in the order of `tensors`.
///
/// # Errors
/// [`FormatError::NumpyDtype`], [`FormatError::MemberName`], [`FormatError::DuplicateTensor`],
/// [`FormatError::Tensor`] if a size overflows, and [`FormatError::FileOverflow`].
///
/// # Panics
/// If there are not as many checksums as tensors.
pub fn npz_layout(tensors: &[TensorMeta], crcs: &[u32]) -> Result<NpzLayout, FormatError> {
    assert_eq!(tensors.len(), crcs.len(), "a checksum for each tensor");
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&index| &tensors[index].name);
    let mut plan = Plan::default();
    for index in order {
        plan.add(index, &tensors[index], crcs[index])?;
    }
    plan.finish()
}

/// A file that grows member by member.
#[derive(Default)]
struct Plan {
    parts: Vec<Part>,
    records: Vec<Record>,
    end: u64,
}

impl Plan {
    fn add(&mut self, index: usize, tensor: &TensorMeta, crc: u32) -> Result<(), FormatError> {
        let TensorMeta { name, dtype, shape } = tensor;
        check_name(name)?;
        let member = format!("{name}{SUFFIX}");
        if self.records.last().is_some_and(|before| before.name == member) {
            return Err(FormatError::DuplicateTensor(name.clone()));
        }
        let lacking = || FormatError::NumpyDtype { name: name.clone(), dtype: *dtype };
        let array = npy_header(*dtype, shape).ok_or_else(lacking)?;
        let data = shape.byte_len(*dtype);
        let data = data.map_err(|problem| FormatError::Tensor { name: name.clone(), problem })?;
        let mut hasher = Hasher::new();
        hasher.update(&array);
        hasher.combine(&Hasher::new_with_initial_len(crc, data));
        let overflow = || FormatError::FileOverflow(name.clone());
        let len = data.checked_add(array.len() as u64).ok_or_else(overflow)?;
        let record = Record { name: member, crc: hasher.finalize(), len, offset: self.end };
        let mut bytes = record.local_header();
        bytes.extend(array);
        let end = self.end.checked_add(bytes.len() as u64).and_then(|end| end.checked_add(data));
        self.end = end.ok_or_else(overflow)?;
        self.parts.extend([Part::Bytes(bytes), Part::Tensor(index)]);
        self.records.push(record);
        Ok(())
    }

    fn finish(mut self) -> Result<NpzLayout, FormatError> {
        let bytes = directory(&self.records, self.end);
        let last = || self.records.last().map(|record| record.name.clone()).unwrap_or_default();
        let file_len = self.end.checked_add(bytes.len() as u64);
        let file_len = file_len.ok_or_else(|| FormatError::FileOverflow(last()))?;
        self.parts.push(Part::Bytes(bytes));
        Ok(NpzLayout { parts: self.parts, file_len })
    }
}

/// Longest name of a member; its length has two bytes.
const MAX_NAME: usize = 0xffff;

/// Longest name that an error repeats whole, in bytes.
const MAX_SHOWN: usize = 120;

fn shortened(name: &str) -> String {
    if name.len() <= MAX_SHOWN {
        return name.to_owned();
    }
    let end = (0..=MAX_SHOWN).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", &name[..end])
}

/// Checks that a tensor's name is safe as that of a file below the folder of extraction.
fn check_name(name: &str) -> Result<(), FormatError> {
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() + SUFFIX.len() > MAX_NAME {
        "is too long for a zip archive"
    } else if name.contains(char::is_control) {
        "has control characters"
    } else if name.contains('\\') {
        "has a backslash, which is a separator on some systems"
    } else if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        "is absolute, which leaves the folder on extraction"
    } else if name.split('/').any(|part| part == "..") {
        "has `..` in it, which leaves the folder on extraction"
    } else {
        return Ok(());
    };
    Err(FormatError::MemberName { name: shortened(name), problem })
}

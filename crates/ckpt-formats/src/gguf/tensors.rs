//! What describes the tensors, and where they are.

use std::collections::BTreeMap;

use ckpt_tensor::Shape;

use super::cursor::Cursor;
use super::elements::Element;
use crate::FormatError;
use crate::message::quoted;
use crate::stop::Stop;
use crate::tile::{Found, MAX_TENSORS, Tiling, Unread, tile};

/// Most dimensions; ggml has four.
const MAX_RANK: u32 = 8;

/// A tensor as the header describes it.
pub(super) struct Info {
    name: String,
    /// Outermost first.
    shape: Shape,
    element: Element,
    /// First byte, counted from where the tensors begin.
    offset: u64,
}

/// Reads the descriptions.
pub(super) fn infos(cursor: &mut Cursor<'_>, count: u64) -> Result<Vec<Info>, Stop> {
    let mut infos = Vec::new();
    // A description takes 24 bytes at least: the header's end bounds the loop.
    for index in 0..count {
        if index == MAX_TENSORS as u64 {
            return Err(Stop::Beyond(format!("{count} tensors, the most read is {MAX_TENSORS}")));
        }
        infos.push(info(cursor)?);
    }
    infos.sort_by(|a, b| a.name.cmp(&b.name));
    match infos.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(FormatError::DuplicateTensor(pair[0].name.clone()).into()),
        None => Ok(infos),
    }
}

fn info(cursor: &mut Cursor<'_>) -> Result<Info, Stop> {
    let name = String::from_utf8(cursor.text()?);
    let name = name.map_err(|_| cursor.broken("a tensor's name is not UTF-8"))?;
    let rank = cursor.u32()?;
    if rank > MAX_RANK {
        let why = format!("tensor `{}` has {rank} dimensions", quoted(name.as_bytes()));
        return Err(Stop::Beyond(why));
    }
    let dims: Result<Vec<u64>, Stop> = (0..rank).map(|_| cursor.u64()).collect();
    let shape: Shape = dims?.into_iter().rev().collect();
    let kind = cursor.u32()?;
    let element = Element::of(kind).ok_or_else(|| {
        let name = quoted(name.as_bytes());
        Stop::Beyond(format!("tensor `{name}` is of the unknown type {kind}"))
    })?;
    let offset = cursor.u64()?;
    Ok(Info { name, shape, element, offset })
}

impl Info {
    /// Counts the bytes.
    fn len(&self) -> Result<u64, FormatError> {
        let error = |problem| FormatError::Tensor { name: self.name.clone(), problem };
        let (numbers, bytes) = match self.element {
            Element::Plain(dtype) => return self.shape.byte_len(dtype).map_err(error),
            Element::Quantized { numbers, bytes, .. } => (numbers, bytes),
        };
        let innermost = self.shape.dims().last().copied().unwrap_or(1);
        if !innermost.is_multiple_of(numbers) {
            let problem = format!("rows of {innermost} numbers are not whole blocks of {numbers}");
            return Err(FormatError::Blocks { name: self.name.clone(), problem });
        }
        let blocks = self.shape.elements().map_err(error)? / numbers;
        let overflow = || FormatError::FileOverflow(self.name.clone());
        blocks.checked_mul(bytes).ok_or_else(overflow)
    }
}

/// Places the tensors in a file in which they begin at `start`.
pub(super) fn place(infos: Vec<Info>, start: u64, file: u64) -> Result<Tiling, Stop> {
    let mut extents = Vec::with_capacity(infos.len());
    for info in &infos {
        extents.push(extent(info, start, file)?);
    }
    check_overlap(&infos, &extents)?;
    let mut quantized: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (Info { name, shape, element, .. }, (offset, len)) in infos.into_iter().zip(extents) {
        match element {
            Element::Plain(dtype) => found.push(Found { name, dtype, shape, offset, len }),
            Element::Quantized { name, .. } => *quantized.entry(name).or_default() += 1,
        }
    }
    let mut tiling = tile(file, found, Unread::default());
    if !quantized.is_empty() {
        tiling.note = Some(note(&quantized));
    }
    Ok(tiling)
}

/// Gives a tensor's first byte and its number of bytes, which the file has.
fn extent(info: &Info, start: u64, file: u64) -> Result<(u64, u64), FormatError> {
    let len = info.len()?;
    let name = || info.name.clone();
    let offset = start.checked_add(info.offset);
    let end = offset.and_then(|offset| offset.checked_add(len));
    match offset.zip(end) {
        Some((offset, end)) if end <= file => Ok((offset, len)),
        Some((_, end)) => Err(FormatError::BeyondEnd { name: name(), end, file }),
        None => Err(FormatError::FileOverflow(name())),
    }
}

fn check_overlap(infos: &[Info], extents: &[(u64, u64)]) -> Result<(), FormatError> {
    let mut order: Vec<usize> = (0..infos.len()).collect();
    order.sort_by_key(|&index| extents[index]);
    let mut free = 0;
    for index in order {
        let (begin, len) = extents[index];
        if begin < free && len > 0 {
            let name = infos[index].name.clone();
            return Err(FormatError::Overlap { name, begin, end: free });
        }
        free = free.max(begin + len);
    }
    Ok(())
}

/// Counts the quantized tensors: in all, and by type, most first.
fn note(quantized: &BTreeMap<&str, usize>) -> String {
    let mut kinds: Vec<(&str, usize)> =
        quantized.iter().map(|(name, count)| (*name, *count)).collect();
    kinds.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let total: usize = quantized.values().sum();
    let kinds: Vec<String> = kinds.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let subject = if total == 1 { "tensor is" } else { "tensors are" };
    format!("{total} {subject} quantized and opaque: {}", kinds.join(", "))
}

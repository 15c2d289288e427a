//! From views on storages to tensors in the file.

use ckpt_tensor::{Dtype, Shape};

use super::archive::Parts;
use super::elements::Element;
use super::value::{Id, Storage, Value, Values, View};
use crate::FormatError;
use crate::message::{described, quoted};
use crate::stop::Stop;
use crate::tile::{Found, Unread};
use crate::zip::{Member, broken_member};

/// Most dimensions of a tensor, the limit of PyTorch.
const MAX_RANK: usize = 64;

/// Finds the bytes of a tensor in the file, or says why it has none of its own.
pub(super) fn resolve(
    values: &Values<'_>,
    parts: &Parts<'_>,
    name: String,
    tensor: Id,
    found: &mut Vec<Found>,
    unread: &mut Unread,
) -> Result<(), Stop> {
    let Value::Tensor(view) = values.get(tensor) else { return Ok(()) };
    let member = storage_member(values, parts, &view.storage)?;
    let [size, strides] = [extents(values, view.size)?, extents(values, view.strides)?];
    match place(view, member, &size, &strides) {
        Ok(Place { dtype, offset, len }) => {
            found.push(Found { name, dtype, shape: Shape::from(size), offset, len });
        }
        Err(Unfit::Unread(why)) => unread.add(&name, why),
        Err(Unfit::Broken(problem)) => {
            let name = quoted(name.as_bytes());
            return Err(FormatError::View { name, problem }.into());
        }
    }
    Ok(())
}

/// Finds the member of a storage, which has as many bytes as the pickle says.
fn storage_member<'a>(
    values: &Values<'_>,
    parts: &Parts<'a>,
    storage: &Storage,
) -> Result<&'a Member, Stop> {
    let key = values.text(storage.key).unwrap_or_default();
    let name = || [b"data/", key].concat();
    let Some(member) = parts.storage(key) else {
        return Err(broken_member(&name(), "is missing").into());
    };
    let width = match storage.element {
        None => 1,
        Some(Element::Known(dtype)) => u64::from(dtype.bits() / 8),
        Some(Element::Unknown(_)) => return Ok(member),
    };
    if member.unreadable().is_none() && storage.count.checked_mul(width) != Some(member.len) {
        let (len, count) = (member.len, storage.count);
        let problem = format!("has {len} bytes where data.pkl says {count} elements of {width}");
        return Err(broken_member(&name(), problem).into());
    }
    Ok(member)
}

fn extents(values: &Values<'_>, tuple: Id) -> Result<Vec<u64>, Stop> {
    let items = values.tuple(tuple).unwrap_or_default();
    if items.len() > MAX_RANK {
        return Err(Stop::beyond(format!("a tensor has more than {MAX_RANK} dimensions")));
    }
    let extents: Option<Vec<u64>> = items.iter().map(|&item| values.count(item)).collect();
    extents.ok_or_else(|| Stop::beyond("a tensor's extents are no numbers"))
}

/// Where a tensor is in the file.
struct Place {
    dtype: Dtype,
    offset: u64,
    len: u64,
}

/// Why it is nowhere.
enum Unfit {
    Unread(String),
    Broken(String),
}

fn place(view: &View, member: &Member, size: &[u64], strides: &[u64]) -> Result<Place, Unfit> {
    let broken = |problem: &str| Unfit::Broken(problem.to_owned());
    let dtype = match view.element.or(view.storage.element) {
        Some(Element::Known(dtype)) => dtype,
        Some(Element::Unknown(name)) => return Err(Unfit::Unread(format!("dtype {name}"))),
        None => return Err(broken("it has no dtype")),
    };
    if view.is_marked {
        let why = "PyTorch conjugates or negates its bytes on loading";
        return Err(Unfit::Unread(why.to_owned()));
    }
    if size.len() != strides.len() {
        return Err(broken("it has not as many strides as extents"));
    }
    if let Some(why) = member.unreadable() {
        return Err(Unfit::Unread(format!("its storage is {why}")));
    }
    let len =
        Shape::from(size).byte_len(dtype).map_err(|error| Unfit::Broken(described(&error)))?;
    if len == 0 {
        return Ok(Place { dtype, offset: member.data, len });
    }
    let width = u64::from(dtype.bits() / 8);
    let span = span(size, strides).and_then(|span| span.checked_add(view.offset));
    let end = span.and_then(|span| span.checked_mul(width));
    if end.is_none_or(|end| end > member.len) {
        return Err(broken("it ends beyond it"));
    }
    if !is_row_major(size, strides) {
        let why = format!("not row-major (shape {size:?}, strides {strides:?})");
        return Err(Unfit::Unread(why));
    }
    Ok(Place { dtype, offset: member.data + view.offset * width, len })
}

/// Counts the elements from the first to the last of a view that has some.
fn span(size: &[u64], strides: &[u64]) -> Option<u64> {
    let reach = |total: u64, (extent, stride): (&u64, &u64)| {
        total.checked_add((extent - 1).checked_mul(*stride)?)
    };
    size.iter().zip(strides).try_fold(1, reach)
}

/// Tells whether elements follow one another, the last index varying fastest.
fn is_row_major(size: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1;
    for (extent, stride) in size.iter().zip(strides).rev() {
        // The stride of a single element leads nowhere.
        if *extent != 1 && *stride != expected {
            return false;
        }
        expected *= extent;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_decide_the_order() {
        assert!(is_row_major(&[], &[]));
        assert!(is_row_major(&[2, 3], &[3, 1]));
        assert!(is_row_major(&[2, 1, 3], &[3, 99, 1]));
        assert!(!is_row_major(&[3, 2], &[1, 3]));
        assert!(!is_row_major(&[3], &[2]));
        assert!(!is_row_major(&[3], &[0]));
        assert!(!is_row_major(&[2, 3], &[4, 1]));
    }

    #[test]
    fn spans_reach_to_the_last_element() {
        assert_eq!(span(&[], &[]), Some(1));
        assert_eq!(span(&[2, 3], &[3, 1]), Some(6));
        assert_eq!(span(&[6], &[2]), Some(11));
        assert_eq!(span(&[5], &[0]), Some(1));
        assert_eq!(span(&[3], &[u64::MAX]), None);
    }
}

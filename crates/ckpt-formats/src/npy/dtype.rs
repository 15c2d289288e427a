//! NumPy's descriptors of element types.

use ckpt_tensor::Dtype;

use crate::message::quoted;
use crate::stop::Stop;

/// The types that both know, by their descriptors without the byte order.
const KNOWN: [(&str, Dtype); 13] = [
    ("b1", Dtype::Bool),
    ("u1", Dtype::U8),
    ("i1", Dtype::I8),
    ("u2", Dtype::U16),
    ("i2", Dtype::I16),
    ("u4", Dtype::U32),
    ("i4", Dtype::I32),
    ("u8", Dtype::U64),
    ("i8", Dtype::I64),
    ("f2", Dtype::F16),
    ("f4", Dtype::F32),
    ("f8", Dtype::F64),
    ("c8", Dtype::C64),
];

/// Finds the type of a descriptor such as `<f4`.
pub(super) fn find(descriptor: &[u8]) -> Result<Dtype, Stop> {
    let unread = |what| Stop::beyond(format!("{what} `{}`", quoted(descriptor)));
    let (order, rest) = descriptor.split_first().unwrap_or((&b' ', &[]));
    let known = KNOWN.iter().find(|(name, _)| name.as_bytes() == rest);
    let Some((_, dtype)) = known else { return Err(unread("elements of NumPy's type")) };
    match order {
        b'<' => Ok(*dtype),
        _ if dtype.element_width() == Some(1) => Ok(*dtype),
        b'>' => Err(unread("big-endian elements")),
        _ => Err(unread("elements of NumPy's type")),
    }
}

/// Gives NumPy's descriptor of a type, or `None` if NumPy lacks it.
pub(super) fn descriptor(dtype: Dtype) -> Option<String> {
    let (name, _) = KNOWN.iter().find(|(_, known)| *known == dtype)?;
    let order = if dtype.element_width() == Some(1) { '|' } else { '<' };
    Some(format!("{order}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_lead_back() {
        for (_, dtype) in KNOWN {
            assert_eq!(find(descriptor(dtype).unwrap().as_bytes()).unwrap(), dtype);
        }
        assert_eq!(descriptor(Dtype::Bf16), None);
        assert_eq!(descriptor(Dtype::I8).unwrap(), "|i1");
    }

    #[test]
    fn other_types_are_told() {
        let told = |descriptor: &str| match find(descriptor.as_bytes()) {
            Err(Stop::Beyond(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(">f4"), "big-endian elements `>f4`");
        assert_eq!(told("|O"), "elements of NumPy's type `|O`");
        assert_eq!(told("<c16"), "elements of NumPy's type `<c16`");
        assert_eq!(told(""), "elements of NumPy's type ``");
        assert_eq!(told("|f4"), "elements of NumPy's type `|f4`");
        assert_eq!(find(b">i1").unwrap(), Dtype::I8);
    }
}

//! The safetensors crate as an oracle: what it accepts is accepted, what it refuses is refused.

use std::collections::HashMap;

use crate::common::file;
use ckpt_formats::{Format, FormatError, Segment, Segmentation, segment, segment_as};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

/// Compares the two readers on one file.
fn agree(bytes: &[u8]) -> TestCaseResult {
    let ours = segment_as(Format::Safetensors, &bytes);
    let theirs = SafeTensors::read_metadata(bytes);
    match (ours, theirs) {
        (Ok(ours), Ok((header, theirs))) => same_tensors(&ours, header as u64 + 8, &theirs)?,
        // The crate keeps the last of two equal names.
        (Err(FormatError::DuplicateTensor(_) | FormatError::DuplicateMetadata(_)), Ok(_))
        | (Err(_), Err(_)) => {}
        (Ok(_), Err(theirs)) => prop_assert!(false, "accepted, refused by the crate: {theirs}"),
        (Err(ours), Ok(_)) => prop_assert!(false, "refused, accepted by the crate: {ours}"),
    }
    tiles(&segment(&bytes)?, bytes.len() as u64)
}

fn same_tensors(ours: &Segmentation, start: u64, theirs: &Metadata) -> TestCaseResult {
    prop_assert_eq!(ours.segments.len() - 1, theirs.tensors().len());
    prop_assert_eq!(ours.metadata.len(), theirs.metadata().as_ref().map_or(0, HashMap::len));
    for found in &ours.segments[1..] {
        let Segment::Tensor { name, dtype, shape, offset, len } = found else {
            return Err(TestCaseError::fail("an opaque segment after the header"));
        };
        let info = theirs.info(name).expect("both know the tensor");
        prop_assert_eq!(dtype.name(), info.dtype.to_string());
        prop_assert_eq!(u64::from(dtype.bits()), info.dtype.bitsize() as u64);
        let dims: Vec<u64> = info.shape.iter().map(|&dim| dim as u64).collect();
        prop_assert_eq!(shape.dims(), dims);
        let (begin, end) = info.data_offsets;
        prop_assert_eq!((*offset, offset + len), (start + begin as u64, start + end as u64));
    }
    tiles(ours, start + theirs.data_len() as u64)
}

fn tiles(found: &Segmentation, len: u64) -> TestCaseResult {
    let mut end = 0;
    for segment in &found.segments {
        prop_assert_eq!(segment.offset(), end);
        end += segment.byte_len();
    }
    prop_assert_eq!(end, len);
    Ok(())
}

/// A tensor entry that is right or nearly so.
#[derive(Clone, Debug)]
struct Entry {
    name: &'static str,
    dtype: &'static str,
    shape: Vec<u64>,
    /// Bytes between the tensor before it and this one, and bytes that it has too many.
    excess: (i64, i64),
}

/// Names of dtypes and their bits; the last two are none that anyone knows.
const DTYPES: [(&str, u64); 10] = [
    ("BOOL", 8),
    ("F4", 4),
    ("F6_E2M3", 6),
    ("F8_E4M3FNUZ", 8),
    ("U16", 16),
    ("BF16", 16),
    ("C64", 64),
    ("F64", 64),
    ("f32", 32),
    ("F128", 128),
];

fn any_entry() -> impl Strategy<Value = Entry> {
    let name = select(vec!["a", "b", "c", "d", "e", "f", "ü", "", "\\n", "__metadata__"]);
    let dtype = prop_oneof![20 => 0usize..8, 1 => 8usize..10].prop_map(|i| DTYPES[i].0);
    let extent = prop_oneof![30 => 0u64..5, 1 => select(vec![1 << 32, 1 << 61, u64::MAX])];
    let excess = prop_oneof![8 => Just(0i64), 1 => -2i64..3];
    (name, dtype, prop::collection::vec(extent, 0..3), (excess.clone(), excess))
        .prop_map(|(name, dtype, shape, excess)| Entry { name, dtype, shape, excess })
}

/// Writes entries one after another, each where the one before should end.
fn render(entries: &[Entry], metadata: &str, wrong_len: i64) -> Vec<u8> {
    let (mut members, mut end) = (vec![metadata.to_owned()], 0u64);
    for Entry { name, dtype, shape, excess } in entries {
        let bits = DTYPES.iter().find(|known| known.0 == *dtype).map_or(8, |known| known.1);
        let len = shape.iter().fold(bits, |product, &extent| product.wrapping_mul(extent)) / 8;
        let len = len % 1024;
        let begin = end.saturating_add_signed(excess.0);
        end = begin.saturating_add_signed(len.cast_signed() + excess.1);
        members.push(format!(
            r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#
        ));
    }
    members.retain(|member| !member.is_empty());
    let data = vec![0; end.saturating_add_signed(wrong_len) as usize];
    file(&format!("{{{}}}", members.join(",")), &data)
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let metadata = select(vec![
        "",
        "",
        r#""__metadata__":{}"#,
        r#""__metadata__":null"#,
        r#""__metadata__":{"k":"v","l":"w"}"#,
        r#""__metadata__":{"k":1}"#,
    ]);
    let wrong_len = prop_oneof![20 => Just(0i64), 1 => -2i64..3];
    (prop::collection::vec(any_entry(), 0..4), metadata, wrong_len)
        .prop_map(|(entries, metadata, wrong_len)| render(&entries, metadata, wrong_len))
}

/// Bytes that mean something in a header, so that mutations get past the first glance.
const TELLING: &[u8] = br#"{}[]",:0123456789-.eE \ntrufalsFUIB_abc"#;

#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    Swap(Index, Index),
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let byte = || prop_oneof![5 => select(TELLING), 1 => any::<u8>()];
    prop_oneof![
        4 => (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        2 => (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        2 => any::<Index>().prop_map(Mutation::Remove),
        1 => any::<Index>().prop_map(Mutation::Truncate),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Mutation::Swap(a, b)),
    ]
}

/// Mutates bytes; those of a header if they are given without its length.
fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let place = |index: &Index| index.index(bytes.len());
    match mutation {
        Mutation::Replace(at, byte) => {
            let at = place(at);
            bytes[at] = *byte;
        }
        Mutation::Insert(at, byte) => bytes.insert(place(at), *byte),
        Mutation::Remove(at) => {
            bytes.remove(place(at));
        }
        Mutation::Truncate(at) => bytes.truncate(place(at)),
        Mutation::Swap(a, b) => {
            let (a, b) = (place(a), place(b));
            bytes.swap(a, b);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn on_nearly_right_files(bytes in any_file()) {
        agree(&bytes)?;
    }

    #[test]
    fn on_mutated_headers(
        bytes in any_file(),
        mutations in prop::collection::vec(any_mutation(), 1..4),
    ) {
        let [prefix, rest] = [&bytes[..8], &bytes[8..]];
        let len = u64::from_le_bytes(prefix.try_into().unwrap()) as usize;
        let (mut header, data) = (rest[..len].to_vec(), &rest[len..]);
        for mutation in &mutations {
            mutate(&mut header, mutation);
        }
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend_from_slice(data);
        agree(&bytes)?;
    }

    #[test]
    fn on_mutated_files(
        mutations in prop::collection::vec(any_mutation(), 1..4),
    ) {
        let mut bytes = include_bytes!("../data/mixed.safetensors").to_vec();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        agree(&bytes)?;
    }

    #[test]
    fn on_noise(bytes in prop::collection::vec(any::<u8>(), 0..64), len in 0u64..64) {
        agree(&bytes)?;
        agree(&[&len.to_le_bytes()[..], &bytes].concat())?;
    }
}

/// The differences that the documentation of the reader names.
#[test]
fn known_differences() {
    let entry = r#"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
    let twice = file(&format!(r#"{{"a":{entry},"a":{entry}}}"#), &[0]);
    assert!(SafeTensors::deserialize(&twice).is_ok());
    let ours = segment_as(Format::Safetensors, &twice).unwrap_err();
    assert!(matches!(ours, FormatError::DuplicateTensor(_)));
    let object = r#"{"a":{"dtype":{"U8":null},"shape":[1],"data_offsets":[0,1]}}"#;
    assert!(SafeTensors::deserialize(&file(object, &[0])).is_ok());
    let ours = segment_as(Format::Safetensors, &file(object, &[0])).unwrap_err();
    assert!(matches!(ours, FormatError::HeaderInvalid(_)));

    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = format!(r#"{{"a":{{"x":{nested},{}}}"#, &entry[1..]);
    assert!(SafeTensors::deserialize(&file(&deep, &[0])).is_err());
    assert!(segment_as(Format::Safetensors, &file(&deep, &[0])).is_ok());
}

//! Files that were damaged in every way are segmented all the same, in memory that is bounded.

#[path = "../../../fuzz/shared/damage.rs"]
mod damage;
#[path = "common/hostile.rs"]
mod hostile;
#[path = "../../../fuzz/shared/peak.rs"]
mod peak;

use damage::Damage;
use peak::peak;

/// Valid files of several sorts.
fn corpus() -> Vec<Vec<u8>> {
    let file = |header: &str, data: usize| {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file.resize(file.len() + data, 7);
        file
    };
    let one = |i: usize| {
        let (start, end) = (i * 8, i * 8 + 8);
        format!(r#""layer.{i}":{{"dtype":"F32","shape":[1,2],"data_offsets":[{start},{end}]}}"#)
    };
    let many: Vec<String> = (0..20).map(one).collect();
    vec![
        include_bytes!("data/mixed.safetensors").to_vec(),
        include_bytes!("data/empty.safetensors").to_vec(),
        file(
            r#"{"__metadata__":{"a":"b"},"w":{"dtype":"F4","shape":[6],"data_offsets":[0,3]}}"#,
            3,
        ),
        file(
            r#"{"s":{"dtype":"U64","shape":[],"data_offsets":[0,8]},"é\"":{"dtype":"BF16","shape":[0,9],"data_offsets":[8,8]}}  "#,
            8,
        ),
        file(&format!("{{{}}}", many.join(",")), 160),
    ]
}

#[test]
fn damaged_files_are_segmented_in_bounded_memory() {
    let (corpus, mut damage) = (corpus(), Damage::new(1));
    assert!(corpus.iter().all(|file| hostile::segments(file)));
    // Found by a fuzzer: a header that does not begin with its brace.
    assert!(!hostile::segments(b"\x08\0\0\0\0\0\0\0 {}     "));
    let mut with_tensors = 0;
    for round in 0..4000 {
        for (i, file) in corpus.iter().enumerate() {
            let input = damage.mutate(file, &corpus[(i + round) % corpus.len()]);
            let mut has_tensors = false;
            let most = peak(|| has_tensors = hostile::segments(&input));
            with_tensors += usize::from(has_tensors);
            // What the header says, a few times over: names, shapes and what sorts them, twice.
            let bound = 64 * input.len() + 4096;
            assert!(most <= bound, "{most} bytes for {}", input.len());
        }
    }
    // Some damage does no harm; if all or none did, this would test little.
    assert!((200..19_000).contains(&with_tensors), "{with_tensors} of 20000");
}

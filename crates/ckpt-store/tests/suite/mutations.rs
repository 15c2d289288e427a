//! Packs, records, small files and texts that were damaged in every way: nothing panics, memory is
//! bounded, and what `verify` finds nothing in is whole.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::records::{
    AnnotationRecord, CheckResult, JournalRecord, MoveRecord, RemovalRecord,
};
use std::{collections::BTreeSet, fs};

use crate::common::{
    adversarial::{self, SMALL_FILES},
    by_hand::{ANNOTATION, CHUNKS, JOURNAL, MOVE, encode},
    draft,
    fixture::{fixtures, load},
    look::{objects, packs, read},
    main_branch, repository,
};
use ckpt_hash::{MoveId, VersionId, leaf_hash};
use ckpt_store::{ContentChange, MoveKind};
use ckpt_testkit::damage::Damage;
use ckpt_testkit::peak::peak;

/// The packs of all broken repositories, right ones among them, and those of the golden one that
/// are small.
fn pack_corpus() -> Vec<Vec<u8>> {
    let broken = fs::read_dir(fixtures().join("broken")).unwrap();
    let folders =
        broken.map(|entry| entry.unwrap().path()).chain([fixtures().join("golden/format-2")]);
    let disks = folders.map(|folder| load(&folder.join("repository")));
    let packs: BTreeSet<Vec<u8>> = disks
        .filter(|disk| ckpt_store::disk::Disk::kind(disk, "packs").unwrap().is_some())
        .flat_map(|disk| {
            packs(&disk, "packs").iter().map(|pack| read(&disk, pack)).collect::<Vec<_>>()
        })
        .filter(|pack| (1..4000).contains(&pack.len()))
        .collect();
    packs.into_iter().collect()
}

/// Records of every kind, each behind its kind as `adversarial::record` takes it.
fn record_corpus() -> Vec<Vec<u8>> {
    let disk = load(&fixtures().join("golden/format-2/repository"));
    let mut records = Vec::new();
    for pack in packs(&disk, "packs") {
        let bytes = read(&disk, &pack);
        for object in objects(&disk, &pack) {
            // Stored raw: its bytes are the record.
            if object.kind >= 2 && object.encoding == 0 {
                let record = &bytes[object.offset..object.offset + object.stored_len as usize];
                records.push([&[object.kind - 2], record].concat());
            }
        }
    }
    let version = VersionId::of(b"v");
    let evidence = CheckResult {
        condition: "f1 > 0.5".to_owned(),
        met: true,
        values: [("f1".to_owned(), Some(0.75)), ("loss".to_owned(), None)].into(),
    };
    let movement = MoveRecord {
        name: "refs/tags/planted".to_owned(),
        kind: MoveKind::Promote,
        from: None,
        to: Some(version),
        previous: Some(MoveId::of(b"m")),
        author: "ada".to_owned(),
        time_ms: -1,
        reason: "why".to_owned(),
        guards: vec!["f1 > 0.5".to_owned()],
        evidence: vec![evidence],
    };
    let annotation =
        AnnotationRecord { versions: vec![version], sequence: 3, ..AnnotationRecord::default() };
    let removal = RemovalRecord {
        versions: vec![version],
        content: ContentChange::Removed,
        reason: "why".to_owned(),
        author: "ada".to_owned(),
        time_ms: 1,
    };
    let entry = JournalRecord { removals: vec![removal], ..JournalRecord::default() };
    let chunks = vec![(leaf_hash(b"abc"), 3_u32), (leaf_hash(b"d"), 1)];
    records.push([vec![CHUNKS - 2], encode(&chunks)].concat());
    records.push([vec![MOVE - 2], encode(&movement)].concat());
    records.push([vec![ANNOTATION - 2], encode(&annotation)].concat());
    records.push([vec![JOURNAL - 2], encode(&entry)].concat());
    records
}

/// Drives a function with every input and with mutations of them that start with the same byte;
/// returns how many of them were found good, and how many there were.
fn drive(corpus: &[Vec<u8>], rounds: usize, seed: u64, read: fn(&[u8]) -> bool) -> (usize, usize) {
    let mut damage = Damage::new(seed);
    let (mut good, mut all) = (0, 0);
    for round in 0..=rounds {
        for (i, input) in corpus.iter().enumerate() {
            let other = &corpus[(i + round) % corpus.len()];
            let mutated = damage.mutate(&input[1..], &other[1..]);
            let mutated = if round == 0 { input.clone() } else { [&input[..1], &mutated].concat() };
            let mut is_good = false;
            let most = peak(|| is_good = read(&mutated));
            // The bound of a record, twice: claimed, and held.
            assert!(most < 128 << 20, "{most} bytes for {mutated:?}");
            (good, all) = (good + usize::from(is_good), all + 1);
        }
    }
    (good, all)
}

#[test]
fn damaged_packs_are_findings_or_whole() {
    let corpus = pack_corpus();
    assert!(corpus.len() >= 40, "{} packs", corpus.len());
    let (good, all) = drive(&corpus, 80, 3, adversarial::pack);
    assert!(good > 0 && good < all / 2, "{good} of {all}");
}

#[test]
fn damaged_records_are_findings_or_whole() {
    let corpus = record_corpus();
    let kinds: BTreeSet<u8> = corpus.iter().map(|record| record[0] + 2).collect();
    assert_eq!(kinds, (2..=9).collect());
    let (good, all) = drive(&corpus, 150, 4, adversarial::record);
    assert!(good > 0 && good < all / 2, "{good} of {all}");
}

#[test]
fn damaged_small_files_are_findings_or_whole() {
    let id = "0123456789abcdef".repeat(4);
    let contents = [
        format!("{id}\n"),
        format!("{id}\n"),
        format!("{id}\n"),
        "refs/heads/a/b\n".to_owned(),
        "ckpt repository format 2\n".to_owned(),
        "# Settings.\n[packs]\nmerge = false\n".to_owned(),
    ];
    assert_eq!(contents.len(), SMALL_FILES.len());
    let corpus: Vec<_> =
        (0..).zip(contents).map(|(n, text)| [&[n], text.as_bytes()].concat()).collect();
    let (good, all) = drive(&corpus, 400, 5, adversarial::small_file);
    assert!(good > 0 && good < all, "{good} of {all}");
}

#[test]
fn damaged_texts_are_refused_or_understood() {
    let (_, repo) = repository();
    repo.commit(&main_branch(), &draft(1.0)).unwrap();
    let corpus = [
        "main~3~",
        "refs/heads/main@12",
        "min:val_mse@max:f1@main~1",
        "0123456789abcdef",
        "HEAD",
        "release/1.0",
        "f1 >= 0.95 && loss < current.loss && \"a b\\\"\" != parent.x",
        "a == -1e-9",
        "é..@{",
    ];
    let mut damage = Damage::new(6);
    for round in 0..2000 {
        for (i, text) in corpus.iter().enumerate() {
            let other = corpus[(i + round) % corpus.len()];
            adversarial::text(&repo, &damage.mutate(text.as_bytes(), other.as_bytes()));
        }
    }
}

//! What is added to versions after they were made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{
    by_hand::{Object, journalled, plant, write_journal},
    draft, main_branch, open,
    records::{AnnotationRecord, JournalRecord, record_of},
    repository, signature,
};
use std::{collections::BTreeMap, thread};

use ckpt_hash::{AnnotationId, JournalId, VersionId};
use ckpt_store::{
    Error, InputFile, NewNote, Note, Repository, RestoreOptions, Segment, Silent, disk::Disk,
};
use ckpt_testkit::disks::MemDisk;

fn file(path: &str, bytes: &[u8]) -> InputFile {
    InputFile::new(path, Box::new(bytes.to_vec()), None).unwrap()
}

fn note(version: VersionId, files: Vec<InputFile>) -> NewNote {
    NewNote::new(vec![version], signature()).with_text("seen").with_files(files)
}

fn commit(repo: &Repository) -> VersionId {
    repo.commit(&main_branch(), &draft(1.0)).unwrap().version.id
}

fn restored(repo: &Repository, version: &VersionId) -> BTreeMap<String, Vec<u8>> {
    let target = MemDisk::new();
    let plan = repo.plan_restore_notes(version, &target, &RestoreOptions::default()).unwrap();
    repo.apply_restore(&plan, &target).unwrap();
    let read = |path: &str| {
        let file = target.open(path).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    };
    plan.files().iter().map(|file| (file.path.clone(), read(&file.path))).collect()
}

#[test]
fn files_of_notes_come_back_byte_for_byte_the_latest_of_one_path() {
    let (disk, repo) = repository();
    let one = commit(&repo);
    let large: Vec<u8> = (0..3_000_000_u64).map(|i| (i.wrapping_mul(i) >> 9) as u8).collect();
    let before = repo.version(&one).unwrap();
    repo.note(&note(one, vec![file("report.txt", b"draft"), file("dir/plot.png", &large)]))
        .unwrap();
    let made = repo.note(&note(one, vec![file("report.txt", b"final")])).unwrap();
    assert_eq!(repo.version(&one).unwrap(), before);
    for repo in [&repo, &open(&disk)] {
        let files = restored(repo, &one);
        assert_eq!(files.len(), 2);
        assert_eq!(files["report.txt"], b"final");
        assert!(files["dir/plot.png"] == large);
        assert_eq!(repo.notes().unwrap().on(&one).unwrap().notes[0].as_ref(), &made);
    }
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn a_checkpoint_in_a_note_stays_one_opaque_file() {
    let (_, repo) = repository();
    let one = commit(&repo);
    let mut bytes = 64_u64.to_le_bytes().to_vec();
    bytes.extend(
        format!("{:<64}", r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#).bytes(),
    );
    bytes.extend([0; 8]);
    let Note { record, .. } = repo.note(&note(one, vec![file("w.safetensors", &bytes)])).unwrap();
    assert_eq!(record.files[0].reader, "opaque");
    assert!(matches!(record.files[0].segments[..], [Segment::Opaque { len: 80, .. }]));
    assert_eq!(restored(&repo, &one)["w.safetensors"], bytes);
}

#[test]
fn what_cannot_be_noted_is_refused() {
    let (_, repo) = repository();
    let one = commit(&repo);
    let refuse = |note: NewNote| repo.note(&note).unwrap_err().to_string();
    let empty = note(one, vec![]).with_text(String::new());
    assert_eq!(refuse(empty), "a note without content says nothing");
    let on_nothing = NewNote::new(vec![], signature()).with_text("words");
    assert_eq!(refuse(on_nothing), "a note without content says nothing");
    assert!(refuse(note(VersionId::of(b"x"), vec![])).ends_with("is missing from the repository"));
    let twice = refuse(note(one, vec![file("a", b""), file("a", b"")]));
    assert!(twice.contains("a"), "{twice}");
    assert_eq!(repo.notes().unwrap().on(&one), None);
    let plan = repo.plan_restore_notes(&one, &MemDisk::new(), &RestoreOptions::default());
    assert!(matches!(plan, Err(Error::NothingToRestore)));
}

#[test]
fn notes_of_many_writers_all_go_through() {
    let (disk, repo) = repository();
    let one = commit(&repo);
    thread::scope(|scope| {
        for writer in 0..8 {
            let repo = open(&disk);
            scope.spawn(move || {
                for step in 0..5 {
                    let metrics = BTreeMap::from([(format!("m{writer}.{step}"), 1.0)]);
                    repo.note(&note(one, vec![]).with_metrics(metrics)).unwrap();
                }
            });
        }
    });
    let notes = open(&disk).notes().unwrap();
    let on = notes.on(&one).unwrap();
    assert_eq!((on.notes.len(), on.metrics.len()), (40, 40));
    assert_eq!(notes.metrics(&repo.version(&one).unwrap()).len(), 41);
}

#[test]
fn verify_follows_notes_to_their_versions_and_files() {
    let (disk, repo) = repository();
    let one = commit(&repo);
    let made = repo.note(&note(one, vec![file("a.txt", b"abc")])).unwrap();
    let found = || {
        let report = open(&disk).verify(&Silent).unwrap();
        let [damage] = report.damage.try_into().unwrap();
        assert_eq!(damage.place, "the journal");
        damage.what
    };
    let damage = |change: fn(&mut AnnotationRecord)| {
        let mut record: AnnotationRecord = record_of(&made.record);
        change(&mut record);
        journalled(&disk, &record);
        found()
    };
    let entry = |change: fn(&mut JournalRecord)| {
        let mut record = JournalRecord::default();
        change(&mut record);
        let (entry, id) = Object::journal(&record);
        plant(&disk, vec![entry]);
        write_journal(&disk, &format!("{id}\n"));
        found()
    };
    let version = damage(|record| record.versions.push(VersionId::of(b"gone")));
    assert!(version.starts_with("version ") && version.ends_with(": it is missing"), "{version}");
    let previous = entry(|record| record.previous = Some(JournalId::of(b"gone")));
    let annotation = entry(|record| record.annotations.push(AnnotationId::of(b"gone")));
    for (what, kind) in [(previous, "journal entry "), (annotation, "annotation ")] {
        assert!(what.starts_with(kind) && what.ends_with("missing from the repository"), "{what}");
    }
    let segment = damage(|record| record.files[0].segments = vec![Segment::Tensor { index: 0 }]);
    assert!(segment.ends_with("its file a.txt has a segment that is no tensor"), "{segment}");
    let path = damage(|record| record.files[0].path = "../a".to_owned());
    assert!(path.starts_with("annotation "), "{path}");
    let content = damage(|record| {
        let root = ckpt_hash::tree_hash(b"gone");
        record.files[0].segments = vec![Segment::Opaque { len: 4, root }];
    });
    assert!(content.starts_with("block ") && content.ends_with(": it is missing"), "{content}");
    write_journal(&disk, "none\n");
    let report = open(&disk).verify(&Silent).unwrap();
    assert_eq!(report.damage[0].place, "refs/journal");
}

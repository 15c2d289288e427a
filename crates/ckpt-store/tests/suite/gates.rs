//! Promotion, guards and overrides: what a ref may move to, and what is recorded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::common::{
    by_hand::{Object, plant, point},
    main_branch, open,
    records::MoveRecord,
    repository, signature,
};
use ckpt_hash::VersionId;
use ckpt_store::{
    Condition, Contents, Draft, Error, GuardChange, MAX_GUARDS, Move, MoveInfo, MoveKind, NewNote,
    Parents, Reason, RefKind, RefName, Repository, Session, SessionOptions, Silent, disk::LockMode,
};
use ckpt_testkit::disks::{MemDisk, SpyDisk, Step};

fn alias() -> RefName {
    RefName::new(RefKind::Alias, "production").unwrap()
}

fn conditions(texts: &[&str]) -> Vec<Condition> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn draft(f1: f64) -> Draft {
    let metrics = BTreeMap::from([("f1".to_owned(), f1)]);
    Draft::new(Contents::Nothing, signature()).with_metrics(metrics)
}

fn commit(repo: &Repository, f1: f64) -> VersionId {
    repo.commit(&main_branch(), &draft(f1)).unwrap().version.id
}

fn guard(repo: &Repository, name: &RefName, condition: &str) -> Option<Move> {
    let change = GuardChange::Add(conditions(&[condition]));
    repo.guard(name, &change, "policy", &signature()).unwrap()
}

fn promote(repo: &Repository, to: VersionId, gate: &[&str]) -> Result<Move, Error> {
    repo.promote(&alias(), to, &conditions(gate), "", &signature())
}

fn in_spite(text: &str) -> Reason<'_> {
    Reason { text: "", override_reason: Some(text) }
}

/// The newest move of a ref.
fn newest(repo: &Repository, name: &RefName) -> MoveInfo {
    repo.audit(name).unwrap().next().unwrap().unwrap().record
}

#[test]
fn a_promotion_records_the_values_that_met_its_gate() {
    let (_, repo) = repository();
    let [low, high] = [0.8, 0.9].map(|f1| commit(&repo, f1));
    let no_worse = Condition::no_worse_than("max:f1").unwrap().to_string();
    // Nothing is there yet, so nothing is worse.
    let made = promote(&repo, low, &["f1 > 0.5", &no_worse]).unwrap().record;
    assert_eq!((made.kind, made.from, made.to), (MoveKind::Promote, None, Some(low)));
    let moved = promote(&repo, high, &[&no_worse]).unwrap().record;
    assert_eq!((moved.from, moved.to), (Some(low), Some(high)));
    assert_eq!(moved.evidence[0].found(), "current.f1 is 0.8, f1 is 0.9");
    let error = promote(&repo, low, &["f1 > 0.5", &no_worse]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "alias production may not move to {}: f1 >= current.f1 is not met: \
             current.f1 is 0.9, f1 is 0.8",
            low.short()
        )
    );
    let Error::FailedChecks(unmet) = error else { panic!() };
    assert_eq!((unmet.evidence.len(), unmet.kept), (2, None));
    assert_eq!(repo.resolve("production").unwrap(), high);
    let error = repo.promote(&main_branch(), low, &[], "", &signature()).unwrap_err().to_string();
    assert_eq!(error, "branch main is not an alias");
}

#[test]
fn guards_hold_for_every_move_that_lands_on_a_version() {
    let (_, repo) = repository();
    let ids: Vec<_> = [0.7, 0.9, 0.95].map(|f1| commit(&repo, f1)).into();
    let guarded = guard(&repo, &main_branch(), "f1 >= 0.8").unwrap().record;
    assert_eq!(
        (guarded.kind, guarded.from, guarded.to),
        (MoveKind::Guard, Some(ids[2]), Some(ids[2]))
    );
    let refused = |error: Error| match error {
        Error::FailedChecks(unmet) => unmet,
        other => panic!("{other}"),
    };
    // Commit: the version is kept.
    let unmet = refused(repo.commit(&main_branch(), &draft(0.5)).unwrap_err());
    let kept = unmet.kept.unwrap();
    assert_eq!(repo.version(&kept).unwrap().record.metrics["f1"], 0.5);
    assert_eq!(unmet.version, kept);
    let shown = unmet.to_string();
    assert!(
        shown.ends_with(&format!("f1 is 0.5; your version {} is kept", kept.short())),
        "{shown}"
    );
    // Set, rollback to a version, rollback step by step.
    refused(repo.set_ref(&main_branch(), ids[0], true, "", &signature()).unwrap_err());
    refused(repo.rollback(&main_branch(), Some(ids[0]), "", &signature()).unwrap_err());
    let back = repo.rollback(&main_branch(), None, "", &signature()).unwrap().record;
    assert_eq!((back.to, back.evidence.len()), (Some(ids[1]), 1));
    refused(repo.rollback(&main_branch(), None, "", &signature()).unwrap_err());
    assert_eq!(repo.target(&main_branch()).unwrap(), Some(ids[1]));
    // Promote: guards apply in addition to the gate.
    guard(&repo, &alias(), "f1 >= 0.8").unwrap();
    assert_eq!(repo.target(&alias()).unwrap(), None);
    refused(promote(&repo, ids[0], &[]).unwrap_err());
    assert_eq!(promote(&repo, ids[1], &["f1 > 0"]).unwrap().record.evidence.len(), 2);
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn every_move_carries_the_guards_on() {
    let (_, repo) = repository();
    let main = main_branch();
    guard(&repo, &main, "f1 >= 0.5").unwrap();
    let one = commit(&repo, 0.9);
    commit(&repo, 0.8);
    repo.rollback(&main, None, "", &signature()).unwrap();
    repo.delete_ref(&main, "", &signature()).unwrap();
    assert_eq!(repo.guards(&main).unwrap(), ["f1 >= 0.5"]);
    // Made anew, it is guarded as before.
    let branched = draft(0.1).with_parents(Parents::NewBranch(vec![one]));
    assert!(matches!(repo.commit(&main, &branched), Err(Error::FailedChecks(_))));
    repo.set_ref(&main, one, false, "", &signature()).unwrap();
    let moves: Vec<MoveInfo> =
        repo.audit(&main).unwrap().map(|movement| movement.unwrap().record).collect();
    assert_eq!(moves.len(), 6);
    assert!(moves.iter().all(|movement| movement.guards == ["f1 >= 0.5"]));
}

#[test]
fn guards_are_added_once_and_removed_by_what_they_mean() {
    let (_, repo) = repository();
    let main = main_branch();
    let change = |change: GuardChange| repo.guard(&main, &change, "", &signature());
    guard(&repo, &main, "f1>=0.5").unwrap();
    assert_eq!(guard(&repo, &main, "f1 >= 0.50"), None);
    guard(&repo, &main, "loss < current.loss").unwrap();
    assert_eq!(repo.guards(&main).unwrap(), ["f1 >= 0.5", "loss < current.loss"]);
    let remove = |text: &str| change(GuardChange::Remove(vec![text.to_owned()]));
    let error = remove("f1 >= 0.6").unwrap_err().to_string();
    assert_eq!(error, "branch main has no guard \"f1 >= 0.6\"");
    remove("f1>=.5").unwrap().unwrap();
    assert_eq!(repo.guards(&main).unwrap(), ["loss < current.loss"]);
    assert!(change(GuardChange::Clear).unwrap().unwrap().record.guards.is_empty());
    assert_eq!(change(GuardChange::Clear).unwrap(), None);
    let many = (0..=MAX_GUARDS).map(|index| format!("m{index} > 0").parse().unwrap()).collect();
    let error = change(GuardChange::Add(many)).unwrap_err().to_string();
    assert_eq!(error, "branch main would have more than 32 guards");
}

#[test]
fn an_override_moves_and_is_on_record() {
    let (_, repo) = repository();
    let main = main_branch();
    guard(&repo, &main, "f1 >= 0.5").unwrap();
    let draft = |f1: f64| draft(f1).with_message("epoch").with_override_reason("hotfix".to_owned());
    let low = repo.commit(&main, &draft(0.1)).unwrap().version;
    assert_eq!(low.record.message, "epoch");
    let record = newest(&repo, &main);
    assert_eq!((record.reason.as_str(), record.evidence[0].met), ("hotfix", false));
    // Where it is not needed, it is not what is recorded.
    repo.commit(&main, &draft(0.9)).unwrap();
    let record = newest(&repo, &main);
    assert_eq!((record.reason.as_str(), record.evidence[0].met), ("epoch", true));
    let back = repo.rollback(&main, None, in_spite("urgent"), &signature()).unwrap().record;
    assert_eq!((back.to, back.reason.as_str()), (Some(low.id), "urgent"));
    let gate = conditions(&["f1 > 0.9"]);
    let moved =
        repo.promote(&alias(), low.id, &gate, in_spite("demo"), &signature()).unwrap().record;
    assert_eq!((moved.reason.as_str(), moved.evidence[0].met), ("demo", false));
    let error = repo.promote(&alias(), low.id, &gate, in_spite(" "), &signature()).unwrap_err();
    assert_eq!(error.to_string(), "an override needs a reason");
}

#[test]
fn parent_is_the_first_parent_and_notes_come_first() {
    let (_, repo) = repository();
    let [one, two] = [0.8, 0.7].map(|f1| commit(&repo, f1));
    assert!(matches!(promote(&repo, two, &["f1 > parent.f1"]), Err(Error::FailedChecks(_))));
    assert!(matches!(promote(&repo, one, &["f1 > parent.f1"]), Err(Error::FailedChecks(_))));
    let note = |version, f1| {
        let metrics = BTreeMap::from([("f1".to_owned(), f1)]);
        repo.note(&NewNote::new(vec![version], signature()).with_metrics(metrics)).unwrap();
    };
    note(two, 0.85);
    let moved = promote(&repo, two, &["f1 > parent.f1"]).unwrap().record;
    assert_eq!(moved.evidence[0].found(), "f1 is 0.85, parent.f1 is 0.8");
    note(one, f64::NAN);
    assert!(matches!(promote(&repo, two, &["f1 > parent.f1"]), Err(Error::FailedChecks(_))));
    note(one, 0.9);
    assert_eq!(repo.resolve("max:f1@main").unwrap(), one);
    assert!(matches!(promote(&repo, two, &["f1 > parent.f1"]), Err(Error::FailedChecks(_))));
    let moved = promote(&repo, one, &["f1 > current.f1"]).unwrap().record;
    assert_eq!(moved.evidence[0].found(), "current.f1 is 0.85, f1 is 0.9");
    let comparison = |a, b| repo.compare(repo.version(&a).unwrap(), repo.version(&b).unwrap());
    let pair = comparison(one, two).unwrap().metrics["f1"];
    assert_eq!((pair.a, pair.b), (Some(0.9), Some(0.85)));
}

/// Opens a repository whose first swap of a ref is preceded by `other`'s work.
fn interrupted(disk: &MemDisk, other: impl Fn(&Repository) + Send + Sync + 'static) -> Repository {
    let (beside, done) = (disk.clone(), AtomicBool::new(false));
    let spy = SpyDisk::new(disk.clone(), move |step, _| {
        if step == Step::Lock(LockMode::Exclusive) && !done.swap(true, Ordering::SeqCst) {
            other(&open(&beside));
        }
        Ok(())
    });
    Repository::open_on(Arc::new(spy)).unwrap()
}

#[test]
fn a_guard_that_another_set_in_the_meantime_is_not_missed() {
    let (disk, repo) = repository();
    let [low, high] = [0.1, 0.9].map(|f1| commit(&repo, f1));
    promote(&repo, high, &[]).unwrap();
    let late = interrupted(&disk, |other| {
        guard(other, &alias(), "f1 >= 0.5").unwrap();
    });
    assert!(matches!(promote(&late, low, &[]), Err(Error::Conflict(_))));
    assert!(matches!(promote(&late, low, &[]), Err(Error::FailedChecks(_))));
    assert_eq!(repo.target(&alias()).unwrap(), Some(high));
}

#[test]
fn what_was_better_than_a_version_that_is_there_no_more_is_judged_anew() {
    let (disk, repo) = repository();
    let ids = [0.1, 0.5, 0.9].map(|f1| commit(&repo, f1));
    guard(&repo, &alias(), "f1 >= current.f1").unwrap();
    promote(&repo, ids[0], &[]).unwrap();
    let late = interrupted(&disk, move |other| {
        promote(other, ids[2], &[]).unwrap();
    });
    assert!(matches!(promote(&late, ids[1], &[]), Err(Error::Conflict(_))));
    assert!(matches!(promote(&late, ids[1], &[]), Err(Error::FailedChecks(_))));
    assert_eq!(repo.target(&alias()).unwrap(), Some(ids[2]));
}

#[test]
fn of_many_writers_of_a_guarded_alias_none_moves_it_down() {
    let (disk, repo) = repository();
    let ids: Vec<_> = (0..12).map(|step| commit(&repo, f64::from(step))).collect();
    guard(&repo, &alias(), "f1 >= current.f1").unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (repo, ids) = (open(&disk), &ids);
            scope.spawn(move || {
                for step in 0..ids.len() {
                    // Each in another order.
                    match promote(&repo, ids[(5 * step + writer) % ids.len()], &[]) {
                        Ok(_) | Err(Error::Conflict(_) | Error::FailedChecks(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let line: Vec<VersionId> =
        repo.audit(&alias()).unwrap().filter_map(|movement| movement.unwrap().record.to).collect();
    assert!(line.len() >= 2);
    let place = |id: &VersionId| ids.iter().position(|known| known == id);
    assert!(line.iter().rev().map(place).is_sorted());
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn a_guard_that_is_no_condition_is_met_by_nothing_and_can_be_overridden() {
    let (disk, repo) = repository();
    let one = commit(&repo, 0.9);
    let adversarial = "f1 >= \u{1b}[2J";
    let (object, id) = Object::movement(&MoveRecord {
        name: alias().full(),
        kind: MoveKind::Guard,
        from: None,
        to: None,
        previous: None,
        author: String::new(),
        time_ms: 0,
        reason: String::new(),
        guards: vec![adversarial.to_owned(), "x".repeat(100_000), "f1 > 0".to_owned()],
        evidence: Vec::new(),
    });
    plant(&disk, vec![object]);
    point(&disk, "refs/aliases/production", id);
    let repo = open(&disk);
    let error = promote(&repo, one, &[]).unwrap_err().to_string();
    assert!(
        error.contains("its guard cannot be read: \"f1 >= \\u{1b}[2J\" is not a condition"),
        "{error}"
    );
    assert!(error.len() < 600, "{error}");
    let moved = repo.promote(&alias(), one, &[], in_spite("odd"), &signature()).unwrap().record;
    let met: Vec<bool> = moved.evidence.iter().map(|evidence| evidence.met).collect();
    assert_eq!(met, [false, false, true]);
    let remove = GuardChange::Remove(vec![adversarial.to_owned(), "x".repeat(100_000)]);
    repo.guard(&alias(), &remove, "", &signature()).unwrap().unwrap();
    promote(&repo, one, &[]).unwrap();
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

#[test]
fn a_session_meets_the_guards_with_the_last_of_each_group() {
    let (_, repo) = repository();
    let (repo, main) = (Arc::new(repo), main_branch());
    commit(&repo, 0.5);
    guard(&repo, &main, "f1 > parent.f1").unwrap();
    let session =
        Session::start(Arc::clone(&repo), main.clone(), SessionOptions::default()).unwrap();
    // However they are grouped: the parent may be in the same pack.
    for step in 1..=20 {
        session.commit(draft(0.5 + f64::from(step) / 100.0)).unwrap();
    }
    session.flush().unwrap();
    assert_eq!(repo.resolve("main").unwrap(), repo.resolve("main@21").unwrap());
    assert!(newest(&repo, &main).evidence.iter().all(|evidence| evidence.met));
    session.commit(draft(0.1)).unwrap();
    let Error::FailedChecks(unmet) = session.flush().unwrap_err() else { panic!() };
    assert_eq!(repo.version(&unmet.kept.unwrap()).unwrap().record.number, 22);
    assert_eq!(unmet.evidence[0].found(), "f1 is 0.1, parent.f1 is 0.7");
    assert_eq!(session.take_unsaved().len(), 1);
    drop(session);
    let session =
        Session::start(Arc::clone(&repo), main.clone(), SessionOptions::default()).unwrap();
    session.commit(draft(0.1).with_override_reason("demo".to_owned())).unwrap();
    session.flush().unwrap();
    assert_eq!(newest(&repo, &main).reason, "demo");
    assert!(repo.verify(&Silent).unwrap().is_ok());
}

//! A repository and its model, which do every operation together.

use std::{collections::BTreeMap, sync::Arc};

use ckpt_hash::VersionId;
use ckpt_store::{
    Condition, Draft, Effort, GuardChange, MoveKind, NewNote, Parents, RefKind, Repository,
    RestoreOptions, Role, Session, SessionOptions, Signature, Silent, Version, disk::Disk,
};
use ckpt_testkit::disks::MemDisk;

use crate::{
    common::{open, signature},
    model_based::content::Content,
    model_based::model::{Made, Model, Move, Refusal},
    model_based::op::{HANDLES, Make, Op, Ref, Step},
};

pub(crate) struct World {
    disk: MemDisk,
    handles: Vec<Arc<Repository>>,
    model: Model,
    head: Ref,
    /// Operations so far: the clock.
    clock: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        let disk = MemDisk::new();
        Repository::init_on(Arc::new(disk.clone())).unwrap();
        let handles = (0..HANDLES).map(|_| Arc::new(open(&disk))).collect();
        Self { disk, handles, model: Model::default(), head: Ref::Main, clock: 0 }
    }

    fn signature(&self) -> Signature {
        // Several versions of one time.
        Signature::new("ada", 1_700_000_000_000 + self.clock / 3)
    }

    fn draft(&self, make: &Make, parents: Parents) -> Draft {
        Draft::new(make.content.contents(), self.signature())
            .with_metrics(BTreeMap::from([("loss".to_owned(), f64::from(make.loss))]))
            .with_effort([Effort::Default, Effort::Fast, Effort::Small][self.clock as usize % 3])
            .with_parents(parents)
    }

    /// Does an operation in both, and checks that they agree where all refs are then.
    pub(crate) fn step(&mut self, Step { by, op }: &Step) {
        self.clock += 1;
        let repo = Arc::clone(&self.handles[*by]);
        match op {
            Op::Commit(name, make) => self.commit(&repo, *name, make, None, None),
            Op::Session(name, makes) => self.session(&repo, *name, makes),
            Op::Start(name, at, make) => {
                let at = self.model.pick(*at);
                self.commit(&repo, *name, make, Some(at), None);
            }
            Op::Merge(name, other, make) => {
                let other = self.model.pick(*other);
                self.commit(&repo, *name, make, None, Some(other));
            }
            Op::Note(on, loss) => self.note(&repo, self.model.pick(*on), f64::from(*loss)),
            Op::Guard(name, limit) => self.guard(&repo, *name, *limit),
            Op::Switch(name) => {
                repo.set_head(&name.name()).unwrap();
                self.head = *name;
            }
            Op::MergePacks => {
                repo.compact().unwrap();
            }
            Op::Reopen => self.handles[*by] = Arc::new(open(&self.disk)),
            other => self.shift(&repo, other),
        }
        for repo in [&self.handles[*by], &self.handles[(by + 1) % HANDLES]] {
            for name in Ref::ALL {
                assert_eq!(repo.target(&name.name()).unwrap(), self.model.at(name), "{name:?}");
            }
            assert_eq!(repo.head().unwrap(), self.head.name());
        }
    }

    /// Does an operation that moves a ref and makes no version.
    fn shift(&mut self, repo: &Repository, op: &Op) {
        let (signature, model) = (self.signature(), &mut self.model);
        let set = |name: Ref, to, force| {
            repo.set_ref(&name.name(), to, force, "why", &signature).map(|_| ())
        };
        let (expected, found) = match op {
            Op::Set(name, to) => {
                let to = model.pick(*to);
                (model.set(*name, to, false), set(*name, to, false))
            }
            Op::Force(name, to) => {
                let to = model.pick(*to);
                (model.set(*name, to, true), set(*name, to, true))
            }
            Op::Delete(name) => {
                let at = model.at(*name);
                let found = repo.delete_ref(&name.name(), "why", &signature);
                (model.delete(*name), found.map(|left| assert_eq!(left.record.from, at)))
            }
            Op::Rollback(name) => (
                model.rollback(*name, None),
                repo.rollback(&name.name(), None, "why", &signature).map(|_| ()),
            ),
            Op::RollbackTo(name, to) => {
                let to = model.pick(*to);
                let found = repo.rollback(&name.name(), Some(to), "why", &signature);
                (model.rollback(*name, Some(to)), found.map(|_| ()))
            }
            Op::Promote(to) => {
                let (alias, to) = (Ref::Alias, model.pick(*to));
                let gate = ["loss < current.loss".parse::<Condition>().unwrap()];
                let found = repo.promote(&alias.name(), to, &gate, "why", &signature);
                (model.promote(alias, to), found.map(|_| ()))
            }
            other => panic!("{other:?} moves no ref"),
        };
        assert_eq!(found.map_err(|error| Refusal::of(&error)), expected);
    }

    fn commit(
        &mut self,
        repo: &Repository,
        name: Ref,
        make: &Make,
        start: Option<VersionId>,
        other: Option<VersionId>,
    ) {
        let expected = self.model.parents(name, start, other);
        let parents = match (self.model.at(name), start, other) {
            (_, Some(start), _) => Parents::NewBranch(vec![start]),
            (Some(expected), None, Some(other)) => Parents::Merge { expected, others: vec![other] },
            (None, None, Some(other)) => Parents::NewBranch(vec![other]),
            _ => Parents::Tip,
        };
        let found = repo.commit(&name.name(), &self.draft(make, parents));
        match (found, expected) {
            (Ok(found), Ok(parents)) => {
                let id = found.version.id;
                self.made(found.version, parents, make);
                self.model.shift(name, MoveKind::Commit, Some(id));
            }
            (Err(error), Err(refusal)) => assert_eq!(Refusal::of(&error), refusal),
            (found, expected) => panic!("{found:?} in place of {expected:?}"),
        }
    }

    fn made(&mut self, version: Version, parents: Vec<VersionId>, make: &Make) {
        let Version { id, record } = version;
        let first = parents.first().map(|first| self.model.version(*first).unwrap().number);
        assert_eq!((&record.parents, record.number), (&parents, first.map_or(1, |n| n + 1)));
        self.model.add(Made {
            id,
            parents,
            number: record.number,
            time_ms: self.signature().time_ms,
            loss: f64::from(make.loss),
            content: make.content.clone(),
        });
    }

    fn session(&mut self, repo: &Arc<Repository>, name: Ref, makes: &[Make]) {
        let options = SessionOptions::default();
        let session = Session::start(Arc::clone(repo), name.name(), options).unwrap();
        for make in makes {
            session.commit(self.draft(make, Parents::Tip)).unwrap();
        }
        session.flush().unwrap();
        let done = session.take_done();
        assert_eq!(done.len(), makes.len());
        let mut parents: Vec<VersionId> = self.model.at(name).into_iter().collect();
        for (commit, make) in done.iter().zip(makes) {
            self.made(commit.version.clone(), parents, make);
            parents = vec![commit.version.id];
        }
        // How the versions were grouped shows in the moves: one for each group.
        let known = self.model.refs.get(&name).map_or(0, |line| line.moves.len());
        let mut groups = moves(repo, name).split_off(known).into_iter();
        let mut group = groups.next();
        for commit in &done {
            if let Some((kind, _, to)) = group
                && to == Some(commit.version.id)
            {
                self.model.shift(name, kind, to);
                group = groups.next();
            }
        }
        assert_eq!(group, None, "a move to no version of the session");
    }

    fn note(&mut self, repo: &Repository, on: VersionId, loss: f64) {
        let note = NewNote::new(vec![on], signature())
            .with_metrics(BTreeMap::from([("loss".to_owned(), loss)]));
        match self.model.version(on) {
            Some(_) => {
                repo.note(&note).unwrap();
                self.model.notes.push((on, loss));
            }
            None => {
                let error = repo.note(&note).unwrap_err();
                assert_eq!(Refusal::of(&error), Refusal::Missing);
            }
        }
    }

    fn guard(&mut self, repo: &Repository, name: Ref, limit: Option<i8>) {
        let condition = |limit| format!("loss <= {limit}").parse().unwrap();
        let change = limit.map(|limit| GuardChange::Add(vec![condition(limit)]));
        let change = change.unwrap_or(GuardChange::Clear);
        let found = repo.guard(&name.name(), &change, "why", &self.signature()).unwrap();
        assert_eq!(found.is_some(), self.model.guard(name, limit));
    }

    /// Checks that both hold the same, by every handle and by one that was just opened.
    pub(crate) fn check(&self) {
        let report = open(&self.disk).verify(&Silent).unwrap();
        assert_eq!(report.damage, []);
        assert_eq!(report.versions, self.model.versions.len() as u64);
        let new = Arc::new(open(&self.disk));
        for repo in self.handles.iter().chain([&new]) {
            self.check_refs(repo);
            self.check_notes(repo);
        }
        for made in &self.model.versions {
            check_content(&new, made);
        }
    }

    fn check_refs(&self, repo: &Repository) {
        for kind in RefKind::ALL {
            let names = Ref::ALL.into_iter().filter(|name| name.name().kind() == kind);
            let there = names.filter_map(|name| Some((name.name(), self.model.at(name)?)));
            let mut expected: Vec<_> = there.collect();
            expected.sort();
            assert_eq!(repo.list(kind).unwrap(), expected);
        }
        for name in Ref::ALL {
            let full = name.name().full();
            let line = self.model.refs.get(&name).cloned().unwrap_or_default();
            assert_eq!(moves(repo, name), line.moves, "the moves of {full}");
            let limits = line.limits.iter().map(|limit| format!("loss <= {limit}"));
            assert_eq!(repo.guards(&name.name()).unwrap(), limits.collect::<Vec<_>>());
            let Some(at) = self.model.at(name) else {
                assert!(repo.resolve(&full).is_err(), "{full} is deleted");
                continue;
            };
            let log: Vec<_> = repo.log(at).map(|version| version.unwrap().id).collect();
            assert_eq!(log, self.model.log(at), "the log of {full}");
            self.check_line(repo, &full, &self.model.line(at));
            for (word, sign) in [("min", 1.0), ("max", -1.0)] {
                let found = repo.resolve(&format!("{word}:loss@{full}")).unwrap();
                assert_eq!(found, self.model.best(at, sign), "{word} of {full}");
            }
        }
    }

    /// Checks all ways to name the versions of a line of first parents.
    fn check_line(&self, repo: &Repository, name: &str, line: &[VersionId]) {
        let resolve = |revision: String| repo.resolve(&revision).ok();
        for (back, id) in line.iter().enumerate() {
            let number = line.len() - back;
            assert_eq!(self.model.version(*id).unwrap().number, number as u64);
            assert_eq!(resolve(format!("{name}~{back}")), Some(*id), "{name}~{back}");
            assert_eq!(resolve(format!("{name}@{number}")), Some(*id), "{name}@{number}");
            assert_eq!(resolve(id.to_string()), Some(*id));
        }
        assert_eq!(resolve(format!("{name}~{}", line.len())), None);
        assert_eq!(resolve(format!("{name}@{}", line.len() + 1)), None);
        assert_eq!(resolve(format!("{name}@0")), None);
    }

    fn check_notes(&self, repo: &Repository) {
        let notes = repo.notes().unwrap();
        for Made { id, .. } in &self.model.versions {
            let given = self.model.notes.iter().filter(|(on, _)| on == id);
            let expected: Vec<f64> = given.map(|(_, loss)| *loss).collect();
            let on = notes.on(id).cloned().unwrap_or_default();
            let found = on.notes.iter().rev().map(|note| note.record.metrics["loss"]);
            assert_eq!(found.collect::<Vec<_>>(), expected);
            assert_eq!(on.metrics.get("loss"), expected.last());
        }
    }
}

/// Reads the moves of a ref, the oldest first.
fn moves(repo: &Repository, name: Ref) -> Vec<Move> {
    let moves = repo.audit(&name.name()).unwrap().map(|found| found.unwrap().record);
    let mut moves: Vec<Move> = moves.map(|found| (found.kind, found.from, found.to)).collect();
    moves.reverse();
    moves
}

/// Checks that a version gives back what it was made from.
fn check_content(repo: &Repository, made: &Made) {
    let record = repo.version(&made.id).unwrap().record;
    let tensors = repo.checkpoint(&record).unwrap().tensors;
    let read = |tensor| repo.tensor_bytes(tensor).unwrap();
    let expected = made.content.tensors();
    let named: Vec<_> = tensors.iter().map(|t| (&*t.name, t.role, read(t))).collect();
    assert!(named == expected, "the tensors of {made:?} are others");
    let files = restore(repo, made);
    match &made.content {
        Content::Nothing => assert_eq!(files, []),
        Content::Files { .. } => {
            let same = files.iter().map(|(path, bytes)| (&**path, bytes)).eq(made
                .content
                .files()
                .iter()
                .map(|(path, bytes)| (*path, bytes)));
            assert!(same, "the files of {made:?} are others");
        }
        Content::Tensors { .. } => {
            // A header, then the tensors of a role, sorted by name.
            for ((_, bytes), role) in files.iter().zip([Role::Weights, Role::State]) {
                let of_role = expected.iter().filter(|(_, of, _)| *of == role);
                let joined: Vec<u8> =
                    of_role.flat_map(|(_, _, bytes)| bytes.iter().copied()).collect();
                assert!(bytes.ends_with(&joined), "the {role:?} of {made:?} are others");
            }
            assert_eq!(files.len(), 2);
        }
    }
}

/// Restores a version into an empty folder; gives the files, in their order.
fn restore(repo: &Repository, made: &Made) -> Vec<(String, Vec<u8>)> {
    let record = repo.version(&made.id).unwrap().record;
    let target = MemDisk::new();
    let options = RestoreOptions::default().with_state(true);
    let plan = match repo.plan_restore(&record, &target, &options) {
        Err(ckpt_store::Error::NothingToRestore) => return Vec::new(),
        plan => plan.unwrap(),
    };
    repo.apply_restore(&plan, &target).unwrap();
    let read = |path: &str| {
        let file = target.open(path).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    };
    plan.files().iter().map(|file| (file.path.clone(), read(&file.path))).collect()
}

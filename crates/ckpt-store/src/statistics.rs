//! What tensors sum up to, and how far they moved, through history.

mod cache;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use ckpt_hash::VersionId;
use ckpt_pack::{Meter, Progress, Silent};
use ckpt_tensor::{Dtype, Statistics, Summary};

use self::cache::{Cache, Key};
use crate::{
    content::{
        pattern::Pattern,
        work::{is_paired, small_then_large},
    },
    error::{Error, Result},
    record::{Role, TensorRecord, Version},
    repo::Repository,
};

/// The tensors of one version, summed up.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VersionStatistics {
    /// The version.
    pub version: Version,
    /// Whether its content was removed: then only what was computed before is known.
    pub is_removed: bool,
    /// Its tensors that were asked for, sorted by name.
    pub tensors: Vec<TensorStatistics>,
}

/// One tensor of one version, summed up.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TensorStatistics {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its element type.
    pub dtype: Dtype,
    /// Its extents.
    pub shape: Vec<u64>,
    /// Its norms; `None` for F6, whose elements have no known order, and where its content was
    /// removed.
    pub summary: Option<Summary>,
    /// The Euclidean norm of its change from the version's first parent, divided by that of the
    /// tensor there: [`relative_l2`](ckpt_tensor::NumericDifference::relative_l2). NaN where an
    /// element became NaN or infinite, or was; `None` where that version has no such tensor of this
    /// shape, or content was removed.
    pub update: Option<f64>,
}

/// The tensors of a version that were asked for, by name.
type ByName = BTreeMap<String, TensorRecord>;

/// A version, and what its tensors are.
struct Point<'a> {
    version: &'a Version,
    tensors: Arc<ByName>,
    is_removed: bool,
    /// The tensors of its first parent; none if it has none.
    before: Arc<ByName>,
    /// Whether those tensors were removed.
    before_is_removed: bool,
}

/// Something to compute.
enum Job<'a> {
    Summary(&'a TensorRecord),
    Update(&'a TensorRecord, &'a TensorRecord),
}

/// Metrics.
enum Outcome {
    Summary(Summary),
    Update(f64),
}

impl Repository {
    /// Sums one tensor up, block by block; `None` for F6, whose elements have no known order.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Missing`], [`Error::Damaged`].
    pub fn summarize(&self, tensor: &TensorRecord) -> Result<Option<Summary>> {
        if !Statistics::knows(tensor.dtype) {
            return Ok(None);
        }
        let summary = self.sum_up(tensor, &Meter::new(&Silent, tensor.len));
        summary.map(Some).map_err(|error| self.explain_missing(tensor.content(), error))
    }

    /// Sums up the tensors of versions whose names match one of the patterns.
    ///
    /// What was computed before is taken from `cache/`, by the ids of tensors; what is new is added
    /// there, unless the repository cannot be written to. The cache is only for speed: nobody should
    /// decide on a number from it that [`summarize`](Self::summarize) can give. `progress` is told,
    /// by several threads, how many bytes of tensors have been read, of how many.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`]; none for content that was removed.
    pub fn statistics(
        &self,
        versions: &[Version],
        patterns: &[Pattern],
        progress: &dyn Progress,
    ) -> Result<Vec<VersionStatistics>> {
        let points = self.points(versions, patterns)?;
        let mut cache = Cache::read(self.disk());
        let mut jobs = BTreeMap::new();
        for (point, tensor) in points.iter().flat_map(Point::each) {
            point.add_jobs(tensor, &cache, &mut jobs);
        }
        let jobs: Vec<(Key, Job<'_>)> = jobs.into_iter().collect();
        let total = jobs.iter().map(|(_, job)| job.len()).fold(0, u64::saturating_add);
        let meter = Meter::new(progress, total);
        let run = |(key, job): &(Key, Job<'_>)| Ok((*key, self.run(job, &meter)?));
        for (key, outcome) in small_then_large(&jobs, |(_, job)| job.len(), run)? {
            match outcome {
                Outcome::Summary(summary) => cache.add_summary(key, &summary),
                Outcome::Update(update) => cache.add_update(key, update),
            }
        }
        let statistics = points.iter().map(|point| point.statistics(&cache)).collect();
        cache.write(self.disk());
        Ok(statistics)
    }

    fn points<'a>(&self, versions: &'a [Version], patterns: &[Pattern]) -> Result<Vec<Point<'a>>> {
        // A version of a line is the parent of the next one.
        let mut last: Option<(VersionId, Arc<ByName>, bool)> = None;
        let mut points = Vec::new();
        for version in versions {
            let (before, before_is_removed) = match (version.record.parents.first(), last) {
                (None, _) => (Arc::default(), false),
                (Some(parent), Some((id, tensors, is_removed))) if *parent == id => {
                    (tensors, is_removed)
                }
                (Some(parent), _) => {
                    let parent = self.version(parent)?;
                    (self.asked_for(&parent, patterns)?, self.removed(&parent.id)?.is_some())
                }
            };
            let tensors = self.asked_for(version, patterns)?;
            let is_removed = self.removed(&version.id)?.is_some();
            last = Some((version.id, Arc::clone(&tensors), is_removed));
            points.push(Point { version, tensors, is_removed, before, before_is_removed });
        }
        Ok(points)
    }

    fn asked_for(&self, version: &Version, patterns: &[Pattern]) -> Result<Arc<ByName>> {
        let mut tensors = self.objects.fitting_checkpoint(&version.record.checkpoint)?.tensors;
        tensors
            .retain(|tensor| patterns.iter().any(|pattern| pattern.matches_tensor(&tensor.name)));
        let tensors = tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor));
        Ok(Arc::new(tensors.collect()))
    }

    fn run(&self, job: &Job<'_>, meter: &Meter<'_>) -> Result<Outcome> {
        match job {
            Job::Summary(tensor) => self.sum_up(tensor, meter).map(Outcome::Summary),
            Job::Update(old, new) => {
                let numeric = self.measure(old, new, meter)?.numeric;
                let numeric = numeric.expect("only numbers are updated");
                let is_number = numeric.spoiled == 0;
                Ok(Outcome::Update(if is_number { numeric.relative_l2 } else { f64::NAN }))
            }
        }
    }

    fn sum_up(&self, tensor: &TensorRecord, meter: &Meter<'_>) -> Result<Summary> {
        let mut statistics = Statistics::new(tensor.dtype);
        self.objects.read_in_order(tensor.content(), &mut |bytes| {
            statistics.update(bytes).map_err(|error| Error::Contents(error.to_string()))?;
            meter.add(bytes.len() as u64)?;
            Ok(())
        })?;
        Ok(statistics.finish())
    }
}

impl Job<'_> {
    fn len(&self) -> u64 {
        match self {
            Self::Summary(tensor) | Self::Update(_, tensor) => tensor.len,
        }
    }
}

impl<'a> Point<'a> {
    fn each(&self) -> impl Iterator<Item = (&Self, &TensorRecord)> {
        self.tensors.values().map(move |tensor| (self, tensor))
    }

    /// Returns the tensor that this one was in the first parent, if its elements can be paired.
    fn before(&self, tensor: &TensorRecord) -> Option<&TensorRecord> {
        let before = self.before.get(&tensor.name)?;
        (Statistics::knows(tensor.dtype) && is_paired(before, tensor)).then_some(before)
    }

    fn add_jobs<'s>(
        &'s self,
        tensor: &'s TensorRecord,
        cache: &Cache,
        jobs: &mut BTreeMap<Key, Job<'s>>,
    ) {
        if self.is_removed || !Statistics::knows(tensor.dtype) {
            return;
        }
        let mut add = |key: Key, job: Job<'s>, is_known: bool| {
            if let (false, Entry::Vacant(place)) = (is_known, jobs.entry(key)) {
                place.insert(job);
            }
        };
        let key = summary_key(tensor);
        add(key, Job::Summary(tensor), cache.summary(&key).is_some());
        let before = self.before(tensor).filter(|before| !before.has_elements_of(tensor));
        if let Some(before) = before.filter(|_| !self.before_is_removed) {
            let key = update_key(before, tensor);
            add(key, Job::Update(before, tensor), cache.update(&key).is_some());
        }
    }

    fn statistics(&self, cache: &Cache) -> VersionStatistics {
        let tensor = |tensor: &TensorRecord| TensorStatistics {
            name: tensor.name.clone(),
            role: tensor.role,
            dtype: tensor.dtype,
            shape: tensor.shape.clone(),
            summary: cache.summary(&summary_key(tensor)),
            update: self.before(tensor).and_then(|before| match before.has_elements_of(tensor) {
                true => Some(0.0),
                false => cache.update(&update_key(before, tensor)),
            }),
        };
        VersionStatistics {
            version: self.version.clone(),
            is_removed: self.is_removed,
            tensors: self.tensors.values().map(tensor).collect(),
        }
    }
}

fn summary_key(tensor: &TensorRecord) -> Key {
    Key::summary(&tensor.root, tensor.dtype)
}

fn update_key(old: &TensorRecord, new: &TensorRecord) -> Key {
    Key::update((&old.root, old.dtype), (&new.root, new.dtype))
}

//! Takes away what nothing needs.

use std::collections::{BTreeMap, BTreeSet};

use ckpt_hash::{JournalId, VersionId};
use ckpt_pack::{Keep, Progress, TRASH, repack};

use crate::{
    error::{Doing, Error, Result},
    record::{ContentChange, JournalRecord, RemovalRecord},
    refs::moves::LED_TO,
    repo::Repository,
    signature::Signature,
    upkeep::gc::{GcOptions, GcReport, scan::Scan},
};

/// What the journal says of versions that lost their content because no ref leads to them.
const UNREACHABLE: &str = "no ref leads to it";

/// What the journal says of versions to which a ref came to lead at the last moment.
const REACHED: &str = "a ref leads to it after all";

impl Repository {
    /// Writes packs anew and moves the old ones to trash; the caller holds the lock of mergers.
    pub(super) fn sweep(
        &self,
        signature: &Signature,
        grace_ms: i64,
        progress: &dyn Progress,
    ) -> Result<GcReport> {
        self.restore_led_to(signature)?;
        let mut scan = self.whole_scan(signature.time_ms)?;
        let packs = &self.objects.packs;
        let anew = |keep: &Keep<'_>| repack(self.disk(), packs, &scan.sources, keep, progress);
        let written = scan.with_keep(anew)?;
        scan.seen.extend(written.iter().map(|pack| pack.name().to_owned()));
        let written_bytes = written.iter().map(|pack| pack.byte_len()).sum();
        let alone = self.refs.alone()?;
        let mut report = self.take_away(&mut scan, signature)?;
        report.written_bytes = written_bytes;
        (report.removed, report.removed_bytes) = self.clear_trash(signature, grace_ms)?;
        drop(alone);
        Ok(report)
    }

    /// Restores removed content of versions that refs lead to, as far as it is still in trash.
    fn restore_led_to(&self, signature: &Signature) -> Result<()> {
        let _writing = self.refs.writing()?;
        let notes = self.notes()?;
        let mut back = BTreeSet::new();
        for (_, version) in self.tips()?.into_iter().chain(self.aliased_before(signature.time_ms)?)
        {
            if notes.is_removed(&version) {
                match self.bring_back_content(&version) {
                    Ok(()) => back.extend([version]),
                    // It is lost, which `verify` reports.
                    Err(Error::Missing(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.push_removal(&back, ContentChange::Kept, LED_TO, signature)
    }

    /// Takes a scan, after restoring what is needed and only in trash: an earlier run may have
    /// been cut off.
    fn whole_scan(&self, now_ms: i64) -> Result<Scan<'_>> {
        let scan = Scan::take(self, now_ms)?;
        let mut moved = BTreeSet::new();
        for id in &scan.absent {
            match self.objects.packs.bring_back([*id]) {
                Ok(names) => moved.extend(names),
                // It is lost, which `verify` reports; what is there is no better kept for that.
                Err(ckpt_pack::Error::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if moved.is_empty() { Ok(scan) } else { Scan::take(self, now_ms) }
    }

    /// Decides what goes and moves it to trash, while no writer is at work.
    ///
    /// Should locks not work, every step is still right by its place: the entry comes before what it
    /// says, the manifest before the packs that it names, and after the generation was changed,
    /// this looks again at what came until then. Whoever comes later sees the new number.
    fn take_away(&self, scan: &mut Scan<'_>, signature: &Signature) -> Result<GcReport> {
        let relied_on = loop {
            let relied_on = scan.look_again()?;
            let newest = scan.reach.notes.newest();
            let (versions, content) = (&scan.unreachable, ContentChange::Removed);
            if self.push_removal_onto(newest, versions, content, UNREACHABLE, signature)? {
                break relied_on;
            }
        };
        let gone = scan.replaceable(&relied_on)?;
        let mut noted = scan.unreachable.clone();
        if gone.is_empty() && noted.is_empty() {
            return Ok(GcReport::default());
        }
        let names: BTreeSet<String> = gone.keys().cloned().collect();
        if !scan.dead.is_empty() {
            self.write_manifest(names.clone(), signature)?;
        }
        self.objects.packs.set_aside(&names)?;
        self.bump_generation()?;
        let (reached, relied_on) = scan.look_again_after(&noted)?;
        self.objects.packs.bring_back_below(relied_on)?;
        self.push_removal(&reached, ContentChange::Kept, REACHED, signature)?;
        noted.retain(|id| !reached.contains(id));
        Ok(GcReport {
            unreachable: noted.into_iter().collect(),
            packs: gone.len() as u64,
            pack_bytes: gone.values().sum(),
            ..GcReport::default()
        })
    }

    /// Writes down what became of the content of versions; does nothing without versions. The caller holds
    /// a lock of writers.
    pub(crate) fn push_removal(
        &self,
        versions: &BTreeSet<VersionId>,
        content: ContentChange,
        reason: &str,
        signature: &Signature,
    ) -> Result<()> {
        if versions.is_empty() {
            return Ok(());
        }
        self.push_entry(removal(versions, content, reason, signature)).map(|_| ())
    }

    /// Does so if no entry of the journal came since the newest one that the caller knows; tells whether it did, or
    /// had nothing to do.
    pub(crate) fn push_removal_onto(
        &self,
        newest: Option<JournalId>,
        versions: &BTreeSet<VersionId>,
        content: ContentChange,
        reason: &str,
        signature: &Signature,
    ) -> Result<bool> {
        if versions.is_empty() {
            return Ok(true);
        }
        let entry = removal(versions, content, reason, signature);
        Ok(self.push_entry_onto(newest, entry)?.is_ok())
    }

    /// Removes for good what compacting moved to trash, and what was moved there longer ago than the grace
    /// period; returns how many packs and bytes.
    fn clear_trash(&self, signature: &Signature, grace_ms: i64) -> Result<(u64, u64)> {
        let packs = &self.objects.packs;
        let mut named = self.in_manifests()?;
        let (mut count, mut bytes) = packs.remove_merged(&named)?;
        // What nobody wrote down counts as moved to trash now.
        let strays: BTreeSet<String> =
            packs.in_trash()?.into_iter().filter(|name| !named.contains(name)).collect();
        if !strays.is_empty() {
            self.write_manifest(strays.clone(), signature)?;
            named.extend(strays);
        }
        let (expired, _) = self.expired_at(signature.time_ms, grace_ms)?;
        for name in expired.keys() {
            let len = packs.remove_from_trash(name)?;
            (count, bytes) = (count + u64::from(len > 0), bytes + len);
        }
        for (name, manifest) in self.manifests()? {
            if manifest.time_ms.saturating_add(grace_ms) <= signature.time_ms {
                let path = format!("{TRASH}/{name}");
                self.disk().remove(&path).doing(|| format!("remove {path}"))?;
            }
        }
        Ok((count, bytes))
    }

    /// Returns the packs in trash that can be restored no longer, with their lengths.
    pub(super) fn expired(&self, options: &GcOptions) -> Result<(BTreeMap<String, u64>, u64)> {
        let grace_ms = options.grace_ms.unwrap_or(self.read_config()?.trash.grace_ms());
        self.expired_at(options.signature.time_ms, grace_ms)
    }

    fn expired_at(&self, now_ms: i64, grace_ms: i64) -> Result<(BTreeMap<String, u64>, u64)> {
        let (mut old, mut young) = (BTreeSet::new(), BTreeSet::new());
        for manifest in self.manifests()?.into_values() {
            let is_old = manifest.time_ms.saturating_add(grace_ms) <= now_ms;
            if is_old { &mut old } else { &mut young }.extend(manifest.packs);
        }
        let there = self.objects.packs.in_trash()?;
        let expired = old.difference(&young).filter(|name| there.contains(*name));
        let mut lens = BTreeMap::new();
        for name in expired {
            lens.insert(name.clone(), self.objects.packs.len_in_trash(name)?);
        }
        let bytes = lens.values().sum();
        Ok((lens, bytes))
    }
}

fn removal(
    versions: &BTreeSet<VersionId>,
    content: ContentChange,
    reason: &str,
    signature: &Signature,
) -> JournalRecord {
    let removal = RemovalRecord {
        versions: versions.iter().copied().collect(),
        content,
        reason: reason.to_owned(),
        author: signature.author.clone(),
        time_ms: signature.time_ms,
    };
    JournalRecord { removals: vec![removal], ..JournalRecord::default() }
}

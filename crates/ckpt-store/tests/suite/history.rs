//! Long histories: what it costs to find versions in them.

use crate::common::{history::plant_history, open, repository};
use ckpt_store::{Repository, Silent};
use ckpt_testkit::disks::counting;

#[test]
fn a_planted_history_is_whole() {
    let (disk, _) = repository();
    let tip = plant_history(&disk, 100);
    let repo = open(&disk);
    let report = repo.verify(&Silent).unwrap();
    assert!(report.is_ok(), "{:#?}", report.damage);
    assert_eq!(report.versions, 100);
    assert_eq!(repo.resolve("main").unwrap(), tip);
    let best = repo.version(&repo.resolve("max:f1").unwrap()).unwrap().record;
    assert_eq!(best.number, 55, "a Fibonacci number");
}

#[test]
fn walking_through_all_of_history_takes_three_reads_for_each_version() {
    const VERSIONS: u64 = 5000;
    let (disk, _) = repository();
    let tip = plant_history(&disk, VERSIONS);
    let (disk, counts) = counting(&disk, "packs/");
    let repo = Repository::open_on(disk).unwrap();
    counts.take();
    assert_eq!(repo.log(tip).count() as u64, VERSIONS);
    let (opens, reads) = counts.take();
    assert!(opens < 10, "{opens} opens");
    assert!(reads <= 3 * VERSIONS, "{reads} reads");
}

//! The library example of README.md, run as it stands there.

use std::{fs, path::Path};

use ckpt_tests::workspace;

// README.md shows the lines between the two marks.
// README
use ckpt_data::Table;
use ckpt_hash::VersionId;
use ckpt_store::{Contents, Draft, RefName, Repository, Role, Signature, Tensor};
use ckpt_train::{Config, Dataset, LinearTrainer};

fn best_of(data: &Path, folder: &Path) -> Result<VersionId, Box<dyn std::error::Error>> {
    let samples = Table::read(data)?.split_target(Some("price"))?;
    let dataset = Dataset::new(samples.x, samples.y)?;
    let (repository, main) = (Repository::init(folder)?, RefName::branch("main")?);
    for epoch in LinearTrainer::new(&dataset, Config { epochs: 20, ..Config::default() })? {
        let epoch = epoch?;
        let weight = Tensor::from_f64("weight", Role::Weights, &epoch.model.weight.row(0).to_vec());
        let bias = Tensor::from_f64("bias", Role::Weights, &epoch.model.bias.to_vec());
        let (contents, ada) = (vec![weight, bias], Signature::new("ada", 1_767_225_600_000));
        let draft = Draft::new(Contents::Tensors(contents), ada).with_metrics(epoch.metrics.into());
        repository.commit(&main, &draft)?;
    }
    Ok(repository.resolve("min:val_mse")?)
}
// README

#[test]
fn the_example_trains_and_versions() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let best = best_of(&workspace().join("fixtures/houses.csv"), folder.path()).expect("it runs");
    let repository = Repository::open(folder.path()).expect("a repository");
    let versions = (1..=20).map(|number| repository.resolve(&format!("main@{number}")));
    assert!(versions.flatten().any(|version| version == best));
}

#[test]
fn the_readme_shows_the_example() {
    let source = fs::read_to_string(workspace().join("tests/tests/end_to_end/library.rs"))
        .expect("this file");
    let example = source.split("// README\n").nth(1).expect("the marks");
    let readme = fs::read_to_string(workspace().join("README.md")).expect("README.md");
    assert!(readme.contains(example), "README.md does not show the example of tests/library.rs");
}

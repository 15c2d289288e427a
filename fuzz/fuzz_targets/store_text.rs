#![no_main]

use std::sync::LazyLock;

use ckpt_store::Repository;
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/ckpt-store/tests/suite/common/mod.rs"]
#[allow(dead_code, reason = "shared with other targets and with tests")]
mod common;

/// One repository with one version, made once.
static REPOSITORY: LazyLock<Repository> = LazyLock::new(|| {
    let (_, repository) = common::repository();
    repository.commit(&common::main_branch(), &common::draft(1.0)).expect("memory");
    repository
});

fuzz_target!(|input: &[u8]| common::adversarial::text(&REPOSITORY, input));

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/ckpt-store/tests/suite/common/mod.rs"]
#[allow(dead_code, reason = "shared with other targets and with tests")]
mod common;

fuzz_target!(|input: &[u8]| {
    common::adversarial::pack(input);
});

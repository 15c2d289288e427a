#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/ckpt-data/tests/suite/common/hostile.rs"]
#[allow(dead_code, reason = "shared with other targets and with tests")]
mod hostile;

fuzz_target!(|input: &[u8]| {
    hostile::csv(input);
});

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/ckpt-data/tests/suite/common/adversarial.rs"]
#[allow(dead_code, reason = "shared with other targets and with tests")]
mod adversarial;

fuzz_target!(|input: &[u8]| {
    adversarial::npy(input);
});

//! What `cargo xtask bench` and `cargo xtask data` run.

use std::process::ExitCode;

fn main() -> ExitCode {
    ckpt_benches::run()
}

//! The `ckpt` program.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    ckpt_cli::run(ckpt_cli::environment::program(), env::args_os().skip(1))
}

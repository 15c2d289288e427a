//! What is committed may be larger than the memory that it takes.
#![cfg(target_os = "linux")]

use std::process::Command;

/// Runs `appetite` and returns the most memory that it had, in MiB.
fn most_memory(what: &str, mib: u32) -> u64 {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let output = Command::new(env!("CARGO_BIN_EXE_appetite"))
        .args([what, &folder.path().to_string_lossy(), &mib.to_string()])
        // Each thread has buffers of its own, so their number is part of the bound.
        .envs([("RAYON_NUM_THREADS", "2"), ("MALLOC_ARENA_MAX", "2")])
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse::<u64>().expect("a number") / 1024
}

#[test]
fn a_file_passes_through_little_memory() {
    let (small, large) = (most_memory("file", 64), most_memory("file", 512));
    assert!(large < 160, "{large} MiB for 512 MiB");
    assert!(large < small + 64, "{small} MiB for 64 MiB, {large} MiB for 512 MiB");
}

#[test]
fn a_session_keeps_to_its_bound() {
    // The bound of 512 MiB, and the caller's own: one version that it works on and one that waits
    // to be handed over.
    let most = most_memory("session", 1280);
    assert!(most < 512 + 2 * 64 + 32, "{most} MiB");
}

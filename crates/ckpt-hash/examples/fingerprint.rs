//! Fingerprints a code folder and a file: `cargo run -p ckpt-hash --example fingerprint -- PATH...`.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::{error::Error, path::Path};

use ckpt_hash::{HexPrefix, code_id, file_digest, par_tree_hash};

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        paths.push(env!("CARGO_MANIFEST_DIR").to_owned());
    }
    for path in paths.iter().map(Path::new) {
        let code = code_id(path)?;
        println!("{}", path.display());
        println!("  code id    {code}");
        if path.is_file() {
            println!("  sha256sum  {}", file_digest(path)?);
            println!("  tree hash  {}", par_tree_hash(&std::fs::read(path)?));
        }
        let typed: HexPrefix = code.short().parse()?;
        assert!(typed.matches(code.digest()), "an abbreviated id finds its id");
    }
    Ok(())
}

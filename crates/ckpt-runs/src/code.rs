//! The code that decides what is learnt.

use ckpt_hash::{CodeId, Digest, folder_code_id};
use ckpt_train::SOURCES;

/// Returns the id of the code that trains: that of the folder `src` of the `ckpt-train` that this program
/// was built with.
pub fn code_id() -> CodeId {
    folder_code_id(SOURCES.iter().map(|(name, content)| (*name, Digest::of(content))))
}

//! The zip archive that `torch.save` writes since PyTorch 1.6.
//!
//! `ARCHIVE/data.pkl` is a pickle whose tensors refer to storages, `ARCHIVE/data/KEY`, that are
//! stored without compression; `ARCHIVE/byteorder` says how (without it: little-endian). The
//! pickle is read as data: of its instructions and of the names that it refers to, those of a
//! state dict are known, and nothing is executed. A pickle with others (a pickled module, a
//! compiled one) leaves the whole file opaque, and the note names what is not known.
//!
//! Tensors are named as [`Format::Pytorch`](crate::Format::Pytorch) says. Views that are row-major are tensors; several
//! of the same bytes are tied; others (transposed, channels last, of types that
//! [`Dtype`](ckpt_tensor::Dtype) lacks) stay opaque, and the note tells of them.
//! So do storages that no tensor with a name has, such as those of tensors in a set, and NumPy's
//! arrays, which are a part of the pickle; those of random generators need no note.
//!
//! Sources: `torch/serialization.py`, `torch/_utils.py` and `torch/storage.py` of PyTorch 1.13 to
//! 2.8; Python's `pickletools.py`.

mod archive;
mod elements;
mod globals;
mod machine;
mod names;
mod opcodes;
mod reader;
mod reduce;
mod storages;
mod value;
mod views;

use archive::{Parts, has_pickle};
use machine::Machine;

use crate::reader::{Reader, Source};
use crate::stop::Stop;
use crate::tile::{Tiling, Unread, tile};

pub(crate) const READER: Reader = Reader {
    name: "pytorch",
    version: 1,
    extensions: &["pt", "pth"],
    sniff: |source| Ok(source.begins_with(LEGACY)? || source.archive()?.is_some_and(has_pickle)),
    segment,
};

/// What files begin with that PyTorch wrote before version 1.6: a pickle of protocol 2 of the
/// number 0x1950a86a20f9469cfc6c (`MAGIC_NUMBER` in `torch/serialization.py`).
const LEGACY: &[u8; 10] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20";

/// Longest pickle in bytes. The state of a model and its optimizer takes about 300 bytes for each
/// tensor, 100,000 tensors 30 MB.
const MAX_PICKLE: u64 = 64 << 20;

/// Most values in a pickle, counted together with the places on the reader's stacks and in its
/// memo. A tensor takes about 26 of them, 100,000 tensors 2.6 million. It bounds the memory for
/// reading the longest pickle to some 300 MB.
const MAX_VALUES: usize = 1 << 22;

/// Finds the segments of an archive.
fn segment(source: &Source<'_>) -> Result<Tiling, Stop> {
    // Before version 1.6 files began otherwise, and torch.load reads them still.
    let archive = match source.archive()? {
        Some(archive) => archive,
        None if source.len == 0 => return Err(Stop::Unlike),
        None => {
            return Err(Stop::beyond("not pytorch: no zip archive (a legacy or other file)"));
        }
    };
    if !has_pickle(archive) {
        return Err(Stop::beyond("not pytorch: no data.pkl in the zip archive"));
    }
    let parts = Parts::find(source.bytes, archive)?;
    let pickle = parts.pickle(source.bytes)?;
    let (values, root) = Machine::new(&pickle).run()?;
    let mut unread = Unread::default();
    let mut found = Vec::new();
    let tensors = names::tensors(&values, root, &mut unread)?;
    storages::add_unnamed(&values, &tensors, &mut unread);
    for (name, tensor) in tensors {
        views::resolve(&values, &parts, name, tensor, &mut found, &mut unread)?;
    }
    Ok(tile(source.len, found, unread))
}

//! What a file of PyTorch has beside its named tensors, which the note tells of.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::archive::archive;
use crate::common::pickle::{Pickle, View};
use ckpt_formats::{Format, Segment, segment_as};

/// Gives the number of tensors in a file of two storages of four floats, and the note.
fn read(pickle: Pickle) -> (usize, Option<String>) {
    let storages = [("a/data/0", &[7; 16][..]), ("a/data/1", &[8; 16])];
    let file = archive(&[("a/data.pkl", &pickle.end()), storages[0], storages[1]]);
    let found = segment_as(Format::Pytorch, &file).unwrap();
    let is_tensor = |segment: &&Segment| matches!(segment, Segment::Tensor { .. });
    (found.segments.iter().filter(is_tensor).count() + found.tied.len(), found.note)
}

fn note(pickle: Pickle) -> String {
    read(pickle).1.unwrap()
}

/// The whole of a storage.
fn whole(key: &str) -> View<'_> {
    (key, 4, 0, &[4], &[1])
}

const UNNAMED: &str = "tensor `data/1` is opaque: a storage without a name";

impl Pickle {
    /// Appends a set of a tensor.
    fn set(self, view: View<'_>) -> Self {
        self.global("__builtin__", "set").raw(b"](").tensor(view).raw(b"e\x85R")
    }

    /// Appends an array of NumPy whose state is a list that a function appends to.
    fn array(self, items: impl FnOnce(Self) -> Self) -> Self {
        let call = self.global("numpy.core.multiarray", "_reconstruct").raw(b"(");
        let call = call.global("numpy", "ndarray").raw(b"K\0\x85C\x01btR(K\x01K\x01\x85N\x89](");
        items(call).raw(b"etb")
    }
}

#[test]
fn storages_of_tensors_without_names() {
    let named = |pickle: Pickle| pickle.text("w").tensor(whole("0"));
    let set = Pickle::new().dict(|p| named(p).text("s").set(whole("1")));
    assert_eq!(read(set), (1, Some(UNNAMED.to_owned())));
    let storage = ("torch", "FloatStorage");
    let alone = Pickle::new().dict(|p| named(p).text("s").storage(storage, "1", 4));
    assert_eq!(read(alone), (1, Some(UNNAMED.to_owned())));
    assert_eq!(note(Pickle::new().storage(storage, "1", 4)), UNNAMED);
    let key = Pickle::new().dict(|p| p.tensor(whole("1")).raw(b"N"));
    assert_eq!(read(key), (0, Some(UNNAMED.to_owned())));
    let both = Pickle::new().raw(b"](").set(whole("1")).set(whole("0")).set(whole("1")).raw(b"e");
    let note = "2 tensors are opaque, first `data/0`: a storage without a name";
    assert_eq!(read(both), (0, Some(note.to_owned())));
}

#[test]
fn storages_with_a_name_need_no_other() {
    // Its key is written twice.
    let twice = Pickle::new().dict(|p| p.text("w").tensor(whole("1")).text("s").set(whole("1")));
    assert_eq!(read(twice), (1, None));
    let empty = Pickle::new().dict(|p| p.text("s").set(("1", 0, 0, &[0], &[1])));
    assert_eq!(read(empty), (0, None));
}

#[test]
fn arrays_inside_the_pickle() {
    let array =
        |key: &str| Pickle::new().dict(|p| p.entries("model", &["w"]).text(key).array(|p| p));
    let found = read(array("mean"));
    assert_eq!(found, (1, Some("tensor `mean` is opaque: a NumPy array".to_owned())));
    assert_eq!(note(Pickle::new().array(|p| p)), "tensor `tensor` is opaque: a NumPy array");
    let several = Pickle::new().raw(b"](").array(|p| p).array(|p| p).raw(b"e");
    assert_eq!(note(several), "2 tensors are opaque, first `0`: a NumPy array");
    let objects = Pickle::new().dict(|p| p.text("o").array(|p| p.tensor(whole("1"))));
    assert_eq!(note(objects), "2 tensors are opaque, first `data/1`: a storage without a name");
}

#[test]
fn states_of_random_generators_need_no_note() {
    let array = |key: &str| Pickle::new().dict(|p| p.text(key).array(|p| p));
    assert_eq!(read(array("rng_state")), (0, None));
    assert_eq!(read(array("my_rng")).1.unwrap(), "tensor `my_rng` is opaque: a NumPy array");
    // What numpy.random.get_state gives: name, numbers, place, whether one is left, which.
    let state = |name: &str, left: &[u8]| {
        let state = |p: Pickle| p.raw(b"(").text(name).array(|p| p).raw(b"K\x05").raw(left);
        read(Pickle::new().dict(|p| state(p.text("numpy")).raw(b"t"))).1
    };
    assert_eq!(state("MT19937", b"K\0G\0\0\0\0\0\0\0\0"), None);
    assert_eq!(state("PCG64", b"K\0").unwrap(), "tensor `numpy.1` is opaque: a NumPy array");
    assert_eq!(state("MT19937", b"]").unwrap(), "tensor `numpy.1` is opaque: a NumPy array");
}

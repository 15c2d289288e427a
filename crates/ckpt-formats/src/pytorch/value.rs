//! What a pickle holds.

use super::elements::Element;
use super::globals::Global;

/// The place of a value among [`Values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) u32);

/// A value, as far as tensors depend on it.
#[derive(Debug)]
pub(super) enum Value {
    /// Anything that is none of the others: None, booleans, floats, bytes, sets, devices ...
    Plain,
    /// An integer of 64 bits.
    Int(i64),
    /// The bytes of a text, in the pickle: start and length.
    Text(u32, u32),
    Tuple(Box<[Id]>),
    List(Vec<Id>),
    /// Keys and values in order, repeated keys included.
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// An array of NumPy.
    Array,
    Storage(Box<Storage>),
    Tensor(Box<View>),
}

/// A storage that a pickle refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage {
    /// A text: the name of its member.
    pub(super) key: Id,
    /// The type of its elements; none if they are bytes.
    pub(super) element: Option<Element>,
    /// Number of elements.
    pub(super) count: u64,
}

/// A tensor: a view on a storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) storage: Storage,
    /// The type of its elements, where the storage does not say.
    pub(super) element: Option<Element>,
    /// First element.
    pub(super) offset: u64,
    /// A tuple: the extents.
    pub(super) size: Id,
    /// A tuple: the distance in elements to the next of each dimension.
    pub(super) strides: Id,
    /// Whether it says more of the content than the bytes do: that they are to be conjugated, or
    /// negated.
    pub(super) is_marked: bool,
}

/// All values of a pickle, and the pickle, which has their texts.
#[derive(Debug)]
pub(super) struct Values<'a> {
    pub(super) pickle: &'a [u8],
    pub(super) all: Vec<Value>,
}

impl<'a> Values<'a> {
    pub(super) fn get(&self, id: Id) -> &Value {
        &self.all[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Value {
        &mut self.all[id.0 as usize]
    }

    /// Gives a text's bytes; they are not checked to be UTF-8.
    pub(super) fn text(&self, id: Id) -> Option<&'a [u8]> {
        match *self.get(id) {
            Value::Text(start, len) => Some(&self.pickle[start as usize..][..len as usize]),
            _ => None,
        }
    }

    /// Gives an integer that is not negative.
    pub(super) fn count(&self, id: Id) -> Option<u64> {
        match *self.get(id) {
            Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    pub(super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Tells whether a value is a tensor or an array, or may hold some.
    pub(super) fn is_container(&self, id: Id) -> bool {
        use Value::{Array, Dict, List, Tensor, Tuple};
        matches!(self.get(id), Tensor(_) | Array | Tuple(_) | List(_) | Dict(_))
    }
}

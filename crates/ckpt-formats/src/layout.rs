use ckpt_tensor::{Dtype, Shape};

/// A tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorMeta {
    /// The name in the file.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its extents.
    pub shape: Shape,
}

/// A piece of a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of the tensor with this index in the list that was laid out.
    Tensor(usize),
}

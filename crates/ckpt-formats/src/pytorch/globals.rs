//! The names of classes and functions that a state dict refers to.

use super::elements::Element;

/// What a name stands for, as far as tensors depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    /// A dictionary that begins empty, whatever the arguments.
    EmptyDict,
    /// A dictionary that is given.
    DictOf,
    /// A tuple that is given.
    Size,
    /// A class or function whose results no tensor depends on.
    Plain,
    /// The function that makes an array of NumPy.
    NumpyArray,
    /// The class of a storage with elements of a type, or of bytes.
    Storage(Option<Element>),
    /// A dtype.
    Dtype(Element),
    /// A class of tensors.
    TensorClass,
    /// A view: storage, offset, size, strides, whether gradients are required, hooks, metadata.
    RebuildTensor,
    /// The same on a storage of bytes, with the dtype before the metadata.
    RebuildTensorV3,
    /// A parameter of a tensor.
    RebuildParameter,
    /// Another function's result with attributes: function, class, arguments, attributes.
    RebuildFromType,
}

/// Finds what `module.name` stands for.
pub(super) fn find(module: &[u8], name: &[u8]) -> Option<Global> {
    let module = std::str::from_utf8(module).ok()?;
    let text = std::str::from_utf8(name).ok()?;
    match (module, text) {
        ("collections", "OrderedDict" | "defaultdict") => Some(Global::EmptyDict),
        ("collections", "Counter") => Some(Global::DictOf),
        ("torch", "Size") => Some(Global::Size),
        ("torch._utils", _) => rebuild(text),
        ("torch._tensor", "_rebuild_from_type_v2") => Some(Global::RebuildFromType),
        ("torch", "Tensor") | ("torch.nn.parameter", "Parameter" | "Buffer") => {
            Some(Global::TensorClass)
        }
        ("torch.storage" | "torch", "UntypedStorage") => Some(Global::Storage(None)),
        ("torch", _) if Element::of_storage(name).is_some() => {
            Some(Global::Storage(Element::of_storage(name)))
        }
        ("torch", _) if Element::of_dtype(name).is_some() => {
            Element::of_dtype(name).map(Global::Dtype)
        }
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
            Some(Global::NumpyArray)
        }
        _ => is_plain(module, text).then_some(Global::Plain),
    }
}

fn rebuild(name: &str) -> Option<Global> {
    match name {
        "_rebuild_tensor" | "_rebuild_tensor_v2" => Some(Global::RebuildTensor),
        "_rebuild_tensor_v3" => Some(Global::RebuildTensorV3),
        "_rebuild_parameter" | "_rebuild_parameter_with_state" => Some(Global::RebuildParameter),
        _ => None,
    }
}

/// Tells whether results are plain data: numbers, sets, devices, NumPy's numbers.
fn is_plain(module: &str, name: &str) -> bool {
    match module {
        // The first is what protocol 2 calls the second.
        "__builtin__" | "builtins" => matches!(
            name,
            "set" | "frozenset" | "complex" | "bytearray" | "dict" | "list" | "int" | "float"
        ),
        "torch" => name == "device",
        // How protocol 2 spells bytes.
        "_codecs" => name == "encode",
        "numpy.core.multiarray" | "numpy._core.multiarray" => name == "scalar",
        "numpy" => matches!(name, "dtype" | "ndarray"),
        _ => false,
    }
}

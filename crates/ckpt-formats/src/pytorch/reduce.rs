//! What the functions of a state dict make of their arguments.

use super::globals::Global;
use super::reader::broken;
use super::value::{Id, Storage, Value, Values, View};
use crate::stop::Stop;

/// The result of a call.
pub(super) enum Called {
    New(Value),
    /// One of the arguments.
    Same(Id),
}

/// Gives the result of a call, as far as tensors depend on it; `at` is for errors.
pub(super) fn call(
    values: &Values<'_>,
    function: Id,
    arguments: Id,
    at: usize,
) -> Result<Called, Stop> {
    let wrong = |what| broken(at, format!("calls {what}"));
    let Value::Global(global) = *values.get(function) else {
        return Err(wrong("what is no function"));
    };
    let arguments = values.tuple(arguments).ok_or_else(|| wrong("with what are no arguments"))?;
    apply(values, global, arguments).ok_or_else(|| match global {
        Global::EmptyDict => Stop::beyond("data.pkl makes a dictionary from arguments"),
        _ => wrong("a function with arguments that it does not take"),
    })
}

/// Gives the result, or `None` if the arguments do not fit.
fn apply(values: &Values<'_>, global: Global, arguments: &[Id]) -> Option<Called> {
    match global {
        Global::EmptyDict => empty_dict(values, arguments).map(Called::New),
        Global::DictOf => match arguments {
            [] => Some(Called::New(Value::Dict(Vec::new()))),
            [dict] => matches!(values.get(*dict), Value::Dict(_)).then_some(Called::Same(*dict)),
            _ => None,
        },
        Global::Size => match arguments {
            [tuple] => values.tuple(*tuple).is_some().then_some(Called::Same(*tuple)),
            _ => None,
        },
        Global::Plain => Some(Called::New(Value::Plain)),
        Global::NumpyArray => Some(Called::New(Value::Array)),
        Global::RebuildTensor => view(values, arguments, 6).map(tensor),
        Global::RebuildTensorV3 => {
            let mut view = view(values, arguments, 7)?;
            let Value::Global(Global::Dtype(element)) = values.get(*arguments.get(6)?) else {
                return None;
            };
            view.element = Some(*element);
            Some(tensor(view))
        }
        Global::RebuildParameter => {
            let parameter = *arguments.first()?;
            matches!(values.get(parameter), Value::Tensor(_)).then_some(Called::Same(parameter))
        }
        Global::RebuildFromType => from_type(values, arguments),
        Global::Storage(_) | Global::Dtype(_) | Global::TensorClass => None,
    }
}

fn tensor(view: View) -> Called {
    Called::New(Value::Tensor(Box::new(view)))
}

/// A dictionary made of nothing, or of the function that makes its defaults.
fn empty_dict(values: &Values<'_>, arguments: &[Id]) -> Option<Value> {
    let is_default = |id: &Id| matches!(values.get(*id), Value::Plain | Value::Global(_));
    arguments.iter().all(is_default).then(|| Value::Dict(Vec::new()))
}

/// Reads storage, offset, size and strides, and the metadata at its place, if it is there. What
/// stands between (whether gradients are required, hooks) does not change the content.
fn view(values: &Values<'_>, arguments: &[Id], metadata: usize) -> Option<View> {
    let [storage, offset, size, strides, ..] = *arguments else { return None };
    let Value::Storage(storage) = values.get(storage) else { return None };
    let (storage, offset) = (**storage, values.count(offset)?);
    values.tuple(size)?;
    values.tuple(strides)?;
    let is_marked = arguments.get(metadata).is_some_and(|&metadata| match values.get(metadata) {
        Value::Dict(marks) => !marks.is_empty(),
        Value::Plain => false,
        _ => true,
    });
    Some(View { storage, element: None, offset, size, strides, is_marked })
}

/// Reads a tensor with attributes, or a parameter with them.
fn from_type(values: &Values<'_>, arguments: &[Id]) -> Option<Called> {
    let [function, class, inner, ..] = *arguments else { return None };
    let Value::Global(function @ (Global::RebuildTensor | Global::RebuildTensorV3)) =
        *values.get(function)
    else {
        return None;
    };
    match values.get(class) {
        Value::Global(Global::TensorClass) => apply(values, function, values.tuple(inner)?),
        _ => None,
    }
}

/// Reads the reference to a storage: `("storage", class, key, location, count)`.
pub(super) fn storage(values: &Values<'_>, reference: Id) -> Result<Value, Stop> {
    let read = || {
        let [tag, class, key, _location, count, ..] = *values.tuple(reference)? else {
            return None;
        };
        if values.text(tag)? != b"storage" {
            return None;
        }
        let Value::Global(Global::Storage(element)) = *values.get(class) else { return None };
        values.text(key)?;
        Some(Storage { key, element, count: values.count(count)? })
    };
    let storage = read().ok_or_else(|| {
        Stop::beyond("data.pkl refers to something outside of it that is no storage")
    })?;
    Ok(Value::Storage(Box::new(storage)))
}

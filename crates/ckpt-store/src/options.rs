//! Options to which fields can be added: callers set them one by one, from what is the default.

/// Makes methods `with_FIELD` (or of another name) that set a field of an options type.
macro_rules! setters {
    ($options:ident: $($method:ident sets $field:ident: $kind:ty),* $(,)?) => {
        impl $options {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $method(self, $field: $kind) -> Self {
                    Self { $field, ..self }
                }
            )*
        }
    };
}

pub(crate) use setters;

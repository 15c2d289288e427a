//! Says what may be meant by the name of a ref that there is not.

use ckpt_store::{RefKind, RefName};

use crate::{
    context::Context,
    failure::{Failure, Missing},
    near::nearest,
};

/// Names the ref that is most like a name that nothing has, if any is like it.
pub(crate) fn name(context: &Context, failure: Failure) -> Failure {
    let near = failure.missing().and_then(|missing| near(context, missing));
    match near {
        Some(near) => failure.with_hint(format!("did you mean {near}?")),
        None => failure,
    }
}

fn near(context: &Context, Missing { name, kind }: &Missing) -> Option<String> {
    let repository = context.repository().ok()?;
    let kinds = RefKind::ALL.into_iter().filter(|other| kind.is_none_or(|kind| kind == *other));
    // What cannot be listed is not what the failure is about.
    let refs: Vec<(RefName, _)> = kinds.flat_map(|kind| repository.list(kind)).flatten().collect();
    nearest(name, refs.iter().map(|(name, _)| name.short())).map(str::to_owned)
}

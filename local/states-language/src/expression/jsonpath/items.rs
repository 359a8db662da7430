//! Members of objects and items of arrays, as paths name them.

use crate::text::{Json, Object};
use std::sync::Arc;

/// An object of those fields that are there.
pub(super) fn pick(object: &Object, names: &[Arc<str>]) -> Json {
    let found = names
        .iter()
        .filter_map(|name| Some((name.clone(), object.get(name)?.clone())));
    found.collect::<Object>().into()
}

pub(super) fn item(items: &[Json], index: i64) -> Option<&Json> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

/// An item; null before an array's start and behind its end, because AWS's JSON library has it so.
pub(super) fn item_or_null(items: &[Json], index: i64) -> &Json {
    item(items, index).unwrap_or(&Json::Null)
}

pub(super) fn from_end(items: &[Json], offset: i64) -> Option<&Json> {
    item(items, i64::try_from(items.len()).ok()? + offset)
}

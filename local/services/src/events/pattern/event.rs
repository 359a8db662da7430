//! An event as patterns see it: its leaves, by the dotted path to each, and which element of which array each is in.
//!
//! Two leaves that lie in different elements of one array are not of one thing, so they never match a pattern together:
//! <https://github.com/aws/event-ruler#json-array-matching>.
//!
//! Most rules want few of the many events, and one look says so. So an event is not taken apart: each path is followed when
//! it is asked for.

use super::matcher::Leaf;
use serde_json::Value;
use std::collections::BTreeMap;

/// Which element of which array something is in. An array is told by where it lies in memory.
pub(super) type Membership = BTreeMap<usize, usize>;

/// What lies at a path of an event: of a text or an array whatever is in it.
pub(super) fn at(event: &Value, path: &str) -> Vec<(Leaf, Membership)> {
    let mut leaves = Vec::new();
    follow(event, Some(path), &Membership::new(), &mut leaves);
    leaves
}

/// Follows what is left of a path, which is nothing at its end.
fn follow(value: &Value, left: Option<&str>, membership: &Membership, leaves: &mut Vec<(Leaf, Membership)>) {
    match (value, left) {
        (Value::Object(fields), Some(left)) => {
            // A name may have dots itself.
            let dots = left
                .match_indices('.')
                .map(|(dot, _)| (&left[..dot], Some(&left[dot + 1..])));
            for (name, left) in dots.chain([(left, None)]) {
                if let Some(value) = fields.get(name) {
                    follow(value, left, membership, leaves);
                }
            }
        }
        (Value::Array(elements), left) => {
            // A plain element is not bound to its place: an array of texts is one thing with several values.
            for (index, element) in elements.iter().enumerate() {
                if element.is_object() || element.is_array() {
                    let mut inside = membership.clone();
                    inside.insert(elements.as_ptr().addr(), index);
                    follow(element, left, &inside, leaves);
                } else {
                    follow(element, left, membership, leaves);
                }
            }
        }
        (Value::String(text), None) => leaves.push((Leaf::text(text), membership.clone())),
        (Value::Null | Value::Bool(_) | Value::Number(_), None) => {
            leaves.push((Leaf::bare(value.to_string()), membership.clone()));
        }
        (Value::Object(_), None) | (_, Some(_)) => {}
    }
}

/// The path to a field of what lies at `path`; at the top there is no path yet.
pub(super) fn below(path: Option<&str>, name: &str) -> String {
    path.map_or_else(|| name.to_owned(), |path| format!("{path}.{name}"))
}

/// Both together, where no array has them in different elements.
pub(super) fn join(one: &Membership, other: &Membership) -> Option<Membership> {
    let clash = other
        .iter()
        .any(|(array, index)| one.get(array).is_some_and(|chosen| chosen != index));
    (!clash).then(|| one.iter().chain(other).map(|(array, index)| (*array, *index)).collect())
}

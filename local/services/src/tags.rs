//! Tags, as most services take and show them.

use serde::{Deserialize, Serialize};

/// A tag whose members begin with capital letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A tag whose members begin with small letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmallTag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl<'t> From<&'t Tag> for (&'t str, &'t str) {
    fn from(tag: &'t Tag) -> Self {
        (&tag.key, &tag.value)
    }
}

impl<'t> From<&'t SmallTag> for (&'t str, &'t str) {
    fn from(tag: &'t SmallTag) -> Self {
        (&tag.key, &tag.value)
    }
}

/// The tags of a resource with others, which take the places of those with their keys.
pub(crate) fn merged<T: Clone>(tags: &[T], others: Vec<T>) -> Vec<T>
where
    for<'t> (&'t str, &'t str): From<&'t T>,
{
    let mut all = tags.to_vec();
    for other in others {
        let key = <(&str, &str)>::from(&other).0;
        match all.iter_mut().find(|tag| <(&str, &str)>::from(&**tag).0 == key) {
            Some(tag) => *tag = other,
            None => all.push(other),
        }
    }
    all
}

//! What is selected in a view: the part of its address behind the question mark.

use crate::trace::Chosen;
use std::collections::BTreeMap;

/// What is selected. Everything of it is in the address, so that a link to it can be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection(BTreeMap<String, String>);

impl Selection {
    /// The selection that these pairs name.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// A value; empty where it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.get(name).parse().ok()
    }

    /// The same with another value; an empty one takes it out.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        if value.is_empty() {
            changed.0.remove(name);
        } else {
            changed.0.insert(name.to_owned(), value.to_owned());
        }
        changed
    }

    /// The pairs.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    /// The iterations of Map states that are looked at: `in=Train:3,Inner:0`.
    pub(crate) fn iterations(&self) -> Chosen {
        let chosen = self.get("in").split(',').filter_map(|one| {
            let (state, index) = one.rsplit_once(':')?;
            Some((unescape(state), index.parse().ok()?))
        });
        chosen.collect()
    }

    /// The same, with another iteration of a Map state; nothing takes it out.
    pub(crate) fn with_iteration(&self, state: &str, index: Option<usize>) -> Self {
        let mut chosen = self.iterations();
        match index {
            Some(index) => chosen.insert(state.to_owned(), index),
            None => chosen.remove(state),
        };
        let written: Vec<String> = chosen
            .iter()
            .map(|(state, index)| format!("{}:{index}", escape(state)))
            .collect();
        self.with("in", &written.join(","))
    }
}

/// A state's name may have what separates.
fn escape(name: &str) -> String {
    name.replace('%', "%25").replace(',', "%2C")
}

fn unescape(name: &str) -> String {
    name.replace("%2C", ",").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_are_chosen_by_the_name_of_their_map() {
        let selection = Selection::default()
            .with_iteration("a,b:c", Some(3))
            .with_iteration("%2C", Some(0));
        let chosen = selection.iterations();
        assert_eq!((chosen.get("a,b:c"), chosen.get("%2C")), (Some(&3), Some(&0)));
        assert_eq!(selection.with_iteration("a,b:c", None).iterations().len(), 1);
        assert_eq!(selection.with("in", ""), Selection::default());
    }
}

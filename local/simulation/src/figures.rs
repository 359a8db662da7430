//! What happened in schedules, counted.

use std::collections::BTreeMap;
use std::fmt;

/// How often what happened, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures(BTreeMap<String, u64>);

impl Figures {
    /// One more of something.
    pub fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    /// So many more of something.
    pub fn add(&mut self, what: &str, more: u64) {
        match self.0.get_mut(what) {
            Some(sum) => *sum += more,
            None => drop(self.0.insert(what.to_owned(), more)),
        }
    }

    /// How often it was counted.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// All of another's as well.
    pub fn merge(&mut self, other: &Self) {
        for (what, more) in &other.0 {
            self.add(what, *more);
        }
    }

    /// Everything that was counted, by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(what, sum)| (what.as_str(), *sum))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(what, sum)| writeln!(f, "{sum:>12}  {what}"))
    }
}

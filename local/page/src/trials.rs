//! The states that were tried last, so that what came out of one has an address.

use crate::views::Trial;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are kept.
const KEPT: usize = 64;

/// The trials by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Trials(Mutex<BTreeMap<usize, Arc<Trial>>>);

impl Trials {
    /// Keeps one, and says its number.
    pub(crate) fn keep(&self, trial: Trial) -> usize {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.last_key_value().map_or(1, |(last, _)| last + 1);
        kept.insert(number, Arc::new(trial));
        while kept.len() > KEPT {
            kept.pop_first();
        }
        number
    }

    /// One that is still kept, of this file and this state.
    pub(crate) fn get(&self, number: usize, file: &str, state: &str) -> Option<Arc<Trial>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept
            .get(&number)
            .filter(|trial| trial.form.file == file && trial.form.state == state);
        found.cloned()
    }
}

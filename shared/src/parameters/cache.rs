//! What was read stays for a while: values are fresh for a time, and afterwards still better than none.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::time::Timestamp;

/// The most entries kept, so that a process that lives long stays small.
const MAX_ENTRIES: usize = 10_000;

/// Values with the time at which they were read.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    entries: HashMap<K, (V, Timestamp)>,
    time_to_live: Duration,
}

/// What the cache has for a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cached<V> {
    /// Read within the time to live.
    Fresh(V),
    /// Read longer ago than that: for when there is nothing better.
    Stale(V, Duration),
    /// Never read.
    Absent,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache whose values stay fresh for `time_to_live`.
    pub(super) fn new(time_to_live: Duration) -> Self {
        Self {
            entries: HashMap::new(),
            time_to_live,
        }
    }

    /// What is known for `key` at `now`.
    pub(super) fn get(&self, key: &K, now: Timestamp) -> Cached<V> {
        match self.entries.get(key) {
            None => Cached::Absent,
            Some((value, read_at)) => match now.since(*read_at) {
                age if age < self.time_to_live => Cached::Fresh(value.clone()),
                age => Cached::Stale(value.clone(), age),
            },
        }
    }

    /// Keeps what was read at `now`.
    pub(super) fn put(&mut self, key: K, value: V, now: Timestamp) {
        if self.entries.len() >= MAX_ENTRIES && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.insert(key, (value, now));
    }

    /// Forgets what is known for `key`: it is no longer there.
    pub(super) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// Forgets what is stale, or everything where all of it is fresh.
    fn make_room(&mut self, now: Timestamp) {
        let time_to_live = self.time_to_live;
        self.entries
            .retain(|_, (_, read_at)| now.since(*read_at) < time_to_live);
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn values_are_fresh_then_stale_then_fresh_again_once_read_anew() {
        let start = Timestamp::default();
        let mut cache = Cache::new(MINUTE);
        assert_eq!(cache.get(&"a", start), Cached::Absent);
        cache.put("a", 1, start);
        assert_eq!(cache.get(&"a", start), Cached::Fresh(1));
        assert_eq!(
            cache.get(&"a", start + MINUTE - Duration::from_millis(1)),
            Cached::Fresh(1)
        );
        assert_eq!(cache.get(&"a", start + MINUTE), Cached::Stale(1, MINUTE));
        cache.put("a", 2, start + MINUTE);
        assert_eq!(cache.get(&"a", start + MINUTE), Cached::Fresh(2));
        cache.remove(&"a");
        assert_eq!(cache.get(&"a", start), Cached::Absent);
    }

    #[test]
    fn without_a_time_to_live_nothing_is_fresh() {
        let start = Timestamp::default();
        let mut cache = Cache::new(Duration::ZERO);
        cache.put("a", 1, start);
        assert_eq!(cache.get(&"a", start), Cached::Stale(1, Duration::ZERO));
    }

    #[test]
    fn a_full_cache_forgets_what_is_stale_first() {
        let start = Timestamp::default();
        let mut cache = Cache::new(MINUTE);
        cache.put(0, (), start);
        for key in 1..MAX_ENTRIES {
            cache.put(key, (), start + MINUTE);
        }
        cache.put(MAX_ENTRIES, (), start + MINUTE);
        assert_eq!(cache.get(&0, start + MINUTE), Cached::Absent);
        assert_eq!(cache.get(&1, start + MINUTE), Cached::Fresh(()));
        cache.put(MAX_ENTRIES + 1, (), start + MINUTE);
        assert_eq!(cache.entries.len(), 1);
    }
}

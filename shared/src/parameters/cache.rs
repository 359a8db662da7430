//! Keeps what was read. A value is fresh for a time. After that it is stale: it is used only if there is nothing
//! better.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::time::Timestamp;

/// The most bytes kept, so that a process stays small: 2,000 of the longest standard values.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// About as many bytes as an entry takes without its value.
const ENTRY: usize = 256;

/// Values with the time at which they were read.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    entries: HashMap<K, Entry<V>>,
    time_to_live: Duration,
    /// How many bytes a value has.
    weigh: fn(&V) -> usize,
    /// How many bytes all entries have.
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    read_at: Timestamp,
    bytes: usize,
}

/// What the cache has for a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cached<V> {
    /// Read within the time to live.
    Fresh(V),
    /// Read longer ago, and how long: used only if there is nothing better.
    Stale(V, Duration),
    /// Never read.
    Absent,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache whose values stay fresh for `time_to_live`, and have as many bytes as `weigh` says.
    pub(super) fn new(time_to_live: Duration, weigh: fn(&V) -> usize) -> Self {
        Self {
            entries: HashMap::new(),
            time_to_live,
            weigh,
            bytes: 0,
        }
    }

    /// What is known for `key` at `now`.
    pub(super) fn get(&self, key: &K, now: Timestamp) -> Cached<V> {
        match self.entries.get(key) {
            None => Cached::Absent,
            Some(entry) => match now.since(entry.read_at) {
                age if age < self.time_to_live => Cached::Fresh(entry.value.clone()),
                age => Cached::Stale(entry.value.clone(), age),
            },
        }
    }

    /// Keeps a value that was read at `now`, unless it alone is larger than the whole cache.
    pub(super) fn put(&mut self, key: K, value: V, now: Timestamp) {
        self.remove(&key);
        let bytes = ENTRY + (self.weigh)(&value);
        if self.bytes + bytes > MAX_BYTES {
            self.make_room(bytes, now);
        }
        if bytes <= MAX_BYTES {
            self.bytes += bytes;
            let entry = Entry {
                value,
                read_at: now,
                bytes,
            };
            self.entries.insert(key, entry);
        }
    }

    /// Forgets the value of `key`.
    pub(super) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes;
        }
    }

    /// Forgets all stale values. If this is not enough, it forgets everything.
    fn make_room(&mut self, wanted: usize, now: Timestamp) {
        let time_to_live = self.time_to_live;
        self.entries.retain(|_, entry| now.since(entry.read_at) < time_to_live);
        self.bytes = self.entries.values().map(|entry| entry.bytes).sum();
        if self.bytes + wanted > MAX_BYTES {
            self.entries.clear();
            self.bytes = 0;
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
        let mut cache = Cache::new(MINUTE, |_| 1);
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
        let mut cache = Cache::new(Duration::ZERO, |_| 1);
        cache.put("a", 1, start);
        assert_eq!(cache.get(&"a", start), Cached::Stale(1, Duration::ZERO));
    }

    #[test]
    fn a_full_cache_forgets_what_is_stale_first() {
        let start = Timestamp::default();
        let later = start + MINUTE;
        // Sixteen of these fill it, all but what the entries take themselves.
        let sixteenth = MAX_BYTES / 16 - ENTRY;
        let mut cache = Cache::new(MINUTE, |bytes: &usize| *bytes);
        cache.put(0, sixteenth, start);
        for key in 1..16 {
            cache.put(key, sixteenth, later);
        }
        assert_eq!(cache.bytes, MAX_BYTES);
        cache.put(1, sixteenth, later);
        assert_eq!(
            cache.get(&0, start),
            Cached::Fresh(sixteenth),
            "what is read anew takes no further room"
        );
        cache.put(16, sixteenth, later);
        assert_eq!(cache.get(&0, later), Cached::Absent);
        assert_eq!(cache.get(&1, later), Cached::Fresh(sixteenth));
        cache.put(17, sixteenth, later);
        assert_eq!((cache.entries.len(), cache.bytes), (1, MAX_BYTES / 16));
        cache.put(18, MAX_BYTES, later);
        assert_eq!((cache.entries.len(), cache.bytes), (0, 0), "it is too much by itself");
    }
}

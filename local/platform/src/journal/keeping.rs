//! What lasts of the journal: what no service's API could tell afterwards.
//!
//! It is written late, some moments after it has happened, so that nobody waits for it. Of the entries the latest last, and
//! a decision of IAM is one row however often it is made.

use super::happening::{Entry, Happening};
use crate::store::{Late, Present, Store, StoreError, Write};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Entries, by their numbers.
const ENTRIES: &str = "journal/entries";

/// Decisions of IAM, by what they are about.
const DECISIONS: &str = "journal/decisions";

/// How many entries last, and how many bytes they may have.
const MOST_ENTRIES: usize = 15_000;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// How many decisions last.
const MOST_DECISIONS: usize = 5_000;

/// How many are written at once: others may be waiting to be written.
const BATCH: usize = 500;

/// An entry that lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The entry; of a decision of IAM that was made several times, the first one.
    #[serde(flatten)]
    pub entry: Entry,
    /// How often it happened: more than once only for a decision of IAM.
    pub count: u64,
    /// When it happened last.
    pub last: Timestamp,
}

/// What is still to be written, and what is written already.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    waiting: Mutex<Waiting>,
    /// What the store has, for the thread that writes. None until the first writing.
    present: Mutex<Option<Known>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What is still to be written, in order.
    pending: VecDeque<Entry>,
    /// What is being written just now.
    writing: Arc<[Entry]>,
}

/// Rows, by their spaces and keys.
type Rows = BTreeMap<(&'static str, String), Kept>;

/// What the store has.
#[derive(Debug, Default)]
struct Known {
    /// The keys of entries, with their sizes, the oldest first.
    entries: VecDeque<(String, usize)>,
    bytes: usize,
    decisions: HashMap<String, Kept>,
}

/// The number that comes after those of all entries that the store has.
pub(super) fn next(store: &Store) -> Result<u64, StoreError> {
    let last = store.last_key(ENTRIES)?.and_then(|key| key.parse::<u64>().ok());
    Ok(last.map_or(0, |last| last + 1))
}

/// Whether it lasts.
fn lasts(happening: &Happening) -> bool {
    match happening {
        // The administrator's have no reason.
        Happening::Authorized { reason, .. } => reason.is_some(),
        Happening::EventSent { .. }
        | Happening::RuleMatched { .. }
        | Happening::DeliveryFailed { .. }
        | Happening::Invocation { .. }
        | Happening::ImagePushed { .. }
        | Happening::ApprovalAsked { .. }
        | Happening::ApprovalAnswered { .. }
        | Happening::Note { .. }
        | Happening::Containers { .. }
        | Happening::StateRetried { .. }
        | Happening::WorkerAwaited { .. } => true,
        _ => false,
    }
}

/// What makes two decisions the same: all but the session's name and the moment. None for what is no decision.
fn decision(happening: &Happening) -> Option<String> {
    let Happening::Authorized {
        principal,
        source,
        action,
        resource,
        allowed,
        reason,
    } = happening
    else {
        return None;
    };
    let who = match principal.split_once(":assumed-role/") {
        Some((account, session)) => (account, session.split('/').next().unwrap_or_default()),
        None => (principal.as_str(), ""),
    };
    let mut hasher = DefaultHasher::new();
    (who, source, action, resource, allowed, reason).hash(&mut hasher);
    Some(format!("{:016x}", hasher.finish()))
}

impl Keeping {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an entry that is to last, and says whether it is the first one that waits.
    pub(super) fn note(&self, entry: &Entry) -> bool {
        if !lasts(&entry.happening) {
            return false;
        }
        let mut waiting = self.waiting();
        if waiting.pending.len() == MOST_ENTRIES {
            waiting.pending.pop_front();
        }
        waiting.pending.push_back(entry.clone());
        waiting.pending.len() == 1
    }

    /// All that lasts, in order. What another version of this program wrote and this one cannot read is left out.
    pub(super) fn kept(&self, store: &Store) -> Result<Vec<Kept>, StoreError> {
        let (writing, pending) = {
            let waiting = self.waiting();
            (Arc::clone(&waiting.writing), waiting.pending.clone())
        };
        let mut rows = Rows::new();
        for space in [ENTRIES, DECISIONS] {
            let read = store.read(space, "")?.into_iter();
            let read = read.filter_map(|(key, row)| Some(((space, key), serde_json::from_slice(&row).ok()?)));
            rows.extend(read);
        }
        // What was being written may have been read already, and a decision counts each once.
        let written: HashMap<_, _> = rows.iter().map(|(key, kept)| (key.clone(), kept.last)).collect();
        for entry in writing.iter().chain(&pending) {
            if written.get(&key(entry)).is_none_or(|last| *last < entry.at) {
                add(&mut rows, entry);
            }
        }
        let mut kept: Vec<Kept> = rows.into_values().collect();
        kept.sort_by_key(|kept| (kept.entry.at, kept.entry.sequence));
        Ok(kept)
    }
}

/// The space and the key of an entry's row.
fn key(entry: &Entry) -> (&'static str, String) {
    match decision(&entry.happening) {
        None => (ENTRIES, format!("{:020}", entry.sequence)),
        Some(key) => (DECISIONS, key),
    }
}

/// Adds an entry to rows: as one of its own, or to the decision that it repeats.
fn add(rows: &mut Rows, entry: &Entry) {
    let row = rows.entry(key(entry));
    let row = row.and_modify(|row| (row.count, row.last) = (row.count + 1, entry.at));
    row.or_insert_with(|| Kept {
        entry: entry.clone(),
        count: 1,
        last: entry.at,
    });
}

impl Late for Keeping {
    fn take(&self, store: &Present<'_>) -> (Vec<Write>, bool) {
        let (writing, has_more) = {
            let mut waiting = self.waiting();
            let taken = waiting.pending.len().min(BATCH);
            waiting.writing = waiting.pending.drain(..taken).collect();
            (Arc::clone(&waiting.writing), !waiting.pending.is_empty())
        };
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let known = present.get_or_insert_with(|| Known::read(store));
        let mut rows = Rows::new();
        for entry in writing.iter() {
            let key = key(entry);
            if let Some(row) = known.decisions.get(&key.1) {
                rows.entry(key).or_insert_with(|| row.clone());
            }
            add(&mut rows, entry);
        }
        let mut changes = Vec::new();
        for ((space, key), kept) in rows {
            let Ok(value) = serde_json::to_vec(&kept) else { continue };
            if space == ENTRIES {
                known.add(&key, value.len());
            } else {
                known.decisions.insert(key.clone(), kept);
            }
            changes.push(Write::Put { space, key, value });
        }
        changes.extend(known.too_many());
        (changes, has_more)
    }

    fn written(&self) {
        self.waiting().writing = Arc::default();
    }
}

impl Known {
    fn read(store: &Present<'_>) -> Self {
        let entries = store.sizes(ENTRIES);
        let decisions = store.rows(DECISIONS).into_iter();
        Self {
            bytes: entries.iter().map(|(_, size)| size).sum(),
            entries: entries.into(),
            decisions: decisions
                .filter_map(|(key, row)| Some((key, serde_json::from_slice(&row).ok()?)))
                .collect(),
        }
    }

    fn add(&mut self, key: &str, size: usize) {
        self.entries.push_back((key.to_owned(), size));
        self.bytes += size;
    }

    /// Removes the oldest of what is too much.
    fn too_many(&mut self) -> Vec<Write> {
        let mut removed = Vec::new();
        while self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some((key, size)) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= size;
            removed.push(Write::Remove { space: ENTRIES, key });
        }
        if self.decisions.len() > MOST_DECISIONS {
            let mut oldest: Vec<(Timestamp, String)> = self
                .decisions
                .iter()
                .map(|(key, row)| (row.last, key.clone()))
                .collect();
            oldest.sort();
            // Some more, so that this is done now and then and not each time.
            for (_, key) in oldest.into_iter().take(self.decisions.len() - MOST_DECISIONS * 9 / 10) {
                self.decisions.remove(&key);
                removed.push(Write::Remove { space: DECISIONS, key });
            }
        }
        removed
    }
}

//! What the journal tells of permissions, events and functions, read once and then only what is new.

use super::reader::Reader;
use platform::Platform;
use platform::journal::{Happening, Kept};
use std::sync::{Arc, Mutex, PoisonError};

/// How many entries are remembered before the journal, which forgets the oldest, is read anew.
const MOST: usize = 30_000;
/// How often reading is begun again where something happens meanwhile.
const TRIES: usize = 3;

/// The journal as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    entries: Arc<Vec<Kept>>,
    /// The number of the entry that comes next. None where nothing was read yet.
    next: Option<u64>,
}

impl Remembered {
    /// The entries by now, the earliest first. A decision of IAM may be there more than once: its counts are added.
    pub(crate) fn entries(&self, reader: &Reader) -> Arc<Vec<Kept>> {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match read.next {
            Some(next) if read.entries.len() < MOST => {
                let (next, new) = reader.platform().journal.since(next);
                let new = new.into_iter().filter(|entry| is_told(&entry.happening));
                let mut new = new.filter_map(|entry| reader.told(entry)).peekable();
                if new.peek().is_some() {
                    Arc::make_mut(&mut read.entries).extend(new);
                }
                read.next = Some(next);
            }
            _ => *read = whole(reader),
        }
        read.entries.clone()
    }
}

/// All that the journal has.
fn whole(reader: &Reader) -> Read {
    let next = |platform: &Platform| platform.journal.since(u64::MAX).0;
    let mut before = next(reader.platform());
    let mut entries = reader.journal();
    for _ in 1..TRIES {
        let after = next(reader.platform());
        if after == before {
            break;
        }
        // Whether what happened meanwhile is in it is not known.
        before = after;
        entries = reader.journal();
    }
    entries.retain(|kept| is_told(&kept.entry.happening));
    Read {
        entries: Arc::new(entries),
        next: Some(before),
    }
}

/// Whether the views of causes tell of it.
fn is_told(happening: &Happening) -> bool {
    match happening {
        // The administrator's decisions have no reason.
        Happening::Authorized { reason, .. } => reason.is_some(),
        Happening::EventSent { .. }
        | Happening::RuleMatched { .. }
        | Happening::DeliveryFailed { .. }
        | Happening::Invocation { .. } => true,
        _ => false,
    }
}

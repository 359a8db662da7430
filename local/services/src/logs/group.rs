//! Log groups: their streams, and the events in them.
//!
//! Memory is bounded: each group keeps its newest 16 MB, counted as CloudWatch Logs counts.

use jiff::Timestamp;
use platform::store::{Shelf, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Bound;

/// How much a group keeps at most, in bytes.
pub(super) const MOST_KEPT: usize = 16 << 20;

/// What an event counts beside its message, in bytes.
pub(super) const OVERHEAD: usize = 26;

/// The most events on a page, and the most bytes.
pub(super) const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;

/// Where an event is: by its time, and among those of the same time by when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// In milliseconds since 1970.
    pub(super) at: i64,
    pub(super) number: u64,
}

/// An event as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) stream: String,
    pub(super) ingested: i64,
    pub(super) message: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) created: i64,
    pub(super) first_event: Option<i64>,
    pub(super) last_event: Option<i64>,
    pub(super) last_ingested: Option<i64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) created: i64,
    /// For how many days events are kept; for ever where None.
    pub(super) retention: Option<i64>,
    pub(super) tags: BTreeMap<String, String>,
    #[serde(skip)]
    pub(super) streams: BTreeMap<String, Stream>,
    #[serde(skip)]
    events: BTreeMap<Place, Event>,
    /// How many events have come.
    #[serde(skip)]
    count: u64,
    #[serde(skip)]
    pub(super) bytes: usize,
    #[serde(skip)]
    rows: Rows,
}

/// Where streams and events are kept: rows of their own, since there are many of them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    streams: Shelf,
    events: Shelf,
}

impl Rows {
    pub(super) fn of(store: &Store, group: &str) -> Self {
        Self {
            streams: Shelf::new(store, "logs/streams", group),
            events: Shelf::new(store, "logs/events", group),
        }
    }
}

/// Which events to read: those behind or before a place, in a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// From this millisecond on.
    pub(super) from: i64,
    /// Up to this millisecond, which is part of it.
    pub(super) to: i64,
    pub(super) behind: Option<Place>,
    pub(super) before: Option<Place>,
    /// Whether the newest come first.
    pub(super) newest_first: bool,
    pub(super) most: usize,
}

/// A page of events, and whether others follow.
pub(super) struct Page<'g> {
    pub(super) events: Vec<(Place, &'g Event)>,
    pub(super) is_truncated: bool,
}

impl Place {
    /// The event's id: 56 digits, as CloudWatch Logs has them.
    pub(super) fn id(self) -> String {
        format!("{:020}{:036}", self.at.max(0), self.number)
    }

    pub(super) fn read(id: &str) -> Option<Self> {
        let (at, number) = id.split_at_checked(20).filter(|_| id.len() == 56)?;
        Some(Self {
            at: at.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl Group {
    pub(super) fn new(tags: BTreeMap<String, String>, rows: Rows) -> Self {
        Self {
            created: now(),
            tags,
            rows,
            ..Self::default()
        }
    }

    /// Finds the streams and events that were kept.
    pub(super) fn recall(&mut self, rows: Rows) -> Result<(), StoreError> {
        self.streams = rows.streams.read()?.into_iter().collect();
        for (place, event) in rows.events.read::<Event>()? {
            if let Some(place) = Place::read(&place) {
                self.count = self.count.max(place.number);
                self.bytes += event.message.len() + OVERHEAD;
                self.events.insert(place, event);
            }
        }
        self.rows = rows;
        Ok(())
    }

    /// Forgets everything: the group is deleted.
    pub(super) fn clear(&mut self) {
        self.streams.keys().for_each(|stream| self.rows.streams.remove(stream));
        self.events
            .keys()
            .for_each(|place| self.rows.events.remove(&place.id()));
    }

    /// Makes a stream unless it is there. Says whether it was not.
    pub(super) fn open(&mut self, stream: &str) -> bool {
        let is_new = !self.streams.contains_key(stream);
        if is_new {
            let opened = Stream {
                created: now(),
                ..Stream::default()
            };
            self.rows.streams.put(stream, &opened);
            self.streams.insert(stream.to_owned(), opened);
        }
        is_new
    }

    /// Keeps an event of a stream that is open; the oldest are forgotten where there is too much.
    pub(super) fn keep(&mut self, stream: &str, at: i64, message: String) {
        let ingested = now();
        if let Some(of) = self.streams.get_mut(stream) {
            of.first_event = Some(of.first_event.map_or(at, |first| first.min(at)));
            of.last_event = Some(of.last_event.map_or(at, |last| last.max(at)));
            of.last_ingested = Some(ingested);
            self.rows.streams.put(stream, of);
        }
        self.count += 1;
        self.bytes += message.len() + OVERHEAD;
        let place = Place { at, number: self.count };
        let event = Event {
            stream: stream.to_owned(),
            ingested,
            message,
        };
        self.rows.events.put(&place.id(), &event);
        self.events.insert(place, event);
        while self.bytes > MOST_KEPT
            && let Some((place, oldest)) = self.events.pop_first()
        {
            self.rows.events.remove(&place.id());
            self.bytes -= oldest.message.len() + OVERHEAD;
        }
    }

    /// Deletes a stream with its events. Says whether it was there.
    pub(super) fn delete(&mut self, stream: &str) -> bool {
        let rows = &self.rows;
        self.events.retain(|place, event| {
            let stays = event.stream != stream;
            if !stays {
                rows.events.remove(&place.id());
            }
            stays
        });
        rows.streams.remove(stream);
        self.bytes = self.events.values().map(|event| event.message.len() + OVERHEAD).sum();
        self.streams.remove(stream).is_some()
    }

    /// The events of a window that are wanted.
    pub(super) fn page(&self, window: &Window, wants: impl Fn(&Event) -> bool) -> Page<'_> {
        let first = Place {
            at: window.from.max(self.expires_before()),
            number: 0,
        };
        let last = Place {
            at: window.to,
            number: u64::MAX,
        };
        let start = window.behind.filter(|place| *place >= first);
        let end = window.before.filter(|place| *place <= last);
        let start = start.map_or(Bound::Included(first), Bound::Excluded);
        let end = end.map_or(Bound::Included(last), Bound::Excluded);
        let mut page = Page {
            events: Vec::new(),
            is_truncated: false,
        };
        if is_empty(start, end) {
            return page;
        }
        let range = self.events.range((start, end));
        let mut range: Box<dyn Iterator<Item = (&Place, &Event)>> = if window.newest_first {
            Box::new(range.rev())
        } else {
            Box::new(range)
        };
        let mut bytes = 0;
        for (place, event) in range.by_ref().filter(|(_, event)| wants(event)) {
            bytes += event.message.len() + OVERHEAD;
            if page.events.len() == window.most || (bytes > MOST_BYTES && !page.events.is_empty()) {
                page.is_truncated = true;
                break;
            }
            page.events.push((*place, event));
        }
        page
    }

    /// What is older than this has expired.
    pub(super) fn expires_before(&self) -> i64 {
        self.retention.map_or(0, |days| now() - days * DAY)
    }
}

/// A range of a map must not end before it begins.
fn is_empty(start: Bound<Place>, end: Bound<Place>) -> bool {
    match (start, end) {
        (Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => start > end,
        _ => false,
    }
}

/// A day in milliseconds.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// The time in milliseconds since 1970.
pub(super) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A stream as it is described.
pub(super) fn described(name: &str, stream: &Stream, arn: &str) -> Value {
    let mut described = json!({
        "logStreamName": name,
        "creationTime": stream.created,
        "arn": arn,
        "storedBytes": 0,
    });
    for (member, time) in [
        ("firstEventTimestamp", stream.first_event),
        ("lastEventTimestamp", stream.last_event),
        ("lastIngestionTime", stream.last_ingested),
    ] {
        if let Some(time) = time {
            described[member] = time.into();
        }
    }
    described
}

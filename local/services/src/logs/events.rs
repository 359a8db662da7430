//! Events: put, read from a stream, and looked for in a group.

use super::group::{DAY, Event, Group, MOST_EVENTS, OVERHEAD, Page, Place, Window, now};
use super::groups::{Logs, no_stream};
use super::pattern::Pattern;
use super::place::{OfNamed, OnGroup, invalid, limit_within};
use platform::{Call, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::ops::Range;

/// The most bytes of a batch, and of one event.
const MOST_BATCH: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutLogEvents {
    pub(super) log_stream_name: String,
    log_events: Vec<InputLogEvent>,
    /// It means nothing any more.
    #[serde(rename = "sequenceToken")]
    _sequence_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InputLogEvent {
    timestamp: i64,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GetLogEvents {
    pub(super) log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    start_from_head: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FilterLogEvents {
    #[serde(default)]
    log_stream_names: Vec<String>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    #[serde(default)]
    filter_pattern: String,
    next_token: Option<String>,
    limit: Option<usize>,
    start_from_head: Option<bool>,
    /// Events of all streams are always in one order.
    #[serde(rename = "interleaved")]
    _interleaved: Option<bool>,
}

/// Which events of a batch are taken, and what is told of the others.
struct Taken {
    range: Range<usize>,
    rejected: Map<String, Value>,
}

impl Logs {
    pub(super) fn put_events(&self, _: &Call, input: OnGroup<PutLogEvents>) -> Result<Value, ServiceError> {
        let (stream, events) = (input.own.log_stream_name, input.own.log_events);
        check(&events)?;
        self.in_group(&input.target.log_group_name, |group| {
            if !group.streams.contains_key(&stream) {
                return Err(no_stream());
            }
            let Taken { range, rejected } = taken(group, &events);
            if let Some((first, last)) = events.get(range.start).zip(events[..range.end].last())
                && range.start < range.end
                && last.timestamp - first.timestamp > DAY
            {
                return Err(invalid(
                    "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
                ));
            }
            for event in events.into_iter().take(range.end).skip(range.start) {
                group.keep(&stream, event.timestamp, event.message);
            }
            let token = Place { at: now(), number: 0 };
            let mut output = json!({"nextSequenceToken": token.id()});
            if !rejected.is_empty() {
                output["rejectedLogEventsInfo"] = rejected.into();
            }
            Ok(output)
        })
    }

    pub(super) fn get_events(&self, _: &Call, input: OfNamed<GetLogEvents>) -> Result<Value, ServiceError> {
        let (name, asked) = (input.target.name()?, input.own);
        let token = asked.next_token.as_deref().map(Token::read).transpose()?;
        let goes_back = token.as_ref().map_or(!asked.start_from_head, |token| token.is_backward);
        let from = asked.start_time.unwrap_or(0);
        let window = Window {
            from,
            to: asked.end_time.map_or(i64::MAX, |end| end.saturating_sub(1)),
            behind: token
                .as_ref()
                .filter(|token| !token.is_backward)
                .map(|token| token.place),
            before: token
                .as_ref()
                .filter(|token| token.is_backward)
                .map(|token| token.place),
            newest_first: goes_back,
            most: most(asked.limit)?,
        };
        self.in_group(&name, |group| {
            if !group.streams.contains_key(&asked.log_stream_name) {
                return Err(no_stream());
            }
            let Page { mut events, .. } = group.page(&window, |event| event.stream == asked.log_stream_name);
            if goes_back {
                events.reverse();
            }
            // Where nothing is, both tokens stay where they are.
            let still = token.map_or(Place { at: from, number: 0 }, |token| token.place);
            let (first, last) = (events.first(), events.last());
            let (first, last) = (first.map_or(still, |(at, _)| *at), last.map_or(still, |(at, _)| *at));
            let shown = events.iter().map(
                |(at, event)| json!({"timestamp": at.at, "message": event.message, "ingestionTime": event.ingested}),
            );
            Ok(json!({
                "events": shown.collect::<Vec<_>>(),
                "nextForwardToken": format!("f/{}/s", last.id()),
                "nextBackwardToken": format!("b/{}/s", first.id()),
            }))
        })
    }

    pub(super) fn filter_events(&self, _: &Call, input: OfNamed<FilterLogEvents>) -> Result<Value, ServiceError> {
        let (name, asked) = (input.target.name()?, input.own);
        if !asked.log_stream_names.is_empty() && asked.log_stream_name_prefix.is_some() {
            return Err(invalid("Cannot specify both logStreamNames and logStreamNamePrefix"));
        }
        if asked.log_stream_names.len() > 100 {
            return Err(invalid("At most 100 log streams can be specified"));
        }
        let pattern = Pattern::read(&asked.filter_pattern)?;
        let newest_first = asked.start_from_head == Some(false);
        let token = asked.next_token.as_deref();
        let token = token
            .map(|token| Place::read(token).ok_or_else(bad_token))
            .transpose()?;
        let window = Window {
            from: asked.start_time.unwrap_or(0),
            to: asked.end_time.unwrap_or(i64::MAX),
            behind: token.filter(|_| !newest_first),
            before: token.filter(|_| newest_first),
            newest_first,
            most: most(asked.limit)?,
        };
        let prefix = asked.log_stream_name_prefix.unwrap_or_default();
        let wants = |event: &Event| {
            let is_named = asked.log_stream_names.is_empty() || asked.log_stream_names.contains(&event.stream);
            is_named && event.stream.starts_with(&prefix) && pattern.matches(&event.message)
        };
        self.in_group(&name, |group| {
            if asked
                .log_stream_names
                .iter()
                .any(|stream| !group.streams.contains_key(stream))
            {
                return Err(no_stream());
            }
            let page = group.page(&window, wants);
            let shown = page.events.iter().map(|(at, event)| {
                json!({
                    "logStreamName": event.stream,
                    "timestamp": at.at,
                    "message": event.message,
                    "ingestionTime": event.ingested,
                    "eventId": at.id(),
                })
            });
            let mut output = json!({"events": shown.collect::<Vec<_>>(), "searchedLogStreams": []});
            if let Some((last, _)) = page.events.last().filter(|_| page.is_truncated) {
                output["nextToken"] = last.id().into();
            }
            Ok(output)
        })
    }
}

/// A batch of events that can be taken:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.
fn check(events: &[InputLogEvent]) -> Result<(), ServiceError> {
    if !(1..=MOST_EVENTS).contains(&events.len()) {
        return Err(invalid("A batch must have 1 to 10000 log events"));
    }
    if events
        .iter()
        .any(|event| event.message.is_empty() || event.timestamp < 0)
    {
        return Err(invalid(
            "A log event must have a message and a timestamp that is not negative",
        ));
    }
    let bytes: usize = events.iter().map(|event| event.message.len() + OVERHEAD).sum();
    if bytes > MOST_BATCH {
        return Err(invalid(format_args!(
            "Upload too large: {bytes} bytes exceeds limit of {MOST_BATCH}"
        )));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    Ok(())
}

/// Of a batch in order, what is too old, has expired or is too new.
fn taken(group: &Group, events: &[InputLogEvent]) -> Taken {
    let before = |time: i64| events.partition_point(|event| event.timestamp < time);
    let now = now();
    let (old, expired) = (before(now - 14 * DAY), before(group.expires_before()));
    let new = before(now + DAY / 12 + 1);
    let mut rejected = Map::new();
    for (member, index, is_any) in [
        ("tooOldLogEventEndIndex", old, old > 0),
        ("expiredLogEventEndIndex", expired, expired > 0),
        ("tooNewLogEventStartIndex", new, new < events.len()),
    ] {
        if is_any {
            rejected.insert(member.to_owned(), index.into());
        }
    }
    Taken {
        range: old.max(expired)..new,
        rejected,
    }
}

/// Where a reader of a stream goes on, and in which direction.
struct Token {
    is_backward: bool,
    place: Place,
}

impl Token {
    fn read(token: &str) -> Result<Self, ServiceError> {
        let inner = token.strip_suffix("/s").and_then(|token| token.split_once('/'));
        let (direction, id) = inner.ok_or_else(bad_token)?;
        let is_backward = match direction {
            "b" => true,
            "f" => false,
            _ => return Err(bad_token()),
        };
        let place = Place::read(id).ok_or_else(bad_token)?;
        Ok(Self { is_backward, place })
    }
}

fn most(limit: Option<usize>) -> Result<usize, ServiceError> {
    limit_within(limit, MOST_EVENTS)
}

fn bad_token() -> ServiceError {
    invalid("The specified nextToken is invalid.")
}

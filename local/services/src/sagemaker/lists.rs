//! The lists of SageMaker: what all of them filter by, how they are sorted, and their pages.

use super::checks::one_of;
use jiff::Timestamp;
use platform::ServiceError;
use platform::input::{On, Target};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::cmp::Ordering;

/// The members that all lists have in their inputs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Asked {
    #[serde(default, deserialize_with = "time")]
    creation_time_after: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    creation_time_before: Option<Timestamp>,
    #[serde(default)]
    name_contains: String,
    sort_by: Option<String>,
    sort_order: Option<String>,
    max_results: Option<u64>,
    next_token: Option<String>,
}

impl Target for Asked {
    const MEMBERS: &'static [&'static str] = &[
        "CreationTimeAfter",
        "CreationTimeBefore",
        "NameContains",
        "SortBy",
        "SortOrder",
        "MaxResults",
        "NextToken",
    ];
}

/// The input of a list whose own members are `I`.
pub(crate) type List<I> = On<Asked, I>;

/// A time: seconds since 1970, or written out.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let read = match &value {
        Value::Null => return Ok(None),
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_f64().and_then(|seconds| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a number too large becomes the largest, which is no timestamp"
            )]
            let milliseconds = (seconds * 1000.0).round() as i64;
            Timestamp::from_millisecond(milliseconds).ok()
        }),
        _ => None,
    };
    let wrong = || serde::de::Error::custom(format_args!("`{value}` is no time"));
    read.map(Some).ok_or_else(wrong)
}

/// Whether a time is after one and before another, as exact as answers show times.
pub(super) fn is_between(at: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    let at = at.as_millisecond();
    after.is_none_or(|after| at > after.as_millisecond()) && before.is_none_or(|before| at < before.as_millisecond())
}

/// What lists look at of an item.
pub(super) struct Listed<'a> {
    pub(super) name: &'a str,
    pub(super) created: Timestamp,
    pub(super) status: &'a str,
}

/// How a list is sorted where the caller does not say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    OldestFirst,
}

impl Asked {
    /// Whether the caller says how large a page is.
    pub(super) fn has_size(&self) -> bool {
        self.max_results.is_some()
    }

    /// Whether an item is among those that are asked for.
    fn wants(&self, item: &Listed) -> bool {
        item.name.contains(&self.name_contains)
            && is_between(item.created, self.creation_time_after, self.creation_time_before)
    }

    /// The page of `items` that is asked for, in the member `member`.
    pub(super) fn answer<T>(
        &self,
        mut items: Vec<T>,
        listed: impl Fn(&T) -> Listed<'_>,
        (order, by): (Order, &[&str]),
        member: &str,
        show: impl FnMut(T) -> Value,
    ) -> Result<Value, ServiceError> {
        let sort_by = self.sort_by.as_deref().unwrap_or("CreationTime");
        one_of(sort_by, "sortBy", by)?;
        let descending = match self.sort_order.as_deref() {
            None => order == Order::NewestFirst,
            Some(given) => {
                one_of(given, "sortOrder", &["Ascending", "Descending"])?;
                given == "Descending"
            }
        };
        let size = self.max_results.unwrap_or(10);
        super::checks::number(size, "maxResults", 1..=100)?;
        items.retain(|item| self.wants(&listed(item)));
        items.sort_by(|left, right| {
            let (left, right) = (listed(left), listed(right));
            let ordering = match sort_by {
                "Name" => left.name.cmp(right.name),
                "Status" => left.status.cmp(right.status),
                _ => Ordering::Equal,
            };
            let ordering = ordering.then(left.created.cmp(&right.created));
            if descending { ordering.reverse() } else { ordering }
        });
        let size = usize::try_from(size).unwrap_or(100);
        let page = platform::input::page(items, size, self.next_token.as_deref(), "ValidationException")?;
        Ok(page.answer(member, "NextToken", show))
    }
}

/// The members of a description that its summary has too.
pub(super) fn summary(whole: &Value, members: &[&str]) -> Value {
    let members = members.iter().filter_map(|member| {
        let value = whole.get(*member)?;
        Some(((*member).to_owned(), value.clone()))
    });
    Value::Object(members.collect())
}

//! What operations read from their input and put into their output, the same for every service.

use crate::error::ServiceError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// Reads an operation's input. A field that the local run does not have is refused by name, not ignored.
///
/// # Errors
/// `NotInLocalRun` for a field that the type does not know, ValidationException for what is missing or ill-typed.
pub fn read<'a, T: Deserialize<'a>>(
    input: impl Deserializer<'a, Error = serde_json::Error>,
) -> Result<T, ServiceError> {
    T::deserialize(input).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("unknown field ") {
            Some(rest) => ServiceError {
                status: 501,
                unknown_member: rest.split('`').nth(1).map(str::to_owned),
                ..ServiceError::new(
                    "NotInLocalRun",
                    format_args!("the local run does not have the field {rest}"),
                )
            },
            None => ServiceError::validation(text),
        }
    })
}

/// Members that many operations of a service have in their inputs, such as the name of a repository.
pub trait Target: DeserializeOwned {
    /// The names of the members.
    const MEMBERS: &'static [&'static str];
}

/// The input of an operation on a [`Target`]. `#[serde(flatten)]` would do the same, but it cannot refuse members that
/// nobody knows.
#[derive(Debug)]
pub struct On<T, I> {
    /// What the operation is on.
    pub target: T,
    /// The other members, which are the operation's own.
    pub own: I,
}

impl<'de, T: Target, I: DeserializeOwned> Deserialize<'de> for On<T, I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut own: Map<String, Value> = Map::deserialize(deserializer)?;
        let members = T::MEMBERS.iter();
        let target: Map<String, Value> = members.filter_map(|member| own.remove_entry(*member)).collect();
        Ok(Self {
            target: T::deserialize(Value::Object(target)).map_err(D::Error::custom)?,
            own: I::deserialize(Value::Object(own)).map_err(D::Error::custom)?,
        })
    }
}

/// A time as the JSON protocols write it: seconds since 1970, with milliseconds.
pub fn seconds(at: Timestamp) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 fit into 53 bits for the next 280,000 years"
    )]
    let seconds = at.as_millisecond() as f64 / 1000.0;
    seconds.into()
}

/// One page of a list, and the token for the next one.
#[derive(Debug, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What asks for the next one; none on the last.
    pub next_token: Option<String>,
}

impl<T> Page<T> {
    /// The page as an operation answers it: the items in the member `list`, the token in the member `token`.
    pub fn answer(self, list: &str, token: &str, show: impl FnMut(T) -> Value) -> Value {
        let items: Vec<Value> = self.items.into_iter().map(show).collect();
        let mut answer = json!({ list: items });
        if let Some(next) = self.next_token {
            answer[token] = next.into();
        }
        answer
    }
}

/// Cuts the page that `token` stands for out of `items`.
///
/// # Errors
/// `invalid` names the error code for a token that did not come from here.
pub fn page<T>(
    items: impl IntoIterator<Item = T>,
    size: usize,
    token: Option<&str>,
    invalid: &str,
) -> Result<Page<T>, ServiceError> {
    let start = match token {
        None => 0,
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix("from-")?.parse::<usize>().ok())
            .ok_or_else(|| ServiceError::new(invalid, "Invalid token"))?,
    };
    let mut rest = items.into_iter().skip(start);
    let items: Vec<T> = rest.by_ref().take(size.max(1)).collect();
    let next_token = rest.next().is_some().then(|| token_from(start + items.len()));
    Ok(Page { items, next_token })
}

/// The token that asks [`page`] for what is behind the first `start` items.
pub fn token_from(start: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("from-{start}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_apart_from_the_rest() {
        #[derive(Deserialize)]
        struct Queue {
            queue: String,
        }
        impl Target for Queue {
            const MEMBERS: &'static [&'static str] = &["queue"];
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Send {
            body: String,
        }
        let read = |input: Value| read::<On<Queue, Send>>(input);
        let input = read(json!({"queue": "q", "body": "b"})).unwrap();
        assert_eq!((input.target.queue.as_str(), input.own.body.as_str()), ("q", "b"));
        for (input, code, part) in [
            (json!({"body": "b"}), "ValidationException", "`queue`"),
            (json!({"queue": "q"}), "ValidationException", "`body`"),
            (
                json!({"queue": "q", "body": "b", "delay": 1}),
                "NotInLocalRun",
                "`delay`",
            ),
            (json!(null), "ValidationException", "null"),
        ] {
            let error = read(input).map(drop).unwrap_err();
            assert_eq!(error.code, code);
            assert!(error.message.contains(part), "{error}");
            assert_eq!(error.unknown_member.is_some(), code == "NotInLocalRun", "{error}");
        }
    }

    #[test]
    fn pages_join_to_the_whole_list() {
        let mut token = None;
        let mut all = Vec::new();
        loop {
            let page = page(0..7, 3, token.as_deref(), "InvalidToken").unwrap();
            assert!(page.items.len() <= 3);
            all.extend(page.items);
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(all, (0..7).collect::<Vec<_>>());
        assert_eq!(
            page(0..7, 3, Some("x"), "InvalidToken").unwrap_err().code,
            "InvalidToken"
        );
    }
}

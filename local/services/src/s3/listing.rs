//! Listings of a bucket, page by page.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.

use super::object::Object;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::error::ServiceError;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Which objects to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListObjects {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this behind the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only keys behind this one.
    pub start_after: Option<String>,
    /// Where the page before ended.
    pub continuation_token: Option<String>,
    /// At most so many keys and common prefixes.
    pub max_keys: usize,
}

impl Default for ListObjects {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            delimiter: None,
            start_after: None,
            continuation_token: None,
            max_keys: 1000,
        }
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Listing {
    /// The objects by key.
    pub contents: Vec<(String, Object)>,
    /// The common prefixes.
    pub common_prefixes: Vec<String>,
    /// How to ask for the next page, if there is one.
    pub next_continuation_token: Option<String>,
}

impl ListObjects {
    /// The page that this asks for.
    pub(super) fn answer(&self, objects: &BTreeMap<String, Object>) -> Result<Listing, ServiceError> {
        let after = match &self.continuation_token {
            Some(token) => Some(decode(token)?),
            None => self.start_after.clone(),
        };
        let from = match &after {
            Some(after) if *after >= self.prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(self.prefix.as_str()),
        };
        let mut listing = Listing::default();
        let mut last = String::new();
        let matching = objects
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&self.prefix));
        for (key, object) in matching {
            let common = self.common_prefix(key);
            // Rolled up already: on this page, or on the one before.
            if let Some(common) = common
                && (listing.common_prefixes.last().is_some_and(|last| last == common)
                    || after.as_ref().is_some_and(|after| after.starts_with(common)))
            {
                last.clone_from(key);
                continue;
            }
            if listing.contents.len() + listing.common_prefixes.len() >= self.max_keys {
                listing.next_continuation_token = Some(URL_SAFE_NO_PAD.encode(&last)).filter(|_| self.max_keys > 0);
                break;
            }
            match common {
                Some(common) => listing.common_prefixes.push(common.to_owned()),
                None => listing.contents.push((key.clone(), object.clone())),
            }
            last.clone_from(key);
        }
        Ok(listing)
    }

    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
        let end = key[self.prefix.len()..].find(delimiter)? + self.prefix.len() + delimiter.len();
        Some(&key[..end])
    }
}

fn decode(token: &str) -> Result<String, ServiceError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| ServiceError::new("InvalidArgument", "The continuation token provided is incorrect"))
}

#[cfg(test)]
mod tests {
    use super::super::object::{Encryption, NewObject};
    use super::*;

    fn pages(mut question: ListObjects, keys: &[&str]) -> Vec<Vec<String>> {
        let objects = keys
            .iter()
            .map(|key| {
                (
                    (*key).to_owned(),
                    Object::store(NewObject::default(), &Encryption::by_s3()),
                )
            })
            .collect();
        let mut pages = Vec::new();
        loop {
            let page = question.answer(&objects).expect("a page");
            let mut names: Vec<String> = page.contents.into_iter().map(|(key, _)| key).collect();
            names.extend(page.common_prefixes.into_iter().map(|prefix| format!("{prefix}…")));
            pages.push(names);
            match page.next_continuation_token {
                Some(token) => question.continuation_token = Some(token),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_prefixes_and_delimiters() {
        let keys = ["a/1", "a/2", "a/b/3", "b", "c/1", "c/2", "d"];
        let slash = Some("/".to_owned());
        for (question, expected) in [
            (ListObjects::default(), vec![keys.to_vec()]),
            (
                ListObjects {
                    prefix: "a/".into(),
                    ..ListObjects::default()
                },
                vec![vec!["a/1", "a/2", "a/b/3"]],
            ),
            (
                ListObjects {
                    delimiter: slash.clone(),
                    ..ListObjects::default()
                },
                vec![vec!["b", "d", "a/…", "c/…"]],
            ),
            (
                ListObjects {
                    delimiter: slash,
                    max_keys: 1,
                    ..ListObjects::default()
                },
                vec![vec!["a/…"], vec!["b"], vec!["c/…"], vec!["d"]],
            ),
            (
                ListObjects {
                    max_keys: 3,
                    start_after: Some("a/1".into()),
                    ..ListObjects::default()
                },
                vec![vec!["a/2", "a/b/3", "b"], vec!["c/1", "c/2", "d"]],
            ),
            (
                ListObjects {
                    prefix: "x".into(),
                    ..ListObjects::default()
                },
                vec![vec![]],
            ),
        ] {
            assert_eq!(pages(question.clone(), &keys), expected, "{question:?}");
        }
    }
}

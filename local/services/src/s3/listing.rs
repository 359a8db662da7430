//! Listings of a bucket, page by page: keys in order, with those behind a delimiter rolled up.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>; the other listings are alike.

use std::ops::Bound;

/// Which keys to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this behind the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only what comes behind this key or common prefix.
    pub after: Option<String>,
    /// At most so many entries and common prefixes.
    pub most: usize,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page<T> {
    /// The entries that are not rolled up.
    pub items: Vec<T>,
    /// The common prefixes.
    pub common_prefixes: Vec<String>,
    /// The last key or common prefix on it, where another page follows.
    pub last: Option<String>,
}

impl Listing {
    /// Where the keys begin that it can be about.
    pub(super) fn start(&self) -> Bound<&str> {
        match self.after.as_deref() {
            Some(after) if *after >= *self.prefix => Bound::Excluded(after),
            _ => Bound::Included(&self.prefix),
        }
    }

    /// The page of these entries, which come in the order of their keys.
    pub(super) fn page<'k, T>(&self, entries: impl Iterator<Item = (&'k str, T)>) -> Page<T> {
        let mut page = Page {
            items: Vec::new(),
            common_prefixes: Vec::new(),
            last: None,
        };
        let mut last = None;
        for (key, entry) in entries.take_while(|(key, _)| key.starts_with(&self.prefix)) {
            let common = self.common_prefix(key);
            // Rolled up already: on this page, or on the one before.
            if let Some(common) = common
                && (page.common_prefixes.last().is_some_and(|last| last == common)
                    || self.after.as_ref().is_some_and(|after| after.starts_with(common)))
            {
                continue;
            }
            if page.items.len() + page.common_prefixes.len() >= self.most {
                page.last = last.filter(|_| self.most > 0).map(str::to_owned);
                break;
            }
            last = Some(common.unwrap_or(key));
            match common {
                Some(common) => page.common_prefixes.push(common.to_owned()),
                None => page.items.push(entry),
            }
        }
        page
    }

    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
        let end = key[self.prefix.len()..].find(delimiter)? + self.prefix.len() + delimiter.len();
        Some(&key[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn listing() -> Listing {
        Listing {
            prefix: String::new(),
            delimiter: None,
            after: None,
            most: 1000,
        }
    }

    fn pages(mut question: Listing, keys: &[&str]) -> Vec<Vec<String>> {
        let keys: BTreeSet<&str> = keys.iter().copied().collect();
        let mut pages = Vec::new();
        loop {
            let range = keys.range::<str, _>((question.start(), Bound::Unbounded));
            let page = question.page(range.map(|key| (*key, (*key).to_owned())));
            let mut names = page.items;
            names.extend(page.common_prefixes.into_iter().map(|prefix| format!("{prefix}…")));
            pages.push(names);
            match page.last {
                Some(last) => question.after = Some(last),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_prefixes_and_delimiters() {
        let keys = ["a/1", "a/2", "a/b/3", "b", "c/1", "c/2", "d"];
        let slash = Some("/".to_owned());
        for (question, expected) in [
            (listing(), vec![keys.to_vec()]),
            (
                Listing {
                    prefix: "a/".into(),
                    ..listing()
                },
                vec![vec!["a/1", "a/2", "a/b/3"]],
            ),
            (
                Listing {
                    delimiter: slash.clone(),
                    ..listing()
                },
                vec![vec!["b", "d", "a/…", "c/…"]],
            ),
            (
                Listing {
                    delimiter: slash,
                    most: 1,
                    ..listing()
                },
                vec![vec!["a/…"], vec!["b"], vec!["c/…"], vec!["d"]],
            ),
            (
                Listing {
                    most: 3,
                    after: Some("a/1".into()),
                    ..listing()
                },
                vec![vec!["a/2", "a/b/3", "b"], vec!["c/1", "c/2", "d"]],
            ),
            (
                Listing {
                    prefix: "x".into(),
                    ..listing()
                },
                vec![vec![]],
            ),
        ] {
            assert_eq!(pages(question.clone(), &keys), expected, "{question:?}");
        }
    }
}

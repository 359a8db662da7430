//! The one door of the page to the account. Everything that comes through it has its secrets hidden.

use bytes::Bytes;
use platform::journal::{Entry, Happening, Kept};
use platform::{ErrorKind, Platform, Principal, ServiceError};
use serde_json::Value;
use std::sync::Arc;

/// Reads the account, and does what a person asks for on the page.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    platform: Arc<Platform>,
}

/// Why something cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It is not in the account.
    NotFound(String),
    /// A service said something else.
    Refused(String),
}

impl From<ServiceError> for Gone {
    fn from(error: ServiceError) -> Self {
        match error.kind {
            ErrorKind::NotFound => Self::NotFound(error.message),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl Gone {
    /// The same, where it says of something that it is not there: SageMaker has no error of its own for that.
    pub(crate) fn of_sagemaker(self) -> Self {
        match self {
            Self::Refused(said) if said.contains("does not exist") || said.contains("resource not found") => {
                Self::NotFound(said)
            }
            other => other,
        }
    }
}

impl Reader {
    pub(crate) fn new(platform: Arc<Platform>) -> Self {
        Self { platform }
    }

    /// The account itself, for what is no operation: its name, its files, its journal.
    pub(crate) fn platform(&self) -> &Arc<Platform> {
        &self.platform
    }

    /// What an operation that only reads answers.
    pub(crate) async fn look(&self, service: &str, operation: &str, input: Value) -> Result<Value, Gone> {
        let answer = self.platform.look(service, operation, input).await?;
        Ok(self.platform.secrets.hide_json(&answer.output))
    }

    /// The same, with the bytes that stream out.
    pub(crate) async fn bytes(&self, service: &str, operation: &str, input: Value) -> Result<(Value, Bytes), Gone> {
        let answer = self.platform.look(service, operation, input).await?;
        let hidden = self.platform.secrets.hide_json(&answer.output);
        Ok((hidden, answer.body.unwrap_or_default()))
    }

    /// All items of a list that comes in pages, at most `most` of them. `token` is the name of the token in the input
    /// and in the answers, which services spell in their own ways.
    pub(crate) async fn all(
        &self,
        (service, operation): (&str, &str),
        mut input: Value,
        (list, token): (&str, &str),
        most: usize,
    ) -> Result<Vec<Value>, Gone> {
        let mut items = Vec::new();
        loop {
            let mut page = self.look(service, operation, input.clone()).await?;
            if let Value::Array(found) = page[list].take() {
                items.extend(found);
            }
            match page[token].take() {
                Value::String(next) if items.len() < most => input[token] = next.into(),
                _ => break,
            }
        }
        items.truncate(most);
        Ok(items)
    }

    /// Does what a person asked for, as that person.
    pub(crate) async fn act(&self, service: &str, operation: &str, input: Value) -> Result<Value, Gone> {
        let done = self.platform.call(&Principal::Administrator, service, operation, input);
        Ok(self.platform.secrets.hide_json(&done.await?))
    }

    /// Text that comes from elsewhere than an operation, with its secrets hidden.
    pub(crate) fn hidden(&self, text: &str) -> String {
        self.platform.secrets.hide(text).into_owned()
    }

    /// What the journal has: of earlier runs what lasts, or all of this one where nothing does.
    pub(crate) fn journal(&self) -> Vec<Kept> {
        let journal = &self.platform.journal;
        let entries: Vec<Kept> = match journal.kept() {
            Ok(kept) if !kept.is_empty() => kept,
            _ => {
                return journal
                    .entries()
                    .into_iter()
                    .filter_map(|entry| self.told(entry))
                    .collect();
            }
        };
        entries
            .into_iter()
            .filter_map(|kept| self.without_secrets(kept))
            .collect()
    }

    /// An entry of this run, with its secrets hidden.
    pub(crate) fn told(&self, entry: Entry) -> Option<Kept> {
        self.without_secrets(Kept {
            last: entry.at,
            count: 1,
            entry,
        })
    }

    /// The entry with its secrets hidden. Events and what functions were asked have none any more, and are long.
    fn without_secrets(&self, kept: Kept) -> Option<Kept> {
        match &kept.entry.happening {
            Happening::EventSent { .. } | Happening::Authorized { .. } | Happening::Invocation { .. } => Some(kept),
            _ => {
                let hidden = self.platform.secrets.hide_json(&serde_json::to_value(&kept).ok()?);
                serde_json::from_value(hidden).ok()
            }
        }
    }
}

//! Functions and their invocations.

use super::logs::Stream;
use super::reader::{Gone, Reader};
use super::values::text;
use jiff::{SignedDuration, Timestamp};
use platform::journal::{Happening, Kept};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// The ARN of its role.
    pub(crate) role: String,
    /// The whole answer of GetFunctionConfiguration, or the item of the list.
    pub(crate) raw: Value,
}

impl Function {
    fn read(raw: Value) -> Self {
        Self {
            name: text(&raw, "FunctionName").to_owned(),
            arn: text(&raw, "FunctionArn").to_owned(),
            role: text(&raw, "Role").to_owned(),
            raw,
        }
    }

    /// A function of which its name alone is known: it was in the account when it was invoked.
    pub(crate) fn gone(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: String::new(),
            role: String::new(),
            raw: Value::Null,
        }
    }

    /// Whether it is not in the account now.
    pub(crate) fn is_gone(&self) -> bool {
        self.raw.is_null()
    }

    /// The name of its role.
    pub(crate) fn role_name(&self) -> &str {
        self.role.rsplit('/').next().unwrap_or_default()
    }
}

/// An invocation that ended.
#[derive(Debug, Clone)]
pub(crate) struct Invoked<'a> {
    /// Its number in the journal.
    pub(crate) sequence: u64,
    /// When it ended.
    pub(crate) at: Timestamp,
    /// The function's name.
    pub(crate) function: &'a str,
    /// Its request id.
    pub(crate) request_id: &'a str,
    /// Succeeded, Failed, TimedOut or Crashed.
    pub(crate) outcome: &'a str,
    /// What went wrong.
    pub(crate) error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub(crate) duration: u64,
    /// What is billed of it.
    pub(crate) billed: u64,
    /// How long its process took to start, where it did.
    pub(crate) init: Option<u64>,
    /// How much memory it may have, in megabytes.
    pub(crate) memory_size: u32,
    /// How much it had.
    pub(crate) memory_used: u32,
    /// Which attempt it was.
    pub(crate) attempt: u32,
    /// What the function was asked, as JSON.
    pub(crate) event: &'a str,
    /// What it answered.
    pub(crate) answer: &'a str,
    /// The log group, and the stream in it.
    pub(crate) log: (&'a str, &'a str),
}

fn milliseconds(length: std::time::Duration) -> u64 {
    length.as_millis().try_into().unwrap_or(u64::MAX)
}

impl<'a> Invoked<'a> {
    /// The invocation that an entry tells of.
    pub(crate) fn read(kept: &'a Kept) -> Option<Self> {
        let Happening::Invocation {
            function,
            request_id,
            outcome,
            error,
            duration,
            billed,
            init,
            memory_size_mb,
            max_memory_used_mb,
            attempt,
            event,
            answer,
            log_group,
            log_stream,
        } = &kept.entry.happening
        else {
            return None;
        };
        Some(Self {
            sequence: kept.entry.sequence,
            at: kept.entry.at,
            function,
            request_id,
            outcome,
            error: error.as_deref(),
            duration: milliseconds(*duration),
            billed: milliseconds(*billed),
            init: init.map(milliseconds),
            memory_size: *memory_size_mb,
            memory_used: *max_memory_used_mb,
            attempt: *attempt,
            event,
            answer,
            log: (log_group, log_stream),
        })
    }

    /// Whether it ended well.
    pub(crate) fn succeeded(&self) -> bool {
        self.outcome == "Succeeded"
    }

    /// Its log stream.
    pub(crate) fn stream(&self) -> Stream {
        Stream {
            group: self.log.0.to_owned(),
            name: self.log.1.to_owned(),
        }
    }

    /// From when to when its lines are: a process has one invocation at a time.
    fn span(&self) -> (Timestamp, Timestamp) {
        let took = self.duration + self.init.unwrap_or_default() + SLACK;
        let took = SignedDuration::from_millis(took.try_into().unwrap_or(i64::MAX));
        let after = self.at.saturating_add(SignedDuration::from_millis(SLACK as i64));
        (
            self.at.saturating_sub(took).unwrap_or(Timestamp::MIN),
            after.unwrap_or(Timestamp::MAX),
        )
    }

    /// Whether a text is in its id, its error, its event or its answer.
    pub(crate) fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let parts = [
            self.request_id,
            self.outcome,
            self.error.unwrap_or_default(),
            self.event,
            self.answer,
        ];
        text.is_empty() || parts.into_iter().any(|part| part.to_lowercase().contains(&text))
    }
}

/// How many milliseconds a line may be before or after the invocation that it is of.
const SLACK: u64 = 20;

impl Reader {
    /// The functions, by name, and those that are gone but were invoked.
    pub(crate) async fn functions_and_gone(&self, invoked: &[Invoked<'_>]) -> Result<Vec<Function>, Gone> {
        let mut functions = self.functions().await?;
        let mut names: BTreeSet<&str> = invoked.iter().map(|one| one.function).collect();
        functions.iter().for_each(|function| _ = names.remove(&*function.name));
        functions.extend(names.into_iter().map(Function::gone));
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(functions)
    }

    /// The functions, by name.
    pub(crate) async fn functions(&self) -> Result<Vec<Function>, Gone> {
        let listed = self
            .all(("lambda", "ListFunctions"), json!({}), ("Functions", "Marker"), 10_000)
            .await?;
        let mut functions: Vec<Function> = listed.into_iter().map(Function::read).collect();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(functions)
    }

    /// A function.
    pub(crate) async fn function(&self, name: &str) -> Result<Function, Gone> {
        let found = self
            .look("lambda", "GetFunctionConfiguration", json!({"FunctionName": name}))
            .await?;
        Ok(Function::read(found))
    }

    /// The lines that an invocation printed.
    pub(crate) async fn lines_of(&self, invoked: &Invoked<'_>) -> Vec<(Timestamp, String)> {
        let (from, to) = invoked.span();
        let lines = self.lines(&invoked.stream(), "", usize::MAX).await.unwrap_or_default();
        let lines = lines.lines.into_iter();
        lines.filter(|(at, _)| (from..=to).contains(at)).collect()
    }
}

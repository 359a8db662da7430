//! Event patterns: which events a rule wants.
//!
//! Every operator of <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>:
//! exact values, prefix, suffix, equals-ignore-case, wildcard, anything-but (of all of them), numeric, cidr, exists and
//! `$or`. A pattern is read when a rule is put: a mistake in it is an error then, and not a rule that never matches.
//!
//! What the guide leaves open is as in <https://github.com/aws/event-ruler>, AWS's own matcher: an event is its leaves,
//! each at a dotted path, and a pattern is branches of such paths.

mod branch;
mod compare;
mod compile;
mod complexity;
mod event;
mod matcher;
mod operators;
#[cfg(test)]
mod tests;
mod tokens;
mod words;

use branch::Branch;
use serde_json::Value;

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// One of them must match. There are several where the pattern has `$or`.
    branches: Vec<Branch>,
    /// Where the pattern has `$or`.
    or: Vec<String>,
}

/// What is wrong with a pattern, and where: `Event pattern is not valid. Reason: …`, as EventBridge says it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {0}")]
pub struct PatternError(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and at which place of the text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let compiled = compile::compile(text).map_err(PatternError)?;
        if complexity::is_too_complex(&compiled.branches) {
            return Err(PatternError(complexity::TOO_COMPLEX.to_owned()));
        }
        Ok(Self {
            branches: compiled.branches,
            or: compiled.or,
        })
    }

    /// Whether an event is wanted.
    pub fn matches(&self, event: &Value) -> bool {
        self.branches.iter().any(|branch| branch.matches(event))
    }

    /// Why an event is not wanted: the first field of the pattern that it does not fit, in words. None if it is wanted.
    pub fn why_not(&self, event: &Value) -> Option<String> {
        let mut reasons: Vec<String> = Vec::new();
        for branch in &self.branches {
            if branch.matches(event) {
                return None;
            }
            let misfit = branch.fields.iter().find(|field| !field.matches(event));
            let reason = misfit.map_or_else(
                || words::apart(&branch.fields),
                |field| words::misfit(event, &field.path, &field.wanted),
            );
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        match reasons.as_slice() {
            [one] => Some(one.clone()),
            several => Some(words::no_alternative(&self.or, several)),
        }
    }
}

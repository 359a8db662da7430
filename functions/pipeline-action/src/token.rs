//! The continuation token: what one call tells the next, since the function itself remembers nothing.
//!
//! CodePipeline brings it back exactly as it was sent. It is text that people can read in a log, holds no secret, and
//! carries a version and a checksum, so that a token of another function, of another version of this one, or a damaged
//! one is refused instead of misread.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::time::Timestamp;
use thiserror::Error;

/// The most characters that CodePipeline takes.
///
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>
#[cfg(test)]
const MAX_LENGTH: usize = 2_048;

/// How every token of this function begins.
const OURS: &str = "stepline-";
/// The version that this function writes and reads.
const VERSION: &str = "1";
/// How many hexadecimal digits of checksum a token has.
const CHECKSUM: usize = 8;

/// What one call tells the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Token {
    /// The id of the action's first job: the execution is named after it.
    pub job: String,
    /// When the action began to wait for the execution, or decided to redrive it; absent as long as it has done neither, so
    /// that the deliveries of a job agree on its answer.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub since: Timestamp,
    /// How many attempts in a row got no answer from what the function depends on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub misses: u32,
    /// How many polls in a row were about stopping the execution, which takes too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stops: u32,
    /// How many polls in a row the step at hand was tried without success that may still go well: a redrive that AWS
    /// refuses, or a history that does not tell yet why its execution failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
    /// The state machine, version or alias included, where a parameter names it: what the first job found there. The
    /// parameter may move before another delivery of that job reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The execution that is followed; absent as long as none could be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// When that execution was redriven last, as far as this action knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven: Option<Timestamp>,
    /// How the retry of a stage begins, once that is decided and not yet done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
}

/// How the retry of a stage begins whose execution did not succeed.
///
/// It is answered before it is carried out. CodePipeline takes one answer to a job, so that all deliveries of all the
/// action's events carry out the same: none redrives what another starts anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Retry {
    /// This execution is redriven.
    Redrive(String),
    /// A new execution is started.
    StartAnew,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_unset(moment: &Timestamp) -> bool {
    *moment == Timestamp::default()
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It was not written by this function.
    #[error("the continuation token is not one of this function")]
    Foreign,
    /// It was written by another version of this function.
    #[error("the continuation token was written by another version of this function: retry the stage")]
    OtherVersion,
    /// It was changed on the way.
    #[error("the continuation token is damaged")]
    Damaged,
}

impl Token {
    /// What is known when an action begins: its first job.
    #[must_use]
    pub fn first(job_id: &str, now: Timestamp) -> Self {
        Self {
            job: job_id.to_owned(),
            since: now,
            misses: 0,
            stops: 0,
            tries: 0,
            machine: None,
            execution: None,
            redriven: None,
            retry: None,
        }
    }

    /// The token after one more attempt that got no answer from what the function depends on.
    #[must_use]
    pub(crate) fn missed(&self) -> Self {
        let misses = self.misses + 1;
        Self { misses, ..self.clone() }.agreed()
    }

    /// The token once it is decided how the action begins, or the retry of its stage.
    #[must_use]
    pub(crate) fn decided(&self, retry: Option<Retry>) -> Self {
        Self {
            misses: 0,
            tries: 0,
            retry,
            ..self.clone()
        }
        .agreed()
    }

    /// Without the moment that each delivery of a job would tell otherwise, unless it counts.
    fn agreed(self) -> Self {
        let since = match (&self.execution, &self.retry) {
            (None, None | Some(Retry::StartAnew)) => Timestamp::default(),
            (Some(_), _) | (None, Some(Retry::Redrive(_))) => self.since,
        };
        Self { since, ..self }
    }

    /// The same at `now`, if the action has not begun to wait yet.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let since = if is_unset(&self.since) { now } else { self.since };
        Self { since, ..self }
    }

    /// The token as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let content = serde_json::json!(self).to_string();
        format!("{OURS}{VERSION} {} {content}", checksum(&content))
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError`] when it is not ours, of another version, or damaged.
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        let ours = text.strip_prefix(OURS).ok_or(TokenError::Foreign)?;
        let (version, rest) = ours.split_once(' ').ok_or(TokenError::Damaged)?;
        if version != VERSION {
            let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
            return Err(if is_version {
                TokenError::OtherVersion
            } else {
                TokenError::Damaged
            });
        }
        let (sum, content) = rest.split_once(' ').ok_or(TokenError::Damaged)?;
        if sum != checksum(content) {
            return Err(TokenError::Damaged);
        }
        serde_json::from_str(content).map_err(|_| TokenError::Damaged)
    }
}

/// Not a signature: whoever may call the function may also start the state machine. It tells damage.
fn checksum(content: &str) -> String {
    Sha256::digest(content)
        .iter()
        .take(CHECKSUM / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            job: "11111111-2222-4333-8444-000000000001".to_owned(),
            since: Timestamp::from_millis(1_764_000_000_000),
            misses: 3,
            stops: 2,
            tries: 1,
            machine: Some("arn:aws:states:us-east-1:123456789012:stateMachine:ml:prod".to_owned()),
            execution: Some("arn:aws:states:us-east-1:123456789012:execution:ml:one".to_owned()),
            redriven: Some(Timestamp::from_millis(1_764_000_000_001)),
            retry: None,
        }
    }

    #[test]
    fn a_token_comes_back_as_it_was() {
        let starting = Token {
            misses: 0,
            stops: 0,
            tries: 0,
            machine: None,
            execution: None,
            redriven: None,
            ..token()
        };
        let decided = |retry| Token {
            retry: Some(retry),
            ..starting.clone()
        };
        let redrive = decided(Retry::Redrive(
            "arn:aws:states:us-east-1:123456789012:execution:ml:one".to_owned(),
        ));
        for token in [token(), redrive, decided(Retry::StartAnew), starting] {
            assert_eq!(Token::decode(&token.encode()), Ok(token));
        }
    }

    #[test]
    fn a_token_says_what_it_has_to_and_no_more() {
        let first = Token::first("one", Timestamp::from_millis(7)).encode();
        let parts: Vec<&str> = first.splitn(3, ' ').collect();
        assert_eq!(parts[2], r#"{"job":"one","since":7}"#);
        let is_sum = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_sum(parts[1]), "{first}");
        let other = Token::first("two", Timestamp::from_millis(7)).encode();
        assert_ne!(other.split(' ').nth(1), Some(parts[1]));
        let missed = Token::first("one", Timestamp::from_millis(7)).missed();
        assert!(missed.encode().ends_with(r#"{"job":"one","misses":1}"#), "{missed:?}");
        assert_eq!(missed.at(Timestamp::from_millis(9)).since, Timestamp::from_millis(9));
    }

    #[test]
    fn what_counts_keeps_its_moment_and_what_every_delivery_tells_otherwise_does_not() {
        let began = Timestamp::from_millis(7);
        let first = Token::first("one", began);
        let arn = "arn:aws:states:us-east-1:123456789012:execution:ml:one".to_owned();
        let follows = Token {
            execution: Some(arn.clone()),
            ..first.clone()
        };
        for (token, since) in [
            (first.missed(), Timestamp::default()),
            (first.decided(None), Timestamp::default()),
            (first.decided(Some(Retry::StartAnew)), Timestamp::default()),
            (first.decided(Some(Retry::Redrive(arn))), began),
            (follows.missed(), began),
        ] {
            assert_eq!(token.since, since, "{token:?}");
        }
        let tried = Token {
            misses: 3,
            tries: 2,
            ..first
        };
        assert_eq!((tried.missed().misses, tried.missed().tries), (4, 2));
        assert_eq!((tried.decided(None).misses, tried.decided(None).tries), (0, 0));
    }

    #[test]
    fn the_longest_token_fits() {
        let arn = format!(
            "arn:aws-iso-b:states:us-isob-east-1:123456789012:execution:{}:{}",
            "m".repeat(80),
            "n".repeat(80)
        );
        let longest = Token {
            job: "j".repeat(64),
            since: Timestamp::from_millis(i64::MAX),
            misses: u32::MAX,
            stops: u32::MAX,
            tries: u32::MAX,
            machine: Some(arn.clone()),
            execution: Some(arn.clone()),
            redriven: Some(Timestamp::from_millis(i64::MAX)),
            retry: Some(Retry::Redrive(arn)),
        };
        assert!(longest.encode().len() <= MAX_LENGTH / 2);
    }

    #[test]
    fn every_damage_is_found() {
        let whole = token().encode();
        for at in 0..whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= 1;
            let damaged = String::from_utf8(bytes).unwrap();
            assert!(Token::decode(&damaged).is_err(), "{damaged}");
            assert!(Token::decode(&whole[..at]).is_err(), "{}", &whole[..at]);
        }
    }

    #[test]
    fn what_is_not_ours_is_told_from_what_is_damaged() {
        let other_version = token().encode().replacen("stepline-1", "stepline-2", 1);
        for (text, error) in [
            ("", TokenError::Foreign),
            ("eyJub3QiOiJvdXJzIn0", TokenError::Foreign),
            ("{\"job\":\"1\"}", TokenError::Foreign),
            ("stepline-1", TokenError::Damaged),
            ("stepline-x {}", TokenError::Damaged),
            ("stepline-1 00000000 {}", TokenError::Damaged),
            (other_version.as_str(), TokenError::OtherVersion),
        ] {
            assert_eq!(Token::decode(text), Err(error), "{text}");
        }
    }
}

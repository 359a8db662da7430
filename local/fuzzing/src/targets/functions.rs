//! What the functions read: events, tokens, user parameters, artifacts, rules, manifests and requests.

use super::run;
use image_push::{Event, Manifest, RuleSource};
use pipeline_action::artifact;
use pipeline_action::event::Event as ActionEvent;
use pipeline_action::token::Token;
use pipeline_action::user_parameters::UserParameters;
use resolve_parameters::Request;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared::ports::CallError;
use shared::ports::artifacts::{GetObject, JobCredentials, ObjectRange, S3Location};
use shared::secret::Secret;
use shared::time::Timestamp;
use std::ops::Range;

/// Events as Lambda hands them over: whatever they are, they are JSON.
fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

pub(crate) fn action_event(bytes: &[u8]) {
    let Some(event) = json(bytes) else { return };
    if let ActionEvent::Job(job) = ActionEvent::parse(&event) {
        let (shown, whole) = (format!("{job:?}"), event.to_string());
        if let Some(credentials) = &job.credentials {
            let secret = credentials.secret_access_key.expose();
            // A short one, or one that stands elsewhere too, may be shown for another reason.
            let is_its_own = secret.len() >= 16 && whole.matches(secret.as_str()).count() == 1;
            let is_plain = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(
                !(is_its_own && is_plain && shown.contains(secret.as_str())),
                "a job's Debug shows a secret"
            );
        }
    }
}

/// The bytes as a token, and as the content of one whose checksum is right.
pub(crate) fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let sum: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let first = Token::first("job", Timestamp::from_millis(0)).encode();
    let parts: Vec<&str> = first.splitn(3, ' ').collect();
    let &[version, checksum, _] = parts.as_slice() else {
        return;
    };
    let made = format!("{version} {} {text}", &sum[..checksum.len()]);
    for text in [&*text, &made] {
        if let Ok(token) = Token::decode(text) {
            assert_eq!(
                Token::decode(&token.encode()).as_ref(),
                Ok(&token),
                "a token reads back as it was"
            );
        }
    }
}

pub(crate) fn user_parameters(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(parameters) = UserParameters::parse(Some(&text)) {
        let name = parameters
            .execution_name("11111111-2222-4333-8444-000000000001")
            .to_string();
        let is_fit = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        assert!(
            (1..=80).contains(&name.len()) && is_fit,
            "{name} is no name of an execution"
        );
    }
}

/// One object, whatever is asked for.
struct Object<'b>(&'b [u8]);

impl GetObject for Object<'_> {
    async fn get_object(
        &self,
        _: &JobCredentials,
        _: &S3Location,
        range: Range<u64>,
    ) -> Result<ObjectRange, CallError> {
        let total = self.0.len();
        let within = |at: u64| usize::try_from(at).unwrap_or(total).min(total);
        Ok(ObjectRange {
            bytes: self.0[within(range.start)..within(range.end)].to_vec(),
            total: total as u64,
            etag: String::new(),
        })
    }
}

pub(crate) fn artifact(bytes: &[u8]) {
    let none = || Secret::new(String::new());
    let credentials = JobCredentials {
        access_key_id: none(),
        secret_access_key: none(),
        session_token: none(),
    };
    let location = S3Location {
        bucket: String::new(),
        key: String::new(),
    };
    // Any answer will do.
    let _ = run(artifact::read_json(
        &Object(bytes),
        &credentials,
        &location,
        artifact::OUTPUT_FILE,
    ));
}

pub(crate) fn push_event(bytes: &[u8]) {
    let Some(event) = json(bytes) else { return };
    let _ = Event::parse(&event);
}

pub(crate) fn rules(bytes: &[u8]) {
    if let Ok(RuleSource::Given(rules)) = RuleSource::parse(&String::from_utf8_lossy(bytes)) {
        for rule in rules {
            let _ = (
                rule.repository.matches("ml-pipeline-dev"),
                rule.tag.matches(Some("a-b.c")),
            );
        }
    }
}

pub(crate) fn manifest(bytes: &[u8]) {
    let _ = Manifest::parse(&String::from_utf8_lossy(bytes));
}

pub(crate) fn request(bytes: &[u8]) {
    let Some(event) = json(bytes) else { return };
    let _ = Request::parse(&event);
}

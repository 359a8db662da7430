//! Fields that AWS writes as two members, or under another name. Serde's derive calls these functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::payload::Payload;
use crate::expression::Assigned;

/// A member, and the note beside it that all of its data is there.
fn whole<S: Serializer>(key: &str, value: Option<impl Serialize>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    if let Some(value) = value {
        map.serialize_entry(key, &value)?;
        map.serialize_entry(&format!("{key}Details"), &BTreeMap::from([("truncated", false)]))?;
    }
    map.end()
}

pub(super) fn input<S: Serializer>(payload: &Payload, serializer: S) -> Result<S::Ok, S::Error> {
    whole("input", Some(payload), serializer)
}

pub(super) fn output<S: Serializer>(payload: &Payload, serializer: S) -> Result<S::Ok, S::Error> {
    whole("output", Some(payload), serializer)
}

/// Variables, each as JSON text.
pub(super) fn assigned<S: Serializer>(variables: &Option<Assigned>, serializer: S) -> Result<S::Ok, S::Error> {
    let texts = variables.as_ref().map(|variables| {
        let texts = variables.iter().map(|(name, value)| (&**name, value.to_string()));
        texts.collect::<BTreeMap<_, _>>()
    });
    whole("assignedVariables", texts, serializer)
}

/// A version's ARN or an alias': a version's ends in a number.
pub(super) fn qualified<S: Serializer>(arn: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    let member = arn.as_ref().map(|arn| {
        let qualifier = arn.rsplit(':').next().unwrap_or_default();
        let is_version = qualifier.bytes().all(|byte| byte.is_ascii_digit());
        (
            if is_version {
                "stateMachineVersionArn"
            } else {
                "stateMachineAliasArn"
            },
            arn,
        )
    });
    serializer.collect_map(member)
}

pub(super) fn role<S: Serializer>(arn: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    let member = arn
        .as_ref()
        .map(|arn| ("taskCredentials", BTreeMap::from([("roleArn", arn)])));
    serializer.collect_map(member)
}

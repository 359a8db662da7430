//! The query protocol: a form with `Action`, answered in XML. STS, IAM, SNS, CloudFormation and Elastic Load Balancing speak it.
//!
//! Follows <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>.

use super::absent;
use super::identity::identify;
use crate::cloud::Cloud;
use axum::body::Body;
use axum::http::Response;
use platform::error::{ErrorKind, ServiceError};
use platform::http::{self, Incoming, xml};
use platform::http::{reply, request_id};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Services that speak it, and the namespaces of their answers.
const NAMESPACES: &[(&str, &str)] = &[
    ("cloudformation", "http://cloudformation.amazonaws.com/doc/2010-05-15/"),
    (
        "elasticloadbalancing",
        "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    ),
    ("iam", "https://iam.amazonaws.com/doc/2010-05-08/"),
    ("sns", "http://sns.amazonaws.com/doc/2010-03-31/"),
    ("sts", "https://sts.amazonaws.com/doc/2011-06-15/"),
];

/// What the protocol calls an entry of a map, and members of outputs that are maps.
const ENTRY: &str = "entry";
const MAPS: &[&str] = &["Attributes"];

/// How many parts a parameter's name has at most: no operation that is here has more than seven.
const DEEPEST: usize = 32;

/// Answers a request of the query protocol.
pub(super) async fn answer(cloud: &Arc<Cloud>, incoming: &Incoming) -> Response<Body> {
    match call(cloud, incoming).await {
        Ok(document) => reply(200, "text/xml", document),
        Err(error) => self::error(&error),
    }
}

/// An error as the protocol has it.
pub(super) fn error(error: &ServiceError) -> Response<Body> {
    let mut document = xml::Document::new();
    document.open("ErrorResponse").open("Error");
    document.leaf("Type", if error.status < 500 { "Sender" } else { "Receiver" });
    document.leaf("Code", code(error)).leaf("Message", &error.message);
    document.close("Error").leaf("RequestId", &request_id());
    reply(status(error), "text/xml", document.close("ErrorResponse").text())
}

/// The query services shorten what the JSON services call an exception.
fn code(error: &ServiceError) -> &str {
    match error.code.as_str() {
        "AccessDeniedException" => "AccessDenied",
        "UnrecognizedClientException" => "InvalidClientTokenId",
        "ExpiredTokenException" => "ExpiredToken",
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "ValidationException" => "ValidationError",
        other => other,
    }
}

/// A denial has 403 in the query protocol, where it has 400 in the JSON protocols.
fn status(error: &ServiceError) -> u16 {
    match error.kind {
        ErrorKind::Denied => 403,
        _ => error.status,
    }
}

/// The operations of STS that are called without a signature, as what they are given says who calls. None is here.
const UNSIGNED: &[&str] = &["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"];

async fn call(cloud: &Arc<Cloud>, incoming: &Incoming) -> Result<String, ServiceError> {
    let form = http::pairs(&String::from_utf8_lossy(&incoming.body));
    let unsigned = form
        .iter()
        .find(|(name, value)| name == "Action" && UNSIGNED.contains(&value.as_str()));
    if let Some((_, action)) = unsigned {
        return Err(ServiceError::not_in_local_run("sts", action));
    }
    let identity = identify(cloud, incoming)?;
    let action = form
        .iter()
        .find(|(name, _)| name == "Action")
        .map(|(_, value)| value.clone())
        .ok_or_else(|| ServiceError::new("MissingAction", "the request has no `Action`"))?;
    let namespace = NAMESPACES.iter().find(|(service, _)| *service == identity.service);
    let Some((service, namespace)) = namespace else {
        return Err(absent::refusal(&identity.service, &action));
    };
    let mut input = Value::Object(Map::new());
    for (name, value) in form {
        if name != "Action" && name != "Version" {
            if name.split('.').nth(DEEPEST).is_some() {
                let message = format_args!("a parameter's name has more than {DEEPEST} parts");
                return Err(ServiceError::new("MalformedInput", message));
            }
            insert(&mut input, &name, value);
        }
    }
    let input = with_maps(input);
    let called = identity.cloud.call(&identity.principal, service, &action, input);
    let output = called.await?;
    let (response, result) = (format!("{action}Response"), format!("{action}Result"));
    let mut document = xml::Document::new();
    document.open_with(&response, "xmlns", namespace).open(&result);
    write(&mut document, &output);
    document
        .close(&result)
        .open("ResponseMetadata")
        .leaf("RequestId", &request_id())
        .close("ResponseMetadata");
    Ok(document.close(&response).text())
}

/// Puts `Tags.member.1.Key=…` where JSON has it: lists are arrays, and their members come in order.
fn insert(target: &mut Value, name: &str, value: String) {
    let mut place = target;
    let mut parts = name.split('.').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, "member" | ENTRY) {
            // The entries of a map are a list under a name that nothing else has, until the map is made of them.
            if part == ENTRY {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Value::Object(fields) = place else { return };
                place = fields.entry(ENTRY).or_insert(Value::Null);
            }
            let position = parts
                .next()
                .and_then(|number| number.parse::<usize>().ok())
                .unwrap_or(1);
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(members) = place else { return };
            // Positions that are skipped or absurd end up at the end, as the services read them.
            let index = position.saturating_sub(1).min(members.len());
            if index == members.len() {
                members.push(Value::Null);
            }
            place = &mut members[index];
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(fields) = place else { return };
            place = fields.entry(part).or_insert(Value::Null);
        }
    }
    *place = Value::String(value);
}

/// Makes maps of their entries: `Attributes.entry.1.key=…`, or `Name` and `Value` where the service calls them so.
fn with_maps(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => match fields.get_mut(ENTRY).map(Value::take) {
            Some(Value::Array(entries)) => {
                let pairs = entries.into_iter().filter_map(|mut entry| {
                    let mut part = |names: [&str; 2]| {
                        let name = names.into_iter().find(|name| entry.get(name).is_some())?;
                        Some(entry[name].take())
                    };
                    let key = part(["key", "Name"])?.as_str()?.to_owned();
                    Some((key, with_maps(part(["value", "Value"])?)))
                });
                Value::Object(pairs.collect())
            }
            _ => fields
                .into_iter()
                .map(|(name, value)| (name, with_maps(value)))
                .collect(),
        },
        Value::Array(members) => members.into_iter().map(with_maps).collect(),
        other => other,
    }
}

/// Writes an output, in which some members are maps.
fn write(document: &mut xml::Document, output: &Value) {
    for (name, value) in output.as_object().into_iter().flatten() {
        document.open(name);
        match value {
            Value::Object(map) if MAPS.contains(&name.as_str()) => {
                for (key, value) in map {
                    document.open(ENTRY).leaf("key", key).open("value").value(value);
                    document.close("value").close(ENTRY);
                }
            }
            other => drop(document.value(other)),
        }
        document.close(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_structures() {
        let mut input = Value::Object(Map::new());
        for (name, value) in [
            ("RoleArn", "r"),
            ("Tags.member.1.Key", "k1"),
            ("Tags.member.1.Value", "v1"),
            ("Tags.member.2.Key", "k2"),
            ("PolicyArns.member.1", "p"),
            ("Attributes.entry.1.key", "a"),
            ("Attributes.entry.1.value", "1"),
            ("Attributes.entry.2.key", "b"),
            ("Attributes.entry.2.value", "2"),
            ("MessageAttributes.entry.1.Name", "n"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
        ] {
            insert(&mut input, name, value.to_owned());
        }
        let expected = serde_json::json!({
            "RoleArn": "r",
            "Tags": [{"Key": "k1", "Value": "v1"}, {"Key": "k2"}],
            "PolicyArns": ["p"],
            "Attributes": {"a": "1", "b": "2"},
            "MessageAttributes": {"n": {"DataType": "String"}},
        });
        assert_eq!(with_maps(input), expected);
    }
}

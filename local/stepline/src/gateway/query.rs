//! The query protocol: a form with `Action`, answered in XML. STS, IAM and CloudFormation speak it.
//!
//! Follows <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>.

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
    ("iam", "https://iam.amazonaws.com/doc/2010-05-08/"),
    ("sts", "https://sts.amazonaws.com/doc/2011-06-15/"),
];

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

async fn call(cloud: &Arc<Cloud>, incoming: &Incoming) -> Result<String, ServiceError> {
    let identity = identify(cloud, incoming)?;
    let form = http::pairs(&String::from_utf8_lossy(&incoming.body));
    let action = form
        .iter()
        .find(|(name, _)| name == "Action")
        .map(|(_, value)| value.clone())
        .ok_or_else(|| ServiceError::new("MissingAction", "the request has no `Action`"))?;
    let namespace = NAMESPACES.iter().find(|(service, _)| *service == identity.service);
    let Some((service, namespace)) = namespace else {
        return Err(ServiceError::not_in_local_run(&identity.service, &action));
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
    let output = cloud.call(&identity.principal, service, &action, input).await?;
    let (response, result) = (format!("{action}Response"), format!("{action}Result"));
    let mut document = xml::Document::new();
    document
        .open_with(&response, "xmlns", namespace)
        .open(&result)
        .value(&output)
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
        if part == "member" {
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
        ] {
            insert(&mut input, name, value.to_owned());
        }
        let expected = serde_json::json!({
            "RoleArn": "r",
            "Tags": [{"Key": "k1", "Value": "v1"}, {"Key": "k2"}],
            "PolicyArns": ["p"],
        });
        assert_eq!(input, expected);
    }
}

//! Lambda's REST protocol: the SDKs send `Invoke` and the operations that read over it.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use platform::Platform;
use platform::error::{ErrorKind, ServiceError};
use platform::principal::Principal;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers a request to Lambda's REST API on behalf of `caller`.
pub async fn handle(
    platform: &Arc<Platform>,
    caller: &Principal,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response<Body> {
    let routed = route(method, uri.path(), headers, body);
    match routed.map(|(operation, input)| (operation, queried(input, uri.query()))) {
        Ok((operation, input)) => match platform.call(caller, "lambda", operation, input).await {
            Ok(output) if operation == "Invoke" => invocation(&output),
            Ok(output) => respond(StatusCode::OK, &[], output.to_string()),
            Err(error) => refusal(&error),
        },
        Err(error) => refusal(&error),
    }
}

/// The operation that a request means, and its input as the platform takes it.
fn route(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<(&'static str, Value), ServiceError> {
    let decoded: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["2015-03-31", "functions", name, "invocations"]) => {
            let mut input = json!({"FunctionName": name, "Payload": payload(body)?});
            for (header, field) in [
                ("x-amz-invocation-type", "InvocationType"),
                ("x-amz-log-type", "LogType"),
            ] {
                if let Some(value) = headers.get(header).and_then(|value| value.to_str().ok()) {
                    input[field] = value.into();
                }
            }
            Ok(("Invoke", input))
        }
        ("GET", ["2016-08-19", "account-settings"]) => Ok(("GetAccountSettings", json!({}))),
        ("GET", ["2015-03-31", "functions"]) => Ok(("ListFunctions", json!({}))),
        ("GET", ["2015-03-31", "functions", name]) => Ok(("GetFunction", json!({"FunctionName": name}))),
        ("GET", ["2015-03-31", "functions", name, "configuration"]) => {
            Ok(("GetFunctionConfiguration", json!({"FunctionName": name})))
        }
        ("GET", ["2015-03-31", "functions", name, "policy"]) => Ok(("GetPolicy", json!({"FunctionName": name}))),
        ("PUT", ["2015-03-31", "functions", name, "code"]) => Ok(("UpdateFunctionCode", with_name(name, body)?)),
        ("PUT", ["2015-03-31", "functions", name, "configuration"]) => {
            Ok(("UpdateFunctionConfiguration", with_name(name, body)?))
        }
        ("DELETE", ["2015-03-31", "functions", name]) => Ok(("DeleteFunction", json!({"FunctionName": name}))),
        _ => Err(ServiceError::not_in_local_run("lambda", &format!("{method} {path}"))),
    }
}

/// The members that Lambda's operations have in the query. What else is there is passed over, as by Lambda.
const QUERIED: &[&str] = &[
    "FunctionVersion",
    "Marker",
    "MasterRegion",
    "MaxItems",
    "Qualifier",
    "RevisionId",
];

/// The input with what a request's query says.
fn queried(mut input: Value, query: Option<&str>) -> Value {
    let pairs = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(member, _)| QUERIED.contains(member));
    for (member, value) in pairs {
        let value = percent_decode_str(value).decode_utf8_lossy();
        input[member] = match value.parse::<u64>() {
            Ok(number) if member == "MaxItems" => number.into(),
            _ => value.into(),
        };
    }
    input
}

/// The input of an operation whose function is named by its path.
fn with_name(name: &str, body: &[u8]) -> Result<Value, ServiceError> {
    let mut input = payload(body)?;
    if let Some(members) = input.as_object_mut() {
        members.insert("FunctionName".to_owned(), name.into());
    }
    Ok(input)
}

fn payload(body: &[u8]) -> Result<Value, ServiceError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| {
        ServiceError::new(
            "InvalidRequestContentException",
            format_args!("Could not parse request body into json: {error}"),
        )
    })
}

fn invocation(output: &Value) -> Response<Body> {
    let status = output["StatusCode"].as_u64().and_then(|code| u16::try_from(code).ok());
    let status = status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::OK);
    let mut headers = Vec::new();
    for (field, header) in [
        ("FunctionError", "x-amz-function-error"),
        ("ExecutedVersion", "x-amz-executed-version"),
        ("RequestId", "x-amzn-requestid"),
    ] {
        headers.extend(output[field].as_str().map(|value| (header, value)));
    }
    let body = output.get("Payload").map(Value::to_string).unwrap_or_default();
    respond(status, &headers, body)
}

fn refusal(error: &ServiceError) -> Response<Body> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    // Lambda sends AccessDeniedException with 403, where the JSON protocols have 400.
    let status = if error.kind == ErrorKind::Denied {
        StatusCode::FORBIDDEN
    } else {
        status
    };
    let body = json!({"Type": "User", "Message": error.message}).to_string();
    respond(status, &[("x-amzn-errortype", &error.code)], body)
}

fn respond(status: StatusCode, headers: &[(&str, &str)], body: String) -> Response<Body> {
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    // Only a header value with line breaks could fail, and none of these has any.
    response.body(Body::from(body)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_s_members_are_the_input_s() {
        for (query, expected) in [
            (None, json!({"FunctionName": "f"})),
            (Some(""), json!({"FunctionName": "f"})),
            (
                Some("Qualifier=live"),
                json!({"FunctionName": "f", "Qualifier": "live"}),
            ),
            (
                Some("Qualifier=%24LATEST"),
                json!({"FunctionName": "f", "Qualifier": "$LATEST"}),
            ),
            (Some("Qualifier=1"), json!({"FunctionName": "f", "Qualifier": "1"})),
            (
                Some("a=b&MaxItems=2&Marker=m"),
                json!({"FunctionName": "f", "MaxItems": 2, "Marker": "m"}),
            ),
        ] {
            assert_eq!(queried(json!({"FunctionName": "f"}), query), expected, "{query:?}");
        }
    }

    #[test]
    fn requests_become_operations() {
        for (method, path, body, expected) in [
            (
                Method::POST,
                "/2015-03-31/functions/image-push-dev/invocations",
                "{\"a\":1}",
                Some(("Invoke", json!({"FunctionName": "image-push-dev", "Payload": {"a": 1}}))),
            ),
            (
                Method::POST,
                "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/invocations",
                "",
                Some((
                    "Invoke",
                    json!({"FunctionName": "arn:aws:lambda:us-east-1:1:function:f", "Payload": {}}),
                )),
            ),
            (
                Method::GET,
                "/2015-03-31/functions/",
                "",
                Some(("ListFunctions", json!({}))),
            ),
            (Method::POST, "/2015-03-31/functions/f/invocations", "{", None),
            (
                Method::PUT,
                "/2015-03-31/functions/f/code",
                "{\"S3Key\": \"k\"}",
                Some(("UpdateFunctionCode", json!({"FunctionName": "f", "S3Key": "k"}))),
            ),
            (Method::PUT, "/2015-03-31/functions/f/aliases", "", None),
        ] {
            let routed = route(&method, path, &HeaderMap::new(), body.as_bytes()).ok();
            assert_eq!(routed, expected, "{method} {path}");
        }
    }
}

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
    match routed.map(|(operation, input)| (found(operation, uri.query()), queried(input, uri.query()))) {
        Ok((operation, input)) => match platform.call(caller, "lambda", operation, input).await {
            Ok(output) if operation == "Invoke" => invocation(&output),
            Ok(output) => match status_of(operation) {
                StatusCode::NO_CONTENT => respond(StatusCode::NO_CONTENT, &[], String::new()),
                status => respond(status, &[], output.to_string()),
            },
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
        (method_name, parts) => match path_of(method_name, parts) {
            Some((operation, named)) => Ok((operation, with(&named, body)?)),
            None => Err(ServiceError::not_in_local_run("lambda", &format!("{method} {path}"))),
        },
    }
}

/// What a path names: members of the input, with their values.
type Members<'p> = Vec<(&'static str, &'p str)>;

/// The operation of a path, and the members that are in it. What is not in the local run is refused by these names.
fn path_of<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Members<'p>)> {
    let (version, parts) = parts.split_first()?;
    Some(match (method, *version, parts) {
        ("GET", "2016-08-19", ["account-settings"]) => ("GetAccountSettings", Vec::new()),
        (_, "2015-03-31", ["functions", rest @ ..]) => of_functions(method, rest)?,
        (_, "2019-09-25", ["functions", name, "event-invoke-config"]) => {
            let operation = match method {
                "GET" => "GetFunctionEventInvokeConfig",
                "PUT" => "PutFunctionEventInvokeConfig",
                "POST" => "UpdateFunctionEventInvokeConfig",
                "DELETE" => "DeleteFunctionEventInvokeConfig",
                _ => return None,
            };
            (operation, vec![("FunctionName", *name)])
        }
        (_, "2018-10-31", ["layers", rest @ ..]) => of_layers(method, rest)?,
        _ => return None,
    })
}

fn of_functions<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Members<'p>)> {
    let Some((name, rest)) = parts.split_first() else {
        return match method {
            "GET" => Some(("ListFunctions", Vec::new())),
            "POST" => Some(("CreateFunction", Vec::new())),
            _ => None,
        };
    };
    let mut members = vec![("FunctionName", *name)];
    let operation = match (method, rest) {
        ("GET", []) => "GetFunction",
        ("DELETE", []) => "DeleteFunction",
        ("GET", ["configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", ["code"]) => "UpdateFunctionCode",
        ("GET", ["policy"]) => "GetPolicy",
        ("POST", ["policy"]) => "AddPermission",
        ("DELETE", ["policy", statement]) => {
            members.push(("StatementId", *statement));
            "RemovePermission"
        }
        ("GET", ["versions"]) => "ListVersionsByFunction",
        ("POST", ["versions"]) => "PublishVersion",
        ("GET", ["aliases"]) => "ListAliases",
        ("POST", ["aliases"]) => "CreateAlias",
        (_, ["aliases", alias]) => {
            members.push(("Name", *alias));
            match method {
                "GET" => "GetAlias",
                "PUT" => "UpdateAlias",
                "DELETE" => "DeleteAlias",
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((operation, members))
}

fn of_layers<'p>(method: &str, parts: &[&'p str]) -> Option<(&'static str, Members<'p>)> {
    Some(match (method, parts) {
        ("GET", []) => ("ListLayers", Vec::new()),
        ("GET", [layer, "versions"]) => ("ListLayerVersions", vec![("LayerName", *layer)]),
        ("POST", [layer, "versions"]) => ("PublishLayerVersion", vec![("LayerName", *layer)]),
        (_, [layer, "versions", number]) => {
            let operation = match method {
                "GET" => "GetLayerVersion",
                "DELETE" => "DeleteLayerVersion",
                _ => return None,
            };
            (operation, vec![("LayerName", *layer), ("VersionNumber", *number)])
        }
        _ => return None,
    })
}

/// The status of an answer: <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html> has each.
fn status_of(operation: &str) -> StatusCode {
    match operation {
        "AddPermission" | "CreateAlias" | "CreateFunction" | "PublishLayerVersion" | "PublishVersion" => {
            StatusCode::CREATED
        }
        "DeleteAlias"
        | "DeleteFunction"
        | "DeleteFunctionEventInvokeConfig"
        | "DeleteLayerVersion"
        | "RemovePermission" => StatusCode::NO_CONTENT,
        _ => StatusCode::OK,
    }
}

/// The members that Lambda's operations have in the query. What else is there is passed over, as by Lambda.
const QUERIED: &[&str] = &[
    "Arn",
    "CompatibleArchitecture",
    "CompatibleRuntime",
    "FunctionVersion",
    "Marker",
    "MasterRegion",
    "MaxItems",
    "Qualifier",
    "RevisionId",
];

/// The operation that is meant: with `find`, the path of ListLayers is that of GetLayerVersionByArn.
fn found(operation: &'static str, query: Option<&str>) -> &'static str {
    let mut pairs = query.unwrap_or_default().split('&');
    if operation == "ListLayers" && pairs.any(|pair| pair == "find=LayerVersion") {
        return "GetLayerVersionByArn";
    }
    operation
}

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

/// The input of an operation that is named by its path, with the members that the path has. What AWS does not know is
/// passed over: the local run's own members, which name files of this machine.
fn with(named: &Members<'_>, body: &[u8]) -> Result<Value, ServiceError> {
    let mut input = payload(body)?;
    let Some(members) = input.as_object_mut() else {
        return Ok(input);
    };
    let is_own = |name: &String| !name.starts_with("Local");
    members.retain(|name, _| is_own(name));
    for code in ["Code", "Content"] {
        if let Some(Value::Object(code)) = members.get_mut(code) {
            code.retain(|name, _| is_own(name));
        }
    }
    for (member, value) in named {
        let value = match value.parse::<i64>() {
            Ok(number) if *member == "VersionNumber" => number.into(),
            _ => (*value).into(),
        };
        members.insert((*member).to_owned(), value);
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
        ("RequestId", REQUEST_ID),
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

/// What every answer has.
const REQUEST_ID: &str = "x-amzn-requestid";

fn respond(status: StatusCode, headers: &[(&str, &str)], body: String) -> Response<Body> {
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    if !headers.iter().any(|(name, _)| *name == REQUEST_ID) {
        response = response.header(REQUEST_ID, uuid::Uuid::new_v4().to_string());
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
            (
                Method::POST,
                "/2015-03-31/functions",
                "{\"FunctionName\": \"f\", \"Code\": {\"ZipFile\": \"\", \"LocalPath\": \"/etc\"}}",
                Some(("CreateFunction", json!({"FunctionName": "f", "Code": {"ZipFile": ""}}))),
            ),
            (
                Method::POST,
                "/2015-03-31/functions/f/aliases",
                "{\"Name\": \"live\"}",
                Some(("CreateAlias", json!({"FunctionName": "f", "Name": "live"}))),
            ),
            (
                Method::DELETE,
                "/2015-03-31/functions/f/aliases/live",
                "",
                Some(("DeleteAlias", json!({"FunctionName": "f", "Name": "live"}))),
            ),
            (
                Method::DELETE,
                "/2015-03-31/functions/f/policy/s",
                "",
                Some(("RemovePermission", json!({"FunctionName": "f", "StatementId": "s"}))),
            ),
            (
                Method::GET,
                "/2019-09-25/functions/f/event-invoke-config",
                "",
                Some(("GetFunctionEventInvokeConfig", json!({"FunctionName": "f"}))),
            ),
            (
                Method::POST,
                "/2018-10-31/layers/l/versions",
                "{}",
                Some(("PublishLayerVersion", json!({"LayerName": "l"}))),
            ),
            (
                Method::GET,
                "/2018-10-31/layers/l/versions/1",
                "",
                Some(("GetLayerVersion", json!({"LayerName": "l", "VersionNumber": 1}))),
            ),
        ] {
            let routed = route(&method, path, &HeaderMap::new(), body.as_bytes()).ok();
            assert_eq!(routed, expected, "{method} {path}");
        }
    }
}

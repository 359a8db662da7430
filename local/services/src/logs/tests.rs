//! Log groups and what is in them, through the one door.

use super::Logs;
use super::group::{DAY, MOST_KEPT, now};
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::{Account, Line, Platform, Principal, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

/// An account with logs alone, and in it the empty stream `s` of the group `g`.
async fn account() -> Arc<Platform> {
    let platform = Platform::new(Account::local(), std::env::temp_dir(), vec![Arc::<Logs>::default()]);
    ok(
        &platform,
        "CreateLogGroup",
        json!({"logGroupName": "g", "tags": {"a": "1"}}),
    )
    .await;
    ok(
        &platform,
        "CreateLogStream",
        json!({"logGroupName": "g", "logStreamName": "s"}),
    )
    .await;
    platform
}

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    platform.call(&Principal::Administrator, "logs", operation, input).await
}

async fn ok(platform: &Arc<Platform>, operation: &str, input: Value) -> Value {
    let answer = call(platform, operation, input).await;
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

async fn put(platform: &Arc<Platform>, events: &[(i64, &str)]) -> Value {
    let events = events
        .iter()
        .map(|(at, message)| json!({"timestamp": at, "message": message}));
    let input = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events.collect::<Vec<_>>()});
    ok(platform, "PutLogEvents", input).await
}

fn messages(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().expect("events").iter();
    events
        .map(|event| event["message"].as_str().expect("a message"))
        .collect()
}

fn with(members: Value) -> Value {
    let mut input = json!({"logGroupName": "g"});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    input
}

fn line(group: &str, stream: &str, text: &str) -> Line {
    Line {
        group: group.to_owned(),
        stream: stream.to_owned(),
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_stream_is_read_in_both_directions() {
    let platform = account().await;
    let start = now() - 5000;
    put(
        &platform,
        &[
            (start, "1"),
            (start + 1, "2"),
            (start + 2, "3"),
            (start + 2, "4"),
            (start + 3, "5"),
        ],
    )
    .await;
    let get = |members: Value| {
        let mut input = with(members);
        input["logStreamName"] = "s".into();
        input
    };
    let last = ok(&platform, "GetLogEvents", get(json!({"limit": 2}))).await;
    assert_eq!(messages(&last), ["4", "5"]);
    let before = get(json!({"limit": 2, "nextToken": last["nextBackwardToken"]}));
    let before = ok(&platform, "GetLogEvents", before).await;
    assert_eq!(messages(&before), ["2", "3"]);
    let end = get(json!({"nextToken": last["nextForwardToken"]}));
    let end = ok(&platform, "GetLogEvents", end).await;
    assert_eq!(
        (messages(&end), &end["nextForwardToken"]),
        (vec![], &last["nextForwardToken"])
    );
    put(&platform, &[(start + 4, "6")]).await;
    let more = get(json!({"nextToken": end["nextForwardToken"]}));
    assert_eq!(messages(&ok(&platform, "GetLogEvents", more).await), ["6"]);

    for (members, expected) in [
        (json!({"startFromHead": true, "limit": 2}), vec!["1", "2"]),
        (json!({"startTime": start + 2, "endTime": start + 3}), vec!["3", "4"]),
        (json!({"startTime": start + 9}), vec![]),
    ] {
        let answer = ok(&platform, "GetLogEvents", get(members.clone())).await;
        assert_eq!(messages(&answer), expected, "{members}");
    }
    let mut input = get(json!({"startFromHead": true, "limit": 4}));
    let mut all = Vec::new();
    loop {
        let page = ok(&platform, "GetLogEvents", input.clone()).await;
        all.extend(messages(&page).into_iter().map(str::to_owned));
        if page["nextForwardToken"] == input["nextToken"] {
            break;
        }
        input["nextToken"] = page["nextForwardToken"].clone();
    }
    assert_eq!(all, ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn a_group_is_searched() {
    let platform = account().await;
    let start = now() - 5000;
    put(
        &platform,
        &[
            (start, "ERROR one"),
            (start + 1, "INFO two"),
            (start + 2, "ERROR three"),
        ],
    )
    .await;
    platform.log(line("g", "job/1", "ERROR four"), true);
    for (members, expected) in [
        (json!({}), vec!["ERROR one", "INFO two", "ERROR three", "ERROR four"]),
        (
            json!({"filterPattern": "ERROR -three"}),
            vec!["ERROR one", "ERROR four"],
        ),
        (json!({"logStreamNamePrefix": "job/"}), vec!["ERROR four"]),
        (
            json!({"logStreamNames": ["s"], "filterPattern": "?one ?two"}),
            vec!["ERROR one", "INFO two"],
        ),
        (
            json!({"startTime": start + 1, "endTime": start + 2}),
            vec!["INFO two", "ERROR three"],
        ),
        (
            json!({"startFromHead": false, "limit": 2}),
            vec!["ERROR four", "ERROR three"],
        ),
    ] {
        let answer = ok(&platform, "FilterLogEvents", with(members.clone())).await;
        assert_eq!(messages(&answer), expected, "{members}");
    }
    let mut input = json!({
        "logGroupIdentifier": "arn:aws:logs:us-east-1:123456789012:log-group:g", "limit": 3, "interleaved": true,
    });
    let first = ok(&platform, "FilterLogEvents", input.clone()).await;
    assert_eq!(first["events"][0]["eventId"].as_str().unwrap().len(), 56);
    input["nextToken"] = first["nextToken"].clone();
    let second = ok(&platform, "FilterLogEvents", input).await;
    assert_eq!((messages(&second), second.get("nextToken")), (vec!["ERROR four"], None));
}

#[tokio::test]
async fn what_is_printed_is_kept_and_the_oldest_is_forgotten() {
    let platform = account().await;
    platform.log(line("/aws/lambda/f", "2026/01/01/[$LATEST]1", "hello"), true);
    platform.log(line("/aws/lambda/f", "2026/01/01/[$LATEST]1", ""), true);
    platform.log(line("/aws/lambda/f", "2026/01/01/[$LATEST]1", "not for the log"), false);
    let found = ok(&platform, "FilterLogEvents", json!({"logGroupName": "/aws/lambda/f"})).await;
    assert_eq!(messages(&found), ["hello"]);
    let entries = platform.journal.entries().into_iter();
    let lines = entries.filter(|entry| matches!(entry.happening, Happening::LogLine { .. }));
    assert_eq!(lines.count(), 3, "the journal has all of them");
    let long = "x".repeat(1 << 20);
    for _ in 0..20 {
        platform.log(line("g", "s", &long), true);
    }
    let groups = ok(&platform, "DescribeLogGroups", json!({"logGroupNamePrefix": "g"})).await;
    let stored = groups["logGroups"][0]["storedBytes"].as_u64().unwrap();
    assert!((1..=MOST_KEPT as u64).contains(&stored), "{stored}");
    // A page has a megabyte, and at least one event.
    let page = ok(&platform, "FilterLogEvents", json!({"logGroupName": "g"})).await;
    assert_eq!((messages(&page).len(), page["nextToken"].is_string()), (1, true));
}

#[tokio::test]
async fn groups_and_streams_are_described() {
    let platform = account().await;
    ok(&platform, "CreateLogStream", with(json!({"logStreamName": "a"}))).await;
    put(&platform, &[(now(), "x")]).await;
    for (members, expected) in [
        (json!({}), vec!["a", "s"]),
        (json!({"orderBy": "LastEventTime", "descending": true}), vec!["s", "a"]),
        (json!({"logStreamNamePrefix": "s"}), vec!["s"]),
        (json!({"limit": 1}), vec!["a"]),
    ] {
        let answer = ok(&platform, "DescribeLogStreams", with(members.clone())).await;
        let names = answer["logStreams"].as_array().unwrap().iter();
        let names: Vec<&str> = names.map(|stream| stream["logStreamName"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{members}");
    }
    ok(&platform, "PutRetentionPolicy", with(json!({"retentionInDays": 7}))).await;
    let groups = ok(&platform, "DescribeLogGroups", json!({"logGroupNamePattern": "g"})).await;
    let group = &groups["logGroups"][0];
    assert_eq!(
        (&group["retentionInDays"], &group["arn"]),
        (&json!(7), &json!("arn:aws:logs:us-east-1:123456789012:log-group:g:*"))
    );
    let arn = json!({"resourceArn": group["logGroupArn"]});
    assert_eq!(
        ok(&platform, "ListTagsForResource", arn).await,
        json!({"tags": {"a": "1"}})
    );
    let old = put(&platform, &[(now() - 8 * DAY, "old"), (now(), "new")]).await;
    assert_eq!(old["rejectedLogEventsInfo"], json!({"expiredLogEventEndIndex": 1}));
    ok(&platform, "DeleteLogStream", with(json!({"logStreamName": "s"}))).await;
    assert_eq!(
        messages(&ok(&platform, "FilterLogEvents", with(json!({}))).await),
        [""; 0]
    );
    ok(&platform, "DeleteLogGroup", with(json!({}))).await;
    assert_eq!(
        ok(&platform, "DescribeLogGroups", json!({})).await,
        json!({"logGroups": []})
    );
}

#[tokio::test]
async fn what_logs_refuse() {
    let platform = account().await;
    let events = |at: [i64; 2]| {
        let events = at.map(|at| json!({"timestamp": at, "message": "m"}));
        json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events})
    };
    for (operation, input, code) in [
        ("CreateLogGroup", with(json!({})), "ResourceAlreadyExistsException"),
        (
            "CreateLogGroup",
            json!({"logGroupName": "a b"}),
            "InvalidParameterException",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "k", "kmsKeyId": "k"}),
            "NotInLocalRun",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "k", "logGroupClass": "INFREQUENT_ACCESS"}),
            "NotInLocalRun",
        ),
        (
            "CreateLogStream",
            with(json!({"logStreamName": "s"})),
            "ResourceAlreadyExistsException",
        ),
        (
            "CreateLogStream",
            with(json!({"logStreamName": "a:b"})),
            "InvalidParameterException",
        ),
        (
            "DeleteLogGroup",
            json!({"logGroupName": "none"}),
            "ResourceNotFoundException",
        ),
        ("DescribeLogGroups", json!({"limit": 51}), "InvalidParameterException"),
        (
            "DescribeLogStreams",
            with(json!({"orderBy": "LastEventTime", "logStreamNamePrefix": "s"})),
            "InvalidParameterException",
        ),
        (
            "PutLogEvents",
            events([2, 1].map(|number| now() + number)),
            "InvalidParameterException",
        ),
        (
            "PutLogEvents",
            events([now() - 2 * DAY, now()]),
            "InvalidParameterException",
        ),
        (
            "GetLogEvents",
            with(json!({"logStreamName": "none"})),
            "ResourceNotFoundException",
        ),
        (
            "GetLogEvents",
            with(json!({"logStreamName": "s", "nextToken": "f/1/s"})),
            "InvalidParameterException",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "none"}),
            "ResourceNotFoundException",
        ),
        ("FilterLogEvents", json!({}), "InvalidParameterException"),
        (
            "FilterLogEvents",
            with(json!({"filterPattern": "{ $.a = 1 }"})),
            "NotInLocalRun",
        ),
        ("FilterLogEvents", with(json!({"unmask": true})), "NotInLocalRun"),
        (
            "PutRetentionPolicy",
            with(json!({"retentionInDays": 2})),
            "InvalidParameterException",
        ),
        ("StartLiveTail", json!({}), "NotInLocalRun"),
        ("StartQuery", json!({}), "NotInLocalRun"),
    ] {
        let error = call(&platform, operation, input.clone()).await.expect_err(operation);
        assert_eq!(error.code, code, "{operation} {input}: {error}");
    }
}

#[tokio::test]
async fn reading_and_writing_are_allowed_by_group_and_by_stream() {
    let platform = account().await;
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:g:";
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "logs:FilterLogEvents", "Resource": format!("{group}*")},
        {"Effect": "Allow", "Action": "logs:GetLogEvents", "Resource": format!("{group}log-stream:s")},
    ]});
    let role = NewRole::for_service("reader", "lambda.amazonaws.com").with_policy("p", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    let role = Principal::role_session("reader", "s");
    for (operation, input, allowed) in [
        ("FilterLogEvents", with(json!({})), true),
        ("GetLogEvents", with(json!({"logStreamName": "s"})), true),
        ("GetLogEvents", with(json!({"logStreamName": "t"})), false),
        ("DescribeLogStreams", with(json!({})), false),
        ("DeleteLogGroup", with(json!({})), false),
    ] {
        let answer = platform.call(&role, "logs", operation, input.clone()).await;
        assert_eq!(answer.is_ok(), allowed, "{operation} {input}: {answer:?}");
    }
}

#[tokio::test]
async fn a_broken_constraint_is_told_as_the_model_has_it() {
    let platform = account().await;
    for (operation, input, said) in [
        (
            "GetLogEvents",
            json!({"logGroupName": "g", "logStreamName": "s", "limit": 10_001}),
            "'limit' failed to satisfy \
          constraint: Member must have value less than or equal to 10000",
        ),
        (
            "DescribeLogGroups",
            json!({"limit": 0}),
            "'limit' failed to satisfy constraint: Member must have value greater than \
          or equal to 1",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "g", "orderBy": "Size"}),
            "Value 'Size' at 'orderBy' failed to satisfy \
          constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]",
        ),
        (
            "GetLogEvents",
            json!({"logGroupIdentifier": "arn:aws:logs:us-east-1:123456789012:log-group:g:*", "logStreamName": "s"}),
            "Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: \
          [\\w#+=/:,.@-]*",
        ),
    ] {
        let error = call(&platform, operation, input).await.expect_err(operation);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(
            error.message.starts_with("1 validation error detected: Value "),
            "{}",
            error.message
        );
        assert!(error.message.ends_with(said), "{}", error.message);
    }
}

#[tokio::test]
async fn what_excludes_the_other_is_told_and_the_older_calls_tag_groups_too() {
    let platform = account().await;
    let long = "g".repeat(513);
    let length = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
    for (operation, input, code, said) in [
        (
            "CreateLogGroup",
            json!({ "logGroupName": long }),
            "InvalidParameterException",
            length,
        ),
        (
            "CreateLogStream",
            json!({"logGroupName": "g", "logStreamName": long}),
            "InvalidParameterException",
            length,
        ),
        (
            "DescribeLogGroups",
            json!({"logGroupNamePrefix": "g", "logGroupNamePattern": "g"}),
            "InvalidParameterException",
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "g", "logGroupIdentifier": "g"}),
            "ValidationException",
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        ),
    ] {
        let error = call(&platform, operation, input).await.expect_err(operation);
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, said));
    }
    let tag = json!({"logGroupName": "g", "tags": {"b": "2", "c": "3"}});
    ok(&platform, "TagLogGroup", tag).await;
    ok(
        &platform,
        "UntagLogGroup",
        json!({"logGroupName": "g", "tags": ["a", "c"]}),
    )
    .await;
    let tags = ok(&platform, "ListTagsLogGroup", json!({"logGroupName": "g"})).await;
    assert_eq!(tags, json!({"tags": {"b": "2"}}));
}

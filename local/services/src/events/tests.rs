//! Rules and patterns, called as a client calls them.

use super::EventBridge;
use crate::testing;
use platform::error::ServiceError;
use platform::journal::Happening;
use platform::{Platform, Service};
use serde_json::{Value, json};
use std::sync::Arc;

/// EventBridge, alone and in an account with queues.
fn world() -> (Arc<Platform>, Arc<EventBridge>) {
    let events: Arc<EventBridge> = Arc::default();
    let services: Vec<Arc<dyn Service>> = vec![events.clone(), Arc::<crate::sqs::Sqs>::default()];
    (testing::account(services), events)
}

fn platform() -> Arc<Platform> {
    world().0
}

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    testing::call(platform, "events", operation, input).await
}

#[tokio::test]
async fn an_event_says_what_each_rule_made_of_it_and_shows_no_secret() {
    let platform = platform();
    platform.secrets.keep("hunter22");
    for (name, pattern, state) in [
        ("wants", r#"{"detail": {"key": ["hunter22"]}}"#, "ENABLED"),
        ("another", r#"{"detail": {"key": ["a"]}}"#, "ENABLED"),
        ("off", r#"{"source": ["test"]}"#, "DISABLED"),
    ] {
        let rule = json!({"Name": name, "EventPattern": pattern, "State": state});
        call(&platform, "PutRule", rule).await.unwrap();
    }
    let rule = json!({"Name": "clock", "ScheduleExpression": "rate(1 hour)"});
    call(&platform, "PutRule", rule).await.unwrap();
    platform.emit(json!({"source": "test", "detail-type": "t", "detail": {"key": "hunter22"}}));
    let sent = platform
        .journal
        .entries()
        .into_iter()
        .find_map(|entry| match entry.happening {
            Happening::EventSent { event, rules } => Some((event, rules)),
            _ => None,
        });
    let (event, rules) = sent.unwrap();
    assert_eq!(event["detail"]["key"], "••••••");
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.matched, rule.reason.as_deref()))
        .collect();
    let reason = "`detail.key` is `••••••`, the pattern wants `a`";
    let expected = [
        ("another", false, Some(reason)),
        ("off", false, Some("the rule is disabled")),
        ("wants", true, None),
    ];
    assert_eq!(rules, expected);
}

#[tokio::test]
async fn rules_and_targets_are_kept_as_they_were_put() {
    let platform = platform();
    let pattern = r#"{"source": ["aws.ecr"]}"#;
    let rule = json!({"Name": "pushes", "EventPattern": pattern, "State": "DISABLED"});
    let arn = call(&platform, "PutRule", rule).await.unwrap()["RuleArn"].clone();
    assert_eq!(arn, "arn:aws:events:us-east-1:123456789012:rule/pushes");
    let target = json!({"Id": "1", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "InputPath": "$.detail"});
    let targets = json!({"Rule": "pushes", "Targets": [target]});
    call(&platform, "PutTargets", targets).await.unwrap();
    let listed = call(&platform, "ListTargetsByRule", json!({"Rule": "pushes"}))
        .await
        .unwrap();
    assert_eq!(listed, json!({"Targets": [target]}));
    call(&platform, "EnableRule", json!({"Name": "pushes"})).await.unwrap();
    let described = call(&platform, "DescribeRule", json!({"Name": "pushes"}))
        .await
        .unwrap();
    assert_eq!(
        described,
        json!({"Name": "pushes", "Arn": arn, "EventPattern": pattern, "State": "ENABLED", "EventBusName": "default"})
    );
    let refused = call(&platform, "DeleteRule", json!({"Name": "pushes"}))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "ValidationException");
    call(&platform, "RemoveTargets", json!({"Rule": "pushes", "Ids": ["1"]}))
        .await
        .unwrap();
    call(&platform, "DeleteRule", json!({"Name": "pushes"})).await.unwrap();
    let gone = call(&platform, "DescribeRule", json!({"Name": "pushes"}))
        .await
        .unwrap_err();
    assert_eq!(gone.code, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_is_not_here_is_refused_by_name() {
    let platform = platform();
    for (operation, input, part) in [
        ("CreateEventBus", json!({}), "events:CreateEventBus"),
        (
            "PutRule",
            json!({"Name": "r", "EventPattern": "{\"a\": [1]}", "Colour": "red"}),
            "`Colour`",
        ),
        ("PutRule", json!({"Name": "r"}), "EventPattern or ScheduleExpression"),
        (
            "PutRule",
            json!({"Name": "r", "ScheduleExpression": "cron(1)"}),
            "ScheduleExpression is not valid",
        ),
        ("PutRule", json!({"Name": "r", "EventPattern": "{}"}), "Empty objects"),
        (
            "PutRule",
            json!({"Name": "r", "EventBusName": "mine", "EventPattern": "{\"a\": [1]}"}),
            "mine",
        ),
        (
            "RemoveTargets",
            json!({"Rule": "r", "Ids": [], "NextToken": "t"}),
            "`NextToken`",
        ),
    ] {
        let error = call(&platform, operation, input).await.unwrap_err();
        assert!(error.message.contains(part), "{operation}: {error}");
    }
    let rule = json!({"Name": "r", "ScheduleExpression": "rate(1 hour)"});
    call(&platform, "PutRule", rule).await.unwrap();
    for (target, part) in [
        (
            json!({"Id": "1", "Arn": "arn:aws:sns:us-east-1:123456789012:topic"}),
            "no targets like",
        ),
        (
            json!({"Id": "1", "Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"}),
            "RoleArn is required",
        ),
        (
            json!({"Id": "1", "Arn": "arn:aws:lambda:::f", "Input": "{"}),
            "JSON syntax error",
        ),
        (
            json!({"Id": "1", "Arn": "arn:aws:lambda:::f", "EcsParameters": {}}),
            "`EcsParameters`",
        ),
    ] {
        let error = call(&platform, "PutTargets", json!({"Rule": "r", "Targets": [target]}))
            .await
            .unwrap_err();
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn events_reach_enabled_rules_and_what_cannot_be_delivered_is_written_down() {
    let platform = platform();
    let mut journal = platform.journal.follow();
    for (name, state) in [("on", "ENABLED"), ("off", "DISABLED")] {
        let rule = json!({"Name": name, "EventPattern": r#"{"source": ["ours"]}"#, "State": state});
        call(&platform, "PutRule", rule).await.unwrap();
        let target = json!({"Id": "1", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:missing"});
        call(&platform, "PutTargets", json!({"Rule": name, "Targets": [target]}))
            .await
            .unwrap();
    }
    let entries = json!({"Entries": [
        {"Source": "ours", "DetailType": "Thing", "Detail": "{}"},
        {"Source": "theirs", "DetailType": "Thing", "Detail": "{}"},
        {"Source": "aws.ecr", "DetailType": "Thing", "Detail": "{}"},
        {"Source": "ours", "DetailType": "Thing", "Detail": "["},
    ]});
    let answer = call(&platform, "PutEvents", entries).await.unwrap();
    assert_eq!(answer["FailedEntryCount"], 2);
    assert!(answer["Entries"][0]["EventId"].is_string());
    assert_eq!(answer["Entries"][2]["ErrorCode"], "NotAuthorizedForSourceException");
    assert_eq!(answer["Entries"][3]["ErrorCode"], "MalformedDetail");
    let mut matched = Vec::new();
    loop {
        match journal.recv().await.unwrap().happening {
            Happening::RuleMatched { rule, .. } => matched.push(rule),
            Happening::DeliveryFailed { target, .. } => {
                assert!(target.ends_with(":missing"));
                break;
            }
            _ => {}
        }
    }
    assert_eq!(matched, ["on"]);
}

#[tokio::test]
async fn schedules_fire_when_told_to() {
    let (platform, events) = world();
    let rule = json!({"Name": "hourly", "ScheduleExpression": "rate(1 hour)"});
    call(&platform, "PutRule", rule).await.unwrap();
    let event = events.fire(&platform, "hourly").unwrap();
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(
        event["resources"][0],
        "arn:aws:events:us-east-1:123456789012:rule/hourly"
    );
    assert!(events.fire(&platform, "daily").is_err());
}

#[test]
fn whoever_gives_a_role_must_be_allowed_to_pass_it() {
    let platform = platform();
    let target = json!({"Id": "1", "Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m", "RoleArn": "theirs"});
    for (operation, input, resources) in [
        ("PutRule", json!({"Name": "r", "RoleArn": "its"}), vec!["its"]),
        ("PutTargets", json!({"Rule": "r", "Targets": [target]}), vec!["theirs"]),
        ("DescribeRule", json!({"Name": "r"}), vec![]),
    ] {
        let requirements = platform.requirements("events", operation, input).unwrap();
        assert_eq!(requirements[0].action, format!("events:{operation}"));
        assert!(requirements[0].resource.ends_with(":rule/r"), "{operation}");
        let passed: Vec<&str> = requirements[1..]
            .iter()
            .map(|passed| passed.resource.as_str())
            .collect();
        assert_eq!(passed, resources, "{operation}");
    }
}

#[tokio::test]
async fn a_pattern_is_tested_on_a_whole_event() {
    let platform = platform();
    let event = json!({
        "id": "1", "account": "123456789012", "source": "s", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
        "detail-type": "t", "detail": {"a": 1},
    });
    let without = |field: &str| {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove(field);
        event.to_string()
    };
    let invalid = "Parameter Event is not valid.";
    let length = "Member must have length less than or equal to 2048";
    let long = json!({"a": ["x".repeat(2048)]}).to_string();
    for (pattern, event, expected) in [
        (r#"{"detail": {"a": [1]}}"#, event.to_string(), Ok(true)),
        (r#"{"detail": {"a": [2]}}"#, event.to_string(), Ok(false)),
        (r#"{"source": ["s"]}"#, without("detail"), Ok(true)),
        (r#"{"source": ["s"]}"#, without("id"), Err(invalid)),
        (r#"{"source": ["s"]}"#, without("detail-type"), Err(invalid)),
        (r#"{"source": ["s"]}"#, "[]".to_owned(), Err(invalid)),
        (r#"{"source": ["s"]}"#, "text".to_owned(), Err(invalid)),
        (
            r#"{"source": "s"}"#,
            event.to_string(),
            Err("must be an object or an array"),
        ),
        (long.as_str(), event.to_string(), Err(length)),
    ] {
        let input = json!({"EventPattern": pattern, "Event": event});
        let answer = call(&platform, "TestEventPattern", input).await;
        match expected {
            Ok(result) => assert_eq!(answer.unwrap(), json!({"Result": result}), "{pattern}"),
            Err(message) => {
                let error = answer.unwrap_err().to_string();
                assert!(error.contains(message), "{pattern}: {error}");
            }
        }
    }
    let error = call(&platform, "PutRule", json!({"Name": "r", "EventPattern": long})).await;
    assert!(error.unwrap_err().to_string().contains(length));
}

#[tokio::test]
async fn events_that_are_none_are_refused_one_by_one() {
    let platform = platform();
    let required = |name: &str| format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
    for (entry, code, said) in [
        (json!({}), "InvalidArgument", required("Source")),
        (json!({"Source": ""}), "InvalidArgument", required("Source")),
        (json!({"Source": "s"}), "InvalidArgument", required("DetailType")),
        (
            json!({"Source": "s", "DetailType": "", "Detail": "{}"}),
            "InvalidArgument",
            required("DetailType"),
        ),
        (
            json!({"Source": "s", "DetailType": "t", "Detail": ""}),
            "InvalidArgument",
            required("Detail"),
        ),
        (
            json!({"Source": "s", "DetailType": "t", "Detail": "[1]"}),
            "MalformedDetail",
            "Detail is malformed.".to_owned(),
        ),
    ] {
        let answer = call(&platform, "PutEvents", json!({"Entries": [entry]})).await.unwrap();
        let expected = json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": said}]});
        assert_eq!(answer, expected, "{entry}");
    }
    let entry = json!({"Source": "s", "DetailType": "t", "Detail": "{}"});
    let told = "PutEventsRequestEntry(time=null, source=s, resources=null, detailType=t, detail={}, eventBusName=null, \
                traceHeader=null, kmsKeyIdentifier=null, internalMetadata=null)";
    let big = json!({"Source": "s", "DetailType": "t", "Detail": json!({"a": "x".repeat(1024 * 1024)}).to_string()});
    for (entries, said) in [
        (
            vec![entry; 11],
            format!(
                "1 validation error detected: Value '[{}]' at 'entries' failed to satisfy constraint: Member must have length \
                 less than or equal to 10",
                [told; 11].join(", ")
            ),
        ),
        (
            vec![big],
            "Total size of the entries in the request is over the limit.".to_owned(),
        ),
    ] {
        let error = call(&platform, "PutEvents", json!({ "Entries": entries }))
            .await
            .unwrap_err();
        assert_eq!((error.code.as_str(), error.message), ("ValidationException", said));
    }
}

#[tokio::test]
async fn an_event_has_the_time_that_its_sender_gives() {
    let platform = platform();
    for (time, expected) in [
        (json!(1_700_000_000), "2023-11-14T22:13:20Z"),
        (json!(1_700_000_000.9), "2023-11-14T22:13:20Z"),
        (json!("2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z"),
    ] {
        let entry = json!({"Source": "s", "DetailType": "t", "Detail": "{}", "Time": time});
        call(&platform, "PutEvents", json!({"Entries": [entry]})).await.unwrap();
        let sent = platform.journal.entries().into_iter().rev();
        let event = sent.filter_map(|entry| match entry.happening {
            Happening::EventSent { event, .. } => Some(event),
            _ => None,
        });
        assert_eq!(event.into_iter().next().unwrap()["time"], expected);
    }
}

#[tokio::test]
async fn targets_are_looked_at_before_their_rule() {
    let platform = platform();
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let long = "i".repeat(65);
    let pattern = "failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+";
    for (target, said) in [
        (
            json!({"Id": "!", "Arn": queue}),
            format!("1 validation error detected: Value '!' at 'targets.1.member.id' {pattern}"),
        ),
        (
            json!({"Id": long, "Arn": queue}),
            format!(
                "1 validation error detected: Value '{long}' at 'targets.1.member.id' failed to satisfy constraint: Member \
                 must have length less than or equal to 64"
            ),
        ),
        (
            json!({"Id": "fifo", "Arn": format!("{queue}.fifo")}),
            "Parameter(s) SqsParameters must be specified for target: fifo.".to_owned(),
        ),
        (
            json!({"Id": "two", "Arn": queue, "Input": "{}", "InputPath": "$.detail"}),
            "Only one of Input, InputPath, or InputTransformer must be provided for target two.".to_owned(),
        ),
    ] {
        let error = call(&platform, "PutTargets", json!({"Rule": "none", "Targets": [target]})).await;
        let error = error.unwrap_err();
        assert_eq!((error.code.as_str(), error.message), ("ValidationException", said));
    }
    let rule = json!({"Name": "r", "ScheduleExpression": "rate(1 hour)", "EventPattern": ""});
    call(&platform, "PutRule", rule).await.unwrap();
    let described = call(&platform, "DescribeRule", json!({"Name": "r"})).await.unwrap();
    assert_eq!(described.get("EventPattern"), None, "an empty pattern is none");
    let targets: Vec<Value> = (0..6).map(|id| json!({"Id": id.to_string(), "Arn": queue})).collect();
    let error = call(&platform, "PutTargets", json!({"Rule": "r", "Targets": targets})).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "LimitExceededException: The requested resource exceeds the maximum number allowed."
    );
}

#[tokio::test]
async fn rules_have_tags_and_are_found_by_their_target() {
    let platform = platform();
    let target = "arn:aws:sqs:us-east-1:123456789012:q";
    let rule = |name: &str| json!({"Name": name, "ScheduleExpression": "rate(1 hour)", "Tags": [{"Key": "team", "Value": "ml"}]});
    for name in ["a", "b", "c"] {
        call(&platform, "PutRule", rule(name)).await.unwrap();
    }
    let resource = json!("arn:aws:events:us-east-1:123456789012:rule/a");
    let tags = async || {
        let answer = call(&platform, "ListTagsForResource", json!({"ResourceARN": resource})).await;
        answer.unwrap()["Tags"].take()
    };
    assert_eq!(tags().await, json!([{"Key": "team", "Value": "ml"}]));
    let tag = json!({"ResourceARN": resource, "Tags": [{"Key": "team", "Value": "data"}, {"Key": "x", "Value": ""}]});
    call(&platform, "TagResource", tag).await.unwrap();
    // What PutRule says of the tags of a rule that is there is passed over, on AWS too.
    call(&platform, "PutRule", rule("a")).await.unwrap();
    let untag = json!({"ResourceARN": resource, "TagKeys": ["x"]});
    call(&platform, "UntagResource", untag).await.unwrap();
    assert_eq!(tags().await, json!([{"Key": "team", "Value": "data"}]));
    for (resource, code) in [
        (
            "arn:aws:events:us-east-1:123456789012:rule/none",
            "ResourceNotFoundException",
        ),
        (
            "arn:aws:events:us-east-1:123456789012:event-bus/none",
            "ResourceNotFoundException",
        ),
        (
            "arn:aws:events:us-east-1:123456789012:event-bus/default",
            "NotInLocalRun",
        ),
    ] {
        let error = call(&platform, "ListTagsForResource", json!({"ResourceARN": resource})).await;
        assert_eq!(error.unwrap_err().code, code, "{resource}");
    }

    for name in ["a", "c"] {
        let targets = json!([{"Id": "1", "Arn": target}, {"Id": "2", "Arn": target}]);
        call(&platform, "PutTargets", json!({"Rule": name, "Targets": targets}))
            .await
            .unwrap();
    }
    let names = async |input: Value| call(&platform, "ListRuleNamesByTarget", input).await.unwrap();
    assert_eq!(
        names(json!({"TargetArn": target})).await,
        json!({"RuleNames": ["a", "c"]})
    );
    let page = names(json!({"TargetArn": target, "Limit": 1})).await;
    assert_eq!(page["RuleNames"], json!(["a"]));
    let rest = names(json!({"TargetArn": target, "Limit": 1, "NextToken": page["NextToken"]})).await;
    assert_eq!(rest, json!({"RuleNames": ["c"]}));
}

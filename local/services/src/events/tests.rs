//! Rules and patterns, called as a client calls them.

use super::EventBridge;
use super::pattern::Pattern;
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

#[test]
fn patterns_want_what_eventbridge_documents() {
    let event = json!({
        "source": "aws.ecr",
        "detail": {
            "tag": "release-1.2", "size": 12.5, "count": 3, "on": true, "none": null, "ip": "10.0.1.7",
            "list": ["a", "b"], "objects": [{"k": 1, "v": "x"}, {"k": 2, "v": "y"}], "nested": {"deep": "z"}, "empty": [],
        },
    });
    let tag = |matcher: Value| json!({"detail": {"tag": [matcher]}});
    let detail = |name: &str, matcher: Value| json!({"detail": {name: [matcher]}});
    for (pattern, wanted) in [
        (json!({"source": ["aws.ecr"]}), true),
        (json!({"source": ["aws.s3", "aws.ecr"]}), true),
        (json!({"source": ["aws.s3"], "detail": {"tag": ["release-1.2"]}}), false),
        (tag(json!("release-1.2")), true),
        (tag(json!({"prefix": "release-"})), true),
        (tag(json!({"prefix": {"equals-ignore-case": "RELEASE"}})), true),
        (tag(json!({"prefix": "Release"})), false),
        (tag(json!({"suffix": ".2"})), true),
        (tag(json!({"suffix": {"equals-ignore-case": "-1.2"}})), true),
        (tag(json!({"equals-ignore-case": "RELEASE-1.2"})), true),
        (tag(json!({"wildcard": "rel*-*.2"})), true),
        (tag(json!({"wildcard": "rel*-\\*.2"})), false),
        (tag(json!({"anything-but": "release-1.2"})), false),
        (tag(json!({"anything-but": ["x", "y"]})), true),
        (tag(json!({"anything-but": {"prefix": "commit-"}})), true),
        (tag(json!({"anything-but": {"prefix": ["commit-", "release-"]}})), false),
        (tag(json!({"anything-but": {"wildcard": "*1*"}})), false),
        (
            tag(json!({"anything-but": {"equals-ignore-case": ["a", "RELEASE-1.2"]}})),
            false,
        ),
        (detail("missing", json!({"anything-but": "x"})), false),
        (detail("size", json!({"numeric": [">", 0, "<=", 12.5]})), true),
        (detail("size", json!({"numeric": ["=", 12.5]})), true),
        (detail("size", json!({"numeric": ["<", 12.5]})), false),
        (detail("tag", json!({"numeric": [">", 0]})), false),
        (detail("count", json!(3.0)), true),
        (detail("count", json!("3")), false),
        (detail("on", json!(true)), true),
        (detail("none", json!(null)), true),
        (detail("missing", json!(null)), false),
        (detail("ip", json!({"cidr": "10.0.0.0/16"})), true),
        (detail("ip", json!({"cidr": "10.0.0.0/24"})), false),
        (detail("ip", json!({"cidr": "::/0"})), false),
        (detail("missing", json!({"exists": false})), true),
        (detail("tag", json!({"exists": false})), false),
        (detail("tag", json!({"exists": true})), true),
        (detail("nested", json!({"exists": true})), false),
        (detail("empty", json!({"exists": true})), false),
        (json!({"absent": {"deeper": [{"exists": false}]}}), true),
        (detail("list", json!("b")), true),
        (detail("list", json!("c")), false),
        (json!({"detail": {"objects": {"k": [2], "v": ["y"]}}}), true),
        (json!({"detail": {"objects": {"k": [1], "v": ["y"]}}}), false),
        (json!({"$or": [{"source": ["x"]}, {"detail": {"count": [3]}}]}), true),
        (
            json!({"$or": [{"source": ["x"]}, {"source": ["y"]}], "detail": {"count": [3]}}),
            false,
        ),
        (json!({"detail": {"$or": [{"count": [4]}, {"on": [true]}]}}), true),
    ] {
        let parsed = Pattern::parse(&pattern.to_string()).unwrap();
        assert_eq!(parsed.matches(&event), wanted, "{pattern}");
    }
}

#[test]
fn patterns_with_mistakes_are_refused_where_they_are() {
    for (pattern, place) in [
        ("{", "$"),
        ("[]", "$"),
        ("{}", "$"),
        (r#"{"source": "aws.ecr"}"#, "$.source"),
        (r#"{"source": []}"#, "$.source"),
        (r#"{"detail": {}}"#, "$.detail"),
        (r#"{"detail": {"a": [{"sounds-like": "x"}]}}"#, "$.detail.a"),
        (r#"{"detail": {"a": [{"prefix": 1}]}}"#, "$.detail.a"),
        (r#"{"detail": {"a": [{"prefix": "a", "suffix": "b"}]}}"#, "$.detail.a"),
        (r#"{"detail": {"a": [{"numeric": [">", 5, "<", 1]}]}}"#, "$.detail.a"),
        (r#"{"detail": {"a": [{"numeric": ["~", 5]}]}}"#, "$.detail.a"),
        (r#"{"detail": {"a": [{"cidr": "10.0.0.0/33"}]}}"#, "$.detail.a"),
        (r#"{"detail": {"a": [{"wildcard": "a**"}]}}"#, "$.detail.a"),
        (
            r#"{"detail": {"a": [{"anything-but": {"numeric": ["=", 1]}}]}}"#,
            "$.detail.a",
        ),
        (r#"{"$or": [{"a": [1]}]}"#, "$.$or"),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert!(error.starts_with("Event pattern is not valid. Reason: "), "{error}");
        assert!(error.ends_with(&format!("at `{place}`")), "{pattern}: {error}");
    }
}

#[test]
fn what_does_not_fit_is_said_in_words() {
    let event = json!({"source": "aws.states", "detail": {
        "state": "STARTED", "size": 12, "ip": "10.0.1.7", "list": ["a", "b"], "objects": [{"k": 1}], "empty": [], "none": null,
    }});
    let detail = |name: &str, matchers: Value| json!({"source": ["aws.states"], "detail": {name: matchers}});
    for (pattern, expected) in [
        (
            detail("state", json!(["SUCCEEDED", "FAILED"])),
            "`detail.state` is `STARTED`, the pattern wants `SUCCEEDED` or `FAILED`",
        ),
        (
            json!({"source": ["aws.ecr"], "detail": {"state": ["FAILED"]}}),
            "`source` is `aws.states`, the pattern wants `aws.ecr`",
        ),
        (
            json!({"detail": {"a": {"b": [{"prefix": "x"}, {"suffix": {"equals-ignore-case": "y"}}]}}}),
            "`detail.a.b` is not there, the pattern wants what begins with `x` or what ends with `y` in any case",
        ),
        (
            detail("size", json!([{"numeric": [">", 0, "<=", 5]}])),
            "`detail.size` is `12`, the pattern wants a number > 0 and <= 5",
        ),
        (
            detail("ip", json!([{"cidr": "10.0.0.0/24"}])),
            "`detail.ip` is `10.0.1.7`, the pattern wants an address in 10.0.0.0/24",
        ),
        (
            detail("ip", json!([{"cidr": "2001:db8::/32"}])),
            "`detail.ip` is `10.0.1.7`, the pattern wants an address in 2001:db8::/32",
        ),
        (
            detail("state", json!([{"anything-but": ["STARTED", "x"]}])),
            "`detail.state` is `STARTED`, the pattern wants anything but `STARTED` and `x`",
        ),
        (
            detail("list", json!([{"wildcard": "c*"}])),
            "`detail.list` is `[\"a\",\"b\"]`, the pattern wants what is like `c*`",
        ),
        (
            detail("a", json!([{"exists": true}])),
            "`detail.a` is not there, the pattern wants a value there",
        ),
        (
            detail("size", json!([{"exists": false}])),
            "`detail.size` is `12`, the pattern wants none there",
        ),
        (
            json!({"detail": {"objects": {"k": [2]}}}),
            "`detail.objects.k` is `1`, the pattern wants `2`",
        ),
        (json!({"detail": {"empty": {"k": [2]}}}), "`detail.empty` is empty"),
        (
            json!({"detail": {"$or": [{"size": [1]}, {"state": [{"equals-ignore-case": "x"}]}]}}),
            "no alternative of `detail.$or` fits: `detail.size` is `12`, the pattern wants `1`; `detail.state` is `STARTED`, the pattern wants `x` in any case",
        ),
        (detail("none", json!([null])), ""),
    ] {
        let text = pattern.to_string();
        let pattern = Pattern::parse(&text).unwrap();
        assert_eq!(pattern.why_not(&event).unwrap_or_default(), expected, "{text}");
        assert_eq!(pattern.matches(&event), expected.is_empty(), "{text}");
    }
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
    platform.emit(&json!({"source": "test", "detail-type": "t", "detail": {"key": "hunter22"}}));
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

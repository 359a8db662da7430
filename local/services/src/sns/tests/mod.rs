//! Topics and their messages, through the one door.

mod words;

use super::Sns;
use platform::iam::NewRole;
use platform::journal::Happening;
use platform::{Account, Platform, Principal, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:news";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:inbox";

/// An account with the topic `news` and the queue `inbox`, whose policy lets the topic in.
async fn account() -> Arc<Platform> {
    let platform = Platform::new(
        Account::local(),
        std::env::temp_dir(),
        vec![Arc::<Sns>::default(), Arc::<crate::sqs::Sqs>::default()],
    );
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }]});
    let queue = json!({"QueueName": "inbox", "Attributes": {"Policy": policy.to_string()}});
    platform
        .call(&Principal::Administrator, "sqs", "CreateQueue", queue)
        .await
        .expect("a queue");
    ok(
        &platform,
        "CreateTopic",
        json!({"Name": "news", "Attributes": {"DisplayName": "News"}}),
    )
    .await;
    platform
}

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    platform.call(&Principal::Administrator, "sns", operation, input).await
}

async fn ok(platform: &Arc<Platform>, operation: &str, input: Value) -> Value {
    let answer = call(platform, operation, input).await;
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

fn topic(members: Value) -> Value {
    let mut input = json!({"TopicArn": TOPIC});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    input
}

async fn subscribe(platform: &Arc<Platform>, members: Value) -> String {
    let mut input = topic(json!({"Protocol": "sqs", "Endpoint": QUEUE}));
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let subscribed = ok(platform, "Subscribe", input).await;
    subscribed["SubscriptionArn"].as_str().expect("an ARN").to_owned()
}

/// The messages of the queue, which are gone then.
async fn received(platform: &Arc<Platform>) -> Vec<Value> {
    let input = json!({"QueueUrl": "inbox", "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]});
    let mut answer = platform
        .call(&Principal::Administrator, "sqs", "ReceiveMessage", input)
        .await
        .expect("messages");
    answer["Messages"]
        .as_array_mut()
        .map(std::mem::take)
        .unwrap_or_default()
}

#[tokio::test]
async fn a_message_arrives_in_its_envelope() {
    let platform = account().await;
    let arn = subscribe(&platform, json!({})).await;
    assert_eq!(
        arn,
        subscribe(&platform, json!({})).await,
        "the same subscription again"
    );
    let message = topic(json!({
        "Message": "hello", "Subject": "greeting",
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "test"}},
    }));
    let published = ok(&platform, "Publish", message).await;
    let messages = received(&platform).await;
    let envelope: Value = serde_json::from_str(messages[0]["Body"].as_str().unwrap()).expect("an envelope");
    for (member, expected) in [
        ("Type", json!("Notification")),
        ("MessageId", published["MessageId"].clone()),
        ("TopicArn", json!(TOPIC)),
        ("Subject", json!("greeting")),
        ("Message", json!("hello")),
        (
            "MessageAttributes",
            json!({"kind": {"Type": "String", "Value": "test"}}),
        ),
    ] {
        assert_eq!(envelope[member], expected, "{member}");
    }
    let at = envelope["Timestamp"].as_str().unwrap();
    assert!(
        at.len() == "2026-01-01T00:00:00.000Z".len() && at.ends_with('Z'),
        "{at}"
    );
}

#[tokio::test]
async fn raw_messages_and_messages_for_each_protocol() {
    let platform = account().await;
    let arn = subscribe(&platform, json!({"Attributes": {"RawMessageDelivery": "true"}})).await;
    let attributes = json!({"n": {"DataType": "Number", "StringValue": "1"}});
    ok(
        &platform,
        "Publish",
        topic(json!({"Message": "raw", "MessageAttributes": attributes})),
    )
    .await;
    let texts = json!({"default": "for all", "sqs": "for queues"}).to_string();
    ok(
        &platform,
        "Publish",
        topic(json!({"Message": texts, "MessageStructure": "json"})),
    )
    .await;
    let messages = received(&platform).await;
    assert_eq!(
        (
            &messages[0]["Body"],
            &messages[0]["MessageAttributes"]["n"]["StringValue"],
            &messages[1]["Body"]
        ),
        (&json!("raw"), &json!("1"), &json!("for queues"))
    );
    let off = json!({"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery", "AttributeValue": "false"});
    ok(&platform, "SetSubscriptionAttributes", off).await;
    let told = ok(&platform, "GetSubscriptionAttributes", json!({"SubscriptionArn": arn})).await;
    assert_eq!(told["Attributes"]["RawMessageDelivery"], "false");
    received(&platform).await;
    let entries = json!([{"Id": "a", "Message": "1"}, {"Id": "b", "Message": "2", "Subject": "s"}]);
    let batch = topic(json!({ "PublishBatchRequestEntries": entries }));
    let batch = ok(&platform, "PublishBatch", batch).await;
    assert_eq!(
        (&batch["Successful"][0]["Id"], &batch["Successful"][1]["Id"]),
        (&json!("a"), &json!("b"))
    );
    assert_eq!(received(&platform).await.len(), 2);
    let entries = json!([{"Id": "a", "Message": "1"}, {"Id": "b", "Message": ""}]);
    let batch = topic(json!({ "PublishBatchRequestEntries": entries }));
    let error = call(&platform, "PublishBatch", batch).await.expect_err("one is empty");
    assert_eq!(error.to_string(), "InvalidParameter: Invalid parameter: Empty message");
    assert!(received(&platform).await.is_empty(), "none is delivered");
    ok(&platform, "Unsubscribe", json!({"SubscriptionArn": arn})).await;
    received(&platform).await;
    ok(&platform, "Publish", topic(json!({"Message": "nobody hears this"}))).await;
    assert!(received(&platform).await.is_empty());
}

#[tokio::test]
async fn a_queue_that_does_not_let_the_topic_in_gets_nothing() {
    let platform = account().await;
    let policy = json!({"QueueUrl": "inbox", "Attributes": {"Policy": json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": QUEUE,
    }]}).to_string()}});
    platform
        .call(&Principal::Administrator, "sqs", "SetQueueAttributes", policy)
        .await
        .expect("a policy");
    subscribe(&platform, json!({})).await;
    ok(&platform, "Publish", topic(json!({"Message": "lost"}))).await;
    assert!(received(&platform).await.is_empty());
    let failed = |entry: platform::journal::Entry| matches!(entry.happening, Happening::DeliveryFailed { .. });
    assert_eq!(
        platform
            .journal
            .entries()
            .into_iter()
            .filter(|entry| failed(entry.clone()))
            .count(),
        1
    );
}

#[tokio::test]
async fn an_email_is_waited_for_and_never_sent() {
    let platform = account().await;
    let email = topic(json!({"Protocol": "email", "Endpoint": "a@example.com"}));
    let subscribed = ok(&platform, "Subscribe", email).await;
    assert_eq!(subscribed["SubscriptionArn"], "pending confirmation");
    let listed = ok(&platform, "ListSubscriptionsByTopic", topic(json!({}))).await;
    assert_eq!(listed["Subscriptions"][0]["SubscriptionArn"], "PendingConfirmation");
    assert_eq!(ok(&platform, "ListSubscriptions", json!({})).await, listed);
    let attributes = ok(&platform, "GetTopicAttributes", topic(json!({}))).await;
    let attributes = &attributes["Attributes"];
    assert_eq!(
        (
            &attributes["SubscriptionsPending"],
            &attributes["SubscriptionsConfirmed"],
            &attributes["DisplayName"]
        ),
        (&json!("1"), &json!("0"), &json!("News"))
    );
    let notes = platform.journal.entries();
    assert!(
        notes
            .iter()
            .any(|entry| matches!(&entry.happening, Happening::Note { text } if text.contains("a@example.com")))
    );
    ok(&platform, "DeleteTopic", topic(json!({}))).await;
    ok(&platform, "DeleteTopic", topic(json!({}))).await;
    assert_eq!(ok(&platform, "ListTopics", json!({})).await, json!({"Topics": []}));
}

#[tokio::test]
async fn what_sns_refuses() {
    let platform = account().await;
    let publish = |members: Value| ("Publish", topic(members));
    let entries = |ids: &[&str]| {
        let entries = ids.iter().map(|id| json!({"Id": id, "Message": "m"}));
        (
            "PublishBatch",
            topic(json!({"PublishBatchRequestEntries": entries.collect::<Vec<_>>()})),
        )
    };
    let subscribe = |protocol: &str, endpoint: &str, attributes: Value| {
        let members = json!({"Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes});
        ("Subscribe", topic(members))
    };
    for ((operation, input), code) in [
        (("CreateTopic", json!({"Name": "a b"})), "InvalidParameter"),
        (("CreateTopic", json!({"Name": "news.fifo"})), "NotInLocalRun"),
        (
            (
                "CreateTopic",
                json!({"Name": "news", "Attributes": {"DisplayName": "Other"}}),
            ),
            "InvalidParameter",
        ),
        (
            (
                "CreateTopic",
                json!({"Name": "n", "Attributes": {"DeliveryPolicy": "{}"}}),
            ),
            "NotInLocalRun",
        ),
        (("GetTopicAttributes", json!({"TopicArn": "news"})), "InvalidParameter"),
        (
            ("GetTopicAttributes", json!({"TopicArn": format!("{TOPIC}2")})),
            "NotFound",
        ),
        (publish(json!({"Message": ""})), "InvalidParameter"),
        (publish(json!({"Message": "x".repeat(262_145)})), "InvalidParameter"),
        (publish(json!({"Message": "m", "Subject": "a\nb"})), "InvalidParameter"),
        (
            publish(json!({"Message": "m", "MessageStructure": "json"})),
            "InvalidParameter",
        ),
        (
            publish(json!({"Message": "{\"sqs\": \"m\"}", "MessageStructure": "json"})),
            "InvalidParameter",
        ),
        (
            publish(json!({"Message": "m", "MessageAttributes": {"a": {"DataType": "String"}}})),
            "ParameterValueInvalid",
        ),
        (
            publish(json!({"Message": "m", "MessageDeduplicationId": "d"})),
            "InvalidParameter",
        ),
        (
            ("Publish", json!({"PhoneNumber": "+1", "Message": "m"})),
            "NotInLocalRun",
        ),
        (("Publish", json!({"Message": "m"})), "InvalidParameter"),
        (entries(&[]), "EmptyBatchRequest"),
        (entries(&["a", "a"]), "BatchEntryIdsNotDistinct"),
        (entries(&["a b"]), "InvalidBatchEntryId"),
        (
            entries(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]),
            "TooManyEntriesInBatchRequest",
        ),
        (
            subscribe("lambda", "arn:aws:lambda:us-east-1:123456789012:function:f", json!({})),
            "NotInLocalRun",
        ),
        (subscribe("pigeon", "loft", json!({})), "InvalidParameter"),
        (subscribe("sqs", "inbox", json!({})), "InvalidParameter"),
        (subscribe("email", "nobody", json!({})), "InvalidParameter"),
        (subscribe("sqs", QUEUE, json!({"FilterPolicy": "{}"})), "NotInLocalRun"),
        (
            subscribe("email", "a@b", json!({"RawMessageDelivery": "true"})),
            "InvalidParameter",
        ),
        (("Unsubscribe", json!({"SubscriptionArn": "x"})), "InvalidParameter"),
        (("ConfirmSubscription", topic(json!({"Token": "t"}))), "NotInLocalRun"),
    ] {
        let error = call(&platform, operation, input.clone()).await.expect_err(operation);
        assert_eq!(error.code, code, "{operation} {input}: {error}");
    }
}

#[tokio::test]
async fn publishing_is_asked_of_iam() {
    let platform = account().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": format!("{TOPIC}2")},
    ]});
    let role = NewRole::for_service("writer", "lambda.amazonaws.com").with_policy("p", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    let writer = Principal::role_session("writer", "s");
    let denied = platform
        .call(&writer, "sns", "Publish", topic(json!({"Message": "m"})))
        .await
        .expect_err("denied");
    assert_eq!((denied.code.as_str(), denied.status), ("AuthorizationError", 403));
    assert!(denied.message.contains("sns:Publish"), "{denied}");
}

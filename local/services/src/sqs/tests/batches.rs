//! Batches of messages, tags of queues, and what a message is told with.

use super::{account, call, queue, receive, refusal};
use platform::iam::NewRole;
use platform::{Platform, Principal};
use serde_json::{Value, json};
use std::sync::Arc;

async fn batch(platform: &Arc<Platform>, operation: &str, url: &Value, entries: Value) -> Result<Value, String> {
    let input = json!({"QueueUrl": url, "Entries": entries});
    let answer = call(platform, "sqs", operation, input).await;
    answer.map_err(|error| error.to_string())
}

#[tokio::test]
async fn each_entry_of_a_batch_has_its_own_end() {
    let platform = account();
    let url = queue(&platform, "work", json!({"MaximumMessageSize": "1024"})).await;
    let entries = json!([
        {"Id": "one", "MessageBody": "first", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}},
        {"Id": "late", "MessageBody": "x", "DelaySeconds": 901},
        {"Id": "long", "MessageBody": "x".repeat(1025)},
        {"Id": "two", "MessageBody": "second"},
    ]);
    let sent = batch(&platform, "SendMessageBatch", &url, entries).await.expect("sent");
    let ids = |list: &Value| -> Vec<String> {
        let entries = list.as_array().into_iter().flatten();
        entries.map(|entry| entry["Id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&sent["Successful"]), ["one", "two"]);
    assert_eq!(ids(&sent["Failed"]), ["late", "long"]);
    assert!(sent["Successful"][0]["MD5OfMessageAttributes"].is_string(), "{sent}");
    assert_eq!(
        sent["Failed"][1],
        json!({
            "Id": "long",
            "Code": "InvalidParameterValue",
            "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
            "SenderFault": true,
        })
    );

    let received = receive(&platform, &url, 30).await;
    let handle = |index: usize| received[index]["ReceiptHandle"].clone();
    let entries = json!([
        {"Id": "a", "ReceiptHandle": handle(0), "VisibilityTimeout": 60},
        {"Id": "b", "ReceiptHandle": "made-up", "VisibilityTimeout": 60},
    ]);
    let changed = batch(&platform, "ChangeMessageVisibilityBatch", &url, entries).await;
    let changed = changed.expect("changed");
    assert_eq!(changed["Successful"], json!([{"Id": "a"}]));
    assert_eq!(changed["Failed"][0]["Code"], "ReceiptHandleIsInvalid");

    let entries = json!([{"Id": "a", "ReceiptHandle": handle(0)}, {"Id": "b", "ReceiptHandle": handle(1)}]);
    let deleted = batch(&platform, "DeleteMessageBatch", &url, entries).await;
    assert_eq!(deleted, Ok(json!({"Successful": [{"Id": "a"}, {"Id": "b"}]})));
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused_in_sqs_words() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    let entry = |id: &str| json!({"Id": id, "MessageBody": "m"});
    let eleven: Vec<Value> = (0..11).map(|index| entry(&index.to_string())).collect();
    let name = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
                letters long.";
    for (entries, said) in [
        (
            json!([]),
            "EmptyBatchRequest: There should be at least one SendMessageBatchRequestEntry in the request.".to_owned(),
        ),
        (
            eleven.into(),
            "TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 11.".to_owned(),
        ),
        (json!([entry("")]), format!("InvalidBatchEntryId: {name}")),
        (json!([entry("a.b")]), format!("InvalidBatchEntryId: {name}")),
        (json!([entry(&"i".repeat(81))]), format!("InvalidBatchEntryId: {name}")),
        (
            json!([entry("a"), entry("b"), entry("b"), entry("a")]),
            "BatchEntryIdsNotDistinct: Id b repeated.".to_owned(),
        ),
        (
            json!([{"Id": "a", "MessageBody": "x".repeat(1 << 20)}, entry("b")]),
            "BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
                .to_owned(),
        ),
    ] {
        assert_eq!(batch(&platform, "SendMessageBatch", &url, entries).await, Err(said));
    }
    for operation in ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        let said = batch(&platform, operation, &json!("https://x/none"), json!([])).await;
        let said = said.expect_err("no queue");
        assert!(said.starts_with("QueueDoesNotExist"), "{operation}: {said}");
    }
}

/// SendMessageBatch needs `sqs:SendMessage`, and so do the others.
#[tokio::test]
async fn a_batch_needs_the_right_to_one_message() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["sqs:SendMessage", "sqs:DeleteMessageBatch"],
        "Resource": "*",
    }]});
    let role = NewRole::for_service("sender", "lambda.amazonaws.com").with_policy("p", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    let role = Principal::role_session("sender", "s");
    for (operation, entry, allowed) in [
        ("SendMessageBatch", json!({"Id": "a", "MessageBody": "m"}), true),
        ("DeleteMessageBatch", json!({"Id": "a", "ReceiptHandle": "h"}), false),
    ] {
        let input = json!({"QueueUrl": url, "Entries": [entry]});
        let answer = platform.call(&role, "sqs", operation, input).await;
        assert_eq!(answer.is_ok(), allowed, "{operation}: {answer:?}");
    }
}

#[tokio::test]
async fn tags_of_a_queue() {
    let platform = account();
    let input = json!({"QueueName": "work", "tags": {"team": "ml", "empty": ""}});
    let url = call(&platform, "sqs", "CreateQueue", input).await.expect("a queue")["QueueUrl"].clone();
    let act = async |operation: &str, members: Value| {
        let mut input = members;
        input["QueueUrl"] = url.clone();
        let answer = call(&platform, "sqs", operation, input).await;
        answer.map_err(|error| error.to_string())
    };
    act("TagQueue", json!({"Tags": {"team": "data", "Team": "x"}}))
        .await
        .expect("tagged");
    let tags = json!({"Tags": {"Team": "x", "empty": "", "team": "data"}});
    assert_eq!(act("ListQueueTags", json!({})).await, Ok(tags.clone()));
    let many: serde_json::Map<_, _> = (0..50).map(|index| (format!("t{index}"), json!("v"))).collect();
    for (operation, members, said) in [
        (
            "TagQueue",
            json!({"Tags": {}}),
            "The request must contain the parameter Tags.",
        ),
        (
            "TagQueue",
            json!({ "Tags": many }),
            "Too many tags added for queue work.",
        ),
        (
            "UntagQueue",
            json!({"TagKeys": []}),
            "Tag keys must be between 1 and 128 characters in length.",
        ),
    ] {
        let refused = act(operation, members).await.expect_err(said);
        assert!(refused.ends_with(said), "{refused}");
    }
    assert_eq!(act("ListQueueTags", json!({})).await, Ok(tags), "as they were");
    act("UntagQueue", json!({"TagKeys": ["team", "Team", "empty"]}))
        .await
        .expect("untagged");
    assert_eq!(act("ListQueueTags", json!({})).await, Ok(json!({})));
    let nowhere = json!({"QueueUrl": "https://x/none", "Tags": {"a": "b"}});
    assert_eq!(
        refusal(&platform, "sqs", "TagQueue", nowhere).await,
        "QueueDoesNotExist"
    );
}

/// The same queue, of which less is said or what it is anyway, is no other one.
#[tokio::test]
async fn a_queue_is_made_again_where_nothing_differs() {
    let platform = account();
    let given = json!({"DelaySeconds": "1", "ReceiveMessageWaitTimeSeconds": "1"});
    let url = queue(&platform, "work", given).await;
    for same in [
        json!({}),
        json!({"DelaySeconds": "1"}),
        json!({"VisibilityTimeout": "30"}),
    ] {
        assert_eq!(queue(&platform, "work", same).await, url);
    }
    let input = json!({"QueueName": "work", "Attributes": {"DelaySeconds": "2"}});
    let error = call(&platform, "sqs", "CreateQueue", input)
        .await
        .expect_err("it differs");
    assert_eq!(
        error.to_string(),
        "QueueNameExists: A queue already exists with the same name and a different value for attribute DelaySeconds"
    );
}

#[tokio::test]
async fn a_message_is_told_with_its_group_and_its_trace() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}});
    let input = json!({
        "QueueUrl": url, "MessageBody": "m", "MessageGroupId": "tenant", "MessageSystemAttributes": trace,
    });
    let sent = call(&platform, "sqs", "SendMessage", input).await.expect("sent");
    assert!(sent["MD5OfMessageSystemAttributes"].is_string(), "{sent}");
    let input = json!({"QueueUrl": url, "MessageSystemAttributeNames": ["MessageGroupId", "AWSTraceHeader"]});
    let answer = call(&platform, "sqs", "ReceiveMessage", input).await.expect("received");
    assert_eq!(
        answer["Messages"][0]["Attributes"],
        json!({"MessageGroupId": "tenant", "AWSTraceHeader": "Root=1-2-3"})
    );

    let long = "x".repeat((1 << 20) - 2);
    let text = |text: &str| json!({"a": {"DataType": "String", "StringValue": text}});
    for (members, said) in [
        (
            json!({"MessageGroupId": "two words"}),
            "Value two words for parameter MessageGroupId is invalid.",
        ),
        (
            json!({"MessageDeduplicationId": "d"}),
            "The request include parameter that is not valid for this queue type.",
        ),
        (
            json!({"MessageSystemAttributes": text("b")}),
            "Message system attribute name 'a' is invalid.",
        ),
        // Attributes count.
        (
            json!({"MessageBody": long, "MessageAttributes": text("b")}),
            "Message must be shorter than 1048576 bytes.",
        ),
    ] {
        let mut input = json!({"QueueUrl": url, "MessageBody": "m"});
        input
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let error = call(&platform, "sqs", "SendMessage", input).await.expect_err(said);
        assert!(error.message.contains(said), "{error}");
    }
}

//! Queues and their messages, through the one door.

mod batches;

use crate::testing::{self, call, refusal};
use platform::iam::NewRole;
use platform::{Platform, Principal};
use serde_json::{Value, json};
use std::sync::Arc;

/// An account with queues alone.
fn account() -> Arc<Platform> {
    testing::account(vec![Arc::<super::Sqs>::default()])
}

async fn queue(platform: &Arc<Platform>, name: &str, attributes: Value) -> Value {
    let input = json!({"QueueName": name, "Attributes": attributes});
    let created = call(platform, "sqs", "CreateQueue", input).await.expect(name);
    created["QueueUrl"].clone()
}

async fn send(platform: &Arc<Platform>, url: &Value, body: &str) {
    let input = json!({"QueueUrl": url, "MessageBody": body});
    call(platform, "sqs", "SendMessage", input).await.expect(body);
}

async fn receive(platform: &Arc<Platform>, url: &Value, visibility: u64) -> Vec<Value> {
    let input = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": visibility});
    let answer = call(platform, "sqs", "ReceiveMessage", input).await.expect("an answer");
    answer
        .get("Messages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn messages_stay_until_they_are_deleted() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    send(&platform, &url, "one").await;
    let first = receive(&platform, &url, 0).await;
    assert_eq!(first[0]["Body"], "one");
    let second = receive(&platform, &url, 60).await;
    assert_eq!(second[0]["MessageId"], first[0]["MessageId"]);
    assert!(receive(&platform, &url, 0).await.is_empty(), "it is in flight");
    let handle = &second[0]["ReceiptHandle"];
    let again = json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 0});
    call(&platform, "sqs", "ChangeMessageVisibility", again)
        .await
        .expect("visible");
    let third = receive(&platform, &url, 60).await;
    assert_eq!(third.len(), 1);
    let delete = json!({"QueueUrl": url, "ReceiptHandle": third[0]["ReceiptHandle"]});
    call(&platform, "sqs", "DeleteMessage", delete).await.expect("deleted");
    let count = json!({"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"]});
    let count = call(&platform, "sqs", "GetQueueAttributes", count).await;
    assert_eq!(
        count,
        Ok(json!({"Attributes": {"ApproximateNumberOfMessagesNotVisible": "0"}}))
    );
}

#[tokio::test]
async fn whoever_waits_gets_what_arrives() {
    let platform = account();
    let url = queue(&platform, "work", json!({"ReceiveMessageWaitTimeSeconds": "20"})).await;
    let waiting = {
        let (platform, url) = (Arc::clone(&platform), url.clone());
        tokio::spawn(async move { receive(&platform, &url, 30).await })
    };
    tokio::task::yield_now().await;
    send(&platform, &url, "late").await;
    let received = waiting.await.expect("a task");
    assert_eq!(received[0]["Body"], "late");
}

#[tokio::test]
async fn poison_moves_to_the_dead_letter_queue() {
    let platform = account();
    let dead = queue(&platform, "dead", json!({})).await;
    let redrive = json!({
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead",
        "maxReceiveCount": 2,
    });
    let url = queue(&platform, "work", json!({"RedrivePolicy": redrive.to_string()})).await;
    send(&platform, &url, "poison").await;
    let mut received = Vec::new();
    for _ in 0..3 {
        received.push(receive(&platform, &url, 0).await.len());
    }
    assert_eq!(received, [1, 1, 0]);
    assert_eq!(receive(&platform, &dead, 0).await[0]["Body"], "poison");
}

#[tokio::test]
async fn a_dead_letter_queue_knows_its_sources() {
    let platform = account();
    let dead = queue(&platform, "dead", json!({})).await;
    let other = queue(&platform, "other", json!({})).await;
    let to = |name: &str| {
        let arn = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 2});
        json!({"RedrivePolicy": redrive.to_string()})
    };
    let first = queue(&platform, "a", to("dead")).await;
    let elsewhere = queue(&platform, "b", to("other")).await;
    let second = queue(&platform, "c", to("dead")).await;
    let list = async |input: Value| call(&platform, "sqs", "ListDeadLetterSourceQueues", input).await;

    assert_eq!(
        list(json!({"QueueUrl": dead})).await,
        Ok(json!({"queueUrls": [first, second]}))
    );
    let page = list(json!({"QueueUrl": dead, "MaxResults": 1})).await.expect("a page");
    assert_eq!(page["queueUrls"], json!([first]));
    let rest = json!({"QueueUrl": dead, "MaxResults": 1, "NextToken": page["NextToken"]});
    assert_eq!(list(rest).await, Ok(json!({"queueUrls": [second]})));
    let none = list(json!({"QueueUrl": first})).await;
    assert_eq!(none, Ok(json!({"queueUrls": []})));

    let changed = json!({"QueueUrl": elsewhere, "Attributes": {"RedrivePolicy": ""}});
    call(&platform, "sqs", "SetQueueAttributes", changed)
        .await
        .expect("no redrive");
    assert_eq!(list(json!({"QueueUrl": other})).await, Ok(json!({"queueUrls": []})));
}

#[tokio::test]
async fn sources_are_listed_where_a_policy_allows_it() {
    let platform = account();
    let dead = queue(&platform, "dead", json!({})).await;
    let other = queue(&platform, "other", json!({})).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": "sqs:ListDeadLetterSourceQueues",
        "Resource": "arn:aws:sqs:us-east-1:123456789012:dead",
    }]});
    let role = NewRole::for_service("operator", "lambda.amazonaws.com").with_policy("p", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    let role = Principal::role_session("operator", "s");
    for (url, allowed) in [(dead, true), (other, false)] {
        let input = json!({"QueueUrl": url});
        let answer = platform.call(&role, "sqs", "ListDeadLetterSourceQueues", input).await;
        assert_eq!(answer.is_ok(), allowed, "{url}: {answer:?}");
    }
}

#[tokio::test]
async fn what_sqs_refuses() {
    let platform = account();
    let url = queue(&platform, "work", json!({"VisibilityTimeout": "5"})).await;
    for (operation, input, code) in [
        ("CreateQueue", json!({"QueueName": "a b"}), "InvalidParameterValue"),
        ("CreateQueue", json!({"QueueName": "work.fifo"}), "NotInLocalRun"),
        (
            "CreateQueue",
            json!({"QueueName": "work", "Attributes": {"VisibilityTimeout": "6"}}),
            "QueueNameExists",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "q", "Attributes": {"Colour": "red"}}),
            "InvalidAttributeName",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "q", "Attributes": {"DelaySeconds": "901"}}),
            "InvalidAttributeValue",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "q", "Attributes": {"RedrivePolicy": "{}"}}),
            "InvalidParameterValue",
        ),
        (
            "SetQueueAttributes",
            json!({"QueueUrl": url, "Attributes": {"Policy": "{"}}),
            "InvalidAttributeValue",
        ),
        ("GetQueueUrl", json!({"QueueName": "none"}), "QueueDoesNotExist"),
        ("DeleteQueue", json!({"QueueUrl": ""}), "QueueDoesNotExist"),
        ("DeleteQueue", json!({"QueueUrl": url, "Force": true}), "NotInLocalRun"),
        (
            "SendMessage",
            json!({"QueueUrl": "https://x/none", "MessageBody": "m"}),
            "QueueDoesNotExist",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": ""}),
            "MissingParameter",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": url, "MaxNumberOfMessages": 11}),
            "InvalidParameterValue",
        ),
        (
            "ChangeMessageVisibility",
            json!({"QueueUrl": url, "ReceiptHandle": "x", "VisibilityTimeout": 1}),
            "ReceiptHandleIsInvalid",
        ),
        (
            "ListDeadLetterSourceQueues",
            json!({"QueueUrl": "https://x/none"}),
            "QueueDoesNotExist",
        ),
        (
            "ListDeadLetterSourceQueues",
            json!({"QueueUrl": url, "MaxResults": 1001}),
            "InvalidParameterValue",
        ),
        (
            "ListDeadLetterSourceQueues",
            json!({"QueueUrl": url, "MaxResults": 0}),
            "InvalidParameterValue",
        ),
        (
            "ListDeadLetterSourceQueues",
            json!({"QueueUrl": url, "NextToken": "x"}),
            "InvalidParameterValue",
        ),
        ("StartMessageMoveTask", json!({"QueueUrl": url}), "NotInLocalRun"),
    ] {
        assert_eq!(
            refusal(&platform, "sqs", operation, input.clone()).await,
            code,
            "{operation} {input}"
        );
    }
}

#[tokio::test]
async fn times_that_sqs_does_not_have_are_refused() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    send(&platform, &url, "one").await;
    let handle = receive(&platform, &url, 0).await[0]["ReceiptHandle"].clone();
    for (operation, parameter, most, rest) in [
        ("SendMessage", "DelaySeconds", 900, json!({"MessageBody": "x"})),
        ("ReceiveMessage", "VisibilityTimeout", 43_200, json!({})),
        ("ReceiveMessage", "WaitTimeSeconds", 20, json!({})),
        (
            "ChangeMessageVisibility",
            "VisibilityTimeout",
            43_200,
            json!({"ReceiptHandle": handle}),
        ),
    ] {
        for seconds in [most + 1, u64::MAX] {
            let mut input = rest.clone();
            input["QueueUrl"] = url.clone();
            input[parameter] = seconds.into();
            let code = refusal(&platform, "sqs", operation, input).await;
            assert_eq!(code, "InvalidParameterValue", "{operation} {parameter} {seconds}");
        }
    }
}

#[tokio::test]
async fn attributes_of_a_message_come_back_with_their_digest() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    let attributes = json!({
        "timestamp": {"DataType": "Number.java.lang.Long", "StringValue": "1493147359900"},
        "kind.of": {"DataType": "String", "StringValue": "test"},
        "kind.raw": {"DataType": "Binary", "BinaryValue": "AQI="},
    });
    let input = json!({"QueueUrl": url, "MessageBody": "one", "MessageAttributes": attributes});
    let sent = call(&platform, "sqs", "SendMessage", input).await.expect("sent");
    // Reckoned by another program, by AWS's own description of it.
    let digest = "8d468d4022a3037178ff6b0ffbcd4aa5";
    assert_eq!(sent["MD5OfMessageAttributes"], digest);
    for (asked, expected) in [
        (json!(["All"]), vec!["kind.of", "kind.raw", "timestamp"]),
        (json!([".*"]), vec!["kind.of", "kind.raw", "timestamp"]),
        (json!(["kind.*"]), vec!["kind.of", "kind.raw"]),
        (json!(["timestamp", "absent"]), vec!["timestamp"]),
        (json!(["absent"]), vec![]),
    ] {
        let input = json!({"QueueUrl": url, "VisibilityTimeout": 0, "MessageAttributeNames": asked});
        let answer = call(&platform, "sqs", "ReceiveMessage", input)
            .await
            .expect("a message");
        let message = &answer["Messages"][0];
        let names = message["MessageAttributes"].as_object().map(|all| {
            let mut names: Vec<_> = all.keys().map(String::as_str).collect();
            names.sort_unstable();
            names
        });
        assert_eq!(names.unwrap_or_default(), expected, "{asked}");
        let is_whole = message["MD5OfMessageAttributes"] == digest;
        assert_eq!(is_whole, expected.len() == 3, "{asked}");
        assert_eq!(
            message.get("MD5OfMessageAttributes").is_some(),
            !expected.is_empty(),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn attributes_that_are_none_are_refused_in_sqs_words() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    let text = |text: &str| json!({"DataType": "String", "StringValue": text});
    let eleven: serde_json::Map<_, _> = (0..11).map(|index| (format!("a{index}"), text("x"))).collect();
    for (attributes, said) in [
        (
            json!({"\u{f6}": text("x")}),
            "The message attribute name '\u{f6}' is invalid.",
        ),
        (
            json!({"a": {"DataType": "Date", "StringValue": "x"}}),
            "has an invalid message attribute type",
        ),
        (
            json!({"a": text("")}),
            "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
        ),
        (
            json!({"a": {"StringValue": "x"}}),
            "must contain a non-empty message attribute type",
        ),
        (
            json!({"a": {"DataType": "Number", "StringValue": "x"}}),
            "Can't cast the value of message attribute 'a'",
        ),
        (
            eleven.into(),
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
    ] {
        let input = json!({"QueueUrl": url, "MessageBody": "one", "MessageAttributes": attributes});
        let error = call(&platform, "sqs", "SendMessage", input).await.expect_err("refused");
        assert_eq!(error.code, "InvalidParameterValue");
        assert!(error.message.contains(said), "{}", error.message);
    }
}

#[tokio::test]
async fn a_queue_says_what_it_is_and_what_it_has_not() {
    let platform = account();
    queue(&platform, "dead", json!({})).await;
    let redrive = |target: &str| {
        let arn = format!("arn:aws:sqs:us-east-1:123456789012:{target}");
        json!({"RedrivePolicy": json!({"deadLetterTargetArn": arn, "maxReceiveCount": "3"}).to_string()})
    };
    let url = queue(&platform, "work", redrive("dead")).await;
    let get = async |names: Value| {
        let input = json!({"QueueUrl": url, "AttributeNames": names});
        call(&platform, "sqs", "GetQueueAttributes", input).await
    };
    let all = get(json!(["All"])).await.expect("attributes")["Attributes"].clone();
    for name in ["CreatedTimestamp", "LastModifiedTimestamp"] {
        assert!(all[name].as_str().is_some_and(|at| at.len() == 10), "{all}");
    }
    assert_eq!(all["SqsManagedSseEnabled"], "true");
    let policy: Value = serde_json::from_str(all["RedrivePolicy"].as_str().expect("text")).expect("JSON");
    assert_eq!(policy["maxReceiveCount"], 3);
    assert_eq!(get(json!([])).await, Ok(json!({})));
    assert_eq!(get(json!(["KmsMasterKeyId"])).await, Ok(json!({})), "it is not set");
    let unknown = get(json!(["QueueArn", "Colour"])).await.expect_err("unknown");
    assert_eq!(unknown.to_string(), "InvalidAttributeName: Unknown Attribute Colour.");

    let none = json!({"QueueUrl": url, "Attributes": {"RedrivePolicy": ""}});
    call(&platform, "sqs", "SetQueueAttributes", none)
        .await
        .expect("no policy");
    assert_eq!(
        get(json!(["All"])).await.expect("attributes")["Attributes"].get("RedrivePolicy"),
        None
    );

    let nowhere = json!({"QueueUrl": url, "Attributes": redrive("nowhere")});
    let refused = call(&platform, "sqs", "SetQueueAttributes", nowhere)
        .await
        .expect_err("nowhere");
    assert!(
        refused.message.ends_with("Reason: Dead letter target does not exist."),
        "{refused}"
    );
}

#[tokio::test]
async fn a_handle_is_of_a_message_or_of_none() {
    let platform = account();
    let url = queue(&platform, "work", json!({})).await;
    send(&platform, &url, "one").await;
    let first = receive(&platform, &url, 0).await[0]["ReceiptHandle"].clone();
    let second = receive(&platform, &url, 30).await[0]["ReceiptHandle"].clone();
    let act = async |operation: &str, handle: &Value| {
        let mut input = json!({"QueueUrl": url, "ReceiptHandle": handle});
        if operation == "ChangeMessageVisibility" {
            input["VisibilityTimeout"] = 40.into();
        }
        call(&platform, "sqs", operation, input).await
    };
    for operation in ["DeleteMessage", "ChangeMessageVisibility"] {
        let error = act(operation, &json!("made-up")).await.expect_err(operation);
        assert_eq!(
            error.to_string(),
            "ReceiptHandleIsInvalid: The input receipt handle \"made-up\" is not a valid receipt handle."
        );
        // The queue comes first.
        let nowhere = match operation {
            "DeleteMessage" => json!({"QueueUrl": "https://x/none", "ReceiptHandle": "made-up"}),
            _ => json!({"QueueUrl": "https://x/none", "ReceiptHandle": "made-up", "VisibilityTimeout": 1}),
        };
        assert_eq!(refusal(&platform, "sqs", operation, nowhere).await, "QueueDoesNotExist");
    }
    // An older handle deletes nothing, and hides the message as the newest one does.
    for handle in [&first, &second] {
        act("ChangeMessageVisibility", handle).await.expect("in flight");
    }
    act("DeleteMessage", &first).await.expect("no error");
    act("ChangeMessageVisibility", &second).await.expect("still there");
    act("DeleteMessage", &second).await.expect("deleted");
    act("DeleteMessage", &second).await.expect("deleted twice");
    let gone = act("ChangeMessageVisibility", &second).await.expect_err("gone");
    assert!(gone.message.contains("Message does not exist"), "{gone}");
}

//! What SNS says, in its own words, and what it takes without one.

use super::{QUEUE, TOPIC, account, call, ok, received, subscribe, topic};
use serde_json::{Value, json};

#[tokio::test]
async fn names_and_arns_that_are_none() {
    let platform = account().await;
    let short = |member: &str, count: usize| {
        format!("Invalid parameter: {member} Reason: An ARN must have at least 6 elements, not {count}")
    };
    let subscription = |arn: &str| json!({ "SubscriptionArn": arn });
    for (operation, input, said) in [
        ("GetTopicAttributes", json!({"TopicArn": "news"}), short("TopicArn", 1)),
        (
            "Publish",
            json!({"TopicArn": "arn:aws:sns:us-east-1:news", "Message": "m"}),
            short("TopicArn", 5),
        ),
        (
            "GetTopicAttributes",
            json!({"TopicArn": QUEUE}),
            "Invalid parameter: TopicArn".to_owned(),
        ),
        ("Unsubscribe", subscription("x"), short("SubscriptionArn", 1)),
        (
            "Unsubscribe",
            subscription(""),
            "Invalid parameter: SubscriptionArn Reason: no value for required parameter".to_owned(),
        ),
        (
            "Unsubscribe",
            subscription(TOPIC),
            "Invalid parameter: SubscriptionId".to_owned(),
        ),
        (
            "GetSubscriptionAttributes",
            subscription(&format!("{TOPIC}:none")),
            "Subscription does not exist".to_owned(),
        ),
        (
            "GetSubscriptionAttributes",
            subscription(&format!("{QUEUE}:none")),
            "Subscription does not exist".to_owned(),
        ),
        (
            "SetTopicAttributes",
            topic(json!({"AttributeName": "Colour", "AttributeValue": "red"})),
            "Invalid parameter: AttributeName".to_owned(),
        ),
        (
            "SetTopicAttributes",
            topic(json!({"AttributeName": "SQSSuccessFeedbackRoleArn", "AttributeValue": "r"})),
            "the local run does not have the attribute `SQSSuccessFeedbackRoleArn` of topics".to_owned(),
        ),
    ] {
        let error = call(&platform, operation, input.clone()).await.expect_err(operation);
        assert_eq!(error.message, said, "{operation} {input}");
    }
}

#[tokio::test]
async fn attributes_of_a_message_that_are_none() {
    let platform = account().await;
    let text = json!({"DataType": "String", "StringValue": "v"});
    for (name, attribute, said) in [
        (
            "a^b",
            text.clone(),
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric \
             characters, hyphens, underscores, or dots.",
        ),
        (
            ".a",
            text.clone(),
            "Invalid message attribute name starting with character '.' was found.",
        ),
        (
            "a.",
            text.clone(),
            "Invalid message attribute name ending with character '.' was found.",
        ),
        (
            "a..b",
            text.clone(),
            "Message attribute name can not have successive '.' character.",
        ),
        (
            &"a".repeat(257),
            text.clone(),
            "Length of message attribute name must be less than 256 bytes.",
        ),
        (
            "a",
            json!({"DataType": "String", "BinaryValue": "AA=="}),
            "The message attribute 'a' with type 'String' must use field 'String'.",
        ),
        (
            "a",
            json!({"DataType": "Binary", "StringValue": "v"}),
            "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
        ),
        (
            "a",
            json!({"DataType": "String", "StringValue": ""}),
            "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
        ),
        (
            "a",
            json!({"StringValue": "v"}),
            "1 validation error detected: Value null at 'messageAttributes.a.member.dataType' failed to satisfy constraint: \
             Member must not be null",
        ),
    ] {
        let input = topic(json!({"Message": "m", "MessageAttributes": {name: attribute}}));
        let error = call(&platform, "Publish", input).await.expect_err(said);
        assert_eq!(error.message, said);
    }
    // Attributes count, with their names and types: "attr1", "Number" and "1" are 12 bytes.
    let attributes = json!({"attr1": {"DataType": "Number", "StringValue": "1"}});
    for (length, fits) in [(262_144 - 12, true), (262_144 - 11, false)] {
        let input = topic(json!({"Message": "x".repeat(length), "MessageAttributes": attributes}));
        assert_eq!(call(&platform, "Publish", input).await.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn batches_that_are_none() {
    let platform = account().await;
    let entry = |id: &str, length: usize| json!({"Id": id, "Message": "x".repeat(length)});
    let long = "i".repeat(81);
    for (entries, said) in [
        (
            json!([entry("a.b", 1)]),
            "The Id of a batch entry in the batch request contains an impermissible character: a.b".to_owned(),
        ),
        (
            json!([entry(&long, 1)]),
            format!("The Id of a batch entry in the batch request is too long: {long}"),
        ),
        (
            json!([entry("a", 131_072), entry("b", 131_073)]),
            "The length of all the messages put together is more than the limit.".to_owned(),
        ),
    ] {
        let input = topic(json!({ "PublishBatchRequestEntries": entries }));
        let error = call(&platform, "PublishBatch", input).await.expect_err(&said);
        assert_eq!(error.message, said);
    }
}

#[tokio::test]
async fn what_is_there_already_may_be_said_in_part() {
    let platform = account().await;
    let tags = |tags: Value| json!({"Name": "news", "Tags": tags});
    let (a, b) = (json!({"Key": "a", "Value": "1"}), json!({"Key": "b", "Value": "2"}));
    let of_topic = json!([a, b]);
    let tag = json!({"ResourceArn": TOPIC, "Tags": of_topic});
    ok(&platform, "TagResource", tag).await;
    for same in [
        json!({"Name": "news"}),
        tags(json!([])),
        tags(json!([a])),
        tags(of_topic.clone()),
        json!({"Name": "news", "Attributes": {"DisplayName": "News"}}),
    ] {
        assert_eq!(ok(&platform, "CreateTopic", same).await["TopicArn"], TOPIC);
    }
    for (other, said) in [
        (
            tags(json!([{"Key": "c", "Value": "3"}])),
            "Tags Reason: Topic already exists with different tags",
        ),
        (tags(json!([a, a])), "Duplicated keys are not allowed."),
        (
            json!({"Name": "news", "Attributes": {"DisplayName": "Other"}}),
            "Attributes Reason: Topic already exists with different attributes",
        ),
    ] {
        let error = call(&platform, "CreateTopic", other).await.expect_err(said);
        assert_eq!(error.message, format!("Invalid parameter: {said}"));
    }

    let arn = subscribe(&platform, json!({"Attributes": {"RawMessageDelivery": "True"}})).await;
    for attributes in [json!({}), json!({"RawMessageDelivery": "true"})] {
        assert_eq!(subscribe(&platform, json!({ "Attributes": attributes })).await, arn);
    }
    let told = ok(&platform, "GetSubscriptionAttributes", json!({"SubscriptionArn": arn})).await;
    let principal = &told["Attributes"]["SubscriptionPrincipal"];
    assert_eq!(principal, "arn:aws:iam::123456789012:user/you");
    for (attributes, said) in [
        (
            json!({"RawMessageDelivery": "false"}),
            "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
        ),
        (
            json!({"RawMessageDelivery": "maybe"}),
            "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [maybe]. Must be true or false.",
        ),
    ] {
        let input = topic(json!({"Protocol": "sqs", "Endpoint": QUEUE, "Attributes": attributes}));
        assert_eq!(call(&platform, "Subscribe", input).await.expect_err(said).message, said);
    }
    for (name, value, said) in [
        ("Colour", "red", "Invalid parameter: AttributeName"),
        (
            "RawMessageDelivery",
            "",
            "Invalid parameter: RawMessageDelivery: Invalid value []. Must be true or false.",
        ),
    ] {
        let input = json!({"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value});
        let error = call(&platform, "SetSubscriptionAttributes", input)
            .await
            .expect_err(said);
        assert_eq!(error.message, said);
    }
    // Whoever leaves twice has left.
    for _ in 0..2 {
        ok(&platform, "Unsubscribe", json!({"SubscriptionArn": arn})).await;
    }
}

#[tokio::test]
async fn tags_of_a_topic() {
    let platform = account().await;
    let tag = |tags: Value| json!({"ResourceArn": TOPIC, "Tags": tags});
    let list = async || ok(&platform, "ListTagsForResource", json!({"ResourceArn": TOPIC})).await;
    let given = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]);
    ok(&platform, "TagResource", tag(given.clone())).await;
    assert_eq!(list().await, json!({ "Tags": given }));
    let many: Vec<Value> = (0..49)
        .map(|index| json!({"Key": index.to_string(), "Value": ""}))
        .collect();
    for (input, said) in [
        (
            tag(json!([{"Key": "c", "Value": ""}, {"Key": "c", "Value": ""}])),
            "InvalidParameter: Invalid parameter: Duplicated keys are not allowed.",
        ),
        (
            tag(many.into()),
            "TagLimitExceeded: Could not complete request: tag quota of per resource exceeded",
        ),
        (
            json!({"ResourceArn": format!("{TOPIC}2"), "Tags": []}),
            "ResourceNotFound: Resource does not exist",
        ),
    ] {
        let error = call(&platform, "TagResource", input).await.expect_err(said);
        assert_eq!(error.to_string(), said);
    }
    ok(
        &platform,
        "UntagResource",
        json!({"ResourceArn": TOPIC, "TagKeys": ["a", "none"]}),
    )
    .await;
    assert_eq!(list().await, json!({"Tags": [{"Key": "b", "Value": ""}]}));
}

#[tokio::test]
async fn a_group_goes_along_to_the_queue() {
    let platform = account().await;
    subscribe(&platform, json!({})).await;
    ok(
        &platform,
        "Publish",
        topic(json!({"Message": "m", "MessageGroupId": "tenant"})),
    )
    .await;
    let input = json!({"QueueUrl": "inbox", "MessageSystemAttributeNames": ["MessageGroupId"]});
    let answer = crate::testing::call(&platform, "sqs", "ReceiveMessage", input).await;
    let answer = answer.expect("a message");
    assert_eq!(answer["Messages"][0]["Attributes"], json!({"MessageGroupId": "tenant"}));
    assert!(received(&platform).await.is_empty());
}

//! Denials as each protocol sends them: status, code and message.

use crate::client::{Request, send, served, signed};
use crate::world::role;
use serde_json::json;

/// What is asked for, and by which protocol.
enum Call {
    /// The operation in `X-Amz-Target`.
    Json(&'static str),
    /// The operation in the form.
    Query,
}

#[tokio::test]
async fn every_protocol_says_it_in_its_own_way() {
    let cloud = served().await;
    role(
        &cloud,
        "nobody",
        json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}),
    );
    let issued = cloud.iam.assume_role("nobody", "s", Vec::new()).expect("credentials");
    for (service, call, body, status, code, reason) in [
        (
            "ssm",
            Call::Json("AmazonSSM.GetParameters"),
            r#"{"Names":["/a"]}"#,
            400,
            r#""__type":"AccessDeniedException""#,
            "ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/a because no identity-based \
             policy allows the ssm:GetParameters action",
        ),
        (
            "ecr",
            Call::Json("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"),
            "{}",
            400,
            r#""__type":"AccessDeniedException""#,
            "ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the \
             ecr:GetAuthorizationToken action",
        ),
        (
            "states",
            Call::Json("AWSStepFunctions.DescribeStateMachine"),
            r#"{"stateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:m"}"#,
            400,
            r#""__type":"AccessDeniedException""#,
            "states:DescribeStateMachine on resource: arn:aws:states:us-east-1:123456789012:stateMachine:m because no \
             identity-based policy allows the states:DescribeStateMachine action",
        ),
        (
            "sqs",
            Call::Json("AmazonSQS.SendMessage"),
            r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/q","MessageBody":"m"}"#,
            403,
            r#""__type":"AccessDeniedException""#,
            "sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:q because no identity-based policy allows \
             the sqs:sendmessage action",
        ),
        (
            "iam",
            Call::Query,
            "Action=GetRole&RoleName=r&Version=2010-05-08",
            403,
            "<Code>AccessDenied</Code>",
            "iam:GetRole on resource: arn:aws:iam::123456789012:role/r because no identity-based policy allows the \
             iam:GetRole action",
        ),
    ] {
        let mut more = Vec::new();
        let content_type = match call {
            Call::Json(target) => {
                more.push(("x-amz-target", target));
                "application/x-amz-json-1.1"
            }
            Call::Query => "application/x-www-form-urlencoded; charset=utf-8",
        };
        let mut headers = signed(&issued, &issued.secret_access_key, service, &more, body);
        headers.push(("content-type", content_type.to_owned()));
        headers.push(("x-amz-security-token", issued.session_token.clone()));
        let request = Request {
            method: "POST",
            path: "/",
            headers,
            body: body.as_bytes().to_vec(),
        };
        let answer = send(&cloud, request).await;
        let text = answer.text();
        assert_eq!(answer.status, status, "{service}: {text}");
        let user = "User: arn:aws:sts::123456789012:assumed-role/nobody/s is not authorized to perform:";
        assert!(text.contains(code), "{service}: {text}");
        assert!(text.contains(&format!("{user} {reason}")), "{service}: {text}");
        let query_error = answer.header("x-amzn-query-error");
        assert_eq!(query_error, if service == "sqs" { "AccessDenied;Sender" } else { "" });
    }
}

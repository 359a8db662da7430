//! The gateway: the SDKs' protocols, as they arrive over HTTP.

use crate::client::{Answer, Request, authorization, send, served, signed};
use crate::world::role;
use serde_json::json;
use stepline::cloud::Cloud;

async fn send_json(cloud: &Cloud, target: &str, service: &str, body: &str) -> Answer {
    let request = Request {
        method: "POST",
        path: "/",
        headers: vec![
            ("x-amz-target", target.to_owned()),
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("authorization", authorization("test", "us-east-1", service)),
        ],
        body: body.as_bytes().to_vec(),
    };
    send(cloud, request).await
}

async fn post(cloud: &Cloud, headers: Vec<(&str, String)>, body: &str) -> Answer {
    let request = Request {
        method: "POST",
        path: "/",
        headers,
        body: body.as_bytes().to_vec(),
    };
    send(cloud, request).await
}

#[tokio::test]
async fn json_protocols() {
    let cloud = served().await;
    for (target, service, body, status, code) in [
        (
            "AmazonSSM.PutParameter",
            "ssm",
            r#"{"Name":"/a","Value":"1","Type":"String"}"#,
            200,
            "",
        ),
        (
            "AmazonSSM.GetParameter",
            "ssm",
            r#"{"Name":"/none"}"#,
            400,
            "ParameterNotFound",
        ),
        ("AmazonSSM.GetParameter", "ssm", "{", 400, "SerializationException"),
        ("AmazonSSM.GetParameter", "ssm", "[]", 400, "SerializationException"),
        (
            "AmazonSSM.GetParameter",
            "states",
            "{}",
            403,
            "InvalidSignatureException",
        ),
        ("AmazonSSM.CreatePatchBaseline", "ssm", "{}", 501, "NotInLocalRun"),
        ("DynamoDB_20120810.ListTables", "dynamodb", "{}", 501, "NotInLocalRun"),
        ("GetParameter", "ssm", "{}", 400, "UnknownOperationException"),
    ] {
        let answer = send_json(&cloud, target, service, body).await;
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (status, code),
            "{target}"
        );
        assert_eq!(answer.json()["__type"].as_str().unwrap_or_default(), code, "{target}");
        assert!(!answer.header("x-amzn-requestid").is_empty(), "{target}");
    }
    let queue = send_json(&cloud, "AmazonSQS.GetQueueUrl", "sqs", r#"{"QueueName":"none"}"#).await;
    assert_eq!(
        queue.header("x-amzn-query-error"),
        "AWS.SimpleQueueService.NonExistentQueue;Sender"
    );
}

#[tokio::test]
async fn a_host_of_an_operation_s_own_is_this_one() {
    let cloud = served().await;
    let endpoint = cloud.endpoint().expect("an endpoint");
    let port = endpoint.rsplit(':').next().expect("a port");
    for (host, operation, body, expected) in [
        (
            "sync-localhost",
            "StartSyncExecution",
            r#"{"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:none"}"#,
            "StateMachineDoesNotExist",
        ),
        (
            "sync-127.0.0.1",
            "TestState",
            r#"{"definition": "{\"Type\": \"Pass\", \"End\": true}", "input": "{}"}"#,
            "SUCCEEDED",
        ),
    ] {
        let headers = vec![
            ("host", format!("{host}:{port}")),
            ("x-amz-target", format!("AWSStepFunctions.{operation}")),
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("authorization", authorization("test", "us-east-1", "states")),
        ];
        let answer = post(&cloud, headers, body).await;
        assert!(answer.text().contains(expected), "{operation}: {}", answer.text());
    }
}

#[tokio::test]
async fn identities() {
    let cloud = served().await;
    let statements = json!({"Effect": "Allow", "Action": "ssm:DescribeParameters", "Resource": "*"});
    role(&cloud, "reader", statements);
    let issued = cloud.iam.assume_role("reader", "s", Vec::new()).expect("credentials");
    let token = Some(issued.session_token.as_str());
    let secret = issued.secret_access_key.as_str();
    for (secret, token, operation, status, code) in [
        (secret, token, "DescribeParameters", 200, ""),
        (secret, token, "GetParameter", 400, "AccessDeniedException"),
        (secret, None, "DescribeParameters", 403, "UnrecognizedClientException"),
        ("another", token, "DescribeParameters", 403, "InvalidSignatureException"),
    ] {
        let target = format!("AmazonSSM.{operation}");
        let body = if operation == "GetParameter" {
            r#"{"Name":"/a"}"#
        } else {
            "{}"
        };
        let mut headers = signed(&issued, secret, "ssm", &[("x-amz-target", &target)], body);
        headers.extend(token.map(|token| ("x-amz-security-token", token.to_owned())));
        let answer = post(&cloud, headers, body).await;
        let actual = (answer.status, answer.header("x-amzn-errortype"));
        assert_eq!(actual, (status, code), "{token:?} {operation}");
        let text = answer.text();
        assert!(!text.contains(&issued.session_token) && !text.contains(&issued.secret_access_key));
    }
    for (authorization, status, code) in [
        (
            Some(authorization("test", "us-east-1", "ssm")),
            400,
            "ParameterNotFound",
        ),
        (
            Some(authorization("test", "eu-west-1", "ssm")),
            400,
            "ParameterNotFound",
        ),
        (
            Some(authorization("test", "eu-west-11", "ssm")),
            403,
            "InvalidSignatureException",
        ),
        (Some("Basic dGVzdA==".to_owned()), 400, "IncompleteSignatureException"),
        (
            Some("AWS4-HMAC-SHA256 Credential=test/20260101".to_owned()),
            400,
            "IncompleteSignatureException",
        ),
        (None, 403, "MissingAuthenticationTokenException"),
    ] {
        let mut headers = vec![("x-amz-target", "AmazonSSM.GetParameter".to_owned())];
        headers.extend(authorization.clone().map(|value| ("authorization", value)));
        let answer = post(&cloud, headers, r#"{"Name":"/a"}"#).await;
        let actual = (answer.status, answer.header("x-amzn-errortype"));
        assert_eq!(actual, (status, code), "{authorization:?}");
    }
}

#[tokio::test]
async fn the_query_protocol() {
    let cloud = served().await;
    role(
        &cloud,
        "reader",
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
    );
    let form = |form: &str| Request {
        method: "POST",
        path: "/",
        headers: vec![
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            ),
            ("authorization", authorization("test", "us-east-1", "sts")),
        ],
        body: form.as_bytes().to_vec(),
    };
    for (body, status, expected) in [
        (
            "Action=GetCallerIdentity&Version=2011-06-15",
            200,
            "<GetCallerIdentityResult><UserId>AIDALOCALADMINISTRATO</UserId><Account>123456789012</Account>\
             <Arn>arn:aws:iam::123456789012:user/you</Arn></GetCallerIdentityResult>",
        ),
        (
            "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader&RoleSessionName=me",
            200,
            "<Arn>arn:aws:sts::123456789012:assumed-role/reader/me</Arn>",
        ),
        (
            "Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/none&RoleSessionName=me",
            403,
            "<Code>AccessDenied</Code>",
        ),
        (
            "Action=AssumeRole&RoleArn=r&RoleSessionName=me&DurationSeconds=5",
            400,
            "<Code>ValidationError</Code>",
        ),
        ("Action=GetFederationToken", 501, "<Code>NotInLocalRun</Code>"),
        ("Version=2011-06-15", 400, "<Code>MissingAction</Code>"),
    ] {
        let answer = send(&cloud, form(body)).await;
        let text = answer.text();
        assert!(
            answer.status == status && text.contains(expected),
            "{body}: {} {text}",
            answer.status
        );
    }
}

/// Whoever has no credentials yet is told what is missing too, which is no signature.
#[tokio::test]
async fn operations_without_a_signature_are_refused_by_name() {
    let cloud = served().await;
    for (action, status, said) in [
        (
            "AssumeRoleWithWebIdentity",
            501,
            "the local run has no `sts:AssumeRoleWithWebIdentity`",
        ),
        (
            "AssumeRoleWithSAML",
            501,
            "the local run has no `sts:AssumeRoleWithSAML`",
        ),
        ("GetCallerIdentity", 403, "<Code>MissingAuthenticationToken</Code>"),
    ] {
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let answer = post(&cloud, headers, &format!("Action={action}&Version=2011-06-15")).await;
        assert_eq!(answer.status, status, "{action}");
        assert!(answer.text().contains(said), "{action}: {}", answer.text());
    }
}

#[tokio::test]
async fn requests_that_nobody_would_send_are_refused_in_words() {
    let cloud = served().await;
    role(
        &cloud,
        "reader",
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
    );
    let issued = cloud.iam.assume_role("reader", "s", Vec::new()).expect("credentials");
    // A presigned URL that holds until the end of time, and longer.
    for seconds in [i64::MAX, i64::MIN] {
        let request = Request {
            method: "GET",
            path: &format!("/bucket/key?X-Amz-Expires={seconds}"),
            headers: vec![
                ("authorization", authorization(&issued.access_key_id, "us-east-1", "s3")),
                ("x-amz-security-token", issued.session_token.clone()),
                ("x-amz-date", "20260101T000000Z".to_owned()),
            ],
            body: Vec::new(),
        };
        let answer = send(&cloud, request).await;
        assert_eq!(answer.status, 400, "{seconds}: {}", answer.text());
        assert!(
            answer.text().contains("AuthorizationQueryParametersError"),
            "{}",
            answer.text()
        );
    }
    // A form whose structures lie in one another beyond all measure.
    let name = "a.".repeat(200_000);
    let request = Request {
        method: "POST",
        path: "/",
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("authorization", authorization("test", "us-east-1", "sts")),
        ],
        body: format!("Action=GetCallerIdentity&{name}=x").into_bytes(),
    };
    let answer = send(&cloud, request).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(
        answer.text().contains("<Code>MalformedInput</Code>"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn load_balancers_speak_the_query_protocol() {
    let cloud = served().await;
    let ask = async |form: &str| {
        let headers = vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            (
                "authorization",
                authorization("test", "us-east-1", "elasticloadbalancing"),
            ),
        ];
        post(&cloud, headers, form).await
    };
    let made = ask(concat!(
        "Action=CreateTargetGroup&Version=2015-12-01&Name=app&Protocol=HTTP&Port=8080&VpcId=vpc-1&TargetType=ip",
        "&Matcher.HttpCode=200&Tags.member.1.Key=k&Tags.member.1.Value=v",
    ));
    let made = made.await;
    assert_eq!(made.status, 200, "{}", made.text());
    for part in [
        "<CreateTargetGroupResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">",
        "<TargetGroups><member><TargetGroupArn>arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/app/",
        "<Port>8080</Port>",
        "<Matcher><HttpCode>200</HttpCode></Matcher>",
    ] {
        assert!(made.text().contains(part), "{part} in {}", made.text());
    }
    let missing = ask("Action=DescribeTargetGroups&Version=2015-12-01&Names.member.1=none").await;
    assert_eq!(missing.status, 400);
    assert!(
        missing.text().contains("<Code>TargetGroupNotFound</Code>"),
        "{}",
        missing.text()
    );
}

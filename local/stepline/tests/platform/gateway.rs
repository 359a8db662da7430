//! The gateway: the SDKs' protocols, as they arrive over HTTP.
use crate::world::{cloud, role};
use hmac::{Hmac, KeyInit as _, Mac as _};
use platform::iam::Credentials;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::gateway;
use tokio::net::TcpListener;

/// A request to a service, and what came of it.
/// A request to the gateway.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) headers: Vec<(&'r str, String)>,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A cloud that answers on loopback.
pub(crate) async fn served() -> Arc<Cloud> {
    let cloud = cloud();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    gateway::serve(Arc::clone(&cloud), listener).expect("a gateway");
    cloud
}

/// What the SDKs put into `Authorization`; the signature itself is of no account for keys that the account did not issue.
fn authorization(key: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

/// What the SDKs put there for credentials that the account did issue: a signature over the request and the headers that
/// are given, which must come in the order of their names.
pub(crate) fn signed(
    credentials: &Credentials,
    secret: &str,
    service: &str,
    more: &[(&'static str, &str)],
    body: &str,
) -> Vec<(&'static str, String)> {
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let mut headers = vec![("x-amz-date", time.clone())];
    headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hex::encode(Sha256::digest(body)));
    let scope = format!("{day}/us-east-1/{service}/aws4_request");
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex::encode(Sha256::digest(request))
    );
    let key = [day, "us-east-1", service, "aws4_request"]
        .into_iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let signature = hex::encode(mac(&key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    );
    headers.push(("authorization", authorization));
    headers
}

pub(crate) async fn send(cloud: &Cloud, request: Request<'_>) -> Answer {
    let mut builder = ureq::http::Request::builder().method(request.method).uri(format!(
        "{}{}",
        cloud.endpoint().expect("an endpoint"),
        request.path
    ));
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let request = builder.body(request.body).expect("a request");
    let answer = tokio::task::spawn_blocking(move || {
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let mut response = config.build().new_agent().run(request).expect("an answer");
        let body = response.body_mut().read_to_vec().expect("a body");
        (response.status().as_u16(), response.headers().clone(), body)
    });
    let (status, headers, body) = answer.await.expect("a task");
    Answer { status, headers, body }
}

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

async fn s3(cloud: &Cloud, method: &str, path: &str, headers: Vec<(&str, String)>, body: &[u8]) -> Answer {
    let mut headers = headers;
    headers.push(("authorization", authorization("test", "us-east-1", "s3")));
    let request = Request {
        method,
        path,
        headers,
        body: body.to_vec(),
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

#[tokio::test]
async fn objects_by_path_and_by_host() {
    let cloud = served().await;
    assert_eq!(s3(&cloud, "PUT", "/bucket", vec![], b"").await.status, 200);
    let framed = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let headers = vec![
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned()),
        ("x-amz-decoded-content-length", "5".to_owned()),
        ("x-amz-trailer", "x-amz-checksum-crc32".to_owned()),
        ("content-encoding", "aws-chunked".to_owned()),
        ("content-type", "text/plain".to_owned()),
        ("x-amz-meta-commit", "abc".to_owned()),
    ];
    let put = s3(
        &cloud,
        "PUT",
        "/bucket/a%20b/%C3%BC.txt?x-id=PutObject",
        headers,
        framed,
    )
    .await;
    assert_eq!(
        (put.status, put.header("etag")),
        (200, "\"5d41402abc4b2a76b9719d911017c592\"")
    );
    let got = s3(
        &cloud,
        "GET",
        "/bucket/a%20b/%C3%BC.txt",
        vec![("x-amz-checksum-mode", "ENABLED".to_owned())],
        b"",
    )
    .await;
    assert_eq!(got.text(), "hello");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-encoding", ""),
        ("x-amz-meta-commit", "abc"),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-server-side-encryption", "AES256"),
        ("content-length", "5"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let host = vec![
        ("host", "bucket.localhost:1".to_owned()),
        ("range", "bytes=1-2".to_owned()),
    ];
    let part = s3(&cloud, "GET", "/a%20b/%C3%BC.txt", host, b"").await;
    assert_eq!(
        (part.status, part.text().as_str(), part.header("content-range")),
        (206, "el", "bytes 1-2/5")
    );
    let head = s3(&cloud, "HEAD", "/bucket/a%20b/%C3%BC.txt", vec![], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, "5"));
    let listed = s3(
        &cloud,
        "GET",
        "/bucket?list-type=2&delimiter=%2F&encoding-type=url",
        vec![],
        b"",
    )
    .await;
    assert!(
        listed
            .text()
            .contains("<CommonPrefixes><Prefix>a%20b%2F</Prefix></CommonPrefixes>")
    );
    assert_eq!(
        s3(&cloud, "DELETE", "/bucket/a%20b/%C3%BC.txt", vec![], b"")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn what_s3_refuses() {
    let cloud = served().await;
    for path in ["/bucket", "/bucket/there"] {
        assert_eq!(s3(&cloud, "PUT", path, vec![], b"x").await.status, 200);
    }
    let header = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    for (method, path, headers, status, code) in [
        ("PUT", "/bucket", vec![], 409, "BucketAlreadyOwnedByYou"),
        ("PUT", "/No", vec![], 400, "InvalidBucketName"),
        ("GET", "/none/x", vec![], 404, "NoSuchBucket"),
        ("GET", "/bucket/none", vec![], 404, "NoSuchKey"),
        ("GET", "/bucket/there", header("range", "bytes=5-"), 416, "InvalidRange"),
        (
            "GET",
            "/bucket/there",
            header("if-match", "\"other\""),
            412,
            "PreconditionFailed",
        ),
        (
            "PUT",
            "/bucket/there",
            header("if-none-match", "*"),
            412,
            "PreconditionFailed",
        ),
        ("PUT", "/bucket/none", header("if-match", "\"e\""), 404, "NoSuchKey"),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-checksum-crc32", "AAAAAQ=="),
            400,
            "BadDigest",
        ),
        ("PUT", "/bucket/x", header("content-md5", "AAAA"), 400, "BadDigest"),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            400,
            "IncompleteBody",
        ),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-content-sha256", &"0".repeat(64)),
            400,
            "XAmzContentSHA256Mismatch",
        ),
        (
            "PUT",
            "/bucket/x",
            header("x-amz-copy-source", "/bucket/there"),
            501,
            "NotImplemented",
        ),
        ("POST", "/bucket/x?uploads", vec![], 501, "NotImplemented"),
        ("GET", "/bucket?versioning", vec![], 501, "NotImplemented"),
        ("GET", "/bucket", vec![], 501, "NotImplemented"),
        ("GET", "/bucket?list-type=2&max-keys=x", vec![], 400, "InvalidArgument"),
        (
            "GET",
            "/bucket?list-type=2&continuation-token=%21",
            vec![],
            400,
            "InvalidArgument",
        ),
    ] {
        let answer = s3(&cloud, method, path, headers.clone(), b"").await;
        let text = answer.text();
        let shown = format!("<Code>{code}</Code>");
        assert!(
            answer.status == status && text.contains(&shown),
            "{method} {path} {headers:?}: {} {text}",
            answer.status
        );
    }
    let unchanged = s3(
        &cloud,
        "GET",
        "/bucket/there",
        header("if-none-match", "\"9dd4e461268c8034f5c8564e155c67a6\""),
        b"",
    )
    .await;
    assert_eq!(unchanged.status, 304);
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
async fn what_is_missing_is_told_to_those_who_may_list() {
    let cloud = cloud();
    let administrator = platform::principal::Principal::Administrator;
    let bucket = json!({"Bucket": "bucket"});
    let made = cloud.call(&administrator, "s3", "CreateBucket", bucket).await;
    made.expect("a bucket");
    let get = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    for (name, statements, code) in [
        ("getter", json!([get]), "AccessDenied"),
        ("lister", json!([get, list]), "NoSuchKey"),
        ("neither", json!([list]), "AccessDenied"),
    ] {
        let caller = role(&cloud, name, statements);
        let object = json!({"Bucket": "bucket", "Key": "none"});
        let error = cloud.call(&caller, "s3", "GetObject", object).await.expect_err(name);
        assert_eq!(error.code, code, "{name}");
    }
}

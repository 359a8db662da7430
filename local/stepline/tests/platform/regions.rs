//! The account in several regions: each has its own things, and IAM, S3's buckets and the gateway are one for all.

use crate::client::{Answer, Request, authorization, send, served};
use crate::cloudformation;
use crate::world::{call, refusal};
use platform::Principal;
use platform::account::Account;
use platform::iam::NewRole;
use platform::store::Store;
use serde_json::{Value, json};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::{deploy, gateway};
use tokio::net::TcpListener;

/// Sends a request of the JSON protocol that is signed for a region.
async fn json_in(cloud: &Cloud, region: &str, target: &str, input: Value) -> Answer {
    let service = if target.starts_with("AmazonSSM.") {
        "ssm"
    } else {
        "states"
    };
    let request = Request {
        method: "POST",
        path: "/",
        headers: vec![
            ("x-amz-target", target.to_owned()),
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("authorization", authorization("test", region, service)),
        ],
        body: input.to_string().into_bytes(),
    };
    send(cloud, request).await
}

/// Sends a request of the query protocol that is signed for a region.
async fn form_in(cloud: &Cloud, region: &str, service: &str, form: &str) -> Answer {
    let request = Request {
        method: "POST",
        path: "/",
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("authorization", authorization("test", region, service)),
        ],
        body: form.as_bytes().to_vec(),
    };
    send(cloud, request).await
}

/// Sends a request to S3 that is signed for a region.
async fn s3_in(cloud: &Cloud, region: &str, (method, path): (&'static str, &'static str), body: &str) -> Answer {
    let request = Request {
        method,
        path,
        headers: vec![("authorization", authorization("test", region, "s3"))],
        body: body.as_bytes().to_vec(),
    };
    send(cloud, request).await
}

#[tokio::test]
async fn each_region_has_its_own_things() {
    let cloud = served().await;
    for (region, value) in [("us-east-1", "home"), ("eu-west-1", "there")] {
        let input = json!({"Name": "/a", "Value": value, "Type": "String"});
        let put = json_in(&cloud, region, "AmazonSSM.PutParameter", input).await;
        assert_eq!(put.json()["Version"], 1, "{region}: {}", put.text());
    }
    for (region, value) in [("us-east-1", "home"), ("eu-west-1", "there")] {
        let got = json_in(&cloud, region, "AmazonSSM.GetParameter", json!({"Name": "/a"})).await;
        let parameter = &got.json()["Parameter"];
        assert_eq!(parameter["Value"], value);
        assert_eq!(
            parameter["ARN"],
            format!("arn:aws:ssm:{region}:123456789012:parameter/a")
        );
    }
    let missing = json_in(
        &cloud,
        "ap-northeast-1",
        "AmazonSSM.GetParameter",
        json!({"Name": "/a"}),
    )
    .await;
    assert_eq!(missing.header("x-amzn-errortype"), "ParameterNotFound");
}

#[tokio::test]
async fn a_region_that_there_is_not_is_refused() {
    let cloud = served().await;
    for region in ["eu-west-11", "us-gov-west-1", "cn-north-1", "mars-north-1", ".."] {
        let answer = json_in(&cloud, region, "AmazonSSM.GetParameter", json!({"Name": "/a"})).await;
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (403, "InvalidSignatureException"),
            "{region}"
        );
        assert!(answer.text().contains(region), "{}", answer.text());
    }
}

#[tokio::test]
async fn roles_are_in_all_regions_and_policies_see_which_one_is_asked() {
    let cloud = served().await;
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
    });
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Action": "ssm:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        }],
    });
    let mut created = NewRole::for_service("reader", "lambda.amazonaws.com").with_policy("ssm", policy);
    created.trust = trust;
    cloud.iam.create_role(&cloud.account, created).expect("a role");
    let form =
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/reader&RoleSessionName=session";
    let assumed = form_in(&cloud, "ap-northeast-1", "sts", form).await;
    assert_eq!(assumed.status, 200, "{}", assumed.text());
    for (region, code) in [
        ("eu-west-1", "ParameterNotFound"),
        ("us-east-1", "AccessDeniedException"),
    ] {
        let there = cloud.in_region(region).expect("the region");
        let reader = Principal::role_session("reader", "s");
        let answer = there.call(&reader, "ssm", "GetParameter", json!({"Name": "/a"})).await;
        assert_eq!(answer.expect_err("nothing is there").code, code, "{region}");
    }
}

#[tokio::test]
async fn a_bucket_is_known_everywhere_and_read_where_it_is() {
    let cloud = served().await;
    let constraint = |region: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    // Where it is sent, what it asks for, and what becomes of it.
    for (region, path, body, status, says) in [
        (
            "eu-west-1",
            "/there",
            String::new(),
            400,
            "The unspecified location constraint",
        ),
        (
            "eu-west-1",
            "/there",
            constraint("us-west-2"),
            400,
            "The us-west-2 location constraint",
        ),
        (
            "us-east-1",
            "/home",
            constraint("us-east-1"),
            400,
            "InvalidLocationConstraint",
        ),
        (
            "us-east-1",
            "/home",
            constraint("eu-west-11"),
            400,
            "InvalidLocationConstraint",
        ),
        ("us-east-1", "/home", String::new(), 200, ""),
        ("us-east-1", "/far", constraint("us-west-2"), 200, ""),
        ("eu-west-1", "/there", constraint("eu-west-1"), 200, ""),
        ("us-east-1", "/there", String::new(), 409, "BucketAlreadyOwnedByYou"),
    ] {
        let answer = s3_in(&cloud, region, ("PUT", path), &body).await;
        assert_eq!(answer.status, status, "{region} {path}: {}", answer.text());
        assert!(answer.text().contains(says), "{region} {path}: {}", answer.text());
    }
    assert_eq!(s3_in(&cloud, "eu-west-1", ("PUT", "/there/k"), "v").await.status, 200);
    assert_eq!(s3_in(&cloud, "eu-west-1", ("GET", "/there/k"), "").await.text(), "v");
    for request in [
        ("GET", "/there/k"),
        ("HEAD", "/there/k"),
        ("HEAD", "/there"),
        ("PUT", "/there/k"),
    ] {
        let answer = s3_in(&cloud, "us-east-1", request, "").await;
        let told = (answer.status, answer.header("x-amz-bucket-region"));
        assert_eq!(told, (301, "eu-west-1"), "{request:?}");
        assert!(request.0 == "HEAD" || answer.text().contains("PermanentRedirect"));
    }
    let location = s3_in(&cloud, "us-east-1", ("GET", "/there?location"), "").await;
    assert!(location.text().contains(">eu-west-1<"), "{}", location.text());
    let list = s3_in(&cloud, "us-west-2", ("GET", "/"), "").await.text();
    assert!(
        ["home", "far", "there"].iter().all(|name| list.contains(name)),
        "{list}"
    );
}

#[tokio::test]
async fn nothing_is_reached_in_another_region() {
    let cloud = served().await;
    let there = cloud.in_region("eu-west-1").expect("the region");
    for (service, operation, input) in [
        ("sqs", "CreateQueue", json!({"QueueName": "jobs"})),
        ("sns", "CreateTopic", json!({"Name": "news"})),
    ] {
        for cloud in [&cloud, &there] {
            call(cloud, service, operation, input.clone())
                .await
                .expect("it is made");
        }
    }
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs";
    for (service, operation, input, code) in [
        (
            "sqs",
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": "m"}),
            "QueueDoesNotExist",
        ),
        (
            "sns",
            "Subscribe",
            json!({
                "TopicArn": "arn:aws:sns:us-east-1:123456789012:news", "Protocol": "sqs",
                "Endpoint": "arn:aws:sqs:eu-west-1:123456789012:jobs",
            }),
            "NotInLocalRun",
        ),
        (
            "lambda",
            "GetFunction",
            json!({"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:f"}),
            "ResourceNotFoundException",
        ),
    ] {
        assert_eq!(refusal(&cloud, service, operation, input).await, code, "{service}");
    }
    let input = json!({"QueueUrl": url, "MessageBody": "m"});
    call(&there, "sqs", "SendMessage", input).await.expect("it is its own");
}

#[tokio::test]
async fn stacks_are_made_in_the_region_that_is_asked() {
    let cloud = served().await;
    deploy::stand_behind(&cloud);
    let there = cloud.in_region("eu-west-1").expect("the region");
    let template = json!({"Resources": {
        "P": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/made", "Type": "String", "Value": {"Ref": "AWS::Region"}},
        },
        "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "made-there"}},
    }});
    let input = json!({"StackName": "s", "TemplateBody": template.to_string()});
    assert_eq!(
        cloudformation::done(&there, "CreateStack", input).await,
        "CREATE_COMPLETE"
    );
    let stack = cloudformation::described(&there, "s").await;
    let id = stack["StackId"].as_str().expect("an id");
    assert!(
        id.starts_with("arn:aws:cloudformation:eu-west-1:123456789012:stack/s/"),
        "{id}"
    );
    let got = json_in(&cloud, "eu-west-1", "AmazonSSM.GetParameter", json!({"Name": "/made"})).await;
    assert_eq!(got.json()["Parameter"]["Value"], "eu-west-1");
    let head = s3_in(&cloud, "eu-west-1", ("HEAD", "/made-there"), "").await;
    assert_eq!(head.status, 200);
    let at_home = cloudformation::refusal(&cloud, "DescribeStacks", json!({"StackName": "s"})).await;
    assert!(at_home.contains("does not exist"), "{at_home}");
}

#[tokio::test]
async fn what_is_in_another_region_lasts_and_goes_with_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let store = Store::open(folder.path()).expect("the store");
        Cloud::open(Account::local(), std::env::temp_dir(), &store).expect("the account")
    };
    let serve = |cloud: &Arc<Cloud>, listener| gateway::serve(cloud.clone(), listener).expect("it serves");
    let port = async || TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let read = async |cloud: &Arc<Cloud>| {
        let got = json_in(cloud, "eu-west-1", "AmazonSSM.GetParameter", json!({"Name": "/a"})).await;
        got.json()["Parameter"]["Value"].clone()
    };
    {
        let cloud = open();
        let served = serve(&cloud, port().await);
        let input = json!({"Name": "/a", "Value": "kept", "Type": "String"});
        let put = json_in(&cloud, "eu-west-1", "AmazonSSM.PutParameter", input).await;
        assert_eq!(put.status, 200, "{}", put.text());
        served.abort();
        let _ = served.await;
    }
    {
        let cloud = open();
        let served = serve(&cloud, port().await);
        assert_eq!(read(&cloud).await, "kept");
        served.abort();
        let _ = served.await;
    }
    assert_eq!(Store::regions(folder.path()).len(), 1);
    Store::clear(folder.path()).expect("it is cleared");
    let cloud = open();
    let _served = serve(&cloud, port().await);
    assert_eq!(read(&cloud).await, Value::Null);
}

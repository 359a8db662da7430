//! Groups of model packages and their versions.

use super::World;
use serde_json::{Value, json};

const GROUP: &str = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/churn";
const PACKAGE: &str = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn";
const IMAGE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml";
const DIGEST: &str = "sha256:4dc8a7e4a010a19bb9e0a6b063f355393f6e623603361bd8b105f554d4f0c004";

pub(super) fn package(group: &str) -> Value {
    json!({
        "ModelPackageGroupName": group,
        "ModelPackageDescription": "a forest",
        "InferenceSpecification": {
            "Containers": [{"Image": format!("{IMAGE}@{DIGEST}"), "ModelDataUrl": "s3://data/m/model.tar.gz", "Environment": {"A": "1"}}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://data/m/e.json"}}},
        "MetadataProperties": {"CommitId": "0123", "GeneratedBy": "execution"},
        "CustomerMetadataProperties": {"accuracy": "0.95"},
    })
}

impl World {
    pub(super) async fn group(&self, name: &str) {
        let group = json!({"ModelPackageGroupName": name});
        self.ok("sagemaker", "CreateModelPackageGroup", group).await;
    }

    async fn versions(&self, question: Value) -> Vec<u64> {
        let listed = self.ok("sagemaker", "ListModelPackages", question).await;
        let listed = listed["ModelPackageSummaryList"].as_array().unwrap().iter();
        listed
            .map(|package| package["ModelPackageVersion"].as_u64().unwrap())
            .collect()
    }
}

#[tokio::test]
async fn groups_are_made_described_listed_and_deleted() {
    let world = World::new("true").await;
    for (name, description) in [("churn", Some("who leaves")), ("price", None)] {
        let mut group = json!({"ModelPackageGroupName": name, "Tags": [{"Key": "team", "Value": "a"}]});
        if let Some(description) = description {
            group["ModelPackageGroupDescription"] = description.into();
        }
        let arn = world.ok("sagemaker", "CreateModelPackageGroup", group).await;
        assert_eq!(arn["ModelPackageGroupArn"], GROUP.replace("churn", name));
    }
    for name in ["churn", GROUP] {
        let question = json!({"ModelPackageGroupName": name});
        let described = world.ok("sagemaker", "DescribeModelPackageGroup", question).await;
        assert_eq!(described["ModelPackageGroupArn"], GROUP);
        assert_eq!(described["ModelPackageGroupStatus"], "Completed");
        assert_eq!(described["ModelPackageGroupDescription"], "who leaves");
    }
    for (question, names) in [
        (json!({}), vec!["churn", "price"]),
        (
            json!({"SortBy": "Name", "SortOrder": "Descending"}),
            vec!["price", "churn"],
        ),
        (json!({"NameContains": "hur"}), vec!["churn"]),
    ] {
        let listed = world.ok("sagemaker", "ListModelPackageGroups", question).await;
        let listed = listed["ModelPackageGroupSummaryList"].as_array().unwrap().iter();
        let listed: Vec<_> = listed
            .map(|group| group["ModelPackageGroupName"].as_str().unwrap())
            .collect();
        assert_eq!(listed, names);
    }
    let tags = world.ok("sagemaker", "ListTags", json!({"ResourceArn": GROUP})).await;
    assert_eq!(tags["Tags"][0]["Key"], "team");
    world.ok("sagemaker", "CreateModelPackage", package("churn")).await;
    let name = json!({"ModelPackageGroupName": "churn"});
    let error = world.refused("DeleteModelPackageGroup", name.clone()).await;
    assert_eq!(error.code, "ConflictException");
    let first = json!({"ModelPackageName": format!("{PACKAGE}/1")});
    world.ok("sagemaker", "DeleteModelPackage", first).await;
    world.ok("sagemaker", "DeleteModelPackageGroup", name.clone()).await;
    let error = world.refused("DescribeModelPackageGroup", name).await;
    assert_eq!(error.message, format!("ModelPackageGroup {GROUP} does not exist."));
}

#[tokio::test]
async fn packages_are_versions_of_their_group() {
    let world = World::new("true").await;
    world.group("churn").await;
    for version in 1..=2 {
        let made = world.ok("sagemaker", "CreateModelPackage", package("churn")).await;
        assert_eq!(made["ModelPackageArn"], format!("{PACKAGE}/{version}"));
    }
    for name in ["churn/2".to_owned(), format!("{PACKAGE}/2")] {
        let question = json!({"ModelPackageName": name});
        let described = world.ok("sagemaker", "DescribeModelPackage", question).await;
        assert_eq!(described["ModelPackageVersion"], 2);
        assert_eq!(described["ModelApprovalStatus"], "PendingManualApproval");
        assert_eq!(described["ModelPackageStatus"], "Completed");
        let container = &described["InferenceSpecification"]["Containers"][0];
        assert_eq!(container["ImageDigest"], DIGEST);
        assert_eq!(container["Environment"]["A"], "1");
        assert_eq!(described["CustomerMetadataProperties"]["accuracy"], "0.95");
        assert_eq!(described["ModelMetrics"], package("churn")["ModelMetrics"]);
        assert_eq!(described["MetadataProperties"], package("churn")["MetadataProperties"]);
    }
    // A version's number is not given again.
    world
        .ok(
            "sagemaker",
            "DeleteModelPackage",
            json!({"ModelPackageName": "churn/2"}),
        )
        .await;
    let made = world.ok("sagemaker", "CreateModelPackage", package("churn")).await;
    assert_eq!(made["ModelPackageArn"], format!("{PACKAGE}/3"));
    for operation in ["DescribeModelPackage", "DeleteModelPackage"] {
        let error = world.refused(operation, json!({"ModelPackageName": "churn/2"})).await;
        assert_eq!(error.message, format!("ModelPackage {PACKAGE}/2 does not exist."));
    }
}

#[tokio::test]
async fn the_same_token_makes_no_second_version() {
    let world = World::new("true").await;
    world.group("churn").await;
    let mut input = package("churn");
    input["ClientToken"] = "token-1".into();
    for _ in 0..2 {
        let made = world.ok("sagemaker", "CreateModelPackage", input.clone()).await;
        assert_eq!(made["ModelPackageArn"], format!("{PACKAGE}/1"));
    }
    input["ModelApprovalStatus"] = "Approved".into();
    let error = world.refused("CreateModelPackage", input).await;
    assert_eq!(error.code, "ConflictException");
}

#[tokio::test]
async fn an_approval_is_told_with_an_event() {
    let world = World::new("true").await;
    world.group("churn").await;
    world.ok("sagemaker", "CreateModelPackage", package("churn")).await;
    let update = json!({
        "ModelPackageArn": format!("{PACKAGE}/1"),
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "better",
        "CustomerMetadataProperties": {"by": "me"},
        "CustomerMetadataPropertiesToRemove": ["accuracy"],
    });
    world.ok("sagemaker", "UpdateModelPackage", update).await;
    let name = json!({"ModelPackageName": "churn/1"});
    let described = world.ok("sagemaker", "DescribeModelPackage", name).await;
    assert_eq!(described["ApprovalDescription"], "better");
    assert_eq!(described["CustomerMetadataProperties"], json!({"by": "me"}));
    assert!(described["LastModifiedTime"].is_f64());
    let events = world.events("SageMaker Model Package State Change");
    let statuses: Vec<_> = events
        .iter()
        .map(|event| event["detail"]["ModelApprovalStatus"].clone())
        .collect();
    assert_eq!(statuses, ["PendingManualApproval", "Approved"]);
    let event = &events[1];
    assert_eq!(event["resources"][0], format!("{PACKAGE}/1"));
    let detail = &event["detail"];
    assert_eq!(detail["ModelPackageGroupName"], "churn");
    assert_eq!(detail["ModelPackageVersion"], 1);
    assert_eq!(detail["ModelPackageArn"], format!("{PACKAGE}/1"));
    assert_eq!(detail["ModelPackageStatus"], "Completed");
    assert_eq!(
        detail["ModelPackageStatusDetails"],
        json!({"ValidationStatuses": [], "ImageScanStatuses": []})
    );
    assert_eq!(detail["CertifyForMarketplace"], false);
    assert_eq!(
        detail["UpdatedModelPackageFields"],
        json!([
            "CustomerMetadataProperties",
            "ModelApprovalStatus",
            "ApprovalDescription"
        ])
    );
    // 2021-02-24T17:00:14Z
    let created = detail["CreationTime"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
}

#[tokio::test]
async fn packages_are_listed_by_group_and_approval() {
    let world = World::new("true").await;
    for group in ["churn", "price"] {
        world.group(group).await;
    }
    for (group, status) in [
        ("churn", "Approved"),
        ("churn", "Rejected"),
        ("churn", "Approved"),
        ("price", "Approved"),
    ] {
        let mut input = package(group);
        input["ModelApprovalStatus"] = status.into();
        world.ok("sagemaker", "CreateModelPackage", input).await;
    }
    let group = |more: Value| {
        let mut question = json!({"ModelPackageGroupName": "churn"});
        question
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        question
    };
    for (question, versions) in [
        (group(json!({})), vec![1, 2, 3]),
        (
            group(
                json!({"ModelApprovalStatus": "Approved", "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 1}),
            ),
            vec![3],
        ),
        (group(json!({"ModelApprovalStatus": "Rejected"})), vec![2]),
        (group(json!({"NameContains": "price"})), vec![]),
        (
            json!({"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "Approved"}),
            vec![1, 3],
        ),
        (json!({}), vec![]),
        (
            json!({"ModelPackageType": "Versioned", "NameContains": "price"}),
            vec![1],
        ),
        (json!({"ModelPackageType": "Both"}), vec![1, 2, 3, 1]),
        (
            json!({"CreationTimeAfter": "2100-01-01T00:00:00Z", "ModelPackageType": "Both"}),
            vec![],
        ),
    ] {
        assert_eq!(world.versions(question.clone()).await, versions, "{question}");
    }
    let mut question = group(json!({"MaxResults": 2}));
    let page = world.ok("sagemaker", "ListModelPackages", question.clone()).await;
    assert_eq!(page["ModelPackageSummaryList"][0]["ModelApprovalStatus"], "Approved");
    question["NextToken"] = page["NextToken"].clone();
    assert_eq!(world.versions(question).await, [3]);
}

#[tokio::test]
async fn bad_requests_are_refused_with_what_is_wrong() {
    let world = World::new("true").await;
    world.group("churn").await;
    world.ok("sagemaker", "CreateModelPackage", package("churn")).await;
    let long = |length: usize| "x".repeat(length);
    let specification = |member: &str, value: Value| {
        let mut container = json!({"Image": IMAGE});
        container[member] = value;
        json!({"Containers": [container]})
    };
    let refusals = [
        (
            "ModelPackageGroupName",
            json!("none"),
            "ValidationException",
            "ModelPackageGroup arn",
        ),
        (
            "ModelPackageGroupName",
            json!(null),
            "ValidationException",
            "Missing ARN.",
        ),
        (
            "ModelPackageName",
            json!("p"),
            "ValidationException",
            "Both ModelPackageName",
        ),
        (
            "ModelApprovalStatus",
            json!("Maybe"),
            "ValidationException",
            "modelApprovalStatus",
        ),
        (
            "ModelPackageDescription",
            json!(long(1025)),
            "ValidationException",
            "modelPackageDescription",
        ),
        (
            "CustomerMetadataProperties",
            json!({"a": long(257)}),
            "ValidationException",
            "customerMetadataProperties",
        ),
        (
            "CustomerMetadataProperties",
            json!({"a": ""}),
            "ValidationException",
            "customerMetadataProperties",
        ),
        ("ClientToken", json!("a b"), "ValidationException", "clientToken"),
        (
            "Tags",
            json!([{"Key": "a", "Value": "b"}]),
            "ValidationException",
            "its group",
        ),
        (
            "CertifyForMarketplace",
            json!(true),
            "ValidationException",
            "CertifyForMarketplace",
        ),
        (
            "InferenceSpecification",
            json!({"Containers": []}),
            "ValidationException",
            "containers",
        ),
        (
            "InferenceSpecification",
            json!(null),
            "NotInLocalRun",
            "InferenceSpecification",
        ),
        (
            "InferenceSpecification",
            specification("ImageDigest", json!("1")),
            "ValidationException",
            "imageDigest",
        ),
        (
            "InferenceSpecification",
            specification("ModelDataUrl", json!("m")),
            "ValidationException",
            "modelDataUrl",
        ),
        (
            "InferenceSpecification",
            specification("ModelDataSource", json!({})),
            "NotInLocalRun",
            "`ModelDataSource`",
        ),
        (
            "DriftCheckBaselines",
            json!({}),
            "NotInLocalRun",
            "`DriftCheckBaselines`",
        ),
        ("ModelCard", json!({}), "NotInLocalRun", "`ModelCard`"),
    ];
    for (member, value, code, part) in refusals {
        let mut input = package("churn");
        input[member] = value;
        let error = world.refused("CreateModelPackage", input).await;
        assert_eq!(error.code, code, "{member}: {error}");
        assert!(error.message.contains(part), "{member}: {error}");
    }
    let many: serde_json::Map<_, _> = (0..50).map(|at| (at.to_string(), "x".into())).collect();
    let first = format!("{PACKAGE}/1");
    for (operation, input, part) in [
        (
            "CreateModelPackageGroup",
            json!({"ModelPackageGroupName": "a_b"}),
            "modelPackageGroupName",
        ),
        (
            "CreateModelPackageGroup",
            json!({"ModelPackageGroupName": "churn"}),
            "already exists",
        ),
        (
            "CreateModelPackage",
            json!({"ModelPackageName": "p"}),
            "without a group",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": first, "ModelApprovalStatus": "x"}),
            "modelApprovalStatus",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": first, "ApprovalDescription": long(1025)}),
            "approvalDescription",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": first, "ApprovalDescription": "two\nlines"}),
            "approvalDescription",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": first, "CustomerMetadataProperties": many}),
            "50",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": first, "ModelLifeCycle": {}}),
            "`ModelLifeCycle`",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": format!("{PACKAGE}/9")}),
            "does not exist",
        ),
        (
            "UpdateModelPackage",
            json!({"ModelPackageArn": "churn/1"}),
            "modelPackageArn",
        ),
        (
            "DescribeModelPackage",
            json!({"ModelPackageName": first.replace("123456789012", "210987654321")}),
            "does not exist",
        ),
        (
            "DescribeModelPackageGroup",
            json!({"ModelPackageGroupName": GROUP.replace("us-east-1", "eu-west-1")}),
            "does not exist",
        ),
        (
            "ListModelPackages",
            json!({"ModelPackageType": "x"}),
            "modelPackageType",
        ),
        (
            "ListModelPackages",
            json!({"ModelPackageGroupName": "none"}),
            "does not exist",
        ),
        (
            "AddTags",
            json!({"ResourceArn": first, "Tags": []}),
            "tags of its model package group",
        ),
    ] {
        let error = world.refused(operation, input).await;
        assert!(error.message.contains(part), "{operation}: {error}");
    }
}

#[tokio::test]
async fn policies_say_who_registers_and_who_approves() {
    let world = World::new("true").await;
    world.group("churn").await;
    let register = json!({
        "Effect": "Allow", "Action": "sagemaker:CreateModelPackage",
        "Resource": [GROUP, format!("{PACKAGE}/*")],
        "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
    });
    let reject = json!({
        "Effect": "Allow", "Action": ["sagemaker:UpdateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
        "Resource": format!("{PACKAGE}/*"),
        "Condition": {"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "Rejected"}},
    });
    let caller = world.caller(json!([register, reject]));
    let mut approved = package("churn");
    approved["ModelApprovalStatus"] = "Approved".into();
    let arn = format!("{PACKAGE}/1");
    let update = |status: &str| json!({"ModelPackageArn": arn, "ModelApprovalStatus": status});
    for (operation, input, is_allowed) in [
        ("CreateModelPackage", approved, false),
        ("CreateModelPackage", package("churn"), true),
        ("CreateModelPackage", package("price"), false),
        ("UpdateModelPackage", update("Approved"), false),
        ("UpdateModelPackage", update("Rejected"), true),
        ("DescribeModelPackage", json!({"ModelPackageName": arn}), true),
        ("ListModelPackages", json!({"ModelPackageGroupName": "churn"}), true),
        ("ListModelPackages", json!({}), false),
        ("DeleteModelPackage", json!({"ModelPackageName": arn}), false),
        (
            "DescribeModelPackageGroup",
            json!({"ModelPackageGroupName": "churn"}),
            false,
        ),
    ] {
        let answer = world
            .platform
            .call(&caller, "sagemaker", operation, input.clone())
            .await;
        match answer {
            Ok(_) => assert!(is_allowed, "{operation} {input}"),
            Err(error) => {
                assert!(!is_allowed, "{operation}: {error}");
                assert_eq!(error.code, "AccessDeniedException");
            }
        }
    }
}

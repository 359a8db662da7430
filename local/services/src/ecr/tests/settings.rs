//! Names, settings, policies and tags of repositories, and what ECR says of images that it does not take.

use super::super::Ecr;
use super::{call, image, platform, put};
use crate::manifest::digest;
use crate::testing;
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn what_ecr_does_not_take_is_refused_in_its_words() {
    let platform = platform("MUTABLE").await;
    let create = |name: &str, member: &str, value: Value| {
        let mut input = json!({ "repositoryName": name });
        input[member] = value;
        ("CreateRepository", input)
    };
    let mutability = |filters: Value| {
        json!({"repositoryName": "ml", "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": filters})
    };
    let no_type = json!({"schemaVersion": 2, "config": {"size": 1, "digest": "sha256:no"}, "layers": []}).to_string();
    for ((operation, input), part) in [
        (
            create("a", "tags", json!([])),
            "'must have length greater than or equal to 2'",
        ),
        (
            create(&"a".repeat(257), "tags", json!([])),
            "'must have length less than or equal to 256'",
        ),
        (create("a--b", "tags", json!([])), "must satisfy regular expression"),
        (create("a/", "tags", json!([])), "must satisfy regular expression"),
        (
            create("m2", "imageTagMutability", json!("NO")),
            "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value \
             set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]'",
        ),
        (
            create("m2", "encryptionConfiguration", json!({"encryptionType": "NO"})),
            "'encryptionType'",
        ),
        (
            create("m2", "imageTagMutability", json!("MUTABLE_WITH_EXCLUSION")),
            "'imageTagMutabilityExclusionFilters'",
        ),
        (
            (
                "PutImageTagMutability",
                mutability(json!([{"filterType": "NO", "filter": "v*"}])),
            ),
            "'filterType'",
        ),
        (
            (
                "PutImageTagMutability",
                mutability(json!([{"filterType": "WILDCARD", "filter": "v/"}])),
            ),
            "'filter'",
        ),
        (
            (
                "SetRepositoryPolicy",
                json!({"repositoryName": "ml", "policyText": "{}"}),
            ),
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
        ),
        (
            ("PutImage", json!({"repositoryName": "ml", "imageManifest": no_type})),
            "image manifest mediatype not provided in manifest or parameter",
        ),
        (
            ("ListTagsForResource", json!({"resourceArn": "ml"})),
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        ),
        (("DescribeImages", json!({"repositoryName": "M"})), "'repositoryName'"),
    ] {
        let error = call(&platform, operation, input).await.expect_err(part);
        assert_eq!(error.code, "InvalidParameterException", "{operation}: {error}");
        assert!(error.message.contains(part), "{operation}: {error}");
    }
}

#[tokio::test]
async fn images_of_a_list_fail_one_by_one() {
    let platform = platform("MUTABLE").await;
    let child = image(&platform, "child").await;
    put(&platform, &child, Some("child")).await.unwrap();
    let child_digest = digest(child.as_bytes());
    let list = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"size": child.len(), "digest": child_digest}],
    });
    let list = list.to_string();
    put(&platform, &list, Some("list")).await.unwrap();
    let described = json!({"repositoryName": "ml", "imageIds": [{"imageTag": "list"}]});
    let described = call(&platform, "DescribeImages", described).await.unwrap();
    assert_eq!(described["imageDetails"][0]["imageSizeInBytes"], "child".len());
    for (operation, id, code) in [
        ("BatchGetImage", json!({}), "MissingDigestAndTag"),
        ("BatchDeleteImage", json!({}), "MissingDigestAndTag"),
        (
            "BatchGetImage",
            json!({"imageDigest": "sha256:no"}),
            "InvalidImageDigest",
        ),
        (
            "BatchDeleteImage",
            json!({"imageDigest": "sha256:no"}),
            "InvalidImageDigest",
        ),
        ("BatchDeleteImage", json!({"imageTag": "no"}), "ImageNotFound"),
        (
            "BatchDeleteImage",
            json!({"imageDigest": child_digest}),
            "ImageReferencedByManifestList",
        ),
        (
            "BatchDeleteImage",
            json!({"imageTag": "child"}),
            "ImageReferencedByManifestList",
        ),
    ] {
        let input = json!({"repositoryName": "ml", "imageIds": [id]});
        let answer = call(&platform, operation, input).await.unwrap();
        assert_eq!(answer["failures"][0]["failureCode"], code, "{operation} {id}");
        assert_eq!(answer["failures"][0]["imageId"], id);
    }
    let both = json!([{"imageDigest": digest(list.as_bytes())}, {"imageDigest": child_digest}]);
    let deleted = json!({"repositoryName": "ml", "imageIds": both});
    let deleted = call(&platform, "BatchDeleteImage", deleted).await.unwrap();
    assert_eq!(deleted["failures"], json!([]), "the list goes first");
}

#[tokio::test]
async fn settings_are_put_read_and_taken_away() {
    let platform = platform("MUTABLE").await;
    let on = json!({"repositoryName": "ml"});
    let rule = json!({
        "rulePriority": 1, "action": {"type": "expire"},
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
    });
    let lifecycle = json!({"rules": [rule]}).to_string();
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "ecr:DescribeImages"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    for (kind, put, member, text, absent) in [
        (
            "LifecyclePolicy",
            "PutLifecyclePolicy",
            "lifecyclePolicyText",
            lifecycle,
            "LifecyclePolicyNotFoundException",
        ),
        (
            "RepositoryPolicy",
            "SetRepositoryPolicy",
            "policyText",
            policy,
            "RepositoryPolicyNotFoundException",
        ),
    ] {
        let (get, delete) = (format!("Get{kind}"), format!("Delete{kind}"));
        for operation in [&get, &delete] {
            let error = call(&platform, operation, on.clone()).await.unwrap_err();
            assert_eq!(error.code, absent);
            assert!(
                error
                    .message
                    .contains("does not exist for the repository with name 'ml'"),
                "{error}"
            );
        }
        let mut input = on.clone();
        input[member] = text.as_str().into();
        call(&platform, put, input).await.unwrap();
        for operation in [&get, &delete] {
            let answer = call(&platform, operation, on.clone()).await.unwrap();
            assert_eq!(answer[member], text, "{operation}");
            assert_eq!(answer["repositoryName"], "ml");
            let evaluated = answer["lastEvaluatedAt"].as_f64();
            assert_eq!(evaluated.is_some_and(|at| at > 0.0), kind == "LifecyclePolicy");
        }
        assert_eq!(call(&platform, &get, on.clone()).await.unwrap_err().code, absent);
    }
    let scanning = json!({"repositoryName": "ml", "imageScanningConfiguration": {"scanOnPush": true}});
    call(&platform, "PutImageScanningConfiguration", scanning)
        .await
        .unwrap();
    let found = call(&platform, "DescribeRepositories", json!({})).await.unwrap();
    assert_eq!(
        found["repositories"][0]["imageScanningConfiguration"]["scanOnPush"],
        true
    );
    let kms = json!({"repositoryName": "kms", "encryptionConfiguration": {"encryptionType": "KMS"}});
    let made = call(&platform, "CreateRepository", kms).await.unwrap();
    let key = made["repository"]["encryptionConfiguration"]["kmsKey"]
        .as_str()
        .unwrap();
    assert!(key.starts_with("arn:aws:kms:us-east-1:123456789012:key/"), "{key}");
}

#[tokio::test]
async fn a_repository_s_policy_decides_who_may() {
    let platform = platform("MUTABLE").await;
    let role = platform::iam::NewRole::for_service("reader", "lambda.amazonaws.com");
    platform.iam.create_role(&platform.account, role).unwrap();
    let reader = platform::Principal::role_session("reader", "session");
    let on = json!({"repositoryName": "ml"});
    let describe = async || platform.call(&reader, "ecr", "DescribeImages", on.clone()).await;
    assert!(describe().await.is_err(), "nothing allows it");
    let role = platform.account.global_arn("iam", "role/reader");
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": role}, "Action": "ecr:DescribeImages"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let set = json!({"repositoryName": "ml", "policyText": policy});
    call(&platform, "SetRepositoryPolicy", set).await.unwrap();
    describe().await.unwrap();
    call(&platform, "DeleteRepositoryPolicy", on.clone()).await.unwrap();
    assert!(describe().await.is_err(), "it is gone");
}

#[tokio::test]
async fn tags_are_listed_and_policies_ask_for_them() {
    let platform = testing::account(vec![Arc::<Ecr>::default()]);
    let repository = json!({"repositoryName": "ml", "tags": [{"Key": "team", "Value": "ml"}]});
    let made = call(&platform, "CreateRepository", repository).await.unwrap();
    let arn = made["repository"]["repositoryArn"].clone();
    let listed = async || {
        call(&platform, "ListTagsForResource", json!({"resourceArn": arn}))
            .await
            .unwrap()["tags"]
            .clone()
    };
    assert_eq!(listed().await, json!([{"Key": "team", "Value": "ml"}]));
    let tags = json!([{"Key": "team", "Value": "data"}, {"Key": "stage", "Value": "dev"}]);
    call(&platform, "TagResource", json!({"resourceArn": arn, "tags": tags}))
        .await
        .unwrap();
    assert_eq!(listed().await, tags);
    let role = platform::iam::NewRole::for_service("reader", "lambda.amazonaws.com").with_policy(
        "reads",
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:DescribeImages", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/stage": "dev"}}}}),
    );
    platform.iam.create_role(&platform.account, role).unwrap();
    let reader = platform::Principal::role_session("reader", "session");
    let describe = async || {
        platform
            .call(&reader, "ecr", "DescribeImages", json!({"repositoryName": "ml"}))
            .await
    };
    describe().await.unwrap();
    call(
        &platform,
        "UntagResource",
        json!({"resourceArn": arn, "tagKeys": ["stage", "none"]}),
    )
    .await
    .unwrap();
    assert!(describe().await.is_err(), "the tag is gone");
    let many: Vec<Value> = (0..50)
        .map(|at| json!({"Key": format!("k{at}"), "Value": ""}))
        .collect();
    let none = platform.account.arn("ecr", "repository/none");
    for (arn, tags, code) in [
        (&arn, json!(many), "TooManyTagsException"),
        (
            &arn,
            json!([{"Key": "aws:x", "Value": ""}]),
            "InvalidTagParameterException",
        ),
        (
            &arn,
            json!([{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]),
            "InvalidTagParameterException",
        ),
        (&json!(none), json!([]), "RepositoryNotFoundException"),
    ] {
        let input = json!({"resourceArn": arn, "tags": tags});
        assert_eq!(call(&platform, "TagResource", input).await.expect_err(code).code, code);
    }
}

//! Names that are the same, and filters by name, path and what else there is.

use super::{account, names, put};
use crate::testing::{call, refusal};
use serde_json::{Value, json};

#[tokio::test]
async fn a_name_with_a_slash_before_it_is_the_same_name() {
    let platform = account();
    for (kept, asked) in [("/with", "with"), ("without", "/without")] {
        put(&platform, kept, "1").await;
        let again = json!({"Name": asked, "Value": "2", "Type": "String"});
        assert_eq!(
            refusal(&platform, "ssm", "PutParameter", again).await,
            "ParameterAlreadyExists"
        );
        let got = call(&platform, "ssm", "GetParameter", json!({"Name": asked}))
            .await
            .expect(asked);
        assert_eq!(got["Parameter"]["Name"], kept);
        let got = call(&platform, "ssm", "GetParameters", json!({"Names": [asked]}))
            .await
            .expect(asked);
        assert_eq!(got["Parameters"][0]["Name"], kept);
        let label = json!({"Name": asked, "Labels": ["x"]});
        call(&platform, "ssm", "LabelParameterVersion", label)
            .await
            .expect("a label");
        let history = call(&platform, "ssm", "GetParameterHistory", json!({"Name": asked}))
            .await
            .expect(asked);
        assert_eq!(history["Parameters"][0]["Labels"], json!(["x"]));
        let tags = json!({"ResourceType": "Parameter", "ResourceId": asked, "Tags": [{"Key": "a", "Value": "b"}]});
        call(&platform, "ssm", "AddTagsToResource", tags).await.expect("tags");
    }
    let top = call(&platform, "ssm", "GetParametersByPath", json!({"Path": "/"}))
        .await
        .expect("a page");
    assert_eq!(names(&top), ["/with", "without"]);
    call(&platform, "ssm", "DeleteParameter", json!({"Name": "with"}))
        .await
        .expect("deleted");
    let answer = call(
        &platform,
        "ssm",
        "DeleteParameters",
        json!({"Names": ["/without", "with"]}),
    )
    .await;
    assert_eq!(
        answer,
        Ok(json!({"DeletedParameters": ["/without"], "InvalidParameters": ["with"]}))
    );
    // With levels, a name without a slash before it is none.
    put(&platform, "/a/b", "1").await;
    assert_eq!(
        refusal(&platform, "ssm", "GetParameter", json!({"Name": "a/b"})).await,
        "ParameterNotFound"
    );
    assert_eq!(
        refusal(&platform, "ssm", "GetParameter", json!({"Name": "/a/b:1:2"})).await,
        "ParameterNotFound"
    );
}

#[tokio::test]
async fn filters_are_checked_as_aws_checks_them() {
    let platform = account();
    for name in ["/alpha", "beta", "/ml/a"] {
        put(&platform, name, "1").await;
    }
    let describe = async |filters: Value| {
        call(
            &platform,
            "ssm",
            "DescribeParameters",
            json!({"ParameterFilters": filters}),
        )
        .await
    };
    let filter = |key: &str, option: &str, values: &[&str]| json!({"Key": key, "Option": option, "Values": values});
    for (filters, expected) in [
        (
            json!([{"Key": "Name", "Values": ["alpha", "/beta"]}]),
            vec!["/alpha", "beta"],
        ),
        (json!([filter("Name", "BeginsWith", &["be"])]), vec!["beta"]),
        (json!([filter("Name", "Contains", &["/be"])]), vec!["beta"]),
        (json!([{"Key": "Path", "Values": ["/"]}]), vec!["/alpha", "beta"]),
        (
            json!([filter("Path", "Recursive", &["/"])]),
            vec!["/alpha", "/ml/a", "beta"],
        ),
    ] {
        assert_eq!(
            names(&describe(filters.clone()).await.expect("a page")),
            expected,
            "{filters}"
        );
    }
    let long = "t".repeat(129);
    for (filters, code, said) in [
        (
            json!([{"Key": "key", "Values": ["a"]}]),
            "ValidationException",
            "1 validation error detected: Value 'key' at",
        ),
        (
            json!([{"Key": format!("tag:{long}")}]),
            "ValidationException",
            "less than or equal to 132",
        ),
        (
            json!([filter("Name", "over 10 chars", &["a"]), {"Key": "key"}]),
            "ValidationException",
            "2 validation errors",
        ),
        (
            json!([{"Key": "Name", "Values": vec!["a"; 51]}]),
            "ValidationException",
            "less than or equal to 50",
        ),
        (
            json!([{"Key": "Name", "Values": [""]}]),
            "ValidationException",
            "greater than or equal to 1]",
        ),
        (
            json!([{"Key": "Label", "Values": ["a"]}]),
            "InvalidFilterKey",
            "[Path, Name, Type, KeyId, Tier].",
        ),
        (
            json!([{"Key": "Name"}]),
            "InvalidFilterValue",
            "values are missing : null for filter key Name.",
        ),
        (
            json!([filter("Name", "Equals", &["a"]), filter("Name", "Equals", &["b"])]),
            "InvalidFilterKey",
            "duplicated",
        ),
        (
            json!([filter("Name", "option", &["a"])]),
            "InvalidFilterOption",
            "include: [BeginsWith, Equals].",
        ),
        (
            json!([filter("Path", "Equals", &["/a"])]),
            "InvalidFilterOption",
            "include: [Recursive, OneLevel].",
        ),
        (
            json!([{"Key": "Tier", "Values": ["test"]}]),
            "InvalidFilterValue",
            "[Standard, Advanced, Intelligent-Tiering].",
        ),
        (
            json!([{"Key": "Type", "Values": ["test"]}]),
            "InvalidFilterValue",
            "[String, StringList, SecureString].",
        ),
        (
            json!([{"Key": "Path", "Values": ["/AWS"]}]),
            "ValidationException",
            "Filters for common parameters",
        ),
        (
            json!([{"Key": "Path", "Values": ["a"]}]),
            "ValidationException",
            "must begin with a forward slash",
        ),
        (
            json!([{"Key": "Path", "Values": ["//"]}]),
            "ValidationException",
            "doesn't meet the parameter name requirements",
        ),
    ] {
        let error = describe(filters.clone()).await.expect_err("refused");
        assert_eq!(error.code, code, "{filters}");
        assert!(error.message.contains(said), "{filters}: {}", error.message);
    }
}

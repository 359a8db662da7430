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
    let tag = json!({"ResourceType": "Parameter", "ResourceId": "beta", "Tags": [{"Key": "team", "Value": "ml-1"}]});
    call(&platform, "ssm", "AddTagsToResource", tag).await.expect("a tag");
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
        (json!([filter("tag:team", "BeginsWith", &["ml"])]), vec!["beta"]),
        (json!([{"Key": "tag:team"}]), vec!["beta"]),
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

#[tokio::test]
async fn pages_and_names_have_bounds_and_what_aws_publishes_is_not_here() {
    let platform = account();
    put(&platform, "/a", "1").await;
    for (operation, input, code, said) in [
        (
            "GetParameterHistory",
            json!({"Name": "/a", "MaxResults": 51}),
            "ValidationException",
            "Value '51' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50",
        ),
        (
            "GetParametersByPath",
            json!({"Path": "/", "MaxResults": 0}),
            "ValidationException",
            "Member must have value greater than or equal to 1",
        ),
        (
            "DescribeParameters",
            json!({"MaxResults": 51}),
            "ValidationException",
            "Member must have value less than or equal to 50",
        ),
        (
            "PutParameter",
            json!({"Name": "/ssm-x/y", "Value": "1", "Type": "String"}),
            "ValidationException",
            "can't be prefixed with \"ssm\" (case-insensitive). If formed as a path",
        ),
        (
            "PutParameter",
            json!({"Name": "/aws/y", "Value": "1", "Type": "String"}),
            "ValidationException",
            "No access to reserved parameter name: /aws/y.",
        ),
        (
            "GetParameter",
            json!({"Name": "/aws/service/ami-amazon-linux-latest/x"}),
            "NotInLocalRun",
            "no public parameters, such as `/aws/service/ami-amazon-linux-latest/x`",
        ),
        (
            "GetParameters",
            json!({"Names": ["/a", "/aws/service/x"]}),
            "NotInLocalRun",
            "`/aws/service/x`",
        ),
        (
            "GetParametersByPath",
            json!({"Path": "/aws/service"}),
            "NotInLocalRun",
            "`/aws/service`",
        ),
    ] {
        let error = call(&platform, "ssm", operation, input.clone()).await.expect_err(said);
        assert_eq!(error.code, code, "{input}");
        assert!(error.message.contains(said), "{input}: {error}");
    }
    let filter = json!([{"Key": "Type", "Option": "BeginsWith", "Values": ["Str"]}]);
    let input = json!({"Path": "/", "ParameterFilters": filter});
    let page = call(&platform, "ssm", "GetParametersByPath", input)
        .await
        .expect("a page");
    assert_eq!(names(&page), ["/a"]);
}

#[tokio::test]
async fn labels_are_taken_away_from_the_version_that_has_them() {
    let platform = account();
    put(&platform, "/a", "1").await;
    let act = async |operation: &str, members: Value| {
        let mut input = members;
        input["Name"] = "/a".into();
        call(&platform, "ssm", operation, input).await
    };
    act("LabelParameterVersion", json!({"Labels": ["x", "y"]}))
        .await
        .expect("labels");
    let input = json!({"ParameterVersion": 1, "Labels": ["x", "z"]});
    let answer = act("UnlabelParameterVersion", input).await;
    assert_eq!(answer, Ok(json!({"RemovedLabels": ["x"], "InvalidLabels": ["z"]})));
    let history = act("GetParameterHistory", json!({})).await.expect("a history");
    assert_eq!(history["Parameters"][0]["Labels"], json!(["y"]));
    let nowhere = act(
        "UnlabelParameterVersion",
        json!({"ParameterVersion": 2, "Labels": ["y"]}),
    )
    .await;
    assert_eq!(nowhere.expect_err("no version").code, "ParameterVersionNotFound");
    let many: Vec<String> = (0..10).map(|number| format!("l{number}")).collect();
    let error = act("LabelParameterVersion", json!({ "Labels": many }))
        .await
        .expect_err("eleven");
    assert!(
        error
            .message
            .starts_with("A parameter version can have maximum 10 labels."),
        "{error}"
    );
}

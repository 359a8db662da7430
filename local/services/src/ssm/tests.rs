//! Parameters and secrets, through the one door.

mod names;

use super::Ssm;
use crate::testing::{self, call, refusal};
use platform::iam::NewRole;
use platform::{Platform, Principal};
use serde_json::{Value, json};
use std::sync::Arc;

/// An account with Parameter Store alone.
fn world() -> (Arc<Platform>, Arc<Ssm>) {
    let ssm: Arc<Ssm> = Arc::default();
    let platform = testing::account(vec![ssm.clone()]);
    (platform, ssm)
}

fn account() -> Arc<Platform> {
    world().0
}

/// A session of a role with one policy of these statements.
fn role(platform: &Platform, name: &str, statements: Value) -> Principal {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let role = NewRole::for_service(name, "lambda.amazonaws.com").with_policy("calls", policy);
    platform.iam.create_role(&platform.account, role).expect("a role");
    Principal::role_session(name, "session")
}

async fn put(platform: &Arc<Platform>, name: &str, value: &str) {
    let input = json!({"Name": name, "Value": value, "Type": "String"});
    call(platform, "ssm", "PutParameter", input).await.expect(name);
}

fn names(answer: &Value) -> Vec<&str> {
    let parameters = answer["Parameters"].as_array().expect("parameters");
    parameters
        .iter()
        .filter_map(|parameter| parameter["Name"].as_str())
        .collect()
}

#[tokio::test]
async fn names_come_back_sorted_and_once() {
    let platform = account();
    for name in ["/b", "/a", "/c"] {
        put(&platform, name, "1").await;
    }
    let input = json!({"Names": ["/c", "/none", "/a", "/c", "/a:9"]});
    let answer = call(&platform, "ssm", "GetParameters", input).await.expect("an answer");
    assert_eq!(names(&answer), ["/a", "/c"]);
    assert_eq!(answer["InvalidParameters"], json!(["/none", "/a:9"]));
    for names in [Vec::new(), (0..11).map(|number| format!("/{number}")).collect()] {
        let code = refusal(&platform, "ssm", "GetParameters", json!({ "Names": names })).await;
        assert_eq!(code, "ValidationException");
    }
}

#[tokio::test]
async fn writes_are_checked() {
    let platform = account();
    put(&platform, "/there", "1").await;
    let long = "x".repeat(4097);
    for (input, code) in [
        (json!({"Name": "/a", "Value": "1"}), "ValidationException"),
        (
            json!({"Name": "/a", "Value": "1", "Type": "Text"}),
            "ValidationException",
        ),
        (
            json!({"Name": "/there", "Value": "1", "Type": "String"}),
            "ParameterAlreadyExists",
        ),
        (
            json!({"Name": "/there", "Value": "1", "Type": "SecureString", "Overwrite": true}),
            "HierarchyTypeMismatch",
        ),
        (
            json!({"Name": "/there", "Value": "1", "Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}),
            "ValidationException",
        ),
        (
            json!({"Name": "/a", "Value": "", "Type": "String"}),
            "ValidationException",
        ),
        (
            json!({"Name": "/a", "Value": long, "Type": "String"}),
            "ValidationException",
        ),
        (
            json!({"Name": "/a", "Value": "1", "Type": "String", "AllowedPattern": "[a-z]+"}),
            "ParameterPatternMismatchException",
        ),
        (
            json!({"Name": "/a", "Value": "1", "Type": "String", "AllowedPattern": "["}),
            "InvalidAllowedPatternException",
        ),
        (
            json!({"Name": "/a", "Value": "one", "Type": "String", "DataType": "integer"}),
            "ValidationException",
        ),
        (
            json!({"Name": "/a", "Value": "1,2", "Type": "StringList", "DataType": "integer"}),
            "ValidationException",
        ),
        (
            json!({"Name": "/a", "Value": "1", "Type": "String", "KeyId": "k"}),
            "ValidationException",
        ),
        (
            json!({"Name": "/a", "Value": "1", "Type": "String", "Shape": "round"}),
            "NotInLocalRun",
        ),
    ] {
        assert_eq!(
            refusal(&platform, "ssm", "PutParameter", input.clone()).await,
            code,
            "{input}"
        );
    }
    let tier = |tier: &str| json!({"Name": "/long", "Value": long, "Type": "String", "Tier": tier, "Overwrite": true});
    let put = call(&platform, "ssm", "PutParameter", tier("Intelligent-Tiering")).await;
    assert_eq!(put, Ok(json!({"Version": 1, "Tier": "Advanced"})));
    let shorter = json!({"Name": "/long", "Value": "1", "Tier": "Standard", "Overwrite": true});
    assert_eq!(
        refusal(&platform, "ssm", "PutParameter", shorter).await,
        "ValidationException"
    );
}

#[tokio::test]
async fn versions_and_labels() {
    let platform = account();
    put(&platform, "/v", "1").await;
    for value in ["2", "3"] {
        let input = json!({"Name": "/v", "Value": value, "Overwrite": true});
        call(&platform, "ssm", "PutParameter", input).await.expect("a version");
    }
    let label = |version: u64| json!({"Name": "/v", "ParameterVersion": version, "Labels": ["good", "1st"]});
    for version in [1, 2] {
        let labelled = call(&platform, "ssm", "LabelParameterVersion", label(version)).await;
        assert_eq!(
            labelled,
            Ok(json!({"InvalidLabels": ["1st"], "ParameterVersion": version}))
        );
    }
    for (name, expected) in [
        ("/v", Ok("3")),
        ("/v:1", Ok("1")),
        ("/v:good", Ok("2")),
        ("/v:9", Err("ParameterVersionNotFound")),
        ("/v:bad", Err("ParameterVersionNotFound")),
        ("/w", Err("ParameterNotFound")),
        ("arn:aws:ssm:us-east-1:123456789012:parameter/v:2", Ok("2")),
    ] {
        let answer = call(&platform, "ssm", "GetParameter", json!({ "Name": name })).await;
        let value = answer.map(|answer| answer["Parameter"]["Value"].as_str().unwrap_or_default().to_owned());
        let value = value.map_err(|error| error.code);
        assert_eq!(value, expected.map(str::to_owned).map_err(str::to_owned), "{name}");
    }
    for _ in 0..100 {
        let input = json!({"Name": "/v", "Value": "x", "Overwrite": true});
        match call(&platform, "ssm", "PutParameter", input).await {
            Ok(_) => {}
            // The oldest version that is kept has the label by now.
            Err(error) => return assert_eq!(error.code, "ParameterMaxVersionLimitExceeded"),
        }
    }
    panic!("more than a hundred versions are kept")
}

#[tokio::test]
async fn paths_come_in_pages_that_can_be_empty() {
    let platform = account();
    for number in 0..12 {
        put(&platform, &format!("/ml/deep/{number:02}"), "1").await;
    }
    put(&platform, "/ml/size", "10").await;
    put(&platform, "/mlx", "1").await;
    for (recursive, expected) in [(false, vec![0, 1]), (true, vec![10, 3])] {
        let mut token = None;
        let mut sizes = Vec::new();
        loop {
            let mut input = json!({"Path": "/ml", "Recursive": recursive});
            if let Some(token) = token.take() {
                input["NextToken"] = token;
            }
            let page = call(&platform, "ssm", "GetParametersByPath", input)
                .await
                .expect("a page");
            sizes.push(names(&page).len());
            match page.get("NextToken") {
                Some(next) => token = Some(next.clone()),
                None => break,
            }
        }
        assert_eq!(sizes, expected, "recursive: {recursive}");
    }
    for (input, code) in [
        (json!({"Path": "ml"}), "ValidationException"),
        (json!({"Path": "/ml", "MaxResults": 11}), "ValidationException"),
        (json!({"Path": "/ml", "NextToken": "x"}), "InvalidNextToken"),
        (
            json!({"Path": "/ml", "ParameterFilters": [{"Key": "Name", "Values": ["a"]}]}),
            "InvalidFilterKey",
        ),
    ] {
        assert_eq!(
            refusal(&platform, "ssm", "GetParametersByPath", input.clone()).await,
            code,
            "{input}"
        );
    }
}

#[tokio::test]
async fn secrets_show_only_when_decrypted() {
    let (platform, ssm) = world();
    let key = "arn:aws:kms:us-east-1:123456789012:key/k";
    for (name, key) in [("/own", Some(key)), ("/default-key", None)] {
        let mut input = json!({"Name": name, "Value": "hush-hush", "Type": "SecureString"});
        if let Some(key) = key {
            input["KeyId"] = key.into();
        }
        call(&platform, "ssm", "PutParameter", input).await.expect(name);
    }
    ssm.keep_secret("db", "hush-hush");
    let reader = role(
        &platform,
        "reader",
        json!({"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}),
    );
    let with_key = json!([
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key},
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "arn:aws:secretsmanager:*:*:secret:db-??????",
        },
    ]);
    let keeper = role(&platform, "keeper", with_key);
    for (caller, name, decrypt, expected) in [
        (&reader, "/own", false, Ok(false)),
        (&reader, "/own", true, Err("AccessDeniedException")),
        (&reader, "/default-key", true, Ok(true)),
        (&keeper, "/own", true, Ok(true)),
        (&keeper, "/aws/reference/secretsmanager/db", true, Ok(true)),
        (
            &keeper,
            "/aws/reference/secretsmanager/db",
            false,
            Err("ValidationException"),
        ),
        (
            &keeper,
            "/aws/reference/secretsmanager/none",
            true,
            Err("AccessDeniedException"),
        ),
        (
            &reader,
            "/aws/reference/secretsmanager/db",
            true,
            Err("AccessDeniedException"),
        ),
    ] {
        let input = json!({"Name": name, "WithDecryption": decrypt});
        let answer = platform.call(caller, "ssm", "GetParameter", input).await;
        let shown = answer.map(|answer| answer["Parameter"]["Value"] == "hush-hush");
        let shown = shown.map_err(|error| error.code);
        assert_eq!(shown, expected.map_err(str::to_owned), "{caller:?} {name} {decrypt}");
    }
    assert!(!format!("{ssm:?}").contains("hush-hush"));
    let journal = serde_json::to_string(&platform.journal.entries()).expect("JSON");
    assert!(!journal.contains("hush-hush"));
}

#[tokio::test]
async fn what_there_is_can_be_described_tagged_and_deleted() {
    let platform = account();
    for name in ["/ml/a", "/ml/b", "/other"] {
        put(&platform, name, "1").await;
    }
    let tags = json!({"ResourceType": "Parameter", "ResourceId": "/ml/b", "Tags": [{"Key": "team", "Value": "ml"}]});
    call(&platform, "ssm", "AddTagsToResource", tags).await.expect("tags");
    let filter = |key: &str, option: Option<&str>, value: &str| match option {
        Some(option) => json!({"ParameterFilters": [{"Key": key, "Option": option, "Values": [value]}]}),
        None => json!({"ParameterFilters": [{"Key": key, "Values": [value]}]}),
    };
    for (input, expected) in [
        (json!({}), vec!["/ml/a", "/ml/b", "/other"]),
        (filter("Name", Some("BeginsWith"), "/ml"), vec!["/ml/a", "/ml/b"]),
        (filter("Name", Some("Contains"), "the"), vec!["/other"]),
        (filter("Path", Some("OneLevel"), "/"), vec!["/other"]),
        (filter("Path", Some("Recursive"), "/ml"), vec!["/ml/a", "/ml/b"]),
        (filter("tag:team", None, "ml"), vec!["/ml/b"]),
        (filter("Type", None, "SecureString"), vec![]),
    ] {
        let answer = call(&platform, "ssm", "DescribeParameters", input.clone())
            .await
            .expect("an answer");
        assert_eq!(names(&answer), expected, "{input}");
        assert!(
            answer["Parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .all(|one| one.get("Value").is_none())
        );
    }
    let deleted = call(
        &platform,
        "ssm",
        "DeleteParameters",
        json!({"Names": ["/ml/a", "/none"]}),
    )
    .await;
    assert_eq!(
        deleted,
        Ok(json!({"DeletedParameters": ["/ml/a"], "InvalidParameters": ["/none"]}))
    );
    let again = json!({"Name": "/ml/a"});
    assert_eq!(
        refusal(&platform, "ssm", "DeleteParameter", again).await,
        "ParameterNotFound"
    );
}

#[tokio::test]
async fn who_looks_from_outside_reads_alone_and_leaves_no_line() {
    let platform = account();
    let input = json!({"Name": "/secret", "Value": "hunter22", "Type": "SecureString"});
    call(&platform, "ssm", "PutParameter", input).await.unwrap();
    let before = platform.journal.entries();
    let seen = platform.look("ssm", "GetParameter", json!({"Name": "/secret"})).await;
    assert_ne!(seen.unwrap().output["Parameter"]["Value"], "hunter22");
    for (operation, input) in [
        ("GetParameter", json!({"Name": "/secret", "WithDecryption": true})),
        ("DeleteParameter", json!({"Name": "/secret"})),
    ] {
        let refused = platform.look("ssm", operation, input).await.unwrap_err();
        assert_eq!(refused.code, "AccessDeniedException", "{operation}");
    }
    assert_eq!(platform.journal.entries(), before);
}

#[tokio::test]
async fn every_value_that_a_secure_string_has_had_is_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let store = platform::store::Store::open(folder.path()).unwrap();
        let ssm = Arc::new(Ssm::open(&store).unwrap());
        testing::account(vec![ssm])
    };
    let shown = |platform: &Platform| {
        platform
            .secrets
            .hide("first-value, second-value, plain-value")
            .into_owned()
    };
    let platform = open();
    for value in ["first-value", "second-value"] {
        let input = json!({"Name": "/secret", "Value": value, "Type": "SecureString", "Overwrite": true});
        call(&platform, "ssm", "PutParameter", input).await.unwrap();
    }
    put(&platform, "/plain", "plain-value").await;
    assert_eq!(shown(&platform), "••••••, ••••••, plain-value");
    drop(platform);
    assert_eq!(shown(&open()), "••••••, ••••••, plain-value");
}

#[tokio::test]
async fn a_value_that_no_secure_string_has_any_more_stays_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let store = platform::store::Store::open(folder.path()).unwrap();
        testing::account(vec![Arc::new(Ssm::open(&store).unwrap())])
    };
    let platform = open();
    for name in ["/one", "/two", "/three"] {
        let input = json!({"Name": name, "Value": format!("value-of-{name}"), "Type": "SecureString"});
        call(&platform, "ssm", "PutParameter", input).await.unwrap();
    }
    // The hundred that are kept push the first one out.
    for number in 0..100 {
        let value = format!("number-{number}");
        let input = json!({"Name": "/three", "Value": value, "Type": "SecureString", "Overwrite": true});
        call(&platform, "ssm", "PutParameter", input).await.unwrap();
    }
    put(&platform, "/plain", "plain-value").await;
    for (operation, input) in [
        ("DeleteParameter", json!({"Name": "/one"})),
        ("DeleteParameters", json!({"Names": ["/two", "/plain"]})),
    ] {
        call(&platform, "ssm", operation, input).await.unwrap();
    }
    drop(platform);
    let platform = open();
    for name in ["/one", "/two", "/three"] {
        assert_eq!(platform.secrets.hide(&format!("value-of-{name}")), "••••••", "{name}");
    }
    assert_eq!(platform.secrets.hide("plain-value"), "plain-value");
}

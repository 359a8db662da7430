//! What the operations take and refuse. Functions run in the modules below.

mod code;
mod node;
mod over_rest;
mod published;
mod python;
mod stored;
mod world;

use super::Lambda;
use crate::testing;
use platform::iam::NewRole;
use platform::{Platform, Principal, ServiceError};
use serde_json::{Value, json};
use std::sync::Arc;

/// An account with a function `f`.
async fn world() -> Arc<Platform> {
    let platform = testing::account(vec![Arc::<Lambda>::default()]);
    let role = NewRole::for_service("f-role", "lambda.amazonaws.com");
    platform.iam.create_role(&platform.account, role).unwrap();
    let function = json!({
        "FunctionName": "f", "Runtime": "provided.al2023", "Code": {"LocalBinary": "f"},
        "Role": platform.account.global_arn("iam", "role/f-role"),
    });
    call(&platform, "CreateFunction", function).await.unwrap();
    platform
}

async fn call(platform: &Arc<Platform>, operation: &str, input: Value) -> Result<Value, ServiceError> {
    testing::call(platform, "lambda", operation, input).await
}

#[tokio::test]
async fn a_function_has_no_qualifier_but_latest_until_it_is_published() {
    let platform = world().await;
    for (operation, qualifier, refused) in [
        ("GetFunction", "$LATEST", None),
        ("GetFunction", "live", Some("ResourceNotFoundException")),
        ("PutFunctionEventInvokeConfig", "$LATEST", None),
        (
            "PutFunctionEventInvokeConfig",
            "live",
            Some("ResourceNotFoundException"),
        ),
        ("GetPolicy", "1", Some("ResourceNotFoundException")),
    ] {
        let answer = call(
            &platform,
            operation,
            json!({"FunctionName": "f", "Qualifier": qualifier}),
        )
        .await;
        let code = answer.err().map(|error| error.code);
        assert_eq!(code.as_deref(), refused, "{operation} {qualifier}");
    }
}

#[tokio::test]
async fn an_invocation_is_checked_before_it_runs() {
    let platform = world().await;
    let large = "a".repeat(1024 * 1024);
    for (changes, answered) in [
        (json!({}), Ok(204)),
        (json!({"Qualifier": "$LATEST", "Payload": null}), Ok(204)),
        (json!({"Payload": large}), Ok(204)),
        (
            json!({"InvocationType": "Event", "Payload": large}),
            Err("RequestTooLargeException"),
        ),
        (json!({"InvocationType": "Later"}), Err("ValidationException")),
        (json!({"LogType": "Tail"}), Err("NotInLocalRun")),
        (json!({"Qualifier": "live"}), Err("ResourceNotFoundException")),
        (json!({"ClientContext": "e30="}), Err("NotInLocalRun")),
        (json!({"FunctionName": "g"}), Err("ResourceNotFoundException")),
    ] {
        let mut input = json!({"FunctionName": "f", "InvocationType": "DryRun"});
        let changes = changes.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(changes.clone());
        let answer = call(&platform, "Invoke", input).await;
        let status = answer.map(|answer| answer["StatusCode"].as_u64().unwrap());
        let status = status.map_err(|error| error.code);
        let fields: Vec<&String> = changes.keys().collect();
        assert_eq!(status, answered.map_err(str::to_owned), "{fields:?}");
    }
}

#[tokio::test]
async fn a_role_needs_permissions_to_be_in_a_vpc() {
    let platform = testing::account(vec![Arc::<Lambda>::default()]);
    let create = async |name: &str, policy: Option<Value>, vpc: Value| {
        let mut role = NewRole::for_service(name, "lambda.amazonaws.com");
        role.policies = policy.map(|policy| ("calls".to_owned(), policy)).into_iter().collect();
        platform.iam.create_role(&platform.account, role).unwrap();
        let function = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Code": {"LocalBinary": "f"}, "VpcConfig": vpc,
            "Role": platform.account.global_arn("iam", format_args!("role/{name}")),
        });
        let created = call(&platform, "CreateFunction", function).await;
        created.map(|_| ()).map_err(|error| (error.code, error.message))
    };
    let vpc = json!({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]});
    let all = json!({"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}});
    assert_eq!(create("may", Some(all.clone()), vpc.clone()).await, Ok(()));
    let refused = |message: &str| Err(("InvalidParameterValueException".to_owned(), message.to_owned()));
    assert_eq!(
        create("may-not", None, vpc).await,
        refused("The provided execution role does not have permissions to call CreateNetworkInterface on EC2")
    );
    assert_eq!(create("nowhere", None, json!({})).await, Ok(()));
    assert_eq!(
        create("half", Some(all), json!({"SubnetIds": ["subnet-1"]})).await,
        refused("SubnetIds and SecurityGroupIds must coexist or be both empty list.")
    );
}

#[tokio::test]
async fn a_list_of_functions_has_pages_and_what_is_not_there_has_its_arn() {
    let platform = world().await;
    for name in ["g", "h"] {
        let function = json!({
            "FunctionName": name, "Runtime": "provided.al2023", "Code": {"LocalBinary": "f"},
            "Role": platform.account.global_arn("iam", "role/f-role"),
        });
        call(&platform, "CreateFunction", function).await.unwrap();
    }
    call(&platform, "PublishVersion", json!({"FunctionName": "g"}))
        .await
        .unwrap();
    let listed = async |input: Value| {
        let (mut input, mut all) = (input, Vec::new());
        loop {
            let page = call(&platform, "ListFunctions", input.clone()).await.unwrap();
            let functions = page["Functions"].as_array().unwrap();
            all.extend(functions.iter().map(|function| {
                format!(
                    "{}:{}",
                    function["FunctionName"].as_str().unwrap(),
                    function["Version"].as_str().unwrap()
                )
            }));
            match page.get("NextMarker") {
                Some(marker) => input["Marker"] = marker.clone(),
                None => return all,
            }
        }
    };
    for input in [json!({}), json!({"MaxItems": 1}), json!({"MaxItems": 2})] {
        assert_eq!(
            listed(input.clone()).await,
            ["f:$LATEST", "g:$LATEST", "h:$LATEST"],
            "{input}"
        );
    }
    let all = listed(json!({"MaxItems": 2, "FunctionVersion": "ALL"})).await;
    assert_eq!(all, ["f:$LATEST", "g:$LATEST", "g:1", "h:$LATEST"]);
    for (operation, input, code, part) in [
        (
            "ListFunctions",
            json!({"MaxItems": 0}),
            "ValidationException",
            "maxItems",
        ),
        (
            "ListFunctions",
            json!({"FunctionVersion": "1"}),
            "ValidationException",
            "functionVersion",
        ),
        (
            "ListFunctions",
            json!({"Marker": "m"}),
            "InvalidParameterValueException",
            "",
        ),
        (
            "GetFunction",
            json!({"FunctionName": "none"}),
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:none",
        ),
        (
            "GetFunction",
            json!({"FunctionName": "f", "Qualifier": "live"}),
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:f:live",
        ),
        (
            "GetPolicy",
            json!({"FunctionName": "f"}),
            "ResourceNotFoundException",
            "The resource you requested does not exist.",
        ),
        (
            "RemovePermission",
            json!({"FunctionName": "f", "StatementId": "s"}),
            "ResourceNotFoundException",
            "No policy is associated with the given resource.",
        ),
        (
            "GetAlias",
            json!({"FunctionName": "f", "Name": "live"}),
            "ResourceNotFoundException",
            "Cannot find alias arn: arn:aws:lambda:us-east-1:123456789012:function:f:live",
        ),
        (
            "UpdateAlias",
            json!({"FunctionName": "f", "Name": "live"}),
            "ResourceNotFoundException",
            "Alias not found: arn:aws:lambda:us-east-1:123456789012:function:f:live",
        ),
    ] {
        let error = call(&platform, operation, input).await.expect_err(part);
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test]
async fn an_alias_changes_with_its_revision_and_a_function_is_published_as_it_is_made() {
    let platform = world().await;
    let function = json!({
        "FunctionName": "g", "Runtime": "provided.al2023", "Code": {"LocalBinary": "f"}, "Publish": true,
        "Role": platform.account.global_arn("iam", "role/f-role"),
    });
    let created = call(&platform, "CreateFunction", function).await.unwrap();
    let arn = platform.account.arn("lambda", "function:g");
    assert_eq!(
        (&created["Version"], &created["FunctionArn"]),
        (&json!("1"), &json!(arn))
    );
    let alias = json!({"FunctionName": "g", "Name": "live", "FunctionVersion": "1", "Description": "first"});
    let made = call(&platform, "CreateAlias", alias).await.unwrap();
    let change = json!({
        "FunctionName": "g", "Name": "live", "FunctionVersion": "$LATEST", "RevisionId": made["RevisionId"],
    });
    let changed = call(&platform, "UpdateAlias", change.clone()).await.unwrap();
    assert_eq!(
        (&changed["FunctionVersion"], &changed["Description"]),
        (&json!("$LATEST"), &json!("first"))
    );
    assert_ne!(changed["RevisionId"], made["RevisionId"]);
    let named = json!({"FunctionName": "g", "Name": "live"});
    for reference in ["g", &arn, &format!("{arn}:live")] {
        let named = json!({"FunctionName": reference, "Name": "live"});
        assert_eq!(
            call(&platform, "GetAlias", named).await.unwrap(),
            changed,
            "{reference}"
        );
    }
    let listed = call(&platform, "ListVersionsByFunction", json!({"FunctionName": "g"}))
        .await
        .unwrap();
    assert_eq!(listed["Versions"][0]["FunctionArn"], format!("{arn}:$LATEST"));
    let latest = json!({"FunctionName": "g", "Qualifier": "$LATEST"});
    let shown = call(&platform, "GetFunctionConfiguration", latest).await.unwrap();
    assert_eq!(shown["FunctionArn"], format!("{arn}:$LATEST"));
    assert_eq!(created["TracingConfig"], json!({"Mode": "PassThrough"}));
    let none = call(&platform, "GetFunctionEventInvokeConfig", json!({"FunctionName": "g"}))
        .await
        .unwrap_err();
    assert_eq!(
        none.message,
        format!("The function {arn}:$LATEST doesn't have an EventInvokeConfig")
    );
    let late = call(&platform, "UpdateAlias", change).await.unwrap_err();
    assert_eq!((late.code.as_str(), late.status), ("PreconditionFailedException", 412));
    for _ in 0..2 {
        call(&platform, "DeleteAlias", named.clone()).await.unwrap();
    }
    // A version is no alias.
    let version = json!({"FunctionName": "g", "Name": "1"});
    call(&platform, "DeleteAlias", version.clone()).await.unwrap();
    assert!(call(&platform, "GetAlias", version).await.is_err());
    let kept = json!({"FunctionName": "g", "Qualifier": "1"});
    call(&platform, "GetFunction", kept).await.unwrap();
}

#[tokio::test]
async fn layers_and_aliases_are_for_whom_a_policy_allows_it() {
    let platform = world().await;
    let layer = platform.account.arn("lambda", "layer:l:1");
    let alias = platform.account.arn("lambda", "function:f");
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "lambda:GetLayerVersion", "Resource": layer},
        // AWS's service authorization reference has no resource for it.
        {"Effect": "Allow", "Action": "lambda:ListLayerVersions", "Resource": "*"},
        {"Effect": "Allow", "Action": ["lambda:DeleteAlias", "lambda:UpdateAlias"], "Resource": alias},
    ]});
    let role = NewRole::for_service("reader", "lambda.amazonaws.com").with_policy("reads", policy);
    platform.iam.create_role(&platform.account, role).unwrap();
    let reader = Principal::role_session("reader", "r");
    for (operation, input, denied) in [
        ("GetLayerVersion", json!({"LayerName": "l", "VersionNumber": 1}), false),
        ("GetLayerVersion", json!({"LayerName": "l", "VersionNumber": 2}), true),
        ("GetLayerVersionByArn", json!({"Arn": layer}), false),
        (
            "DeleteLayerVersion",
            json!({"LayerName": "l", "VersionNumber": 1}),
            true,
        ),
        ("ListLayerVersions", json!({"LayerName": "l"}), false),
        ("ListLayers", json!({}), true),
        ("DeleteAlias", json!({"FunctionName": "f", "Name": "live"}), false),
        ("UpdateAlias", json!({"FunctionName": "f", "Name": "live"}), false),
        ("UpdateAlias", json!({"FunctionName": "g", "Name": "live"}), true),
    ] {
        let answer = platform.call(&reader, "lambda", operation, input.clone()).await;
        let found = answer.is_err_and(|error| error.code == "AccessDeniedException");
        assert_eq!(found, denied, "{operation} {input}");
    }
}

//! Versions stay what they were; what is set beside a function is checked as AWS's model has it.

use super::world::{World, zip_file};
use platform::iam::NewRole;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// A function's code that answers this.
fn answering(text: &str) -> Value {
    let code = format!("def handler(event, context):\n    return [\"{text}\", context.function_version]\n");
    json!(zip_file(&[("app.py", &code, 0o644)]))
}

async fn world() -> World {
    let world = World::new();
    let members = json!({"Code": {"ZipFile": answering("first")}, "Publish": true});
    let created = world.create("python3.11", "app.handler", members).await.unwrap();
    assert_eq!(created["Version"], "1");
    world
}

#[tokio::test]
async fn a_version_stays_what_it_was_and_an_alias_leads_where_it_led() {
    let world = world().await;
    let alias = |name: &str, version: &str| json!({"FunctionName": "f", "Name": name, "FunctionVersion": version});
    world.call("CreateAlias", alias("live", "1")).await.unwrap();
    world.call("CreateAlias", alias("newest", "$LATEST")).await.unwrap();
    let change = json!({"FunctionName": "f", "ZipFile": answering("second"), "Publish": true});
    let changed = world.call("UpdateFunctionCode", change).await.unwrap();
    assert_eq!(
        (&changed["Version"], &changed["FunctionArn"]),
        (&json!("2"), &json!(format!("{ARN}:2")))
    );
    let publish = json!({"FunctionName": "f", "Description": "another"});
    let again = world.call("PublishVersion", publish.clone()).await.unwrap();
    assert_eq!((&again["Version"], &again["Description"]), (&json!("2"), &json!("")));
    let answers = async |qualifier: &str| {
        let input = json!({"FunctionName": "f", "Qualifier": qualifier});
        world.call("Invoke", input).await.unwrap()["Payload"].clone()
    };
    for (qualifier, answer) in [
        ("1", json!(["first", "1"])),
        ("live", json!(["first", "1"])),
        ("2", json!(["second", "2"])),
        ("newest", json!(["second", "$LATEST"])),
    ] {
        assert_eq!(answers(qualifier).await, answer, "{qualifier}");
    }
    world.call("UpdateAlias", alias("live", "2")).await.unwrap();
    assert_eq!(answers("live").await, json!(["second", "2"]));
    let elsewhere = world.call("UpdateAlias", alias("live", "newest")).await.unwrap_err();
    assert_eq!(elsewhere.code, "ResourceNotFoundException");
    // A configuration is a part of a version, and no number is given twice.
    let change = json!({"FunctionName": "f", "Timeout": 9});
    world.call("UpdateFunctionConfiguration", change).await.unwrap();
    let third = world.call("PublishVersion", publish.clone()).await.unwrap();
    assert_eq!(
        (&third["Version"], &third["Description"]),
        (&json!("3"), &json!("another"))
    );
    let gone = json!({"FunctionName": "f", "Qualifier": "3"});
    world.call("DeleteFunction", gone).await.unwrap();
    let fourth = world.call("PublishVersion", publish).await.unwrap();
    assert_eq!(fourth["Version"], "4");
    let listed = world
        .call("ListVersionsByFunction", json!({"FunctionName": "f"}))
        .await
        .unwrap();
    let versions = listed["Versions"].as_array().unwrap().iter();
    let shown: Vec<String> = versions
        .map(|it| format!("{} {}", it["Version"], it["Timeout"]))
        .collect();
    assert_eq!(shown, ["\"$LATEST\" 9", "\"1\" 10", "\"2\" 10", "\"4\" 9"]);
}

#[tokio::test]
async fn destinations_can_be_empty_and_settings_of_asynchronous_invocations_are_checked() {
    let world = world().await;
    let put = async |mut settings: Value| {
        settings["FunctionName"] = "f".into();
        world.call("PutFunctionEventInvokeConfig", settings).await
    };
    let queue = json!({"Destination": "arn:aws:sqs:us-east-1:123456789012:q"});
    let destinations = json!({"OnSuccess": {}, "OnFailure": queue});
    let answer = put(json!({"DestinationConfig": destinations})).await.unwrap();
    assert_eq!(answer["DestinationConfig"], destinations);
    assert_eq!(answer["FunctionArn"], format!("{ARN}:$LATEST"));
    assert!(
        answer["LastModified"].is_f64() && answer.get("FunctionName").is_none(),
        "{answer}"
    );
    let answer = put(json!({"MaximumRetryAttempts": 0})).await.unwrap();
    assert_eq!(answer["DestinationConfig"], json!({"OnSuccess": {}, "OnFailure": {}}));
    for (settings, said) in [
        (
            json!({"MaximumRetryAttempts": 5}),
            "1 validation error detected: Value '5' at 'maximumRetryAttempts' failed to satisfy constraint: Member must \
             have value less than or equal to 2",
        ),
        (
            json!({"MaximumEventAgeInSeconds": 59}),
            "1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member \
             must have value greater than or equal to 60",
        ),
        (
            json!({"DestinationConfig": {"OnSuccess": {"Destination": "invalid"}, "OnFailure": {}}}),
            "1 validation error detected: Value 'invalid' at 'destinationConfig.onSuccess.destination' failed to",
        ),
    ] {
        let error = put(settings).await.unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.starts_with(said), "{error}");
    }
}

#[tokio::test]
async fn a_function_has_a_role_of_the_account_that_trusts_lambda() {
    let world = World::new();
    let other = NewRole::for_service("other", "states.amazonaws.com");
    world.platform.iam.create_role(&world.platform.account, other).unwrap();
    for (role, code, said) in [
        (
            "f-role",
            "ValidationException",
            "Value 'f-role' at 'role' failed to satisfy constraint",
        ),
        (
            "arn:aws:iam::000000000000:role/f-role",
            "AccessDeniedException",
            "Cross-account pass role is not allowed.",
        ),
        (
            "arn:aws:iam::123456789012:role/service-role/none",
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        (
            "arn:aws:iam::123456789012:role/other",
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
    ] {
        let members = json!({"Code": {"ZipFile": answering("x")}, "Role": role});
        let error = world.create("python3.11", "app.handler", members).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_layer_of_a_function_has_the_size_of_its_zip() {
    let world = World::new();
    let content = json!({"ZipFile": zip_file(&[("python/a.py", "", 0o644)])});
    let published = world
        .call("PublishLayerVersion", json!({"LayerName": "l", "Content": content}))
        .await
        .unwrap();
    assert!(published.get("CompatibleArchitectures").is_none(), "{published}");
    assert_eq!(published["Description"], "");
    let listed = world
        .call("ListLayerVersions", json!({"LayerName": "l"}))
        .await
        .unwrap();
    assert!(listed["LayerVersions"][0].get("Description").is_none(), "{listed}");
    let members = json!({"Code": {"ZipFile": answering("x")}, "Layers": [published["LayerVersionArn"]]});
    let created = world.create("python3.11", "app.handler", members).await.unwrap();
    let layer = json!([{"Arn": published["LayerVersionArn"], "CodeSize": published["Content"]["CodeSize"]}]);
    assert_eq!(created["Layers"], layer);
    assert!(created.get("Environment").is_none(), "{created}");
}

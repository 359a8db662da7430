//! Versions and aliases.

use super::World;
use serde_json::{Value, json};

#[tokio::test]
async fn versions_stay_and_aliases_lead_to_them() {
    let world = World::new();
    let machine = world
        .machine("m", json!({"P": {"Type": "Pass", "Result": 1, "End": true}}))
        .await;
    let publish = json!({"stateMachineArn": machine, "description": "first"});
    let one = world.call("PublishStateMachineVersion", publish.clone()).await["stateMachineVersionArn"].clone();
    assert_eq!(one, format!("{machine}:1"));
    assert_eq!(
        world.call("PublishStateMachineVersion", publish).await["stateMachineVersionArn"],
        one,
        "nothing has changed"
    );
    let route = |version: &Value| json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = json!({"name": "live", "routingConfiguration": route(&one)});
    let alias = world.call("CreateStateMachineAlias", alias).await["stateMachineAliasArn"]
        .as_str()
        .unwrap()
        .to_owned();
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 2, "End": true}}}).to_string();
    let update = json!({"stateMachineArn": machine, "definition": definition, "publish": true});
    let two = world.call("UpdateStateMachine", update).await["stateMachineVersionArn"].clone();
    let output = async |arn: &str, name: &str| {
        let execution = world.start(arn, name, json!({})).await;
        world
            .call("DescribeExecution", json!({"executionArn": execution}))
            .await
    };
    assert_eq!(output(&machine, "a").await["output"], "2");
    let through = output(&alias, "b").await;
    assert_eq!(through["output"], "1");
    assert_eq!(
        (&through["stateMachineAliasArn"], &through["stateMachineVersionArn"]),
        (&json!(alias), &one)
    );
    let roll = json!({"stateMachineAliasArn": alias, "routingConfiguration": route(&two)});
    world.call("UpdateStateMachineAlias", roll).await;
    assert_eq!(output(&alias, "c").await["output"], "2");
    let listed = world.call("ListExecutions", json!({"stateMachineArn": alias})).await;
    let names: Vec<&Value> = listed["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["c", "b"]);
    let used = world
        .try_call("DeleteStateMachineVersion", json!({"stateMachineVersionArn": two}))
        .await
        .unwrap_err();
    assert_eq!(used.code, "ConflictException");
    assert_eq!(
        world
            .try_call("StartExecution", json!({"stateMachineArn": format!("{machine}:9")}))
            .await
            .unwrap_err()
            .code,
        "StateMachineDoesNotExist"
    );
}

/// Sentences that AWS has for routing configurations, as others recorded them.
#[tokio::test]
async fn routes_of_an_alias_are_checked_before_their_versions() {
    let world = World::new();
    let machine = world
        .machine("m", json!({"P": {"Type": "Pass", "Result": 1, "End": true}}))
        .await;
    let route =
        |version: u32, weight: u32| json!({"stateMachineVersionArn": format!("{machine}:{version}"), "weight": weight});
    for (routes, part) in [
        (json!([]), "Member must have length greater than or equal to 1"),
        (
            json!([route(1, 50), route(2, 25), route(3, 25)]),
            "Member must have length less than or equal to 2",
        ),
        (
            json!([route(1, 60), route(2, 30)]),
            "Sum of routing configuration weights must equal 100. Received: [60, 30]",
        ),
        (json!([route(1, 50)]), "Received: [50]"),
        (
            json!([route(1, 101)]),
            "Value '101' at 'routingConfiguration.1.member.weight'",
        ),
        (
            json!([route(1, 50), route(1, 50)]),
            "Routing configuration must contain distinct state machine version ARNs. Received: [",
        ),
    ] {
        let input = json!({"name": "live", "routingConfiguration": routes});
        let error = world.try_call("CreateStateMachineAlias", input).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    for routes in [
        json!([{"stateMachineVersionArn": machine, "weight": 100}]),
        json!([{"stateMachineVersionArn": machine, "weight": 70}, route(1, 30)]),
    ] {
        let arns: Vec<&str> = routes
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|route| route["stateMachineVersionArn"].as_str())
            .collect();
        let expected = format!(
            "Routing configuration must contain state machine version ARNs. Received: [{}]",
            arns.join(", ")
        );
        let input = json!({"name": "live", "routingConfiguration": routes});
        let error = world.try_call("CreateStateMachineAlias", input).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.message), ("ValidationException", expected));
    }
}

/// A world with the versions 1 and 2 of the machines `m` and `other`, and the alias `live` of version 1 of `m`.
async fn with_an_alias() -> (World, [String; 2]) {
    let world = World::new();
    let mut machines = Vec::new();
    for name in ["m", "other"] {
        let machine = world.machine(name, json!({"P": {"Type": "Pass", "End": true}})).await;
        let publish = json!({"stateMachineArn": machine});
        world.call("PublishStateMachineVersion", publish).await;
        let states = json!({"StartAt": "Q", "States": {"Q": {"Type": "Succeed"}}}).to_string();
        let update = json!({"stateMachineArn": machine, "definition": states, "publish": true});
        world.call("UpdateStateMachine", update).await;
        machines.push(machine);
    }
    let alias = json!({"name": "live", "routingConfiguration": [
        {"stateMachineVersionArn": format!("{}:1", machines[0]), "weight": 100},
    ]});
    world.call("CreateStateMachineAlias", alias).await;
    (world, [machines[0].clone(), machines[1].clone()])
}

#[tokio::test]
async fn an_alias_leads_to_versions_of_its_own_machine() {
    let (world, [machine, other]) = with_an_alias().await;
    let route = |arn: String, weight: u32| json!({"stateMachineVersionArn": arn, "weight": weight});
    for (routes, code) in [
        (json!([]), "ValidationException"),
        (json!([route(format!("{machine}:1"), 99)]), "ValidationException"),
        (json!([route(format!("{other}:1"), 100)]), "ValidationException"),
        (
            json!([route(format!("{machine}:1"), 50), route(format!("{other}:1"), 50)]),
            "ValidationException",
        ),
        (json!([route(format!("{machine}:9"), 100)]), "ResourceNotFound"),
        (json!([route("m:1".to_owned(), 100)]), "InvalidArn"),
    ] {
        let update = json!({"stateMachineAliasArn": format!("{machine}:live"), "routingConfiguration": routes});
        let error = world.try_call("UpdateStateMachineAlias", update).await.unwrap_err();
        assert_eq!(error.code, code, "{routes}: {error}");
    }
    let shown = world
        .call(
            "DescribeStateMachineAlias",
            json!({"stateMachineAliasArn": format!("{machine}:live")}),
        )
        .await;
    let expected = json!([route(format!("{machine}:1"), 100)]);
    assert_eq!(shown["routingConfiguration"], expected);
}

/// Sentences as others recorded them.
#[tokio::test]
async fn what_is_said_of_aliases() {
    let (world, [machine, _]) = with_an_alias().await;
    let route = |version: u32| json!([{"stateMachineVersionArn": format!("{machine}:{version}"), "weight": 100}]);
    let error = world
        .try_call(
            "UpdateStateMachineAlias",
            json!({"stateMachineAliasArn": format!("{machine}:none"), "description": "d"}),
        )
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "ResourceNotFound: Request references a resource that does not exist."
    );
    let other = json!({"name": "live", "routingConfiguration": route(2)});
    let described = json!({"name": "live", "description": "d", "routingConfiguration": route(1)});
    for again in [other, described] {
        let error = world.try_call("CreateStateMachineAlias", again).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "ConflictException: Failed to create alias because an alias with the same name and a different routing \
             configuration already exists."
        );
    }
    let long = "A".repeat(81);
    let pattern = "Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$";
    for (name, constraint) in [
        ("123", pattern),
        ("INVALID ALIAS", pattern),
        ("!INVALID", pattern),
        ("ALIAS@", pattern),
        (&*long, "Member must have length less than or equal to 80"),
    ] {
        let create = json!({"name": name, "routingConfiguration": route(1)});
        let error = world.try_call("CreateStateMachineAlias", create).await.unwrap_err();
        let expected = format!(
            "ValidationException: 1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: \
             {constraint}"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn an_alias_is_deleted_twice() {
    let (world, [machine, _]) = with_an_alias().await;
    for _ in 0..2 {
        let delete = json!({"stateMachineAliasArn": format!("{machine}:live")});
        assert_eq!(world.call("DeleteStateMachineAlias", delete).await, json!({}));
    }
}

#[tokio::test]
async fn a_page_s_token_goes_with_the_list_that_it_is_from() {
    let world = World::new();
    let machine = world.machine("m", json!({"P": {"Type": "Pass", "End": true}})).await;
    for name in ["a", "b", "c"] {
        world.start(&machine, name, json!({})).await;
    }
    let list = json!({"stateMachineArn": machine, "maxResults": 2});
    let first = world.call("ListExecutions", list.clone()).await;
    let with = |member: &str, value: Value| {
        let mut input = list.clone();
        input["nextToken"] = first["nextToken"].clone();
        input[member] = value;
        input
    };
    let second = world.call("ListExecutions", with("maxResults", json!(2))).await;
    assert_eq!(second["executions"].as_array().map(Vec::len), Some(1));
    assert_eq!(second.get("nextToken"), None);
    for (input, code) in [
        (with("statusFilter", json!("FAILED")), "InvalidToken"),
        (with("redriveFilter", json!("REDRIVEN")), "InvalidToken"),
        (with("nextToken", json!("invalid")), "InvalidToken"),
        (with("maxResults", json!(1001)), "ValidationException"),
    ] {
        let error = world.try_call("ListExecutions", input.clone()).await.expect_err(code);
        assert_eq!(error.code, code, "{input}");
    }
}

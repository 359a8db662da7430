//! What a pipeline may be declared with, and what is refused when it is made.

use super::world::{World, declaration, stage};
use serde_json::{Value, json};

async fn refusal(change: impl FnOnce(&mut Value)) -> Option<String> {
    let world = World::new(json!([]), &[]).await;
    let wait = stage("Wait", "Approval", "Manual", json!({}), json!({}));
    let mut pipeline = declaration(&[wait]);
    change(&mut pipeline);
    let made = world
        .try_call("codepipeline", "CreatePipeline", json!({"pipeline": pipeline}))
        .await;
    made.err().map(|error| format!("{}: {}", error.code, error.message))
}

fn condition(member: &str, result: &str, rules: Value) -> Value {
    json!({member: {"conditions": [{"result": result, "rules": rules}]}})
}

fn rule(provider: &str, configuration: Value) -> Value {
    let kind = json!({"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"});
    json!([{"name": "R", "ruleTypeId": kind, "configuration": configuration}])
}

#[tokio::test]
async fn what_get_pipeline_shows_makes_a_pipeline() {
    let world = World::new(json!([]), &[]).await;
    let wait = stage("Wait", "Approval", "Manual", json!({}), json!({}));
    let mut pipeline = declaration(&[wait]);
    pipeline["version"] = 7.into();
    pipeline["stages"][0]["actions"][0]["region"] = "us-east-1".into();
    pipeline["stages"][0]["actions"][0]["inputArtifacts"] = json!([]);
    let made = world
        .call("codepipeline", "CreatePipeline", json!({"pipeline": pipeline}))
        .await;
    assert_eq!(made["pipeline"]["version"], 1);
    let shown = world.call("codepipeline", "GetPipeline", json!({"name": "p"})).await;
    let again = world
        .call("codepipeline", "UpdatePipeline", json!({"pipeline": shown["pipeline"]}))
        .await;
    assert_eq!(again["pipeline"]["version"], 2);
    world.call("codepipeline", "DeletePipeline", json!({"name": "p"})).await;
    let mut again = shown["pipeline"].clone();
    again["artifactStores"] = json!({"us-east-1": again["artifactStore"], "eu-west-1": again["artifactStore"]});
    again.as_object_mut().unwrap().remove("artifactStore");
    world
        .call("codepipeline", "CreatePipeline", json!({"pipeline": again}))
        .await;
}

#[tokio::test]
async fn what_is_wrong_is_named_when_the_pipeline_is_made() {
    let second = |pipeline: &mut Value, provider: (&str, &str), configuration: Value, members: Value| {
        pipeline["stages"][1] = stage("X", provider.0, provider.1, configuration, members);
    };
    let states = ("Invoke", "StepFunctions");
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    let source = json!({"inputArtifacts": [{"name": "Source"}]});
    for (provider, configuration, members, expected) in [
        (
            states,
            json!({}),
            json!({}),
            "missing required configuration 'StateMachineArn'",
        ),
        (
            states,
            json!({"StateMachineArn": machine, "Inputs": "{}"}),
            json!({}),
            "Action configuration for action 'X' contains unknown configuration 'Inputs'",
        ),
        (
            states,
            json!({"StateMachineArn": machine, "InputType": "FilePath"}),
            source.clone(),
            "missing required configuration 'Input'",
        ),
        (
            states,
            json!({"StateMachineArn": machine, "InputType": "FilePath", "Input": "a"}),
            json!({}),
            "needs an input artifact",
        ),
        (
            states,
            json!({"StateMachineArn": machine, "InputType": "Json"}),
            json!({}),
            "InputType is `Json`",
        ),
        (
            states,
            json!({"StateMachineArn": machine}),
            json!({"outputArtifacts": [{"name": "A"}, {"name": "B"}]}),
            "Action X declares 2 output artifacts which is greater than the maximum count (1)",
        ),
        (
            ("Build", "CodeBuild"),
            json!({"ProjectName": "b"}),
            json!({}),
            "Action X declares 0 input artifacts which is less than the minimum count (1)",
        ),
        (
            ("Build", "CodeBuild"),
            json!({"ProjectName": "b", "BatchEnabled": "true"}),
            source.clone(),
            "no CodeBuild with BatchEnabled",
        ),
        (
            ("Build", "CodeBuild"),
            json!({"ProjectName": "b"}),
            json!({"inputArtifacts": [{"name": "Source"}], "region": "eu-west-1"}),
            "it is in eu-west-1",
        ),
        (
            ("Deploy", "CodeDeployer"),
            json!({}),
            json!({}),
            "it has CodeStarSourceConnection (Source), S3 (Source)",
        ),
    ] {
        let said = refusal(|pipeline| second(pipeline, provider, configuration, members)).await;
        let said = said.unwrap_or_default();
        assert!(
            said.starts_with("InvalidActionDeclarationException") && said.contains(expected),
            "{expected}: {said}"
        );
    }
    for (stage, expected) in [
        (
            json!({"onFailure": {"result": "SKIP"}}),
            "must be ROLLBACK, RETRY or FAIL",
        ),
        (
            json!({"beforeEntry": {"conditions": []}}),
            "beforeEntry must have one condition",
        ),
        (
            condition("beforeEntry", "ROLLBACK", json!([])),
            "beforeEntry cannot have this result",
        ),
        (condition("onSuccess", "FAIL", json!([])), "must have 1 to 5 rules"),
        (
            condition("onSuccess", "FAIL", rule("CloudWatchAlarm", json!({}))),
            "no rule `CloudWatchAlarm`",
        ),
        (
            condition("onSuccess", "FAIL", rule("VariableCheck", json!({"Variable": "a"}))),
            "missing `Value`",
        ),
        (
            condition("onSuccess", "FAIL", rule("LambdaInvoke", json!({}))),
            "missing required configuration 'FunctionName'",
        ),
    ] {
        for (kind, expected) in [("V2", expected), ("V1", "only for pipelines of the type V2")] {
            let said = refusal(|pipeline| {
                pipeline["pipelineType"] = kind.into();
                let Value::Object(members) = stage.clone() else {
                    unreachable!()
                };
                pipeline["stages"][1].as_object_mut().unwrap().extend(members);
            });
            let said = said.await.unwrap_or_default();
            let is_refused = said.starts_with("InvalidStageDeclarationException") && said.contains(expected);
            assert!(
                is_refused || kind == "V1" && stage["onFailure"].is_object(),
                "{expected}: {said}"
            );
        }
    }
    let both = refusal(|pipeline| pipeline["artifactStores"] = json!({"us-east-1": pipeline["artifactStore"]})).await;
    assert!(both.is_some_and(|said| said.contains("either artifactStore or artifactStores")));
    // Nothing is wrong with it: AWS has that provider.
    let elsewhere = refusal(|pipeline| second(pipeline, ("Deploy", "CodeDeploy"), json!({}), json!({}))).await;
    let elsewhere = elsewhere.unwrap_or_default();
    assert!(
        elsewhere.starts_with("NotInLocalRun") && elsewhere.contains("no provider `CodeDeploy`"),
        "{elsewhere}"
    );
    let off = json!({"ProjectName": "b", "BatchEnabled": "false", "CombineArtifacts": "false"});
    let accepted = refusal(|pipeline| second(pipeline, ("Test", "CodeBuild"), off, source)).await;
    assert_eq!(accepted, None);
}

#[tokio::test]
async fn what_is_wrong_with_a_stack_is_named_when_the_pipeline_is_made() {
    let with = |mode: &str, more: Value| {
        let mut all = json!({"ActionMode": mode, "StackName": "s", "RoleArn": "r", "TemplatePath": "Source::t.yaml"});
        for (key, value) in more.as_object().expect("members") {
            all[key] = value.clone();
        }
        all
    };
    let without = |mode: &str, key: &str| {
        let mut all = with(mode, json!({}));
        all.as_object_mut().expect("members").remove(key);
        all
    };
    for (configuration, expected) in [
        (with("CREATE_UPDATE", json!({})), None),
        (with("#{Source.Mode}", json!({})), None),
        (
            with("ALWAYS_REPLACE", json!({})),
            Some("its ActionMode is `ALWAYS_REPLACE`"),
        ),
        (
            without("CREATE_UPDATE", "RoleArn"),
            Some("missing required configuration 'RoleArn'"),
        ),
        (
            without("REPLACE_ON_FAILURE", "TemplatePath"),
            Some("missing required configuration 'TemplatePath'"),
        ),
        (without("DELETE_ONLY", "TemplatePath"), None),
        (
            with("CHANGE_SET_EXECUTE", json!({})),
            Some("missing required configuration 'ChangeSetName'"),
        ),
        // What a mode does not need is ignored.
        (with("DELETE_ONLY", json!({"TemplatePath": "Other::t.yaml"})), None),
        (
            with("CREATE_UPDATE", json!({"TemplatePath": "Other::t.yaml"})),
            Some("its TemplatePath has a file of the artifact `Other`, which is no input artifact"),
        ),
        (
            with("CREATE_UPDATE", json!({"TemplateConfiguration": "dev.json"})),
            Some("its TemplateConfiguration is `dev.json`, and must be `ArtifactName::FileName`"),
        ),
        (
            with(
                "CREATE_UPDATE",
                json!({"Capabilities": "CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND"}),
            ),
            Some("its Capabilities have ` CAPABILITY_AUTO_EXPAND`"),
        ),
        (
            with("CREATE_UPDATE", json!({"ParameterOverrides": r#"{"P": {"Ref": "Q"}}"#})),
            Some(r#"its ParameterOverrides have `{"Ref":"Q"}` for `P`"#),
        ),
        (
            with(
                "CREATE_UPDATE",
                json!({"ParameterOverrides": r#"{"P": {"Fn::GetParam": ["O", "f", "k"]}}"#}),
            ),
            Some("its ParameterOverrides has a file of the artifact `O`"),
        ),
    ] {
        let source = json!({"inputArtifacts": [{"name": "Source"}]});
        let said = refusal(|pipeline| {
            pipeline["stages"][1] = stage("X", "Deploy", "CloudFormation", configuration.clone(), source);
        });
        let said = said.await;
        match expected {
            None => assert_eq!(said, None, "{configuration}"),
            Some(expected) => assert!(
                said.as_ref().is_some_and(|said| said.contains(expected)),
                "{expected}: {said:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_rule_may_take_as_long_as_an_approval() {
    let configuration = json!({"Variable": "a", "Operator": "EQ", "Value": "a"});
    for (minutes, is_allowed) in [(4, false), (5, true), (86_400, true), (86_401, false)] {
        let mut rules = rule("VariableCheck", configuration.clone());
        rules[0]["timeoutInMinutes"] = minutes.into();
        let members = condition("onSuccess", "FAIL", rules);
        let said = refusal(|pipeline| pipeline["stages"][1]["onSuccess"] = members["onSuccess"].clone()).await;
        let range = |said: &String| said.contains("it must lie between 5 and 86400");
        assert_eq!(said.as_ref().is_some_and(range), !is_allowed, "{minutes}: {said:?}");
        assert_eq!(said.is_none(), is_allowed);
    }
}

#[tokio::test]
async fn a_pipeline_of_the_first_type_has_nothing_of_the_second() {
    for (member, value, is_of_v1) in [
        ("executionMode", json!("SUPERSEDED"), true),
        ("executionMode", json!("QUEUED"), false),
        ("executionMode", json!("PARALLEL"), false),
        ("variables", json!([{"name": "why", "defaultValue": "so"}]), false),
        ("triggers", json!([{"providerType": "CodeStarSourceConnection"}]), false),
    ] {
        for kind in [None, Some("V1"), Some("V2")] {
            let said = refusal(|pipeline| {
                pipeline["pipelineType"] = kind.into();
                pipeline[member] = value.clone();
            });
            let said = said.await;
            let is_refused = said.as_ref().is_some_and(|said| {
                said.starts_with("InvalidStructureException") && said.contains(&format!("{member}: only"))
            });
            assert_eq!(
                is_refused,
                !is_of_v1 && kind != Some("V2"),
                "{kind:?} {member}: {said:?}"
            );
            assert_eq!(said.is_some(), is_refused, "{kind:?} {member}: {said:?}");
        }
    }
}

#[tokio::test]
async fn a_pipeline_has_tags_and_says_when_it_was_changed() {
    let world = World::new(json!([]), &[]).await;
    let pipeline = declaration(&[stage("Wait", "Approval", "Manual", json!({}), json!({}))]);
    let tags = json!([{"key": "team", "value": "ml"}]);
    let made = json!({"pipeline": pipeline, "tags": tags});
    assert_eq!(
        world.call("codepipeline", "CreatePipeline", made.clone()).await["tags"],
        tags
    );
    let again = world
        .try_call("codepipeline", "CreatePipeline", made)
        .await
        .unwrap_err();
    assert_eq!(
        (again.code.as_str(), again.message.as_str()),
        (
            "PipelineNameInUseException",
            "A pipeline with the name 'p' already exists in account '123456789012'"
        )
    );
    let arn = world.0.account.arn("codepipeline", "p");
    let of = |member: &str, value: Value| {
        let mut input = json!({"resourceArn": arn});
        input[member] = value;
        input
    };
    let more = json!([{"key": "team", "value": "data"}, {"key": "stage", "value": "dev"}]);
    world
        .call("codepipeline", "TagResource", of("tags", more.clone()))
        .await;
    let listed = world
        .call("codepipeline", "ListTagsForResource", of("maxResults", json!(1)))
        .await;
    assert_eq!(listed["tags"], more, "all at once");
    world
        .call("codepipeline", "UntagResource", of("tagKeys", json!(["team", "none"])))
        .await;
    let listed = world
        .call("codepipeline", "ListTagsForResource", json!({"resourceArn": arn}))
        .await;
    assert_eq!(listed["tags"], json!([{"key": "stage", "value": "dev"}]));
    let many: Vec<Value> = (0..50)
        .map(|at| json!({"key": format!("k{at}"), "value": ""}))
        .collect();
    let none = json!({"resourceArn": world.0.account.arn("codepipeline", "none"), "tags": []});
    for (operation, input, code, part) in [
        (
            "TagResource",
            of("tags", json!(many)),
            "TooManyTagsException",
            "Tag limit exceeded for resource [arn:",
        ),
        (
            "TagResource",
            of("tags", json!([{"key": "aws:k", "value": ""}])),
            "InvalidTagsException",
            "system tags",
        ),
        (
            "TagResource",
            none,
            "ResourceNotFoundException",
            "The account with id '123456789012' does not include a pipeline with the name 'none'",
        ),
        (
            "ListTagsForResource",
            json!({"resourceArn": "p"}),
            "InvalidArnException",
            "p",
        ),
        (
            "GetPipeline",
            json!({"name": "none"}),
            "PipelineNotFoundException",
            "Account '123456789012' does not have a pipeline with name 'none'",
        ),
    ] {
        let error = world.try_call("codepipeline", operation, input).await.expect_err(part);
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    let metadata = async || world.call("codepipeline", "GetPipeline", json!({"name": "p"})).await["metadata"].clone();
    let before = metadata().await;
    assert_eq!(before["created"], before["updated"]);
    let mut changed = pipeline;
    changed["stages"][0]["name"] = "Other".into();
    while metadata().await["updated"] == before["updated"] {
        world
            .call("codepipeline", "UpdatePipeline", json!({"pipeline": changed}))
            .await;
    }
    let after = metadata().await;
    assert_eq!(after["created"], before["created"]);
    let listed = world.call("codepipeline", "ListPipelines", json!({})).await;
    assert_eq!(listed["pipelines"][0]["updated"], after["updated"]);
}

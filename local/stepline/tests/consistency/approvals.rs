//! Approvals that wait for executions: what the user parameters name is there, and the function may answer that alone.

use super::house::text;
use super::pipeline::{environment_of, texts, user_parameters};
use super::planned::{ENVIRONMENTS, PIPELINE, Planned, TEMPLATE, both_ways, name_of, of_sample, planned};
use serde_json::{Value, json};
use states_language::{TestStateOptions, test_state};
use std::collections::BTreeSet;

/// An approval: the environment whose function answers it, and its pipeline, stage and action.
type Approval = (&'static str, [String; 3]);

/// The stages of a pipeline with their actions.
fn stages(planned: &Planned) -> Vec<(String, Vec<Value>)> {
    let pipeline = planned.the("AWS::CodePipeline::Pipeline");
    let stages = pipeline.properties["Stages"].as_array().into_iter().flatten();
    stages
        .map(|stage| {
            let name = stage["Name"].as_str().unwrap_or_default().to_owned();
            (name, stage["Actions"].as_array().cloned().unwrap_or_default())
        })
        .collect()
}

/// Whether an action is waited for by polling whatever `Wait` says: a deployment takes minutes.
fn polls_always(action: &Value) -> bool {
    action["Name"] == "Deploy"
}

/// The approvals that user parameters name when pipelines wait by event.
fn named() -> BTreeSet<Approval> {
    let mut named = BTreeSet::new();
    for environment in ENVIRONMENTS {
        let [_, by_event] = both_ways(environment);
        for (_, actions) in stages(by_event) {
            for action in actions {
                let Some(given) = user_parameters(&action).filter(|_| !polls_always(&action)) else {
                    continue;
                };
                let function = action["Configuration"]["FunctionName"].as_str().unwrap_or_default();
                let name = |field: &str| given["approval"][field].as_str().unwrap_or_default().to_owned();
                let answered_by = environment_of(function).expect("an environment");
                named.insert((answered_by, ["pipeline", "stage", "action"].map(name)));
            }
        }
    }
    named
}

#[test]
fn every_action_that_waits_by_event_has_its_approval_behind_it() {
    for environment in ENVIRONMENTS {
        let [by_polling, by_event] = both_ways(environment);
        let pipeline = name_of(by_event.the("AWS::CodePipeline::Pipeline")).expect("a name");
        for (stage, actions) in stages(by_event) {
            for action in &actions {
                let Some(given) = user_parameters(action) else { continue };
                if polls_always(action) {
                    assert!(given["approval"].is_null(), "{stage}");
                    continue;
                }
                let approval = &given["approval"];
                assert_eq!(
                    (approval["pipeline"].as_str(), approval["stage"].as_str()),
                    (Some(pipeline), Some(stage.as_str()))
                );
                let behind = actions.iter().find(|behind| behind["Name"] == approval["action"]);
                let behind = behind.unwrap_or_else(|| panic!("stage {stage} of {environment} lacks {approval}"));
                let order = |action: &Value| action["RunOrder"].as_u64().unwrap_or(1);
                assert!(order(behind) > order(action), "{stage}");
                assert_eq!(behind["ActionTypeId"]["Provider"], "Manual");
                assert!(action["OutputArtifacts"].is_null(), "{stage}");
            }
        }
        for action in by_polling.actions() {
            let given = user_parameters(&action).unwrap_or_default();
            assert!(given["approval"].is_null() && action["Name"] != "Outcome");
        }
    }
}

#[test]
fn a_function_may_answer_what_waits_for_it_and_no_approval_of_people() {
    let named = named();
    assert_eq!(named.len(), 3, "{named:?}");
    for environment in ENVIRONMENTS {
        let there = planned(environment);
        let role = there
            .of("AWS::IAM::Role")
            .find(|role| name_of(role).is_some_and(|name| name.starts_with("stepline-pipeline-action-")))
            .expect("the function's role");
        let statements = role.properties["Policies"][0]["PolicyDocument"]["Statement"].as_array();
        let allows = |statement: &&Value| statement["Action"] == "codepipeline:PutApprovalResult";
        let allowing: Vec<&Value> = statements.into_iter().flatten().filter(allows).collect();
        let [allowing] = &allowing[..] else {
            panic!("one statement of {environment}")
        };
        let resources = texts(&allowing["Resource"]);
        let allowed: BTreeSet<&str> = resources.iter().filter_map(|arn| arn.rsplit(':').next()).collect();
        let of_here = named.iter().filter(|(answered_by, _)| *answered_by == environment);
        let wanted: BTreeSet<String> = of_here.clone().map(|(_, name)| name.join("/")).collect();
        assert_eq!(allowed, wanted.iter().map(String::as_str).collect());
        let function = there
            .of("AWS::Lambda::Function")
            .find(|function| name_of(function).is_some_and(|name| name.contains("pipeline-action")))
            .expect("the function");
        let listed = function.properties["Environment"]["Variables"]["PIPELINES"].as_str();
        let listed: BTreeSet<&str> = listed.unwrap_or_default().split(',').collect();
        let pipelines: BTreeSet<&str> = of_here.map(|(_, [pipeline, ..])| pipeline.as_str()).collect();
        assert_eq!(listed, pipelines, "PIPELINES of {environment}");
    }
}

/// The declaration of the parameter `Machine` in a template: its values and its default.
fn machine(template: &str) -> Vec<&str> {
    let declared = text(template).split_once("\n  Machine:\n").expect("the parameter").1;
    let lines = declared.lines().take_while(|line| line.starts_with("    "));
    lines
        .map(str::trim)
        .filter(|line| line.starts_with("AllowedValues:") || line.starts_with("Default:"))
        .collect()
}

#[test]
fn both_templates_mean_the_same_machine() {
    assert_eq!(
        machine(TEMPLATE),
        ["AllowedValues: [hello, training]", "Default: training"]
    );
    assert_eq!(machine(PIPELINE), machine(TEMPLATE));
    let config = text("sam/samconfig.toml");
    for environment in ENVIRONMENTS {
        let said = |stack: &str| {
            let section = config
                .split_once(&format!("[{stack}.deploy.parameters]"))
                .expect("it is there")
                .1;
            let section = section.split_once("\n[").map_or(section, |(section, _)| section);
            let said = section.split_once("\"Machine=");
            said.map(|(_, rest)| rest.split('"').next().unwrap_or_default().to_owned())
        };
        assert_eq!(
            said(environment),
            said(&format!("pipeline-{environment}")),
            "{environment}"
        );
    }
}

#[test]
fn a_pipeline_that_trains_asks_for_its_model_and_no_other_does() {
    for environment in ENVIRONMENTS {
        for way in both_ways(environment) {
            let stages: Vec<String> = stages(way).into_iter().map(|(stage, _)| stage).collect();
            assert!(
                stages.ends_with(&["Execute".into(), "Approve".into(), "Deploy".into()]),
                "{stages:?}"
            );
        }
        let stages = stages(of_sample(environment));
        for absent in ["Approve", "Deploy"] {
            assert!(stages.iter().all(|(stage, _)| stage != absent), "{environment}");
        }
    }
}

/// Where `record-approval` goes on after a look at an approval that ended after so many minutes.
fn after(minutes: u64, package: &str, status: &str, looks: u32) -> String {
    let definition: Value = serde_json::from_str(text("statemachine/record-approval.asl.json")).expect("JSON");
    let mut state = definition["States"]["WhatIsThereToRecord"].clone();
    state["QueryLanguage"] = definition["QueryLanguage"].clone();
    let event = json!({"pipeline": "p", "execution-id": "e", "action-execution-id": "a", "state": "FAILED"});
    let found = json!({"id": "a", "status": status, "comment": "", "by": "", "minutes": minutes, "package": package});
    let variables = json!({"event": event, "found": found, "looks": looks});
    let options = TestStateOptions {
        variables: Some(variables.to_string()),
        ..TestStateOptions::default()
    };
    let result = test_state(&state.to_string(), options).unwrap_or_else(|error| panic!("{error}"));
    result.next_state.unwrap_or_else(|| panic!("{:?}", result.failure))
}

#[test]
fn a_model_that_nobody_decided_on_in_time_stays_pending() {
    let approve = planned("dev")
        .actions()
        .into_iter()
        .find(|action| action["Name"] == "Approve");
    let minutes = approve.expect("the approval")["TimeoutInMinutes"]
        .as_u64()
        .expect("a number");
    for (minutes, package, status, looks, next) in [
        (minutes, "arn", "Failed", 1, "NobodyDecided"),
        (minutes - 1, "arn", "Failed", 1, "LookUpModelPackage"),
        (1, "", "Failed", 1, "NoModelPackage"),
        (1, "arn", "InProgress", 1, "WaitForTheList"),
        // The event knows better than a list that stays behind.
        (1, "arn", "InProgress", 20, "LookUpModelPackage"),
    ] {
        assert_eq!(
            after(minutes, package, status, looks),
            next,
            "{minutes} {package} {status} {looks}"
        );
    }
}

#[test]
fn an_approval_says_at_most_what_the_jobs_may_take() {
    let definition = planned("dev").started();
    let states = definition["States"].as_object().expect("states");
    let processing: Vec<&Value> = states
        .values()
        .map(|state| &state["Arguments"])
        .filter(|arguments| !arguments["ProcessingJobName"].is_null())
        .collect();
    for arguments in &processing {
        assert_eq!(
            arguments["StoppingCondition"]["MaxRuntimeInSeconds"], 3600,
            "as `review` of Register counts"
        );
        assert_eq!(arguments["ProcessingResources"]["ClusterConfig"]["InstanceCount"], 1);
    }
    let review = definition["States"]["Register"]["Output"]["review"]
        .as_str()
        .expect("a text");
    assert!(review.contains(&format!("({} * 3600 * ", processing.len())), "{review}");
}

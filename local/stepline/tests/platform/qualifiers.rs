//! Step Functions authorises a version or an alias by its state machine's ARN; the qualifier is a condition key.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html>. The policies that name the ARN of
//! an alias, as the templates once did and SAM still does, are denied here in AWS's words.

use crate::deploy::root;
use crate::world::{cloud, role};
use platform::journal::Happening;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Deployment};
use stepline::template::Deployed;

const ROLE: &str = "arn:aws:iam::123456789012:role/machine";
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";

/// Whether IAM lets `caller` make a call of Step Functions; otherwise what it says.
fn decision(cloud: &Arc<Cloud>, caller: &Principal, operation: &str, input: &Value) -> Result<(), String> {
    let requirements = cloud.requirements("states", operation, input.clone());
    let requirements = requirements.expect("an operation");
    cloud.authorize(caller, &requirements).map_err(|error| error.message)
}

fn start(qualifier: &str) -> Value {
    json!({"stateMachineArn": format!("{MACHINE}{qualifier}")})
}

#[tokio::test]
async fn the_templates_roles_start_what_they_are_for() {
    let cloud = Cloud::new(platform::account::Account::local(), root());
    let overrides = deploy::Overrides {
        asked: [("Machine".to_owned(), "hello".to_owned())].into(),
        ..deploy::Overrides::default()
    };
    let deployed = deploy::deploy_with(&cloud, "dev", &overrides).await;
    deployed.unwrap_or_else(|error| panic!("{error}"));
    for (role, live, version, unqualified) in [
        ("stepline-image-push-dev-us-east-1", true, false, false),
        ("ml-pipeline-daily-dev-us-east-1", true, false, false),
        // It starts what its user parameters name: the alias, a version, or the state machine itself.
        ("stepline-pipeline-action-dev-us-east-1", true, true, true),
    ] {
        let caller = Principal::role_session(role, "session");
        for (qualifier, allowed) in [(":live", live), (":1", version), ("", unqualified)] {
            let decided = decision(&cloud, &caller, "StartExecution", &start(qualifier));
            assert_eq!(decided.is_ok(), allowed, "{role} {qualifier}: {decided:?}");
        }
    }
}

#[test]
fn the_old_policies_start_nothing() {
    let statement =
        |resource: String| json!({"Effect": "Allow", "Action": "states:StartExecution", "Resource": resource});
    for (name, resource) in [
        ("image-push", format!("{MACHINE}:live")),
        ("schedule", format!("{MACHINE}:live")),
        ("pipeline-action", format!("{MACHINE}:*")),
    ] {
        let cloud = cloud();
        let caller = role(&cloud, name, statement(resource));
        for qualifier in [":live", ":1", ""] {
            let denied = decision(&cloud, &caller, "StartExecution", &start(qualifier)).expect_err("a denial");
            let expected = format!(
                "User: arn:aws:sts::123456789012:assumed-role/{name}/session is not authorized to perform: \
                 states:StartExecution on resource: {MACHINE} because no identity-based policy allows the \
                 states:StartExecution action"
            );
            assert_eq!(denied, expected);
        }
    }
}

/// A schedule without a `RoleArn`, on an alias: SAM's own role names the alias.
const SCHEDULED: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: ml-pipeline-dev
      Definition: {StartAt: A, States: {A: {Type: Succeed}}}
      AutoPublishAlias: live
      UseAliasAsEventTarget: true
      Events:
        DailyRun: {Type: Schedule, Properties: {Name: daily, Schedule: rate(1 day), Enabled: false}}
";

/// A schedule with a role of its own, which trusts a service.
const RULE: &str = r#"
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: ml-pipeline-dev
      DefinitionString: '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
      RoleArn: !GetAtt MachineRole.Arn
  MachineRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: states.amazonaws.com}}
  Daily:
    Type: AWS::Events::Rule
    Properties:
      Name: daily
      ScheduleExpression: rate(1 day)
      State: DISABLED
      Targets: [{Id: Machine, Arn: !Ref Machine, RoleArn: !GetAtt DailyRole.Arn}]
  DailyRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: daily
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: TRUSTED}}
      Policies:
        - PolicyName: calls
          PolicyDocument:
            Statement: {Effect: Allow, Action: 'states:StartExecution', Resource: !Ref Machine}
"#;

/// What becomes of the rule `daily` of a template: None where it starts an execution, otherwise why it does not.
async fn fired(text: &str) -> Option<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let template = directory.path().join("template.yaml");
    std::fs::write(&template, text).expect("a template");
    let deployed = Deployed {
        environment: "dev".to_owned(),
        stack: "s".to_owned(),
        template,
        ..Deployed::default()
    };
    let cloud = cloud();
    let stack = deploy::deploy_stack(&cloud, &deployed, &Deployment::default()).await;
    stack.unwrap_or_else(|error| panic!("{error}"));
    let mut journal = cloud.journal.follow();
    cloud.events.fire(&cloud, "daily").expect("the rule");
    loop {
        match journal.recv().await.expect("the journal goes on").happening {
            Happening::DeliveryFailed { reason, .. } => return Some(reason),
            Happening::ExecutionStarted { .. } => return None,
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_role_that_sam_makes_for_a_schedule_starts_nothing() {
    let reason = fired(SCHEDULED).await.expect("a failure");
    let denied = format!("states:StartExecution on resource: {MACHINE} because no identity-based policy allows");
    assert!(reason.contains(&denied), "{reason}");
}

#[tokio::test]
async fn a_rules_role_has_to_trust_eventbridge() {
    assert_eq!(fired(&RULE.replace("TRUSTED", "events.amazonaws.com")).await, None);
    let reason = fired(&RULE.replace("TRUSTED", "scheduler.amazonaws.com")).await;
    let denied = "not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/daily";
    assert!(
        reason.as_ref().is_some_and(|reason| reason.contains(denied)),
        "{reason:?}"
    );
}

/// Which operations know the qualifier: the column of condition keys in the service authorization reference,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>.
#[test]
fn operations_on_a_qualified_arn() {
    let cloud = cloud();
    let live = || json!(format!("{MACHINE}:live"));
    let one = || json!(format!("{MACHINE}:1"));
    let route = || json!([{"stateMachineVersionArn": format!("{MACHINE}:1"), "weight": 100}]);
    for (operation, input, qualifiers) in [
        ("StartExecution", json!({"stateMachineArn": live()}), vec!["live"]),
        ("StartExecution", json!({"stateMachineArn": one()}), vec!["1"]),
        ("StartExecution", json!({"stateMachineArn": MACHINE}), vec![]),
        ("StartSyncExecution", json!({"stateMachineArn": live()}), vec!["live"]),
        ("DescribeStateMachine", json!({"stateMachineArn": one()}), vec!["1"]),
        ("ListExecutions", json!({"stateMachineArn": live()}), vec!["live"]),
        ("ListStateMachineAliases", json!({"stateMachineArn": one()}), vec!["1"]),
        (
            "DescribeStateMachineAlias",
            json!({"stateMachineAliasArn": live()}),
            vec!["live"],
        ),
        (
            "DeleteStateMachineAlias",
            json!({"stateMachineAliasArn": live()}),
            vec!["live"],
        ),
        (
            "UpdateStateMachineAlias",
            json!({"stateMachineAliasArn": live(), "routingConfiguration": route()}),
            vec!["live"],
        ),
        (
            "CreateStateMachineAlias",
            json!({"name": "live", "routingConfiguration": route()}),
            vec!["live"],
        ),
        (
            "DeleteStateMachineVersion",
            json!({"stateMachineVersionArn": one()}),
            vec!["1"],
        ),
        ("ListStateMachineVersions", json!({"stateMachineArn": MACHINE}), vec![]),
        (
            "PublishStateMachineVersion",
            json!({"stateMachineArn": MACHINE}),
            vec![],
        ),
        (
            "CreateStateMachine",
            json!({"name": "ml-pipeline-dev", "definition": "{}", "roleArn": ROLE}),
            vec![],
        ),
    ] {
        let requirements = cloud.requirements("states", operation, input).expect(operation);
        let (requirement, others) = requirements.split_first().expect(operation);
        let passed: Vec<&str> = others.iter().map(|other| other.resource.as_str()).collect();
        let hands_on: &[&str] = if operation == "CreateStateMachine" {
            &[ROLE]
        } else {
            &[]
        };
        assert_eq!(passed, hands_on, "{operation}");
        assert_eq!(requirement.action, format!("states:{operation}"));
        assert_eq!(requirement.resource, MACHINE, "{operation}");
        let known: Vec<(String, String)> = qualifiers
            .into_iter()
            .map(|value| ("states:StateMachineQualifier".to_owned(), value.to_owned()))
            .collect();
        assert_eq!(requirement.context, known, "{operation}");
    }
}

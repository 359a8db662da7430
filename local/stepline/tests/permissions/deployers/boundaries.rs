//! What a boundary lets through to the other environment is what a rehearsal needs.

use super::account::{Deployed, ENVIRONMENTS, alone, deployed, may};
use super::actions::allowed_by;
use super::separation::other;
use crate::grants::texts;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a role of an environment may do with the other one, if its own policies allow it everything.
const REHEARSAL: &[(&str, &str, &str)] = &[
    ("dev", "codepipeline:GetPipelineState", ":stepline-prod"),
    ("dev", "codepipeline:ListActionExecutions", ":stepline-prod"),
    (
        "dev",
        "codepipeline:PutApprovalResult",
        ":stepline-prod/Rehearse/Outcome",
    ),
    ("dev", "ecr:BatchCheckLayerAvailability", ":repository/ml-pipeline-prod"),
    ("dev", "ecr:BatchGetImage", ":repository/ml-pipeline-prod"),
    // The gate stands before the rehearsal's job as well.
    ("dev", "ecr:DescribeImageScanFindings", ":repository/ml-pipeline-prod"),
    ("dev", "ecr:GetDownloadUrlForLayer", ":repository/ml-pipeline-prod"),
    (
        "prod",
        "lambda:InvokeFunction",
        ":function:stepline-pipeline-action-dev",
    ),
];

/// What a role of an environment that is allowed everything could do through its boundary with the other environment.
pub(crate) struct Reaches {
    /// The role's policies, which allow everything.
    pub(crate) policies: Vec<Value>,
    /// The boundary.
    pub(crate) boundary: Value,
    /// The actions that the boundary names and that know resources.
    pub(crate) actions: BTreeSet<String>,
    /// What a request says so that every condition holds.
    pub(crate) context: Vec<(&'static str, String)>,
    /// What is allowed: actions and resources.
    pub(crate) reached: BTreeSet<(String, String)>,
}

/// Asks for each action of an environment's boundary on each resource of the other one.
pub(crate) fn reaches(deployed: &Deployed, environment: &str) -> Reaches {
    let all = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let arn = deployed.boundary(environment);
    let boundary = deployed.cloud.iam.managed_policy(&arn).expect("the boundary is there");
    let documents = std::slice::from_ref(&boundary);
    let on_resources = |statement: &Value| texts(&statement["Resource"]) != ["*"];
    // What knows no resource is asked about on none of these.
    let none = allowed_by(documents, |statement| !on_resources(statement));
    let mut actions = allowed_by(documents, on_resources);
    actions.retain(|action| !none.contains(action));
    let cloud = alone("anything", vec![all.clone()], Some(boundary.clone()));
    let context = vec![
        ("iam:PassedToService", "sagemaker.amazonaws.com".to_owned()),
        ("cloudwatch:namespace", "/aws/sagemaker/ProcessingJobs".to_owned()),
    ];
    let mut reached = BTreeSet::new();
    for arn in deployed.everything_of(other(environment)) {
        for action in &actions {
            if may(&cloud, "anything", action, &arn, &context) {
                reached.insert((action.clone(), arn.clone()));
            }
        }
    }
    Reaches {
        policies: vec![all],
        boundary,
        actions,
        context,
        reached,
    }
}

#[tokio::test]
async fn a_boundary_lets_a_rehearsal_through_and_nothing_else() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        let Reaches { actions, reached, .. } = reaches(deployed, environment);
        let triples = actions.len() * deployed.everything_of(other(environment)).len();
        println!(
            "boundary of {environment}: {triples} triples, {} allowed",
            reached.len()
        );
        let expected: Vec<_> = REHEARSAL.iter().filter(|(of, ..)| *of == environment).collect();
        assert_eq!(reached.len(), expected.len(), "{reached:#?}");
        for (_, action, resource) in expected {
            let found = reached
                .iter()
                .any(|(reached, arn)| reached == action && arn.ends_with(resource));
            assert!(found, "{action} on {resource}");
        }
    }
}

#[tokio::test]
async fn every_role_has_its_environments_boundary() {
    let deployed = deployed().await;
    let mut bounded = 0;
    for environment in ENVIRONMENTS {
        for arn in deployed.arns(environment, "AWS::IAM::Role") {
            let role = deployed.cloud.iam.role(&arn).expect("the role is there");
            let of_service = [
                "-ask-service-",
                "-deploy-service-",
                "-service-execution-",
                "-service-task-",
            ];
            let boundary = if of_service.iter().any(|part| arn.contains(part)) {
                deployed.boundary_of_service(environment)
            } else {
                deployed.boundary(environment)
            };
            assert_eq!(role.permissions_boundary, Some(boundary), "{arn}");
            bounded += 1;
        }
    }
    println!("roles with their environment's boundary: {bounded}");
    assert!(bounded > 14, "{bounded}");
}

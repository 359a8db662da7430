//! The same questions for an evaluator that nobody here wrote: `.ci/iam-simulate.mjs` reads what this writes, and has to come
//! to the same answers.

use super::account::{Deployed, ENVIRONMENTS, deployed};
use super::actions::{allowed_by, named};
use super::boundaries::reaches;
use super::handlers::needs;
use super::separation::{by_names_alone, forbidden, other};
use crate::grants::{list, texts};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";
const QUALIFIER: &str = "states:StateMachineQualifier";

/// What is written: roles with their policies, and questions about them with our answers.
#[derive(Default)]
struct Export {
    roles: Map<String, Value>,
    questions: Vec<Value>,
}

impl Export {
    /// A role with these policies and this boundary.
    fn role(&mut self, name: &str, policies: &[Value], boundary: Option<Value>) {
        self.roles
            .insert(name.to_owned(), json!({"policies": policies, "boundary": boundary}));
    }

    /// A role of the account, as it was deployed.
    fn deployed_role(&mut self, deployed: &Deployed, name: &str) {
        let boundary = deployed.cloud.iam.role(name).expect("the role").permissions_boundary;
        let boundary = boundary.and_then(|arn| deployed.cloud.iam.managed_policy(&arn));
        self.role(name, &deployed.policies(name), boundary);
    }

    /// Whether a role may have each of these actions on a resource. A real question is one that AWS could be asked: the
    /// action knows resources of this type, and the condition keys.
    fn ask(
        &mut self,
        set: &str,
        role: &str,
        resource: &str,
        context: &[(&str, String)],
        answers: Answers,
        is_real: bool,
    ) {
        let value = |key: &str, value: &String| match key {
            // The one key here that has several values.
            QUALIFIER => json!([value]),
            _ => json!(value),
        };
        let context: Map<String, Value> = context
            .iter()
            .map(|(key, said)| ((*key).to_owned(), value(key, said)))
            .collect();
        self.questions.push(json!({
            "set": set,
            "role": role,
            "resource": resource,
            "context": context,
            "allowed": answers.allowed,
            "denied": answers.denied,
            "real": is_real,
        }));
    }
}

/// Our answers: the actions that are allowed, and those that are not.
#[derive(Default)]
struct Answers {
    allowed: Vec<String>,
    denied: Vec<String>,
}

impl Answers {
    fn new(actions: impl IntoIterator<Item = String>, allowed: impl Fn(&str) -> bool) -> Self {
        let (allowed, denied) = actions.into_iter().partition(|action| allowed(action));
        Self { allowed, denied }
    }
}

#[tokio::test]
async fn questions_for_another_evaluator() {
    let deployed = deployed().await;
    let mut export = Export::default();
    for environment in ENVIRONMENTS {
        deployers(&mut export, deployed, environment);
        boundary(&mut export, deployed, environment);
        roles_of_the_chain(&mut export, deployed, environment);
    }
    qualifiers(&mut export, deployed);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies.json");
    let answers = export.questions.iter().map(|question| {
        let count = |name: &str| question[name].as_array().map_or(0, Vec::len);
        count("allowed") + count("denied")
    });
    println!("{} questions in {}", answers.sum::<usize>(), file.display());
    let text = json!({"roles": export.roles, "questions": export.questions}).to_string();
    std::fs::write(&file, text).expect("the file can be written");
}

/// The questions of `separation` and `handlers`, whose answers are asserted there.
fn deployers(export: &mut Export, deployed: &Deployed, environment: &str) {
    let role = deployed.deployer(environment);
    export.deployed_role(deployed, &role);
    let context = deployed.favourable(environment);
    let actions = allowed_by(&deployed.policies(&role), |_| true);
    for arn in forbidden(deployed, environment) {
        let answers = Answers::new(actions.clone(), |_| false);
        export.ask("the other environment", &role, &arn, &context, answers, false);
    }
    let (policies, names) = (by_names_alone(deployed, environment), format!("names-{environment}"));
    let actions = allowed_by(&policies, |_| true);
    export.role(&names, &policies, None);
    for arn in deployed.everything_of(other(environment)) {
        let answers = Answers::new(actions.clone(), |_| false);
        export.ask(
            "the other environment, by names alone",
            &names,
            &arn,
            &context,
            answers,
            false,
        );
    }
    let mut seen = BTreeSet::new();
    for (_, need) in needs(deployed, environment).0 {
        for resource in &need.resources {
            if seen.insert((need.action.clone(), resource.clone(), need.context.clone())) {
                // In the spelling that AWS has.
                let answers = Answers::new(named(&need.action), |_| true);
                // Connections have two names of their service, and an action of the one knows resources of its own alone.
                let service = need.action.to_lowercase().split(':').next().map(str::to_owned);
                // And two services are called `elasticloadbalancing`, of which the other evaluator knows one's resources.
                let is_real = service.as_deref() != Some("elasticloadbalancing")
                    && (resource == "*" || resource.split(':').nth(2) == service.as_deref());
                let set = "CloudFormation's handlers";
                export.ask(set, &role, resource, &need.context, answers, is_real);
            }
        }
    }
}

/// The questions of `boundaries`, whose answers are asserted there.
fn boundary(export: &mut Export, deployed: &Deployed, environment: &str) {
    let reaches = reaches(deployed, environment);
    let (name, all) = (format!("anything-{environment}"), reaches.policies);
    export.role(&name, &all, Some(reaches.boundary));
    for arn in deployed.everything_of(other(environment)) {
        let answers = Answers::new(reaches.actions.clone(), |action| {
            reaches.reached.contains(&(action.to_owned(), arn.clone()))
        });
        export.ask(
            "the other environment, through a boundary",
            &name,
            &arn,
            &reaches.context,
            answers,
            false,
        );
    }
}

/// Each single thing that the policies of the chain's roles allow, with a name in the place of each star.
fn roles_of_the_chain(export: &mut Export, deployed: &Deployed, environment: &str) {
    for arn in deployed.arns(environment, "AWS::IAM::Role") {
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        export.deployed_role(deployed, &name);
        let documents = deployed.policies(&name);
        for statement in documents.iter().flat_map(|document| list(&document["Statement"])) {
            let context = conditions(&statement);
            let context: Vec<(&str, String)> = context
                .iter()
                .map(|(key, value)| (key.as_str(), value.clone()))
                .collect();
            for resource in texts(&statement["Resource"]) {
                let resource = if resource == "*" {
                    resource
                } else {
                    resource.replace('*', "x")
                };
                let answers = Answers::new(texts(&statement["Action"]), |action| {
                    deployed.allows(&name, action, &resource, &context)
                });
                assert!(
                    answers.denied.is_empty(),
                    "{name} may not {:?} on {resource}",
                    answers.denied
                );
                export.ask("the chain's roles", &name, &resource, &context, answers, false);
            }
        }
    }
}

/// The values that a statement's conditions ask for, the first of each.
fn conditions(statement: &Value) -> Vec<(String, String)> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten());
    keys.map(|(key, values)| (key.clone(), texts(values).into_iter().next().unwrap_or_default()))
        .collect()
}

/// Who starts the state machine, by which ARN: the policies as they are, and as they were.
fn qualifiers(export: &mut Export, deployed: &Deployed) {
    let start = "states:StartExecution";
    for old in [format!("{MACHINE}:live"), format!("{MACHINE}:*")] {
        let statement = json!({"Effect": "Allow", "Action": start, "Resource": old});
        export.role(&old, &[json!({"Version": "2012-10-17", "Statement": statement})], None);
        for qualifier in ["live", "1"] {
            let context = [(QUALIFIER, qualifier.to_owned())];
            let answers = Answers::new([start.to_owned()], |_| false);
            export.ask("the alias, by the old policies", &old, MACHINE, &context, answers, true);
        }
    }
    for role in [
        "stepline-image-push-dev",
        "stepline-pipeline-action-dev",
        "ml-pipeline-daily-dev",
    ] {
        let role = format!("{role}-us-east-1");
        for qualifier in [Some("live"), Some("1"), None] {
            let context: Vec<_> = qualifier
                .map(|qualifier| (QUALIFIER, qualifier.to_owned()))
                .into_iter()
                .collect();
            let answers = Answers::new([start.to_owned()], |action| {
                deployed.allows(&role, action, MACHINE, &context)
            });
            export.ask(
                "the alias, by the policies as they are",
                &role,
                MACHINE,
                &context,
                answers,
                true,
            );
        }
    }
}

//! What an environment uses and no template makes.

use super::used::{Role, Used};
use super::{chain, roles};
use crate::cloud::Cloud;
use crate::deploy::{self, DeployError};
use crate::project::{self, Overrides, Project};
use platform::Account;
use platform::iam::NewRole;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Looks at an environment: deploys its templates into an account of their own, in which the roles are that nobody makes, and
/// reads what came of it.
pub(super) async fn look(
    root: &Path,
    project: &Project,
    environment: &str,
    account: Account,
) -> Result<Used, DeployError> {
    let cloud = Cloud::new(account.clone(), root.to_owned());
    let plan = project.plan(environment, &account, &Overrides::default())?;
    let templates = plan.stacks.iter().map(|deployed| deployed.template.clone());
    let mut files: Vec<PathBuf> = templates.chain(plan.pipelines.iter().cloned()).collect();
    files.extend(project.definitions()?);
    let texts: Vec<String> = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect();
    let mut used = Used {
        environment: environment.to_owned(),
        roles: named_roles(&texts, &account),
        buckets: BTreeSet::new(),
        repositories: named_repositories(&texts, &account),
        projects: BTreeMap::new(),
        parameters: BTreeMap::new(),
        uses_keys: false,
        account: account.clone(),
    };
    for (name, role) in &used.roles {
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": ANYBODY}, "Action": "sts:AssumeRole"},
        ]});
        let everything =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let new = NewRole {
            path: role.path.clone(),
            trust,
            ..NewRole::for_service(name, "lambda.amazonaws.com").with_policy("all", everything)
        };
        // One that a template makes as well is its own.
        let _ = cloud.iam.create_role(&account, new);
    }
    let stood_in: BTreeSet<String> = used.roles.keys().cloned().collect();
    deploy::deploy_stacks(&cloud, &plan).await?;
    roles::of_machines(&cloud, &mut used).await?;
    for file in &plan.pipelines {
        chain::of_pipeline(root, &project::declaration(file)?["pipeline"], &mut used);
    }
    leave_out_what_is_made(&cloud, &mut used, &stood_in).await;
    Ok(used)
}

/// The services that may take a role until it is known which do.
const ANYBODY: &[&str] = &[
    "states.amazonaws.com",
    "lambda.amazonaws.com",
    "sagemaker.amazonaws.com",
    "events.amazonaws.com",
    "codebuild.amazonaws.com",
    "codepipeline.amazonaws.com",
    "ecs-tasks.amazonaws.com",
];

/// The roles of this account that texts name by their ARNs.
fn named_roles(texts: &[String], account: &Account) -> BTreeMap<String, Role> {
    let before = format!(":iam::{}:role/", account.id);
    let named = texts.iter().flat_map(|text| text.split(&before).skip(1));
    let role = |rest: &str| {
        let ends = |character: char| !character.is_ascii_alphanumeric() && !"+=,.@_-/".contains(character);
        let path = rest.split(ends).next().unwrap_or_default();
        let (path, name) = path.rsplit_once('/').unwrap_or(("", path));
        let path = if path.is_empty() {
            "/".to_owned()
        } else {
            format!("/{path}/")
        };
        let role = Role {
            path,
            ..Role::default()
        };
        (!name.is_empty()).then(|| (name.to_owned(), role))
    };
    named.filter_map(role).collect()
}

/// The repositories of images in this account that texts name by their URIs.
fn named_repositories(texts: &[String], account: &Account) -> BTreeSet<String> {
    let before = format!("{}/", account.registry());
    let named = texts.iter().flat_map(|text| text.split(&before).skip(1));
    let name = |rest: &str| {
        let ends = |character: char| !character.is_ascii_alphanumeric() && !"._-/".contains(character);
        rest.split(ends).next().unwrap_or_default().to_owned()
    };
    named.map(name).filter(|name| !name.is_empty()).collect()
}

/// Leaves out what the templates make themselves.
async fn leave_out_what_is_made(cloud: &std::sync::Arc<Cloud>, used: &mut Used, stood_in: &BTreeSet<String>) {
    let names = |answer: &Value, list: &str, name: &str| -> BTreeSet<String> {
        let items = answer[list].as_array().into_iter().flatten();
        items.filter_map(|item| Some(item[name].as_str()?.to_owned())).collect()
    };
    for (service, operation, list, name) in [
        ("s3", "ListBuckets", "Buckets", "Name"),
        ("ecr", "DescribeRepositories", "repositories", "repositoryName"),
    ] {
        let answer = cloud
            .look(service, operation, json!({}))
            .await
            .map(|looked| looked.output);
        let made = names(&answer.unwrap_or_default(), list, name);
        used.buckets.retain(|bucket| service != "s3" || !made.contains(bucket));
        used.repositories
            .retain(|repository| service != "ecr" || !made.contains(repository));
    }
    let made = cloud
        .look("codebuild", "ListProjects", json!({}))
        .await
        .map(|looked| looked.output);
    let made = made.unwrap_or_default();
    let made: BTreeSet<&str> = made["projects"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    used.projects.retain(|project, _| !made.contains(project.as_str()));
    let mut kept = BTreeSet::new();
    for parameter in used.parameters.keys() {
        let asked = json!({"Name": parameter});
        if cloud.look("ssm", "GetParameter", asked).await.is_err() {
            kept.insert(parameter.clone());
        }
    }
    used.parameters.retain(|name, _| kept.contains(name));
    let own: BTreeSet<String> = cloud.iam.roles().into_iter().map(|role| role.name).collect();
    used.roles
        .retain(|name, _| stood_in.contains(name) || !own.contains(name));
}

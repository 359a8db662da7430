//! The template of what the account has and no other template makes.

use super::chain::{self, BUILD_ROLE};
use super::used::{Role, Used};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The user with whose keys builds sign.
const USER: &str = "stepline-build";

/// The resources, by logical id; none where nothing lacks.
pub(super) fn template(uses: &[Used]) -> Map<String, Value> {
    let mut resources = Map::new();
    for used in uses {
        for (name, role) in merged(uses) {
            let id = id(&name);
            resources.entry(id).or_insert_with(|| of_role(&name, &role));
        }
        for bucket in &used.buckets {
            resources.insert(
                id(bucket),
                json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}),
            );
        }
        for repository in &used.repositories {
            let repository = json!({"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": repository}});
            resources.insert(
                id(repository["Properties"]["RepositoryName"].as_str().unwrap_or_default()),
                repository,
            );
        }
        for (project, build) in &used.projects {
            let project_resource = of_project(project, build.buildspec.as_deref());
            resources.insert(id(project), project_resource);
        }
        keys(used, &mut resources);
        for (parameter, variable) in &used.parameters {
            let value = value(variable);
            let properties = json!({"Name": parameter, "Type": "String", "Value": value});
            resources.insert(
                id(parameter),
                json!({"Type": "AWS::SSM::Parameter", "Properties": properties}),
            );
        }
    }
    resources
}

/// The roles of all environments, each with what any of them needs of it.
fn merged(uses: &[Used]) -> BTreeMap<String, Role> {
    let mut all: BTreeMap<String, Role> = BTreeMap::new();
    for (name, role) in uses.iter().flat_map(|used| &used.roles) {
        let known = all.entry(name.clone()).or_default();
        known.path.clone_from(&role.path);
        known.trusts.extend(role.trusts.clone());
        for (resource, actions) in &role.needs {
            known.needs.entry(resource.clone()).or_default().extend(actions.clone());
        }
    }
    all
}

fn of_role(name: &str, role: &Role) -> Value {
    let mut properties = json!({
        "RoleName": name,
        "Path": role.path,
        "AssumeRolePolicyDocument": document(json!({
            "Effect": "Allow", "Principal": {"Service": role.trusts}, "Action": "sts:AssumeRole",
        })),
    });
    if !role.needs.is_empty() {
        properties["Policies"] = json!([policy(role)]);
    }
    json!({"Type": "AWS::IAM::Role", "Properties": properties})
}

fn policy(role: &Role) -> Value {
    let statements = role.needs.iter();
    let statements: Vec<Value> = statements
        .map(|(resource, actions)| json!({"Effect": "Allow", "Action": actions, "Resource": resource}))
        .collect();
    json!({"PolicyName": "needed", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}})
}

fn document(statement: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn of_project(name: &str, buildspec: Option<&str>) -> Value {
    let mut source = json!({"Type": "CODEPIPELINE"});
    if let Some(buildspec) = buildspec {
        source["BuildSpec"] = buildspec.into();
    }
    json!({"Type": "AWS::CodeBuild::Project", "Properties": {
        "Name": name,
        "ServiceRole": {"Fn::GetAtt": format!("{}.Arn", id(BUILD_ROLE))},
        "Source": source,
        "Artifacts": {"Type": "CODEPIPELINE"},
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "Image": "aws/codebuild/standard:7.0",
            "PrivilegedMode": true,
        },
    }})
}

/// The user whose keys builds read from Parameter Store: it may push images.
fn keys(used: &Used, resources: &mut Map<String, Value>) {
    if !used.uses_keys {
        return;
    }
    let mut role = Role::default();
    chain::push(&mut role, used);
    let user = json!({"UserName": USER, "Policies": [policy(&role)]});
    resources.insert(
        "BuildUser".into(),
        json!({"Type": "AWS::IAM::User", "Properties": user}),
    );
    let key = json!({"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "BuildUser"}}});
    resources.insert("BuildUserKey".into(), key);
}

/// The value of a parameter, by the variable that it is for.
fn value(variable: &str) -> Value {
    match variable {
        "AWS_ACCESS_KEY_ID" => json!({"Ref": "BuildUserKey"}),
        "AWS_SECRET_ACCESS_KEY" => json!({"Fn::GetAtt": "BuildUserKey.SecretAccessKey"}),
        name if name.contains("ACCOUNT") => json!({"Ref": "AWS::AccountId"}),
        name if name.contains("REGION") => json!({"Ref": "AWS::Region"}),
        _ => "change-me".into(),
    }
}

/// A logical id of a name: its words, each with a capital letter.
fn id(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let id: String = words
        .flat_map(|word| {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters)
        })
        .collect();
    match id.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("The{id}"),
        false => id,
    }
}

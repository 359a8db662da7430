//! The environment variables of a build.
//!
//! Follows <https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html>. StartBuild
//! wins over the project, and the project wins over the build specification.

use super::build::Build;
use super::buildspec::Env;
use super::project::{Project, VariableKind, project_arn};
use crate::containers::Containers;
use crate::python;
use platform::Platform;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The variables that CodeBuild sets itself, and those by which SDKs find the local services as the build's role.
pub(super) fn own(
    (platform, containers): (&Platform, &Containers),
    build: &Build,
    project: &Project,
    folder: &Path,
    source: &Path,
) -> Result<BTreeMap<String, String>, String> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
    let credentials = platform
        .iam
        .assume_role(&build.role_arn, &session(build), Vec::new())
        .map_err(|error| error.to_string())?;
    let mut variables: BTreeMap<String, String> = [
        ("CODEBUILD_BUILD_ARN", build.arn.clone()),
        ("CODEBUILD_BUILD_ID", build.id.clone()),
        ("CODEBUILD_BUILD_IMAGE", project.environment.image.clone()),
        ("CODEBUILD_BUILD_NUMBER", build.number.to_string()),
        ("CODEBUILD_BUILD_SUCCEEDING", "1".into()),
        ("CODEBUILD_CI", "true".into()),
        ("CODEBUILD_INITIATOR", build.initiator.clone()),
        ("CODEBUILD_LOG_PATH", build.stream().into()),
        ("CODEBUILD_PROJECT_ARN", project_arn(platform, &build.project)),
        ("CODEBUILD_SRC_DIR", source.display().to_string()),
        ("CODEBUILD_START_TIME", build.started.as_millisecond().to_string()),
        ("CI", "true".into()),
        ("AWS_DEFAULT_REGION", platform.account.region.clone()),
        ("AWS_REGION", platform.account.region.clone()),
        // The stand-ins come first, and keep what they know in the build's own folder.
        ("PATH", format!("{}:{path}", folder.join("bin").display())),
        ("DOCKER_CONFIG", folder.join("docker").display().to_string()),
        ("HOME", folder.display().to_string()),
        ("LANG", "C.UTF-8".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let known = credentials
        .environment()
        .into_iter()
        .chain(platform.endpoint().map(|url| ("AWS_ENDPOINT_URL", url)));
    variables.extend(known.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // Without an engine there is no DOCKER_HOST, whatever this process was given.
    if let Some(engine) = containers.engine() {
        variables.insert("DOCKER_HOST".to_owned(), engine.address().to_string());
    } else {
        let folder = containers.environments().folder().display().to_string();
        variables.insert(python::FOLDER.to_owned(), folder);
        variables.extend(python::for_builds(python::variables()));
    }
    variables.extend(std::env::var("TMPDIR").map(|value| ("TMPDIR".to_owned(), value)));
    if let Some(version) = &build.source_version {
        variables.insert("CODEBUILD_SOURCE_VERSION".into(), version.clone());
        variables.insert("CODEBUILD_RESOLVED_SOURCE_VERSION".into(), version.clone());
    }
    Ok(variables)
}

/// The name of the role's session in a build.
pub(super) fn session(build: &Build) -> String {
    format!("AWSCodeBuild-{}", build.stream())
}

/// Adds what the build specification and the project say; parameters are read as the build's role.
pub(super) async fn given(
    platform: &Arc<Platform>,
    role: &Principal,
    env: &Env,
    project: &Project,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    for (name, value) in &env.variables {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => return Err(format!("the variable `{name}` must be a text")),
            other => other.to_string(),
        };
        variables.insert(name.clone(), value);
    }
    let mut parameters: BTreeMap<String, String> = env.parameter_store.clone();
    for variable in &project.environment.environment_variables {
        match variable.kind {
            VariableKind::Plaintext => {
                parameters.remove(&variable.name);
                variables.insert(variable.name.clone(), variable.value.clone());
            }
            VariableKind::ParameterStore => {
                parameters.insert(variable.name.clone(), variable.value.clone());
            }
        }
    }
    for (variable, parameter) in &parameters {
        if parameter.contains('$') {
            return Err(format!(
                "the parameter `{parameter}` of the variable `{variable}`: AWS documents no variables in names of \
                 parameters; give the project a variable of the type PARAMETER_STORE instead"
            ));
        }
    }
    variables.extend(read_parameters(platform, role, &parameters).await?);
    Ok(())
}

/// Reads parameters, ten at a time as GetParameters takes them.
async fn read_parameters(
    platform: &Arc<Platform>,
    role: &Principal,
    parameters: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>, String> {
    let mut read = Vec::new();
    let all: Vec<(&String, &String)> = parameters.iter().collect();
    for batch in all.chunks(10) {
        let mut names: Vec<&String> = batch.iter().map(|(_, parameter)| *parameter).collect();
        names.sort();
        names.dedup();
        let input = json!({"Names": names, "WithDecryption": true});
        let answer = platform
            .call(role, "ssm", "GetParameters", input)
            .await
            .map_err(|error| error.to_string())?;
        let found = answer["Parameters"].as_array().map_or(&[][..], Vec::as_slice);
        for (variable, parameter) in batch {
            let named = |found: &&Value| found["Name"] == parameter.as_str() || found["ARN"] == parameter.as_str();
            let value = found.iter().find(named).and_then(|found| found["Value"].as_str());
            let value = value.ok_or_else(|| {
                format!("the parameter `{parameter}` of the variable `{variable}` does not exist in Parameter Store")
            })?;
            read.push(((*variable).clone(), value.to_owned()));
        }
    }
    Ok(read)
}

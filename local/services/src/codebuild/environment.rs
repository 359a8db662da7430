//! The environment variables of a build.
//!
//! Follows <https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html>. StartBuild
//! wins over the project, and the project wins over the build specification.

use super::build::Build;
use super::buildspec::Env;
use super::notes;
use super::project::{Project, VariableKind, project_arn};
use super::stand_in::CREDENTIALS;
use crate::containers::Containers;
use crate::python;
use platform::Platform;
use platform::iam::Iam;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::process::Command;

/// The variables that CodeBuild sets itself, and those by which SDKs find the local services as the build's role.
pub(super) fn own(
    (platform, containers): (&Platform, &Containers),
    build: &Build,
    project: &Project,
    folder: &Path,
    source: &Path,
) -> Result<BTreeMap<String, String>, String> {
    let credentials = credentials(platform, build, folder)?;
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
        ("DOCKER_CONFIG", folder.join("docker").display().to_string()),
        ("HOME", folder.display().to_string()),
        ("LANG", "C.UTF-8".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    variables.insert(CREDENTIALS.to_owned(), credentials);
    variables.extend(
        platform
            .endpoint()
            .map(|url| ("AWS_ENDPOINT_URL".to_owned(), url.to_owned())),
    );
    // Without an engine there is no DOCKER_HOST, whatever this process was given.
    if let Some(engine) = containers.engine() {
        variables.insert("DOCKER_HOST".to_owned(), engine.address().to_string());
    }
    variables.extend(programs(containers, folder));
    variables.extend(std::env::var("TMPDIR").map(|value| ("TMPDIR".to_owned(), value)));
    if let Some(version) = &build.source_version {
        variables.insert("CODEBUILD_SOURCE_VERSION".into(), version.clone());
        variables.insert("CODEBUILD_RESOLVED_SOURCE_VERSION".into(), version.clone());
    }
    Ok(variables)
}

/// Puts the credentials of the build's role into a file, and gives its path. On AWS they come from an address, so that a
/// key pair in the environment takes their place as a whole: nothing of the role's may stand beside it.
fn credentials(platform: &Platform, build: &Build, folder: &Path) -> Result<String, String> {
    let credentials = platform
        .iam
        .assume_role(&build.role_arn, &session(build), Vec::new())
        .map_err(|error| error.to_string())?;
    let lines = credentials
        .environment()
        .map(|(name, value)| format!("{} = {value}\n", name.to_lowercase()));
    let path = folder.join("credentials");
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(format!("[default]\n{}", lines.concat()).as_bytes())
    };
    write().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path.display().to_string())
}

/// A key pair in the environment that is nobody's in the account works nowhere, as on AWS: the local services would take it
/// for that of the person at the keyboard. Gives what the log says of it.
pub(super) fn refuse_strangers(platform: &Platform, variables: &mut BTreeMap<String, String>) -> Option<String> {
    // SDKs take an empty one for none.
    let key = variables.get("AWS_ACCESS_KEY_ID").filter(|key| !key.is_empty())?;
    if platform.iam.knows_access_key(key) {
        return None;
    }
    let text = format!(
        "AWS_ACCESS_KEY_ID is {key}, which is no access key of this account: all calls with it are refused. An \
         AWS::IAM::User with an AWS::IAM::AccessKey in a template has one"
    );
    variables.insert("AWS_SESSION_TOKEN".to_owned(), Iam::token_of_nobody());
    Some(text)
}

/// Where the commands find their programs, and what these need to know. The stand-ins come first, and what packages bring
/// is next.
fn programs(containers: &Containers, folder: &Path) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
    let path = without_environments(&path);
    let own = folder.join("python");
    let first = [folder.join("bin"), own.join("bin")].map(|folder| folder.display().to_string());
    let known = [
        ("PATH", format!("{}:{path}", first.join(":"))),
        // Whichever pip it is, it leaves this machine's Python alone.
        ("PIP_REQUIRE_VIRTUALENV", "1".into()),
        (notes::FILE, notes::file(folder).display().to_string()),
        (python::OF_BUILD, own.display().to_string()),
        (python::FOLDER, containers.environments().folder().display().to_string()),
    ];
    let program = find_python(&path).map(|program| (python::PROGRAM, program.display().to_string()));
    let known = known.into_iter().chain(program);
    known
        .map(|(name, value)| (name.to_owned(), value))
        .chain(python::for_builds(python::variables()))
        .collect()
}

/// A `PATH` without virtual environments, and without Conda's if there is another Python: what a person has activated is
/// no part of a build.
fn without_environments(path: &str) -> String {
    let has = |folder: &Path, name: &str| folder.parent().is_some_and(|parent| parent.join(name).exists());
    let folders: Vec<PathBuf> = std::env::split_paths(path)
        .filter(|folder| !has(folder, "pyvenv.cfg"))
        .collect();
    let of_conda = |folder: &Path| has(folder, "conda-meta");
    let others: Vec<PathBuf> = folders.iter().filter(|folder| !of_conda(folder)).cloned().collect();
    let is_enough = others.iter().any(|folder| folder.join("python3").is_file());
    // They came out of such a text, so that they fit into one.
    let joined = std::env::join_paths(if is_enough { others } else { folders });
    joined.map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned())
}

fn find_python(path: &str) -> Option<PathBuf> {
    let mut programs = std::env::split_paths(path).map(|folder| folder.join("python3"));
    programs.find(|program| program.is_file())
}

/// What the log says where a build asks for a version of Python that this machine's is not.
pub(super) async fn other_python(asked: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let program = variables.get(python::PROGRAM)?;
    let output = Command::new(program).arg("--version").output().await.ok()?;
    let version = String::from_utf8_lossy(&output.stdout);
    let version = version.trim().trim_start_matches("Python ");
    (!is_version(version, asked)).then(|| {
        format!("runtime-versions: python {asked} is asked for, and this machine's Python {version} takes its place")
    })
}

/// Whether a version is one of those asked for, such as `3.12`, `3.x` or `latest`.
fn is_version(version: &str, asked: &str) -> bool {
    let asked = asked.trim_end_matches(".x");
    asked == "latest" || version == asked || version.starts_with(&format!("{asked}."))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_a_person_has_activated_is_no_part_of_a_build() {
        let folder = tempfile::tempdir().unwrap();
        for place in ["venv", "conda", "usr"] {
            let bin = folder.path().join(place).join("bin");
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join("python3"), "").unwrap();
        }
        fs::write(folder.path().join("venv/pyvenv.cfg"), "").unwrap();
        fs::create_dir(folder.path().join("conda/conda-meta")).unwrap();
        let bin = |place: &str| folder.path().join(place).join("bin").display().to_string();
        for (given, expected) in [
            (["venv", "conda", "usr"].as_slice(), "usr"),
            // No build can do without any Python.
            (&["venv", "conda"], "conda"),
            (&["usr"], "usr"),
        ] {
            let given: Vec<String> = given.iter().map(|place| bin(place)).collect();
            let path = without_environments(&given.join(":"));
            assert_eq!(path, bin(expected), "{given:?}");
            assert_eq!(find_python(&path), Some(PathBuf::from(bin(expected)).join("python3")));
        }
    }

    #[test]
    fn versions_are_compared_by_their_parts() {
        for (version, asked, expected) in [
            ("3.12.1", "3.12", true),
            ("3.12.1", "3.x", true),
            ("3.12.1", "3.12.1", true),
            ("3.12.1", "latest", true),
            ("3.12.1", "3.1", false),
            ("3.11.7", "3.12", false),
        ] {
            assert_eq!(is_version(version, asked), expected, "{version} {asked}");
        }
    }
}

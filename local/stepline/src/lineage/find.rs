//! From what a person names to the packages that it is about.

use super::calls::Calls;
use super::error::LineageError;
use super::service;
use super::trace::is_absent;
use super::values::{behind, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The fewest characters that name a commit, as with git.
const SHORTEST_COMMIT: usize = 4;

/// What was named.
#[derive(Debug, PartialEq, Eq)]
enum Named<'t> {
    Package(&'t str),
    TaskDefinition(&'t str),
    /// By its ARN or by `CLUSTER/NAME`.
    Service(&'t str),
    /// A number of a version, a commit, or the name of a service.
    Word(&'t str),
}

fn named(text: &str) -> Result<Named<'_>, LineageError> {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'))
    };
    if text.starts_with("arn:") {
        return match text {
            _ if text.contains(":model-package/") => Ok(Named::Package(text)),
            _ if text.contains(":task-definition/") => Ok(Named::TaskDefinition(text)),
            _ if text.contains(":service/") => Ok(Named::Service(text)),
            _ => Err(LineageError::Unclear(text.to_owned())),
        };
    }
    match (text.split_once(':'), text.split_once('/')) {
        (Some((family, revision)), None) if is_word(family) && revision.parse::<u64>().is_ok() => {
            Ok(Named::TaskDefinition(text))
        }
        (None, Some((cluster, name))) if is_word(cluster) && is_word(name) => Ok(Named::Service(text)),
        (None, None) if is_word(text) => Ok(Named::Word(text)),
        _ => Err(LineageError::Unclear(text.to_owned())),
    }
}

/// The packages that `text` names, each as DescribeModelPackage answers it, the newest first; `group` is the model package
/// group of the environment.
pub(super) async fn find(calls: &dyn Calls, group: &str, text: &str) -> Result<Vec<Value>, LineageError> {
    match named(text)? {
        Named::Package(arn) => Ok(vec![describe(calls, arn).await?]),
        Named::TaskDefinition(name) => Ok(vec![of_task_definition(calls, name).await?]),
        Named::Service(name) => Ok(vec![of_service(calls, name).await?]),
        Named::Word(word) => of_word(calls, group, word).await,
    }
}

async fn describe(calls: &dyn Calls, arn: &str) -> Result<Value, LineageError> {
    let input = json!({"ModelPackageName": arn});
    match calls.ask("sagemaker", "DescribeModelPackage", input).await {
        Err(error) if is_absent(&error) => Err(LineageError::NotFound(format!("there is no model package {arn}"))),
        answer => Ok(answer?),
    }
}

async fn of_task_definition(calls: &dyn Calls, name: &str) -> Result<Value, LineageError> {
    let found = match service::task_definition(calls, name).await {
        Err(error) if is_absent(&error) => {
            return Err(LineageError::NotFound(format!("there is no task definition {name}")));
        }
        answer => answer?,
    };
    match service::environment(&found, "MODEL_PACKAGE_ARN") {
        Some(arn) => describe(calls, &arn).await,
        None => Err(LineageError::NotFound(format!(
            "the task definition {name} serves no model of the registry: it has no MODEL_PACKAGE_ARN"
        ))),
    }
}

async fn of_service(calls: &dyn Calls, service: &str) -> Result<Value, LineageError> {
    match service::running(calls, service).await {
        Err(error) if is_absent(&error) => Err(LineageError::NotFound(error.message)),
        answer => of_task_definition(calls, &answer?).await,
    }
}

async fn of_word(calls: &dyn Calls, group: &str, word: &str) -> Result<Vec<Value>, LineageError> {
    let listed = list(calls, group).await?;
    // A version's number has no zeros in front, as a commit can have.
    let version = word.parse::<u64>().ok().filter(|_| !word.starts_with('0'));
    let mut listed_as = listed
        .iter()
        .filter(|summary| summary["ModelPackageVersion"].as_u64() == version);
    if let Some(arn) = version.and_then(|_| text(listed_as.next()?, "/ModelPackageArn")) {
        return Ok(vec![describe(calls, &arn).await?]);
    }
    let is_commit = word.len() >= SHORTEST_COMMIT && word.chars().all(|sign| sign.is_ascii_hexdigit());
    let commit = word.to_ascii_lowercase();
    let (mut of_commit, mut service) = (Vec::new(), None);
    for arn in listed.iter().filter_map(|summary| text(summary, "/ModelPackageArn")) {
        let package = describe(calls, &arn).await?;
        let serves = text(&package, "/CustomerMetadataProperties/service");
        service = service.or(serves.filter(|serves| behind(serves, '/') == word));
        if is_commit && commit_of(&package).is_some_and(|of| of.starts_with(&commit)) {
            of_commit.push(package);
        }
    }
    let commits: BTreeSet<_> = of_commit.iter().filter_map(commit_of).collect();
    match (commits.len(), service) {
        (0, Some(service)) => Ok(vec![of_service(calls, &service).await?]),
        (0, None) => Err(LineageError::NotFound(absent(group, word, is_commit, listed.len()))),
        (1, _) => Ok(of_commit),
        _ => Err(LineageError::Ambiguous {
            word: word.to_owned(),
            commits: commits.into_iter().collect::<Vec<_>>().join(", "),
        }),
    }
}

fn absent(group: &str, word: &str, is_commit: bool, models: usize) -> String {
    let models = match models {
        0 => "no model".to_owned(),
        1 => "1 model".to_owned(),
        models => format!("{models} models"),
    };
    let hint = if is_commit {
        "; a run of the commit may have failed at the gate, or is still under way"
    } else {
        ""
    };
    format!(
        "{group} has {models}, and none of them is version {word}, of a commit {word} or served by a service {word}{hint}"
    )
}

fn commit_of(package: &Value) -> Option<String> {
    let noted = text(package, "/CustomerMetadataProperties/commit");
    noted.or_else(|| text(package, "/MetadataProperties/CommitId"))
}

/// All versions of a group, the newest first, page by page:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListModelPackages.html>.
async fn list(calls: &dyn Calls, group: &str) -> Result<Vec<Value>, LineageError> {
    let mut listed = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut input = json!({
            "ModelPackageGroupName": group,
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 100,
        });
        if !token.is_null() {
            input["NextToken"] = token;
        }
        let mut answer = match calls.ask("sagemaker", "ListModelPackages", input).await {
            Err(error) if is_absent(&error) => {
                return Err(LineageError::NotFound(format!(
                    "there is no model package group {group}"
                )));
            }
            answer => answer?,
        };
        if let Some(page) = answer["ModelPackageSummaryList"].as_array_mut() {
            listed.append(page);
        }
        token = answer["NextToken"].take();
        if token.is_null() {
            return Ok(listed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named() {
        let arn = |rest: &str| format!("arn:aws:{rest}");
        let package = arn("sagemaker:us-east-1:123456789012:model-package/ml-pipeline-dev/3");
        let definition = arn("ecs:us-east-1:123456789012:task-definition/model:7");
        let service = arn("ecs:us-east-1:123456789012:service/cluster/model");
        for (text, expected) in [
            (package.as_str(), Some(Named::Package(&package))),
            (&definition, Some(Named::TaskDefinition(&definition))),
            (&service, Some(Named::Service(&service))),
            ("model:7", Some(Named::TaskDefinition("model:7"))),
            ("cluster/model", Some(Named::Service("cluster/model"))),
            ("3", Some(Named::Word("3"))),
            ("25204e1", Some(Named::Word("25204e1"))),
            ("arn:aws:s3:::bucket", None),
            ("model:latest", None),
            ("two words", None),
            ("", None),
        ] {
            assert_eq!(named(text).ok(), expected, "{text}");
        }
    }
}

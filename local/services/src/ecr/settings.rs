//! The operations on a repository's settings: whether tags move, scans, the lifecycle policy and the policy of who may.

use super::lifecycle::Policy;
use super::registry::{Ecr, OnRepository, arn, constraint};
use super::repository::{Mutability, Repository};
use jiff::Timestamp;
use platform::input::seconds;
use platform::{Call, Nothing, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// See <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExclusionFilter {
    filter_type: String,
    filter: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Scanning {
    #[serde(default)]
    pub(super) scan_on_push: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutImageTagMutability {
    image_tag_mutability: String,
    image_tag_mutability_exclusion_filters: Option<Vec<ExclusionFilter>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutImageScanningConfiguration {
    image_scanning_configuration: Scanning,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PutLifecyclePolicy {
    lifecycle_policy_text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetRepositoryPolicy {
    policy_text: String,
}

/// Refuses a value that is none of an enumeration's, in ECR's words.
pub(super) fn check_one_of(member: &str, value: &str, known: &[&str]) -> Result<(), ServiceError> {
    if known.contains(&value) {
        return Ok(());
    }
    let known = known.join(", ");
    Err(constraint(
        member,
        format_args!("Member must satisfy enum value set: [{known}]"),
    ))
}

/// Whether tags can be moved, as an input says it.
pub(super) fn mutability(
    setting: Option<String>,
    filters: Option<Vec<ExclusionFilter>>,
) -> Result<Mutability, ServiceError> {
    const FILTERS: &str = "imageTagMutabilityExclusionFilters";
    let setting = setting.unwrap_or_else(|| "MUTABLE".into());
    let known = [
        "IMMUTABLE",
        "MUTABLE",
        "MUTABLE_WITH_EXCLUSION",
        "IMMUTABLE_WITH_EXCLUSION",
    ];
    check_one_of("imageTagMutability", &setting, &known)?;
    if filters
        .as_ref()
        .is_some_and(|filters| !(1..=5).contains(&filters.len()))
    {
        return Err(constraint(FILTERS, "must have from 1 to 5 members"));
    }
    let exclusions = filters
        .into_iter()
        .flatten()
        .map(|ExclusionFilter { filter_type, filter }| {
            check_one_of("filterType", &filter_type, &["WILDCARD"])?;
            let fits = |c: char| c.is_ascii_alphanumeric() || "._*-".contains(c);
            if !(1..=128).contains(&filter.len()) || !filter.chars().all(fits) {
                return Err(constraint(
                    "filter",
                    "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}'",
                ));
            }
            Ok(filter)
        });
    let exclusions = exclusions.collect::<Result<Vec<_>, _>>()?;
    if setting.ends_with("_WITH_EXCLUSION") == exclusions.is_empty() {
        let rule =
            format_args!("go with the settings MUTABLE_WITH_EXCLUSION and IMMUTABLE_WITH_EXCLUSION, not {setting}");
        return Err(constraint(FILTERS, rule));
    }
    Ok(Mutability { setting, exclusions })
}

impl Ecr {
    pub(super) fn put_image_tag_mutability(
        &self,
        call: &Call,
        input: OnRepository<PutImageTagMutability>,
    ) -> Result<Value, ServiceError> {
        let set = mutability(
            Some(input.own.image_tag_mutability),
            input.own.image_tag_mutability_exclusion_filters,
        )?;
        self.with(call, &input.target, |repository| {
            repository.mutability = set;
            let setting = json!({"imageTagMutability": repository.mutability.setting});
            let mut answer = answer(call, repository, setting);
            repository.mutability.add_exclusions(&mut answer);
            Ok(answer)
        })
    }

    /// What is pushed from now on is scanned, or no longer.
    pub(super) fn put_image_scanning_configuration(
        &self,
        call: &Call,
        input: OnRepository<PutImageScanningConfiguration>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            repository.scan_on_push = input.own.image_scanning_configuration.scan_on_push;
            let setting = json!({"imageScanningConfiguration": {"scanOnPush": repository.scan_on_push}});
            Ok(answer(call, repository, setting))
        })
    }

    pub(super) fn put_lifecycle_policy(
        &self,
        call: &Call,
        input: OnRepository<PutLifecyclePolicy>,
    ) -> Result<Value, ServiceError> {
        let text = input.own.lifecycle_policy_text;
        let policy = Policy::parse(&text).map_err(|error| {
            let rule = format_args!("Lifecycle policy validation failure: {error}");
            constraint("LifecyclePolicyText", rule)
        })?;
        self.with(call, &input.target, |repository| {
            repository.lifecycle_policy = Some((text.clone(), policy));
            repository.expire(Timestamp::now());
            Ok(answer(call, repository, json!({"lifecyclePolicyText": text})))
        })
    }

    pub(super) fn get_lifecycle_policy(
        &self,
        call: &Call,
        input: OnRepository<Nothing>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| lifecycle(call, repository))
    }

    /// Takes the lifecycle policy away, and answers with it.
    pub(super) fn delete_lifecycle_policy(
        &self,
        call: &Call,
        input: OnRepository<Nothing>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            let answer = lifecycle(call, repository)?;
            (repository.lifecycle_policy, repository.evaluated_at) = (None, None);
            Ok(answer)
        })
    }

    /// Sets who may do what with the repository beside those whose own policies say so.
    pub(super) fn set_repository_policy(
        &self,
        call: &Call,
        input: OnRepository<SetRepositoryPolicy>,
    ) -> Result<Value, ServiceError> {
        let text = input.own.policy_text;
        self.with(call, &input.target, |repository| {
            let invalid = || constraint("PolicyText", "Invalid repository policy provided");
            let document: Value = serde_json::from_str(&text).map_err(|_| invalid())?;
            let resource = arn(&call.platform, &repository.name);
            let kept = call.platform.iam.put_resource_policy(&resource, &document);
            kept.map_err(|_| invalid())?;
            repository.policy = Some(text.clone());
            Ok(answer(call, repository, json!({"policyText": text})))
        })
    }

    pub(super) fn get_repository_policy(
        &self,
        call: &Call,
        input: OnRepository<Nothing>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| policy(call, repository))
    }

    /// Takes the policy of who may away, and answers with it.
    pub(super) fn delete_repository_policy(
        &self,
        call: &Call,
        input: OnRepository<Nothing>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            let answer = policy(call, repository)?;
            repository.policy = None;
            let resource = arn(&call.platform, &repository.name);
            call.platform.iam.delete_resource_policy(&resource);
            Ok(answer)
        })
    }
}

/// A setting of a repository, as the operations answer it that put, get or delete it.
fn answer(call: &Call, repository: &Repository, mut setting: Value) -> Value {
    setting["registryId"] = call.platform.account.id.as_str().into();
    setting["repositoryName"] = repository.name.as_str().into();
    setting
}

fn lifecycle(call: &Call, repository: &Repository) -> Result<Value, ServiceError> {
    let Some((text, _)) = &repository.lifecycle_policy else {
        let code = "LifecyclePolicyNotFoundException";
        return Err(absent(call, repository, code, "Lifecycle policy"));
    };
    // A policy that has not been run was run in 1970.
    let evaluated = repository.evaluated_at.unwrap_or_default();
    let setting = json!({"lifecyclePolicyText": text, "lastEvaluatedAt": seconds(evaluated)});
    Ok(answer(call, repository, setting))
}

fn policy(call: &Call, repository: &Repository) -> Result<Value, ServiceError> {
    let Some(text) = &repository.policy else {
        let code = "RepositoryPolicyNotFoundException";
        return Err(absent(call, repository, code, "Repository policy"));
    };
    Ok(answer(call, repository, json!({"policyText": text})))
}

fn absent(call: &Call, repository: &Repository, code: &str, what: &str) -> ServiceError {
    ServiceError::new(
        code,
        format_args!(
            "{what} does not exist for the repository with name '{}' in the registry with id '{}'",
            repository.name, call.platform.account.id
        ),
    )
}

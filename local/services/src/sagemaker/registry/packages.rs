//! The operations on model packages.

use super::package::{APPROVALS, CreateModelPackage, Package};
use super::specification::check_customer_metadata;
use super::store::{group_arn, package_arn, tail};
use crate::sagemaker::account::SageMaker;
use crate::sagemaker::checks::{length, one_of, pattern};
use crate::sagemaker::lists::{List, Listed, Order, summary};
use crate::sagemaker::rows::on;
use crate::sagemaker::tags;
use jiff::Timestamp;
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The package that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    model_package_name: String,
}

pub(crate) fn operations() -> [Operation<SageMaker>; 5] {
    [
        Operation::new("CreateModelPackage", may_create, SageMaker::create_package),
        on("DeleteModelPackage", arn, SageMaker::delete_package),
        on("DescribeModelPackage", arn, SageMaker::describe_package),
        Operation::new("ListModelPackages", may_list, SageMaker::list_packages),
        Operation::new("UpdateModelPackage", may_update, SageMaker::update_package),
    ]
}

fn arn(platform: &Platform, input: &Named) -> String {
    package_arn(platform, &input.model_package_name)
}

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateModelPackage {
    model_package_arn: String,
    model_approval_status: Option<String>,
    approval_description: Option<String>,
    #[serde(default)]
    customer_metadata_properties: BTreeMap<String, String>,
    #[serde(default)]
    customer_metadata_properties_to_remove: Vec<String>,
    source_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListModelPackages {
    model_package_group_name: Option<String>,
    model_approval_status: Option<String>,
    model_package_type: Option<String>,
}

/// What a list shows of a package.
const SUMMARY: [&str; 7] = [
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
];

/// What policies can ask about a package that is made or changed.
fn conditions(requirement: Requirement, approval: Option<&str>, properties: &BTreeMap<String, String>) -> Requirement {
    let approval = approval.into_iter();
    let requirement = approval.fold(requirement, |requirement, approval| {
        requirement.with("sagemaker:ModelApprovalStatus", approval)
    });
    properties.iter().fold(requirement, |requirement, (key, value)| {
        requirement.with(format!("sagemaker:CustomerMetadataProperties/{key}"), value)
    })
}

/// The creation needs the action on the group, and on the package that it is going to be.
fn may_create(
    sagemaker: &SageMaker,
    platform: &Platform,
    input: &CreateModelPackage,
) -> Result<Vec<Requirement>, ServiceError> {
    let group = group_arn(platform, input.model_package_group_name.as_deref().unwrap_or("*"));
    let next = sagemaker
        .registry()
        .group(&group)
        .map_or(1, |group| group.last_version + 1);
    let name = tail("model-package-group", &group);
    let package = package_arn(platform, &format!("{name}/{next}"));
    let tags = sagemaker.tags_of(&group);
    let needed = [group, package].map(|arn| {
        let create = tags::on_tagged("CreateModelPackage", &arn, tags.clone());
        let approval = Some(input.model_approval_status.as_str());
        conditions(create, approval, &input.customer_metadata_properties)
    });
    Ok(needed.into())
}

fn may_update(
    sagemaker: &SageMaker,
    _: &Platform,
    input: &UpdateModelPackage,
) -> Result<Vec<Requirement>, ServiceError> {
    let arn = &input.model_package_arn;
    let update = tags::on_tagged("UpdateModelPackage", arn, sagemaker.tags_of(arn));
    let approval = input.model_approval_status.as_deref();
    let update = conditions(update, approval, &input.customer_metadata_properties);
    let removed = input.customer_metadata_properties_to_remove.iter();
    let update = removed.fold(update, |update, key| {
        update.with("sagemaker:CustomerMetadataPropertiesToRemove", key)
    });
    Ok(vec![update])
}

fn may_list(
    _: &SageMaker,
    platform: &Platform,
    input: &List<ListModelPackages>,
) -> Result<Vec<Requirement>, ServiceError> {
    let group = input.own.model_package_group_name.as_deref();
    let packages = match group {
        Some(group) => format!("{}/*", tail("model-package-group", group)),
        None => "*".to_owned(),
    };
    let arn = package_arn(platform, &packages);
    Ok(vec![Requirement::new("sagemaker:ListModelPackages", arn)])
}

impl SageMaker {
    fn create_package(&self, call: &Call, input: CreateModelPackage) -> Result<Value, ServiceError> {
        input.check()?;
        let platform = &call.platform;
        let group_arn = group_arn(platform, input.model_package_group_name.as_deref().unwrap_or_default());
        let package = {
            let mut registry = self.registry();
            let group = registry.group(&group_arn)?;
            if let Some(token) = &input.client_token {
                let mut known = group.packages.values();
                let known = known.find(|package| package.first_request.client_token.as_ref() == Some(token));
                match known {
                    Some(known) if known.first_request == input => {
                        return Ok(json!({"ModelPackageArn": known.arn}));
                    }
                    Some(known) => {
                        return Err(ServiceError::new(
                            "ConflictException",
                            format_args!(
                                "The ClientToken {token} was given for {} with another request",
                                known.arn
                            ),
                        ));
                    }
                    None => {}
                }
            }
            group.last_version += 1;
            let (version, name) = (group.last_version, tail("model-package-group", &group_arn));
            let mut request = input.clone();
            let specification = request.inference_specification.take();
            request.inference_specification = specification.map(|given| given.with_digests());
            let package = Package {
                group: name.to_owned(),
                version,
                arn: package_arn(platform, &format!("{name}/{version}")),
                request,
                first_request: input,
                approval_description: None,
                created: Timestamp::now(),
                modified: None,
            };
            group.packages.insert(version, package.clone());
            package
        };
        platform.emit(package.event(&[]));
        Ok(json!({"ModelPackageArn": package.arn}))
    }

    fn describe_package(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let mut registry = self.registry();
        let package = registry.package(&arn(&call.platform, &input))?;
        Ok(package.described())
    }

    fn update_package(&self, call: &Call, input: UpdateModelPackage) -> Result<Value, ServiceError> {
        if !input.model_package_arn.starts_with("arn:") {
            let rule = "Member must satisfy regular expression pattern: arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]{9,16}:[0-9]{12}:model-package/[\\S]{1,2048}";
            return Err(ServiceError::constraint(
                &input.model_package_arn,
                "modelPackageArn",
                rule,
            ));
        }
        if let Some(status) = &input.model_approval_status {
            one_of(status, "modelApprovalStatus", &APPROVALS)?;
        }
        for (text, field) in [
            (&input.approval_description, "approvalDescription"),
            (&input.source_uri, "sourceUri"),
        ] {
            text.as_ref().map_or(Ok(()), |text| length(text, field, 0..=1024))?;
        }
        // A description has one line.
        if let Some(description) = &input.approval_description {
            pattern(description, "approvalDescription", ".*")?;
        }
        let event = {
            let mut registry = self.registry();
            let package = registry.package(&input.model_package_arn)?;
            let mut properties = package.request.customer_metadata_properties.clone();
            properties.retain(|key, _| !input.customer_metadata_properties_to_remove.contains(key));
            properties.extend(input.customer_metadata_properties);
            check_customer_metadata(&properties)?;
            let mut updated = Vec::new();
            if properties != package.request.customer_metadata_properties {
                package.request.customer_metadata_properties = properties;
                updated.push("CustomerMetadataProperties");
            }
            if let Some(status) = input.model_approval_status {
                package.request.model_approval_status = status;
                updated.push("ModelApprovalStatus");
            }
            if let Some(description) = input.approval_description {
                package.approval_description = Some(description);
                updated.push("ApprovalDescription");
            }
            if let Some(uri) = input.source_uri {
                package.request.source_uri = Some(uri);
                updated.push("SourceUri");
            }
            package.modified = Some(Timestamp::now());
            package.event(&updated)
        };
        call.platform.emit(event);
        Ok(json!({"ModelPackageArn": input.model_package_arn}))
    }

    fn list_packages(&self, call: &Call, input: List<ListModelPackages>) -> Result<Value, ServiceError> {
        let own = &input.own;
        if let Some(status) = &own.model_approval_status {
            one_of(status, "modelApprovalStatus", &APPROVALS)?;
        }
        if let Some(kind) = &own.model_package_type {
            one_of(kind, "modelPackageType", &["Versioned", "Unversioned", "Both"])?;
        }
        let mut registry = self.registry();
        let packages: Vec<&Package> = match (&own.model_package_group_name, own.model_package_type.as_deref()) {
            (Some(name), _) => {
                let group = registry.group(&group_arn(&call.platform, name))?;
                group.packages.values().collect()
            }
            (None, Some("Versioned" | "Both")) => {
                let groups = registry.groups.values();
                groups.flat_map(|group| group.packages.values()).collect()
            }
            // Without a group only those are listed that have none, unless the caller says otherwise.
            (None, _) => Vec::new(),
        };
        let status = own.model_approval_status.as_deref();
        let packages = packages.into_iter();
        let packages = packages.filter(|package| status.is_none_or(|status| status == package.status()));
        let sorts = (Order::OldestFirst, ["Name", "CreationTime"].as_slice());
        let show = |package: &Package| summary(&package.described(), &SUMMARY);
        input.target.answer(
            packages.collect(),
            |package| Listed {
                name: &package.group,
                created: package.created,
                status: "",
            },
            sorts,
            "ModelPackageSummaryList",
            show,
        )
    }

    fn delete_package(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let mut registry = self.registry();
        let package = registry.package(&arn(&call.platform, &input))?;
        let (group, version) = (package.group.clone(), package.version);
        if let Some(group) = registry.groups.get_mut(&group) {
            group.packages.remove(&version);
        }
        Ok(Value::Null)
    }
}

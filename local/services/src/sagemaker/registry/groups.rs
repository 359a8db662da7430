//! Groups of model packages.

use super::store::{Group, group_arn};
use crate::sagemaker::account::SageMaker;
use crate::sagemaker::checks::{NAME, length, pattern};
use crate::sagemaker::lists::{List, Listed, Order};
use crate::sagemaker::rows::{list, on};
use crate::sagemaker::tags;
use crate::tags::Tag;
use jiff::Timestamp;
use platform::{Call, Nothing, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateModelPackageGroup {
    model_package_group_name: String,
    model_package_group_description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The group that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    model_package_group_name: String,
}

pub(crate) fn operations() -> [Operation<SageMaker>; 4] {
    [
        Operation::new("CreateModelPackageGroup", may_create, SageMaker::create_group),
        on("DeleteModelPackageGroup", arn, SageMaker::delete_group),
        on("DescribeModelPackageGroup", arn, SageMaker::describe_group),
        list("ListModelPackageGroups", SageMaker::list_groups),
    ]
}

fn arn(platform: &Platform, input: &Named) -> String {
    group_arn(platform, &input.model_package_group_name)
}

fn may_create(
    _: &SageMaker,
    platform: &Platform,
    input: &CreateModelPackageGroup,
) -> Result<Vec<Requirement>, ServiceError> {
    let arn = group_arn(platform, &input.model_package_group_name);
    let create = Requirement::new("sagemaker:CreateModelPackageGroup", arn);
    Ok(tags::creating(create, &input.tags))
}

impl SageMaker {
    fn create_group(&self, call: &Call, input: CreateModelPackageGroup) -> Result<Value, ServiceError> {
        let name = input.model_package_group_name;
        pattern(&name, "modelPackageGroupName", NAME)?;
        if let Some(description) = &input.model_package_group_description {
            length(description, "modelPackageGroupDescription", 0..=1024)?;
        }
        tags::check(&input.tags)?;
        let arn = group_arn(&call.platform, &name);
        let mut registry = self.registry();
        if registry.groups.contains_key(&name) {
            return Err(ServiceError::validation(format_args!(
                "Model Package Group already exists: {arn}"
            )));
        }
        let group = Group {
            name: name.clone(),
            arn: arn.clone(),
            description: input.model_package_group_description,
            created: Timestamp::now(),
            tags: input.tags,
            packages: BTreeMap::new(),
            last_version: 0,
        };
        registry.groups.insert(name, group);
        Ok(json!({"ModelPackageGroupArn": arn}))
    }

    fn describe_group(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let mut registry = self.registry();
        let group = registry.group(&arn(&call.platform, &input))?;
        let mut described = group.summary();
        // Required in the answer; who is behind the caller is known where SageMaker Studio is.
        described["CreatedBy"] = json!({});
        Ok(described)
    }

    fn list_groups(&self, _: &Call, input: List<Nothing>) -> Result<Value, ServiceError> {
        let registry = self.registry();
        let groups: Vec<&Group> = registry.groups.values().collect();
        let sorts = (Order::OldestFirst, ["Name", "CreationTime"].as_slice());
        let list = "ModelPackageGroupSummaryList";
        input.target.answer(
            groups,
            |group| Listed {
                name: &group.name,
                created: group.created,
                status: "",
            },
            sorts,
            list,
            Group::summary,
        )
    }

    fn delete_group(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let arn = arn(&call.platform, &input);
        let mut registry = self.registry();
        let group = registry.group(&arn)?;
        if !group.packages.is_empty() {
            return Err(ServiceError::new(
                "ConflictException",
                format_args!("Model Package Group {arn} cannot be deleted because it still contains Model Packages"),
            ));
        }
        let name = group.name.clone();
        registry.groups.remove(&name);
        Ok(Value::Null)
    }
}

//! What the registry keeps.

use super::package::Package;
use crate::tags::Tag;
use jiff::Timestamp;
use platform::input::seconds;
use platform::store::Held;
use platform::{Platform, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A group and its packages.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) description: Option<String>,
    pub(super) created: Timestamp,
    pub(super) tags: Vec<Tag>,
    /// By their versions.
    pub(super) packages: BTreeMap<u32, Package>,
    /// No version is given twice, also when its package is gone.
    pub(super) last_version: u32,
}

impl Group {
    pub(super) fn summary(&self) -> Value {
        let mut shown = json!({
            "ModelPackageGroupName": self.name,
            "ModelPackageGroupArn": self.arn,
            "CreationTime": seconds(self.created),
            "ModelPackageGroupStatus": "Completed",
        });
        if let Some(description) = &self.description {
            shown["ModelPackageGroupDescription"] = description.as_str().into();
        }
        shown
    }
}

/// The groups, by their names, which nobody else sees meanwhile.
#[derive(Debug)]
pub(crate) struct Registry<'r> {
    pub(crate) groups: Held<'r, Group>,
}

/// What a model is served with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) image: String,
    pub(crate) model: Option<String>,
}

/// What follows the kind in an ARN, or a name that is given without one.
pub(super) fn tail<'a>(kind: &str, name: &'a str) -> &'a str {
    match name.split_once(&format!(":{kind}/")) {
        Some((_, tail)) => tail,
        None => name,
    }
}

/// The ARN of a group, given by its name or its ARN.
pub(super) fn group_arn(platform: &Platform, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    platform
        .account
        .arn("sagemaker", format_args!("model-package-group/{name}"))
}

/// The ARN of a package, given as `group/version` or by its ARN.
pub(super) fn package_arn(platform: &Platform, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    platform.account.arn("sagemaker", format_args!("model-package/{name}"))
}

impl Registry<'_> {
    pub(super) fn group(&mut self, arn: &str) -> Result<&mut Group, ServiceError> {
        let group = self.groups.get_mut(tail("model-package-group", arn));
        // An ARN can be one of another account.
        let group = group.filter(|group| group.arn == arn);
        group.ok_or_else(|| ServiceError::validation(format_args!("ModelPackageGroup {arn} does not exist.")))
    }

    pub(super) fn package(&mut self, arn: &str) -> Result<&mut Package, ServiceError> {
        let found = tail("model-package", arn).split_once('/');
        let found = found.and_then(|(group, version)| {
            let version: u32 = version.parse().ok()?;
            self.groups.get_mut(group)?.packages.get_mut(&version)
        });
        let found = found.filter(|package| package.arn == arn);
        found.ok_or_else(|| ServiceError::validation(format_args!("ModelPackage {arn} does not exist.")))
    }

    /// The tags of a group.
    pub(crate) fn tags(&mut self, arn: &str) -> Option<&mut Vec<Tag>> {
        let (_, name) = arn.split_once(":model-package-group/")?;
        self.groups.get_mut(name).map(|group| &mut group.tags)
    }

    /// The tags that a package has from its group.
    pub(crate) fn inherited_tags(&self, arn: &str) -> Option<Vec<Tag>> {
        let (_, name) = arn.split_once(":model-package/")?;
        let group = name.split_once('/').map_or(name, |(group, _)| group);
        self.groups.get(group).map(|group| group.tags.clone())
    }

    /// What an approved package is served with.
    pub(crate) fn serves(&mut self, platform: &Platform, name: &str) -> Result<Served, ServiceError> {
        let arn = package_arn(platform, name);
        let package = self.package(&arn)?;
        if package.status() != "Approved" {
            return Err(ServiceError::validation(format_args!(
                "The model package {arn} cannot be deployed: its ModelApprovalStatus is {}, not Approved",
                package.status()
            )));
        }
        let specification = package.request.inference_specification.as_ref();
        let container = specification.and_then(|specification| specification.containers.first());
        let served = container.map(|container| Served {
            image: container.image.clone(),
            model: container.model_data_url.clone(),
        });
        served.ok_or_else(|| ServiceError::validation(format_args!("The model package {arn} has no containers")))
    }
}

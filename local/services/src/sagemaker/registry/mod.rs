//! The model registry: groups of model packages, and their versions.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html>. All packages are versions of a group.

pub(super) mod groups;
mod package;
pub(super) mod packages;
mod specification;

use super::SageMaker;
use super::tags::Tag;
use groups::Group;
use package::Package;
use platform::{Platform, ServiceError};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// The groups, by their names.
#[derive(Debug, Default)]
pub(super) struct Registry {
    groups: BTreeMap<String, Group>,
}

/// What a model is served with.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) image: String,
    pub(super) model: Option<String>,
}

/// What follows the kind in an ARN, or a name that is given without one.
fn tail<'a>(kind: &str, name: &'a str) -> &'a str {
    match name.split_once(&format!(":{kind}/")) {
        Some((_, tail)) => tail,
        None => name,
    }
}

/// The ARN of a group, given by its name or its ARN.
fn group_arn(platform: &Platform, name: &str) -> String {
    let name = tail("model-package-group", name);
    platform
        .account
        .arn("sagemaker", format_args!("model-package-group/{name}"))
}

/// The ARN of a package, given as `group/version` or by its ARN.
fn package_arn(platform: &Platform, name: &str) -> String {
    let name = tail("model-package", name);
    platform.account.arn("sagemaker", format_args!("model-package/{name}"))
}

impl Registry {
    fn group(&mut self, arn: &str) -> Result<&mut Group, ServiceError> {
        let group = self.groups.get_mut(tail("model-package-group", arn));
        group.ok_or_else(|| ServiceError::validation(format_args!("ModelPackageGroup {arn} does not exist.")))
    }

    fn package(&mut self, arn: &str) -> Result<&mut Package, ServiceError> {
        let found = tail("model-package", arn).split_once('/');
        let found = found.and_then(|(group, version)| {
            let version: u32 = version.parse().ok()?;
            self.groups.get_mut(group)?.packages.get_mut(&version)
        });
        found.ok_or_else(|| ServiceError::validation(format_args!("ModelPackage {arn} does not exist.")))
    }

    /// The tags of a group.
    pub(super) fn tags(&mut self, arn: &str) -> Option<&mut Vec<Tag>> {
        let (_, name) = arn.split_once(":model-package-group/")?;
        self.groups.get_mut(name).map(|group| &mut group.tags)
    }

    /// The tags that a package has from its group.
    pub(super) fn inherited_tags(&self, arn: &str) -> Option<Vec<Tag>> {
        let (_, name) = arn.split_once(":model-package/")?;
        let group = name.split_once('/').map_or(name, |(group, _)| group);
        self.groups.get(group).map(|group| group.tags.clone())
    }
}

impl SageMaker {
    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an approved package is served with.
    pub(super) fn serves(&self, platform: &Platform, name: &str) -> Result<Served, ServiceError> {
        let arn = package_arn(platform, name);
        let mut registry = self.registry();
        let package = registry.package(&arn)?;
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

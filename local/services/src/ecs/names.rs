//! Names and ARNs: callers give either.

use super::errors::invalid;
use super::rows::{Cluster, Rows};
use super::service::Service;
use super::task::Task;
use platform::{Platform, Requirement, ServiceError};

/// Where what has no cluster given is.
const DEFAULT: &str = "default";

/// The last part of an ARN, or a name.
pub(super) fn short(given: &str) -> &str {
    given.rsplit('/').next().unwrap_or_default()
}

/// The ARN of a cluster, by its ARN, its name, or nothing.
pub(super) fn cluster_arn(platform: &Platform, given: Option<&str>) -> String {
    match given {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        other => {
            let name = other.filter(|name| !name.is_empty()).unwrap_or(DEFAULT);
            platform.account.arn("ecs", format_args!("cluster/{name}"))
        }
    }
}

/// The ARN of what is in a cluster: of a service or a task, by its ARN or its name.
pub(super) fn arn_in(platform: &Platform, kind: &str, cluster: Option<&str>, given: &str) -> String {
    if given.starts_with("arn:") {
        return given.to_owned();
    }
    let cluster = cluster_arn(platform, cluster);
    let thing = format_args!("{kind}/{}/{given}", short(&cluster));
    platform.account.arn("ecs", thing)
}

/// Policies can ask for the cluster.
pub(super) fn with_cluster(requirement: Requirement, platform: &Platform, cluster: Option<&str>) -> Requirement {
    requirement.with("ecs:cluster", cluster_arn(platform, cluster))
}

/// A name as most things of ECS have it.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), ServiceError> {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if (1..=255).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(invalid(format_args!(
        "{what} name '{name}' must have 1 to 255 letters, digits, hyphens and underscores."
    )))
}

/// Refuses what is no launch type at all. Which of them the local run has is for its callers to say.
pub(super) fn check_launch_type(given: Option<&str>) -> Result<(), ServiceError> {
    match given {
        None | Some("EC2" | "FARGATE" | "EXTERNAL" | "MANAGED_INSTANCES") => Ok(()),
        Some(_) => Err(invalid("launch type should be one of [EC2,FARGATE,EXTERNAL]")),
    }
}

impl Rows<'_> {
    /// A cluster that is there.
    pub(super) fn cluster(&self, platform: &Platform, given: Option<&str>) -> Result<&Cluster, ServiceError> {
        let found = self.clusters.get(&cluster_arn(platform, given));
        let found = found.filter(|cluster| cluster.is_active);
        found.ok_or_else(|| ServiceError::new("ClusterNotFoundException", "Cluster not found."))
    }

    /// A service in a cluster that is there.
    pub(super) fn service(
        &self,
        platform: &Platform,
        cluster: Option<&str>,
        given: &str,
    ) -> Result<&Service, ServiceError> {
        self.cluster(platform, cluster)?;
        let found = self.services.get(&arn_in(platform, "service", cluster, given));
        found.ok_or_else(|| ServiceError::new("ServiceNotFoundException", "Service not found."))
    }

    /// A task in a cluster that is there.
    pub(super) fn task(&self, platform: &Platform, cluster: Option<&str>, given: &str) -> Result<&Task, ServiceError> {
        self.cluster(platform, cluster)?;
        let found = self.tasks.get(&arn_in(platform, "task", cluster, given));
        found.ok_or_else(|| invalid("The referenced task was not found."))
    }
}

//! Clusters.

use super::account::Ecs;
use super::errors::{client, invalid, refused};
use super::names::{check_name, cluster_arn};
use super::role;
use super::rows::{Cluster, Rows, Setting};
use super::service::Status;
use super::tags::{self, Tag, creating, on_tagged};
use super::task::Stage;
use platform::input::page;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateCluster {
    cluster_name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    settings: Vec<Setting>,
    #[serde(default)]
    capacity_providers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeClusters {
    #[serde(default)]
    clusters: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfCluster {
    cluster: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListClusters {
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// How many are on a page at most.
pub(super) const PAGE: usize = 100;

pub(super) fn may_create(
    _: &Ecs,
    platform: &Platform,
    input: &CreateCluster,
) -> Result<Vec<Requirement>, ServiceError> {
    let arn = cluster_arn(platform, input.cluster_name.as_deref());
    Ok(creating("CreateCluster", &arn, &input.tags))
}

pub(super) fn may_describe(
    ecs: &Ecs,
    platform: &Platform,
    input: &DescribeClusters,
) -> Result<Vec<Requirement>, ServiceError> {
    let given = input.clusters.iter().map(|given| Some(given.as_str()));
    let given: Vec<Option<&str>> = if input.clusters.is_empty() {
        vec![None]
    } else {
        given.collect()
    };
    Ok(given
        .into_iter()
        .map(|given| on_cluster(ecs, platform, "DescribeClusters", given))
        .collect())
}

pub(super) fn may_delete(ecs: &Ecs, platform: &Platform, input: &OfCluster) -> Result<Vec<Requirement>, ServiceError> {
    Ok(vec![on_cluster(ecs, platform, "DeleteCluster", Some(&input.cluster))])
}

fn on_cluster(ecs: &Ecs, platform: &Platform, action: &str, given: Option<&str>) -> Requirement {
    let arn = cluster_arn(platform, given);
    let rows = ecs.rows();
    let tags = rows.clusters.get(&arn).map_or(&[][..], |cluster| &cluster.tags);
    on_tagged(action, &arn, tags)
}

impl Ecs {
    pub(super) fn create_cluster(&self, call: &Call, input: CreateCluster) -> Result<Value, ServiceError> {
        let platform = &call.platform;
        let arn = cluster_arn(platform, input.cluster_name.as_deref());
        let name = input.cluster_name.unwrap_or_else(|| "default".into());
        check_name("Cluster", &name)?;
        tags::check(&input.tags)?;
        let fargate = ["FARGATE", "FARGATE_SPOT"];
        if let Some(other) = input
            .capacity_providers
            .iter()
            .find(|name| !fargate.contains(&name.as_str()))
        {
            return Err(refused(format_args!("the capacity provider `{other}`")));
        }
        role::make(platform, &call.caller);
        let mut rows = self.rows();
        // The same cluster again is no error.
        if rows.clusters.get(&arn).is_none_or(|cluster| !cluster.is_active) {
            let cluster = Cluster {
                arn: arn.clone(),
                name,
                is_active: true,
                settings: input.settings,
                capacity_providers: input.capacity_providers,
                tags: input.tags,
            };
            rows.clusters.insert(arn.clone(), cluster);
        }
        let cluster = rows.cluster(platform, Some(&arn))?;
        Ok(json!({"cluster": show(&rows, cluster)}))
    }

    pub(super) fn describe_clusters(&self, call: &Call, input: DescribeClusters) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let given = if input.clusters.is_empty() {
            vec!["default".to_owned()]
        } else {
            input.clusters
        };
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for given in given {
            let arn = cluster_arn(&call.platform, Some(&given));
            match rows.clusters.get(&arn) {
                Some(cluster) => {
                    let mut shown = show(&rows, cluster);
                    if input.include.iter().any(|what| what == "TAGS") {
                        shown["tags"] = json!(cluster.tags);
                    }
                    found.push(shown);
                }
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        Ok(json!({"clusters": found, "failures": failures}))
    }

    pub(super) fn list_clusters(&self, _: &Call, input: ListClusters) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let clusters = rows.clusters.values().filter(|cluster| cluster.is_active);
        let size = input.max_results.unwrap_or(PAGE).min(PAGE);
        let page = page(clusters, size, input.next_token.as_deref(), "InvalidParameterException")?;
        Ok(page.answer("clusterArns", "nextToken", |cluster| cluster.arn.as_str().into()))
    }

    pub(super) fn delete_cluster(&self, call: &Call, input: OfCluster) -> Result<Value, ServiceError> {
        let mut rows = self.rows();
        let arn = rows.cluster(&call.platform, Some(&input.cluster))?.arn.clone();
        let serves = |status: Status| status != Status::Inactive;
        if rows
            .services
            .values()
            .any(|service| service.cluster == arn && serves(service.status))
        {
            let message = "The Cluster cannot be deleted while Services are active.";
            return Err(ServiceError::new("ClusterContainsServicesException", message));
        }
        if rows
            .tasks
            .values()
            .any(|task| task.cluster == arn && task.stage != Stage::Stopped)
        {
            let message = "The Cluster cannot be deleted while Tasks are active.";
            return Err(ServiceError::new("ClusterContainsTasksException", message));
        }
        if let Some(cluster) = rows.clusters.get_mut(&arn) {
            cluster.is_active = false;
        }
        let cluster = rows.clusters.get(&arn).ok_or_else(|| client("Cluster not found."))?;
        Ok(json!({"cluster": show(&rows, cluster)}))
    }
}

fn show(rows: &Rows, cluster: &Cluster) -> Value {
    let tasks = || {
        rows.tasks
            .values()
            .filter(|task| task.cluster == cluster.arn && task.stage != Stage::Stopped)
    };
    let running = tasks().filter(|task| task.stage == Stage::Running).count();
    let pending = tasks().filter(|task| task.stage < Stage::Running).count();
    let services = rows.services.values();
    let active = services.filter(|service| service.cluster == cluster.arn && service.status == Status::Active);
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": if cluster.is_active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running,
        "pendingTasksCount": pending,
        "activeServicesCount": active.count(),
        "statistics": [],
        "tags": [],
        "settings": cluster.settings,
        "capacityProviders": cluster.capacity_providers,
        "defaultCapacityProviderStrategy": [],
    })
}

/// Whether a list's size is one that ECS takes.
pub(super) fn size(given: Option<usize>, usual: usize) -> Result<usize, ServiceError> {
    match given {
        None => Ok(usual),
        Some(size @ 1..=PAGE) => Ok(size),
        Some(_) => Err(invalid("maxResults must be between 1 and 100.")),
    }
}

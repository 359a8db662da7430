//! ECS: clusters, task definitions, and services whose tasks really serve, each a container or a process of this machine.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html>, for tasks of one container on
//! Fargate. A task that is a process shares this machine's network, so that it is told where to listen: `HOST` is
//! `127.0.0.1` and `PORT` a port that is free. That one is the `hostPort` of the container's `networkBindings`, and what
//! is registered with a target group. Deployments are rolling updates; other strategies are refused by name.

mod account;
mod checks;
mod clusters;
mod definition;
mod definitions;
mod errors;
mod names;
mod plan;
mod resuming;
mod role;
mod rollout;
mod rows;
mod running;
mod scheduler;
mod service;
mod services;
mod starting;
mod tagging;
mod tags;
mod targets;
mod task;
mod tasks;
#[cfg(test)]
mod tests;

pub use account::Ecs;

use platform::{Operation, Operations, Platform, Served};
use std::sync::LazyLock;

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>.
impl Served for Ecs {
    const SIGNING_NAME: &'static str = "ecs";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Ecs>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("CreateCluster", clusters::may_create, Ecs::create_cluster),
                Operation::waiting("CreateService", services::may_create, Ecs::create_service),
                Operation::new("DeleteCluster", clusters::may_delete, Ecs::delete_cluster),
                Operation::new("DeleteService", services::may_delete, Ecs::delete_service),
                Operation::on("DeregisterTaskDefinition", all, Ecs::deregister),
                Operation::new("DescribeClusters", clusters::may_describe, Ecs::describe_clusters),
                Operation::new("DescribeServices", services::may_describe, Ecs::describe_services),
                Operation::on("DescribeTaskDefinition", all, Ecs::describe_definition),
                Operation::new("DescribeTasks", tasks::may_describe, Ecs::describe_tasks),
                Operation::on("ListClusters", all, Ecs::list_clusters),
                Operation::new("ListServices", services::may_list, Ecs::list_services),
                Operation::new("ListTagsForResource", tagging::may_list, Ecs::list_tags),
                Operation::on("ListTaskDefinitionFamilies", all, Ecs::list_families),
                Operation::on("ListTaskDefinitions", all, Ecs::list_definitions),
                Operation::new("ListTasks", tasks::may_list, Ecs::list_tasks),
                Operation::new("RegisterTaskDefinition", definitions::may_register, Ecs::register),
                Operation::waiting("RunTask", tasks::may_run, Ecs::run_task),
                Operation::new("StopTask", tasks::may_stop, Ecs::stop_task),
                Operation::new("TagResource", tagging::may_tag, Ecs::tag),
                Operation::new("UntagResource", tagging::may_untag, Ecs::untag),
                Operation::waiting("UpdateService", services::may_update, Ecs::update_service),
            ])
        });
        &TABLE
    }
}

/// For operations for which IAM knows no resources.
fn all<I>(_: &Platform, _: &I) -> String {
    "*".to_owned()
}

//! Services: they keep a number of tasks running, and change them bit by bit.

use super::account::Ecs;
use super::checks::{check_balancers, check_network, check_rolling, definition};
use super::clusters::size;
use super::errors::{client, invalid, refused};
use super::names::{arn_in, check_launch_type, check_name, with_cluster};
use super::role;
use super::rollout::{self, Told};
use super::scheduler;
use super::service::{Rolling, Service, Status};
use super::tags::{self, Tag, creating, on_tagged};
use super::targets;
use super::task::{LoadBalancer, Network};
use jiff::Timestamp;
use platform::input::page;
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Controller {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CreateService {
    cluster: Option<String>,
    service_name: String,
    task_definition: Option<String>,
    #[serde(default)]
    load_balancers: Vec<LoadBalancer>,
    desired_count: Option<u32>,
    launch_type: Option<String>,
    platform_version: Option<String>,
    deployment_configuration: Option<Rolling>,
    network_configuration: Option<Network>,
    health_check_grace_period_seconds: Option<u32>,
    scheduling_strategy: Option<String>,
    deployment_controller: Option<Controller>,
    #[serde(default, rename = "enableECSManagedTags")]
    managed_tags: bool,
    propagate_tags: Option<String>,
    #[serde(default)]
    enable_execute_command: bool,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UpdateService {
    cluster: Option<String>,
    service: String,
    desired_count: Option<u32>,
    task_definition: Option<String>,
    deployment_configuration: Option<Rolling>,
    network_configuration: Option<Network>,
    platform_version: Option<String>,
    #[serde(default)]
    force_new_deployment: bool,
    health_check_grace_period_seconds: Option<u32>,
    load_balancers: Option<Vec<LoadBalancer>>,
    propagate_tags: Option<String>,
    #[serde(rename = "enableECSManagedTags")]
    managed_tags: Option<bool>,
    enable_execute_command: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeServices {
    cluster: Option<String>,
    services: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListServices {
    cluster: Option<String>,
    launch_type: Option<String>,
    scheduling_strategy: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeleteService {
    cluster: Option<String>,
    service: String,
    #[serde(default)]
    force: bool,
}

pub(super) fn may_create(
    _: &Ecs,
    platform: &Platform,
    input: &CreateService,
) -> Result<Vec<Requirement>, ServiceError> {
    let cluster = input.cluster.as_deref();
    let arn = arn_in(platform, "service", cluster, &input.service_name);
    let mut requirements = creating("CreateService", &arn, &input.tags);
    if let Some(first) = requirements.first_mut() {
        *first = with_cluster(first.clone(), platform, cluster);
    }
    Ok(requirements)
}

/// An action on a service; policies can ask for its tags and its cluster.
pub(super) fn on_service(
    ecs: &Ecs,
    platform: &Platform,
    action: &str,
    (cluster, given): (Option<&str>, &str),
) -> Requirement {
    let arn = arn_in(platform, "service", cluster, given);
    let rows = ecs.rows();
    let tags = rows.services.get(&arn).map_or(&[][..], |service| &service.tags);
    with_cluster(on_tagged(action, &arn, tags), platform, cluster)
}

pub(super) fn may_update(
    ecs: &Ecs,
    platform: &Platform,
    input: &UpdateService,
) -> Result<Vec<Requirement>, ServiceError> {
    let of = (input.cluster.as_deref(), input.service.as_str());
    Ok(vec![on_service(ecs, platform, "UpdateService", of)])
}

pub(super) fn may_delete(
    ecs: &Ecs,
    platform: &Platform,
    input: &DeleteService,
) -> Result<Vec<Requirement>, ServiceError> {
    let of = (input.cluster.as_deref(), input.service.as_str());
    Ok(vec![on_service(ecs, platform, "DeleteService", of)])
}

pub(super) fn may_describe(
    ecs: &Ecs,
    platform: &Platform,
    input: &DescribeServices,
) -> Result<Vec<Requirement>, ServiceError> {
    let cluster = input.cluster.as_deref();
    let services = input.services.iter();
    Ok(services
        .map(|given| on_service(ecs, platform, "DescribeServices", (cluster, given)))
        .collect())
}

pub(super) fn may_list(_: &Ecs, platform: &Platform, input: &ListServices) -> Result<Vec<Requirement>, ServiceError> {
    let list = Requirement::new("ecs:ListServices", "*");
    Ok(vec![with_cluster(list, platform, input.cluster.as_deref())])
}

impl CreateService {
    /// Refuses what the local run does not have.
    fn check(&self) -> Result<(), ServiceError> {
        check_name("Service", &self.service_name)?;
        check_launch_type(self.launch_type.as_deref())?;
        if self.launch_type.as_deref() != Some("FARGATE") {
            return Err(refused("services with another launch type than `FARGATE`"));
        }
        for (given, known, what) in [
            (&self.platform_version, &["LATEST", "1.4.0"][..], "the platform version"),
            (&self.scheduling_strategy, &["REPLICA"], "the scheduling strategy"),
            (
                &self.propagate_tags,
                &["NONE", "SERVICE", "TASK_DEFINITION"],
                "tags propagated from",
            ),
        ] {
            if let Some(given) = given.as_deref().filter(|given| !known.contains(given)) {
                return Err(refused(format_args!("{what} `{given}`")));
            }
        }
        if let Some(controller) = self
            .deployment_controller
            .as_ref()
            .filter(|controller| controller.kind != "ECS")
        {
            return Err(refused(format_args!("the deployment controller `{}`", controller.kind)));
        }
        if self.enable_execute_command {
            return Err(refused("commands in running tasks (enableExecuteCommand)"));
        }
        if self.health_check_grace_period_seconds.is_some() && self.load_balancers.is_empty() {
            return Err(invalid(
                "Health check grace period is only valid for services configured to use load balancers",
            ));
        }
        tags::check(&self.tags)
    }
}

impl UpdateService {
    /// Refuses what the local run does not have.
    fn check(&self) -> Result<(), ServiceError> {
        if self.enable_execute_command == Some(true) {
            return Err(refused("commands in running tasks (enableExecuteCommand)"));
        }
        if !matches!(self.platform_version.as_deref(), None | Some("LATEST" | "1.4.0")) {
            return Err(refused("other platform versions than `1.4.0`"));
        }
        self.deployment_configuration.as_ref().map_or(Ok(()), check_rolling)
    }

    /// Changes what needs no new deployment.
    fn settle(self, service: &mut Service, role: Option<String>) {
        if let Some(desired) = self.desired_count.filter(|desired| *desired != service.desired) {
            service.desired = desired;
            service.is_steady = false;
        }
        if let Some(rolling) = self.deployment_configuration {
            service.rolling = rolling;
        }
        service.grace = self.health_check_grace_period_seconds.unwrap_or(service.grace);
        service.managed_tags = self.managed_tags.unwrap_or(service.managed_tags);
        service.propagate_tags = self.propagate_tags.or_else(|| service.propagate_tags.take());
        service.role = role.or_else(|| service.role.take());
    }
}

impl Ecs {
    pub(super) async fn create_service(
        self: Arc<Self>,
        call: Call,
        input: CreateService,
    ) -> Result<Value, ServiceError> {
        input.check()?;
        let platform = &call.platform;
        let rolling = input.deployment_configuration.clone().unwrap_or_default();
        check_rolling(&rolling)?;
        let network = check_network(input.network_configuration.clone())?;
        let given = input
            .task_definition
            .as_deref()
            .ok_or_else(|| invalid("Task definition can not be blank."))?;
        let role = self.check_targets(platform, &input.load_balancers).await?;
        let (arn, told) = {
            let mut rows = self.rows();
            let cluster = rows.cluster(platform, input.cluster.as_deref())?.arn.clone();
            let definition = definition(&rows, given)?;
            check_balancers(&input.load_balancers, definition)?;
            let definition = definition.arn.clone();
            let arn = arn_in(platform, "service", Some(&cluster), &input.service_name);
            match rows.services.get(&arn).map(|service| service.status) {
                Some(Status::Active) => return Err(invalid("Creation of service was not idempotent.")),
                Some(Status::Draining) => return Err(invalid("Unable to Start a service that is still Draining.")),
                Some(Status::Inactive) | None => {}
            }
            let mut service = Service {
                arn: arn.clone(),
                name: input.service_name,
                cluster,
                status: Status::Active,
                desired: input.desired_count.unwrap_or(1),
                platform_version: input.platform_version.unwrap_or_else(|| "LATEST".into()),
                rolling,
                grace: input.health_check_grace_period_seconds.unwrap_or(0),
                deployments: Vec::new(),
                past: [].into(),
                events: [].into(),
                is_steady: false,
                role,
                managed_tags: input.managed_tags,
                propagate_tags: input.propagate_tags,
                tags: input.tags,
                created: Timestamp::now(),
                created_by: call.caller.arn(&platform.account),
            };
            let told = rollout::begin(&mut service, definition, network, input.load_balancers);
            rows.services.insert(arn.clone(), service);
            (arn, told)
        };
        self.begin(platform, &arn, told);
        scheduler::look_after(&self, platform, &arn);
        self.show_service(&arn, true)
    }

    /// The role that registers tasks, if there is something to register them with.
    async fn check_targets(
        &self,
        platform: &Arc<Platform>,
        balancers: &[LoadBalancer],
    ) -> Result<Option<String>, ServiceError> {
        if balancers.is_empty() {
            return Ok(None);
        }
        let role = role::arn(platform).ok_or_else(|| {
            invalid("Unable to assume the service linked role. Please verify that the ECS service linked role exists.")
        })?;
        for balancer in balancers {
            targets::check(platform, &balancer.target_group_arn).await?;
        }
        Ok(Some(role))
    }

    /// Tells of a deployment that has begun.
    fn begin(&self, platform: &Arc<Platform>, service: &str, told: Vec<Told>) {
        for told in told {
            match told {
                Told::Deployment { id, name, reason } => Self::tell_deployment(platform, service, &id, (name, &reason)),
                Told::Began(id) => {
                    let underway = platform.ongoing.began(&id);
                    self.running().deployments.insert(id, underway);
                }
                Told::Ended(id, succeeded) => {
                    if let Some(underway) = self.running().deployments.remove(&id) {
                        underway.ended(succeeded);
                    }
                }
                Told::Event(_) | Told::Action(..) => {}
            }
        }
    }

    fn show_service(&self, arn: &str, with_tags: bool) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let service = rows.services.get(arn);
        let service = service.ok_or_else(|| ServiceError::new("ServiceNotFoundException", "Service not found."))?;
        Ok(json!({"service": service.show(&rows.tasks_of(service), with_tags)}))
    }

    pub(super) async fn update_service(
        self: Arc<Self>,
        call: Call,
        input: UpdateService,
    ) -> Result<Value, ServiceError> {
        let platform = &call.platform;
        input.check()?;
        let network = match input.network_configuration.clone() {
            None => None,
            given => Some(check_network(given)?),
        };
        input.deployment_configuration.as_ref().map_or(Ok(()), check_rolling)?;
        let role = self
            .check_targets(platform, input.load_balancers.as_deref().unwrap_or_default())
            .await?;
        let (arn, told) = {
            let mut rows = self.rows();
            let service = rows.service(platform, input.cluster.as_deref(), &input.service)?;
            if service.status != Status::Active {
                return Err(ServiceError::new(
                    "ServiceNotActiveException",
                    "Service was not ACTIVE.",
                ));
            }
            let arn = service.arn.clone();
            let primary = service
                .primary()
                .ok_or_else(|| client("Service has no deployment."))?
                .clone();
            let given = input.task_definition.as_deref().unwrap_or(&primary.definition);
            let wanted = definition(&rows, given)?;
            let balancers = input.load_balancers.clone();
            let balancers = balancers.unwrap_or_else(|| primary.load_balancers.clone());
            check_balancers(&balancers, wanted)?;
            let wanted = wanted.arn.clone();
            let network = network.unwrap_or_else(|| primary.network.clone());
            let is_new = input.force_new_deployment
                || wanted != primary.definition
                || network != primary.network
                || balancers != primary.load_balancers;
            let Some(service) = rows.services.get_mut(&arn) else {
                return Err(client("Service not found."));
            };
            input.settle(service, role);
            let told = is_new.then(|| rollout::begin(service, wanted, network, balancers));
            (arn, told.unwrap_or_default())
        };
        self.begin(platform, &arn, told);
        self.wake(&arn);
        self.show_service(&arn, true)
    }

    pub(super) fn describe_services(&self, call: &Call, input: DescribeServices) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let cluster = input.cluster.as_deref();
        rows.cluster(&call.platform, cluster)?;
        if input.services.is_empty() || input.services.len() > 10 {
            return Err(invalid("Services must have 1 to 10 entries."));
        }
        let with_tags = input.include.iter().any(|what| what == "TAGS");
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for given in &input.services {
            let arn = arn_in(&call.platform, "service", cluster, given);
            match rows.services.get(&arn) {
                Some(service) => found.push(service.show(&rows.tasks_of(service), with_tags)),
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        Ok(json!({"services": found, "failures": failures}))
    }

    pub(super) fn list_services(&self, call: &Call, input: ListServices) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let cluster = rows.cluster(&call.platform, input.cluster.as_deref())?;
        let all = input.launch_type.as_deref().is_none_or(|kind| kind == "FARGATE")
            && input
                .scheduling_strategy
                .as_deref()
                .is_none_or(|strategy| strategy == "REPLICA");
        let services = rows
            .services
            .values()
            .filter(|service| all && service.cluster == cluster.arn && service.status != Status::Inactive);
        let size = size(input.max_results, 10)?;
        let page = page(services, size, input.next_token.as_deref(), "InvalidParameterException")?;
        Ok(page.answer("serviceArns", "nextToken", |service| service.arn.as_str().into()))
    }

    pub(super) fn delete_service(&self, call: &Call, input: DeleteService) -> Result<Value, ServiceError> {
        let arn = {
            let mut rows = self.rows();
            let service = rows.service(&call.platform, input.cluster.as_deref(), &input.service)?;
            if service.status == Status::Inactive {
                return Err(ServiceError::new("ServiceNotFoundException", "Service not found."));
            }
            if service.desired > 0 && !input.force {
                return Err(invalid("The service cannot be stopped while it is scaled above 0."));
            }
            let arn = service.arn.clone();
            if let Some(service) = rows.services.get_mut(&arn) {
                service.status = Status::Draining;
                service.desired = 0;
            }
            arn
        };
        self.wake(&arn);
        self.show_service(&arn, true)
    }
}

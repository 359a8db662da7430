//! Tasks: those of services, and those that RunTask starts.

use super::account::Ecs;
use super::checks::check_network;
use super::clusters::{PAGE, size};
use super::definitions::passed;
use super::errors::{client, invalid, refused};
use super::names::{arn_in, check_launch_type, cluster_arn, short, with_cluster};
use super::running;
use super::tags::{self, Tag, creating};
use super::task::{Health, LoadBalancer, Network, Stage, Stop, Task};
use jiff::Timestamp;
use platform::input::{page, seconds};
use platform::{Call, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

/// A task that is to be started.
pub(super) struct New {
    pub(super) cluster: String,
    pub(super) definition: String,
    pub(super) group: String,
    pub(super) started_by: String,
    pub(super) network: Network,
    pub(super) load_balancers: Vec<LoadBalancer>,
    pub(super) tags: Vec<Tag>,
}

/// Starts a task, and answers with its ARN.
pub(super) fn start(ecs: &Arc<Ecs>, platform: &Arc<Platform>, new: New) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let arn = arn_in(platform, "task", Some(&new.cluster), &id);
    let (stop, stopping) = watch::channel(false);
    {
        let mut rows = ecs.rows();
        let definition = rows.definitions.get(&new.definition);
        let container = definition.and_then(|definition| definition.asked.container_definitions.first());
        let check = container.and_then(|container| container.health_check.as_ref());
        let has_check = check.and_then(|check| check.command()).is_some();
        let task = Task {
            arn: arn.clone(),
            id,
            cluster: new.cluster,
            definition: new.definition,
            group: new.group,
            started_by: new.started_by,
            network: new.network,
            load_balancers: new.load_balancers,
            tags: new.tags,
            stage: Stage::Provisioning,
            health: Health::Unknown,
            has_check,
            was_healthy: false,
            uncounted: false,
            stop: None,
            port: None,
            digest: None,
            exit_code: None,
            container_reason: None,
            version: 1,
            times: [("createdAt".to_owned(), Timestamp::now())].into(),
        };
        rows.tasks.insert(arn.clone(), task);
    }
    ecs.running().tasks.insert(arn.clone(), stop);
    let underway = platform.ongoing.began(&arn);
    let run = running::run(Arc::clone(ecs), Arc::clone(platform), arn.clone(), stopping, underway);
    tokio::spawn(run);
    arn
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeTasks {
    cluster: Option<String>,
    tasks: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListTasks {
    cluster: Option<String>,
    family: Option<String>,
    service_name: Option<String>,
    started_by: Option<String>,
    desired_status: Option<String>,
    launch_type: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StopTask {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RunTask {
    cluster: Option<String>,
    task_definition: String,
    count: Option<usize>,
    launch_type: Option<String>,
    network_configuration: Option<Network>,
    group: Option<String>,
    started_by: Option<String>,
    platform_version: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn on_task(platform: &Platform, action: &str, cluster: Option<&str>, task: &str) -> Requirement {
    let arn = arn_in(platform, "task", cluster, task);
    with_cluster(Requirement::new(format!("ecs:{action}"), arn), platform, cluster)
}

pub(super) fn may_describe(
    _: &Ecs,
    platform: &Platform,
    input: &DescribeTasks,
) -> Result<Vec<Requirement>, ServiceError> {
    let tasks = input.tasks.iter();
    let on = |task: &String| on_task(platform, "DescribeTasks", input.cluster.as_deref(), task);
    Ok(tasks.map(on).collect())
}

pub(super) fn may_stop(_: &Ecs, platform: &Platform, input: &StopTask) -> Result<Vec<Requirement>, ServiceError> {
    Ok(vec![on_task(
        platform,
        "StopTask",
        input.cluster.as_deref(),
        &input.task,
    )])
}

/// Tasks on Fargate have no container instances, so that only policies for all of them allow it.
pub(super) fn may_list(_: &Ecs, platform: &Platform, input: &ListTasks) -> Result<Vec<Requirement>, ServiceError> {
    let list = Requirement::new("ecs:ListTasks", "*");
    Ok(vec![with_cluster(list, platform, input.cluster.as_deref())])
}

pub(super) fn may_run(ecs: &Ecs, platform: &Platform, input: &RunTask) -> Result<Vec<Requirement>, ServiceError> {
    let rows = ecs.rows();
    let found = rows.definition(&input.task_definition);
    let found = found.ok_or_else(|| client("TaskDefinition not found."))?;
    let mut requirements = creating("RunTask", &found.arn, &input.tags);
    if let Some(first) = requirements.first_mut() {
        *first = with_cluster(first.clone(), platform, input.cluster.as_deref());
    }
    requirements.extend(passed(&found.asked));
    Ok(requirements)
}

impl Ecs {
    fn show_task(&self, arn: &str) -> Option<Value> {
        let rows = self.rows();
        let task = rows.tasks.get(arn)?;
        let definition = rows.definitions.get(&task.definition)?;
        Some(task.show(&definition.asked, seconds))
    }

    pub(super) fn describe_tasks(&self, call: &Call, input: DescribeTasks) -> Result<Value, ServiceError> {
        let cluster = input.cluster.as_deref();
        self.rows().cluster(&call.platform, cluster)?;
        if input.tasks.is_empty() || input.tasks.len() > 100 {
            return Err(invalid("Tasks must have 1 to 100 entries."));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for given in &input.tasks {
            let arn = arn_in(&call.platform, "task", cluster, given);
            match self.show_task(&arn) {
                Some(mut shown) => {
                    if !input.include.iter().any(|what| what == "TAGS") {
                        shown["tags"] = json!([]);
                    }
                    found.push(shown);
                }
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        Ok(json!({"tasks": found, "failures": failures}))
    }

    pub(super) fn list_tasks(&self, call: &Call, input: ListTasks) -> Result<Value, ServiceError> {
        let rows = self.rows();
        let cluster = rows.cluster(&call.platform, input.cluster.as_deref())?;
        let group = match &input.service_name {
            None => None,
            Some(service) => {
                let service = rows.service(&call.platform, input.cluster.as_deref(), service)?;
                Some(format!("service:{}", service.name))
            }
        };
        let is_running = match input.desired_status.as_deref() {
            None | Some("RUNNING") => true,
            Some("STOPPED") => false,
            Some(_) => return Err(invalid("desiredStatus must be RUNNING or STOPPED.")),
        };
        let of_fargate = input.launch_type.as_deref().is_none_or(|kind| kind == "FARGATE");
        let tasks = rows.tasks.values().filter(|task| {
            task.cluster == cluster.arn
                && of_fargate
                && task.is_wanted() == is_running
                && group.as_ref().is_none_or(|group| task.group == *group)
                && input.started_by.as_ref().is_none_or(|by| task.started_by == *by)
                && input
                    .family
                    .as_ref()
                    .is_none_or(|family| short(&task.definition).split(':').next() == Some(family.as_str()))
        });
        let size = size(input.max_results, PAGE)?;
        let page = page(tasks, size, input.next_token.as_deref(), "InvalidParameterException")?;
        Ok(page.answer("taskArns", "nextToken", |task| task.arn.as_str().into()))
    }

    pub(super) fn stop_task(&self, call: &Call, input: StopTask) -> Result<Value, ServiceError> {
        let arn = {
            let rows = self.rows();
            rows.task(&call.platform, input.cluster.as_deref(), &input.task)?
                .arn
                .clone()
        };
        let reason = input.reason.unwrap_or_else(|| "Task stopped by user".into());
        let code = "UserInitiated".into();
        self.stop(&call.platform, &arn, Stop { code, reason });
        Ok(json!({"task": self.show_task(&arn)}))
    }

    pub(super) async fn run_task(self: Arc<Self>, call: Call, input: RunTask) -> Result<Value, ServiceError> {
        let platform = &call.platform;
        check_launch_type(input.launch_type.as_deref())?;
        let cluster = self.rows().cluster(platform, input.cluster.as_deref())?.arn.clone();
        if input.launch_type.as_deref() != Some("FARGATE") {
            return Err(refused("tasks with another launch type than `FARGATE`"));
        }
        if !matches!(input.platform_version.as_deref(), None | Some("LATEST" | "1.4.0")) {
            return Err(refused("other platform versions than `1.4.0`"));
        }
        let count = input.count.unwrap_or(1);
        if !(1..=10).contains(&count) {
            return Err(invalid("The value for count must be between 1 and 10."));
        }
        tags::check(&input.tags)?;
        let network = check_network(input.network_configuration)?;
        let (definition, family) = {
            let rows = self.rows();
            let found = rows.definition(&input.task_definition);
            let found = found.ok_or_else(|| client("TaskDefinition not found."))?;
            if !found.is_active() {
                return Err(client("TaskDefinition is inactive"));
            }
            (found.arn.clone(), found.asked.family.clone())
        };
        let started = (0..count).map(|_| {
            let new = New {
                cluster: cluster_arn(platform, Some(&cluster)),
                definition: definition.clone(),
                group: input.group.clone().unwrap_or_else(|| format!("family:{family}")),
                started_by: input.started_by.clone().unwrap_or_default(),
                network: network.clone(),
                load_balancers: Vec::new(),
                tags: input.tags.clone(),
            };
            start(&self, platform, new)
        });
        let started: Vec<String> = started.collect();
        let shown: Vec<Value> = started.iter().filter_map(|arn| self.show_task(arn)).collect();
        Ok(json!({"tasks": shown, "failures": []}))
    }
}

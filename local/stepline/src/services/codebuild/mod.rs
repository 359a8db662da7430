//! CodeBuild: runs a project's build specification on this machine.
//!
//! Follows <https://docs.aws.amazon.com/codebuild/latest/APIReference/Welcome.html>. A build gets its source from S3,
//! runs the commands of its `buildspec.yml` in one shell, with the credentials of the project's role and the variables
//! that CodeBuild sets, and leaves exported variables and artifacts. In place of a build image it has this machine,
//! with stand-ins for `docker` and `aws` ([`stand_in()`]) in front of its `PATH`; where a container engine answers, that
//! `docker` has the engine build.

mod artifacts;
mod build;
pub mod buildspec;
mod environment;
mod project;
mod run;
mod shell;
pub mod stand_in;

pub use stand_in::stand_in;

use crate::cloud::{Cloud, Requirement, Service};
use crate::error::ServiceError;
use crate::principal::Principal;
use crate::services::input::{read, required};
use build::Build;
use jiff::Timestamp;
use project::{Project, StartBuild};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// CodeBuild in this account and region.
#[derive(Debug, Default)]
pub struct CodeBuild {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    projects: BTreeMap<String, Project>,
    builds: HashMap<String, Arc<Running>>,
    started: u64,
}

/// A build while it runs, and afterwards.
#[derive(Debug)]
struct Running {
    build: Mutex<Build>,
    stop: watch::Sender<bool>,
    ended: watch::Sender<bool>,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Build> {
        self.build.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeBuild {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, id: &str) -> Option<Arc<Running>> {
        self.lock().builds.get(id).cloned()
    }

    /// Waits for a build's end and answers with its description, as BatchGetBuilds has it; None for an unknown one.
    pub async fn finished(&self, id: &str) -> Option<Value> {
        let running = self.running(id)?;
        // The sender is the build's own: it cannot be gone while `running` is here.
        let _ = running.ended.subscribe().wait_for(|ended| *ended).await;
        let described = running.lock().json();
        Some(described)
    }

    fn create_project(&self, cloud: &Cloud, input: &Value) -> Result<Value, ServiceError> {
        let project: Project = read(input)?;
        project.check_times()?;
        let arn = project_arn(cloud, &project.name);
        let mut state = self.lock();
        if state.projects.contains_key(&project.name) {
            return Err(ServiceError::new(
                "ResourceAlreadyExistsException",
                format_args!("Project already exists: {arn}"),
            ));
        }
        let shown = project.json(&arn);
        state.projects.insert(project.name.clone(), project);
        Ok(json!({"project": shown}))
    }

    fn batch_get_projects(&self, cloud: &Cloud, input: &Value) -> Result<Value, ServiceError> {
        let names: Vec<String> = read(&input["names"])?;
        let state = self.lock();
        let (mut projects, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            match state.projects.get(&name) {
                Some(project) => projects.push(project.json(&project_arn(cloud, &name))),
                None => missing.push(name),
            }
        }
        Ok(json!({"projects": projects, "projectsNotFound": missing}))
    }

    fn start_build(&self, cloud: &Arc<Cloud>, caller: &Principal, input: &Value) -> Result<Value, ServiceError> {
        let start: StartBuild = read(input)?;
        let mut state = self.lock();
        let known = state.projects.get(&start.project_name);
        let Some(known) = known else {
            return Err(ServiceError::new(
                "ResourceNotFoundException",
                format_args!("Project cannot be found: {}", project_arn(cloud, &start.project_name)),
            ));
        };
        let project = start.over(known)?;
        let project_arn = project_arn(cloud, &project.name);
        let trusted = cloud.iam.trusts_service(
            &cloud.account,
            &project.service_role,
            "codebuild.amazonaws.com",
            Some(&project_arn),
        );
        if !trusted.unwrap_or(false) {
            return Err(ServiceError::new(
                "InvalidInputException",
                format_args!(
                    "CodeBuild is not authorized to perform: sts:AssumeRole on {}",
                    project.service_role
                ),
            ));
        }
        state.started += 1;
        let id = format!("{}:{}", project.name, uuid::Uuid::new_v4());
        let build = Build {
            arn: cloud.account.arn("codebuild", format_args!("build/{id}")),
            id: id.clone(),
            number: state.started,
            project: project.name.clone(),
            initiator: match caller {
                Principal::RoleSession { role, session, .. } => format!("{role}/{session}"),
                other => other.arn(&cloud.account),
            },
            role_arn: project.service_role.clone(),
            source: json!(project.source),
            source_version: project.source_version.clone(),
            artifacts: project.artifacts.clone(),
            environment: json!(project.environment),
            log_group: project.log_group(),
            started: Timestamp::now(),
            ended: None,
            status: "IN_PROGRESS",
            phases: Vec::new(),
            exported: Vec::new(),
        };
        let shown = build.json();
        let running = Arc::new(Running {
            build: Mutex::new(build),
            stop: watch::Sender::new(false),
            ended: watch::Sender::new(false),
        });
        state.builds.insert(id, Arc::clone(&running));
        drop(state);
        tokio::spawn(run::run(Arc::clone(cloud), project, running));
        Ok(json!({"build": shown}))
    }

    fn batch_get_builds(&self, input: &Value) -> Result<Value, ServiceError> {
        let ids: Vec<String> = read(&input["ids"])?;
        let (mut builds, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            match self.running(&id) {
                Some(running) => builds.push(running.lock().json()),
                None => missing.push(id),
            }
        }
        Ok(json!({"builds": builds, "buildsNotFound": missing}))
    }

    fn stop_build(&self, input: &Value) -> Result<Value, ServiceError> {
        let id = required(input, "id")?;
        let running = self.running(id).ok_or_else(|| {
            ServiceError::new("ResourceNotFoundException", format_args!("Build cannot be found: {id}"))
        })?;
        running.stop.send_replace(true);
        let shown = running.lock().json();
        Ok(json!({"build": shown}))
    }

    fn list_builds_for_project(&self, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Input {
            project_name: String,
            sort_order: Option<String>,
            next_token: Option<String>,
        }
        let input: Input = read(input)?;
        let state = self.lock();
        let builds = state.builds.values().map(|running| running.lock().clone());
        let mut builds: Vec<Build> = builds.filter(|build| build.project == input.project_name).collect();
        builds.sort_by_key(|build| build.number);
        if input.sort_order.as_deref() != Some("ASCENDING") {
            builds.reverse();
        }
        let ids = builds.into_iter().map(|build| build.id);
        let page = crate::services::input::page(ids, 100, input.next_token.as_deref(), "InvalidInputException")?;
        let mut answer = json!({"ids": page.items});
        if let Some(token) = page.next_token {
            answer["nextToken"] = token.into();
        }
        Ok(answer)
    }
}

fn project_arn(cloud: &Cloud, name: &str) -> String {
    cloud.account.arn("codebuild", format_args!("project/{name}"))
}

#[async_trait::async_trait]
impl Service for CodeBuild {
    fn signing_name(&self) -> &'static str {
        "codebuild"
    }

    fn requirements(&self, cloud: &Cloud, operation: &str, input: &Value) -> Result<Vec<Requirement>, ServiceError> {
        let texts = |field: &str| -> Vec<&str> {
            let list = input[field].as_array().map_or(&[][..], Vec::as_slice);
            list.iter().filter_map(Value::as_str).collect()
        };
        let project = |id: &str| id.split(':').next().unwrap_or_default().to_owned();
        let projects: Vec<String> = match operation {
            "CreateProject" => vec![required(input, "name")?.to_owned()],
            "StartBuild" | "ListBuildsForProject" => vec![required(input, "projectName")?.to_owned()],
            "StopBuild" => vec![project(required(input, "id")?)],
            "BatchGetBuilds" => texts("ids").into_iter().map(project).collect(),
            "BatchGetProjects" => texts("names").into_iter().map(str::to_owned).collect(),
            _ => return Err(ServiceError::not_in_local_run("codebuild", operation)),
        };
        let action = format!("codebuild:{operation}");
        let mut requirements: Vec<Requirement> = projects
            .iter()
            .map(|name| Requirement::new(action.as_str(), project_arn(cloud, name)))
            .collect();
        if operation == "CreateProject" {
            let role = required(input, "serviceRole")?;
            requirements
                .push(Requirement::new("iam:PassRole", role).with("iam:PassedToService", "codebuild.amazonaws.com"));
        }
        Ok(requirements)
    }

    async fn call(
        &self,
        cloud: &Arc<Cloud>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateProject" => self.create_project(cloud, &input),
            "BatchGetProjects" => self.batch_get_projects(cloud, &input),
            "StartBuild" => self.start_build(cloud, caller, &input),
            "BatchGetBuilds" => self.batch_get_builds(&input),
            "StopBuild" => self.stop_build(&input),
            "ListBuildsForProject" => self.list_builds_for_project(&input),
            _ => Err(ServiceError::not_in_local_run("codebuild", operation)),
        }
    }
}

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

use crate::by_name::ByName;
use crate::containers::Containers;
use build::Build;
use jiff::Timestamp;
use platform::error::ServiceError;
use platform::input::{read, required};
use platform::principal::Principal;
use platform::{Platform, Requirement};
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
    containers: Arc<Containers>,
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
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Build> {
        self.build.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeBuild {
    /// CodeBuild that builds images in these containers' engine, where one answers.
    pub fn new(containers: Arc<Containers>) -> Self {
        Self {
            state: Mutex::default(),
            containers,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, id: &str) -> Option<Arc<Running>> {
        self.lock().builds.get(id).cloned()
    }

    fn create_project(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let project: Project = read(input)?;
        project.check_times()?;
        let arn = project_arn(platform, &project.name);
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

    fn batch_get_projects(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let names: Vec<String> = read(&input["names"])?;
        let state = self.lock();
        let (mut projects, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            match state.projects.get(&name) {
                Some(project) => projects.push(project.json(&project_arn(platform, &name))),
                None => missing.push(name),
            }
        }
        Ok(json!({"projects": projects, "projectsNotFound": missing}))
    }

    fn start_build(&self, platform: &Arc<Platform>, caller: &Principal, input: &Value) -> Result<Value, ServiceError> {
        let start: StartBuild = read(input)?;
        let mut state = self.lock();
        let known = state.projects.get(&start.project_name);
        let Some(known) = known else {
            return Err(ServiceError::new(
                "ResourceNotFoundException",
                format_args!(
                    "Project cannot be found: {}",
                    project_arn(platform, &start.project_name)
                ),
            ));
        };
        let project = start.over(known)?;
        let project_arn = project_arn(platform, &project.name);
        let trusted = platform.iam.trusts_service(
            &platform.account,
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
            arn: platform.account.arn("codebuild", format_args!("build/{id}")),
            id: id.clone(),
            number: state.started,
            project: project.name.clone(),
            initiator: match caller {
                Principal::RoleSession { role, session, .. } => format!("{role}/{session}"),
                other => other.arn(&platform.account),
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
        let underway = platform.ongoing.began(&build.arn);
        let running = Arc::new(Running {
            build: Mutex::new(build),
            stop: watch::Sender::new(false),
        });
        state.builds.insert(id, Arc::clone(&running));
        drop(state);
        let engine = self.containers.engine().cloned();
        tokio::spawn(run::run(Arc::clone(platform), engine, project, running, underway));
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
        let page = platform::input::page(ids, 100, input.next_token.as_deref(), "InvalidInputException")?;
        let mut answer = json!({"ids": page.items});
        if let Some(token) = page.next_token {
            answer["nextToken"] = token.into();
        }
        Ok(answer)
    }
}

fn project_arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("codebuild", format_args!("project/{name}"))
}

crate::by_name::by_name!(CodeBuild);

#[async_trait::async_trait]
impl ByName for CodeBuild {
    fn signing_name(&self) -> &'static str {
        "codebuild"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
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
            .map(|name| Requirement::new(action.as_str(), project_arn(platform, name)))
            .collect();
        if operation == "CreateProject" {
            let role = required(input, "serviceRole")?;
            requirements
                .push(Requirement::new("iam:PassRole", role).with("iam:PassedToService", "codebuild.amazonaws.com"));
        }
        Ok(requirements)
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateProject" => self.create_project(platform, &input),
            "BatchGetProjects" => self.batch_get_projects(platform, &input),
            "StartBuild" => self.start_build(platform, caller, &input),
            "BatchGetBuilds" => self.batch_get_builds(&input),
            "StopBuild" => self.stop_build(&input),
            "ListBuildsForProject" => self.list_builds_for_project(&input),
            _ => Err(ServiceError::not_in_local_run("codebuild", operation)),
        }
    }
}

//! CodeBuild: runs a project's build specification on this machine.
//!
//! Follows <https://docs.aws.amazon.com/codebuild/latest/APIReference/Welcome.html>. A build gets its source from S3. It
//! runs the commands of its `buildspec.yml` in one shell, with the credentials of the project's role and the variables
//! that CodeBuild sets. It leaves exported variables, artifacts and test reports.
//!
//! There is no build image: the commands run on this machine. Their `PATH` begins with stand-ins for `docker` and `aws`
//! ([`stand_in()`]). If a container engine answers, that `docker` has the engine build.

mod artifacts;
mod build;
pub mod buildspec;
mod environment;
mod managed;
mod needs;
mod notes;
mod project;
mod reports;
mod run;
mod shell;
pub mod stand_in;
#[cfg(test)]
mod tests;
mod unpacking;

pub use stand_in::stand_in;

use crate::containers::Containers;
use build::{Build, Running};
use managed::RunManagedBuild;
use platform::input::On;
use platform::store::{Shelf, Store, StoreError};
use platform::{Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
use project::{Made, Project, StartBuild, invalid, project_arn, project_name};
use reports::{
    CreateReportGroup, DeleteReport, DeleteReportGroup, DescribeTestCases, Groups, Kept, ListReportGroups, ListReports,
    OfGroup, Reports, group_of,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// CodeBuild in this account and region.
#[derive(Debug, Default)]
pub struct CodeBuild {
    state: Mutex<State>,
    containers: Arc<Containers>,
    reports: Arc<Kept>,
}

#[derive(Debug, Default)]
struct State {
    projects: BTreeMap<String, Made>,
    builds: HashMap<String, Arc<Running>>,
    started: u64,
    /// Where builds are kept.
    rows: Shelf,
}

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>.
impl Served for CodeBuild {
    const SIGNING_NAME: &'static str = "codebuild";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<CodeBuild>> = LazyLock::new(|| {
            Operations::new(
                of_reports().into_iter().chain([
                    Operation::new(
                        "CreateProject",
                        |_: &CodeBuild, platform: &Platform, it: &Project| needs::to_create_project(platform, it),
                        CodeBuild::create_project,
                    ),
                    on(
                        "DeleteProject",
                        |it: &ProjectName| vec![&it.name],
                        CodeBuild::delete_project,
                    ),
                    Operation::new(
                        "UpdateProject",
                        |_: &CodeBuild, platform: &Platform, it: &Map<String, Value>| {
                            needs::to_update_project(platform, it)
                        },
                        CodeBuild::update_project,
                    ),
                    Operation::on("ListBuilds", |_, _: &ListBuilds| "*", CodeBuild::list_builds),
                    Operation::on("ListProjects", |_, _: &ListProjects| "*", CodeBuild::list_projects),
                    on(
                        "BatchGetProjects",
                        |it: &Names| it.names.iter().map(|name| project_name(name)).collect(),
                        CodeBuild::batch_get_projects,
                    ),
                    // CodePipeline's own, which no client may call.
                    Operation::waiting(
                        "RunManagedBuild",
                        |_, _, _: &RunManagedBuild| Ok(Vec::new()),
                        CodeBuild::run_managed_build,
                    )
                    .internal(),
                    on(
                        "StartBuild",
                        |it: &StartBuild| vec![&it.project_name],
                        CodeBuild::start_build,
                    ),
                    on(
                        "BatchGetBuilds",
                        |it: &Ids| it.ids.iter().map(|id| project_of(id)).collect(),
                        CodeBuild::batch_get_builds,
                    ),
                    on("StopBuild", |it: &Id| vec![project_of(&it.id)], CodeBuild::stop_build),
                    on(
                        "ListBuildsForProject",
                        |it: &List| vec![&it.project_name],
                        CodeBuild::list_builds_for_project,
                    ),
                ]),
            )
        });
        &TABLE
    }
}

/// The operations on test reports and their groups.
fn of_reports() -> Vec<Operation<CodeBuild>> {
    vec![
        Operation::new(
            "CreateReportGroup",
            |_: &CodeBuild, platform: &Platform, it: &CreateReportGroup| {
                Ok(vec![needs::giving("CreateReportGroup", &it.arn(platform), &it.tags)])
            },
            |it: &CodeBuild, call: &Call, input| it.reports.create_group(call, input),
        ),
        on_groups(
            "BatchGetReportGroups",
            |it: &Groups| it.report_group_arns.clone(),
            |kept, input| kept.batch_get_groups(input),
        ),
        on_groups(
            "DeleteReportGroup",
            |it: &DeleteReportGroup| vec![it.arn.clone()],
            |kept, input| kept.delete_group(&input),
        ),
        on_groups(
            "ListReportGroups",
            |_: &ListReportGroups| vec!["*".into()],
            |kept, input| kept.list_groups(&input),
        ),
        on_groups(
            "BatchGetReports",
            |it: &Reports| it.report_arns.iter().map(|arn| group_of(arn)).collect(),
            |kept, input| kept.batch_get_reports(input),
        ),
        on_groups(
            "DeleteReport",
            |it: &DeleteReport| vec![group_of(&it.arn)],
            |kept, input| kept.delete_report(&input),
        ),
        on_groups(
            "ListReports",
            |_: &ListReports| vec!["*".into()],
            |kept, input| kept.list_reports(None, &input),
        ),
        on_groups(
            "ListReportsForReportGroup",
            |it: &On<OfGroup, ListReports>| vec![it.target.report_group_arn.clone()],
            |kept, input| kept.list_reports(Some(&input.target), &input.own),
        ),
        on_groups(
            "DescribeTestCases",
            |it: &DescribeTestCases| vec![group_of(&it.report_arn)],
            |kept, input| kept.describe_test_cases(&input),
        ),
    ]
}

/// An operation on these projects.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    projects: fn(&I) -> Vec<&str>,
    does: fn(&CodeBuild, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<CodeBuild> {
    let requires = move |_: &CodeBuild, platform: &Platform, input: &I| {
        let projects = projects(input).into_iter();
        let each =
            projects.map(|project| Requirement::new(format!("codebuild:{name}"), project_arn(platform, project)));
        Ok(each.collect())
    };
    Operation::new(name, requires, does)
}

/// An operation on these report groups.
fn on_groups<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    groups: fn(&I) -> Vec<String>,
    does: fn(&Kept, I) -> Result<Value, ServiceError>,
) -> Operation<CodeBuild> {
    let requires = move |_: &CodeBuild, _: &Platform, input: &I| {
        let groups = groups(input).into_iter();
        Ok(groups
            .map(|group| Requirement::new(format!("codebuild:{name}"), group))
            .collect())
    };
    Operation::new(name, requires, move |it: &CodeBuild, _: &Call, input| {
        does(&it.reports, input)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProjectName {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ids {
    ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct List {
    project_name: String,
    sort_order: Option<String>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListBuilds {
    sort_order: Option<String>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListProjects {
    sort_by: Option<String>,
    sort_order: Option<String>,
    next_token: Option<String>,
}

impl CodeBuild {
    /// CodeBuild that builds images in these containers' engine, where one answers.
    pub fn new(containers: Arc<Containers>) -> Self {
        Self {
            state: Mutex::default(),
            containers,
            reports: Arc::default(),
        }
    }

    /// The same, with what this store keeps of it. Builds that were under way have stopped.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store, containers: Arc<Containers>) -> Result<Self, StoreError> {
        let rows = Shelf::new(store, "codebuild/builds", "builds");
        let mut state = State::default();
        for (id, mut build) in rows.read::<Build>()? {
            build.cut_off();
            state.started = state.started.max(build.number);
            state.builds.insert(id, Running::new(&rows, build));
        }
        Ok(Self {
            state: Mutex::new(State { rows, ..state }),
            containers,
            reports: Arc::new(Kept::open(store)?),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self, id: &str) -> Option<Arc<Running>> {
        self.lock().builds.get(id).cloned()
    }

    fn create_project(&self, call: &Call, project: Project) -> Result<Value, ServiceError> {
        project.check(&call.platform.account)?;
        let arn = project_arn(&call.platform, &project.name);
        let mut state = self.lock();
        if state.projects.contains_key(&project.name) {
            return Err(ServiceError::new(
                "ResourceAlreadyExistsException",
                format_args!("Project already exists: {arn}"),
            ));
        }
        let name = project.name.clone();
        let made = Made::new(project);
        let shown = made.json(&call.platform);
        state.projects.insert(name, made);
        Ok(json!({"project": shown}))
    }

    fn delete_project(&self, _: &Call, input: ProjectName) -> Result<Value, ServiceError> {
        // One that is not there is gone already.
        self.lock().projects.remove(&input.name);
        Ok(json!({}))
    }

    /// Changes the members that are given. The others stay.
    fn update_project(&self, call: &Call, input: Map<String, Value>) -> Result<Value, ServiceError> {
        let name = input.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let arn = project_arn(&call.platform, &name);
        let mut state = self.lock();
        let known = state.projects.get_mut(&name).ok_or_else(|| {
            ServiceError::new(
                "ResourceNotFoundException",
                format_args!("Project cannot be found: {arn}"),
            )
        })?;
        let mut changed = json!(known.project);
        for (member, value) in input {
            changed[member] = value;
        }
        let project: Project = platform::input::read(changed)?;
        project.check(&call.platform.account)?;
        known.changed(project);
        Ok(json!({"project": known.json(&call.platform)}))
    }

    fn list_projects(&self, _: &Call, input: ListProjects) -> Result<Value, ServiceError> {
        if let Some(by) = input.sort_by.filter(|by| by != "NAME") {
            let message = format_args!("the local run lists projects by NAME alone, not by {by}");
            return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
        }
        let mut names: Vec<String> = self.lock().projects.keys().cloned().collect();
        if input.sort_order.as_deref() == Some("DESCENDING") {
            names.reverse();
        }
        let page = platform::input::page(names, 100, input.next_token.as_deref(), "InvalidInputException")?;
        Ok(page.answer("projects", "nextToken", Value::from))
    }

    fn batch_get_projects(&self, call: &Call, input: Names) -> Result<Value, ServiceError> {
        let state = self.lock();
        let (mut projects, mut missing) = (Vec::new(), Vec::new());
        for name in input.names {
            match state.projects.get(project_name(&name)) {
                Some(made) => projects.push(made.json(&call.platform)),
                None => missing.push(name),
            }
        }
        Ok(json!({"projects": projects, "projectsNotFound": missing}))
    }

    fn start_build(&self, call: &Call, start: StartBuild) -> Result<Value, ServiceError> {
        let platform = &call.platform;
        let arn = project_arn(platform, &start.project_name);
        let state = self.lock();
        let Some(known) = state.projects.get(&start.project_name) else {
            return Err(no_such_project(&arn));
        };
        let project = start.over(&known.project)?;
        let role = &project.service_role;
        let trusted = platform
            .iam
            .trusts_service(&platform.account, role, "codebuild.amazonaws.com", Some(&arn));
        if !trusted.unwrap_or(false) {
            return Err(ServiceError::new(
                "InvalidInputException",
                format_args!("CodeBuild is not authorized to perform: sts:AssumeRole on {role}"),
            ));
        }
        drop(state);
        let running = self.begin(call, project);
        let shown = running.lock().json();
        Ok(json!({"build": shown}))
    }

    /// Runs a build of CodePipeline's, and answers when it has ended.
    async fn run_managed_build(self: Arc<Self>, call: Call, input: RunManagedBuild) -> Result<Value, ServiceError> {
        RunManagedBuild::allow(&call)?;
        let running = self.begin(&call, input.project()?);
        let arn = running.lock().arn.clone();
        call.platform.ongoing.end(&arn).await;
        let shown = running.lock().json();
        Ok(json!({"build": shown}))
    }

    /// Starts a build in the background.
    fn begin(&self, call: &Call, project: Project) -> Arc<Running> {
        let platform = &call.platform;
        let mut state = self.lock();
        state.started += 1;
        let build = Build::new(&platform.account, &call.caller, &project, state.started);
        let underway = platform.ongoing.began(&build.arn);
        let running = Running::new(&state.rows, build);
        let id = running.lock().id.clone();
        state.builds.insert(id, Arc::clone(&running));
        drop(state);
        let means = run::Means {
            platform: Arc::clone(platform),
            containers: Arc::clone(&self.containers),
            reports: Arc::clone(&self.reports),
        };
        tokio::spawn(run::run(means, project, Arc::clone(&running), underway));
        running
    }

    fn batch_get_builds(&self, _: &Call, input: Ids) -> Result<Value, ServiceError> {
        input.ids.iter().try_for_each(|id| check_id(id))?;
        let (mut builds, mut missing) = (Vec::new(), Vec::new());
        for id in input.ids {
            match self.running(&id) {
                Some(running) => builds.push(running.lock().json()),
                None => missing.push(id),
            }
        }
        Ok(json!({"builds": builds, "buildsNotFound": missing}))
    }

    fn stop_build(&self, _: &Call, input: Id) -> Result<Value, ServiceError> {
        check_id(&input.id)?;
        let running = self.running(&input.id).ok_or_else(|| {
            let message = format_args!("Build cannot be found: {}", input.id);
            ServiceError::new("ResourceNotFoundException", message)
        })?;
        running.stop.send_replace(true);
        let shown = running.lock().json();
        Ok(json!({"build": shown}))
    }

    fn list_builds_for_project(&self, call: &Call, input: List) -> Result<Value, ServiceError> {
        let state = self.lock();
        if !state.projects.contains_key(&input.project_name) {
            return Err(no_such_project(&project_arn(&call.platform, &input.project_name)));
        }
        let of_project = |build: &Build| build.project == input.project_name;
        state.listed(of_project, input.sort_order.as_deref(), input.next_token.as_deref())
    }

    /// The builds of all projects, the latest first where nobody says otherwise.
    fn list_builds(&self, _: &Call, input: ListBuilds) -> Result<Value, ServiceError> {
        let state = self.lock();
        state.listed(|_| true, input.sort_order.as_deref(), input.next_token.as_deref())
    }
}

impl State {
    /// A page of the ids of builds.
    fn listed(
        &self,
        wanted: impl Fn(&Build) -> bool,
        order: Option<&str>,
        token: Option<&str>,
    ) -> Result<Value, ServiceError> {
        let builds = self.builds.values().map(|running| running.lock().clone());
        let mut builds: Vec<Build> = builds.filter(|build| wanted(build)).collect();
        builds.sort_by_key(|build| build.number);
        if order != Some("ASCENDING") {
            builds.reverse();
        }
        let ids = builds.into_iter().map(|build| build.id);
        let page = platform::input::page(ids, 100, token, "InvalidInputException")?;
        Ok(page.answer("ids", "nextToken", Value::from))
    }
}

/// Refuses what cannot be the id of a build: a project's name, a colon, and what CodeBuild made up.
fn check_id(id: &str) -> Result<(), ServiceError> {
    match id.split_once(':') {
        Some((project, build)) if !project.is_empty() && !build.is_empty() => Ok(()),
        _ => Err(invalid("Invalid build ID provided")),
    }
}

fn no_such_project(arn: &str) -> ServiceError {
    let message = format_args!("Project cannot be found: {arn}");
    ServiceError::new("ResourceNotFoundException", message)
}

/// The project of a build, which the build's id begins with.
fn project_of(build: &str) -> &str {
    build.split_once(':').map_or(build, |(project, _)| project)
}

//! Running an execution: stage after stage, and in a stage the actions in their run order.

use super::actions;
use super::declaration::{Action, Stage};
use super::execution::{ActionRun, ActionStatus, Artifact, Execution, Status};
use super::gates::{Entry, Visitor};
use super::jobs::Jobs;
use super::notify::Notify;
use super::pipeline::Pipeline;
use super::variables;
use super::work::{Done, Failure, Work};
use jiff::Timestamp;
use platform::Platform;
use platform::journal::Happening;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;

/// How many bytes an action's configuration may have when its variables are resolved.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const RESOLVED_LIMIT: usize = 100 * 1024;

/// Which actions of the first stage run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rerun {
    /// All of them.
    All,
    /// All but these, which succeeded in an earlier attempt.
    AllBut(BTreeSet<String>),
}

/// How a stage or an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) status: Status,
    pub(super) reason: Option<String>,
}

impl Ending {
    fn succeeded() -> Self {
        Self {
            status: Status::Succeeded,
            reason: None,
        }
    }

    pub(super) fn stopped(execution: &Execution) -> Self {
        Self {
            status: Status::Stopped,
            reason: execution.progress().summary.clone(),
        }
    }
}

/// Runs `execution` from its stage with the index `from`, in the background.
pub(super) fn launch(
    place: (&Arc<Platform>, &Arc<Jobs>),
    pipeline: &Arc<Pipeline>,
    execution: &Arc<Execution>,
    from: usize,
    rerun: Rerun,
) {
    let engine = Engine::new(place, pipeline, execution);
    let underway = engine.platform.ongoing.began(&execution.id);
    tokio::spawn(async move {
        let ending = engine.run(from, rerun).await;
        underway.ended(ending == Status::Succeeded);
    });
}

/// An execution that runs.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) platform: Arc<Platform>,
    pub(super) jobs: Arc<Jobs>,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) execution: Arc<Execution>,
    notify: Notify,
}

impl Engine {
    pub(super) fn new(
        (platform, jobs): (&Arc<Platform>, &Arc<Jobs>),
        pipeline: &Arc<Pipeline>,
        execution: &Arc<Execution>,
    ) -> Self {
        Self {
            notify: Notify::new(platform, execution),
            platform: platform.clone(),
            jobs: jobs.clone(),
            pipeline: pipeline.clone(),
            execution: execution.clone(),
        }
    }

    async fn run(self, from: usize, rerun: Rerun) -> Status {
        let began = Instant::now();
        let pipeline = self.execution.declaration.name.clone();
        self.platform.journal.record(Happening::PipelineStarted {
            pipeline: pipeline.clone(),
            execution_id: self.execution.id.clone(),
        });
        let is_new = self.execution.progress().attempt == 1;
        self.notify.pipeline(if is_new { "STARTED" } else { "RESUMED" });
        let ending = self.end(self.stages(from, rerun).await);
        self.notify.pipeline(&ending.status.word().to_uppercase());
        self.platform.journal.record(Happening::PipelineEnded {
            pipeline,
            execution_id: self.execution.id.clone(),
            status: ending.status.word().to_owned(),
            reason: ending.reason,
            took: began.elapsed(),
        });
        ending.status
    }

    /// Ends the execution. If somebody has asked it to stop in its last moment, and was told that it will, then it has
    /// stopped and not succeeded.
    pub(super) fn end(&self, ending: Ending) -> Ending {
        let mut progress = self.execution.progress();
        let ending = match (ending.status, progress.status) {
            (Status::Succeeded, Status::Stopping) => Ending {
                status: Status::Stopped,
                reason: progress.summary.clone(),
            },
            _ => ending,
        };
        progress.status = ending.status;
        progress.updated = Timestamp::now();
        ending
    }

    async fn stages(&self, from: usize, rerun: Rerun) -> Ending {
        let declaration = &self.execution.declaration;
        let mut rerun = Some(rerun);
        // A rollback is of one stage.
        let most = self.execution.rolled_back_to().map_or(usize::MAX, |_| 1);
        // A later attempt begins in the stage that it runs again.
        let mut is_back = self.execution.progress().attempt > 1;
        for stage in declaration.stages.iter().skip(from).take(most) {
            let visitor = Visitor {
                execution: &self.execution.id,
                started: self.execution.started,
                is_back: std::mem::take(&mut is_back),
            };
            let entry = tokio::select! {
                entry = self.pipeline.gates.enter(declaration.execution_mode, &stage.name, visitor) => Some(entry),
                () = self.execution.stopping() => None,
            };
            let ending = match entry {
                Some(Entry::Entered) => self.stage(stage, rerun.take().unwrap_or(Rerun::All)).await,
                Some(Entry::Superseded) => Ending {
                    status: Status::Superseded,
                    reason: Some(format!("a newer execution took its place before stage {}", stage.name)),
                },
                None => Ending::stopped(&self.execution),
            };
            self.pipeline.gates.leave(&stage.name, &self.execution.id);
            if !matches!(ending.status, Status::Succeeded | Status::Skipped) {
                return ending;
            }
            if self.execution.is_stopping() {
                return Ending::stopped(&self.execution);
            }
        }
        Ending::succeeded()
    }

    pub(super) fn set_stage(&self, stage: &str, status: Status) {
        self.execution.progress().stages.insert(stage.to_owned(), status);
        self.notify.stage(stage, &status.word().to_uppercase());
    }

    /// Runs a stage without its conditions.
    pub(super) async fn run_stage(&self, stage: &Stage, rerun: &Rerun) -> Ending {
        let began = Instant::now();
        self.execution
            .progress()
            .stages
            .insert(stage.name.clone(), Status::InProgress);
        self.platform.journal.record(Happening::StageStarted {
            stage: stage.name.clone(),
        });
        self.notify.stage(&stage.name, "STARTED");
        let ending = self.actions(stage, rerun).await;
        self.set_stage(&stage.name, ending.status);
        self.platform.journal.record(Happening::StageEnded {
            stage: stage.name.clone(),
            status: ending.status.word().to_owned(),
            took: began.elapsed(),
        });
        ending
    }

    /// Runs a stage's actions: those of one run order side by side, then the next order.
    async fn actions(&self, stage: &Stage, rerun: &Rerun) -> Ending {
        let mut orders: BTreeMap<u32, Vec<&Action>> = BTreeMap::new();
        for action in &stage.actions {
            if !matches!(rerun, Rerun::AllBut(done) if done.contains(&action.name)) {
                orders.entry(action.run_order).or_default().push(action);
            }
        }
        for actions in orders.into_values() {
            let mut running = JoinSet::new();
            for action in actions {
                let engine = self.clone();
                let stage = stage.name.clone();
                let action = action.clone();
                running.spawn(async move { engine.action(&stage, action).await });
            }
            let endings = running.join_all().await;
            if let Some(failed) = endings.iter().find(|ending| ending.status == Status::Failed) {
                return failed.clone();
            }
            if endings.iter().any(|ending| ending.status == Status::Stopped) || self.execution.is_stopping() {
                return Ending::stopped(&self.execution);
            }
        }
        Ending::succeeded()
    }

    async fn action(&self, stage: &str, action: Action) -> Ending {
        let began = Instant::now();
        let run = self.begin(stage, &action);
        self.platform.journal.record(Happening::ActionStarted {
            stage: stage.to_owned(),
            action: action.name.clone(),
            provider: action.action_type_id.provider.clone(),
        });
        self.notify.action(&run.id, "STARTED");
        let result = tokio::select! {
            biased;
            () = self.execution.abandoned() => None,
            result = self.perform(stage, &action, &run.id) => Some(result),
        };
        let (status, message) = match &result {
            Some(Ok(())) => (ActionStatus::Succeeded, None),
            Some(Err(failure)) => (ActionStatus::Failed, Some(failure.message.clone())),
            None => (ActionStatus::Abandoned, None),
        };
        self.execution.update_action(&run.id, |run| {
            run.status = status;
            run.answered = run.token.take();
            if let Some(Err(failure)) = &result {
                run.error = Some((failure.code.clone(), failure.message.clone()));
                run.external_id = failure.external_id.clone().or(run.external_id.take());
            }
        });
        self.platform.journal.record(Happening::ActionEnded {
            stage: stage.to_owned(),
            action: action.name.clone(),
            status: status.word().to_owned(),
            message: message.clone(),
            took: began.elapsed(),
        });
        self.notify.action(&run.id, &status.word().to_uppercase());
        match status {
            ActionStatus::Succeeded => Ending::succeeded(),
            ActionStatus::Failed => Ending {
                status: Status::Failed,
                reason: message.map(|message| format!("action {} in stage {stage} failed: {message}", action.name)),
            },
            ActionStatus::Abandoned | ActionStatus::InProgress => Ending::stopped(&self.execution),
        }
    }

    fn begin(&self, stage: &str, action: &Action) -> ActionRun {
        let now = Timestamp::now();
        let run = ActionRun {
            id: uuid::Uuid::new_v4().to_string(),
            stage: stage.to_owned(),
            action: action.clone(),
            status: ActionStatus::InProgress,
            started: now,
            updated: now,
            resolved: BTreeMap::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            variables: BTreeMap::new(),
            external_id: None,
            summary: None,
            error: None,
            updated_by: None,
            token: None,
            answered: None,
        };
        self.execution.progress().actions.push(run.clone());
        run
    }

    /// Resolves what the action needs, and does it.
    pub(super) async fn carry_out(&self, stage: &str, action: &Action, run_id: &str) -> Result<Done, Failure> {
        let (configuration, inputs) = self.resolve(action)?;
        let outputs: Vec<Artifact> = action
            .output_artifacts
            .iter()
            .map(|artifact| self.new_artifact(&artifact.name))
            .collect();
        self.execution.update_action(run_id, |run| {
            run.resolved.clone_from(&configuration);
            run.inputs.clone_from(&inputs);
        });
        let role = action.role_arn.as_ref().unwrap_or(&self.execution.declaration.role_arn);
        let (iam, account) = (&self.platform.iam, &self.platform.account);
        let session = |role: &str| {
            let session = iam.session(role, &self.execution.id, Vec::new());
            session.map_err(|error| Failure::new("ConfigurationError", error.message))
        };
        let caller = session(role)?;
        // An action's own role is assumed by the pipeline's.
        let pipelines = &self.execution.declaration.role_arn;
        if role != pipelines && !iam.may_assume(account, role, &session(pipelines)?).unwrap_or(false) {
            let message = format!("The role {pipelines} is not authorized to perform AssumeRole on role {role}");
            return Err(Failure::new("PermissionError", message));
        }
        actions::perform(Work {
            platform: &self.platform,
            jobs: &self.jobs,
            pipeline: &self.pipeline,
            execution: &self.execution,
            stage,
            action,
            run_id,
            role,
            caller,
            configuration,
            inputs,
            outputs,
        })
        .await
    }

    /// Does what the action is for, and keeps what it made.
    async fn perform(&self, stage: &str, action: &Action, run_id: &str) -> Result<(), Failure> {
        let done = self.carry_out(stage, action, run_id).await?;
        let mut progress = self.execution.progress();
        for artifact in &done.outputs {
            progress.artifacts.insert(artifact.name.clone(), artifact.clone());
        }
        if let Some(namespace) = &action.namespace {
            progress.namespaces.insert(namespace.clone(), done.variables.clone());
        }
        drop(progress);
        if !done.variables.is_empty() {
            self.platform.journal.record(Happening::OutputVariables {
                stage: stage.to_owned(),
                action: action.name.clone(),
                variables: serde_json::json!(done.variables),
            });
        }
        self.execution.update_action(run_id, |run| {
            run.outputs = done.outputs;
            run.variables = done.variables;
            run.external_id = done.external_id;
            run.summary = done.summary;
        });
        Ok(())
    }

    fn resolve(&self, action: &Action) -> Result<(BTreeMap<String, String>, Vec<Artifact>), Failure> {
        let progress = self.execution.progress();
        let configuration = action
            .configuration
            .iter()
            .map(|(key, value)| Ok((key.clone(), variables::resolve(value, &progress.namespaces)?)))
            .collect::<Result<BTreeMap<_, _>, String>>()
            .map_err(|message| Failure::new("ConfigurationError", message))?;
        let size: usize = configuration
            .iter()
            .map(|(key, value): (&String, &String)| key.len() + value.len())
            .sum();
        if size > RESOLVED_LIMIT {
            let message =
                format!("its resolved configuration has {size} bytes, and CodePipeline takes {RESOLVED_LIMIT}");
            return Err(Failure::new("ConfigurationError", message));
        }
        let inputs = action
            .input_artifacts
            .iter()
            .map(|artifact| {
                progress.artifacts.get(&artifact.name).cloned().ok_or_else(|| {
                    let message = format!(
                        "Input Artifact Bundle {} does not exist or it has expired",
                        artifact.name
                    );
                    Failure::new("ConfigurationError", message)
                })
            })
            .collect::<Result<_, _>>()?;
        Ok((configuration, inputs))
    }

    /// Where a new artifact goes: `<pipeline>/<artifact>/<random>`, both names cut as CodePipeline cuts them.
    fn new_artifact(&self, name: &str) -> Artifact {
        let declaration = &self.execution.declaration;
        let cut = |name: &str, length: usize| name.chars().take(length).collect::<String>();
        let random = uuid::Uuid::new_v4().simple().to_string();
        let store = declaration.store(&self.platform.account.region);
        Artifact {
            name: name.to_owned(),
            bucket: store.map(|store| store.location.clone()).unwrap_or_default(),
            key: format!("{}/{}/{}", cut(&declaration.name, 20), cut(name, 10), &random[..7]),
            revision: None,
        }
    }
}

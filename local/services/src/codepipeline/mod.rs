//! CodePipeline, as far as the chain needs it. Follows
//! <https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html>.

mod actions;
mod check;
mod conditions;
mod control;
mod declaration;
mod elsewhere;
mod engine;
mod execution;
mod gates;
mod jobs;
mod listing;
mod notify;
mod parts;
mod past;
mod pipeline;
mod providers;
mod rollback;
mod rules;
mod stack;
mod stage;
mod state;
mod tagging;
mod tags;
#[cfg(test)]
mod tests;
mod transitions;
mod variables;
mod view;
mod work;

pub use actions::source::source_files;
pub use jobs::{Answer, FailureDetails, Success};
pub use pipeline::CodePipeline;

use crate::tags::SmallTag;
use control::{Approve, Retry, Start, Stop, begin};
use declaration::Declaration;
use execution::Execution;
use jiff::Timestamp;
use jobs::Jobs;
use listing::{ListActions, ListExecutions};
use pipeline::{First, Pipeline, lock};
use platform::input::seconds;
use platform::{Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
use rollback::Rollback;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use transitions::{Disable, Enable};

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html>.
impl Served for CodePipeline {
    const SIGNING_NAME: &'static str = "codepipeline";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<CodePipeline>> = LazyLock::new(|| {
            Operations::new([
                put("CreatePipeline", CodePipeline::create),
                put("UpdatePipeline", CodePipeline::update),
                on("GetPipeline", |it: &Named| &it.name, CodePipeline::get),
                on("DeletePipeline", |it: &Named| &it.name, CodePipeline::delete),
                on("GetPipelineState", |it: &Named| &it.name, CodePipeline::get_state),
                on("StartPipelineExecution", |it: &Start| &it.name, CodePipeline::start),
                on(
                    "StopPipelineExecution",
                    |it: &Stop| &it.pipeline_name,
                    CodePipeline::stop,
                ),
                on(
                    "GetPipelineExecution",
                    |it: &GetExecution| &it.pipeline_name,
                    CodePipeline::get_execution,
                ),
                on(
                    "ListPipelineExecutions",
                    |it: &ListExecutions| &it.pipeline_name,
                    CodePipeline::list_executions,
                ),
                on(
                    "ListActionExecutions",
                    |it: &ListActions| &it.pipeline_name,
                    CodePipeline::list_action_executions,
                ),
                Operation::on("RetryStageExecution", Retry::stage, CodePipeline::retry),
                Operation::on("RollbackStage", Rollback::stage, CodePipeline::roll_back),
                Operation::on("DisableStageTransition", Disable::stage, CodePipeline::disable),
                Operation::on("EnableStageTransition", Enable::stage, CodePipeline::enable),
                Operation::on("PutApprovalResult", Approve::action, CodePipeline::approve),
                Operation::on("ListPipelines", all, CodePipeline::list_pipelines),
                Operation::new("ListTagsForResource", tagging::may_list, CodePipeline::list_tags),
                Operation::new("TagResource", tagging::may_tag, CodePipeline::tag),
                Operation::new("UntagResource", tagging::may_untag, CodePipeline::untag),
                // IAM does not know which pipeline a job belongs to.
                Operation::on("PutJobSuccessResult", all, |it: &CodePipeline, _, input| {
                    it.jobs.succeeded(input)
                }),
                Operation::on("PutJobFailureResult", all, |it: &CodePipeline, _, input| {
                    it.jobs.failed(input)
                }),
            ])
        });
        &TABLE
    }
}

/// An operation on the pipeline of this name.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    pipeline: fn(&I) -> &str,
    does: fn(&CodePipeline, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<CodePipeline> {
    let arn = move |platform: &Platform, input: &I| platform.account.arn("codepipeline", pipeline(input));
    Operation::on(name, arn, does)
}

/// An operation that gives a pipeline its declaration, and so its role.
fn put(
    name: &'static str,
    does: fn(&CodePipeline, &Call, WithPipeline) -> Result<Value, ServiceError>,
) -> Operation<CodePipeline> {
    let requires = move |_: &CodePipeline, platform: &Platform, input: &WithPipeline| {
        let arn = platform.account.arn("codepipeline", &input.pipeline.name);
        let put = Requirement::new(format!("codepipeline:{name}"), arn);
        Ok(vec![
            put.giving(&input.tags),
            Requirement::pass_role(&input.pipeline.role_arn, "codepipeline.amazonaws.com"),
        ])
    };
    Operation::new(name, requires, does)
}

fn all<I>(_: &Platform, _: &I) -> String {
    "*".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithPipeline {
    pipeline: Declaration,
    #[serde(default)]
    tags: Vec<SmallTag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetExecution {
    pipeline_name: String,
    pipeline_execution_id: String,
}

impl First {
    /// Starts it. None if the pipeline has a variable without a default: a person must give its value.
    fn start(self, place: (&Arc<Platform>, &Arc<Jobs>)) -> Option<String> {
        let declaration = self.pipeline.declaration();
        let variables = declaration.variables(&BTreeMap::new()).ok()?;
        let trigger = json!({"triggerType": "CreatePipeline", "triggerDetail": self.creator});
        let execution = Execution::new(declaration, variables, trigger, None);
        Some(begin(place, &self.pipeline, execution))
    }
}

impl CodePipeline {
    /// The working tree as a source artifact, for such a job.
    pub async fn source_zip(&self, platform: &Platform) -> Result<Vec<u8>, String> {
        actions::zip_of(platform.root.clone()).await
    }

    /// Holds back the first execution of a pipeline that is not made yet, until [`Self::start_first_executions`]. The
    /// local deployment makes the pipeline before its functions are built. On AWS they are built by then.
    pub fn hold_first_execution(&self, pipeline: &str) {
        lock(&self.held).insert(pipeline.to_owned(), None);
    }

    /// Starts the executions that were held back. Gives each one's pipeline and id.
    pub fn start_first_executions(&self, platform: &Arc<Platform>) -> BTreeMap<String, String> {
        let held = std::mem::take(&mut *lock(&self.held));
        let started = held
            .into_iter()
            .filter_map(|(pipeline, first)| Some((pipeline, first?.start((platform, &self.jobs))?)));
        started.collect()
    }

    /// Makes a pipeline, which starts its first execution by itself.
    ///
    /// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create.html>.
    fn create(&self, call: &Call, input: WithPipeline) -> Result<Value, ServiceError> {
        let platform = &call.platform;
        let mut declaration = input.pipeline;
        declaration.check(&platform.account.region)?;
        tags::check(&platform.account.arn("codepipeline", &declaration.name), &input.tags)?;
        let role = &declaration.role_arn;
        if !platform
            .iam
            .trusts_service(&platform.account, role, "codepipeline.amazonaws.com", None)?
        {
            return Err(ServiceError::new(
                "InvalidStructureException",
                format_args!("CodePipeline is not authorized to perform AssumeRole on role {role}"),
            ));
        }
        declaration.version = 1;
        let mut pipelines = lock(&self.pipelines);
        if pipelines.contains_key(&declaration.name) {
            return Err(ServiceError::new(
                "PipelineNameInUseException",
                format_args!(
                    "A pipeline with the name '{}' already exists in account '{}'",
                    declaration.name, platform.account.id
                ),
            ));
        }
        let output = json!({"pipeline": declaration, "tags": input.tags});
        let pipeline = Arc::new(Pipeline::new(declaration.clone(), &self.store)?);
        *lock(&pipeline.tags) = input.tags;
        let name = declaration.name;
        pipelines.insert(name.clone(), pipeline.clone());
        drop(pipelines);
        let creator = call.caller.arn(&platform.account);
        let first = First { pipeline, creator };
        match lock(&self.held).get_mut(&name) {
            Some(held) => *held = Some(first),
            None => drop(first.start((platform, &self.jobs))),
        }
        Ok(output)
    }

    /// Replaces a pipeline's declaration; executions that run go on with the one that they started with.
    fn update(&self, call: &Call, input: WithPipeline) -> Result<Value, ServiceError> {
        let mut declaration = input.pipeline;
        if !input.tags.is_empty() {
            return Err(ServiceError::validation(
                "UpdatePipeline changes no tags: TagResource does",
            ));
        }
        declaration.check(&call.platform.account.region)?;
        let pipeline = self.pipeline(call, &declaration.name)?;
        let mut current = lock(&pipeline.declaration);
        declaration.version = current.version + 1;
        *current = declaration;
        *lock(&pipeline.updated) = Timestamp::now();
        Ok(json!({"pipeline": *current}))
    }

    fn get(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(call, &input.name)?;
        Ok(json!({
            "pipeline": pipeline.declaration(),
            "metadata": {
                "pipelineArn": call.platform.account.arn("codepipeline", &input.name),
                "created": seconds(pipeline.created),
                "updated": seconds(*lock(&pipeline.updated)),
            },
        }))
    }

    fn get_state(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        Ok(state::state(&*self.pipeline(call, &input.name)?))
    }

    fn delete(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        if let Some(pipeline) = lock(&self.pipelines).remove(&input.name) {
            for stage in pipeline.declaration().stages {
                pipeline.kept.disable(&stage.name, None);
            }
        }
        Ok(json!({}))
    }

    fn get_execution(&self, call: &Call, input: GetExecution) -> Result<Value, ServiceError> {
        let pipeline = self.pipeline(call, &input.pipeline_name)?;
        let execution = pipeline.execution(&input.pipeline_execution_id)?;
        Ok(json!({"pipelineExecution": view::execution(&execution)}))
    }
}

//! Pipelines and their executions, which the page calls runs.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// An execution of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// The execution's id.
    pub(crate) id: String,
    /// CodePipeline's word: InProgress, Succeeded, Failed, Stopped, ….
    pub(crate) status: String,
    /// When it began.
    pub(crate) started: Option<Timestamp>,
    /// When it changed last.
    pub(crate) updated: Option<Timestamp>,
    /// What started it, such as `CreatePipeline`.
    pub(crate) trigger: String,
    /// Its actions, the earliest first. An action that was tried again is there as often.
    pub(crate) actions: Vec<Action>,
}

/// A stage of a pipeline, as it is declared.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// Its name.
    pub(crate) name: String,
    /// Its actions' names, each with its provider.
    pub(crate) actions: Vec<(String, String)>,
}

/// An execution of an action.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    /// The stage.
    pub(crate) stage: String,
    /// Its name.
    pub(crate) name: String,
    /// What does it, such as `CodeBuild`.
    pub(crate) provider: String,
    /// CodePipeline's word.
    pub(crate) status: String,
    /// When it began.
    pub(crate) started: Option<Timestamp>,
    /// When it changed last.
    pub(crate) updated: Option<Timestamp>,
    /// Who changed it last.
    pub(crate) updated_by: String,
    /// The whole answer of ListActionExecutions.
    pub(crate) raw: Value,
}

impl Action {
    fn read(raw: Value) -> Self {
        let own = |name: &str| text(&raw, name).to_owned();
        Self {
            stage: own("stageName"),
            name: own("actionName"),
            provider: text(&raw["input"]["actionTypeId"], "provider").to_owned(),
            status: own("status"),
            started: moment(&raw["startTime"]),
            updated: moment(&raw["lastUpdateTime"]),
            updated_by: own("updatedBy"),
            raw,
        }
    }

    /// An output variable; empty where there is none.
    pub(crate) fn variable(&self, name: &str) -> &str {
        text(&self.raw["output"]["outputVariables"], name)
    }

    /// A value of the configuration, with the variables in it resolved.
    pub(crate) fn configuration(&self, name: &str) -> &str {
        text(&self.raw["input"]["resolvedConfiguration"], name)
    }

    /// What CodePipeline shows of it: the message of a failure above all.
    pub(crate) fn summary(&self) -> &str {
        let result = &self.raw["output"]["executionResult"];
        match text(&result["errorDetails"], "message") {
            "" => text(result, "externalExecutionSummary"),
            message => message,
        }
    }

    /// The id of what did the work, such as a build.
    pub(crate) fn external_id(&self) -> &str {
        text(&self.raw["output"]["executionResult"], "externalExecutionId")
    }

    /// Whether it waits for somebody's approval.
    pub(crate) fn awaits_approval(&self) -> bool {
        self.provider == "Manual" && self.status == "InProgress"
    }
}

impl Run {
    /// The last execution of an action.
    pub(crate) fn action(&self, stage: &str, name: &str) -> Option<&Action> {
        let mut actions = self.actions.iter().rev();
        actions.find(|action| action.stage == stage && action.name == name)
    }

    /// The last action that has a variable of this name, and the variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let variables = self.actions.iter().rev().map(|action| action.variable(name));
        variables.into_iter().find(|value| !value.is_empty())
    }

    /// The action that failed, if one did.
    pub(crate) fn failed(&self) -> Option<&Action> {
        let mut actions = self.actions.iter().rev();
        actions.find(|action| matches!(&*action.status, "Failed" | "Abandoned"))
    }

    /// Whether it goes on.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&*self.status, "InProgress" | "Stopping")
    }

    /// The action that waits for an approval.
    pub(crate) fn awaits_approval(&self) -> Option<&Action> {
        self.actions.iter().find(|action| action.awaits_approval())
    }
}

impl Reader {
    /// The names of the pipelines.
    pub(crate) async fn pipelines(&self) -> Result<Vec<String>, Gone> {
        let listed = self.all(
            ("codepipeline", "ListPipelines"),
            json!({}),
            ("pipelines", "nextToken"),
            1000,
        );
        let listed = listed.await?;
        Ok(listed
            .iter()
            .map(|pipeline| text(pipeline, "name").to_owned())
            .collect())
    }

    /// The stages of a pipeline.
    pub(crate) async fn stages(&self, pipeline: &str) -> Result<Vec<Stage>, Gone> {
        let mut declared = self
            .look("codepipeline", "GetPipeline", json!({"name": pipeline}))
            .await?;
        let stages = declared["pipeline"]["stages"].take();
        let stages = stages.as_array().into_iter().flatten().map(|stage| Stage {
            name: text(stage, "name").to_owned(),
            actions: stage["actions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|action| {
                    let provider = text(&action["actionTypeId"], "provider");
                    (text(action, "name").to_owned(), provider.to_owned())
                })
                .collect(),
        });
        Ok(stages.collect())
    }

    /// The executions of all pipelines, the newest first, at most `most` of each. Their actions are not read.
    pub(crate) async fn runs(&self, most: usize) -> Result<Vec<Run>, Gone> {
        let mut runs = Vec::new();
        for pipeline in self.pipelines().await? {
            let input = json!({"pipelineName": pipeline});
            let names = ("pipelineExecutionSummaries", "nextToken");
            let listed = self
                .all(("codepipeline", "ListPipelineExecutions"), input, names, most)
                .await?;
            runs.extend(listed.iter().map(|summary| read(&pipeline, summary)));
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.started));
        Ok(runs)
    }

    /// One execution with its actions.
    pub(crate) async fn run(&self, pipeline: &str, id: &str) -> Result<Run, Gone> {
        let mut runs = self.runs_of(pipeline, id).await?;
        runs.actions = self.actions(pipeline, id).await?;
        Ok(runs)
    }

    async fn runs_of(&self, pipeline: &str, id: &str) -> Result<Run, Gone> {
        let input = json!({"pipelineName": pipeline});
        let names = ("pipelineExecutionSummaries", "nextToken");
        let listed = self
            .all(("codepipeline", "ListPipelineExecutions"), input, names, 10_000)
            .await?;
        let found = listed.iter().find(|summary| text(summary, "pipelineExecutionId") == id);
        found
            .map(|summary| read(pipeline, summary))
            .ok_or_else(|| Gone::NotFound(format!("the pipeline {pipeline} has no execution {id}")))
    }

    /// The actions of an execution, the earliest first.
    pub(crate) async fn actions(&self, pipeline: &str, id: &str) -> Result<Vec<Action>, Gone> {
        let input = json!({"pipelineName": pipeline, "filter": {"pipelineExecutionId": id}});
        let names = ("actionExecutionDetails", "nextToken");
        let listed = self
            .all(("codepipeline", "ListActionExecutions"), input, names, 10_000)
            .await?;
        let mut actions: Vec<Action> = listed.into_iter().map(Action::read).collect();
        actions.reverse();
        Ok(actions)
    }

    /// The token of an approval that an execution of a pipeline waits for: that one, and no later one of the same action.
    pub(crate) async fn approval_token(
        &self,
        (pipeline, execution): (&str, &str),
        stage: &str,
        action: &str,
    ) -> Result<String, Gone> {
        let state = self
            .look("codepipeline", "GetPipelineState", json!({"name": pipeline}))
            .await?;
        let named = |list: &Value, member: &str, name: &str| {
            let mut items = list.as_array().into_iter().flatten();
            items
                .find(|item| text(item, member) == name)
                .cloned()
                .unwrap_or_default()
        };
        let stage = named(&state["stageStates"], "stageName", stage);
        let found = named(&stage["actionStates"], "actionName", action);
        match text(&found["latestExecution"], "token") {
            _ if text(&stage["latestExecution"], "pipelineExecutionId") != execution => {
                let said = format!("another execution is at {action} by now, and this one waits for no approval");
                Err(Gone::Refused(said))
            }
            "" => Err(Gone::NotFound(format!("the action {action} waits for no approval"))),
            token => Ok(token.to_owned()),
        }
    }
}

fn read(pipeline: &str, summary: &Value) -> Run {
    Run {
        pipeline: pipeline.to_owned(),
        id: text(summary, "pipelineExecutionId").to_owned(),
        status: text(summary, "status").to_owned(),
        started: moment(&summary["startTime"]),
        updated: moment(&summary["lastUpdateTime"]),
        trigger: text(&summary["trigger"], "triggerType").to_owned(),
        actions: Vec::new(),
    }
}

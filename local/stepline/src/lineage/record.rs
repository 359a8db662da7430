//! One record: everything that a model was made of, and where it serves.

use serde::Serialize;
use std::collections::BTreeMap;

/// All that is known of one model, from the commit to the service. What nothing says is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The commit that the image was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The image of the jobs.
    pub image: Image,
    /// What it learned from.
    pub data: Data,
    /// The execution that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// The job that trained it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training_job: Option<TrainingJob>,
    /// What was measured when it was registered.
    pub metrics: BTreeMap<String, f64>,
    /// The version in the registry.
    pub model_package: ModelPackage,
    /// Where it serves, or served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Deployment>,
    /// Each link that was looked at, and whether its two ends agree.
    pub links: Vec<Link>,
}

/// An image in ECR.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Its URI, by digest.
    pub uri: String,
    /// What points to it now.
    pub tags: Vec<String>,
    /// When it was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<String>,
}

/// The raw data.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    /// The bucket, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// What the keys begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The objects with their versions.
    pub objects: Vec<DataObject>,
    /// Whether these are all that there were.
    pub whole: bool,
    /// The SHA-256 of what `prepare` has read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataObject {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version_id: String,
}

/// An execution of the state machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The pipeline's execution that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_execution: Option<String>,
}

/// A training job.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrainingJob {
    /// Its ARN.
    pub arn: String,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// What is paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billable_seconds: Option<f64>,
    /// What it was trained with.
    pub hyperparameters: BTreeMap<String, String>,
}

/// A version of a model package group.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelPackage {
    /// Its ARN.
    pub arn: String,
    /// The group.
    pub group: String,
    /// The version.
    pub version: u64,
    /// Where the model is.
    pub model: String,
    /// When it was registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<String>,
    /// `Approved`, `Rejected` or `PendingManualApproval`.
    pub approval: String,
    /// Why, in the words of who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_description: Option<String>,
    /// Who changed it last: who decided, or what deployed it afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified_by: Option<String>,
}

/// A deployment of the model to a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The ARN of the task definition.
    pub task_definition: String,
    /// The ARN of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<String>,
    /// Whether the service has it now; nothing where the service could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_service: Option<bool>,
    /// The task definition that the service has instead, and its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Replacement>,
}

/// What a service has in the place of a deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replacement {
    /// The ARN of the task definition.
    pub task_definition: String,
    /// The ARN of its model package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_package: Option<String>,
}

/// What a link is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    /// The commit.
    Commit,
    /// The image.
    Image,
    /// The data.
    Data,
    /// The execution.
    Execution,
    /// The training job.
    TrainingJob,
    /// The model, in S3 and in the registry.
    ModelPackage,
    /// The task definition and the service.
    Deployment,
}

/// What was found of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Both ends say the same.
    Agrees,
    /// The other end is not there any more, or says something else.
    Broken,
    /// AWS forgets such things after a time.
    Forgotten,
    /// The other end could not be looked at.
    Unseen,
}

/// One link, looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// What it is about.
    pub topic: Topic,
    /// What was found.
    pub verdict: Verdict,
    /// The same in words.
    pub text: String,
}

impl Record {
    /// How many links have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.links.iter().filter(|link| link.verdict == verdict).count()
    }
}

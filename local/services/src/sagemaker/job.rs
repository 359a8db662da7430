//! A processing job: what is asked for, and its description.

use jiff::Timestamp;
use platform::error::ServiceError;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What CreateProcessingJob takes:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html>.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Request {
    pub(super) processing_job_name: String,
    pub(super) processing_resources: Resources,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopping_condition: Option<StoppingCondition>,
    pub(super) app_specification: AppSpecification,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network_config: Option<Value>,
    pub(super) role_arn: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) processing_inputs: Vec<Input>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) processing_output_config: Option<OutputConfig>,
    #[serde(default, skip_serializing)]
    pub(super) tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    experiment_config: Option<Value>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Resources {
    pub(super) cluster_config: Cluster,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    #[serde(rename = "InstanceCount")]
    instance_count: u32,
    #[serde(rename = "InstanceType")]
    pub(super) instance_type: String,
    #[serde(rename = "VolumeSizeInGB")]
    volume_size: u32,
    #[serde(rename = "VolumeKmsKeyId", default, skip_serializing_if = "Option::is_none")]
    volume_key: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StoppingCondition {
    pub(super) max_runtime_in_seconds: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AppSpecification {
    pub(super) image_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) container_entrypoint: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) container_arguments: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Input {
    pub(super) input_name: String,
    #[serde(default)]
    pub(super) app_managed: bool,
    pub(super) s3_input: S3Input,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct S3Input {
    pub(super) s3_uri: String,
    pub(super) local_path: String,
    s3_data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s3_input_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s3_data_distribution_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s3_compression_type: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OutputConfig {
    pub(super) outputs: Vec<Output>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kms_key_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Output {
    pub(super) output_name: String,
    #[serde(default)]
    pub(super) app_managed: bool,
    pub(super) s3_output: S3Output,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct S3Output {
    pub(super) s3_uri: String,
    pub(super) local_path: String,
    s3_upload_mode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// Where a job finds its files.
pub(super) const PROCESSING: &str = "/opt/ml/processing";

impl Request {
    /// Checks what AWS checks before it makes a job, and refuses what the local run does not do.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let name = &self.processing_job_name;
        let cluster = &self.processing_resources.cluster_config;
        let constraint = |value: &dyn std::fmt::Display, field: &str, rule: &str| {
            Err(ServiceError::validation(format_args!(
                "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {rule}"
            )))
        };
        if !is_job_name(name) {
            let rule = "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
            return constraint(name, "processingJobName", rule);
        }
        if !cluster.instance_type.starts_with("ml.") || cluster.instance_type.split('.').count() != 3 {
            let field = "processingResources.clusterConfig.instanceType";
            return constraint(
                &cluster.instance_type,
                field,
                "Member must satisfy enum value set: [ml.t3.medium, …]",
            );
        }
        if !(1..=16_384).contains(&cluster.volume_size) {
            let field = "processingResources.clusterConfig.volumeSizeInGB";
            return constraint(
                &cluster.volume_size,
                field,
                "Member must have value between 1 and 16384",
            );
        }
        let seconds = self
            .stopping_condition
            .as_ref()
            .map_or(86_400, |condition| condition.max_runtime_in_seconds);
        if !(1..=777_600).contains(&seconds) {
            let field = "stoppingCondition.maxRuntimeInSeconds";
            return constraint(&seconds, field, "Member must have value between 1 and 777600");
        }
        self.check_local()?;
        let inputs = self.processing_inputs.iter().map(|input| &input.s3_input.local_path);
        let outputs = self.outputs().iter().map(|output| &output.s3_output.local_path);
        match inputs.chain(outputs).find(|path| !path.starts_with(PROCESSING)) {
            Some(path) => Err(ServiceError::validation(format_args!(
                "LocalPath `{path}` must start with {PROCESSING}"
            ))),
            None => Ok(()),
        }
    }

    /// Refuses what SageMaker does and the local run does not.
    fn check_local(&self) -> Result<(), ServiceError> {
        let refused = |what: &dyn std::fmt::Display| {
            Err(ServiceError::new("NotInLocalRun", format_args!("the local run does not have {what}")).with_status(501))
        };
        let instances = self.processing_resources.cluster_config.instance_count;
        if instances != 1 {
            return refused(&format_args!("jobs on {instances} instances: it has jobs on one"));
        }
        for input in &self.processing_inputs {
            let s3 = &input.s3_input;
            if s3.s3_data_type != "S3Prefix" || s3.s3_input_mode.as_deref().is_some_and(|mode| mode != "File") {
                return refused(&format_args!(
                    "the input `{}`: it takes S3Prefix in File mode",
                    input.input_name
                ));
            }
            if s3.s3_compression_type.as_deref().is_some_and(|kind| kind != "None") {
                return refused(&format_args!("compressed inputs such as `{}`", input.input_name));
            }
        }
        Ok(())
    }

    /// Whether the job asked for no network.
    pub(super) fn is_isolated(&self) -> bool {
        let network = self.network_config.as_ref();
        network.is_some_and(|network| network["EnableNetworkIsolation"] == true)
    }

    pub(super) fn outputs(&self) -> &[Output] {
        self.processing_output_config
            .as_ref()
            .map_or(&[], |config| &config.outputs)
    }
}

fn is_job_name(name: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&name.len())
        && name.starts_with(alphanumeric)
        && name.ends_with(alphanumeric)
        && name.chars().all(|c| alphanumeric(c) || c == '-')
}

/// A job's status, as DescribeProcessingJob has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// A job and how it goes.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) arn: String,
    pub(super) request: Request,
    pub(super) tags: Vec<Tag>,
    pub(super) status: Status,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) failure_reason: Option<String>,
    pub(super) exit_message: Option<String>,
}

impl Job {
    /// The job as DescribeProcessingJob answers it:
    /// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html>.
    pub(super) fn json(&self, time: impl Fn(Timestamp) -> Value) -> Value {
        let mut shown = json!(self.request);
        shown["ProcessingJobArn"] = self.arn.as_str().into();
        shown["ProcessingJobStatus"] = self.status.name().into();
        shown["CreationTime"] = time(self.created);
        shown["LastModifiedTime"] = time(self.modified);
        let times = [("ProcessingStartTime", self.started), ("ProcessingEndTime", self.ended)];
        for (field, at) in times {
            if let Some(at) = at {
                shown[field] = time(at);
            }
        }
        for (field, text) in [
            ("FailureReason", &self.failure_reason),
            ("ExitMessage", &self.exit_message),
        ] {
            if let Some(text) = text {
                shown[field] = text.as_str().into();
            }
        }
        shown
    }

    pub(super) fn described(&self) -> Value {
        self.json(seconds)
    }

    /// The event that a change of the status sends:
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>.
    pub(super) fn event(&self) -> Value {
        json!({
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Processing Job State Change",
            "resources": [self.arn],
            "detail": self.json(|at| at.as_millisecond().into()),
        })
    }
}

/// A job while it runs, and afterwards.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: Mutex<Job>,
    pub(super) stop: watch::Sender<bool>,
}

impl Running {
    pub(super) fn lock(&self) -> MutexGuard<'_, Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn job_names() {
        for (name, right) in [
            ("a", true),
            ("a--b-1", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("a_b", false),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
        ] {
            assert_eq!(super::is_job_name(name), right, "{name}");
        }
    }
}

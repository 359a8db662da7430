//! What CreateTrainingJob takes: <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>.

use crate::sagemaker::checks::{ExperimentConfig, VpcConfig};
use crate::tags::Tag;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Request {
    pub(super) training_job_name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    pub(super) algorithm_specification: Algorithm,
    pub(super) role_arn: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) input_data_config: Vec<Channel>,
    pub(super) output_data_config: Output,
    pub(super) resource_config: Resources,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) vpc_config: Option<VpcConfig>,
    #[serde(default)]
    pub(super) stopping_condition: StoppingCondition,
    #[serde(default, skip_serializing)]
    pub(super) tags: Vec<Tag>,
    #[serde(default)]
    pub(super) enable_network_isolation: bool,
    #[serde(default)]
    pub(super) enable_inter_container_traffic_encryption: bool,
    #[serde(default)]
    pub(super) enable_managed_spot_training: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint_config: Option<Checkpoints>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retry_strategy: Option<Retry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    experiment_config: Option<ExperimentConfig>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Algorithm {
    pub(super) training_image: String,
    pub(super) training_input_mode: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) metric_definitions: Vec<MetricDefinition>,
    #[serde(
        rename = "EnableSageMakerMetricsTimeSeries",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) time_series: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) container_entrypoint: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) container_arguments: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct MetricDefinition {
    pub(super) name: String,
    pub(super) regex: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Channel {
    pub(super) channel_name: String,
    pub(super) data_source: DataSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compression_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) record_wrapper_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input_mode: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DataSource {
    #[serde(rename = "S3DataSource")]
    pub(super) s3: S3DataSource,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct S3DataSource {
    #[serde(rename = "S3DataType")]
    pub(super) data_type: String,
    #[serde(rename = "S3Uri")]
    pub(super) uri: String,
    #[serde(rename = "S3DataDistributionType", default = "replicated")]
    pub(super) distribution: String,
}

fn replicated() -> String {
    "FullyReplicated".to_owned()
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Output {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kms_key_id: Option<String>,
    #[serde(rename = "S3OutputPath")]
    pub(super) path: String,
    #[serde(default = "gzip")]
    pub(super) compression_type: String,
}

fn gzip() -> String {
    "GZIP".to_owned()
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resources {
    #[serde(rename = "InstanceType")]
    pub(super) instance_type: String,
    #[serde(rename = "InstanceCount")]
    pub(super) instance_count: u64,
    #[serde(rename = "VolumeSizeInGB")]
    pub(super) volume_size: u64,
    #[serde(rename = "VolumeKmsKeyId", default, skip_serializing_if = "Option::is_none")]
    pub(super) volume_key: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StoppingCondition {
    #[serde(default = "a_day")]
    pub(super) max_runtime_in_seconds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_wait_time_in_seconds: Option<u64>,
}

impl Default for StoppingCondition {
    fn default() -> Self {
        Self {
            max_runtime_in_seconds: a_day(),
            max_wait_time_in_seconds: None,
        }
    }
}

fn a_day() -> u64 {
    86_400
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Checkpoints {
    pub(super) s3_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local_path: Option<String>,
}

impl Checkpoints {
    /// Where the job finds and leaves its checkpoints.
    pub(super) fn path(&self) -> &str {
        self.local_path.as_deref().unwrap_or("/opt/ml/checkpoints")
    }
}

/// How often SageMaker tries again after an error of its own. There is none here.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Retry {
    pub(super) maximum_retry_attempts: u64,
}

impl Request {
    /// Where in S3 all goes that the job leaves.
    pub(super) fn output(&self, name: &str) -> String {
        let path = self.output_data_config.path.trim_end_matches('/');
        format!("{path}/{}/output/{name}", self.training_job_name)
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.output_data_config.compression_type == "GZIP"
    }

    /// Where in S3 the model is.
    pub(super) fn model(&self) -> String {
        self.output(if self.is_compressed() { "model.tar.gz" } else { "model" })
    }

    /// How a channel comes to the job.
    pub(super) fn mode_of<'a>(&'a self, channel: &'a Channel) -> &'a str {
        let own = channel.input_mode.as_deref();
        own.unwrap_or(&self.algorithm_specification.training_input_mode)
    }
}

//! What a processing job is asked for with, and what is wrong with that.

use crate::sagemaker::checks::{
    ExperimentConfig, NAME, VpcConfig, count, instance_type, number, one_instance, one_of, pattern, refused,
};
use crate::tags::Tag;
use platform::ServiceError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What CreateProcessingJob takes:
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html>.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Request {
    pub(super) processing_job_name: String,
    pub(super) processing_resources: Resources,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stopping_condition: Option<StoppingCondition>,
    pub(super) app_specification: AppSpecification,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) network_config: Option<NetworkConfig>,
    pub(super) role_arn: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) processing_inputs: Vec<Input>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) processing_output_config: Option<OutputConfig>,
    #[serde(default, skip_serializing)]
    pub(super) tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    experiment_config: Option<ExperimentConfig>,
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
    instance_count: u64,
    #[serde(rename = "InstanceType")]
    pub(super) instance_type: String,
    #[serde(rename = "VolumeSizeInGB")]
    volume_size: u64,
    #[serde(rename = "VolumeKmsKeyId", default, skip_serializing_if = "Option::is_none")]
    pub(super) volume_key: Option<String>,
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
    pub(super) s3_data_type: String,
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

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct NetworkConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) enable_inter_container_traffic_encryption: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) enable_network_isolation: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) vpc_config: Option<VpcConfig>,
}

/// Where a job finds its files.
pub(super) const PROCESSING: &str = "/opt/ml/processing";

/// How long a job may run that does not say.
const A_DAY: u64 = 86_400;

impl Request {
    pub(super) fn check_all(&self) -> Result<(), ServiceError> {
        pattern(&self.processing_job_name, "processingJobName", NAME)?;
        let cluster = &self.processing_resources.cluster_config;
        let field = "processingResources.clusterConfig.instanceType";
        instance_type(&cluster.instance_type, field)?;
        let field = "processingResources.clusterConfig.volumeSizeInGB";
        number(cluster.volume_size, field, 1..=16_384)?;
        number(self.limit(), "stoppingCondition.maxRuntimeInSeconds", 1..=777_600)?;
        one_instance(cluster.instance_count)?;
        self.check_environment()?;
        count(self.processing_inputs.len(), "processingInputs", 10)?;
        for input in &self.processing_inputs {
            input.check()?;
        }
        count(self.outputs().len(), "processingOutputConfig.outputs", 10)?;
        for output in self.outputs() {
            output.check()?;
        }
        Ok(())
    }

    fn check_environment(&self) -> Result<(), ServiceError> {
        count(self.environment.len(), "environment", 100)?;
        for (name, value) in &self.environment {
            pattern(name, "environment", "[a-zA-Z_][a-zA-Z0-9_]*")?;
            if name.len() > 256 || value.chars().count() > 256 {
                let rule = "Map value must have length less than or equal to 256";
                return Err(ServiceError::constraint(name, "environment", rule));
            }
        }
        Ok(())
    }

    pub(super) fn limit(&self) -> u64 {
        self.stopping_condition
            .as_ref()
            .map_or(A_DAY, |condition| condition.max_runtime_in_seconds)
    }

    pub(super) fn outputs(&self) -> &[Output] {
        self.processing_output_config
            .as_ref()
            .map_or(&[], |config| &config.outputs)
    }
}

impl Input {
    fn check(&self) -> Result<(), ServiceError> {
        let (name, s3) = (&self.input_name, &self.s3_input);
        let field = |member: &str| format!("processingInputs.1.member.s3Input.{member}");
        one_of(&s3.s3_data_type, &field("s3DataType"), &["ManifestFile", "S3Prefix"])?;
        if let Some(mode) = &s3.s3_input_mode {
            one_of(mode, &field("s3InputMode"), &["Pipe", "File"])?;
            if mode == "Pipe" {
                return Err(refused(format_args!(
                    "the input `{name}` in Pipe mode: it has File mode"
                )));
            }
        }
        if let Some(distribution) = &s3.s3_data_distribution_type {
            // With one instance, both are the same.
            let field = field("s3DataDistributionType");
            one_of(distribution, &field, &["FullyReplicated", "ShardedByS3Key"])?;
        }
        if let Some(compression) = &s3.s3_compression_type {
            one_of(compression, &field("s3CompressionType"), &["None", "Gzip"])?;
            if compression == "Gzip" {
                return Err(refused(format_args!("compressed inputs such as `{name}`")));
            }
        }
        check_path(&s3.local_path)
    }
}

impl Output {
    fn check(&self) -> Result<(), ServiceError> {
        let mode = &self.s3_output.s3_upload_mode;
        let field = "processingOutputConfig.outputs.1.member.s3Output.s3UploadMode";
        one_of(mode, field, &["Continuous", "EndOfJob"])?;
        if mode == "Continuous" {
            let name = &self.output_name;
            return Err(refused(format_args!(
                "the output `{name}` in Continuous mode: it has EndOfJob"
            )));
        }
        check_path(&self.s3_output.local_path)
    }
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    if path.starts_with(PROCESSING) {
        return Ok(());
    }
    Err(ServiceError::validation(format_args!(
        "LocalPath `{path}` must start with {PROCESSING}"
    )))
}

//! What is wrong with the request of a training job, and what of it the local run does not do.

use super::metrics;
use super::request::{Algorithm, Channel, Checkpoints, Request};
use crate::sagemaker::checks::{
    NAME, S3_URI, count, instance_type, length, number, one_instance, one_of, pattern, refused,
};
use platform::ServiceError;
use std::collections::BTreeMap;

/// 28 days, the most that SageMaker lets a job run.
const LONGEST: u64 = 2_419_200;

impl Request {
    pub(super) fn check_all(&self) -> Result<(), ServiceError> {
        pattern(&self.training_job_name, "trainingJobName", NAME)?;
        self.algorithm_specification.check()?;
        check_map(&self.hyper_parameters, "hyperParameters", ".*", (256, 2500))?;
        let name = "[a-zA-Z_][a-zA-Z0-9_]*";
        check_map(&self.environment, "environment", name, (512, 512))?;
        count(self.input_data_config.len(), "inputDataConfig", 20)?;
        for (at, channel) in self.input_data_config.iter().enumerate() {
            channel.check(self.mode_of(channel))?;
            let others = &self.input_data_config[..at];
            if others.iter().any(|other| other.channel_name == channel.channel_name) {
                return Err(ServiceError::validation(format_args!(
                    "Duplicate channel names are not allowed: {}",
                    channel.channel_name
                )));
            }
        }
        let output = &self.output_data_config;
        s3_uri(&output.path, "outputDataConfig.s3OutputPath")?;
        let field = "outputDataConfig.compressionType";
        one_of(&output.compression_type, field, &["GZIP", "NONE"])?;
        let resources = &self.resource_config;
        instance_type(&resources.instance_type, "resourceConfig.instanceType")?;
        number(resources.volume_size, "resourceConfig.volumeSizeInGB", 1..=16_384)?;
        one_instance(resources.instance_count)?;
        self.check_time()?;
        self.checkpoint_config.as_ref().map_or(Ok(()), Checkpoints::check)?;
        if let Some(retry) = &self.retry_strategy {
            let field = "retryStrategy.maximumRetryAttempts";
            number(retry.maximum_retry_attempts, field, 1..=30)?;
        }
        Ok(())
    }

    fn check_time(&self) -> Result<(), ServiceError> {
        let condition = &self.stopping_condition;
        let runtime = condition.max_runtime_in_seconds;
        number(runtime, "stoppingCondition.maxRuntimeInSeconds", 1..=LONGEST)?;
        match (self.enable_managed_spot_training, condition.max_wait_time_in_seconds) {
            (true, Some(wait)) if wait >= runtime => Ok(()),
            (true, _) => Err(ServiceError::validation(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
            )),
            (false, Some(_)) => Err(ServiceError::validation(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
            )),
            (false, None) => Ok(()),
        }
    }
}

impl Algorithm {
    fn check(&self) -> Result<(), ServiceError> {
        let field = |member: &str| format!("algorithmSpecification.{member}");
        length(&self.training_image, &field("trainingImage"), 1..=255)?;
        let modes = ["Pipe", "File", "FastFile"];
        one_of(&self.training_input_mode, &field("trainingInputMode"), &modes)?;
        if self.training_input_mode == "Pipe" {
            return Err(refused("TrainingInputMode Pipe: it has File and FastFile"));
        }
        for (given, member) in [
            (&self.container_entrypoint, "containerEntrypoint"),
            (&self.container_arguments, "containerArguments"),
        ] {
            let Some(parts) = given else { continue };
            if parts.is_empty() {
                let rule = "Member must have length greater than or equal to 1";
                return Err(ServiceError::constraint("[]", field(member), rule));
            }
            count(parts.len(), &field(member), 100)?;
            for part in parts {
                length(part, &field(member), 0..=256)?;
            }
        }
        count(self.metric_definitions.len(), &field("metricDefinitions"), 40)?;
        for metric in &self.metric_definitions {
            length(&metric.name, &field("metricDefinitions.1.member.name"), 1..=255)?;
            length(&metric.regex, &field("metricDefinitions.1.member.regex"), 1..=500)?;
            metrics::read(&metric.regex).map_err(|error| {
                let name = &metric.name;
                refused(format_args!("the regular expression of the metric `{name}`: {error}"))
            })?;
        }
        Ok(())
    }
}

impl Channel {
    fn check(&self, mode: &str) -> Result<(), ServiceError> {
        let name = &self.channel_name;
        let field = |member: &str| format!("inputDataConfig.1.member.{member}");
        length(name, &field("channelName"), 1..=64)?;
        pattern(name, &field("channelName"), "[A-Za-z0-9\\.\\-_]+")?;
        one_of(mode, &field("inputMode"), &["Pipe", "File", "FastFile"])?;
        let s3 = &self.data_source.s3;
        let s3_field = |member: &str| field(&format!("dataSource.s3DataSource.{member}"));
        let types = ["ManifestFile", "S3Prefix", "AugmentedManifestFile", "Converse"];
        one_of(&s3.data_type, &s3_field("s3DataType"), &types)?;
        s3_uri(&s3.uri, &s3_field("s3Uri"))?;
        // With one instance, both are the same.
        let distributions = ["FullyReplicated", "ShardedByS3Key"];
        one_of(&s3.distribution, &s3_field("s3DataDistributionType"), &distributions)?;
        let compression = self.compression_type.as_deref().unwrap_or("None");
        one_of(compression, &field("compressionType"), &["None", "Gzip"])?;
        let wrapper = self.record_wrapper_type.as_deref().unwrap_or("None");
        one_of(wrapper, &field("recordWrapperType"), &["None", "RecordIO"])?;
        if mode == "FastFile" && s3.data_type != "S3Prefix" {
            return Err(ServiceError::validation(format_args!(
                "The channel `{name}` has the input mode FastFile, which needs the S3DataType S3Prefix"
            )));
        }
        for (is_missing, what) in [
            (mode == "Pipe", "InputMode Pipe"),
            (compression == "Gzip", "CompressionType Gzip"),
            (wrapper == "RecordIO", "RecordWrapperType RecordIO"),
            (
                s3.data_type.starts_with("Augmented"),
                "S3DataType AugmentedManifestFile",
            ),
            (s3.data_type == "Converse", "S3DataType Converse"),
        ] {
            if is_missing {
                return Err(refused(format_args!("{what}, which the channel `{name}` has")));
            }
        }
        Ok(())
    }
}

impl Checkpoints {
    fn check(&self) -> Result<(), ServiceError> {
        s3_uri(&self.s3_uri, "checkpointConfig.s3Uri")?;
        let path = self.path();
        if path.starts_with("/opt/ml/") && !path.starts_with("/opt/ml/input") {
            return Ok(());
        }
        Err(refused(format_args!(
            "checkpoints in `{path}`: it has them below /opt/ml, which is kept"
        )))
    }
}

fn s3_uri(uri: &str, field: &str) -> Result<(), ServiceError> {
    length(uri, field, 0..=1024)?;
    pattern(uri, field, S3_URI)?;
    if uri.starts_with("https://") {
        return Err(refused(format_args!(
            "https URIs of objects: write `{uri}` as s3://bucket/key"
        )));
    }
    Ok(())
}

/// Checks the names and values of a map of which there may be a hundred.
fn check_map(
    map: &BTreeMap<String, String>,
    field: &str,
    names: &str,
    (longest_name, longest_value): (usize, usize),
) -> Result<(), ServiceError> {
    count(map.len(), field, 100)?;
    for (name, value) in map {
        length(name, &format!("{field}.key"), 0..=longest_name)?;
        pattern(name, &format!("{field}.key"), names)?;
        length(value, &format!("{field}.{name}"), 0..=longest_value)?;
    }
    Ok(())
}

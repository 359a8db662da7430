//! How a training job's container learns of its job and is heard:
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html>.

use super::metrics::Metrics;
use super::request::Request;
use super::{archive, describe};
use crate::program::{Settings, command};
use crate::sagemaker::jobs::{End, Files, Job, Kind, LONGEST, Outcome, Running, Source, Status, cut};
use crate::tags::Tag;
use jiff::Timestamp;
use platform::ServiceError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[async_trait::async_trait]
impl Kind for Request {
    const WORD: &'static str = "Training";
    const TELLS_STAGES: bool = true;
    const PAGE_BEFORE_STATUS: bool = true;

    type Found = Metrics;

    fn missing(_arn: &str) -> ServiceError {
        ServiceError::validation("Requested resource not found.")
    }

    fn taken(arn: &str) -> ServiceError {
        ServiceError::new(
            "ResourceInUse",
            format_args!(
                "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
            ),
        )
    }

    fn name(&self) -> &str {
        &self.training_job_name
    }

    fn role(&self) -> &str {
        &self.role_arn
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn image(&self) -> &str {
        &self.algorithm_specification.training_image
    }

    fn seconds(&self) -> u64 {
        self.stopping_condition.max_runtime_in_seconds
    }

    fn is_isolated(&self) -> bool {
        self.enable_network_isolation
    }

    fn conditions(&self) -> Vec<(&'static str, String)> {
        let encryption = self.enable_inter_container_traffic_encryption;
        let mut conditions = vec![
            ("sagemaker:InstanceTypes", self.resource_config.instance_type.clone()),
            ("sagemaker:MaxRuntimeInSeconds", self.seconds().to_string()),
            ("sagemaker:NetworkIsolation", self.enable_network_isolation.to_string()),
            ("sagemaker:InterContainerTrafficEncryption", encryption.to_string()),
        ];
        let output = self.output_data_config.kms_key_id.iter();
        conditions.extend(output.map(|key| ("sagemaker:OutputKmsKey", key.clone())));
        let volume = self.resource_config.volume_key.iter();
        conditions.extend(volume.map(|key| ("sagemaker:VolumeKmsKey", key.clone())));
        conditions.extend(self.vpc_config.iter().flat_map(|vpc| vpc.conditions()));
        conditions
    }

    fn check(&self) -> Result<(), ServiceError> {
        self.check_all()
    }

    fn describe(job: &Job<Self>, shown: &mut Value, time: &(dyn Fn(Timestamp) -> Value + Sync)) {
        describe::add(job, shown, time);
    }

    fn environment(&self, arn: &str) -> BTreeMap<String, String> {
        let mut environment = self.environment.clone();
        environment.insert("TRAINING_JOB_NAME".to_owned(), self.training_job_name.clone());
        environment.insert("TRAINING_JOB_ARN".to_owned(), arn.to_owned());
        environment
    }

    /// `docker run image train`: the argument stands in the place of the image's CMD. See
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html>.
    fn command(&self, image: &Settings) -> Vec<String> {
        let algorithm = &self.algorithm_specification;
        command(
            image,
            algorithm.container_entrypoint.as_deref(),
            algorithm.container_arguments.as_deref(),
            &["train".to_owned()],
        )
    }

    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html>
    async fn prepare(running: &Running<Self>, files: &Files<'_>) -> Result<(), End> {
        let request = running.lock().request.clone();
        let folders = ["input/config", "input/data", "model", "output/data"];
        for folder in folders {
            files.make(&[&format!("/opt/ml/{folder}")]).await?;
        }
        request.configure(files).await?;
        for channel in &request.input_data_config {
            let s3 = &channel.data_source.s3;
            let source = match s3.data_type.as_str() {
                "ManifestFile" => Source::Manifest(&s3.uri),
                _ => Source::Prefix(&s3.uri),
            };
            let into = format!("/opt/ml/input/data/{}", channel.channel_name);
            files.download(source, &into).await?;
        }
        if let Some(checkpoints) = &request.checkpoint_config {
            let source = Source::Checkpoints(&checkpoints.s3_uri);
            files.download(source, checkpoints.path()).await?;
        }
        Ok(())
    }

    fn left(&self, _outcome: Outcome) -> Vec<String> {
        let checkpoints = self.checkpoint_config.iter();
        let checkpoints = checkpoints.map(|checkpoints| checkpoints.path().to_owned());
        let always = ["/opt/ml/model".to_owned(), "/opt/ml/output".to_owned()];
        always.into_iter().chain(checkpoints).collect()
    }

    async fn finish(running: &Running<Self>, files: &Files<'_>, outcome: Outcome) -> End {
        let request = running.lock().request.clone();
        let no_numbers = running.lock().found.no_numbers.clone();
        for (name, text) in no_numbers {
            files.note(format_args!("the metric {name} is not a number at times: `{text}`"));
        }
        // What a job leaves is kept, however it ended.
        let uploaded = request.upload(files).await;
        let mut end = match outcome {
            Outcome::Exited(0) => End::of(Status::Completed),
            Outcome::Exited(code) => {
                let failure = files.read("/opt/ml/output/failure").await;
                return End::failed(failure_reason(&failure.unwrap_or_default(), code));
            }
            Outcome::Stopped | Outcome::TimeIsOver => End::of(Status::Stopped),
        };
        end.time_is_over = outcome == Outcome::TimeIsOver;
        match uploaded {
            Ok(()) => end,
            Err(reason) => End::failed(format_args!("ClientError: {reason}")),
        }
    }

    fn hear(&self, found: &mut Metrics, line: &str) {
        found.hear(&self.algorithm_specification.metric_definitions, line);
    }

    fn metrics(found: &Metrics) -> Vec<(String, f64)> {
        found.all()
    }
}

/// A failure's reason: what the job wrote, as much of it as there is room for, and its exit code.
fn failure_reason(failure: &str, code: i64) -> String {
    let (before, after) = ("AlgorithmError: ", format!(", exit code: {code}"));
    let failure = cut(failure, LONGEST - before.len() - after.len());
    format!("{before}{failure}{after}")
}

impl Request {
    /// Writes the files by which the container learns of its job.
    async fn configure(&self, files: &Files<'_>) -> Result<(), End> {
        let channels = self.input_data_config.iter().map(|channel| {
            let mut told = json!({
                // A job sees no difference between the two.
                "TrainingInputMode": "File",
                "S3DistributionType": channel.data_source.s3.distribution,
                "RecordWrapperType": channel.record_wrapper_type.as_deref().unwrap_or("None"),
            });
            if let Some(kind) = &channel.content_type {
                told["ContentType"] = kind.as_str().into();
            }
            (channel.channel_name.clone(), told)
        });
        let channels = Value::Object(channels.collect::<Map<_, _>>());
        let instance = &self.resource_config.instance_type;
        let resources = json!({
            "current_host": "algo-1",
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [{
                "instance_group_name": "homogeneousCluster",
                "instance_type": instance,
                "hosts": ["algo-1"],
            }],
            "network_interface_name": "eth0",
        });
        for (name, content) in [
            ("hyperparameters", json!(self.hyper_parameters)),
            ("inputdataconfig", channels),
            ("resourceconfig", resources),
        ] {
            files
                .write(&format!("/opt/ml/input/config/{name}.json"), &content)
                .await?;
        }
        Ok(())
    }

    /// Puts the model, the other output and the checkpoints to S3.
    async fn upload(&self, files: &Files<'_>) -> Result<(), String> {
        let key = self.output_data_config.kms_key_id.as_deref();
        for (folder, name) in [("model", "model"), ("output/data", "output")] {
            let path = format!("/opt/ml/{folder}");
            if self.is_compressed() {
                // A folder without files leaves no archive: CreateModel says then that it could not find model data.
                if let Some(archive) = archive::of(files, &path).await? {
                    let to = self.output(&format!("{name}.tar.gz"));
                    files.put(archive, &to, key).await?;
                }
            } else {
                let last = folder.rsplit('/').next().unwrap_or(folder);
                files.upload(&path, &self.output(last), key).await?;
            }
        }
        if let Some(checkpoints) = &self.checkpoint_config {
            files.upload(checkpoints.path(), &checkpoints.s3_uri, None).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_failures_reason_has_room_for_the_exit_code() {
        let reason = |failure: &str| super::failure_reason(failure, 1);
        assert_eq!(reason("why"), "AlgorithmError: why, exit code: 1");
        assert_eq!(reason(""), "AlgorithmError: , exit code: 1");
        let long = reason(&"x".repeat(2000));
        assert_eq!(long.len(), 1024);
        assert!(long.ends_with("x, exit code: 1"));
    }
}

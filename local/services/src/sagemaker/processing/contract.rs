//! How a processing job's container learns of its job and is heard.

use super::request::{PROCESSING, Request};
use crate::program::{Settings, command};
use crate::sagemaker::jobs::{End, Files, Job, Kind, LONGEST, Outcome, Running, Source, Status, cut};
use crate::tags::Tag;
use jiff::Timestamp;
use platform::ServiceError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[async_trait::async_trait]
impl Kind for Request {
    const WORD: &'static str = "Processing";
    const TELLS_STAGES: bool = false;
    const PAGE_BEFORE_STATUS: bool = false;

    type Found = ();

    fn missing(arn: &str) -> ServiceError {
        ServiceError::validation(format_args!("Could not find requested job with name: {arn}"))
    }

    fn taken(arn: &str) -> ServiceError {
        ServiceError::new(
            "ResourceInUse",
            format_args!(
                "Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
            ),
        )
    }

    fn name(&self) -> &str {
        &self.processing_job_name
    }

    fn role(&self) -> &str {
        &self.role_arn
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn image(&self) -> &str {
        &self.app_specification.image_uri
    }

    fn seconds(&self) -> u64 {
        self.limit()
    }

    fn is_isolated(&self) -> bool {
        let network = self.network_config.as_ref();
        network.is_some_and(|network| network.enable_network_isolation == Some(true))
    }

    fn conditions(&self) -> Vec<(&'static str, String)> {
        let cluster = &self.processing_resources.cluster_config;
        let mut conditions = vec![("sagemaker:InstanceTypes", cluster.instance_type.clone())];
        let mut give = |key, value: Option<String>| conditions.extend(value.map(|value| (key, value)));
        give("sagemaker:VolumeKmsKey", cluster.volume_key.clone());
        let output = self.processing_output_config.as_ref();
        let key = output.and_then(|output| output.kms_key_id.clone());
        give("sagemaker:OutputKmsKey", key);
        let limit = self.stopping_condition.as_ref();
        let limit = limit.map(|limit| limit.max_runtime_in_seconds.to_string());
        give("sagemaker:MaxRuntimeInSeconds", limit);
        if let Some(network) = &self.network_config {
            let text = |given: Option<bool>| given.map(|given| given.to_string());
            give("sagemaker:NetworkIsolation", text(network.enable_network_isolation));
            let encryption = text(network.enable_inter_container_traffic_encryption);
            give("sagemaker:InterContainerTrafficEncryption", encryption);
            conditions.extend(network.vpc_config.iter().flat_map(|vpc| vpc.conditions()));
        }
        conditions
    }

    fn check(&self) -> Result<(), ServiceError> {
        self.check_all()
    }

    fn describe(job: &Job<Self>, shown: &mut Value, _: &(dyn Fn(Timestamp) -> Value + Sync)) {
        if let Some(message) = &job.exit_message {
            shown["ExitMessage"] = message.as_str().into();
        }
    }

    fn environment(&self, _arn: &str) -> BTreeMap<String, String> {
        self.environment.clone()
    }

    fn command(&self, image: &Settings) -> Vec<String> {
        let app = &self.app_specification;
        let default = image.cmd.as_deref().unwrap_or_default();
        command(
            image,
            app.container_entrypoint.as_deref(),
            app.container_arguments.as_deref(),
            default,
        )
    }

    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html#byoc-config>
    async fn prepare(running: &Running<Self>, files: &Files<'_>) -> Result<(), End> {
        let (request, arn) = {
            let job = running.lock();
            (job.request.clone(), job.arn.clone())
        };
        files.make(&["/opt/ml/config", "/opt/ml/output", PROCESSING]).await?;
        let mut job = json!(request);
        job["ProcessingJobArn"] = arn.into();
        files.write("/opt/ml/config/processingjobconfig.json", &job).await?;
        let resources = json!({
            "current_host": "algo-1",
            "hosts": ["algo-1"],
            "network_interface_name": "eth0",
            "current_instance_type": request.processing_resources.cluster_config.instance_type,
        });
        files.write("/opt/ml/config/resourceconfig.json", &resources).await?;
        let inputs = request.processing_inputs.iter().filter(|input| !input.app_managed);
        for input in inputs.map(|input| &input.s3_input) {
            let source = match input.s3_data_type.as_str() {
                "ManifestFile" => Source::Manifest(&input.s3_uri),
                _ => Source::Prefix(&input.s3_uri),
            };
            files.download(source, &input.local_path).await?;
        }
        for output in request.outputs() {
            files.make(&[&output.s3_output.local_path]).await?;
        }
        Ok(())
    }

    /// Its message, and its outputs where they are wanted.
    fn left(&self, outcome: Outcome) -> Vec<String> {
        let are_wanted = outcome == Outcome::Exited(0);
        let wanted = self.outputs().iter().filter(|output| are_wanted && !output.app_managed);
        let outputs = wanted.map(|output| output.s3_output.local_path.clone());
        std::iter::once("/opt/ml/output".to_owned()).chain(outputs).collect()
    }

    async fn finish(running: &Running<Self>, files: &Files<'_>, outcome: Outcome) -> End {
        let request = running.lock().request.clone();
        let message = files.read("/opt/ml/output/message").await;
        let mut end = match outcome {
            Outcome::Exited(0) => match request.upload(files).await {
                Ok(()) => End::of(Status::Completed),
                Err(reason) => return End::failed(format_args!("ClientError: {reason}")),
            },
            Outcome::Exited(code) => End::failed(format_args!(
                "AlgorithmError: See job logs for more information, exit code: {code}"
            )),
            Outcome::Stopped | Outcome::TimeIsOver => End::of(Status::Stopped),
        };
        end.exit_message = message.map(|message| cut(&message, LONGEST));
        end
    }
}

impl Request {
    async fn upload(&self, files: &Files<'_>) -> Result<(), String> {
        let config = self.processing_output_config.as_ref();
        let key = config.and_then(|config| config.kms_key_id.as_deref());
        for output in self.outputs().iter().filter(|output| !output.app_managed) {
            let s3 = &output.s3_output;
            files.upload(&s3.local_path, &s3.s3_uri, key).await?;
        }
        Ok(())
    }
}

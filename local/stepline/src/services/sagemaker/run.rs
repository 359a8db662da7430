//! One job from its start to its end.

use super::container::{self, Container, Process, Way};
use super::job::{Job, Status};
use super::{Running, image};
use crate::cloud::{Cloud, Requirement};
use crate::journal::Happening;
use crate::principal::Principal;
use crate::services::s3::{ListObjects, NewObject};
use jiff::Timestamp;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::fs;

/// How long a stopped job may take to end by itself before it is killed, as on AWS.
const GRACE: Duration = Duration::from_secs(120);
/// What DescribeProcessingJob shows of a failure's reason and of the job's own message.
const MESSAGE_LIMIT: usize = 1024;

/// How a job ended.
struct End {
    status: Status,
    failure_reason: Option<String>,
    exit_message: Option<String>,
}

impl End {
    fn failed(reason: impl std::fmt::Display) -> Self {
        Self {
            status: Status::Failed,
            failure_reason: Some(cut(&reason.to_string())),
            exit_message: None,
        }
    }
}

/// Writes a job's status to the journal and sends its event.
pub(super) fn announce(cloud: &Arc<Cloud>, running: &Running) {
    let job = running.lock().clone();
    cloud.journal.record(Happening::ProcessingJob {
        job: job.request.processing_job_name.clone(),
        status: job.status.name().to_owned(),
        message: job.exit_message.clone().or_else(|| job.failure_reason.clone()),
    });
    cloud.events.emit(cloud, job.event());
}

/// Runs a job; its record says how it went.
pub(super) async fn run(cloud: Arc<Cloud>, running: Arc<Running>) {
    let job = running.lock().clone();
    let folder = cloud.root.join(".stepline/jobs").join(&job.request.processing_job_name);
    let runner = Runner {
        cloud: &cloud,
        running: &running,
        job: &job,
        folder: &folder,
        stream: format!("{}/algo-1-{}", job.request.processing_job_name, job.created.as_second()),
    };
    let end = match runner.work().await {
        Ok(end) => end,
        Err(end) => end,
    };
    // What cannot be removed does no harm where it is.
    let _ = fs::remove_dir_all(&folder).await;
    {
        let now = Timestamp::now();
        let mut job = running.lock();
        debug_assert!(end.status.is_final());
        job.status = end.status;
        job.failure_reason = end.failure_reason;
        job.exit_message = end.exit_message;
        job.ended = Some(now);
        job.modified = now;
    }
    announce(&cloud, &running);
    running.ended.send_replace(true);
}

struct Runner<'a> {
    cloud: &'a Arc<Cloud>,
    running: &'a Running,
    job: &'a Job,
    folder: &'a Path,
    stream: String,
}

const LOG_GROUP: &str = "/aws/sagemaker/ProcessingJobs";

impl Runner<'_> {
    /// Does all of it; both sides are ends, the error is one before the command ran.
    async fn work(&self) -> Result<End, End> {
        let request = &self.job.request;
        let session = request.processing_job_name.clone();
        let role = self.cloud.iam.session(&request.role_arn, &session, Vec::new());
        let role = role.map_err(|error| End::failed(format_args!("ClientError: {error}")))?;
        let ml = self.folder.join("ml");
        container::make_ml(&ml).map_err(internal)?;
        let image = image::pull(self.cloud, &role, &request.app_specification.image_uri).await;
        let image =
            image.map_err(|error| End::failed(format_args!("ClientError: Failed to pull the image: {error}")))?;
        let (unpacked, into) = (image.clone(), self.folder.join("image"));
        let unpacked = tokio::task::spawn_blocking(move || unpacked.unpack(&into)).await;
        unpacked.map_err(internal)?.map_err(internal)?;
        self.configure(&ml).await.map_err(internal)?;
        self.download(&role, &ml).await?;
        let container = self.container(&image)?;
        {
            let mut job = self.running.lock();
            job.started = Some(Timestamp::now());
        }
        let logs = self.may_log(&role);
        let (mut process, way) = self.start(&container, logs).await.map_err(internal)?;
        let text = format!("the processing job runs as {}", way.describe());
        self.cloud.journal.record(Happening::Note { text });
        let end = self.supervise(&mut process).await;
        process.last_lines().await;
        let exit_message = self.exit_message(&ml).await;
        let mut end = end.map_err(internal)?;
        end.exit_message = exit_message;
        if end.status == Status::Completed
            && let Err(reason) = self.upload(&role, &ml).await
        {
            return Err(End::failed(format_args!("ClientError: {reason}")));
        }
        Ok(end)
    }

    /// Starts in a namespace where that works, else by paths.
    async fn start(&self, container: &Container, logs: bool) -> std::io::Result<(Process, Way)> {
        if container::namespaces().await {
            let mut process = container.start(Way::Namespace, self.log(logs))?;
            // Either the command was started, or the namespace could not be made and the script has ended.
            loop {
                if container.was_ready() {
                    return Ok((process, Way::Namespace));
                }
                tokio::select! {
                    _ = process.wait() => break,
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                }
            }
            if container.was_ready() {
                return Ok((process, Way::Namespace));
            }
        }
        Ok((container.start(Way::Paths, self.log(logs))?, Way::Paths))
    }

    /// Waits for the command's end, for the job to be stopped, or for its time to be over.
    async fn supervise(&self, process: &mut Process) -> std::io::Result<End> {
        let request = &self.job.request;
        let limit = request
            .stopping_condition
            .as_ref()
            .map_or(86_400, |condition| condition.max_runtime_in_seconds);
        let mut stop = self.running.stop.subscribe();
        let ended = tokio::select! {
            ended = process.wait() => Some(ended?),
            () = tokio::time::sleep(Duration::from_secs(limit)) => None,
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let Some(status) = ended else {
            process.signal("TERM");
            if tokio::time::timeout(GRACE, process.wait()).await.is_err() {
                process.signal("KILL");
                process.wait().await?;
            }
            return Ok(End {
                status: Status::Stopped,
                failure_reason: None,
                exit_message: None,
            });
        };
        // What the command left in the background goes with its container.
        process.signal("KILL");
        Ok(match status.code() {
            Some(0) => End {
                status: Status::Completed,
                failure_reason: None,
                exit_message: None,
            },
            Some(code) => End::failed(format_args!(
                "AlgorithmError: See job logs for more information, exit code: {code}"
            )),
            None => End::failed("AlgorithmError: See job logs for more information, exit code: 137"),
        })
    }

    fn container(&self, image: &image::Image) -> Result<Container, End> {
        let app = &self.job.request.app_specification;
        // As with `docker run --entrypoint`: a new entry point leaves the image's arguments out.
        let mut command = app.container_entrypoint.clone();
        let replaced = command.is_some();
        let command = command.get_or_insert_with(|| image.settings.entrypoint.clone().unwrap_or_default());
        match (&app.container_arguments, replaced) {
            (Some(arguments), _) => command.extend(arguments.iter().cloned()),
            (None, false) => command.extend(image.settings.cmd.iter().flatten().cloned()),
            (None, true) => {}
        }
        if command.is_empty() {
            return Err(End::failed(
                "ClientError: the image has no entry point, and the job gives none",
            ));
        }
        let mut environment = image.settings.variables();
        let own = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
        // The machine's programs stand for those of the base image.
        let path = environment
            .remove("PATH")
            .map_or_else(|| own.clone(), |path| format!("{path}:{own}"));
        environment.insert("PATH".into(), path);
        for name in ["HOME", "LANG", "PYENV_ROOT", "RUSTUP_HOME"] {
            if let Ok(value) = std::env::var(name) {
                environment.entry(name.to_owned()).or_insert(value);
            }
        }
        environment.extend(self.job.request.environment.clone());
        let account = &self.cloud.account;
        let set = [("AWS_REGION", &account.region), ("AWS_DEFAULT_REGION", &account.region)];
        environment.extend(set.map(|(name, value)| (name.to_owned(), value.clone())));
        let session = &self.job.request.processing_job_name;
        let credentials = self
            .cloud
            .iam
            .assume_role(&self.job.request.role_arn, session, Vec::new());
        let credentials = credentials.map_err(internal)?;
        let known = credentials.environment().into_iter();
        let known = known.chain(self.cloud.endpoint().map(|url| ("AWS_ENDPOINT_URL", url)));
        environment.extend(known.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let working_directory = match image.settings.working_dir.as_str() {
            "" => "/".to_owned(),
            given => given.to_owned(),
        };
        Ok(Container {
            folder: self.folder.to_owned(),
            command: std::mem::take(command),
            working_directory,
            environment,
        })
    }

    /// The files by which a container learns about its job:
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html#byoc-config>.
    async fn configure(&self, ml: &Path) -> std::io::Result<()> {
        let request = &self.job.request;
        let mut job = json!(request);
        job["ProcessingJobArn"] = self.job.arn.as_str().into();
        let resources = json!({
            "current_host": "algo-1",
            "hosts": ["algo-1"],
            "network_interface_name": "eth0",
            "current_instance_type": request.processing_resources.cluster_config.instance_type,
        });
        for (name, content) in [("processingjobconfig.json", job), ("resourceconfig.json", resources)] {
            fs::write(ml.join("config").join(name), format!("{content:#}\n")).await?;
        }
        Ok(())
    }

    async fn download(&self, role: &Principal, ml: &Path) -> Result<(), End> {
        let s3 = &self.cloud.s3;
        let fail = |what: &str, error: &dyn std::fmt::Display| {
            End::failed(format_args!("ClientError: Data download failed: {what}: {error}"))
        };
        for input in self
            .job
            .request
            .processing_inputs
            .iter()
            .filter(|input| !input.app_managed)
        {
            let uri = input.s3_input.s3_uri.as_str();
            let (bucket, prefix) = bucket_and_key(uri).ok_or_else(|| fail(uri, &"an S3 URI is s3://bucket/key"))?;
            let into = within(ml, &input.s3_input.local_path);
            fs::create_dir_all(&into).await.map_err(internal)?;
            let mut question = ListObjects {
                prefix: prefix.to_owned(),
                ..ListObjects::default()
            };
            let mut found = false;
            loop {
                let page = s3.list_objects(self.cloud, role, bucket, &question);
                let page = page.map_err(|error| fail(uri, &error))?;
                for (key, _) in &page.contents {
                    found = true;
                    // The prefix is a folder, or the name of one object.
                    let base = prefix.rfind('/').map_or(0, |at| at + 1);
                    let rest = key.strip_prefix(prefix).map(|rest| rest.trim_start_matches('/'));
                    let name = rest.filter(|rest| !rest.is_empty()).unwrap_or(&key[base..]);
                    let object = s3
                        .get_object(self.cloud, role, bucket, key)
                        .map_err(|error| fail(uri, &error))?;
                    let path = into.join(name);
                    if name.split('/').any(|part| part == "..") || name.ends_with('/') {
                        continue;
                    }
                    if let Some(parent) = path.parent() {
                        fs::create_dir_all(parent).await.map_err(internal)?;
                    }
                    fs::write(&path, &object.body).await.map_err(internal)?;
                }
                question.continuation_token = page.next_continuation_token;
                if question.continuation_token.is_none() {
                    break;
                }
            }
            if !found {
                return Err(fail(uri, &"No S3 objects found under S3 URL"));
            }
        }
        for output in self.job.request.outputs() {
            let folder = within(ml, &output.s3_output.local_path);
            fs::create_dir_all(&folder).await.map_err(internal)?;
        }
        Ok(())
    }

    async fn upload(&self, role: &Principal, ml: &Path) -> Result<(), String> {
        let key_id = self
            .job
            .request
            .processing_output_config
            .as_ref()
            .and_then(|config| config.kms_key_id.clone());
        for output in self.job.request.outputs().iter().filter(|output| !output.app_managed) {
            let uri = output.s3_output.s3_uri.as_str();
            let (bucket, prefix) = bucket_and_key(uri).ok_or_else(|| format!("{uri}: an S3 URI is s3://bucket/key"))?;
            let folder = within(ml, &output.s3_output.local_path);
            for file in files(folder.clone()).await.map_err(|error| error.to_string())? {
                let name = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy();
                let key = format!("{}/{name}", prefix.trim_end_matches('/'));
                let mut object = NewObject::from(fs::read(&file).await.map_err(|error| error.to_string())?);
                object.encryption = key_id.clone().map(|key| crate::services::s3::Encryption {
                    algorithm: "aws:kms".into(),
                    kms_key_id: Some(key),
                });
                let put = self
                    .cloud
                    .s3
                    .put_object(self.cloud, role, bucket, key.trim_start_matches('/'), object);
                put.map_err(|error| format!("Data upload failed: {uri}: {error}"))?;
            }
        }
        Ok(())
    }

    /// What the job left for people to read.
    async fn exit_message(&self, ml: &Path) -> Option<String> {
        let message = fs::read(ml.join("output/message")).await.ok()?;
        let message = cut(String::from_utf8_lossy(&message).trim_end());
        Some(message).filter(|message| !message.is_empty())
    }

    /// Whether the role may write the job's log; a job without that permission runs, unheard.
    fn may_log(&self, role: &Principal) -> bool {
        let group = self.cloud.account.arn("logs", format_args!("log-group:{LOG_GROUP}:*"));
        let stream = self
            .cloud
            .account
            .arn("logs", format_args!("log-group:{LOG_GROUP}:log-stream:{}", self.stream));
        let requirements = [
            ("logs:CreateLogGroup", &group),
            ("logs:DescribeLogStreams", &group),
            ("logs:CreateLogStream", &stream),
            ("logs:PutLogEvents", &stream),
        ]
        .map(|(action, resource)| Requirement::new(action, resource.as_str()));
        match self.cloud.authorize(role, &requirements) {
            Ok(()) => true,
            Err(error) => {
                let text = format!("the processing job's log is not written: {error}");
                self.cloud.journal.record(Happening::Note { text });
                false
            }
        }
    }

    fn log(&self, logs: bool) -> impl Fn(String) + Clone + Send + 'static + use<> {
        let (cloud, stream) = (Arc::clone(self.cloud), self.stream.clone());
        move |line| {
            if logs {
                cloud.journal.record(Happening::LogLine {
                    group: LOG_GROUP.to_owned(),
                    stream: stream.clone(),
                    line,
                });
            }
        }
    }
}

fn internal(error: impl std::fmt::Display) -> End {
    End::failed(format_args!("InternalServerError: {error}"))
}

/// `s3://bucket/key`, taken apart.
fn bucket_and_key(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// A path under `/opt/ml`, in the job's own folder.
fn within(ml: &Path, path: &str) -> PathBuf {
    let parts = path.trim_start_matches("/opt/ml").split('/');
    parts
        .filter(|part| !part.is_empty() && *part != "..")
        .fold(ml.to_owned(), |path, part| path.join(part))
}

/// All files below a folder.
async fn files(folder: PathBuf) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder];
    while let Some(folder) = waiting.pop() {
        let mut entries = fs::read_dir(&folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_type().await?.is_dir() {
                waiting.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// At most as many characters as DescribeProcessingJob shows.
fn cut(text: &str) -> String {
    text.chars().take(MESSAGE_LIMIT).collect()
}

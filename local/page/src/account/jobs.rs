//! Processing and training jobs of SageMaker.

use super::logs::Stream;
use super::reader::{Gone, Reader};
use super::values::{moment, text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A job.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// Processing or Training.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// SageMaker's word: InProgress, Completed, Failed, Stopped, ….
    pub(crate) status: String,
    /// When it was made.
    pub(crate) created: Option<Timestamp>,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
    /// The whole answer of the operation that describes it, or the item of the list.
    pub(crate) raw: Value,
}

/// Something that a job reads or writes in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Its name.
    pub(crate) name: String,
    /// Where it is, such as `s3://bucket/folder/`.
    pub(crate) uri: String,
    /// Whether the job writes it.
    pub(crate) is_output: bool,
}

/// The kinds of jobs.
pub(crate) const KINDS: [&str; 2] = ["Training", "Processing"];

impl Job {
    fn read(kind: &'static str, raw: Value) -> Self {
        Self {
            kind,
            name: text(&raw, &format!("{kind}JobName")).to_owned(),
            status: text(&raw, &format!("{kind}JobStatus")).to_owned(),
            created: moment(&raw["CreationTime"]),
            ended: moment(&raw[format!("{kind}EndTime")]),
            raw,
        }
    }

    /// The kind and the name of the job that the parameters of a task make, such as those of `createTrainingJob.sync`.
    pub(crate) fn made_by(parameters: &Value) -> Option<(&'static str, String)> {
        let named = |kind: &'static str| {
            let name = parameters[format!("{kind}JobName")].as_str()?;
            Some((kind, name.to_owned()))
        };
        KINDS.into_iter().find_map(named)
    }

    /// The metrics that it found in the end, by their names.
    pub(crate) fn metrics(&self) -> Vec<(String, f64)> {
        let metrics = self.raw["FinalMetricDataList"].as_array().into_iter().flatten();
        let read = |metric: &Value| Some((text(metric, "MetricName").to_owned(), metric["Value"].as_f64()?));
        metrics.filter_map(read).collect()
    }

    /// The image, as its URI.
    pub(crate) fn image(&self) -> &str {
        match text(&self.raw["AppSpecification"], "ImageUri") {
            "" => text(&self.raw["AlgorithmSpecification"], "TrainingImage"),
            uri => uri,
        }
    }

    /// What it runs on: the type of the instances and how many there are.
    pub(crate) fn instance(&self) -> (&str, u64) {
        let of_processing = &self.raw["ProcessingResources"]["ClusterConfig"];
        let of_training = &self.raw["ResourceConfig"];
        let config = if of_training.is_null() {
            of_processing
        } else {
            of_training
        };
        (
            text(config, "InstanceType"),
            config["InstanceCount"].as_u64().unwrap_or(1),
        )
    }

    /// Why it failed, by the names of SageMaker's members.
    pub(crate) fn reasons(&self) -> Vec<(&'static str, &str)> {
        let said = ["FailureReason", "ExitMessage"].map(|name| (name, text(&self.raw, name)));
        said.into_iter().filter(|(_, said)| !said.is_empty()).collect()
    }

    /// The metrics that are read from its log: the name of each, and its regular expression.
    pub(crate) fn definitions(&self) -> Vec<(&str, &str)> {
        let definitions = self.raw["AlgorithmSpecification"]["MetricDefinitions"].as_array();
        let read = |one| (text(one, "Name"), text(one, "Regex"));
        definitions.into_iter().flatten().map(read).collect()
    }

    /// What it reads, and what it writes.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let channel = |name: &str, uri: &str, is_output| {
            (!uri.is_empty()).then(|| Channel {
                name: name.to_owned(),
                uri: uri.to_owned(),
                is_output,
            })
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut found = Vec::new();
        for input in list(&self.raw["InputDataConfig"]) {
            found.push(channel(
                text(&input, "ChannelName"),
                text(&input["DataSource"]["S3DataSource"], "S3Uri"),
                false,
            ));
        }
        for input in list(&self.raw["ProcessingInputs"]) {
            found.push(channel(
                text(&input, "InputName"),
                text(&input["S3Input"], "S3Uri"),
                false,
            ));
        }
        for output in list(&self.raw["ProcessingOutputConfig"]["Outputs"]) {
            found.push(channel(
                text(&output, "OutputName"),
                text(&output["S3Output"], "S3Uri"),
                true,
            ));
        }
        let path = text(&self.raw["OutputDataConfig"], "S3OutputPath");
        if !path.is_empty() {
            // A training job has a folder of its own there.
            found.push(channel(
                "output",
                &format!("{}/{}", path.trim_end_matches('/'), self.name),
                true,
            ));
        }
        found.into_iter().flatten().collect()
    }
}

impl Reader {
    /// A job.
    pub(crate) async fn job(&self, kind: &str, name: &str) -> Result<Job, Gone> {
        let Some(kind) = KINDS.into_iter().find(|known| *known == kind) else {
            return Err(Gone::NotFound(format!("there are no {kind} jobs")));
        };
        let mut input = json!({});
        input[format!("{kind}JobName")] = name.into();
        let described = self.look("sagemaker", &format!("Describe{kind}Job"), input).await;
        Ok(Job::read(kind, described.map_err(Gone::of_sagemaker)?))
    }

    /// The jobs of both kinds, the newest first, at most `most` of each.
    pub(crate) async fn jobs(&self, most: usize) -> Result<Vec<Job>, Gone> {
        let mut jobs = Vec::new();
        for kind in KINDS {
            let operation = format!("List{kind}Jobs");
            let list = format!("{kind}JobSummaries");
            let listed = self
                .all(("sagemaker", &operation), json!({}), (&list, "NextToken"), most)
                .await?;
            jobs.extend(listed.into_iter().map(|raw| Job::read(kind, raw)));
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
        Ok(jobs)
    }

    /// The log streams of a job: one for each instance.
    pub(crate) async fn streams_of_job(&self, kind: &str, name: &str) -> Vec<Stream> {
        self.streams(&format!("/aws/sagemaker/{kind}Jobs"), &format!("{name}/"))
            .await
    }
}

//! SageMaker: processing jobs, each a container or a process of this machine with the contract of `/opt/ml`.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html> and
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html>. A job's image is pulled
//! from the local ECR as the job's role. Where a container engine answers, its command runs in a container of that image
//! (`contained`); else as a process, with the image's files at their own paths where the machine allows that
//! (`process`). A note in the journal says which way it ran.

mod contained;
mod data;
mod image;
mod job;
mod mounts;
mod place;
mod process;
mod run;
#[cfg(test)]
mod tests;
mod work;

use crate::by_name::ByName;
use crate::containers::Containers;
use jiff::Timestamp;
use job::{Job, Request, Status, Tag};
use platform::error::ServiceError;
use platform::input::{read, required};
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// SageMaker in this account and region.
#[derive(Debug, Default)]
pub struct SageMaker {
    jobs: Mutex<BTreeMap<String, Arc<Running>>>,
    containers: Arc<Containers>,
}

/// A job while it runs, and afterwards.
#[derive(Debug)]
struct Running {
    job: Mutex<Job>,
    stop: watch::Sender<bool>,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SageMaker {
    /// SageMaker whose jobs run in these containers, where an engine answers.
    pub fn new(containers: Arc<Containers>) -> Self {
        Self {
            jobs: Mutex::default(),
            containers,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Running>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, platform: &Platform, name: &str) -> Result<Arc<Running>, ServiceError> {
        let found = self.lock().get(name).cloned();
        found.ok_or_else(|| {
            ServiceError::validation(format_args!(
                "Could not find requested job with name: {}",
                arn(platform, name)
            ))
        })
    }

    fn create(&self, platform: &Arc<Platform>, input: &Value) -> Result<Value, ServiceError> {
        let request: Request = read(input)?;
        request.check()?;
        let name = request.processing_job_name.clone();
        let arn = arn(platform, &name);
        let mut jobs = self.lock();
        if jobs.contains_key(&name) {
            return Err(ServiceError::new(
                "ResourceInUse",
                format_args!(
                    "Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})"
                ),
            ));
        }
        let trusted = platform.iam.trusts_service(
            &platform.account,
            &request.role_arn,
            "sagemaker.amazonaws.com",
            Some(&arn),
        );
        if !trusted.unwrap_or(false) {
            return Err(ServiceError::validation(format_args!(
                "Could not assume role {}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
                request.role_arn
            )));
        }
        let now = Timestamp::now();
        let job = Job {
            arn: arn.clone(),
            tags: request.tags.clone(),
            request,
            status: Status::InProgress,
            created: now,
            modified: now,
            started: None,
            ended: None,
            failure_reason: None,
            exit_message: None,
        };
        let running = Arc::new(Running {
            job: Mutex::new(job),
            stop: watch::Sender::new(false),
        });
        jobs.insert(name, Arc::clone(&running));
        drop(jobs);
        run::announce(platform, &running);
        let underway = platform.ongoing.began(&arn);
        let (platform, containers) = (Arc::clone(platform), Arc::clone(&self.containers));
        tokio::spawn(run::run(platform, containers, running, underway));
        Ok(json!({"ProcessingJobArn": arn}))
    }

    fn stop(&self, platform: &Arc<Platform>, name: &str) -> Result<Value, ServiceError> {
        let running = self.find(platform, name)?;
        {
            let mut job = running.lock();
            match job.status {
                Status::InProgress => job.status = Status::Stopping,
                Status::Stopping => return Ok(json!({})),
                Status::Completed | Status::Failed | Status::Stopped => {
                    return Err(ServiceError::validation(format_args!(
                        "The request was rejected because the processing job is in status {}.",
                        job.status.name()
                    )));
                }
            }
        }
        run::announce(platform, &running);
        running.stop.send_replace(true);
        Ok(json!({}))
    }

    fn list(&self, input: &Value) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Input {
            name_contains: Option<String>,
            status_equals: Option<String>,
            max_results: Option<usize>,
            next_token: Option<String>,
        }
        let input: Input = read(input)?;
        let part = input.name_contains.unwrap_or_default();
        let mut jobs: Vec<Job> = self.lock().values().map(|running| running.lock().clone()).collect();
        jobs.retain(|job| {
            let status = input.status_equals.as_deref();
            job.request.processing_job_name.contains(&part) && status.is_none_or(|status| status == job.status.name())
        });
        // The newest comes first.
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
        let size = input.max_results.unwrap_or(10);
        let page = platform::input::page(jobs, size, input.next_token.as_deref(), "ValidationException")?;
        let summaries = page.items.iter().map(|job| {
            let whole = job.described();
            let mut summary = json!({});
            for field in [
                "ProcessingJobName",
                "ProcessingJobArn",
                "CreationTime",
                "ProcessingEndTime",
                "LastModifiedTime",
                "ProcessingJobStatus",
                "FailureReason",
                "ExitMessage",
            ] {
                if let Some(value) = whole.get(field) {
                    summary[field] = value.clone();
                }
            }
            summary
        });
        let mut answer = json!({"ProcessingJobSummaries": summaries.collect::<Vec<_>>()});
        if let Some(token) = page.next_token {
            answer["NextToken"] = token.into();
        }
        Ok(answer)
    }

    fn add_tags(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let running = self.find(platform, job_of(required(input, "ResourceArn")?)?)?;
        let tags: Vec<Tag> = read(&input["Tags"])?;
        let mut job = running.lock();
        for tag in tags {
            job.tags.retain(|known| known.key != tag.key);
            job.tags.push(tag);
        }
        Ok(json!({"Tags": job.tags}))
    }

    /// The requirement with the tags of the job that it is about, which policies can ask for.
    fn tagged(&self, platform: &Platform, name: &str, requirement: Requirement) -> Requirement {
        let Ok(running) = self.find(platform, name) else {
            return requirement;
        };
        let tags = running.lock().tags.clone();
        tags.into_iter().fold(requirement, |requirement, tag| {
            requirement.with(format!("aws:ResourceTag/{}", tag.key), tag.value)
        })
    }

    fn list_tags(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let running = self.find(platform, job_of(required(input, "ResourceArn")?)?)?;
        let tags = json!(running.lock().tags);
        Ok(json!({"Tags": tags}))
    }
}

fn arn(platform: &Platform, name: &str) -> String {
    // SageMaker's ARNs have names in lower case.
    platform
        .account
        .arn("sagemaker", format_args!("processing-job/{}", name.to_lowercase()))
}

fn job_of(arn: &str) -> Result<&str, ServiceError> {
    let name = arn.split_once(":processing-job/").map(|(_, name)| name);
    name.ok_or_else(|| ServiceError::validation(format_args!("the local run has no resource `{arn}`")))
}

crate::by_name::by_name!(SageMaker);

#[async_trait::async_trait]
impl ByName for SageMaker {
    fn signing_name(&self) -> &'static str {
        "sagemaker"
    }

    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let action = format!("sagemaker:{operation}");
        match operation {
            "CreateProcessingJob" => {
                let arn = arn(platform, required(input, "ProcessingJobName")?);
                let role = required(input, "RoleArn")?;
                let cluster = &input["ProcessingResources"]["ClusterConfig"];
                let instance = cluster["InstanceType"].as_str().unwrap_or_default();
                let mut requirements = vec![
                    Requirement::new(action, arn.as_str()).with("sagemaker:InstanceTypes", instance),
                    Requirement::new("iam:PassRole", role).with("iam:PassedToService", "sagemaker.amazonaws.com"),
                ];
                if input["Tags"].as_array().is_some_and(|tags| !tags.is_empty()) {
                    requirements.push(Requirement::new("sagemaker:AddTags", arn));
                }
                Ok(requirements)
            }
            "DescribeProcessingJob" | "StopProcessingJob" => {
                let name = required(input, "ProcessingJobName")?;
                Ok(vec![self.tagged(
                    platform,
                    name,
                    Requirement::new(action, arn(platform, name)),
                )])
            }
            "AddTags" | "ListTags" => {
                let arn = required(input, "ResourceArn")?;
                Ok(vec![self.tagged(platform, job_of(arn)?, Requirement::new(action, arn))])
            }
            "ListProcessingJobs" => Ok(vec![Requirement::new(action, "*")]),
            _ => Err(ServiceError::not_in_local_run("sagemaker", operation)),
        }
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateProcessingJob" => self.create(platform, &input),
            "DescribeProcessingJob" => {
                let running = self.find(platform, required(&input, "ProcessingJobName")?)?;
                let described = running.lock().described();
                Ok(described)
            }
            "StopProcessingJob" => self.stop(platform, required(&input, "ProcessingJobName")?),
            "ListProcessingJobs" => self.list(&input),
            "AddTags" => self.add_tags(platform, &input),
            "ListTags" => self.list_tags(platform, &input),
            _ => Err(ServiceError::not_in_local_run("sagemaker", operation)),
        }
    }
}

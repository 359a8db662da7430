//! SageMaker: processing jobs, each a container or a process of this machine with the contract of `/opt/ml`.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html> and
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html>. A job's image is pulled
//! from the local ECR as the job's role. If a container engine answers, the job runs in a container of that image
//! (`contained`). Else it runs as a process (`process`): the image's files are then at their own paths, if the machine
//! allows that. A note in the journal says which way it ran.

mod contained;
mod data;
mod end;
mod image;
mod job;
mod mounts;
mod place;
mod process;
mod run;
#[cfg(test)]
mod tests;
mod work;

use crate::containers::Containers;
use jiff::Timestamp;
use job::{Job, Request, Running, Status, Tag};
use platform::{Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// SageMaker in this account and region.
#[derive(Debug, Default)]
pub struct SageMaker {
    /// By ARN.
    jobs: Mutex<BTreeMap<String, Arc<Running>>>,
    containers: Arc<Containers>,
}

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html>.
impl Served for SageMaker {
    const SIGNING_NAME: &'static str = "sagemaker";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<SageMaker>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("CreateProcessingJob", may_create, SageMaker::create),
                on("DescribeProcessingJob", named, SageMaker::describe),
                on("StopProcessingJob", named, SageMaker::stop),
                on(
                    "AddTags",
                    |_, it: &AddTags| it.resource_arn.clone(),
                    SageMaker::add_tags,
                ),
                on(
                    "ListTags",
                    |_, it: &ListTags| it.resource_arn.clone(),
                    SageMaker::list_tags,
                ),
                Operation::on("ListProcessingJobs", |_, _| "*".to_owned(), SageMaker::list),
            ])
        });
        &TABLE
    }
}

/// An operation on the job with this ARN. Policies can ask for the job's tags.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    arn: fn(&Platform, &I) -> String,
    does: fn(&SageMaker, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<SageMaker> {
    let requires = move |sagemaker: &SageMaker, platform: &Platform, input: &I| {
        let arn = arn(platform, input);
        // Whether the job exists is told only to those who may ask.
        let tags = sagemaker.find(&arn).map(|running| running.lock().tags.clone());
        let requirement = Requirement::new(format!("sagemaker:{name}"), arn);
        Ok(vec![
            tags.into_iter().flatten().fold(requirement, |requirement, tag| {
                requirement.with(format!("aws:ResourceTag/{}", tag.key), tag.value)
            }),
        ])
    };
    Operation::new(name, requires, does)
}

fn named(platform: &Platform, input: &Named) -> String {
    arn(platform, &input.processing_job_name)
}

fn may_create(_: &SageMaker, platform: &Platform, input: &Request) -> Result<Vec<Requirement>, ServiceError> {
    let arn = arn(platform, &input.processing_job_name);
    let instance = &input.processing_resources.cluster_config.instance_type;
    let create = Requirement::new("sagemaker:CreateProcessingJob", arn.as_str());
    let mut requirements = vec![
        create.with("sagemaker:InstanceTypes", instance),
        Requirement::pass_role(&input.role_arn, "sagemaker.amazonaws.com"),
    ];
    requirements.extend((!input.tags.is_empty()).then(|| Requirement::new("sagemaker:AddTags", arn)));
    Ok(requirements)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    processing_job_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddTags {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListTags {
    resource_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct List {
    #[serde(default)]
    name_contains: String,
    status_equals: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
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

    fn find(&self, arn: &str) -> Result<Arc<Running>, ServiceError> {
        let found = self.lock().get(arn).cloned();
        found.ok_or_else(|| {
            ServiceError::validation(if arn.contains(":processing-job/") {
                format!("Could not find requested job with name: {arn}")
            } else {
                format!("the local run has no resource `{arn}`")
            })
        })
    }

    fn create(&self, call: &Call, request: Request) -> Result<Value, ServiceError> {
        request.check()?;
        let platform = &call.platform;
        let arn = arn(platform, &request.processing_job_name);
        let mut jobs = self.lock();
        if jobs.contains_key(&arn) {
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
        jobs.insert(arn.clone(), Arc::clone(&running));
        drop(jobs);
        run::announce(platform, &running);
        let underway = platform.ongoing.began(&arn);
        let (platform, containers) = (Arc::clone(platform), Arc::clone(&self.containers));
        tokio::spawn(run::run(platform, containers, running, underway));
        Ok(json!({"ProcessingJobArn": arn}))
    }

    fn describe(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let running = self.find(&named(&call.platform, &input))?;
        let described = running.lock().described();
        Ok(described)
    }

    fn stop(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let running = self.find(&named(&call.platform, &input))?;
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
        run::announce(&call.platform, &running);
        running.stop.send_replace(true);
        Ok(json!({}))
    }

    fn list(&self, _: &Call, input: List) -> Result<Value, ServiceError> {
        let mut jobs: Vec<Job> = self.lock().values().map(|running| running.lock().clone()).collect();
        jobs.retain(|job| {
            let status = input.status_equals.as_deref();
            job.request.processing_job_name.contains(&input.name_contains)
                && status.is_none_or(|status| status == job.status.name())
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

    fn add_tags(&self, _: &Call, input: AddTags) -> Result<Value, ServiceError> {
        let running = self.find(&input.resource_arn)?;
        let mut job = running.lock();
        for tag in input.tags {
            job.tags.retain(|known| known.key != tag.key);
            job.tags.push(tag);
        }
        Ok(json!({"Tags": job.tags}))
    }

    fn list_tags(&self, _: &Call, input: ListTags) -> Result<Value, ServiceError> {
        let running = self.find(&input.resource_arn)?;
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

//! The jobs of one kind, and the operations on them.

use super::job::{Job, Kind, Running};
use super::run;
use super::status::Status;
use crate::containers::Containers;
use crate::sagemaker::checks::{one_of, trusted};
use crate::sagemaker::lists::{self, List, Listed, Order};
use crate::sagemaker::tags;
use jiff::Timestamp;
use platform::store::{Shelf, Store as Lasting, StoreError};
use platform::{Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The jobs of one kind, by ARN.
#[derive(Debug)]
pub(crate) struct Store<K: Kind> {
    jobs: Mutex<BTreeMap<String, Arc<Running<K>>>>,
    rows: Shelf,
}

impl<K: Kind> Default for Store<K> {
    fn default() -> Self {
        Self {
            jobs: Mutex::default(),
            rows: Shelf::default(),
        }
    }
}

/// The members of `List…Jobs` that not all lists have.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListJobs {
    status_equals: Option<String>,
    #[serde(default, deserialize_with = "lists::time")]
    last_modified_time_after: Option<Timestamp>,
    #[serde(default, deserialize_with = "lists::time")]
    last_modified_time_before: Option<Timestamp>,
}

/// What the creation of a job needs of IAM.
pub(crate) fn may_create<S, K: Kind>(
    _: &S,
    platform: &Platform,
    request: &K,
) -> Result<Vec<Requirement>, ServiceError> {
    let create = Requirement::new(
        format!("sagemaker:Create{}Job", K::WORD),
        arn::<K>(platform, request.name()),
    );
    let conditions = request.conditions().into_iter();
    let create = conditions.fold(create, |create, (key, value)| create.with(key, value));
    let mut requirements = tags::creating(create, request.tags());
    requirements.push(Requirement::pass_role(request.role(), "sagemaker.amazonaws.com"));
    Ok(requirements)
}

/// The ARN of a job: SageMaker's have names in lower case.
fn arn<K: Kind>(platform: &Platform, name: &str) -> String {
    let thing = format!("{}-job/{name}", K::WORD).to_lowercase();
    platform.account.arn("sagemaker", thing)
}

impl<K: Kind> Store<K> {
    /// The jobs that were kept. Those that were under way have stopped: the processes that they were are gone.
    pub(crate) fn open(lasting: &Lasting) -> Result<Self, StoreError> {
        let rows = Shelf::new(lasting, "sagemaker/jobs", K::WORD);
        let jobs = rows.read::<Job<K>>()?.into_iter().map(|(arn, mut job)| {
            job.cut_off();
            (arn.clone(), Running::new(&rows, job))
        });
        Ok(Self {
            jobs: Mutex::new(jobs.collect()),
            rows,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Running<K>>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn arn(platform: &Platform, name: &str) -> String {
        arn::<K>(platform, name)
    }

    pub(crate) fn get(&self, arn: &str) -> Option<Arc<Running<K>>> {
        self.lock().get(arn).cloned()
    }

    fn find(&self, platform: &Platform, name: &str) -> Result<Arc<Running<K>>, ServiceError> {
        let arn = Self::arn(platform, name);
        self.get(&arn).ok_or_else(|| K::missing(&arn))
    }

    /// Makes a job, which runs from now on.
    pub(crate) fn create(
        &self,
        platform: &Arc<Platform>,
        containers: &Arc<Containers>,
        request: K,
    ) -> Result<Value, ServiceError> {
        request.check()?;
        tags::check(request.tags())?;
        let arn = Self::arn(platform, request.name());
        let mut jobs = self.lock();
        if jobs.contains_key(&arn) {
            return Err(K::taken(&arn));
        }
        trusted(platform, request.role(), &arn)?;
        let running = Running::new(&self.rows, Job::new(arn.clone(), request));
        jobs.insert(arn.clone(), Arc::clone(&running));
        drop(jobs);
        run::announce(platform, &running);
        let underway = platform.ongoing.began(&arn);
        let (platform, containers) = (Arc::clone(platform), Arc::clone(containers));
        tokio::spawn(run::run(platform, containers, running, underway));
        Ok(json!({format!("{}JobArn", K::WORD): arn}))
    }

    pub(crate) fn describe(&self, platform: &Platform, name: &str) -> Result<Value, ServiceError> {
        let running = self.find(platform, name)?;
        let described = running.lock().described();
        Ok(described)
    }

    pub(crate) fn stop(&self, platform: &Arc<Platform>, name: &str) -> Result<Value, ServiceError> {
        let running = self.find(platform, name)?;
        {
            let mut job = running.lock();
            match job.status {
                Status::InProgress => job.stopping(),
                Status::Stopping => return Ok(json!({})),
                Status::Completed | Status::Failed | Status::Stopped => {
                    return Err(ServiceError::validation(format_args!(
                        "The request was rejected because the {} job is in status {}.",
                        K::WORD.to_lowercase(),
                        job.status.name()
                    )));
                }
            }
        }
        run::announce(platform, &running);
        running.stop.send_replace(true);
        Ok(json!({}))
    }

    /// The jobs that are asked for, with these members of their descriptions.
    pub(crate) fn list(&self, input: &List<ListJobs>, members: &[&str]) -> Result<Value, ServiceError> {
        let own = &input.own;
        if let Some(status) = &own.status_equals {
            one_of(status, "statusEquals", &Status::NAMES)?;
        }
        let of_status = |given: &str| own.status_equals.as_deref().is_none_or(|status| status == given);
        let is_late = K::PAGE_BEFORE_STATUS && input.target.has_size();
        let mut jobs: Vec<Job<K>> = self.lock().values().map(|running| running.lock().clone()).collect();
        jobs.retain(|job| {
            (is_late || of_status(job.status.name()))
                && lists::is_between(
                    job.modified,
                    own.last_modified_time_after,
                    own.last_modified_time_before,
                )
        });
        let member = format!("{}JobSummaries", K::WORD);
        let mut answer = input.target.answer(
            jobs,
            |job| Listed {
                name: job.request.name(),
                created: job.created,
                status: job.status.name(),
            },
            (Order::NewestFirst, &["Name", "CreationTime", "Status"]),
            &member,
            |job| lists::summary(&job.described(), members),
        )?;
        let status = format!("{}JobStatus", K::WORD);
        if let Some(shown) = answer.get_mut(&member).and_then(Value::as_array_mut) {
            shown.retain(|job| !is_late || job[&status].as_str().is_some_and(of_status));
        }
        Ok(answer)
    }
}

//! The account as services see it, its one door, and what is behind the door: a [`Service`].
//!
//! The two know each other, since a service reaches others through the door that it stands behind itself.

use crate::account::Account;
use crate::error::ServiceError;
use crate::iam::{Iam, Requirement};
use crate::journal::{Happening, Journal};
use crate::look;
use crate::ongoing::Ongoing;
use crate::pace::Pace;
use crate::principal::Principal;
use crate::secrets::{self, Secrets};
use crate::store::{Store, StoreError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// A call that IAM has allowed: where it is carried out, who makes it, and the bytes that came with it.
#[derive(Debug)]
pub struct Call {
    /// The account.
    pub platform: Arc<Platform>,
    /// Who calls.
    pub caller: Principal,
    /// What streams in beside the input, such as an object for S3; mostly nothing.
    pub body: Bytes,
}

/// What an operation answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The output, in AWS's own names.
    pub output: Value,
    /// What streams out beside the output, such as an object of S3; mostly nothing.
    pub body: Option<Bytes>,
}

impl From<Value> for Answer {
    fn from(output: Value) -> Self {
        Self { output, body: None }
    }
}

/// A call whose input was read: what IAM must allow, and what is done then.
pub struct Prepared {
    /// What IAM must allow.
    pub requirements: Vec<Requirement>,
    work: Work,
}

/// What is done once IAM has allowed a call.
type Work = Box<dyn FnOnce(Call) -> BoxFuture<'static, Result<Answer, ServiceError>> + Send>;

impl Prepared {
    /// A call that needs this of IAM, and does that then.
    pub fn new<F>(requirements: Vec<Requirement>, work: impl FnOnce(Call) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Answer, ServiceError>> + Send + 'static,
    {
        Self {
            requirements,
            work: Box::new(move |call| Box::pin(work(call))),
        }
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Prepared").field(&self.requirements).finish()
    }
}

/// A service, as the account's door sees it.
///
/// Services implement [`Served`](crate::Served), which gives them this.
pub trait Service: Send + Sync {
    /// The name that SigV4 credential scopes carry: `ssm`, `states`, `codepipeline`.
    fn signing_name(&self) -> &'static str;

    /// The names of its operations.
    fn operations(&self) -> Vec<&'static str>;

    /// Reads a call's input, and says what IAM must allow for it.
    ///
    /// # Errors
    /// The operation is not in the local run, or its input cannot be read.
    fn prepare(
        self: Arc<Self>,
        platform: &Arc<Platform>,
        operation: &str,
        input: Value,
    ) -> Result<Prepared, ServiceError>;

    /// How the service words a refusal of IAM.
    fn refusal(&self, denied: ServiceError) -> ServiceError {
        denied
    }

    /// What the service has that must never be shown, when an account begins with it.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Hears of an event that a service has sent to the default bus: EventBridge does something about it.
    fn hear(&self, _platform: &Arc<Platform>, _event: &Arc<Value>) {}

    /// Hears of a line for a log stream: CloudWatch Logs keeps it.
    fn keep(&self, _line: &Line) {}
}

/// A line that something in the account has printed, and the log stream that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The log group, such as `/aws/lambda/image-push`.
    pub group: String,
    /// The stream in it.
    pub stream: String,
    /// The line, without its end.
    pub text: String,
}

/// One AWS account in one region, in one process: all that a service may use.
pub struct Platform {
    /// The account and its region.
    pub account: Account,
    /// What happened so far.
    pub journal: Arc<Journal>,
    /// How long the waits are that AWS makes one wait.
    pub pace: Arc<Pace>,
    /// The repository whose files are run.
    pub root: PathBuf,
    /// Roles, their policies and the credentials of their sessions.
    pub iam: Arc<Iam>,
    /// What must never be shown.
    pub secrets: Arc<Secrets>,
    /// What is under way, for those who wait for its end.
    pub ongoing: Arc<Ongoing>,
    /// What lasts longer than the process.
    pub store: Store,
    services: Vec<Arc<dyn Service>>,
    endpoint: Arc<OnceLock<String>>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Platform").field(&self.account).finish()
    }
}

impl Platform {
    /// An account with these services, for the repository at `root`. Nothing of it lasts.
    pub fn new(account: Account, root: PathBuf, services: Vec<Arc<dyn Service>>) -> Arc<Self> {
        match Self::lasting(account, root, services, Store::default()) {
            Ok(platform) => platform,
            Err(error) => unreachable!("nothing is read: {error}"),
        }
    }

    /// The same, with what lasts of its services.
    ///
    /// # Errors
    /// What lasts cannot be read.
    pub fn lasting(
        account: Account,
        root: PathBuf,
        services: Vec<Arc<dyn Service>>,
        store: Store,
    ) -> Result<Arc<Self>, StoreError> {
        let secrets = Arc::<Secrets>::default();
        for secret in services.iter().flat_map(|service| service.secrets()) {
            secrets.keep(&secret);
        }
        Ok(Arc::new(Self {
            account,
            journal: Arc::new(Journal::open(&store)?),
            pace: Arc::default(),
            root,
            iam: Arc::new(Iam::open(&store, Arc::clone(&secrets))?),
            secrets,
            ongoing: Arc::default(),
            store,
            services,
            endpoint: Arc::default(),
        }))
    }

    /// The same account in another region, with these services there and what lasts of them. IAM, the journal, the pace and
    /// the gateway are one for all regions.
    pub fn in_region(&self, region: &str, services: Vec<Arc<dyn Service>>, store: Store) -> Arc<Self> {
        for secret in services.iter().flat_map(|service| service.secrets()) {
            self.secrets.keep(&secret);
        }
        Arc::new(Self {
            account: Account {
                region: region.to_owned(),
                ..self.account.clone()
            },
            journal: Arc::clone(&self.journal),
            pace: Arc::clone(&self.pace),
            root: self.root.clone(),
            iam: Arc::clone(&self.iam),
            secrets: Arc::clone(&self.secrets),
            ongoing: Arc::clone(&self.ongoing),
            store,
            services,
            endpoint: Arc::clone(&self.endpoint),
        })
    }

    /// Where the gateway answers, such as `http://127.0.0.1:4566`: what `AWS_ENDPOINT_URL` must say. None before it
    /// serves.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.get().map(String::as_str)
    }

    /// Says where the gateway answers; the first one counts.
    pub fn set_endpoint(&self, endpoint: String) {
        self.endpoint.get_or_init(|| endpoint);
    }

    /// The services with the names of their operations.
    pub fn operations(&self) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
        self.services
            .iter()
            .map(|service| (service.signing_name(), service.operations()))
    }

    /// Whether a service is here, and has this operation.
    pub fn has(&self, service: &str, operation: &str) -> bool {
        let found = self.services.iter().find(|known| known.signing_name() == service);
        found.is_some_and(|service| service.operations().contains(&operation))
    }

    /// The door for those who speak JSON: what streams out beside the output is its `Body`, as text.
    ///
    /// # Errors
    /// Those of [`Platform::send`].
    pub async fn call(
        self: &Arc<Self>,
        caller: &Principal,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let Answer { mut output, body } = self.send(caller, service, operation, input, Bytes::new()).await?;
        if let Some(body) = body {
            output["Body"] = String::from_utf8_lossy(&body).into();
        }
        Ok(output)
    }

    /// The one door: reads the input, asks IAM, then has the service carry out the call.
    ///
    /// # Errors
    /// The service or the operation is not in the local run, IAM does not allow the call, or the service's own error.
    pub async fn send(
        self: &Arc<Self>,
        caller: &Principal,
        service: &str,
        operation: &str,
        input: Value,
        body: Bytes,
    ) -> Result<Answer, ServiceError> {
        let found = self.service(service, operation)?;
        let prepared = Arc::clone(found).prepare(self, operation, input)?;
        self.authorize(caller, &prepared.requirements)
            .map_err(|denied| found.refusal(denied))?;
        let call = Call {
            platform: Arc::clone(self),
            caller: caller.clone(),
            body,
        };
        (prepared.work)(call).await
    }

    /// The door for somebody who looks at the account from outside and is nobody in it: IAM is not asked, and the journal
    /// has no line of it. Only operations that read can be called, and no value of a SecureString is shown.
    ///
    /// # Errors
    /// AccessDeniedException for an operation that does not only read and for `WithDecryption`; else those of
    /// [`Platform::send`].
    pub async fn look(self: &Arc<Self>, service: &str, operation: &str, input: Value) -> Result<Answer, ServiceError> {
        look::allow(operation, &input)?;
        let found = self.service(service, operation)?;
        let prepared = Arc::clone(found).prepare(self, operation, input)?;
        let call = Call {
            platform: Arc::clone(self),
            caller: Principal::Administrator,
            body: Bytes::new(),
        };
        (prepared.work)(call).await
    }

    /// What a call would need of IAM.
    ///
    /// # Errors
    /// The service or the operation is not in the local run, or its input cannot be read.
    pub fn requirements(
        self: &Arc<Self>,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let found = self.service(service, operation)?;
        let prepared = Arc::clone(found).prepare(self, operation, input)?;
        Ok(prepared.requirements)
    }

    fn service(&self, name: &str, operation: &str) -> Result<&Arc<dyn Service>, ServiceError> {
        let found = self.services.iter().find(|known| known.signing_name() == name);
        found.ok_or_else(|| ServiceError::not_in_local_run(name, operation))
    }

    /// Asks IAM whether `caller` may have all of `requirements`, and writes each decision to the journal.
    ///
    /// # Errors
    /// AccessDenied, in the words of AWS, for the first one that no policy allows.
    pub fn authorize(&self, caller: &Principal, requirements: &[Requirement]) -> Result<(), ServiceError> {
        for requirement in requirements {
            let (decision, reason) = self.iam.explain(&self.account, caller, requirement);
            self.journal.record(Happening::Authorized {
                principal: caller.arn(&self.account),
                source: caller.source_arn().map(str::to_owned),
                action: requirement.action.clone(),
                resource: requirement.resource.clone(),
                allowed: decision.is_ok(),
                reason,
            });
            decision?;
        }
        Ok(())
    }

    /// JSON as the journal has it: its secrets hidden, and cut after 256 KB, with a note.
    pub fn shown(&self, value: &Value) -> Arc<str> {
        secrets::cut(self.secrets.hide_json(value).to_string()).into()
    }

    /// Writes a line to the journal, and to its log stream if whoever prints it may write there.
    pub fn log(&self, line: Line, may_write: bool) {
        for service in self.services.iter().filter(|_| may_write) {
            service.keep(&line);
        }
        self.journal.record(Happening::LogLine {
            group: line.group,
            stream: line.stream,
            line: line.text,
        });
    }

    /// Sends an event to the default bus, as AWS's services do: `event` has `source`, `detail-type` and `detail`, and
    /// `resources` if there are any. What every event has beside that is added. Answers with the event's id.
    pub fn emit(self: &Arc<Self>, event: Value) -> String {
        let event = Arc::new(self.complete(event));
        for service in &self.services {
            service.hear(self, &event);
        }
        event["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Adds the envelope's fields: <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>.
    pub fn complete(&self, mut event: Value) -> Value {
        let mut complete = json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": event["detail-type"].take(),
            "source": event["source"].take(),
            "account": self.account.id,
            "time": format!("{:.0}", jiff::Timestamp::now()),
            "region": self.account.region,
            "resources": [],
            "detail": {},
        });
        for field in ["resources", "detail", "time"] {
            if let Some(given) = event.get_mut(field) {
                complete[field] = given.take();
            }
        }
        complete
    }
}

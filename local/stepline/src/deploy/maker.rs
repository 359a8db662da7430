//! Creates a resource, or says why it was not created.

use super::error::DeployError;
use crate::cloud::Cloud;
use crate::template::Fault;
use platform::Requirement;
use platform::error::ServiceError;
use platform::principal::Principal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a resource was not created.
pub(super) enum Failure {
    /// A property is wrong.
    Fault(Fault),
    /// The type is not in the local run.
    Kind,
    /// A service refused.
    Service { operation: String, error: ServiceError },
    /// A stack that is nested was not made, in the words of CloudFormation.
    Embedded(String),
    /// The same of one that the local run itself deploys.
    Inner(Box<DeployError>),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => write!(formatter, "Properties/{}: {fault}", fault.path().join("/")),
            Self::Kind => formatter.write_str("the local run has no such type"),
            Self::Service { operation, error } => write!(formatter, "{operation}: {error}"),
            Self::Embedded(reason) => formatter.write_str(reason),
            Self::Inner(error) => error.fmt(formatter),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A stack that a template nests.
pub(super) struct Nesting {
    /// Its name in the outer template.
    pub(super) logical_id: String,
    pub(super) template: NestedTemplate,
    /// The values of its parameters.
    pub(super) values: BTreeMap<String, String>,
    /// Its own tags.
    pub(super) tags: Vec<(String, String)>,
}

/// Where the template of a nested stack is.
pub(super) enum NestedTemplate {
    /// In a file, from which the local run deploys.
    File(PathBuf),
    /// In S3.
    Url(String),
}

/// The outputs of a nested stack that is being made: names and values.
pub(super) type Inner<'n> = Pin<Box<dyn Future<Output = Result<Vec<(String, String)>, Failure>> + Send + 'n>>;

/// Makes the stacks that a template nests, as the outer one is made.
pub(super) trait Nests: Send + Sync {
    /// Makes one, or changes the one that is there.
    fn make<'n>(&'n self, maker: &'n Maker<'n>, nesting: Nesting) -> Inner<'n>;
}

/// What is deployed, and who does it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) cloud: &'p Arc<Cloud>,
    pub(super) stack: &'p str,
    /// As whom the resources are made: CloudFormation acts with the permissions of who asks it.
    pub(super) caller: &'p Principal,
    pub(super) occasion: Occasion,
    /// What makes the stacks that are nested in it.
    pub(super) nests: &'p dyn Nests,
}

/// What a stack is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The local run deploys the repository.
    Own,
    /// Somebody has asked CloudFormation.
    Asked,
    /// What somebody has deployed in an earlier run is made again, as far as it has not lasted.
    Again,
}

/// Creates one resource of a stack.
pub(super) struct Maker<'m> {
    pub(super) cloud: &'m Arc<Cloud>,
    pub(super) stack: &'m str,
    pub(super) id: &'m str,
    pub(super) caller: &'m Principal,
    pub(super) occasion: Occasion,
    pub(super) nests: &'m dyn Nests,
    /// Whether it was made before, at least in part: then it is changed.
    pub(super) is_there: bool,
    /// The properties with which it was made before.
    pub(super) before: Option<&'m Value>,
    /// What is left out of it, below its properties.
    pub(super) left_out: Mutex<Vec<Fault>>,
    /// The reference of what is there of it by now.
    pub(super) made: Mutex<Option<Value>>,
}

impl Maker<'_> {
    /// Leaves something out, and goes on with the rest.
    pub(super) fn leave_out(&self, fault: Fault) {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// What was left out since this was last asked.
    pub(super) fn take_left_out(&self) -> Vec<Fault> {
        std::mem::take(&mut self.left_out.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls an operation as whoever deploys.
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Failure> {
        let answer = self.cloud.call(self.caller, service, operation, input);
        answer.await.map_err(|error| self.refused(service, operation, error))
    }

    /// Asks IAM for leave to do what no operation does here: IAM's own resources are made without one.
    pub(super) fn allow(&self, needed: impl IntoIterator<Item = Requirement>) -> Result<(), Failure> {
        for needed in needed {
            let operation = needed.action.trim_start_matches("iam:").to_owned();
            let allowed = self.cloud.authorize(self.caller, &[needed]);
            allowed.map_err(|error| self.refused("iam", &operation, error))?;
        }
        Ok(())
    }

    /// Calls an operation that makes the resource, unless it is there already: then nothing answers.
    pub(super) async fn call_unless_there(
        &self,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, Failure> {
        match self.call(service, operation, input).await {
            Err(Failure::Service { error, .. }) if self.is_known() && says_that_it_is_there(&error) => Ok(Value::Null),
            other => other,
        }
    }

    /// Notes that the resource is there, with this reference, although more is to be done with it: where that fails, it is
    /// known what to take back.
    pub(super) fn has_made(&self, reference: Value) {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(reference);
    }

    /// What was made, even if it could not be finished.
    pub(super) fn take_made(&self) -> Option<Value> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether it was made before, or just now.
    fn is_known(&self) -> bool {
        self.is_there || self.made.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn refused(&self, service: &str, operation: &str, error: ServiceError) -> Failure {
        Failure::Service {
            operation: format!("{service}:{operation}"),
            error,
        }
    }

    /// The name of a resource to which the template gives none. CloudFormation would add a random suffix, and cuts the names
    /// of the stack and of the resource, so that together they are no longer than names can be.
    pub(super) fn name(&self) -> String {
        short(self.stack, self.id)
    }

    /// Who makes a nested stack, and in which one.
    pub(super) fn nesting(&self) -> services::cloudformation::Nesting<'_> {
        services::cloudformation::Nesting {
            platform: self.cloud,
            caller: self.caller,
            parent: self.stack,
        }
    }
}

/// How long the names of buckets can be, which are the shortest of those that stacks are given.
const LONGEST: usize = 63;

/// The name of a resource from that of its stack and its own. One that would be too long ends with a hash of both.
fn short(stack: &str, id: &str) -> String {
    use sha2::Digest as _;
    let whole = format!("{stack}-{id}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let hash = &hex::encode(sha2::Sha256::digest(&whole))[..12];
    let room = LONGEST - hash.len() - 2;
    let id: String = id.chars().take(room / 2).collect();
    let stack: String = stack.chars().take(room - id.len()).collect();
    format!("{stack}-{id}-{hash}")
}

/// Whether a service has refused to make something because it is there: AWS's services word that alike.
pub(super) fn says_that_it_is_there(error: &ServiceError) -> bool {
    let code = error.code.strip_suffix("Exception").unwrap_or(&error.code);
    code.ends_with("AlreadyExists") || code.ends_with("AlreadyOwnedByYou") || error.message.contains("already exists")
}

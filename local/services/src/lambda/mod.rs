//! Lambda, as far as the chain needs it: functions that are binaries of this repository, run as processes over the
//! Runtime API. Follows <https://docs.aws.amazon.com/lambda/latest/api/welcome.html>.

mod build;
mod concurrency;
mod destination;
mod environment;
mod functions;
mod invoke;
mod memory;
pub mod rest;
mod runtime_api;

pub use build::BuildError;

use crate::by_name::ByName;
use concurrency::Concurrency;
use environment::Environment;
use functions::{CreateFunction, EventInvokeConfig, Function};
use invoke::Outcome;
use platform::error::ServiceError;
use platform::input::{read, required};
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Lambda in this account and region.
#[derive(Debug, Default)]
pub struct Lambda {
    functions: Mutex<BTreeMap<String, Arc<Function>>>,
    environments: Mutex<HashMap<String, Arc<Environment>>>,
    binaries: tokio::sync::Mutex<BTreeMap<String, PathBuf>>,
    in_flight: InFlight,
    concurrency: Concurrency,
}

/// Asynchronous invocations that have not come to their end.
#[derive(Debug)]
struct InFlight(watch::Sender<usize>);

impl Default for InFlight {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

/// One invocation in flight, until it is dropped.
struct Busy(watch::Sender<usize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// An asynchronous event may have this many bytes.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const EVENT_LIMIT: usize = 1024 * 1024;

/// A synchronous request may have this many bytes.
const REQUEST_LIMIT: usize = 6 * 1024 * 1024;

impl Lambda {
    /// Builds the binaries of all functions that have none yet, in one go; `progress` gets what cargo prints.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn prepare(&self, platform: &Platform, progress: impl Fn(&str)) -> Result<(), BuildError> {
        self.prepare_from(&platform.root, progress).await
    }

    /// The same from the workspace at `root`, where that is not what has been deployed from.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn prepare_from(&self, root: &Path, progress: impl Fn(&str)) -> Result<(), BuildError> {
        let mut binaries = self.binaries.lock().await;
        let mut missing: Vec<String> = lock(&self.functions)
            .values()
            .map(|function| function.configuration.code.local_binary.clone())
            .filter(|binary| !binaries.contains_key(binary))
            .collect();
        missing.sort();
        missing.dedup();
        if !missing.is_empty() {
            binaries.extend(build::build(root, &missing, progress).await?);
        }
        Ok(())
    }

    /// Runs `binary` from `path`, instead of building it.
    pub async fn provide(&self, binary: &str, path: PathBuf) {
        self.binaries.lock().await.insert(binary.to_owned(), path);
    }

    /// Where the binaries are that have been built or provided, by their names.
    pub async fn built(&self) -> BTreeMap<String, PathBuf> {
        self.binaries.lock().await.clone()
    }

    /// The functions: each one's name, and its binary's.
    pub fn names(&self) -> Vec<(String, String)> {
        let functions = lock(&self.functions);
        let names = functions
            .iter()
            .map(|(name, function)| (name, &function.configuration.code.local_binary));
        names.map(|(name, binary)| (name.clone(), binary.clone())).collect()
    }

    /// Waits until every asynchronous invocation, its retries included, has come to its end.
    pub async fn settled(&self) {
        // Fails only when the sender is gone, and it lives in `self`.
        let _ = self.in_flight.0.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Sets how many invocations the account may run at once, all functions together.
    pub fn set_concurrency(&self, most: u32) {
        self.concurrency.set(most);
    }

    /// Kills every process of one function, as a failing machine would.
    pub fn kill(&self, function: &str) {
        let is_its = |environment: &&Arc<Environment>| environment.function_arn.rsplit(':').next() == Some(function);
        for environment in lock(&self.environments).values().filter(is_its) {
            environment.kill();
        }
    }

    /// Kills every process of every function.
    pub fn shut_down(&self) {
        for environment in lock(&self.environments).values() {
            environment.kill();
        }
    }

    fn busy(&self) -> Busy {
        self.in_flight.0.send_modify(|count| *count += 1);
        Busy(self.in_flight.0.clone())
    }

    /// How long Lambda waits before an asynchronous invocation's next attempt: on AWS a minute and then two.
    fn retry_delay(platform: &Platform, attempt: u32) -> Duration {
        platform.pace.retry() * attempt
    }

    async fn binary(&self, platform: &Platform, function: &Function) -> Result<PathBuf, ServiceError> {
        let name = &function.configuration.code.local_binary;
        if let Some(path) = self.binaries.lock().await.get(name) {
            return Ok(path.clone());
        }
        self.prepare(platform, |_| ())
            .await
            .map_err(|error| ServiceError::new("ServiceException", error).with_status(500))?;
        self.binaries.lock().await.get(name).cloned().ok_or_else(|| {
            ServiceError::new("ServiceException", format_args!("`{name}` was not built")).with_status(500)
        })
    }

    fn start_environment(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        function: &Function,
        binary: &Path,
    ) -> Result<Arc<Environment>, ServiceError> {
        // Held meanwhile, so that a process that ends at once is not forgotten before it is known.
        let mut environments = lock(&self.environments);
        let environment = Environment::start(self, platform, function, binary)?;
        environments.insert(environment.id.clone(), environment.clone());
        Ok(environment)
    }

    fn forget_environment(&self, id: &str) {
        lock(&self.environments).remove(id);
    }

    fn function(&self, reference: &str) -> Result<Arc<Function>, ServiceError> {
        let name = functions::name_of(reference)?;
        lock(&self.functions).get(name).cloned().ok_or_else(|| {
            ServiceError::new(
                "ResourceNotFoundException",
                format_args!("Function not found: {reference}"),
            )
            .with_status(404)
        })
    }

    fn create(&self, platform: &Platform, input: Value) -> Result<Value, ServiceError> {
        let configuration: CreateFunction = read(input)?;
        configuration.check()?;
        if !platform
            .iam
            .trusts_service(&platform.account, &configuration.role, "lambda.amazonaws.com", None)?
        {
            return Err(ServiceError::new(
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
            ));
        }
        let name = configuration.function_name.clone();
        let mut functions = lock(&self.functions);
        if functions.contains_key(&name) {
            return Err(ServiceError::new(
                "ResourceConflictException",
                format_args!("Function already exist: {name}"),
            )
            .with_status(409));
        }
        let function = Arc::new(Function::new(&platform.account, configuration));
        let described = function.describe();
        functions.insert(name, function);
        Ok(described)
    }

    async fn invoke(self: &Arc<Self>, platform: &Arc<Platform>, mut input: Value) -> Result<Value, ServiceError> {
        let function = self.function(required(&input, "FunctionName")?)?;
        let kind = input["InvocationType"].as_str().unwrap_or("RequestResponse").to_owned();
        if input.get("LogType").is_some_and(|kind| kind != "None") {
            return Err(ServiceError::not_in_local_run("lambda", "Invoke with LogType Tail"));
        }
        let payload = input.get_mut("Payload").map_or_else(|| json!({}), Value::take);
        let limit = if kind == "Event" { EVENT_LIMIT } else { REQUEST_LIMIT };
        let size = payload.to_string().len();
        if size > limit {
            return Err(ServiceError::new(
                "RequestTooLargeException",
                format_args!(
                    "Request must be smaller than {limit} bytes for the {kind} invocation type: it has {size}"
                ),
            )
            .with_status(413));
        }
        let request_id = uuid::Uuid::new_v4().to_string();
        match kind.as_str() {
            "DryRun" => Ok(json!({"StatusCode": 204, "RequestId": request_id})),
            "Event" => {
                invoke::run_asynchronously(self, platform, &function, request_id.clone(), payload);
                Ok(json!({"StatusCode": 202, "RequestId": request_id}))
            }
            "RequestResponse" => {
                let outcome = invoke::run_synchronously(self, platform, &function, &request_id, payload).await?;
                Ok(answer(&request_id, &outcome))
            }
            other => Err(ServiceError::validation(format_args!(
                "InvocationType `{other}` is not one of Event, RequestResponse, DryRun"
            ))),
        }
    }

    fn add_permission(&self, platform: &Platform, input: &Value) -> Result<Value, ServiceError> {
        let function = self.function(required(input, "FunctionName")?)?;
        let id = required(input, "StatementId")?;
        let principal = required(input, "Principal")?;
        let mut statement = json!({
            "Sid": id,
            "Effect": "Allow",
            "Principal": {"Service": principal},
            "Action": required(input, "Action")?,
            "Resource": function.arn,
        });
        if let Some(source) = input.get("SourceArn") {
            statement["Condition"]["ArnLike"]["AWS:SourceArn"] = source.clone();
        }
        if let Some(account) = input.get("SourceAccount") {
            statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = account.clone();
        }
        platform.iam.add_resource_statement(&function.arn, &statement)?;
        lock(&function.permissions).insert(id.to_owned(), statement.clone());
        Ok(json!({"Statement": statement.to_string()}))
    }

    fn put_event_invoke_config(&self, input: Value) -> Result<Value, ServiceError> {
        let config: EventInvokeConfig = read(input)?;
        let function = self.function(&config.function_name)?;
        if let Some(qualifier) = config.qualifier.as_deref().filter(|qualifier| *qualifier != "$LATEST") {
            functions::name_of(&format!("{}:{qualifier}", function.name()))?;
        }
        if config.maximum_retry_attempts.is_some_and(|attempts| attempts > 2) {
            return Err(ServiceError::new(
                "InvalidParameterValueException",
                "MaximumRetryAttempts is not between 0 and 2",
            ));
        }
        let mut described = json!(config);
        described["FunctionArn"] = format!("{}:$LATEST", function.arn).into();
        *lock(&function.event_invoke) = config;
        Ok(described)
    }
}

/// `Invoke`'s output for a finished invocation.
fn answer(request_id: &str, outcome: &Outcome) -> Value {
    let mut answer = json!({
        "StatusCode": 200,
        "ExecutedVersion": "$LATEST",
        "Payload": outcome.payload(),
        "RequestId": request_id,
    });
    if outcome.is_error() {
        answer["FunctionError"] = "Unhandled".into();
    }
    answer
}

fn policy(permissions: &BTreeMap<String, Value>) -> Value {
    let statements: Vec<&Value> = permissions.values().collect();
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements})
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

crate::by_name::by_name!(Lambda);

#[async_trait::async_trait]
impl ByName for Lambda {
    fn signing_name(&self) -> &'static str {
        "lambda"
    }

    /// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.
    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let action = match operation {
            "Invoke" => "lambda:InvokeFunction".to_owned(),
            "ListFunctions" | "GetAccountSettings" => {
                return Ok(vec![Requirement::new(format!("lambda:{operation}"), "*")]);
            }
            "CreateFunction"
            | "GetFunction"
            | "GetFunctionConfiguration"
            | "DeleteFunction"
            | "AddPermission"
            | "GetPolicy"
            | "PutFunctionEventInvokeConfig"
            | "GetFunctionEventInvokeConfig" => format!("lambda:{operation}"),
            other => return Err(ServiceError::not_in_local_run("lambda", other)),
        };
        let name = functions::name_of(required(input, "FunctionName")?)?;
        let function = platform.account.arn("lambda", format_args!("function:{name}"));
        let mut requirements = vec![Requirement::new(action, function)];
        if operation == "CreateFunction" {
            requirements.push(
                Requirement::new("iam:PassRole", required(input, "Role")?)
                    .with("iam:PassedToService", "lambda.amazonaws.com"),
            );
        }
        Ok(requirements)
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let function = || self.function(required(&input, "FunctionName")?);
        match operation {
            "CreateFunction" => self.create(platform, input),
            "Invoke" => self.invoke(platform, input).await,
            "AddPermission" => self.add_permission(platform, &input),
            "PutFunctionEventInvokeConfig" => self.put_event_invoke_config(input),
            "GetFunction" => {
                let function = function()?;
                Ok(json!({"Configuration": function.describe(), "Tags": function.configuration.tags}))
            }
            "GetFunctionConfiguration" => Ok(function()?.describe()),
            "GetFunctionEventInvokeConfig" => {
                let function = function()?;
                let mut config = json!(function.event_invoke());
                config["FunctionArn"] = format!("{}:$LATEST", function.arn).into();
                Ok(config)
            }
            "GetAccountSettings" => Ok(json!({"AccountLimit": {
                "ConcurrentExecutions": self.concurrency.most(),
                "UnreservedConcurrentExecutions": self.concurrency.most(),
            }})),
            "GetPolicy" => {
                let function = function()?;
                Ok(json!({"Policy": policy(&lock(&function.permissions)).to_string()}))
            }
            "ListFunctions" => {
                let described: Vec<Value> = lock(&self.functions)
                    .values()
                    .map(|function| function.describe())
                    .collect();
                Ok(json!({"Functions": described}))
            }
            "DeleteFunction" => {
                let function = function()?;
                lock(&self.functions).remove(function.name());
                for environment in lock(&function.warm).drain(..) {
                    environment.kill();
                }
                Ok(json!({}))
            }
            other => Err(ServiceError::not_in_local_run("lambda", other)),
        }
    }
}

//! What Lambda knows of a function: its configuration, and where the outcomes of its asynchronous invocations go.

use super::environment::Environment;
use platform::account::Account;
use platform::error::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// `CreateFunction`'s input, as far as it means something here; any other field is refused by name.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateFunction {
    pub(super) function_name: String,
    pub(super) role: String,
    pub(super) code: Code,
    pub(super) runtime: String,
    #[serde(default)]
    pub(super) handler: Option<String>,
    #[serde(default = "default_timeout")]
    pub(super) timeout: u32,
    #[serde(default = "default_memory")]
    pub(super) memory_size: u32,
    #[serde(default)]
    pub(super) environment: Variables,
    #[serde(default)]
    pub(super) dead_letter_config: Option<DeadLetterConfig>,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) architectures: Option<Vec<String>>,
    #[serde(default)]
    pub(super) logging_config: Option<LoggingConfig>,
    #[serde(default)]
    pub(super) tracing_config: Option<Value>,
    #[serde(default)]
    pub(super) ephemeral_storage: Option<Value>,
    #[serde(default)]
    pub(super) tags: Option<Value>,
    #[serde(default)]
    pub(super) package_type: Option<String>,
    #[serde(default)]
    pub(super) publish: bool,
    #[serde(default)]
    pub(super) vpc_config: Option<VpcConfig>,
}

/// The VPC in which the function is. Here it means nothing, but for the permissions that it takes.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct VpcConfig {
    #[serde(default)]
    pub(super) subnet_ids: Vec<String>,
    #[serde(default)]
    pub(super) security_group_ids: Vec<String>,
}

/// Where the code is. On AWS it is a zip. Here it is the name of a binary of the workspace, which would be the zip's
/// `bootstrap`: SAM's `Metadata.BuildProperties.Binary` has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Code {
    /// The binary target's name, built by cargo from the repository.
    pub(super) local_binary: Option<String>,
    /// The zip, in S3.
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_key: Option<String>,
    #[expect(dead_code, reason = "the zip is not read yet")]
    s3_object_version: Option<String>,
}

/// The function's own environment variables.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Variables {
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
}

/// The queue for events that failed, in its older form.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeadLetterConfig {
    pub(super) target_arn: String,
}

/// How the function logs. Only the function's own runtime looks at the levels.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct LoggingConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log_format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) application_log_level: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) system_log_level: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) log_group: Option<String>,
}

fn default_timeout() -> u32 {
    3
}

fn default_memory() -> u32 {
    128
}

impl CreateFunction {
    /// Checks the values that AWS checks. The error names the value.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let refuse = |message: String| Err(ServiceError::new("InvalidParameterValueException", message));
        if !self.runtime.starts_with("provided") {
            return Err(ServiceError::new(
                "NotInLocalRun",
                format!(
                    "the local run has no runtime `{}` (function `{}`): it runs `provided.al2023` binaries",
                    self.runtime, self.function_name
                ),
            )
            .with_status(501));
        }
        if self.publish {
            return Err(ServiceError::not_in_local_run("lambda", "CreateFunction with Publish"));
        }
        if !(1..=900).contains(&self.timeout) {
            return refuse(format!("Timeout {} is not between 1 and 900 seconds", self.timeout));
        }
        if !(128..=10_240).contains(&self.memory_size) {
            return refuse(format!(
                "MemorySize {} is not between 128 and 10240 MB",
                self.memory_size
            ));
        }
        if let Some(name) = self.environment.variables.keys().find(|name| is_reserved(name)) {
            return refuse(format!("the environment variable `{name}` is reserved by Lambda"));
        }
        Ok(())
    }
}

/// Variables that Lambda sets itself and does not let a function set.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>.
fn is_reserved(name: &str) -> bool {
    matches!(
        name,
        "_HANDLER"
            | "_X_AMZN_TRACE_ID"
            | "AWS_DEFAULT_REGION"
            | "AWS_REGION"
            | "AWS_EXECUTION_ENV"
            | "AWS_ACCESS_KEY"
            | "AWS_ACCESS_KEY_ID"
            | "AWS_SECRET_ACCESS_KEY"
            | "AWS_SESSION_TOKEN"
            | "LAMBDA_TASK_ROOT"
            | "LAMBDA_RUNTIME_DIR"
    ) || name.starts_with("AWS_LAMBDA_") && name != "AWS_LAMBDA_LOG_LEVEL"
}

/// How asynchronous invocations are retried, and where their outcomes go.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EventInvokeConfig {
    pub(super) function_name: String,
    #[serde(default, skip_serializing)]
    pub(super) qualifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) maximum_retry_attempts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) maximum_event_age_in_seconds: Option<u32>,
    #[serde(default)]
    pub(super) destination_config: DestinationConfig,
}

/// The destinations of asynchronous invocations.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DestinationConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_success: Option<Destination>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_failure: Option<Destination>,
}

/// One destination: the ARN of a queue, a function or an event bus.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Destination {
    pub(super) destination: String,
}

/// A function, and the processes that run it.
#[derive(Debug)]
pub(super) struct Function {
    /// What it was created with.
    pub(super) configuration: CreateFunction,
    /// Its ARN, unqualified.
    pub(super) arn: String,
    /// What becomes of asynchronous invocations.
    pub(super) event_invoke: Mutex<EventInvokeConfig>,
    /// Processes that wait for their next event.
    pub(super) warm: Mutex<Vec<Arc<Environment>>>,
    /// Statements of its resource policy, by statement id.
    pub(super) permissions: Mutex<BTreeMap<String, Value>>,
}

impl Function {
    pub(super) fn new(account: &Account, configuration: CreateFunction) -> Self {
        Self {
            arn: account.arn("lambda", format_args!("function:{}", configuration.function_name)),
            configuration,
            event_invoke: Mutex::default(),
            warm: Mutex::default(),
            permissions: Mutex::default(),
        }
    }

    /// The function's name.
    pub(super) fn name(&self) -> &str {
        &self.configuration.function_name
    }

    /// The name of the role that it runs as.
    pub(super) fn role(&self) -> &str {
        self.configuration
            .role
            .rsplit_once('/')
            .map_or(self.configuration.role.as_str(), |(_, name)| name)
    }

    /// How long one invocation may take.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.configuration.timeout.into())
    }

    /// The log group that its lines go to.
    pub(super) fn log_group(&self) -> String {
        self.configuration
            .logging_config
            .as_ref()
            .and_then(|logging| logging.log_group.clone())
            .unwrap_or_else(|| format!("/aws/lambda/{}", self.name()))
    }

    /// The retries and destinations of asynchronous invocations.
    pub(super) fn event_invoke(&self) -> EventInvokeConfig {
        self.event_invoke.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `FunctionConfiguration`, as `GetFunctionConfiguration` shows it.
    pub(super) fn describe(&self) -> Value {
        let configuration = &self.configuration;
        let mut described = json!({
            "FunctionName": configuration.function_name,
            "FunctionArn": self.arn,
            "Runtime": configuration.runtime,
            "Role": configuration.role,
            "Handler": configuration.handler,
            "Description": configuration.description.as_deref().unwrap_or_default(),
            "Timeout": configuration.timeout,
            "MemorySize": configuration.memory_size,
            "Environment": configuration.environment,
            "Architectures": configuration.architectures.clone().unwrap_or_else(|| vec!["x86_64".into()]),
            "PackageType": configuration.package_type.as_deref().unwrap_or("Zip"),
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        });
        for (name, value) in [
            (
                "DeadLetterConfig",
                configuration.dead_letter_config.as_ref().map(|config| json!(config)),
            ),
            (
                "LoggingConfig",
                configuration.logging_config.as_ref().map(|config| json!(config)),
            ),
            ("TracingConfig", configuration.tracing_config.clone()),
            ("EphemeralStorage", configuration.ephemeral_storage.clone()),
            (
                "VpcConfig",
                configuration.vpc_config.as_ref().map(|config| json!(config)),
            ),
        ] {
            if let Some(value) = value {
                described[name] = value;
            }
        }
        described
    }
}

/// A function's name from what callers write: a name, a partial ARN or a full one, each perhaps with a qualifier.
///
/// # Errors
/// A qualifier other than `$LATEST`: the local run publishes no versions of functions.
pub(super) fn name_of(reference: &str) -> Result<&str, ServiceError> {
    let after = match reference.split_once(":function:") {
        Some((_, after)) => after,
        None => reference,
    };
    match after.split_once(':') {
        None | Some((_, "$LATEST")) => Ok(after.split(':').next().unwrap_or(after)),
        Some((name, qualifier)) => Err(ServiceError::new(
            "NotInLocalRun",
            format!("the local run publishes no versions of functions: `{name}` has no qualifier `{qualifier}`"),
        )
        .with_status(501)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_name_and_by_arn() {
        for (reference, expected) in [
            ("image-push-dev", Some("image-push-dev")),
            ("image-push-dev:$LATEST", Some("image-push-dev")),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:image-push-dev",
                Some("image-push-dev"),
            ),
            ("123456789012:function:image-push-dev", Some("image-push-dev")),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:image-push-dev:live",
                None,
            ),
        ] {
            assert_eq!(name_of(reference).ok(), expected, "{reference}");
        }
    }

    #[test]
    fn reserved_variables_are_refused_and_others_are_not() {
        assert!(is_reserved("AWS_REGION"));
        assert!(is_reserved("AWS_LAMBDA_FUNCTION_NAME"));
        assert!(!is_reserved("AWS_LAMBDA_LOG_LEVEL"));
        assert!(!is_reserved("RULES"));
    }
}

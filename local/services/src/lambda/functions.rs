//! What Lambda knows of a function: its configuration, and where the outcomes of its asynchronous invocations go.

use super::code::{Given, Launch, LayerFiles, Package, Runtime};
use super::constraints;
use super::environment::Environment;
use super::event_invoke::EventInvokeConfig;
use platform::account::Account;
use platform::error::ServiceError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// `CreateFunction`'s input, as far as it means something here; any other field is refused by name.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateFunction {
    pub(super) function_name: String,
    pub(super) role: String,
    pub(super) code: Given,
    #[serde(default)]
    pub(super) runtime: Option<String>,
    #[serde(default)]
    pub(super) layers: Vec<String>,
    #[serde(default)]
    pub(super) image_config: Option<ImageConfig>,
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

/// What a function in an image has instead of the image's own settings.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ImageConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entry_point: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) working_directory: Option<String>,
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
    /// Whether the code is an image.
    pub(super) fn is_image(&self) -> bool {
        self.package_type.as_deref() == Some("Image")
    }

    /// Checks the values that AWS checks. The error names the value.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let refuse = |message: String| Err(ServiceError::new("InvalidParameterValueException", message));
        constraints::check(self.architectures.as_deref(), self.ephemeral_storage.as_ref())?;
        match (&self.runtime, self.is_image()) {
            (Some(runtime), false) => drop(Runtime::read(runtime)?),
            (None, true) if self.handler.is_none() && self.layers.is_empty() => {}
            (None, false) => {
                let mandatory =
                    "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
                return refuse(mandatory.to_owned());
            }
            (_, true) => {
                let message = "Please don't provide Handler or Runtime or Layer when the intent is to use an image.";
                return refuse(message.to_owned());
            }
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

/// What an alias has of its own.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) description: String,
    /// What tells this state of the alias from those before it.
    pub(super) revision: String,
}

impl Alias {
    pub(super) fn new(description: String) -> Self {
        Self {
            description,
            revision: new_revision(),
        }
    }
}

fn new_revision() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// What is published of a function.
#[derive(Debug, Default)]
pub(super) struct Qualified {
    /// The number of the newest version: no number is given twice.
    pub(super) last: u64,
    /// The versions by number, and the aliases by name.
    pub(super) by_name: BTreeMap<String, Arc<Function>>,
}

/// A function, and the processes that run it.
#[derive(Debug)]
pub(super) struct Function {
    /// What it was created with.
    pub(super) configuration: CreateFunction,
    /// Its ARN, with the version or alias that this is.
    pub(super) arn: String,
    /// Its version.
    pub(super) version: String,
    /// What tells this state of the function from those before it.
    pub(super) revision: String,
    /// When it became so.
    modified: jiff::Timestamp,
    /// What described the function when this was published, which can have a description of its own.
    described: Option<String>,
    /// What it is beside its version, if it is an alias.
    pub(super) alias: Option<Alias>,
    /// Its published versions and their aliases. It has them still when it has changed.
    pub(super) qualified: Arc<Mutex<Qualified>>,
    /// What it runs.
    pub(super) package: Package,
    /// What its layers have.
    pub(super) layers: Vec<LayerFiles>,
    /// What starts a process of it, once somebody has needed that.
    pub(super) launch: OnceCell<Launch>,
    /// What becomes of asynchronous invocations.
    pub(super) event_invoke: Mutex<EventInvokeConfig>,
    /// Processes that wait for their next event.
    pub(super) warm: Mutex<Vec<Arc<Environment>>>,
    /// Statements of its resource policy, by statement id.
    pub(super) permissions: Mutex<BTreeMap<String, Value>>,
}

impl Function {
    pub(super) fn new(
        account: &Account,
        configuration: CreateFunction,
        package: Package,
        layers: Vec<LayerFiles>,
    ) -> Self {
        Self {
            arn: account.arn("lambda", format_args!("function:{}", configuration.function_name)),
            version: LATEST.to_owned(),
            revision: new_revision(),
            modified: jiff::Timestamp::now(),
            described: None,
            alias: None,
            qualified: Arc::default(),
            configuration,
            package,
            layers,
            launch: OnceCell::new(),
            event_invoke: Mutex::default(),
            warm: Mutex::default(),
            permissions: Mutex::default(),
        }
    }

    /// The function as a version of it, or a version, under that version's number or an alias for it.
    pub(super) fn published(&self, version: &str, qualifier: &str) -> Self {
        Self {
            configuration: self.configuration.clone(),
            arn: format!("{}:{qualifier}", self.unqualified_arn()),
            version: version.to_owned(),
            revision: new_revision(),
            modified: self.modified,
            described: self.configuration.description.clone(),
            alias: None,
            qualified: Arc::default(),
            package: self.package.clone(),
            layers: self.layers.clone(),
            launch: self.launch.clone(),
            event_invoke: Mutex::default(),
            warm: Mutex::default(),
            permissions: Mutex::default(),
        }
    }

    /// Its ARN without a qualifier.
    pub(super) fn unqualified_arn(&self) -> &str {
        let qualifier = self.arn.match_indices(':').nth(6);
        qualifier.map_or(&self.arn, |(at, _)| &self.arn[..at])
    }

    /// Whether somebody who publishes one after the other gets the same version.
    pub(super) fn is_the_same(&self, version: &Self) -> bool {
        let shown = |function: &Self| {
            let mut shown = function.describe();
            for own in ["FunctionArn", "Version", "RevisionId", "LastModified", "Description"] {
                shown[own].take();
            }
            shown
        };
        self.package == version.package
            && self.configuration.description == version.described
            && shown(self) == shown(version)
    }

    /// Its ARN with a qualifier in any case.
    pub(super) fn qualified_arn(&self) -> String {
        match self.version.as_str() {
            LATEST => format!("{}:{LATEST}", self.arn),
            _ => self.arn.clone(),
        }
    }

    /// The function's name.
    pub(super) fn name(&self) -> &str {
        &self.configuration.function_name
    }

    /// The binary that it runs, if cargo builds it.
    pub(super) fn binary(&self) -> Option<&str> {
        match &self.package {
            Package::Binary(name) => Some(name),
            _ => None,
        }
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

    /// The same for who asks with a qualifier: `$LATEST` is then in the ARN.
    pub(super) fn describe_as(&self, qualifier: Option<&str>) -> Value {
        let mut described = self.describe();
        if qualifier == Some(LATEST) {
            described["FunctionArn"] = self.qualified_arn().into();
        }
        described
    }

    /// `FunctionConfiguration`, as `GetFunctionConfiguration` shows it.
    pub(super) fn describe(&self) -> Value {
        let configuration = &self.configuration;
        let mut described = json!({
            "FunctionName": configuration.function_name,
            "FunctionArn": self.arn,
            "Role": configuration.role,
            "Description": configuration.description.as_deref().unwrap_or_default(),
            "Timeout": configuration.timeout,
            "MemorySize": configuration.memory_size,
            "Architectures": configuration.architectures.clone().unwrap_or_else(|| vec!["x86_64".into()]),
            "PackageType": configuration.package_type.as_deref().unwrap_or("Zip"),
            "Version": self.version,
            "RevisionId": self.revision,
            "LastModified": self.modified.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
            "State": "Active",
            "LastUpdateStatus": "Successful",
        });
        for (name, value) in self.members() {
            if let Some(value) = value {
                described[name] = value;
            }
        }
        described
    }

    /// The members of it that not every function has.
    fn members(&self) -> [(&'static str, Option<Value>); 12] {
        let configuration = &self.configuration;
        let layers = configuration.layers.iter().map(|arn| {
            let files = self.layers.iter().find(|files| files.arn == *arn);
            json!({"Arn": arn, "CodeSize": files.map_or(0, |files| files.size)})
        });
        let layers = Some(layers.collect::<Value>()).filter(|_| !configuration.layers.is_empty());
        let environment = Some(&configuration.environment).filter(|environment| !environment.variables.is_empty());
        let or = |given: &Option<Value>, default| given.clone().or(Some(default));
        [
            ("Environment", environment.map(|environment| json!(environment))),
            (
                "DeadLetterConfig",
                configuration.dead_letter_config.as_ref().map(|config| json!(config)),
            ),
            (
                "LoggingConfig",
                configuration.logging_config.as_ref().map(|config| json!(config)),
            ),
            ("Runtime", configuration.runtime.as_ref().map(|runtime| json!(runtime))),
            ("Handler", configuration.handler.as_ref().map(|handler| json!(handler))),
            (
                "ImageConfigResponse",
                configuration
                    .image_config
                    .as_ref()
                    .map(|config| json!({"ImageConfig": config})),
            ),
            ("CodeSha256", self.package.sum().map(|sum| json!(sum.sha256))),
            (
                "CodeSize",
                self.package
                    .sum()
                    .map(|sum| json!(sum.size))
                    .or(configuration.is_image().then(|| json!(0))),
            ),
            ("Layers", layers),
            (
                "TracingConfig",
                or(&configuration.tracing_config, json!({"Mode": "PassThrough"})),
            ),
            (
                "EphemeralStorage",
                or(&configuration.ephemeral_storage, json!({"Size": 512})),
            ),
            (
                "VpcConfig",
                configuration.vpc_config.as_ref().map(|config| json!(config)),
            ),
        ]
    }
}

/// The qualifier of a function as it is.
pub(super) const LATEST: &str = "$LATEST";

/// A function's name and its qualifier, if there is one, from what callers write: a name, a partial ARN or a full one.
pub(super) fn named(reference: &str) -> (&str, Option<&str>) {
    let after = reference.split_once(":function:").map_or(reference, |(_, after)| after);
    match after.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (after, None),
    }
}

/// The part of an ARN that names a function, with its qualifier.
pub(super) fn resource(reference: &str, qualifier: Option<&str>) -> String {
    let (name, own) = named(reference);
    match own.or(qualifier) {
        Some(qualifier) => format!("function:{name}:{qualifier}"),
        None => format!("function:{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_by_name_and_by_arn() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:image-push-dev";
        for (reference, qualifier) in [
            ("image-push-dev", None),
            ("image-push-dev:$LATEST", Some("$LATEST")),
            (arn, None),
            ("123456789012:function:image-push-dev", None),
            (&format!("{arn}:live"), Some("live")),
        ] {
            assert_eq!(named(reference), ("image-push-dev", qualifier), "{reference}");
        }
        assert_eq!(resource(arn, Some("1")), "function:image-push-dev:1");
        assert_eq!(resource(&format!("{arn}:live"), None), "function:image-push-dev:live");
    }

    #[test]
    fn reserved_variables_are_refused_and_others_are_not() {
        assert!(is_reserved("AWS_REGION"));
        assert!(is_reserved("AWS_LAMBDA_FUNCTION_NAME"));
        assert!(!is_reserved("AWS_LAMBDA_LOG_LEVEL"));
        assert!(!is_reserved("RULES"));
    }
}

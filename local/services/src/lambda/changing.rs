//! What changes a function that is there: its code, its configuration, and who may call it.

use super::code::{Given, Package};
use super::event_invoke::EventInvokeConfig;
use super::functions::{CreateFunction, DeadLetterConfig, Function, ImageConfig, LoggingConfig, Variables, VpcConfig};
use super::{Lambda, constraints, lock, publishing};
use platform::input::{On, Target, seconds};
use platform::{Call, ErrorKind, Platform, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Whose code is changed. The other members say where the new code is.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WithCode {
    pub(super) function_name: String,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
}

impl Target for WithCode {
    const MEMBERS: &'static [&'static str] = &["FunctionName", "Architectures", "Publish"];
}

/// What is changed of a configuration. What is not given stays.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Changes {
    pub(super) function_name: String,
    pub(super) role: Option<String>,
    runtime: Option<String>,
    layers: Option<Vec<String>>,
    image_config: Option<ImageConfig>,
    handler: Option<String>,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    environment: Option<Variables>,
    dead_letter_config: Option<DeadLetterConfig>,
    description: Option<String>,
    logging_config: Option<LoggingConfig>,
    tracing_config: Option<Value>,
    ephemeral_storage: Option<Value>,
    vpc_config: Option<VpcConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RemovePermission {
    pub(super) function_name: String,
    qualifier: Option<String>,
    statement_id: String,
}

/// Takes the place of what is there, if something else is given.
fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

impl Lambda {
    pub(super) async fn update_code(
        self: Arc<Self>,
        call: Call,
        input: On<WithCode, Given>,
    ) -> Result<Value, ServiceError> {
        let On { target, own } = input;
        let function = self.function(&call, &target.function_name, None)?;
        let mut configuration = function.configuration.clone();
        configuration.code = own;
        if target.architectures.is_some() {
            configuration.architectures = target.architectures;
        }
        let changed = self.change(&call, &function, configuration).await?;
        Ok(match target.publish {
            true => publishing::publish(&changed, None).describe(),
            false => changed.describe(),
        })
    }

    pub(super) async fn update_configuration(
        self: Arc<Self>,
        call: Call,
        changes: Changes,
    ) -> Result<Value, ServiceError> {
        let function = self.function(&call, &changes.function_name, None)?;
        let mut changed = function.configuration.clone();
        put(&mut changed.role, changes.role);
        put(&mut changed.runtime, changes.runtime.map(Some));
        put(&mut changed.layers, changes.layers);
        put(&mut changed.image_config, changes.image_config.map(Some));
        put(&mut changed.timeout, changes.timeout);
        put(&mut changed.memory_size, changes.memory_size);
        put(&mut changed.environment, changes.environment);
        put(&mut changed.handler, changes.handler.map(Some));
        put(&mut changed.dead_letter_config, changes.dead_letter_config.map(Some));
        put(&mut changed.description, changes.description.map(Some));
        put(&mut changed.logging_config, changes.logging_config.map(Some));
        put(&mut changed.tracing_config, changes.tracing_config.map(Some));
        put(&mut changed.ephemeral_storage, changes.ephemeral_storage.map(Some));
        put(&mut changed.vpc_config, changes.vpc_config.map(Some));
        Ok(self.change(&call, &function, changed).await?.describe())
    }

    /// Puts a changed function in the place of what is there. What was begun with the old one comes to its end.
    async fn change(
        &self,
        call: &Call,
        function: &Function,
        changed: CreateFunction,
    ) -> Result<Arc<Function>, ServiceError> {
        changed.check()?;
        let platform = &call.platform;
        may_be_role(platform, &changed.role)?;
        // A version of a layer that is deleted stays with the functions that have it.
        let layers = if changed.layers == function.configuration.layers {
            function.layers.clone()
        } else {
            self.layers_of(platform, &changed.layers)?
        };
        let (code, runtime) = (changed.code.code()?, changed.runtime.as_deref());
        let package = Package::of_function(code, runtime, platform, &call.caller, &self.kept).await?;
        let mut changed = Function::new(&platform.account, changed, package, layers);
        publishing::keep_settings(function, &changed);
        changed.qualified = Arc::clone(&function.qualified);
        let changed = Arc::new(changed);
        publishing::follow(&changed);
        lock(&self.functions).insert(function.name().to_owned(), Arc::clone(&changed));
        publishing::end_waiting(function);
        Ok(changed)
    }

    pub(super) fn remove_permission(&self, call: &Call, input: RemovePermission) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, input.qualifier.as_deref())?;
        let sid = &input.statement_id;
        let mut permissions = lock(&function.permissions);
        if permissions.is_empty() {
            let message = "No policy is associated with the given resource.";
            return Err(ServiceError::new("ResourceNotFoundException", message).with_status(404));
        }
        if permissions.remove(sid).is_none() {
            let message = format_args!("Statement {sid} is not found in resource policy.");
            return Err(ServiceError::new("ResourceNotFoundException", message).with_status(404));
        }
        call.platform.iam.remove_resource_statement(&function.arn, sid);
        Ok(json!({}))
    }
}

/// Whether a function can have a role: it is one of this account, which trusts Lambda.
pub(super) fn may_be_role(platform: &Platform, role: &str) -> Result<(), ServiceError> {
    let account = &platform.account;
    if constraints::account_of(role)? != account.id {
        let message = "Cross-account pass role is not allowed.";
        return Err(ServiceError::access_denied(message).with_status(403));
    }
    match platform.iam.trusts_service(account, role, "lambda.amazonaws.com", None) {
        Ok(true) => Ok(()),
        // Lambda says the same of a role that is not there.
        Ok(false)
        | Err(ServiceError {
            kind: ErrorKind::NotFound,
            ..
        }) => Err(ServiceError::new(
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        )),
        Err(error) => Err(error),
    }
}

/// Takes the settings of asynchronous invocations away again.
pub(super) fn delete_event_invoke_config(_: &Lambda, function: &Function) -> Result<Value, ServiceError> {
    *lock(&function.event_invoke) = EventInvokeConfig::default();
    Ok(json!({}))
}

/// The settings of asynchronous invocations.
pub(super) fn get_event_invoke_config(_: &Lambda, function: &Function) -> Result<Value, ServiceError> {
    // One that was put has a name.
    if function.event_invoke().function_name.is_empty() {
        let arn = function.qualified_arn();
        let message = format!("The function {arn} doesn't have an EventInvokeConfig");
        return Err(ServiceError::new("ResourceNotFoundException", message).with_status(404));
    }
    Ok(event_invoke_config(function))
}

/// The same as every operation shows them.
pub(super) fn event_invoke_config(function: &Function) -> Value {
    let settings = function.event_invoke();
    let mut config = json!(settings);
    config["LastModified"] = seconds(settings.modified);
    config["FunctionArn"] = function.qualified_arn().into();
    config
}

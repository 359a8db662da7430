//! The table of Lambda's operations, and what each one does.

use super::changing::{self, Changes, RemovePermission, WithCode};
use super::code::{Given, Package};
use super::event_invoke::{self, EventInvokeConfig};
use super::functions::{CreateFunction, Function, VpcConfig, named, resource};
use super::invoke;
use super::layering::of_layers;
use super::outcome::Outcome;
use super::publishing::{self, CreateAlias, ListPublished, OnAlias, PublishVersion, UpdateAlias};
use super::{Lambda, lock};
use platform::input::{On, page};
use platform::{Call, Nothing, Operation, Operations, Platform, Principal, Requirement, Served, ServiceError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::btree_map::Entry;
use std::sync::{Arc, LazyLock};

/// An asynchronous event may have this many bytes.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const EVENT_LIMIT: usize = 1024 * 1024;

/// A synchronous request may have this many bytes.
const REQUEST_LIMIT: usize = 6 * 1024 * 1024;

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.
impl Served for Lambda {
    const SIGNING_NAME: &'static str = "lambda";

    fn is_here(&self, platform: &Platform, _operation: &str, input: &Value) -> Result<(), ServiceError> {
        let account = &platform.account;
        let named = input["FunctionName"].as_str();
        match named.and_then(|reference| account.elsewhere(reference)) {
            Some(region) => {
                let here = &account.region;
                let message = format_args!("Functions from '{region}' are not reachable in this region ('{here}')");
                Err(ServiceError::new("ResourceNotFoundException", message).with_status(404))
            }
            None => Ok(()),
        }
    }

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Lambda>> = LazyLock::new(|| {
            Operations::new(of_changes().into_iter().chain(of_layers()).chain(of_versions()).chain([
                Operation::waiting("CreateFunction", may_create, Lambda::create),
                Operation::waiting("Invoke", may_invoke, Lambda::invoke),
                on(
                    "AddPermission",
                    |it: &AddPermission| &it.function_name,
                    Lambda::add_permission,
                ),
                on(
                    "PutFunctionEventInvokeConfig",
                    |it: &EventInvokeConfig| &it.function_name,
                    Lambda::put_event_invoke_config,
                ),
                Operation::new(
                    "GetFunction",
                    |_: &Lambda, platform: &Platform, it: &Named| Ok(vec![it.may("GetFunction", platform)]),
                    Lambda::get,
                ),
                Operation::new(
                    "GetFunctionConfiguration",
                    |_: &Lambda, platform: &Platform, it: &Named| {
                        Ok(vec![it.may("GetFunctionConfiguration", platform)])
                    },
                    Lambda::get_configuration,
                ),
                on_named("GetFunctionEventInvokeConfig", changing::get_event_invoke_config),
                Operation::new(
                    "GetPolicy",
                    |_: &Lambda, platform: &Platform, it: &Named| Ok(vec![it.may("GetPolicy", platform)]),
                    Lambda::get_policy,
                ),
                on_named("DeleteFunction", Lambda::delete),
                Operation::on("ListFunctions", |_, _: &ListFunctions| "*".to_owned(), Lambda::list),
                Operation::on(
                    "GetAccountSettings",
                    |_, _| "*".to_owned(),
                    Lambda::get_account_settings,
                ),
            ]))
        });
        &TABLE
    }
}

/// The rows of versions and aliases.
fn of_versions() -> [Operation<Lambda>; 7] {
    [
        on(
            "PublishVersion",
            |it: &PublishVersion| &it.function_name,
            Lambda::publish_version,
        ),
        on(
            "CreateAlias",
            |it: &CreateAlias| &it.function_name,
            Lambda::create_alias,
        ),
        on("GetAlias", |it: &OnAlias| &it.function_name, Lambda::get_alias),
        on(
            "UpdateAlias",
            |it: &UpdateAlias| &it.function_name,
            Lambda::update_alias,
        ),
        on("DeleteAlias", |it: &OnAlias| &it.function_name, Lambda::delete_alias),
        on(
            "ListAliases",
            |it: &ListPublished| &it.function_name,
            Lambda::list_aliases,
        ),
        on(
            "ListVersionsByFunction",
            |it: &ListPublished| &it.function_name,
            Lambda::list_versions,
        ),
    ]
}

/// The rows of what changes a function that is there.
fn of_changes() -> [Operation<Lambda>; 4] {
    [
        Operation::waiting(
            "UpdateFunctionCode",
            |_: &Lambda, platform: &Platform, it: &On<WithCode, Given>| {
                Ok(vec![may("UpdateFunctionCode", platform, &it.target.function_name)])
            },
            Lambda::update_code,
        ),
        Operation::waiting("UpdateFunctionConfiguration", may_change, Lambda::update_configuration),
        on(
            "RemovePermission",
            |it: &RemovePermission| &it.function_name,
            Lambda::remove_permission,
        ),
        on_named("DeleteFunctionEventInvokeConfig", changing::delete_event_invoke_config),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Invoke {
    function_name: String,
    qualifier: Option<String>,
    #[serde(default)]
    invocation_type: InvocationType,
    log_type: Option<String>,
    #[serde(default = "no_payload")]
    payload: Value,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum InvocationType {
    Event,
    #[default]
    RequestResponse,
    DryRun,
}

fn no_payload() -> Value {
    json!({})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddPermission {
    function_name: String,
    qualifier: Option<String>,
    statement_id: String,
    principal: String,
    action: String,
    source_arn: Option<String>,
    source_account: Option<String>,
}

/// The input of what takes a function's name alone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) function_name: String,
    pub(super) qualifier: Option<String>,
}

impl Named {
    fn may(&self, action: &str, platform: &Platform) -> Requirement {
        may_qualified(action, platform, &self.function_name, self.qualifier.as_deref())
    }
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListFunctions {
    function_version: Option<String>,
    marker: Option<String>,
    #[serde(default = "most_listed")]
    max_items: usize,
}

fn most_listed() -> usize {
    MOST_LISTED
}

/// The functions on a page, whatever more is asked for.
const MOST_LISTED: usize = 50;

/// An operation on the function that is called so.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    function: fn(&I) -> &str,
    does: fn(&Lambda, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<Lambda> {
    let requires = move |_: &Lambda, platform: &Platform, input: &I| Ok(vec![may(name, platform, function(input))]);
    Operation::new(name, requires, does)
}

/// An operation that takes a function's name alone.
fn on_named(name: &'static str, does: fn(&Lambda, &Function) -> Result<Value, ServiceError>) -> Operation<Lambda> {
    let requires = move |_: &Lambda, platform: &Platform, it: &Named| Ok(vec![it.may(name, platform)]);
    Operation::new(name, requires, move |lambda: &Lambda, call: &Call, it: Named| {
        let function = lambda.function(call, &it.function_name, it.qualifier.as_deref())?;
        does(lambda, &function)
    })
}

fn may(action: &str, platform: &Platform, reference: &str) -> Requirement {
    may_qualified(action, platform, reference, None)
}

fn may_qualified(action: &str, platform: &Platform, reference: &str, qualifier: Option<&str>) -> Requirement {
    let arn = platform.account.arn("lambda", resource(reference, qualifier));
    Requirement::new(format!("lambda:{action}"), arn)
}

fn may_invoke(_: &Lambda, platform: &Platform, input: &Invoke) -> Result<Vec<Requirement>, ServiceError> {
    let (name, qualifier) = (&input.function_name, input.qualifier.as_deref());
    Ok(vec![may_qualified("InvokeFunction", platform, name, qualifier)])
}

fn may_create(_: &Lambda, platform: &Platform, input: &CreateFunction) -> Result<Vec<Requirement>, ServiceError> {
    let tags = input.tags.as_ref().and_then(Value::as_object);
    let tags = tags
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()));
    let create = may("CreateFunction", platform, &input.function_name).giving(tags);
    let layers = input
        .layers
        .iter()
        .map(|arn| Requirement::new("lambda:GetLayerVersion", arn));
    let pass_role = Requirement::pass_role(&input.role, "lambda.amazonaws.com");
    Ok([create, pass_role].into_iter().chain(layers).collect())
}

fn may_change(_: &Lambda, platform: &Platform, input: &Changes) -> Result<Vec<Requirement>, ServiceError> {
    let change = may("UpdateFunctionConfiguration", platform, &input.function_name);
    let role = input.role.as_ref();
    let pass = role.map(|role| Requirement::pass_role(role, "lambda.amazonaws.com"));
    Ok([change].into_iter().chain(pass).collect())
}

/// What Lambda calls with the role of a function that is put into a VPC.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>
const IN_A_VPC: [&str; 6] = [
    "CreateNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "DeleteNetworkInterface",
    "AssignPrivateIpAddresses",
    "UnassignPrivateIpAddresses",
];

fn may_be_in(vpc: &VpcConfig, platform: &Platform, input: &CreateFunction) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::new("InvalidParameterValueException", message));
    match (vpc.subnet_ids.is_empty(), vpc.security_group_ids.is_empty()) {
        (true, true) => return Ok(()),
        (false, false) => {}
        _ => return refuse("SubnetIds and SecurityGroupIds must coexist or be both empty list.".to_owned()),
    }
    let role = input.role.rsplit('/').next().unwrap_or_default();
    let role = Principal::role_session(role, &*input.function_name);
    for action in IN_A_VPC {
        let needed = Requirement::new(format!("ec2:{action}"), "*");
        if platform.authorize(&role, &[needed]).is_err() {
            return refuse(format!(
                "The provided execution role does not have permissions to call {action} on EC2"
            ));
        }
    }
    Ok(())
}

impl Lambda {
    async fn create(self: Arc<Self>, call: Call, input: CreateFunction) -> Result<Value, ServiceError> {
        input.check()?;
        let platform = &call.platform;
        changing::may_be_role(platform, &input.role)?;
        if let Some(vpc) = &input.vpc_config {
            may_be_in(vpc, platform, &input)?;
        }
        let name = input.function_name.clone();
        let is_there = || {
            let message = format!("Function already exist: {name}");
            ServiceError::new("ResourceConflictException", message).with_status(409)
        };
        if lock(&self.functions).contains_key(&name) {
            return Err(is_there());
        }
        let layers = self.layers_of(platform, &input.layers)?;
        let (code, runtime) = (input.code.code()?, input.runtime.as_deref());
        let package = Package::of_function(code, runtime, platform, &call.caller, &self.kept).await?;
        let publish = input.publish;
        let function = Arc::new(Function::new(&platform.account, input, package, layers));
        let mut described = function.describe();
        if publish {
            // As it has been recorded: the version is said, and the ARN is without it.
            described["Version"] = publishing::publish(&function, None).version.clone().into();
        }
        match lock(&self.functions).entry(name.clone()) {
            Entry::Occupied(_) => Err(is_there()),
            Entry::Vacant(free) => {
                free.insert(function);
                Ok(described)
            }
        }
    }

    async fn invoke(self: Arc<Self>, call: Call, input: Invoke) -> Result<Value, ServiceError> {
        let function = self.function(&call, &input.function_name, input.qualifier.as_deref())?;
        if input.log_type.is_some_and(|kind| kind != "None") {
            return Err(ServiceError::not_in_local_run("lambda", "Invoke with LogType Tail"));
        }
        let (kind, payload) = (input.invocation_type, input.payload);
        let limit = match kind {
            InvocationType::Event => EVENT_LIMIT,
            InvocationType::RequestResponse | InvocationType::DryRun => REQUEST_LIMIT,
        };
        let size = payload.to_string().len();
        if size > limit {
            return Err(ServiceError::new(
                "RequestTooLargeException",
                format_args!(
                    "Request must be smaller than {limit} bytes for the {kind:?} invocation type: it has {size}"
                ),
            )
            .with_status(413));
        }
        let request_id = uuid::Uuid::new_v4().to_string();
        match kind {
            InvocationType::DryRun => Ok(json!({"StatusCode": 204, "RequestId": request_id})),
            InvocationType::Event => {
                invoke::run_asynchronously(&self, &call.platform, &function, request_id.clone(), payload);
                Ok(json!({"StatusCode": 202, "RequestId": request_id}))
            }
            InvocationType::RequestResponse => {
                let outcome = invoke::run_synchronously(&self, &call.platform, &function, &request_id, payload).await?;
                Ok(answer(&function, &request_id, outcome))
            }
        }
    }

    fn add_permission(&self, call: &Call, input: AddPermission) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, input.qualifier.as_deref())?;
        let mut statement = json!({
            "Sid": input.statement_id,
            "Effect": "Allow",
            "Principal": {"Service": input.principal},
            "Action": input.action,
            "Resource": function.arn,
        });
        if let Some(source) = input.source_arn {
            statement["Condition"]["ArnLike"]["AWS:SourceArn"] = source.into();
        }
        if let Some(account) = input.source_account {
            statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = account.into();
        }
        call.platform.iam.add_resource_statement(&function.arn, &statement)?;
        let answer = json!({"Statement": statement.to_string()});
        lock(&function.permissions).insert(input.statement_id, statement);
        Ok(answer)
    }

    /// Who may call a function. One without a policy and none at all have the same error.
    fn get_policy(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        let function = self.find(&input.function_name, input.qualifier.as_deref());
        let statements: Vec<Value> = function.map_or_else(Vec::new, |function| {
            lock(&function.permissions).values().cloned().collect()
        });
        if statements.is_empty() {
            let message = "The resource you requested does not exist.";
            return Err(ServiceError::new("ResourceNotFoundException", message).with_status(404));
        }
        let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": statements});
        Ok(json!({"Policy": policy.to_string()}))
    }

    fn put_event_invoke_config(&self, call: &Call, mut input: EventInvokeConfig) -> Result<Value, ServiceError> {
        event_invoke::check(&input)?;
        let function = self.function(call, &input.function_name, input.qualifier.as_deref())?;
        input.modified = jiff::Timestamp::now();
        *lock(&function.event_invoke) = input;
        Ok(changing::event_invoke_config(&function))
    }

    fn delete(&self, function: &Function) -> Result<Value, ServiceError> {
        if let Some(qualifier) = named(&function.arn).1 {
            return self.delete_version(function, qualifier);
        }
        lock(&self.functions).remove(function.name());
        let qualified = lock(&function.qualified).by_name.values().cloned().collect::<Vec<_>>();
        for function in qualified.iter().map(Arc::as_ref).chain([function]) {
            publishing::end_waiting(function);
        }
        Ok(json!({}))
    }

    /// The functions, page by page; with their versions where those are asked for.
    fn list(&self, _: &Call, input: ListFunctions) -> Result<Value, ServiceError> {
        let with_versions = match input.function_version.as_deref() {
            None => false,
            Some("ALL") => true,
            Some(other) => {
                let rule = "Member must satisfy enum value set: [ALL]";
                return Err(ServiceError::constraint(other, "functionVersion", rule));
            }
        };
        if !(1..=10_000).contains(&input.max_items) {
            let rule = "Member must have a value from 1 to 10000";
            return Err(ServiceError::constraint(input.max_items, "maxItems", rule));
        }
        let functions = lock(&self.functions);
        let described = functions.values().flat_map(|function| {
            if with_versions {
                publishing::versions(function)
            } else {
                vec![function.describe()]
            }
        });
        let size = input.max_items.min(MOST_LISTED);
        let page = page(
            described,
            size,
            input.marker.as_deref(),
            "InvalidParameterValueException",
        )?;
        Ok(page.answer("Functions", "NextMarker", |function| function))
    }

    fn get_account_settings(&self, _: &Call, _: Nothing) -> Result<Value, ServiceError> {
        Ok(json!({"AccountLimit": {
            "ConcurrentExecutions": self.concurrency.most(),
            "UnreservedConcurrentExecutions": self.concurrency.most(),
        }}))
    }
}

/// `Invoke`'s output for a finished invocation.
fn answer(function: &Function, request_id: &str, outcome: Outcome) -> Value {
    let is_error = outcome.is_error();
    let mut answer = json!({
        "StatusCode": 200,
        "ExecutedVersion": function.version,
        "RequestId": request_id,
    });
    answer["Payload"] = outcome.into_payload();
    if is_error {
        answer["FunctionError"] = "Unhandled".into();
    }
    answer
}

//! The table of CloudFormation's operations.
//!
//! What IAM is asked follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html>.

use super::change_sets::{ExecuteChangeSet, OneChangeSet};
use super::history::{DescribeStackResource, DescribeStackResources};
use super::input::{Creation, NewChangeSet, OfStack, Request, Update};
use super::kept::CloudFormation;
use super::stacks::{DeleteStack, DescribeStacks, ListExports, ListImports, ListStacks};
use super::templates::{GetTemplate, Named};
use platform::input::On;
use platform::{Call, Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

impl Served for CloudFormation {
    const SIGNING_NAME: &'static str = "cloudformation";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<CloudFormation>> =
            LazyLock::new(|| Operations::new(changing().into_iter().chain(reading())));
        &TABLE
    }
}

fn changing() -> Vec<Operation<CloudFormation>> {
    vec![
        requested("CreateStack", |_: &Creation| Vec::new(), CloudFormation::create_stack),
        requested("UpdateStack", |_: &Update| Vec::new(), CloudFormation::update_stack),
        requested(
            "CreateChangeSet",
            |own: &NewChangeSet| key(CHANGE_SET, Some(&own.change_set_name)),
            CloudFormation::create_change_set,
        ),
        with_keys(
            "DeleteStack",
            |it: &DeleteStack| (Some(&it.stack_name), key(ROLE, it.role_arn.as_ref())),
            async |service: Arc<CloudFormation>, call: Call, input| service.delete_stack(&call, input),
        ),
        of_change_set(
            "ExecuteChangeSet",
            |it: &ExecuteChangeSet| (&it.change_set_name, it.stack_name.as_ref()),
            |service, call, input| service.execute_change_set(call, input),
        ),
        of_change_set(
            "DeleteChangeSet",
            |it: &OneChangeSet| (&it.change_set_name, it.stack_name.as_ref()),
            |service, call, input| service.delete_change_set(call, input),
        ),
    ]
}

fn reading() -> Vec<Operation<CloudFormation>> {
    vec![
        on(
            "DescribeStacks",
            |it: &DescribeStacks| it.stack_name.as_ref(),
            CloudFormation::describe_stacks,
        ),
        on(
            "DescribeStackEvents",
            |it: &OfStack| Some(&it.stack_name),
            CloudFormation::describe_stack_events,
        ),
        on(
            "DescribeStackResources",
            |it: &DescribeStackResources| it.stack_name.as_ref(),
            CloudFormation::describe_stack_resources,
        ),
        on(
            "DescribeStackResource",
            |it: &DescribeStackResource| Some(&it.stack_name),
            CloudFormation::describe_stack_resource,
        ),
        on(
            "ListStackResources",
            |it: &OfStack| Some(&it.stack_name),
            CloudFormation::list_stack_resources,
        ),
        on(
            "ListChangeSets",
            |it: &OfStack| Some(&it.stack_name),
            CloudFormation::list_change_sets,
        ),
        get_template(),
        of_change_set(
            "DescribeChangeSet",
            |it: &OneChangeSet| (&it.change_set_name, it.stack_name.as_ref()),
            |service, call, input| service.describe_change_set(call, input),
        ),
        waiting(
            "GetTemplateSummary",
            |it: &Named| it.stack_name.as_ref(),
            CloudFormation::get_template_summary,
        ),
        waiting("ValidateTemplate", |_: &Named| None, CloudFormation::validate_template),
        Operation::on("ListStacks", |_, _: &ListStacks| "*", CloudFormation::list_stacks),
        Operation::on("ListExports", |_, _: &ListExports| "*", CloudFormation::list_exports),
        Operation::on("ListImports", |_, _: &ListImports| "*", CloudFormation::list_imports),
    ]
}

/// `GetTemplate`, of a stack or of a change set: IAM is asked about the stack whose template it is.
fn get_template() -> Operation<CloudFormation> {
    let requires = |service: &CloudFormation, platform: &Platform, input: &GetTemplate| {
        let change_set = input.change_set_name.as_deref();
        let found = change_set.and_then(|id| service.change_set_of_id(id));
        let of = found.map(|found| found.stack_id);
        Ok(needs(
            "GetTemplate",
            platform,
            of.as_ref().or(input.stack_name.as_ref()),
        ))
    };
    Operation::new("GetTemplate", requires, CloudFormation::get_template)
}

/// The ARN of every stack of a name, or of every stack where no name is given.
fn all_of(platform: &Platform, stack: Option<&String>) -> String {
    match stack {
        Some(arn) if arn.starts_with("arn:") => arn.clone(),
        _ => {
            let stack = format_args!("stack/{}/*", stack.map_or("*", String::as_str));
            platform.account.arn("cloudformation", stack)
        }
    }
}

fn needs(name: &str, platform: &Platform, stack: Option<&String>) -> Vec<Requirement> {
    needs_with(name, platform, stack, Keys::new())
}

fn needs_with(name: &str, platform: &Platform, stack: Option<&String>, keys: Keys) -> Vec<Requirement> {
    let needed = Requirement::new(format!("cloudformation:{name}"), all_of(platform, stack));
    let with_keys = keys
        .into_iter()
        .fold(needed, |needed, (key, value)| needed.with(key, value));
    vec![with_keys]
}

/// An operation on a stack.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    stack: fn(&I) -> Option<&String>,
    does: fn(&CloudFormation, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<CloudFormation> {
    let requires = move |_: &CloudFormation, platform: &Platform, input: &I| Ok(needs(name, platform, stack(input)));
    Operation::new(name, requires, does)
}

/// The keys that conditions of policies can look at, as the reference lists them for each action.
const CHANGE_SET: &str = "cloudformation:ChangeSetName";
const ROLE: &str = "cloudformation:RoleArn";
const TEMPLATE: &str = "cloudformation:TemplateUrl";

/// Condition keys of a request, with their values.
type Keys = Vec<(&'static str, String)>;

/// A key, if the request has a value for it.
fn key(name: &'static str, value: Option<&String>) -> Keys {
    value.map(|value| (name, value.clone())).into_iter().collect()
}

/// An operation that takes a template and the rest of [`Request`], and what it has of its own.
fn requested<O, F>(
    name: &'static str,
    own: fn(&O) -> Keys,
    does: impl Fn(Arc<CloudFormation>, Call, On<Request, O>) -> F + Copy + Send + Sync + 'static,
) -> Operation<CloudFormation>
where
    O: DeserializeOwned + Send + 'static,
    F: Future<Output = Result<Value, ServiceError>> + Send,
{
    let requires = move |_: &CloudFormation, platform: &Platform, input: &On<Request, O>| {
        let target = &input.target;
        let mut keys = own(&input.own);
        keys.extend(key(ROLE, target.role_arn.as_ref()));
        keys.extend(key(TEMPLATE, target.template_url.as_ref()));
        let needed = needs_with(name, platform, Some(&target.stack_name), keys);
        let tags = || target.tags.iter().flatten();
        Ok(needed.into_iter().map(|needed| needed.giving(tags())).collect())
    };
    Operation::waiting(name, requires, does)
}

/// An operation that begins something with a stack: what IAM is asked has these keys.
fn with_keys<I, F>(
    name: &'static str,
    asked: fn(&I) -> (Option<&String>, Keys),
    does: impl Fn(Arc<CloudFormation>, Call, I) -> F + Copy + Send + Sync + 'static,
) -> Operation<CloudFormation>
where
    I: DeserializeOwned + Send + 'static,
    F: Future<Output = Result<Value, ServiceError>> + Send,
{
    let requires = move |_: &CloudFormation, platform: &Platform, input: &I| {
        let (stack, keys) = asked(input);
        Ok(needs_with(name, platform, stack, keys))
    };
    Operation::waiting(name, requires, does)
}

/// The same, of one that begins something or reads from elsewhere.
fn waiting<I, F>(
    name: &'static str,
    stack: fn(&I) -> Option<&String>,
    does: impl Fn(Arc<CloudFormation>, Call, I) -> F + Copy + Send + Sync + 'static,
) -> Operation<CloudFormation>
where
    I: DeserializeOwned + Send + 'static,
    F: Future<Output = Result<Value, ServiceError>> + Send,
{
    let requires = move |_: &CloudFormation, platform: &Platform, input: &I| Ok(needs(name, platform, stack(input)));
    Operation::waiting(name, requires, does)
}

/// An operation on a change set: IAM is asked about its stack.
fn of_change_set<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    which: fn(&I) -> (&String, Option<&String>),
    does: fn(&Arc<CloudFormation>, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<CloudFormation> {
    let requires = move |service: &CloudFormation, platform: &Platform, input: &I| {
        let (change_set, stack) = which(input);
        let found = service.change_set_of_id(change_set);
        let (of, named) = found.map(|found| (found.stack_id, found.name)).unzip();
        let keys = key(CHANGE_SET, named.as_ref().or(Some(change_set)));
        Ok(needs_with(name, platform, of.as_ref().or(stack), keys))
    };
    Operation::waiting(name, requires, move |service, call: Call, input| {
        std::future::ready(does(&service, &call, input))
    })
}

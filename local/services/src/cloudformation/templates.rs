//! Templates: where they come from, what they say of themselves, and what is asked of who deploys them.

use super::engine::{Declared, Engine, Summary, Wanted};
use super::input::{Given, Request};
use super::kept::CloudFormation;
use super::rows::Stack;
use super::status::Status;
use percent_encoding::percent_decode_str;
use platform::{Call, Platform, Principal, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of CloudFormation's sessions of a role.
pub const ACTING: &str = "AWSCloudFormation";

/// What stands for a value that is not shown.
const HIDDEN: &str = "****";

/// A template that somebody names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) stack_name: Option<String>,
    template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    template_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetTemplate {
    pub(super) stack_name: Option<String>,
    pub(super) change_set_name: Option<String>,
    template_stage: Option<String>,
}

/// A stack as a request wants it.
pub(super) struct Prepared {
    pub(super) stack: Stack,
    pub(super) summary: Summary,
    pub(super) caller: Principal,
}

/// Reads the template that is given, by its text or by its address in S3.
pub(super) async fn load(
    (platform, caller): (&Arc<Platform>, &Principal),
    body: Option<&String>,
    url: Option<&String>,
) -> Result<Option<String>, ServiceError> {
    match (body, url) {
        (Some(body), None) => Ok(Some(body.clone())),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ServiceError::validation(
            "Specify exactly one of 'TemplateURL' or 'TemplateBody'",
        )),
        (None, Some(url)) => {
            let Some(object) = object_at(url) else {
                return Err(ServiceError::validation("TemplateURL must be a supported URL."));
            };
            let found = platform.call(caller, "s3", "GetObject", object).await;
            let found = found.map_err(|error| {
                ServiceError::validation(format_args!("S3 error: {}", error.message)).of_kind(error.kind)
            })?;
            Ok(Some(found["Body"].as_str().unwrap_or_default().to_owned()))
        }
    }
}

/// The object of S3 that a URL is about: the bucket stands in its path, or in the name of the host.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
fn object_at(url: &str) -> Option<Value> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/')?;
    let host = host.split(':').next().unwrap_or_default();
    let is_endpoint = |name: &str| {
        let is_s3 = name.starts_with("s3.") || name.starts_with("s3-");
        is_s3 && name.contains(".amazonaws.com") || name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
    };
    let (bucket, key) = if is_endpoint(host) {
        let (bucket, key) = path.split_once('/')?;
        (bucket.to_owned(), key)
    } else {
        let mut dots = host.match_indices('.').map(|(at, _)| at);
        let dot = dots.find(|at| is_endpoint(&host[at + 1..]))?;
        (host[..dot].to_owned(), path)
    };
    let key = percent_decode_str(key).decode_utf8().ok()?;
    let mut object = json!({"Bucket": bucket, "Key": key});
    let version = query.split('&').find_map(|pair| pair.strip_prefix("versionId="));
    if let Some(version) = version {
        object["VersionId"] = version.into();
    }
    Some(object)
}

impl CloudFormation {
    /// What a request wants of a stack that is there, or is not.
    pub(super) async fn prepare(
        &self,
        call: &Call,
        request: Request,
        before: Option<&Stack>,
    ) -> Result<Prepared, ServiceError> {
        let engine = self.engine()?;
        let given = load(
            (&call.platform, &call.caller),
            request.template_body.as_ref(),
            request.template_url.as_ref(),
        )
        .await?;
        let template = match (given, request.use_previous_template, before) {
            (Some(given), false, _) => given,
            (None, true, Some(before)) => before.wanted.template.clone(),
            (Some(_), true, _) => {
                let message = "You cannot specify both usePreviousTemplate and Template Body/Template URL.";
                return Err(ServiceError::validation(message));
            }
            _ => {
                let message = "Either Template URL or Template Body must be specified.";
                return Err(ServiceError::validation(message));
            }
        };
        let summary = engine.summary(&template)?;
        let name = before.map_or(&request.stack_name, |before| &before.wanted.stack);
        let values = values(&summary, &request.parameters, before)?;
        let id = engine.stack_id(name);
        let wanted = Wanted {
            stack: name.clone(),
            template,
            values,
        };
        let mut stack = Stack::becoming(before, id, wanted);
        stack.say(&summary);
        stack.capabilities = request.capabilities;
        let is_passed = request.role_arn.is_some();
        stack.role_arn = request.role_arn.or(stack.role_arn);
        stack.tags = request.tags.unwrap_or(stack.tags);
        let caller = acting(call, stack.role_arn.as_deref(), is_passed)?;
        Ok(Prepared { stack, summary, caller })
    }

    pub(super) fn get_template(&self, _: &Call, input: GetTemplate) -> Result<Value, ServiceError> {
        let stack = match (&input.change_set_name, &input.stack_name) {
            (Some(change_set), stack) => self.change_set(change_set, stack.as_deref())?.stack,
            (None, Some(stack)) => self.stack(stack)?,
            (None, None) => return Err(ServiceError::validation("StackName must be specified")),
        };
        let body = match input.template_stage.as_deref() {
            None | Some("Original") => stack.wanted.template,
            Some("Processed") => stack.processed,
            Some(other) => {
                let message = format_args!("TemplateStage must be Original or Processed, not {other}");
                return Err(ServiceError::validation(message));
            }
        };
        Ok(json!({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}))
    }

    pub(super) async fn get_template_summary(self: Arc<Self>, call: Call, input: Named) -> Result<Value, ServiceError> {
        let given = load(
            (&call.platform, &call.caller),
            input.template_body.as_ref(),
            input.template_url.as_ref(),
        )
        .await?;
        let template = match (given, &input.stack_name) {
            (Some(template), None) => template,
            (None, Some(stack)) => {
                let stack = self.stack(stack)?;
                if stack.status == Status::ReviewInProgress {
                    let message = "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.";
                    return Err(ServiceError::validation(message));
                }
                stack.wanted.template
            }
            _ => {
                let message = "Either Template URL, Template Body or Stack Name must be specified.";
                return Err(ServiceError::validation(message));
            }
        };
        let summary = self.engine()?.summary(&template)?;
        let mut answer = described(&summary);
        answer["ResourceTypes"] = summary.kinds.into();
        answer["Version"] = "2010-09-09".into();
        Ok(answer)
    }

    pub(super) async fn validate_template(self: Arc<Self>, call: Call, input: Named) -> Result<Value, ServiceError> {
        let given = load(
            (&call.platform, &call.caller),
            input.template_body.as_ref(),
            input.template_url.as_ref(),
        )
        .await?;
        let template =
            given.ok_or_else(|| ServiceError::validation("Either Template URL or Template Body must be specified."))?;
        let summary = self.engine()?.summary(&template)?;
        Ok(described(&summary))
    }

    pub(super) fn engine(&self) -> Result<Arc<dyn Engine>, ServiceError> {
        let engine = self.engine.get().cloned();
        engine.ok_or_else(|| ServiceError::not_in_local_run("cloudformation", "templates, before something deploys"))
    }
}

/// Who makes the resources: the role of the stack, or whoever asks. A role that the stack has already acts for whoever may
/// use the stack, and only one that this request passes needs leave to be passed.
pub(super) fn acting(call: &Call, role: Option<&str>, is_passed: bool) -> Result<Principal, ServiceError> {
    const SERVICE: &str = "cloudformation.amazonaws.com";
    let Some(role) = role else {
        return Ok(call.caller.clone());
    };
    let platform = &call.platform;
    if is_passed {
        platform.authorize(&call.caller, &[Requirement::pass_role(role, SERVICE)])?;
    }
    match platform.iam.trusts_service(&platform.account, role, SERVICE, None) {
        Ok(true) => platform.iam.session(role, ACTING, Vec::new()),
        _ => Err(ServiceError::validation(format_args!(
            "Role {role} is invalid or cannot be assumed"
        ))),
    }
}

/// Asks IAM for leave to use the transforms of a template.
pub(super) fn may_transform(
    (platform, caller): (&Arc<Platform>, &Principal),
    summary: &Summary,
) -> Result<(), ServiceError> {
    for transform in &summary.transforms {
        let name = transform.trim_start_matches("AWS::");
        let arn = platform.account.arn("cloudformation", format_args!("transform/{name}"));
        let arn = arn.replace(&format!(":{}:transform", platform.account.id), ":aws:transform");
        platform.authorize(caller, &[Requirement::new("cloudformation:CreateChangeSet", arn)])?;
    }
    Ok(())
}

/// The values of all parameters: given, as before, or the default.
pub(super) fn values(
    summary: &Summary,
    given: &[Given],
    before: Option<&Stack>,
) -> Result<BTreeMap<String, String>, ServiceError> {
    let names = |names: Vec<&str>| names.join(", ");
    let unknown = given.iter().map(|given| given.parameter_key.as_str());
    let unknown: Vec<&str> = unknown
        .filter(|key| !summary.parameters.iter().any(|parameter| parameter.name == *key))
        .collect();
    if !unknown.is_empty() {
        let message = format_args!("Parameters: [{}] do not exist in the template", names(unknown));
        return Err(ServiceError::validation(message));
    }
    let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
    for Declared { name, default, .. } in &summary.parameters {
        let value = match given.iter().find(|given| given.parameter_key == *name) {
            Some(given) if given.use_previous_value => {
                before.and_then(|before| before.wanted.values.get(name).cloned())
            }
            Some(given) => given.parameter_value.clone().or_else(|| default.clone()),
            None => default.clone(),
        };
        match value {
            Some(value) => drop(values.insert(name.clone(), value)),
            None => missing.push(name.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    let message = format_args!("Parameters: [{}] must have values", names(missing));
    Err(ServiceError::validation(message))
}

/// What a template says of itself, as operations answer it.
fn described(summary: &Summary) -> Value {
    let parameters = summary.parameters.iter().map(|parameter| {
        let mut shown = json!({
            "ParameterKey": parameter.name,
            "ParameterType": parameter.kind,
            "NoEcho": parameter.is_hidden,
        });
        if let Some(default) = &parameter.default {
            shown["DefaultValue"] = default.as_str().into();
        }
        if let Some(description) = &parameter.description {
            shown["Description"] = description.as_str().into();
        }
        if !parameter.allowed.is_empty() {
            shown["ParameterConstraints"] = json!({"AllowedValues": parameter.allowed});
        }
        shown
    });
    let mut answer = json!({"Parameters": parameters.collect::<Vec<_>>(), "DeclaredTransforms": summary.transforms});
    if let Some(description) = &summary.description {
        answer["Description"] = description.as_str().into();
    }
    if let Some((capability, reason)) = &summary.capability {
        answer["Capabilities"] = json!([capability]);
        answer["CapabilitiesReason"] = reason.as_str().into();
    }
    if summary.nests {
        // What the templates of nested stacks need is only known once they are read.
        answer["Capabilities"] = json!(["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]);
        let reason = "The following resource(s) require capabilities: [AWS::CloudFormation::Stack]";
        answer["CapabilitiesReason"] = reason.into();
    }
    answer
}

/// The parameters of a stack, as operations show them.
pub(super) fn parameters(stack: &Stack) -> Value {
    let values = stack.wanted.values.iter();
    let shown = values.map(|(key, value)| {
        let value = if stack.hidden.contains(key) { HIDDEN } else { value };
        json!({"ParameterKey": key, "ParameterValue": value})
    });
    shown.collect()
}

/// What is not acknowledged, as AWS words it.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html#using-iam-capabilities>
pub(super) fn missing_capability(summary: &Summary, acknowledged: &[String], directly: bool) -> Option<String> {
    let has = |name: &str| acknowledged.iter().any(|capability| capability == name);
    let required = match summary.capability {
        Some(("CAPABILITY_IAM", _)) if has("CAPABILITY_NAMED_IAM") => None,
        Some((name, _)) if !has(name) => Some(name),
        _ => None,
    };
    // A change set shows what the transform makes before it is made.
    let expanded = directly && !summary.transforms.is_empty() && !has("CAPABILITY_AUTO_EXPAND");
    let missing: Vec<&str> = required
        .into_iter()
        .chain(expanded.then_some("CAPABILITY_AUTO_EXPAND"))
        .collect();
    (!missing.is_empty()).then(|| format!("Requires capabilities : [{}]", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_by_every_style_of_url() {
        for (url, expected) in [
            (
                "https://s3.us-east-1.amazonaws.com/b/k/x.template",
                Some(("b", "k/x.template")),
            ),
            ("https://s3.amazonaws.com/b/k", Some(("b", "k"))),
            ("https://s3-eu-west-1.amazonaws.com/b/k", Some(("b", "k"))),
            ("https://b.s3.amazonaws.com/k%20k", Some(("b", "k k"))),
            ("https://b.c.s3.eu-west-1.amazonaws.com/k", Some(("b.c", "k"))),
            ("https://b.s3-eu-west-1.amazonaws.com/k", Some(("b", "k"))),
            ("http://127.0.0.1:4566/b/k", Some(("b", "k"))),
            ("http://localhost:4566/b/k", Some(("b", "k"))),
            ("http://b.localhost:4566/k", Some(("b", "k"))),
            ("s3://b/k", None),
            ("https://example.com/b/k", None),
            ("https://s3.amazonaws.com/b", None),
        ] {
            let expected = expected.map(|(bucket, key)| json!({"Bucket": bucket, "Key": key}));
            assert_eq!(object_at(url), expected, "{url}");
        }
        let version = object_at("https://s3.amazonaws.com/b/k?versionId=7");
        assert_eq!(version, Some(json!({"Bucket": "b", "Key": "k", "VersionId": "7"})));
    }
}

//! A Task's `Resource`: what does the work.

use std::sync::Arc;

/// How a task's work ends: see [service integration
/// patterns](https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// With the call's answer.
    RequestResponse,
    /// With the job that the call started (`.sync`, `.sync:2`).
    Sync,
    /// With `SendTaskSuccess` or `SendTaskFailure` (`.waitForTaskToken`).
    WaitForTaskToken,
}

/// What does a task's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integration {
    /// A Lambda function, invoked by its ARN in `Resource`: the input is the event, the returned value the output.
    Lambda {
        /// The function's ARN, with its version or alias if it has one.
        function_arn: Arc<str>,
    },
    /// An activity, for whose tasks workers ask: the input is theirs, what they send is the output.
    Activity {
        /// The activity's ARN.
        activity_arn: Arc<str>,
    },
    /// A service's operation: `arn:aws:states:::service:operation`, or `…:::aws-sdk:service:operation`.
    Service {
        /// The service as AWS writes it in events: `sagemaker`, `lambda`, `aws-sdk:s3`.
        service: Arc<str>,
        /// The operation as written in the ARN, without its pattern: `createProcessingJob`.
        operation: Arc<str>,
        /// How the work ends.
        pattern: Pattern,
        /// For `.sync`, the number behind it: 1, or 2 for `.sync:2`, whose output is parsed JSON.
        sync_version: u8,
    },
}

/// What else than integrations has ARNs of the service `states`.
const OWN_RESOURCES: [&str; 6] = ["stateMachine", "execution", "express", "mapRun", "activity", "alias"];

/// Takes a resource's ARN apart; the error says why it cannot be.
pub(crate) fn parse(arn: &str) -> Result<Integration, String> {
    let invalid = || Err(format!("Value is not a valid resource ARN: {arn}"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _partition, service, region, account, resource] = parts[..] else {
        return invalid();
    };
    let (kind, name) = resource.split_once(':').unwrap_or((resource, ""));
    match service {
        "lambda" if kind == "function" && is_function(name) => Ok(Integration::Lambda {
            function_arn: arn.into(),
        }),
        "states" if kind == "activity" && !region.is_empty() && !account.is_empty() && !name.is_empty() => {
            Ok(Integration::Activity {
                activity_arn: arn.into(),
            })
        }
        // The region and the account may stand there, both or neither.
        "states" if region.is_empty() != account.is_empty() => invalid(),
        "states" if !region.is_empty() && OWN_RESOURCES.contains(&kind) => invalid(),
        "states" => service_integration(arn, resource),
        _ => invalid(),
    }
}

/// Whether it is a function's name, or a name and a version or alias. What a deployment will fill in may be anything.
fn is_function(name: &str) -> bool {
    if name.contains("${") {
        return true;
    }
    let (name, qualifier) = match name.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (name, None),
    };
    let fits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "$_-".contains(c));
    !name.is_empty() && qualifier.is_none_or(fits)
}

/// The operation of S3 that an item reader or a result writer names.
pub(crate) fn s3_operation(arn: &str) -> Option<Arc<str>> {
    match parse(arn) {
        Ok(Integration::Service {
            service,
            operation,
            pattern: Pattern::RequestResponse,
            ..
        }) if &*service == "s3" => Some(operation),
        _ => None,
    }
}

/// What AWS says of a resource that it does not have.
pub(super) fn not_recognized(arn: &str) -> String {
    format!(
        "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
    )
}

/// `service:operation.pattern`, or `aws-sdk:service:operation.pattern`.
fn service_integration(arn: &str, resource: &str) -> Result<Integration, String> {
    let invalid = || not_recognized(arn);
    // `.sync:2` has a colon of its own.
    let (resource, sync_version) = match resource.strip_suffix(".sync:2") {
        Some(resource) => (resource, 2),
        None => (
            resource.strip_suffix(".sync").unwrap_or(resource),
            u8::from(resource.ends_with(".sync")),
        ),
    };
    let (resource, waits) = match resource.strip_suffix(".waitForTaskToken") {
        Some(resource) => (resource, true),
        None => (resource, false),
    };
    let (service, operation) = resource.rsplit_once(':').ok_or_else(invalid)?;
    let named = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let service_name = service.strip_prefix("aws-sdk:").unwrap_or(service);
    if !named(service_name) || !named(operation) || waits && sync_version > 0 {
        return Err(invalid());
    }
    let pattern = match (waits, sync_version) {
        (true, _) => Pattern::WaitForTaskToken,
        (false, 0) => Pattern::RequestResponse,
        (false, _) => Pattern::Sync,
    };
    Ok(Integration::Service {
        service: service.into(),
        operation: operation.into(),
        pattern,
        sync_version,
    })
}

/// What events call the resource: the operation with its pattern.
pub(crate) fn event_resource(integration: &Integration) -> Arc<str> {
    match integration {
        Integration::Lambda { function_arn: arn } | Integration::Activity { activity_arn: arn } => arn.clone(),
        Integration::Service {
            operation,
            pattern,
            sync_version,
            ..
        } => match (pattern, sync_version) {
            (Pattern::WaitForTaskToken, _) => format!("{operation}.waitForTaskToken").into(),
            (Pattern::Sync, 2) => format!("{operation}.sync:2").into(),
            (Pattern::Sync, _) => format!("{operation}.sync").into(),
            (Pattern::RequestResponse, _) => operation.clone(),
        },
    }
}

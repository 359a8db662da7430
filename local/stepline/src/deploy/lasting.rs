//! Resources that are there already. As CloudFormation does, a deployment leaves alone what its template has not changed:
//! what somebody has done to it since, such as another value of a parameter, stays.
//!
//! Some last from run to run. The others, such as roles, functions and rules, are made anew by each run.

use super::maker::{self, Failure, Maker, Occasion, Place};
use super::passing::{self, Outcome, Resources};
use super::removal::{self, STACK, UPDATED_BY_ANOTHER};
use crate::cloud::Cloud;
use crate::template::{Fault, Made, Resource, Stack, TemplateError};
use serde_json::Value;
use services::cloudformation::{Extent, Record, Status};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The types that last.
const LASTING: &[&str] = &[
    STACK,
    "AWS::ECR::Repository",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::Listener",
    LOAD_BALANCER,
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::StepFunctions::Activity",
    "AWS::StepFunctions::StateMachine",
    "AWS::StepFunctions::StateMachineAlias",
    "AWS::StepFunctions::StateMachineVersion",
];

/// The types that are made again although nothing of their properties has changed: the ports and the templates that they
/// name may be others by now.
const LOOKED_AT: &[&str] = &[LOAD_BALANCER, STACK];

const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

/// What stands behind the logical id of a resource whose place another one has taken, until it is removed.
const REPLACED: &str = " (before)";

/// What is known of a resource as the rest of its template sees it, unless it was never finished.
pub(super) fn as_made(record: &Record) -> Option<Made> {
    if record.properties.is_null() {
        return None;
    }
    Some(Made {
        reference: record.reference.clone()?,
        attributes: record.attributes.clone(),
        is_stand_in: record.is_stand_in,
    })
}

/// Refuses a template that gives a resource another type: CloudFormation changes none under its logical id.
pub(super) fn same_types(cloud: &Cloud, stack: &Stack) -> Result<(), TemplateError> {
    let is_changed = |id: &&String| {
        let known = cloud.cloudformation.recorded(stack.name(), id);
        // Of one that could not be made nothing is there.
        known.is_some_and(|known| known.reference.is_some() && stack.kind(id) != Some(&known.kind))
    };
    let changed: Vec<&str> = stack.order().iter().filter(is_changed).map(String::as_str).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
        changed.join(", ")
    );
    Err(stack.locate(Fault::new(message)))
}

/// Makes a resource, changes it, or finds it as it was made before. Events say what is done.
pub(super) async fn make(place: Place<'_>, resource: Resource, others: &Resources) -> Result<Outcome, Failure> {
    let (id, kind) = (resource.id.clone(), resource.kind.clone());
    let (known, another) = match place.cloud.cloudformation.recorded(place.stack, &id) {
        Some(record) if record.kind == kind => (Some(record), None),
        other => (None, other),
    };
    let wanted = Value::from(resource.properties.clone());
    if let Some(outcome) = known
        .as_ref()
        .and_then(|known| as_it_was(place, &resource, known, &wanted))
    {
        return Ok(outcome);
    }
    if let Some(another) = another {
        keep(place, &format!("{id}{REPLACED}"), another);
    }
    let changed = known.clone().filter(|known| is_named_as(known, &wanted));
    let restored = known.as_ref().filter(|_| changed.is_none());
    let restored = restored.and_then(|known| replaced(place, &id, known, &wanted));
    let is_retained = resource.is_retained_when_replaced && restored.is_none();
    // Before anything is made, so that a run that is killed meanwhile leaves nothing that nobody knows of.
    let begun = begun(&resource, known.as_ref());
    keep(place, &id, begun.clone());
    let [doing, done, failed] = match known {
        None => [Status::CreateInProgress, Status::CreateComplete, Status::CreateFailed],
        Some(_) => [Status::UpdateInProgress, Status::UpdateComplete, Status::UpdateFailed],
    };
    note(place, (&id, &begun), doing, None);
    match make_or_change(place, resource, others, changed.or(restored).as_ref()).await {
        Ok(outcome) => {
            let record = Record {
                properties: wanted,
                reference: Some(outcome.made.reference.clone()),
                attributes: outcome.made.attributes.clone(),
                is_stand_in: outcome.made.is_stand_in,
                passed_over: outcome.passed_over.iter().map(written).collect(),
                is_begun: false,
                ..begun
            };
            if let Some(before) = known.filter(|known| is_another(known, &record)) {
                keep(place, &format!("{id}{REPLACED}"), Record { is_retained, ..before });
            }
            note(place, (&id, &record), done, said(&outcome.passed_over));
            keep(place, &id, record);
            Ok(outcome)
        }
        Err((failure, made)) => {
            let left = keep_what_is_left(place, &id, begun, made);
            note(place, (&id, &left), failed, Some(failure.to_string()));
            if known.is_none() && left.reference.is_none() && says_that_it_is_there(&failure) {
                // It is somebody else's.
                place.cloud.cloudformation.forget(place.stack, &id);
            }
            Err(failure)
        }
    }
}

/// Keeps what is there of a resource after a failure, so that it can be taken back: the resource itself, and one that was
/// to take its place and was made in part.
fn keep_what_is_left(place: Place<'_>, id: &str, begun: Record, made: Option<Value>) -> Record {
    if begun.reference.is_some() && made.is_some() && made != begun.reference {
        let half = Record {
            reference: made.clone(),
            is_retained: false,
            ..begun.clone()
        };
        keep(place, &format!("{id}{REPLACED}"), half);
    }
    let reference = begun.reference.clone().or(made);
    let left = Record { reference, ..begun };
    keep(place, id, left.clone());
    left
}

/// A resource that is as it is wanted already.
fn as_it_was(place: Place<'_>, resource: &Resource, known: &Record, wanted: &Value) -> Option<Outcome> {
    if known.properties != *wanted || known.is_begun || LOOKED_AT.contains(&&*known.kind) {
        return None;
    }
    let made = as_made(known)?;
    // What becomes of it later is no property of it.
    let record = Record {
        is_retained: resource.is_retained,
        is_retained_once_created: resource.is_retained_once_created,
        ..known.clone()
    };
    keep(place, &resource.id, record);
    let passed_over = faults(&known.passed_over);
    Some(Outcome { made, passed_over })
}

/// What a renamed resource was before, where it has the name again that is wanted: on the way back it is still there.
fn replaced(place: Place<'_>, id: &str, known: &Record, wanted: &Value) -> Option<Record> {
    let service = &place.cloud.cloudformation;
    let before = service.recorded(place.stack, &format!("{id}{REPLACED}"));
    before.filter(|before| before.kind == known.kind && is_named_as(before, wanted))
}

/// What is kept of a resource while it is being made or changed.
fn begun(resource: &Resource, known: Option<&Record>) -> Record {
    Record {
        kind: resource.kind.clone(),
        properties: known.map(|known| known.properties.clone()).unwrap_or_default(),
        reference: known.and_then(|known| known.reference.clone()),
        attributes: known.map(|known| known.attributes.clone()).unwrap_or_default(),
        is_retained: resource.is_retained,
        is_retained_once_created: resource.is_retained_once_created,
        is_begun: true,
        is_stand_in: false,
        passed_over: Vec::new(),
    }
}

/// Whether a resource has the names that these properties give it. One that nothing has been made of has any.
fn is_named_as(record: &Record, properties: &Value) -> bool {
    let is_same = |name: &&str| record.properties.get(name) == properties.get(name);
    record.properties.is_null() || UPDATED_BY_ANOTHER.contains(&record.kind.as_str()) || REPLACING.iter().all(is_same)
}

/// The properties whose change makes another resource: those that name it.
pub(super) const REPLACING: &[&str] = &[
    "AlarmName",
    "BucketName",
    "FunctionName",
    "LogGroupName",
    "ManagedPolicyName",
    "ModelPackageGroupName",
    "Name",
    "QueueName",
    "RepositoryName",
    "RoleName",
    "StateMachineName",
    "TopicName",
    "UserName",
];

/// Whether a service has refused to make something because it is there.
fn says_that_it_is_there(failure: &Failure) -> bool {
    matches!(failure, Failure::Service { error, .. } if maker::says_that_it_is_there(error))
}

/// Says what is done with a resource, unless it is only made again.
fn note(place: Place<'_>, (id, record): (&str, &Record), status: Status, reason: Option<String>) {
    let physical_id = record.reference.as_ref().and_then(Value::as_str).unwrap_or_default();
    if place.occasion != Occasion::Again {
        let service = &place.cloud.cloudformation;
        service.note(place.stack, (id, physical_id), &record.kind, status, reason);
    }
}

/// Makes a resource, or changes the one that is there; where that cannot be, another one takes its place. A failure comes
/// with the reference of what is there all the same.
async fn make_or_change(
    place: Place<'_>,
    resource: Resource,
    others: &Resources,
    known: Option<&Record>,
) -> Result<Outcome, (Failure, Option<Value>)> {
    let id = resource.id.clone();
    let anew = known.filter(|known| UPDATED_BY_ANOTHER.contains(&known.kind.as_str()));
    if let Some(before) = anew {
        let removed = removal::remove(place, before).await;
        removed.map_err(|(operation, error)| (Failure::Service { operation, error }, None))?;
    }
    // What lasts may be there although nobody has heard of its end.
    let may_be_there = |known: &&Record| known.reference.is_some() || LASTING.contains(&known.kind.as_str());
    let before = known.filter(|_| anew.is_none()).filter(may_be_there);
    let maker = Maker {
        cloud: place.cloud,
        stack: place.stack,
        id: &id,
        caller: place.caller,
        occasion: place.occasion,
        nests: place.nests,
        is_there: before.is_some(),
        before: before.map(|before| &before.properties),
        left_out: Mutex::default(),
        made: Mutex::default(),
    };
    let outcome = passing::make(&maker, resource, others).await;
    outcome.map_err(|failure| (failure, maker.take_made()))
}

/// Whether something else is there now. Another name makes another thing.
fn is_another(before: &Record, after: &Record) -> bool {
    let is_made_anew = UPDATED_BY_ANOTHER.contains(&before.kind.as_str());
    !is_made_anew && before.reference.is_some() && before.reference != after.reference
}

fn keep(place: Place<'_>, id: &str, record: Record) {
    let service = &place.cloud.cloudformation;
    if LASTING.contains(&record.kind.as_str()) {
        service.record(place.stack, id, record);
    } else {
        service.record_passing(place.stack, id, record);
    }
}

fn written(fault: &Fault) -> (Vec<String>, String) {
    let path = fault.path().into_iter().map(str::to_owned).collect();
    (path, fault.to_string())
}

fn faults(written: &[(Vec<String>, String)]) -> Vec<Fault> {
    let fault = |(path, message): &(Vec<String>, String)| {
        path.iter()
            .rev()
            .fold(Fault::absent(message), |fault, segment| fault.within(segment))
    };
    written.iter().map(fault).collect()
}

/// What an event says of what was left out.
fn said(passed_over: &[Fault]) -> Option<String> {
    let faults = passed_over
        .iter()
        .map(|fault| format!("{}: {fault}", fault.path().join("/")));
    let all: Vec<String> = faults.collect();
    (!all.is_empty()).then(|| format!("passed over: {}", all.join("; ")))
}

/// What a stack has that its template does not have any more, or all that it has: in the order in which it is removed.
fn to_remove(place: Place<'_>, order: &[String], extent: Extent) -> Vec<(String, Record)> {
    let mut records = place.cloud.cloudformation.records(place.stack);
    records.retain(|(id, _)| extent != Extent::Gone || !order.contains(id));
    let position: BTreeMap<&String, usize> = order.iter().enumerate().map(|(at, id)| (id, at)).collect();
    // What nobody knows the order of goes first: nothing that stays needs it.
    records.sort_by_key(|(id, _)| std::cmp::Reverse(position.get(id).copied().unwrap_or(usize::MAX)));
    records
}

/// Removes what the stack's template does not have any more, or all that the stack has.
///
/// # Errors
/// Each resource that could not be removed: its logical id, the operation and its refusal.
pub(super) async fn remove(
    place: Place<'_>,
    order: &[String],
    extent: Extent,
) -> Result<(), Vec<(String, String, platform::ServiceError)>> {
    let service = &place.cloud.cloudformation;
    let mut refused = Vec::new();
    for (id, record) in to_remove(place, order, extent) {
        let shown = id.strip_suffix(REPLACED).unwrap_or(&id);
        let note = |status, reason| note(place, (shown, &record), status, reason);
        if record.is_retained && !(extent == Extent::NotCreated && record.is_retained_once_created) {
            note(Status::DeleteSkipped, None);
            service.forget(place.stack, &id);
            continue;
        }
        note(Status::DeleteInProgress, None);
        match removal::remove(place, &record).await {
            Ok(()) => {
                note(Status::DeleteComplete, None);
                service.forget(place.stack, &id);
            }
            Err((operation, error)) => {
                note(Status::DeleteFailed, Some(format!("{operation}: {}", error.message)));
                refused.push((shown.to_owned(), operation, error));
            }
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

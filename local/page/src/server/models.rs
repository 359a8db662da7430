//! Models, what they were made of, and the service that is tried.

use super::ask::{ask, sample};
use super::frame::{View, framed};
use super::makers::Makers;
use super::request::context;
use crate::account::{Action, Execution, Gone, Job, Package, Place, Service};
use crate::served::Served;
use crate::show::Context;
use crate::views::{self, Group, Lineage, ModelShown, TYPES, Tried};
use crate::words::Word;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// The most versions of a group that are shown.
const MOST: usize = 500;
/// The topics at which a view of models is drawn anew: what registers, approves and deploys them.
const LIVE: [&str; 2] = ["run", "execution"];

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/models", get(models))
        .route("/models/{group}/{version}", get(model))
        .route("/models/try", post(try_service))
}

/// What the form says.
#[derive(Debug, Deserialize)]
struct Typed {
    service: String,
    #[serde(default)]
    back: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    kind: String,
}

async fn models(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    let drawn = draw_models(&served, &context, None).await;
    framed(&served, &context, "models", drawn).await
}

async fn draw_models(served: &Served, context: &Context, tried: Option<&Tried>) -> Result<View, Gone> {
    let mut groups = Vec::new();
    for name in served.reader.groups().await? {
        let packages = served.reader.packages(&name, MOST).await?;
        groups.push(Group { name, packages });
    }
    let services = served.reader.services().await.unwrap_or_default();
    let serving = services.iter().find(|service| !service.definition.model.is_empty());
    let trying = trying(served, context, serving, tried, "");
    Ok(View {
        title: context.say(Word::Models).to_owned(),
        content: views::models(context, &groups, &services, &trying),
        live: LIVE.map(str::to_owned).to_vec(),
        selected: None,
    })
}

fn trying(served: &Served, context: &Context, service: Option<&Service>, tried: Option<&Tried>, back: &str) -> Markup {
    match service {
        Some(service) => {
            let sample = sample(&served.page.platform.root);
            views::trying(context, service, &sample, tried, back)
        }
        None => views::nothing_to_try(context),
    }
}

async fn model(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path((group, version)): Path<(String, String)>,
) -> Response {
    let context = context(&served, &headers);
    let drawn = draw_model(&served, &context, (&group, &version), None).await;
    framed(&served, &context, "models", drawn).await
}

async fn draw_model(
    served: &Served,
    context: &Context,
    (group, version): (&str, &str),
    tried: Option<&Tried>,
) -> Result<View, Gone> {
    let reader = &served.reader;
    let arn = reader
        .platform()
        .account
        .arn("sagemaker", format_args!("model-package/{group}/{version}"));
    let package = reader.package(&arn).await?;
    let others = reader.packages(group, MOST).await?;
    let (beside, is_current) = compared(&package, &others);
    let services = reader.services().await.unwrap_or_default();
    let read = Read::of(served, &package).await;
    let serving = services.iter().find(|service| service.definition.model == package.arn);
    let trying = match serving {
        Some(service) => trying(served, context, Some(service), tried, &format!("{group}/{version}")),
        None => Markup::default(),
    };
    let run = read.run.as_ref().map(|(pipeline, id)| (&**pipeline, &**id));
    let shown = ModelShown {
        package: &package,
        beside,
        is_current,
        gate: &read.gate,
        decision: read.decision.as_ref(),
        services: &services,
        lineage: Lineage {
            record: read.record,
            run,
            execution: read.execution.as_ref(),
            job: read.job.as_ref(),
            bytes: read.bytes,
            service: services.iter().find(|service| service.arn == package.noted("service")),
        },
        trying,
    };
    Ok(View {
        title: format!("{group} {version}"),
        content: views::model(context, &shown),
        live: LIVE.map(str::to_owned).to_vec(),
        selected: run.map(|(_, id)| id.to_owned()),
    })
}

/// What a version is compared with, and whether it is the current one itself. `others` has the newest first.
fn compared<'p>(package: &Package, others: &'p [Package]) -> (Option<&'p Package>, bool) {
    let mut approved = others.iter().filter(|other| other.approval == "Approved");
    match approved.next() {
        Some(current) if current.arn == package.arn => (approved.next(), true),
        current => (current, false),
    }
}

/// What other services say of a version.
struct Read {
    record: Value,
    gate: Value,
    run: Option<(String, String)>,
    decision: Option<Action>,
    execution: Option<Execution>,
    job: Option<Job>,
    bytes: Option<u64>,
}

impl Read {
    async fn of(served: &Served, package: &Package) -> Self {
        let reader = &served.reader;
        let record = reader.json_object(package.noted("lineage")).await;
        let execution = reader.execution(package.execution()).await.ok();
        let output = execution
            .as_ref()
            .and_then(|execution| execution.raw["output"].as_str());
        let output: Value = output
            .and_then(|output| serde_json::from_str(output).ok())
            .unwrap_or_default();
        let gate = if output["gate"].is_object() {
            output["gate"].clone()
        } else {
            record["gate"].clone()
        };
        let run = match &execution {
            Some(execution) => Makers::read(served).await.run_of(&execution.name),
            None => None,
        };
        let decision = match &run {
            Some((pipeline, id)) => reader.actions(pipeline, id).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let name = package.noted("trainingJob").rsplit('/').next().unwrap_or_default();
        let bytes = match Place::read(package.model()) {
            Some(place) => reader.objects(&place, 1).await.ok(),
            None => None,
        };
        Self {
            job: reader.job("Training", name).await.ok(),
            decision: decision.into_iter().rev().find(|action| action.provider == "Manual"),
            bytes: bytes.and_then(|listed| Some(listed.objects.first()?.size)),
            record,
            gate,
            run,
            execution,
        }
    }
}

/// Asks a service, and draws the view that was left with the answer in it.
async fn try_service(State(served): State<Arc<Served>>, headers: HeaderMap, Form(typed): Form<Typed>) -> Response {
    let context = context(&served, &headers);
    let drawn = async {
        if !served.page.may_act {
            return Err(Gone::Refused(context.tell(Word::NoServiceHere)));
        }
        let services = served.reader.services().await?;
        let service = services.iter().find(|service| service.arn == typed.service);
        // Whatever the form says: only what the account itself has on this machine is asked.
        let port = service.and_then(Service::loopback);
        let port = port.ok_or_else(|| Gone::Refused(context.say(Word::NotOnThisMachine).to_owned()))?;
        let kind = TYPES.into_iter().find(|known| *known == typed.kind).unwrap_or(TYPES[0]);
        let (answer, took) = ask(port, kind, &typed.body).await;
        let tried = Tried {
            sent: typed.body,
            content_type: kind.to_owned(),
            answer: answer.map(|(status, said)| (status, served.reader.hidden(&said))),
            took,
        };
        match typed.back.split_once('/') {
            Some(model) => draw_model(&served, &context, model, Some(&tried)).await,
            None => draw_models(&served, &context, Some(&tried)).await,
        }
    };
    let drawn = drawn.await;
    framed(&served, &context, "models", drawn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(version: u64, approval: &str) -> Package {
        Package {
            arn: format!("arn:{version}"),
            group: "g".into(),
            version,
            approval: approval.into(),
            created: None,
            raw: Value::Null,
        }
    }

    #[test]
    fn a_version_is_compared_with_the_current_one_or_with_the_one_before_it() {
        let others = [
            (4, "Rejected"),
            (3, "Approved"),
            (2, "PendingManualApproval"),
            (1, "Approved"),
        ];
        let others = others.map(|(version, approval)| package(version, approval));
        let beside = |at: usize| {
            let (beside, is_current) = compared(&others[at], &others);
            (beside.map(|other| other.version), is_current)
        };
        assert_eq!(
            [beside(0), beside(1), beside(3)],
            [(Some(3), false), (Some(1), true), (Some(3), false)]
        );
        assert_eq!(compared(&others[3], &others[3..]).0.map(|other| other.version), None);
    }
}

//! The views of runs: executions of pipelines.

use super::frame::{View, framed, live};
use super::request::{Asked, context};
use crate::account::{Action, Execution, Gone, Run};
use crate::gather::{RECENT, executions_of, failure_of_run, gather, logged, streams_of_action, tell, that_matters};
use crate::served::Served;
use crate::show::Context;
use crate::views::{self, RunShown, Selection, Told};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// The most runs that the table has.
const MOST: usize = 1000;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/", get(newest))
        .route("/runs", get(runs))
        .route("/runs/{pipeline}/{id}", get(run))
}

async fn newest(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let context = context(&served, &headers);
    let newest = served.reader.runs(1).await.unwrap_or_default().into_iter().next();
    let drawn = match newest {
        Some(newest) => draw_run(&served, &context, &newest.pipeline, &newest.id, Selection::new(asked)).await,
        None => Ok(View {
            title: context.say(Word::Runs).to_owned(),
            content: views::table(&context, &[], &served.reader.pipelines().await.unwrap_or_default()),
            live: Vec::new(),
            selected: None,
        }),
    };
    framed(&served, &context, "runs", drawn).await
}

async fn runs(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    let drawn = async {
        let mut told = Vec::new();
        for (at, mut run) in served.reader.runs(MOST).await?.into_iter().enumerate() {
            // What older ones were of is on their own pages.
            if at < RECENT {
                run.actions = served.reader.actions(&run.pipeline, &run.id).await?;
                told.push(tell(&served, run).await);
            } else {
                told.push(plain(run));
            }
        }
        Ok(View {
            title: context.say(Word::Runs).to_owned(),
            content: views::table(&context, &told, &served.reader.pipelines().await?),
            live: Vec::new(),
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "runs", drawn).await
}

fn plain(run: Run) -> Told {
    Told {
        run,
        commit: String::new(),
        message: String::new(),
        author: String::new(),
        matter: String::new(),
    }
}

async fn run(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path((pipeline, id)): Path<(String, String)>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let drawn = draw_run(&served, &context, &pipeline, &id, Selection::new(asked)).await;
    framed(&served, &context, "runs", drawn).await
}

/// What of a run is looked at: an action by itself, or else an execution of a state machine.
struct Looked<'a> {
    action: Option<&'a Action>,
    execution: Option<&'a Execution>,
    /// The action that failed where no execution did.
    failed: Option<&'a Action>,
}

/// What was selected, or else what matters: what failed, or what runs.
fn looked_at<'a>(run: &'a Run, executions: &'a [Execution], selection: &Selection) -> Looked<'a> {
    let asked = selection.get("action");
    let named = |action: &&Action| format!("{}/{}", action.stage, action.name) == asked;
    let by_name = run.actions.iter().rev().find(named);
    // An action that started an execution is seen as that.
    let started = by_name
        .map(|action| action.variable("ExecutionArn"))
        .filter(|arn| !arn.is_empty());
    let execution = match started {
        Some(arn) => executions.iter().find(|execution| execution.arn == arn),
        None => that_matters(run, executions, selection),
    };
    let is_chosen = !selection.get("execution").is_empty() || !selection.get("state").is_empty();
    let failed = run.failed().filter(|_| run.status == "Failed" && !is_chosen);
    let failed = failed.filter(|_| execution.is_none_or(|execution| execution.status == "SUCCEEDED"));
    let building = |action: &&Action| action.status == "InProgress" && action.provider == "CodeBuild";
    let building = run.actions.iter().rev().find(building).filter(|_| !is_chosen);
    let action = match started {
        Some(_) => None,
        None => by_name.or(failed).or(building),
    };
    Looked {
        action,
        execution: execution.filter(|_| action.is_none()),
        failed,
    }
}

async fn draw_run(
    served: &Served,
    context: &Context,
    pipeline: &str,
    id: &str,
    selection: Selection,
) -> Result<View, Gone> {
    let run = served.reader.run(pipeline, id).await?;
    let told = tell(served, run).await;
    let stages = served.reader.stages(pipeline).await?;
    let executions = executions_of(served, &told.run).await;
    let looked = looked_at(&told.run, &executions, &selection);
    let gathered = match looked.execution {
        Some(execution) => Some(gather(served, &execution.arn, &selection).await?),
        None => None,
    };
    let streams = match (&gathered, looked.action) {
        (_, Some(action)) => streams_of_action(action),
        (Some(gathered), None) => gathered.streams.clone(),
        (None, None) => Vec::new(),
    };
    let logged = logged(served, streams, &selection).await;
    let known = match &gathered {
        Some(gathered) => Some(gathered.known.lock().await),
        None => None,
    };
    let path = ["runs", pipeline, id];
    let both = gathered.as_ref().zip(known.as_ref());
    let drawn = RunShown {
        told: &told,
        stages: &stages,
        executions: &executions,
        shown: both.map(|(gathered, known)| gathered.shown(&known.trace, &path, &selection)),
        action: looked.action,
        failure: looked.failed.map(failure_of_run),
        logged: &logged,
        path: &path,
        selection: &selection,
    };
    Ok(View {
        title: told.name().to_owned(),
        content: views::run(context, &drawn),
        live: live(&executions, &logged),
        selected: Some(id.to_owned()),
    })
}

//! Which view is at which address.

use super::Served;
use super::gather::{
    Gathered, RECENT, executions_of, failure_of_run, gather, logged, recent, streams_of_action, tell, that_matters,
};
use super::request::context;
use crate::account::{Execution, Gone, Run};
use crate::show::Context;
use crate::views::{self, Frame, Logged, RunShown, Selection, Shown, Told};
use crate::words::Word;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use std::sync::Arc;

/// What an address selects.
type Asked = Query<Vec<(String, String)>>;

/// The most runs and executions that a table has.
const MOST: usize = 1000;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new()
        .route("/", get(newest))
        .route("/runs", get(runs))
        .route("/runs/{pipeline}/{id}", get(run))
        .route("/executions", get(executions))
        .route("/executions/{machine}", get(executions_of_machine))
        .route("/executions/{machine}/{name}", get(execution))
        .route("/part/{what}", get(part))
        .route("/log", get(log))
        .route("/set", get(set))
}

/// A view, ready to be framed.
#[derive(Debug)]
pub(super) struct View {
    pub(super) title: String,
    pub(super) content: Markup,
    pub(super) live: Vec<String>,
    pub(super) selected: Option<String>,
}

/// Frames a view, with the list of runs at its left.
pub(super) async fn framed(served: &Served, context: &Context, view: &str, drawn: Result<View, Gone>) -> Response {
    let (status, drawn) = match drawn {
        Ok(drawn) => (StatusCode::OK, drawn),
        Err(gone) => {
            let status = match gone {
                Gone::NotFound(_) => StatusCode::NOT_FOUND,
                Gone::Refused(_) => StatusCode::BAD_GATEWAY,
            };
            let title = context.say(Word::NotFound).to_owned();
            let content = views::gone(context, &gone);
            (status, View { title, content, live: Vec::new(), selected: None })
        }
    };
    let told = recent(served).await;
    let mut live = drawn.live;
    live.push("run".into());
    let frame = Frame {
        title: &drawn.title,
        view,
        runs: views::list(context, &told, drawn.selected.as_deref()),
        content: drawn.content,
        live: live.join("\n"),
        searched: "",
    };
    (status, Html(views::shell(context, frame).into_string())).into_response()
}

/// What went wrong with what a person asked for. Drawn without the list of runs.
pub(super) fn problem(served: &Served, headers: &HeaderMap, gone: &Gone) -> Response {
    let context = context(served, headers);
    let frame = Frame {
        title: context.say(Word::Broken),
        view: "",
        runs: html! {},
        content: views::gone(&context, gone),
        live: String::new(),
        searched: "",
    };
    (StatusCode::CONFLICT, Html(views::shell(&context, frame).into_string())).into_response()
}

pub(super) async fn nowhere(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let context = context(&served, &headers);
    framed(&served, &context, "", Err(Gone::NotFound(String::new()))).await
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
    let failed = told.run.failed().filter(|_| told.run.status == "Failed");
    let asked = selection.get("action");
    let by_name = told.run.actions.iter().rev().find(|it| format!("{}/{}", it.stage, it.name) == asked);
    // An action that started an execution is seen as that.
    let of_action = by_name.map(|action| action.variable("ExecutionArn").to_owned());
    let of_action = of_action.filter(|arn| !arn.is_empty());
    let matters = match &of_action {
        Some(arn) => executions.iter().find(|execution| execution.arn == *arn),
        None => that_matters(&executions, &selection),
    };
    let is_chosen = !selection.get("execution").is_empty() || !selection.get("state").is_empty();
    let failed_elsewhere = failed.filter(|_| !is_chosen && matters.is_none_or(|it| it.status == "SUCCEEDED"));
    let running = told.run.actions.iter().rev().find(|action| action.status == "InProgress");
    let running = running.filter(|action| !is_chosen && action.provider == "CodeBuild");
    let action = match of_action {
        Some(_) => None,
        None => by_name.or(failed_elsewhere).or(running),
    };
    let gathered = match matters.filter(|_| action.is_none()) {
        Some(execution) => Some(gather(served, &execution.arn, &selection).await?),
        None => None,
    };
    let streams = match (&gathered, action) {
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
    let shown = gathered.as_ref().zip(known.as_ref()).map(|(gathered, known)| shown(gathered, &known.trace, &path, &selection));
    let drawn = RunShown {
        told: &told,
        stages: &stages,
        executions: &executions,
        shown,
        action,
        failure: failed_elsewhere.map(failure_of_run),
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

/// The topics at which a view of executions and their log is drawn anew.
fn live(executions: &[Execution], logged: &Logged) -> Vec<String> {
    let executions = executions.iter().map(|execution| format!("execution {}", execution.arn));
    let streams = logged.streams.iter().take(1).map(|stream| format!("log {} {}", stream.group, stream.name));
    executions.chain(streams).chain(["job".to_owned()]).collect()
}

fn shown<'a>(
    gathered: &'a Gathered,
    trace: &'a crate::trace::Trace,
    path: &'a [&'a str],
    selection: &'a Selection,
) -> Shown<'a> {
    Shown {
        execution: &gathered.execution,
        trace,
        chart: gathered.chart.as_ref(),
        definition: &gathered.definition,
        path,
        selection,
        state: gathered.state.as_deref(),
        events: &gathered.events,
        job: gathered.job.as_ref(),
        failure: gathered.failure.as_ref(),
    }
}

async fn executions(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    draw_executions(&served, &headers, None).await
}

async fn executions_of_machine(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(machine): Path<String>,
) -> Response {
    draw_executions(&served, &headers, Some(&machine)).await
}

async fn draw_executions(served: &Served, headers: &HeaderMap, machine: Option<&str>) -> Response {
    let context = context(served, headers);
    let drawn = async {
        let machines = served.reader.machines().await?;
        let mut listed = Vec::new();
        for known in machines.iter().filter(|known| machine.is_none_or(|name| name == known.name)) {
            listed.extend(served.reader.executions(known, MOST).await?);
        }
        listed.sort_by_key(|execution| std::cmp::Reverse(execution.started));
        listed.truncate(MOST);
        Ok(View {
            title: context.say(Word::Executions).to_owned(),
            content: views::executions(&context, &machines, &listed, machine),
            live: vec!["execution".into()],
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(served, &context, "executions", drawn).await
}

async fn execution(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path((machine, name)): Path<(String, String)>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let drawn = async {
        let arn = served.page.platform.account.arn("states", format_args!("execution:{machine}:{name}"));
        let gathered = gather(&served, &arn, &selection).await?;
        let logged = logged(&served, gathered.streams.clone(), &selection).await;
        let known = gathered.known.lock().await;
        let path = ["executions", &*machine, &*name];
        let shown = shown(&gathered, &known.trace, &path, &selection);
        let content = html! {
            (views::heading(&context, &gathered.execution))
            (views::execution(&context, &shown))
            (views::log(&context, &logged, &path, &selection))
        };
        Ok(View {
            title: format!("{machine} {name}"),
            content,
            live: live(std::slice::from_ref(&gathered.execution), &logged),
            selected: None,
        })
    };
    let drawn = drawn.await;
    framed(&served, &context, "executions", drawn).await
}

/// Rows of a long list, as the browser comes to see them.
async fn part(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Path(what): Path<String>,
    Query(asked): Asked,
) -> Response {
    let context = context(&served, &headers);
    let selection = Selection::new(asked);
    let arn = selection.get("execution");
    let from = selection.number("from").unwrap_or_default();
    let drawn = async {
        let execution = served.reader.execution(arn).await?;
        let known = served.executions.trace(&served.reader, arn).await?;
        let known = known.lock().await;
        Ok::<_, Gone>(match &*what {
            "timeline" => views::timeline_rows(&context, &execution, &known.trace, from),
            _ => {
                let events = served.reader.events(arn, from, views::PART).await?;
                views::event_rows(&context, &execution, &known.trace, &events)
            }
        })
    };
    match drawn.await {
        Ok(rows) => Html(rows.into_string()).into_response(),
        Err(gone) => problem(&served, &headers, &gone),
    }
}

/// A whole log, as text.
async fn log(State(served): State<Arc<Served>>, headers: HeaderMap, Query(asked): Asked) -> Response {
    let selection = Selection::new(asked);
    let stream = crate::account::Stream {
        group: selection.get("group").to_owned(),
        name: selection.get("stream").to_owned(),
    };
    match served.reader.lines(&stream, "", usize::MAX).await {
        Ok(lines) => {
            let lines = lines.lines.iter().map(|(at, line)| format!("{at} {}\n", crate::show::plain(line)));
            let text: String = lines.collect();
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        Err(gone) => problem(&served, &headers, &gone),
    }
}

/// Keeps a choice of language or theme, and goes back to where it was made.
async fn set(headers: HeaderMap, Query(asked): Asked) -> Response {
    let known = |name: &str, value: &str| match name {
        "theme" => matches!(value, "light" | "dark" | "system"),
        "language" => matches!(value, "en" | "ja"),
        _ => false,
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    for (name, value) in asked.iter().filter(|(name, value)| known(name, value)) {
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly");
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    // The way back within this page: the guard has looked at who asks.
    let from = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let back = from.and_then(|from| from.split_once("://")?.1.find('/').map(|at| &from.split_once("://").unwrap_or_default().1[at..]));
    let back = back.and_then(|back| HeaderValue::from_str(back).ok());
    response.headers_mut().insert(header::LOCATION, back.unwrap_or(HeaderValue::from_static("/")));
    response
}

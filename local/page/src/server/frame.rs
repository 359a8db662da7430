//! Puts a view into the page, with the runs at its left, or says why there is none.

use super::request::context;
use crate::account::{Execution, Gone};
use crate::gather::recent;
use crate::served::Served;
use crate::show::Context;
use crate::views::{self, Frame, Logged};
use crate::words::Word;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};

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
            (
                status,
                View {
                    title,
                    content,
                    live: Vec::new(),
                    selected: None,
                },
            )
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
    };
    (StatusCode::CONFLICT, Html(views::shell(&context, frame).into_string())).into_response()
}

/// A part of a view, as the browser comes to see it, or what went wrong with it.
pub(super) fn part_of(served: &Served, headers: &HeaderMap, drawn: Result<Markup, Gone>) -> Response {
    match drawn {
        Ok(drawn) => Html(drawn.into_string()).into_response(),
        Err(gone) => problem(served, headers, &gone),
    }
}

/// The topics at which a view of executions and their log is drawn anew.
pub(super) fn live(executions: &[Execution], logged: &Logged) -> Vec<String> {
    let executions = executions
        .iter()
        .map(|execution| format!("execution {}", execution.arn));
    let streams = logged
        .streams
        .iter()
        .take(1)
        .map(|stream| format!("log {} {}", stream.group, stream.name));
    executions.chain(streams).chain(["job".to_owned()]).collect()
}

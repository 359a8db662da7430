//! Tries one state of a definition alone, by TestState:
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>.

use super::frame::problem;
use super::request::context;
use crate::account::{Definition, Gone};
use crate::served::Served;
use crate::views::{Trial, TrialForm};
use axum::Router;
use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Served>> {
    Router::new().route("/do/try-state", post(try_state))
}

/// Tries a state, keeps what came out, and leads to where it is shown. Nothing in the account changes, so that this can
/// be done in the record of past runs, too.
async fn try_state(State(served): State<Arc<Served>>, headers: HeaderMap, Form(form): Form<TrialForm>) -> Response {
    let definition = match served.definitions.one(&form.file) {
        Ok(definition) => definition,
        Err(gone) => return problem(&served, &headers, &gone),
    };
    let answer = match input(&definition, &form) {
        Ok(input) => served.reader.test_state(input).await,
        Err(gone) => Err(gone),
    };
    let path: Vec<&str> = std::iter::once("definitions").chain(form.file.split('/')).collect();
    let state = form.state.clone();
    let trial = Trial {
        text: definition.json.clone(),
        form: form.clone(),
        answer,
    };
    let number = served.trials.keep(trial).to_string();
    let to = context(&served, &headers).to(&path, &[("state", &*state), ("tried", &*number)]);
    Redirect::to(&format!("{to}#tried")).into_response()
}

/// The input of TestState. Fields that are empty are left out; what is wrong in the others is the operation's to say.
fn input(definition: &Definition, form: &TrialForm) -> Result<Value, Gone> {
    calls_nothing(definition, form)?;
    let mut input = json!({
        "definition": definition.json,
        "stateName": form.state,
        "input": form.input,
    });
    let fields = [
        ("variables", &form.variables),
        ("context", &form.context),
        ("roleArn", &form.role),
        ("inspectionLevel", &form.level),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
        input[name] = value.trim().into();
    }
    match &*form.mock {
        "result" => input["mock"] = json!({"result": form.result}),
        "error" => {
            let said = [("error", &form.error), ("cause", &form.cause)];
            let said = said.into_iter().filter(|(_, text)| !text.is_empty());
            input["mock"] = json!({"errorOutput": said.collect::<std::collections::BTreeMap<_, _>>()});
        }
        _ => {}
    }
    let retries = form.retries.trim();
    if !matches!(retries, "" | "0") {
        let count: u32 = retries
            .parse()
            .map_err(|_| Gone::Refused(format!("{retries} is no number of retries")))?;
        input["stateConfiguration"] = json!({"retrierRetryCount": count});
    }
    Ok(input)
}

/// The page makes no calls, not even as the role: what it shows of past runs stays as it was.
fn calls_nothing(definition: &Definition, form: &TrialForm) -> Result<(), Gone> {
    let chart = definition.chart.as_deref().filter(|_| definition.is_current);
    let found = chart.and_then(|chart| chart.state(&form.state));
    let whole: Value = serde_json::from_str(&definition.json).unwrap_or_default();
    let is_task = found.is_some_and(|found| whole.pointer(&found.pointer).is_some_and(|it| it["Type"] == "Task"));
    if is_task && !matches!(&*form.mock, "result" | "error") {
        let state = &form.state;
        return Err(Gone::Refused(format!(
            "the state '{state}' calls a service, and cannot be tested without a mock on this page: the operation TestState \
             does that, as a role"
        )));
    }
    Ok(())
}

//! The pipeline of a run: its stages and actions in one line, and what a person can do with it.

use super::runs::Told;
use crate::account::{Action, Stage};
use crate::show::{Context, ago, badge, between, icon, kind_icon, plain, short_id, tone};
use crate::views::frame::form::hidden;
use crate::views::frame::selection::Selection;
use crate::words::Word;
use maud::{Markup, html};

/// The stages of a run, with their actions.
pub(crate) fn pipeline(context: &Context, told: &Told, stages: &[Stage], selection: &Selection) -> Markup {
    let run = &told.run;
    html! {
        section class="pipeline" aria-label=(plain(&run.pipeline)) {
            div class="heading" {
                h1 {
                    @if told.message.is_empty() { (plain(&run.pipeline)) " " code { (short_id(&run.id)) } }
                    @else { (plain(&told.message)) }
                }
                p class="facts" {
                    (badge(context, told.status()))
                    span { (plain(&run.pipeline)) " " code title=(run.id) { (short_id(&run.id)) } }
                    @if !told.commit.is_empty() { span { (context.say(Word::Revision)) " " code title=(told.commit) { (short_id(&told.commit)) } } }
                    @if let Some(image) = run.variable("IMAGE_DIGEST") {
                        span { (context.say(Word::Image)) " " a href=(context.to(&["images"], &[])) { code title=(plain(image)) { (plain(image.get(..19).unwrap_or(image))) } } }
                    }
                    span { (context.say(Word::Trigger)) " " (plain(&run.trigger)) }
                    span { (ago(context, run.started)) " · " (between(context, run.started, run.updated.filter(|_| !run.is_open()))) }
                }
                @if context.may_act { (buttons(context, told)) }
            }
            ol class="stages" {
                @for (at, stage) in stages.iter().enumerate() {
                    @if at > 0 { li class="arrow" aria-hidden="true" { (kind_icon("arrow")) } }
                    li class="stage" {
                        // One that is named as its only action needs no heading to be seen.
                        @let is_same = matches!(&*stage.actions, [(name, _)] if *name == stage.name);
                        h2 class=[is_same.then_some("hidden")] { (plain(&stage.name)) }
                        ul { @for (name, provider) in &stage.actions {
                            li { (action(context, told, (&stage.name, name, provider), selection)) }
                        } }
                    }
                }
            }
        }
    }
}

fn action(
    context: &Context,
    told: &Told,
    (stage, name, provider): (&str, &str, &str),
    selection: &Selection,
) -> Markup {
    let run = &told.run;
    let found = run.action(stage, name);
    let status = found.map_or("", status_of);
    let here = format!("{stage}/{name}");
    let selected = Selection::default().with("action", &here);
    let times = run
        .actions
        .iter()
        .filter(|it| it.stage == stage && it.name == name)
        .count();
    let is_current = selection.get("action") == here;
    html! {
        a class={ "action " (tone(status).0.class()) } href=(context.to(&["runs", &run.pipeline, &run.id], &selected.pairs()))
            aria-current=[is_current.then_some("true")] {
            (icon(tone(status).0))
            span class="title" { (plain(name)) }
            span class="is-quiet" {
                span class="provider" { (plain(found.map(|found| found.variable("ProviderType")).filter(|kind| !kind.is_empty()).unwrap_or(provider))) }
                @if let Some(found) = found { " · " (between(context, found.started, found.updated.filter(|_| found.status != "InProgress"))) }
                @if times > 1 { " · " (times) "×" }
            }
            span class="hidden" { (badge(context, status)) }
        }
    }
}

/// An action's status: one that waits for an approval says so.
pub(crate) fn status_of(action: &Action) -> &str {
    if action.awaits_approval() {
        "WaitingForApproval"
    } else {
        &action.status
    }
}

/// What a person can do with a run.
fn buttons(context: &Context, told: &Told) -> Markup {
    let run = &told.run;
    let failed = run.failed().filter(|_| run.status == "Failed");
    html! {
        div class="buttons" {
            @if let Some(failed) = failed {
                form id="retry" method="post" action="/do/retry" {
                    (hidden("pipeline", &run.pipeline)) (hidden("execution", &run.id)) (hidden("stage", &failed.stage))
                    button class="primary" { (context.say(Word::Retry)) }
                }
            }
            @if run.is_open() {
                form id="stop" method="post" action="/do/stop" {
                    (hidden("pipeline", &run.pipeline)) (hidden("execution", &run.id))
                    // What runs goes on to its end first, or is left.
                    @if run.status == "InProgress" { button name="status" value="wait" { (context.say(Word::StopAndWait)) } }
                    button name="status" value="abandon" { (context.say(Word::StopAndAbandon)) }
                }
            } @else {
                form id="start" method="post" action="/do/start" {
                    (hidden("pipeline", &run.pipeline))
                    button { (context.say(Word::Start)) }
                }
            }
        }
    }
}

/// The approval that is waited for: what is to be decided on, and the two answers.
pub(crate) fn approval(context: &Context, told: &Told) -> Markup {
    let run = &told.run;
    let Some(action) = run.awaits_approval() else {
        return html! {};
    };
    html! {
        section class="decide" aria-label=(context.say(Word::ToDecide)) {
            h2 { (icon(tone("WaitingForApproval").0)) " " (context.say(Word::ToDecide)) ": " (plain(&action.name)) }
            p class="text" { (plain(action.configuration("CustomData"))) }
            @if let Some(execution) = run.variable("ModelPackageArn") {
                p { a href=(model_link(context, execution)) { (context.say(Word::Models)) ": " (plain(execution.rsplit('/').next().unwrap_or_default())) } }
            }
            @if context.may_act {
                form id="decide" method="post" action="/do/approve" {
                    (hidden("pipeline", &run.pipeline)) (hidden("execution", &run.id))
                    (hidden("stage", &action.stage)) (hidden("action", &action.name))
                    label { span { (context.say(Word::Comment)) } input name="summary" maxlength="512" autocomplete="off"; }
                    button class="primary" name="status" value="Approved" { (context.say(Word::Approve)) }
                    button class="danger" name="status" value="Rejected" { (context.say(Word::Reject)) }
                }
            }
        }
    }
}

/// The address of a model, from the ARN of its package.
pub(crate) fn model_link(context: &Context, arn: &str) -> String {
    let rest = arn.split_once("model-package/").map_or("", |(_, rest)| rest);
    match rest.split_once('/') {
        Some((group, version)) => context.to(&["models", group, version], &[]),
        None => context.to(&["models"], &[]),
    }
}

//! When what happened: one bar for each visit of a state and each attempt of it, and the table of events.
//!
//! Both may be long. They are drawn in parts of a few hundred rows, of which the browser asks for those that it shows.

use super::shown::Shown;
use crate::account::Execution;
use crate::show::{Context, Links, between, exact, of_graph, plain, pretty, tone};
use crate::trace::{Trace, Visit, details};
use crate::words::Word;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// How many rows a part has.
pub(crate) const PART: usize = 200;

/// The parts of `count` rows, each empty until it is seen. `what` names them in the address.
fn parts(context: &Context, shown: &Shown<'_>, what: &str, count: usize) -> Markup {
    let arn = &*shown.execution.arn;
    html! {
        @for from in (0..count).step_by(PART) {
            @let rows = PART.min(count - from);
            div class={ "part-of rows-" (rows.div_ceil(10) * 10) } id={ (what) "-" (from) }
                data-src=(context.to(&["part", what], &[("execution", arn), ("from", &from.to_string())])) {}
        }
    }
}

/// The timeline.
pub(crate) fn timeline(context: &Context, shown: &Shown<'_>) -> Markup {
    let count = shown.trace.visits.len();
    html! {
        div class="pane timeline" tabindex="0" role="region" aria-label=(context.say(Word::Timeline)) {
            @if count <= PART { (timeline_rows(context, shown.execution, shown.trace, 0)) }
            @else { (parts(context, shown, "timeline", count)) }
        }
    }
}

/// The rows of the timeline from one on.
pub(crate) fn timeline_rows(context: &Context, execution: &Execution, trace: &Trace, from: usize) -> Markup {
    let starts = execution.started.unwrap_or(context.now);
    let ends = execution.stopped.unwrap_or(context.now);
    let whole = ends.duration_since(starts).as_millis().max(1);
    let visits: Vec<&Visit> = trace.visits.iter().skip(from).take(PART).collect();
    let scale = Scale { starts, whole };
    html! {
        ol class="bars" start=(from + 1) {
            @for visit in visits { li { (row(context, execution, trace, visit, &scale)) } }
        }
    }
}

/// The whole time, which is as wide as a row.
struct Scale {
    starts: Timestamp,
    whole: i128,
}

impl Scale {
    /// Where a stretch of time begins and how wide it is, in thousandths.
    fn place(&self, from: Timestamp, to: Timestamp) -> (i128, i128) {
        let at =
            |moment: Timestamp| (moment.duration_since(self.starts).as_millis() * 1000 / self.whole).clamp(0, 1000);
        (at(from), (at(to) - at(from)).max(3))
    }
}

fn row(context: &Context, execution: &Execution, trace: &Trace, visit: &Visit, scale: &Scale) -> Markup {
    let mut depth = 0;
    let mut iteration = None;
    let mut around = visit.within;
    while let Some(within) = around {
        depth += 1;
        iteration = iteration.or(within.iteration);
        around = trace.visits[within.visit].within;
    }
    let (x, width) = scale.place(visit.from, visit.to.unwrap_or(context.now));
    let status = of_graph(visit.status);
    let class = format!("bar {}", tone(status).0.class());
    html! {
        a class={ "row depth-" (depth.min(6)) }
            href=(context.to(&["executions", &execution.machine, &execution.name], &[("state", &visit.state)])) {
            span class="title" { (plain(&visit.state)) @if let Some(iteration) = iteration { span class="is-quiet" { " #" (iteration) } } }
            svg viewBox="0 0 1000 20" preserveAspectRatio="none" role="img"
                aria-label={ (plain(&visit.state)) ", " (tone(status).1.map_or("", |word| context.say(word))) ", " (between(context, Some(visit.from), visit.to)) } {
                rect class=(class) x=(x) y="4" width=(width) height="12" rx="2" {}
                @if visit.attempts.len() > 1 { @for attempt in &visit.attempts {
                    @let (x, width) = scale.place(attempt.from, attempt.to.unwrap_or(context.now));
                    rect class={ "attempt " (tone(of_graph(attempt.status)).0.class()) } x=(x) y="7" width=(width) height="6" {}
                } }
            }
            span class="number" { (between(context, Some(visit.from), visit.to)) }
        }
    }
}

/// The table of events.
pub(crate) fn events(context: &Context, shown: &Shown<'_>) -> Markup {
    html! {
        div class="pane eventlist" tabindex="0" role="region" aria-label=(context.say(Word::EventTable)) {
            (parts(context, shown, "events", shown.trace.events))
        }
    }
}

/// Rows of the table of events, behind the first `from`.
pub(crate) fn event_rows(context: &Context, execution: &Execution, trace: &Trace, events: &[Value]) -> Markup {
    html! {
        ol class="eventrows" { @for event in events {
            @let id = event["id"].as_u64().unwrap_or_default();
            @let state = trace.visit_of(id).map(|number| &*trace.visits[number].state);
            @let kind = event["type"].as_str().unwrap_or_default();
            li value=(id) class=[is_bad(kind).then_some("is-bad")] {
                details {
                    summary {
                        span class="id" { (id) }
                        span class="kind" { (plain(kind)) }
                        span class="state" { @if let Some(state) = state { (plain(state)) } }
                        @if let Some(at) = crate::account::moment(&event["timestamp"]) {
                            span class="number" title=(exact(at)) { "+" (between(context, execution.started, Some(at))) }
                        }
                    }
                    (inside(context, execution, event))
                }
            }
        } }
    }
}

/// The details of an event: read when somebody opens them, or there at once in a report.
pub(crate) fn inside(context: &Context, execution: &Execution, event: &Value) -> Markup {
    if context.links == Links::File {
        return pretty(details(event));
    }
    let id = event["id"].as_u64().unwrap_or_default().to_string();
    let selected = [("execution", &*execution.arn), ("id", &*id)];
    html! { div class="part-of" data-src=(context.to(&["part", "event"], &selected)) {} }
}

/// The details of one event.
pub(crate) fn event_details(event: &Value) -> Markup {
    pretty(details(event))
}

/// Whether an event tells of a failure.
fn is_bad(kind: &str) -> bool {
    ["Failed", "TimedOut", "Aborted"].iter().any(|end| kind.ends_with(end))
}

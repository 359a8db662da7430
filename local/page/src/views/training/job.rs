//! A job: why it failed, its facts, its metrics as curves, and what it read and wrote.

use super::chart::{Chart, Line, SHAPES, chart};
use super::jobs::{Maker, instance, kind, made_by};
use super::metric::part_of;
use super::objects::{Held, channels};
use crate::account::{Curve, Job, digest_of, moment};
use crate::show::{Context, ago, arn, badge, between, exact, icon, plain, pretty, size, tone};
use crate::words::Word;
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// A job and all that is drawn of it.
#[derive(Debug)]
pub(crate) struct JobShown<'a> {
    /// The job.
    pub(crate) job: &'a Job,
    /// What made it.
    pub(crate) maker: &'a Maker,
    /// Its metrics.
    pub(crate) curves: &'a [Curve],
    /// What is in its channels.
    pub(crate) held: &'a [Held],
    /// What it cost in dollars, and the parameter that has the prices.
    pub(crate) cost: Option<(f64, String)>,
}

/// The view, but for the log.
pub(crate) fn job(context: &Context, shown: &JobShown<'_>) -> Markup {
    let job = shown.job;
    html! {
        div class="heading" {
            h1 { (plain(&job.name)) }
            p class="facts" {
                (badge(context, &job.status))
                span { (context.say(kind(job))) }
                span { (ago(context, job.created)) " · " (between(context, job.created, job.ended)) }
                span { (context.say(Word::MadeBy)) " " (made_by(context, shown.maker)) }
            }
        }
        (why(context, job))
        (stages(context, job))
        (curves(context, shown.curves))
        section class="block" {
            h2 { (context.say(Word::Details)) }
            (facts(context, shown))
        }
        (channels(context, shown.held))
        section class="block" { (crate::views::states::inspector::part(context, Word::WholeAnswer, &pretty(&job.raw), false)) }
    }
}

/// Why it failed.
fn why(context: &Context, job: &Job) -> Markup {
    let reasons = job.reasons();
    html! {
        @if !reasons.is_empty() {
            section class="why" aria-label=(context.say(Word::WhyItFailed)) {
                @for (at, (name, said)) in reasons.iter().enumerate() {
                    p class="reason" { @if at == 0 { (icon(tone("Failed").0)) " " } strong { (name) } ": " span class="cause" { (plain(said)) } }
                }
                p class="mend" { (context.say(Word::JobMend)) }
            }
        }
    }
}

/// The secondary statuses that a training job went through, one after the other.
fn stages(context: &Context, job: &Job) -> Markup {
    let transitions = job.raw["SecondaryStatusTransitions"].as_array();
    html! {
        @if let Some(transitions) = transitions.filter(|list| !list.is_empty()) {
            ol class="transitions" aria-label=(context.say(Word::Stages)) {
                @for one in transitions {
                    @let (from, to) = (moment(&one["StartTime"]), moment(&one["EndTime"]));
                    li title=(from.map(exact).unwrap_or_default()) {
                        span { (plain(one["Status"].as_str().unwrap_or_default())) }
                        @if from != to { " " span class="is-quiet number" { (between(context, from, to.or(job.ended))) } }
                    }
                }
            }
        }
    }
}

fn facts(context: &Context, shown: &JobShown<'_>) -> Markup {
    let job = shown.job;
    let raw = &job.raw;
    let digest = digest_of(job.image());
    let config = [&raw["ResourceConfig"], &raw["ProcessingResources"]["ClusterConfig"]];
    let volume = config.into_iter().find_map(|config| config["VolumeSizeInGB"].as_u64());
    let limit = raw["StoppingCondition"]["MaxRuntimeInSeconds"].as_u64();
    let second = |seconds: u64| crate::show::duration(seconds * 1000);
    html! {
        dl class="pairs" {
            dt { (context.say(Word::Instance)) } dd { (instance(job)) @if let Some(volume) = volume { ", " (size(volume * 1_000_000_000)) } }
            dt { (context.say(Word::Image)) }
            dd { @if digest.is_empty() { (arn(job.image())) } @else { a href=(image_link(context, digest)) { (arn(job.image())) } } }
            @if let Some(limit) = limit { dt { (context.say(Word::Limit)) } dd { (second(limit)) } }
            @if let Some(billable) = raw["BillableTimeInSeconds"].as_u64() {
                dt { (context.say(Word::Billable)) } dd { (second(billable)) " × " (job.instance().1) " × " (plain(job.instance().0)) }
            }
            @if let Some((cost, prices)) = &shown.cost {
                dt { (context.say(Word::Cost)) } dd { "$" (format!("{cost:.5}")) " " span class="is-quiet" { (context.say(Word::PricesOf)) " " code { (plain(prices)) } } }
            }
            @for (name, member) in [("Hyperparameters", "HyperParameters"), ("Environment", "Environment")] {
                @if let Some(values) = raw[member].as_object().filter(|values| !values.is_empty()) {
                    dt { (context.say(if name == "Environment" { Word::EnvironmentVariables } else { Word::Hyperparameters })) }
                    dd { (values_of(values)) }
                }
            }
            @if let Some(command) = raw["AppSpecification"]["ContainerArguments"].as_array() {
                dt { (context.say(Word::Arguments)) }
                dd { code { @for part in command { (plain(part.as_str().unwrap_or_default())) " " } } }
            }
            @if let Some(role) = raw["RoleArn"].as_str() { dt { (context.say(Word::Role)) } dd { (arn(role)) } }
        }
    }
}

/// The place of an image in the view of images.
pub(crate) fn image_link(context: &Context, digest: &str) -> String {
    format!("{}#{}", context.to(&["images"], &[]), digest.replace(':', "-"))
}

fn values_of(values: &serde_json::Map<String, Value>) -> Markup {
    html! {
        @for (name, value) in values {
            span class="metric" { span class="is-quiet" { (plain(name)) } " " code { (plain(value.as_str().unwrap_or(&value.to_string()))) } } " "
        }
    }
}

/// One chart for each metric, with its values over the parts of the data together.
fn curves(context: &Context, curves: &[Curve]) -> Markup {
    let mut metrics: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for curve in curves {
        let (part, metric) = part_of(&curve.name);
        let lines = metrics.entry(metric).or_default();
        let mut number = 0.0;
        let points = curve.values.iter().map(|value| {
            number += 1.0;
            (number, *value, None)
        });
        lines.push(Line {
            name: if part.is_empty() {
                curve.name.clone()
            } else {
                part.to_owned()
            },
            shape: lines.len() % SHAPES,
            points: points.collect(),
        });
    }
    html! {
        @if !metrics.is_empty() {
            section class="block" {
                h2 { (context.say(Word::Metrics)) }
                div class="charts" {
                    @for (metric, lines) in metrics {
                        (chart(&Chart { title: metric, along: context.say(Word::Measurement), lines }))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::{Links, Theme};
    use crate::words::Language;
    use serde_json::json;

    fn context() -> Context {
        Context {
            language: Language::English,
            theme: Theme::System,
            now: jiff::Timestamp::UNIX_EPOCH,
            heard: 0,
            links: Links::Served,
            environment: "dev".into(),
            may_act: false,
            command: "stepline",
        }
    }

    #[test]
    fn why_a_job_failed_comes_first_and_nothing_of_it_is_markup() {
        let job = Job {
            kind: "Processing",
            name: "one".into(),
            status: "Failed".into(),
            created: None,
            ended: None,
            raw: json!({"FailureReason": "AlgorithmError: exit code 1", "ExitMessage": "<script>no data</script>"}),
        };
        let shown = JobShown {
            job: &job,
            maker: &Maker::default(),
            curves: &[],
            held: &[],
            cost: None,
        };
        let drawn = super::job(&context(), &shown).into_string();
        let at = |text: &str| drawn.find(text).expect(text);
        assert!(at("AlgorithmError") < at("&lt;script&gt;no data") && at("no data") < at("<dl"));
        assert!(!drawn.contains("<script>"));
    }

    #[test]
    fn the_parts_of_a_metric_are_in_one_chart() {
        let curve = |name: &str| Curve {
            name: name.into(),
            values: vec![0.5, 0.25],
        };
        let drawn = curves(
            &context(),
            &[curve("train:loss"), curve("validation:loss"), curve("auc")],
        )
        .into_string();
        assert_eq!(
            (drawn.matches("<figure").count(), drawn.matches("<polyline").count()),
            (2, 3)
        );
    }
}

//! The groups of the model registry, with their versions.

use super::chart::{Chart, Line, chart, key};
use super::metric::short;
use crate::account::{Package, Service};
use crate::show::{Context, ago, badge, icon, plain, short_id, tone};
use crate::words::Word;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// A group and its versions, the newest first.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its versions.
    pub(crate) packages: Vec<Package>,
}

/// How many versions the charts have: the newest.
const CHARTED: usize = 30;

/// The groups. `trying` is the form against what is in service.
pub(crate) fn models(context: &Context, groups: &[Group], services: &[Service], trying: &Markup) -> Markup {
    let is_empty = groups.iter().all(|group| group.packages.is_empty());
    html! {
        h1 { (context.say(Word::Models)) }
        @if is_empty { p class="is-quiet" { (context.say(Word::NoModels)) } }
        @for group in groups.iter().filter(|group| !group.packages.is_empty()) {
            section class="block" {
                h2 { (plain(&group.name)) " " span class="count" { (group.packages.len()) } }
                (charts(context, group))
                (table(context, group, services))
            }
        }
        @if !is_empty { (trying) }
    }
}

/// The metrics that any of the versions has, in order.
pub(crate) fn metrics_of<'p>(packages: impl IntoIterator<Item = &'p Package>) -> Vec<&'p str> {
    let names = packages
        .into_iter()
        .flat_map(|package| package.metrics().into_iter().map(|(name, _)| name));
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The shape of a version by what was decided on it.
fn shape(approval: &str) -> usize {
    match approval {
        "Approved" => 0,
        "Rejected" => 2,
        _ => 1,
    }
}

fn charts(context: &Context, group: &Group) -> Markup {
    let newest: Vec<&Package> = group.packages.iter().take(CHARTED).collect();
    let line = |metric: &str| {
        let points = newest.iter().rev().filter_map(|package| {
            #[expect(clippy::cast_precision_loss, reason = "nobody registers so many versions")]
            let version = package.version as f64;
            Some((version, package.metric(metric)?, Some(shape(&package.approval))))
        });
        Line {
            name: metric.to_owned(),
            shape: 0,
            points: points.collect(),
        }
    };
    let decided: BTreeSet<&str> = newest.iter().map(|package| &*package.approval).collect();
    html! {
        p class="legend" { @for approval in decided {
            (key(shape(approval), tone(approval).1.map_or(approval, |word| context.say(word))))
        } }
        div class="charts" { @for metric in metrics_of(newest.iter().copied()) {
            (chart(&Chart { title: metric, along: context.say(Word::Version), lines: vec![line(metric)] }))
        } }
    }
}

fn table(context: &Context, group: &Group, services: &[Service]) -> Markup {
    let metrics = metrics_of(&group.packages);
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(plain(&group.name)) {
            table class="rows" {
                thead { tr {
                    th scope="col" { (context.say(Word::Version)) }
                    th scope="col" { (context.say(Word::Approval)) }
                    @for metric in &metrics { th scope="col" class="number" { (plain(metric)) } }
                    @for word in [Word::Revision, Word::Created, Word::InService] { th scope="col" { (context.say(word)) } }
                } }
                tbody { @for package in &group.packages {
                    tr id={ "row-" (plain(&package.group)) "-" (package.version) } {
                        td { a href=(context.to(&["models", &package.group, &package.version.to_string()], &[])) { (context.say(Word::Version)) " " (package.version) } }
                        td { (badge(context, &package.approval)) }
                        @for metric in &metrics { td class="number" { @match package.metric(metric) { Some(value) => (short(value)), None => "—" } } }
                        td { code title=(plain(package.commit())) { (plain(short_id(package.commit()))) } }
                        td { (ago(context, package.created)) }
                        td { (served_by(context, &package.arn, services)) }
                    }
                } }
            }
        }
    }
}

/// The services that serve a model now.
pub(crate) fn served_by(context: &Context, arn: &str, services: &[Service]) -> Markup {
    let serving: Vec<&Service> = services
        .iter()
        .filter(|service| service.definition.model == arn)
        .collect();
    html! {
        @if serving.is_empty() { span class="is-quiet" { "—" } }
        @for service in serving {
            span class="badge" title=(plain(service.definition.name())) {
                (icon(tone(if service.running > 0 { "Succeeded" } else { "Stopped" }).0)) " " (plain(&service.name))
                @if service.running == 0 { " (" (context.say(Word::NoTasks)) ")" }
            } " "
        }
    }
}

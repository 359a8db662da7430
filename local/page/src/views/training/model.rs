//! A version of a model: how good it is beside the current one, what was decided, and what it was made of.

use super::lineage::{Lineage, lineage};
use super::metric::short;
use super::models::{metrics_of, served_by};
use crate::account::{Action, Package, Service};
use crate::show::{Context, ago, arn, badge, icon, plain, pretty, tone};
use crate::words::Word;
use maud::{Markup, html};
use serde_json::Value;

/// A version and all that is drawn of it.
#[derive(Debug)]
pub(crate) struct ModelShown<'a> {
    /// The version.
    pub(crate) package: &'a Package,
    /// What it is compared with: the newest other version that is approved and, for an approved one, older.
    pub(crate) beside: Option<&'a Package>,
    /// Whether it is the current model: the newest version that is approved.
    pub(crate) is_current: bool,
    /// What the gate has compared; null where nobody says.
    pub(crate) gate: &'a Value,
    /// The action of the pipeline that a person decided in.
    pub(crate) decision: Option<&'a Action>,
    /// What serves.
    pub(crate) services: &'a [Service],
    /// What it was made of.
    pub(crate) lineage: Lineage<'a>,
    /// The form against the service, where it is in service.
    pub(crate) trying: Markup,
}

/// The view.
pub(crate) fn model(context: &Context, shown: &ModelShown<'_>) -> Markup {
    let package = shown.package;
    html! {
        div class="heading" {
            h1 { (plain(&package.group)) " " span class="count" { (context.say(Word::Version)) " " (package.version) } }
            p class="facts" {
                (badge(context, &package.approval))
                @if shown.is_current { span { (context.say(Word::CurrentModel)) } }
                span { (context.say(Word::InService)) ": " (served_by(context, &package.arn, shown.services)) }
                span { (ago(context, package.created)) }
            }
        }
        section class="block" id="metrics" {
            h2 { (context.say(Word::Metrics)) }
            (compared(context, shown))
            (gate(context, shown))
        }
        section class="block" {
            h2 { (context.say(Word::Approval)) }
            (decision(context, shown))
        }
        section class="block" {
            h2 { (context.say(Word::Lineage)) }
            (lineage(context, package, &shown.lineage))
        }
        (shown.trying)
        section class="block" { (crate::views::states::inspector::part(context, Word::WholeAnswer, &pretty(&package.raw), false)) }
    }
}

fn compared(context: &Context, shown: &ModelShown<'_>) -> Markup {
    let package = shown.package;
    let metrics = metrics_of([package]);
    html! {
        @if metrics.is_empty() { p class="is-quiet" { (context.say(Word::NoMetrics)) } }
        @else {
            div class="scroll" tabindex="0" role="region" aria-label=(context.say(Word::Metrics)) {
                table class="rows is-narrow" {
                    thead { tr {
                        th scope="col" { (context.say(Word::Metrics)) }
                        th scope="col" class="number" { (context.say(Word::Version)) " " (package.version) }
                        @if let Some(beside) = shown.beside {
                            th scope="col" class="number" {
                                a href=(context.to(&["models", &beside.group, &beside.version.to_string()], &[])) {
                                    (context.say(Word::Version)) " " (beside.version)
                                    " (" (context.say(if shown.is_current { Word::BeforeIt } else { Word::CurrentModel })) ")"
                                }
                            }
                            th scope="col" class="number" { (context.say(Word::Difference)) }
                        }
                    } }
                    tbody { @for metric in metrics {
                        @let value = package.metric(metric).unwrap_or_default();
                        @let other = shown.beside.map(|beside| beside.metric(metric));
                        tr {
                            th scope="row" { (plain(metric)) }
                            td class="number" { (short(value)) }
                            @if let Some(other) = other {
                                td class="number" { @match other { Some(other) => (short(other)), None => "—" } }
                                td class="number" { @match other { Some(other) => (difference(value - other)), None => "—" } }
                            }
                        }
                    } }
                }
            }
            @if shown.beside.is_none() { p class="is-quiet" { (context.say(Word::NothingBeside)) } }
        }
    }
}

/// A difference with its sign and an arrow. Whether more is better, only the gate knows.
fn difference(value: f64) -> String {
    match value {
        _ if value.abs() < 5e-7 => "± 0".to_owned(),
        _ if value > 0.0 => format!("▲ +{}", short(value)),
        _ => format!("▼ −{}", short(-value)),
    }
}

/// What the gate has compared, as a sentence.
fn gate(context: &Context, shown: &ModelShown<'_>) -> Markup {
    let gate = shown.gate;
    let said = gate["metric"].as_str().zip(gate["value"].as_f64());
    let description = shown.package.raw["ModelPackageDescription"]
        .as_str()
        .unwrap_or_default();
    html! {
        h3 { (context.say(Word::Gate)) }
        @match said {
            Some((metric, value)) => {
                @let (limit, is_met) = limit(context, gate, value);
                p {
                    (icon(tone(if is_met { "Succeeded" } else { "Failed" }).0)) " "
                    strong { (plain(metric)) " " (short(value)) } " " (if is_met { "≥" } else { "<" }) " " (limit)
                }
            }
            None => p class="text" { @if description.is_empty() { (context.say(Word::NoGate)) } @else { (plain(description)) } },
        }
    }
}

/// What a value had to reach, and whether it has.
fn limit(context: &Context, gate: &Value, value: f64) -> (String, bool) {
    let (current, threshold) = (gate["current"].as_f64(), gate["threshold"].as_f64().unwrap_or_default());
    let tolerance = gate["tolerance"].as_f64().unwrap_or_default();
    match current {
        Some(current) => {
            let least = current - tolerance;
            let said = format!(
                "{} ({} {} − {} {})",
                short(least),
                context.say(Word::CurrentModel),
                short(current),
                context.say(Word::Tolerance),
                short(tolerance),
            );
            (said, value >= least - 5e-7)
        }
        None => {
            let said = format!(
                "{} ({}, {})",
                short(threshold),
                context.say(Word::Threshold),
                context.say(Word::FirstModel)
            );
            (said, value >= threshold)
        }
    }
}

/// What was decided, with what comment and by whom.
fn decision(context: &Context, shown: &ModelShown<'_>) -> Markup {
    let raw = &shown.package.raw;
    let noted = raw["ApprovalDescription"].as_str().unwrap_or_default();
    let decided = shown.decision.filter(|action| action.status != "InProgress");
    let who = decided.map(|action| &*action.updated_by).filter(|who| !who.is_empty());
    let who = who.or_else(|| raw["LastModifiedBy"]["IamIdentity"]["Arn"].as_str());
    let comment = decided
        .map(crate::account::Action::summary)
        .filter(|said| !said.is_empty() && !noted.contains(said));
    html! {
        dl class="pairs" {
            dt { (context.say(Word::Status)) } dd { (badge(context, &shown.package.approval)) }
            @if !noted.is_empty() { dt { (context.say(Word::Comment)) } dd class="text" { (plain(noted)) } }
            @if let Some(comment) = comment { dt { (context.say(Word::Comment)) } dd class="text" { (plain(comment)) } }
            @if let Some(who) = who { dt { (context.say(Word::Decider)) } dd { (arn(who)) } }
            @if let Some(action) = decided { dt { (context.say(Word::Time)) } dd { (ago(context, action.updated)) } }
        }
        @if noted.is_empty() && decided.is_none() { p class="is-quiet" { (context.say(Word::NotDecided)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_its_sign() {
        for (value, shown) in [(0.0, "± 0"), (0.0123, "▲ +0.0123"), (-0.5, "▼ −0.5"), (1e-9, "± 0")] {
            assert_eq!(difference(value), shown);
        }
    }
}

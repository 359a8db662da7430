//! From the commit to the service: what a model was made of, as one picture.

use super::job::image_link;
use super::metric::short;
use crate::account::{Execution, Job, Package, Place, Service, digest_of};
use crate::show::{Context, ago, arn, badge, icon, kind_icon, long_name, plain, short_id, size, tone};
use crate::words::Word;
use maud::{Markup, html};
use serde_json::Value;

/// What is known of a model's making besides its registration.
#[derive(Debug, Default)]
pub(crate) struct Lineage<'a> {
    /// The record in S3; null where it is not there.
    pub(crate) record: Value,
    /// The run of the pipeline that made it: the pipeline and the id.
    pub(crate) run: Option<(&'a str, &'a str)>,
    /// The execution that made it.
    pub(crate) execution: Option<&'a Execution>,
    /// The job that trained it.
    pub(crate) job: Option<&'a Job>,
    /// The size of the model's archive.
    pub(crate) bytes: Option<u64>,
    /// The service that it was given to.
    pub(crate) service: Option<&'a Service>,
}

/// A step from the commit to the service.
struct Step {
    word: Word,
    inner: Markup,
    is_there: bool,
}

/// The picture.
pub(crate) fn lineage(context: &Context, package: &Package, known: &Lineage<'_>) -> Markup {
    let steps = [
        commit(context, package, known),
        image(context, package),
        data(context, package, known),
        execution(context, package, known),
        job(context, package, known),
        metrics(context, package),
        registered(context, package, known),
        deployment(context, package, known),
        service(context, package, known),
    ];
    html! {
        ol class="lineage" {
            @for (at, step) in steps.iter().enumerate() {
                li class=[(!step.is_there).then_some("is-missing")] {
                    @if at > 0 { span class="way" { (kind_icon("arrow")) } }
                    div class="step" {
                        h3 { (context.say(step.word)) }
                        @if step.is_there { (step.inner) } @else {
                            @let is_of_making = !matches!(step.word, Word::Deployment | Word::Service);
                            p class="is-quiet" { (context.say(if is_of_making { Word::NotNoted } else { Word::NotDeployed })) }
                        }
                    }
                }
            }
        }
    }
}

fn commit(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let commit = package.commit();
    let name = html! { code title=(plain(commit)) { (plain(short_id(commit))) } };
    Step {
        word: Word::Revision,
        is_there: !commit.is_empty(),
        inner: html! {
            @match known.run {
                Some((pipeline, id)) => {
                    p { a href=(context.to(&["runs", pipeline, id], &[])) { (name) } }
                    p class="is-quiet" { (plain(pipeline)) " " code { (short_id(id)) } }
                }
                None => p { (name) },
            }
        },
    }
}

fn image(context: &Context, package: &Package) -> Step {
    let digest = digest_of(package.image());
    Step {
        word: Word::Image,
        is_there: !package.image().is_empty(),
        inner: html! {
            p { @if digest.is_empty() { (arn(package.image())) }
                @else { a href=(image_link(context, digest)) title=(plain(package.image())) { code { (plain(digest.get(..19).unwrap_or(digest))) } } } }
        },
    }
}

fn data(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let noted = package.noted("data");
    let data = &known.record["data"];
    let bucket = data["bucket"].as_str().unwrap_or_default();
    let objects: Vec<(&str, &str, Option<u64>)> = match data["objects"].as_array() {
        Some(objects) => objects
            .iter()
            .map(|object| {
                (
                    object["key"].as_str().unwrap_or_default(),
                    object["versionId"].as_str().unwrap_or_default(),
                    object["size"].as_u64(),
                )
            })
            .collect(),
        None => noted
            .split(", ")
            .filter_map(|one| one.rsplit_once('@'))
            .map(|(key, version)| (key, version, None))
            .collect(),
    };
    Step {
        word: Word::Data,
        is_there: !objects.is_empty(),
        inner: html! {
            @for (key, version, bytes) in objects.iter().take(3) {
                p {
                    @if bucket.is_empty() { code { (plain(key)) } }
                    @else { a href=(context.to(&["object"], &[("bucket", bucket), ("key", key)])) data-reload { code { (plain(key)) } } }
                    " " @if let Some(bytes) = bytes { (size(*bytes)) }
                }
                p class="is-quiet" title=(plain(version)) { (context.say(Word::Version)) " " code { (plain(short_id(version))) } }
            }
            @if objects.len() > 3 { p class="is-quiet" { "+ " (objects.len() - 3) } }
            @if !package.noted("dataSha256").is_empty() {
                p class="is-quiet" title=(plain(package.noted("dataSha256"))) { "SHA-256 " code { (plain(short_id(package.noted("dataSha256")))) } }
            }
        },
    }
}

fn execution(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let mut parts = package.execution().split(':').skip(6);
    let (machine, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Step {
        word: Word::Execution,
        is_there: !package.execution().is_empty(),
        inner: html! {
            p { a href=(context.to(&["executions", machine, name], &[])) { (plain(machine)) } }
            @if let Some(execution) = known.execution { p { (badge(context, &execution.status)) } p class="is-quiet" { (ago(context, execution.started)) } }
        },
    }
}

fn job(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let name = package.noted("trainingJob").rsplit('/').next().unwrap_or_default();
    Step {
        word: Word::TrainingJob,
        is_there: !name.is_empty(),
        inner: html! {
            p { a href=(context.to(&["jobs", "Training", name], &[])) { (long_name(name)) } }
            @if let Some(job) = known.job { p { (badge(context, &job.status)) " " span class="is-quiet" { (super::jobs::instance(job)) } } }
            (hyperparameters(package.noted("hyperparameters")))
        },
    }
}

/// Hyperparameters as they were noted: JSON, of which the registry may have cut the end.
fn hyperparameters(noted: &str) -> Markup {
    let read: Value = serde_json::from_str(noted).unwrap_or_default();
    html! {
        @match read.as_object() {
            Some(values) => {
                @for (name, value) in values { p { span class="is-quiet" { (plain(name)) } " " code { (plain(&value.to_string())) } } }
            }
            None => p class="is-quiet" { code { (plain(noted)) } },
        }
    }
}

fn metrics(context: &Context, package: &Package) -> Step {
    let metrics = package.metrics();
    Step {
        word: Word::Metrics,
        is_there: !metrics.is_empty(),
        inner: html! {
            @for (name, value) in metrics.iter().take(5) { p { span class="is-quiet" { (plain(name)) } " " (short(*value)) } }
            p { a href="#metrics" { (context.say(Word::Compare)) } }
        },
    }
}

fn registered(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let place = Place::read(package.model());
    Step {
        word: Word::ModelPackage,
        is_there: true,
        inner: html! {
            p { a href=(context.to(&["models"], &[])) { (plain(&package.group)) } " " (context.say(Word::Version)) " " (package.version) }
            p { (badge(context, &package.approval)) }
            @if let Some(place) = place { p class="is-quiet" title=(plain(package.model())) { (plain(place.name())) @if let Some(bytes) = known.bytes { " " (size(bytes)) } } }
        },
    }
}

fn deployment(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let deployment = package.noted("deployment");
    let name = deployment.rsplit('/').next().unwrap_or_default();
    let now = known.service.map(|service| &*service.definition.arn);
    Step {
        word: Word::Deployment,
        is_there: !deployment.is_empty(),
        inner: html! {
            p { code title=(plain(deployment)) { (plain(name)) } }
            p class="is-quiet" { (ago(context, package.noted("deployedAt").parse().ok())) }
            @if let Some(now) = now.filter(|now| *now != deployment) {
                p { (context.say(Word::ReplacedBy)) " " code { (plain(now.rsplit('/').next().unwrap_or(now))) } }
            }
        },
    }
}

fn service(context: &Context, package: &Package, known: &Lineage<'_>) -> Step {
    let noted = package.noted("service");
    let name = noted.rsplit('/').next().unwrap_or_default();
    let serves = known
        .service
        .is_some_and(|service| service.definition.model == package.arn);
    let runs = known.service.is_some_and(|service| service.running > 0);
    Step {
        word: Word::Service,
        is_there: !noted.is_empty(),
        inner: html! {
            p { @if serves { a href="#try" { (plain(name)) } } @else { (plain(name)) } }
            p {
                (icon(tone(if serves && runs { "Succeeded" } else { "Stopped" }).0)) " "
                (context.say(if serves { Word::InService } else { Word::NotInService }))
                @if serves && !runs { " (" (context.say(Word::NoTasks)) ")" }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyperparameters_that_were_cut_are_shown_as_they_are() {
        assert!(
            hyperparameters("{\"depth\":4}")
                .into_string()
                .contains("<code>4</code>")
        );
        assert!(
            hyperparameters("{\"depth\":")
                .into_string()
                .contains("{&quot;depth&quot;:")
        );
    }
}

//! Sample events: each belongs to a function, would be delivered to it, and is told of.

use super::functions::folders;
use super::house::{Finding, assert_none, files_in, root, text};
use super::planned::{name_of, planned};
use platform::account::Account;
use platform::principal::Principal;
use serde_json::{Value, json};
use stepline::cloud::Cloud;

/// Samples that no rule of the templates delivers, and why there is a sample nevertheless.
const NOT_DELIVERED: &[(&str, &str)] = &[
    (
        "image-push-delete.json",
        "the rule takes pushes only; the function refuses the rest by itself, for rules of others",
    ),
    (
        "image-push-failed-push.json",
        "the rule takes successful pushes only, and so does the function",
    ),
    (
        "image-push-malformed.json",
        "what EventBridge would never send must not do harm either",
    ),
    (
        "image-push-other-repository.json",
        "the rule takes the repository of releases only; more rules may take more",
    ),
    (
        "image-push-pipeline-build.json",
        "builds have a repository of their own, which the rule does not listen to",
    ),
];

/// The samples with what they hold.
fn samples() -> Vec<(&'static str, Value)> {
    let samples = files_in("events/", ".json").map(|(path, text)| {
        let event = serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, event)
    });
    samples.collect()
}

/// The function that a sample is for.
fn function_of(path: &str) -> Option<&'static str> {
    let name = path.trim_start_matches("events/");
    folders()
        .into_iter()
        .find(|folder| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('-')))
}

#[tokio::test]
async fn every_event_would_reach_its_function() {
    let cloud = Cloud::new(Account::local(), root());
    let planned = planned("dev");
    let mut findings = Vec::new();
    for (path, event) in samples() {
        let Some(function) = function_of(path) else {
            let mend = "begin the file's name with its function's";
            findings.push(Finding::new(path, "belongs to no function", mend));
            continue;
        };
        let deployed = format!("stepline-{function}-dev");
        // An array is what EventBridge's second generation makes of several events.
        let events = event.as_array().cloned().unwrap_or_else(|| vec![event]);
        if let Some(event) = events.iter().find(|event| event.get("detail-type").is_none()) {
            findings.extend(wrong_job(path, event, &deployed));
            continue;
        }
        let mut delivered = 0;
        for event in &events {
            let mut is_delivered = false;
            for rule in planned.of("AWS::Events::Rule") {
                let targets = rule.properties["Targets"].as_array().into_iter().flatten();
                let mut arns = targets.filter_map(|target| target["Arn"].as_str());
                if arns.any(|arn| arn.ends_with(&format!(":function:{deployed}"))) {
                    is_delivered |= matches(&cloud, rule.properties.get("EventPattern"), name_of(rule), event).await;
                }
            }
            delivered += usize::from(is_delivered);
        }
        let is_delivered = delivered == events.len();
        let name = path.trim_start_matches("events/");
        let excepted = NOT_DELIVERED.iter().any(|(sample, _)| *sample == name);
        if !is_delivered && !excepted {
            let mend = format!("change the event, or the rules of {deployed} in sam/template.yaml");
            findings.push(Finding::new(path, "is matched by no rule of its function", mend));
        }
        if is_delivered && excepted {
            let mend = "take it off the exceptions in this test";
            findings.push(Finding::new(path, "is delivered, and listed as not delivered", mend));
        }
    }
    for (name, _) in NOT_DELIVERED {
        if files_in(&format!("events/{name}"), "").next().is_none() {
            findings.push(Finding::new(
                "events/",
                format_args!("{name} is an exception and no file"),
                "take it off the list",
            ));
        }
    }
    assert_none(findings);
}

/// Whether a rule takes an event: by its pattern, or as the schedule that the event names.
async fn matches(cloud: &std::sync::Arc<Cloud>, pattern: Option<&Value>, name: Option<&str>, event: &Value) -> bool {
    let Some(pattern) = pattern else {
        let of_schedule = event["source"] == "aws.events" && event["detail-type"] == "Scheduled Event";
        let rule = cloud
            .account
            .arn("events", format_args!("rule/{}", name.unwrap_or_default()));
        return of_schedule && event["resources"] == json!([rule]);
    };
    let input = json!({"EventPattern": pattern.to_string(), "Event": event.to_string()});
    let answer = cloud
        .call(&Principal::Administrator, "events", "TestEventPattern", input)
        .await;
    answer.expect("the pattern and the event can be read")["Result"] == true
}

/// What is wrong with a sample that does not come through EventBridge.
fn wrong_job(path: &str, event: &Value, deployed: &str) -> Option<Finding> {
    let job = &event["CodePipeline.job"];
    if path.contains("/pipeline-action-") {
        // A malformed job is one that lacks what is looked at here.
        let named = job.pointer("/data/actionConfiguration/configuration/FunctionName")?;
        return (named != deployed).then(|| {
            Finding::new(
                path,
                format_args!("the job is for {named}"),
                format_args!("name {deployed}"),
            )
        });
    }
    let mend = "give it `parameters`, `url` and `expect`, or what EventBridge sends";
    let is_request = event.get("parameters").is_some() || (event.get("url").is_some() && event.get("expect").is_some());
    (!is_request).then(|| Finding::new(path, "is no request of a state machine", mend))
}

#[test]
fn every_event_is_told_of() {
    let told = text("events/README.md");
    let mut findings = Vec::new();
    for (path, _) in samples() {
        let Some(function) = function_of(path) else { continue };
        let name = path.trim_start_matches("events/").trim_end_matches(".json");
        let short = name.trim_start_matches(function).trim_start_matches('-');
        let section = told
            .split("\n## ")
            .find(|section| section.starts_with(function))
            .unwrap_or_default();
        if !section.contains(&format!("`{short}`")) {
            let mend = format!("say under `## {function}` what happened and what the function does");
            findings.push(Finding::new(
                "events/README.md",
                format_args!("does not tell of {path}"),
                mend,
            ));
        }
    }
    assert_none(findings);
}

#[test]
fn every_event_that_is_shown_exists() {
    let mut findings = Vec::new();
    for (path, text) in files_in("", ".md") {
        for part in text.split("events/").skip(1) {
            let end = part
                .find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.'))
                .unwrap_or(part.len());
            let name = part[..end].trim_end_matches('.');
            let is_file = name.ends_with(".json") && name != "FILE.json";
            if is_file && files_in(&format!("events/{name}"), "").next().is_none() {
                findings.push(Finding::new(
                    path,
                    format_args!("shows events/{name}, which is not there"),
                    "show one that is",
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn no_event_holds_a_real_credential_or_account() {
    // AWS's own examples: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    const EXAMPLE_KEY: &str = "IOSFODNN7EXAMPLE";
    let mut findings = Vec::new();
    for (path, text) in files_in("events/", ".json") {
        for key in text
            .split("\"accessKeyId\"")
            .skip(1)
            .filter_map(|part| part.split('"').nth(1))
        {
            if !key.ends_with(EXAMPLE_KEY) {
                findings.push(Finding::new(
                    path,
                    format_args!("the access key {key}"),
                    "use AWS's published example",
                ));
            }
        }
        let digits = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let is_account = |word: &&str| word.len() == 12 && word.chars().all(|c| c.is_ascii_digit());
        for account in digits.filter(is_account).filter(|account| *account != "123456789012") {
            findings.push(Finding::new(
                path,
                format_args!("the account {account}"),
                "use 123456789012",
            ));
        }
    }
    assert_none(findings);
}

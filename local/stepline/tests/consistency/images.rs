//! Images: what builds push and what is released are kept apart, and each stays for as long as somebody may name it.

use super::house::{Finding, assert_none, root};
use super::pipeline::commands;
use super::planned::{ENVIRONMENTS, PIPELINE, TEMPLATE, name_of, planned};
use platform::account::Account;
use serde_json::Value;
use stepline::template::{Resource, SamConfig, Stack};

const BUILDSPEC: &str = "config/buildspec.yml";

/// The longest that an approval waits, in days, with the longest execution and the last moment for its redrive after it:
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html> and
/// <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>. An image is pulled when a job begins.
const LONGEST_WAIT_DAYS: u64 = 60 + 2 + 14;

/// The rules of a repository's lifecycle policy.
fn lifecycle(repository: &Resource) -> Vec<Value> {
    let Some(text) = repository.properties.get("LifecyclePolicy") else {
        return Vec::new();
    };
    let text = text["LifecyclePolicyText"].as_str().unwrap_or_default();
    let policy: Value = serde_json::from_str(text).expect("the policy is JSON");
    policy["rules"].as_array().cloned().unwrap_or_default()
}

#[test]
fn builds_stay_for_as_long_as_something_may_wait_to_run_them() {
    let commands = commands(BUILDSPEC);
    let prefix = commands
        .split("IMAGE_TAG=\"")
        .nth(1)
        .and_then(|rest| rest.split('$').next());
    let prefix = prefix.unwrap_or_else(|| panic!("{BUILDSPEC}: sets no IMAGE_TAG"));
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let rules = lifecycle(planned(environment).repositories().0);
        let of_builds = rules.iter().find(|rule| {
            let prefixes = rule["selection"]["tagPrefixList"].as_array();
            prefixes.is_some_and(|prefixes| prefixes.iter().any(|known| known == prefix))
        });
        let Some(rule) = of_builds else {
            let thing = format_args!("no lifecycle rule is for the tags {prefix}…, which {BUILDSPEC} gives");
            findings.push(Finding::new(PIPELINE, thing, "name the same prefix in both"));
            continue;
        };
        let selection = &rule["selection"];
        let days = selection["countNumber"].as_u64().unwrap_or_default();
        if selection["countType"] != "sinceImagePushed" || days < LONGEST_WAIT_DAYS {
            let thing = format_args!("builds expire by {selection}, and something may wait {LONGEST_WAIT_DAYS} days");
            let mend = "expire them by their age, and later than that";
            findings.push(Finding::new(PIPELINE, thing, mend));
        }
    }
    assert_none(findings);
}

#[test]
fn releases_stay() {
    for environment in ENVIRONMENTS {
        let (_, releases) = planned(environment).repositories();
        assert_eq!(lifecycle(releases), Vec::<Value>::new(), "{environment}");
        assert_eq!(releases.properties["ImageTagMutability"], "IMMUTABLE", "{environment}");
    }
}

#[test]
fn image_push_runs_releases_and_nothing_that_is_built() {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let planned = planned(environment);
        let (_, releases) = planned.repositories();
        for function in planned.of("AWS::Lambda::Function") {
            let rules = function.properties["Environment"]["Variables"]["RULES"].as_str();
            let rules: Vec<Value> =
                rules.map_or_else(Vec::new, |rules| serde_json::from_str(rules).expect("RULES is JSON"));
            for rule in rules {
                if rule["repository"].as_str() != name_of(releases) {
                    let thing = format_args!("a rule of {} is for {}", function.id, rule["repository"]);
                    let mend =
                        "name the repository of releases: what runs without an approval is what builds cannot push";
                    findings.push(Finding::new(TEMPLATE, thing, mend));
                }
            }
        }
    }
    assert_none(findings);
}

#[test]
fn every_repository_is_scanned_when_something_is_pushed() {
    for environment in ENVIRONMENTS {
        for repository in planned(environment).of("AWS::ECR::Repository") {
            let scanned = &repository.properties["ImageScanningConfiguration"]["ScanOnPush"];
            assert_eq!(scanned, true, "{environment}: {}", repository.id);
        }
    }
}

#[test]
fn the_schedule_runs_releases_alone() {
    let config = SamConfig::read(&root().join("sam/samconfig.toml")).expect("samconfig.toml can be read");
    let registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    let digest = format!("sha256:{}", "a1".repeat(32));
    for (uri, taken) in [
        (String::new(), true),
        (format!("{registry}/ml-pipeline-release-dev@{digest}"), true),
        (format!("{registry}/ml-pipeline-dev@{digest}"), false),
        (format!("{registry}/ml-pipeline-release-dev:release-1"), false),
    ] {
        let mut deployed = config.deployed("dev").unwrap_or_else(|error| panic!("{error}"));
        deployed.values.insert("ScheduledImageUri".into(), uri.clone());
        let opened = Stack::open(&deployed, &Account::local(), &std::collections::BTreeMap::new());
        assert_eq!(opened.is_ok(), taken, "{uri}");
        if let Err(error) = opened {
            assert!(
                error.to_string().contains("must be empty, or a release by its digest"),
                "{error}"
            );
        }
    }
}

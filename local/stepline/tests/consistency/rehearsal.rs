//! The rehearsal: what prod's pipeline does in dev before somebody approves, both environments allow and show.

use super::house::{Finding, assert_none};
use super::pipeline::{environment_of, texts};
use super::planned::{ENVIRONMENTS, PIPELINE, TEMPLATE, both_ways, name_of, planned};
use serde_json::Value;

/// What CodePipeline takes of an approval's text, before and after its variables are resolved.
const LIMIT: usize = 1000;

/// The longest value of each variable that an approval may show. A commit's message, for one, has no such bound.
const LONGEST: &[(&str, usize)] = &[
    ("SourceVariables.CommitId", 40),
    ("SourceVariables.BranchName", 255),
    ("BuildVariables.IMAGE_TAG", 19),
    ("BuildVariables.IMAGE_DIGEST", 71),
    ("RehearsalVariables.ExecutionArn", 222),
    ("RehearsalVariables.Summary", 120),
    ("ExecuteVariables.ExecutionArn", 222),
    ("ExecuteVariables.ModelPackageArn", 100),
    // The state machine sees to it: `review` in statemachine/training-pipeline.asl.json.
    ("ExecuteVariables.Review", 340),
];

/// How long a text can become when its variables are resolved.
fn longest(text: &str) -> usize {
    let mut length = text.chars().count();
    for part in text.split("#{").skip(1) {
        let reference = part.split('}').next().unwrap_or_default();
        let known = LONGEST.iter().find(|(name, _)| *name == reference);
        let (_, value) = known.unwrap_or_else(|| panic!("{PIPELINE}: how long can #{{{reference}}} become?"));
        length = length - reference.len() - "#{}".len() + value;
    }
    length
}

/// The pipelines whose approval comes after a rehearsal: the environment, the rehearsal and the approval.
fn rehearsals() -> Vec<(&'static str, Value, Value)> {
    let mut found = Vec::new();
    for environment in ENVIRONMENTS {
        let actions = planned(environment).actions();
        let is_approval = |action: &&Value| action["Name"] == "Approval";
        let Some(approval) = actions.iter().find(is_approval) else {
            continue;
        };
        let mut before = actions.iter().take_while(|action| *action != approval);
        let rehearsal = before.find(|action| action["ActionTypeId"]["Provider"] == "Lambda");
        let rehearsal = rehearsal.unwrap_or_else(|| panic!("{PIPELINE}: nothing runs before {environment}'s approval"));
        found.push((environment, rehearsal.clone(), approval.clone()));
    }
    found
}

#[test]
fn prod_asks_for_an_approval_and_dev_does_not() {
    let environments: Vec<&str> = rehearsals().iter().map(|(environment, ..)| *environment).collect();
    assert_eq!(environments, ["prod"]);
}

#[test]
fn the_approval_shows_what_the_rehearsal_gave() {
    let mut findings = Vec::new();
    for (environment, rehearsal, approval) in rehearsals() {
        let shown = approval["Configuration"]["CustomData"].as_str().unwrap_or_default();
        let namespace = rehearsal["Namespace"].as_str().unwrap_or_default();
        let given = rehearsal["Configuration"]["UserParameters"]
            .as_str()
            .unwrap_or_default();
        let given: Value = serde_json::from_str(given).expect("user parameters are JSON");
        let own = given["outputVariables"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        for variable in own.chain(["ExecutionArn"]) {
            let reference = format!("#{{{namespace}.{variable}}}");
            if !shown.contains(&reference) {
                let thing = format_args!("the approval of {environment} does not show {reference}");
                findings.push(Finding::new(
                    PIPELINE,
                    thing,
                    "put it into CustomData, or do not ask for it",
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn what_an_approval_shows_has_room() {
    let mut findings = Vec::new();
    for action in ENVIRONMENTS
        .into_iter()
        .flat_map(both_ways)
        .flat_map(super::planned::Planned::actions)
    {
        let shown = action["Configuration"]["CustomData"].as_str().unwrap_or_default();
        let longest = longest(shown);
        if longest > LIMIT {
            let thing = format_args!(
                "CustomData of {} can become {longest} characters long, and CodePipeline takes {LIMIT}",
                action["Name"]
            );
            findings.push(Finding::new(PIPELINE, thing, "show less"));
        }
    }
    assert_none(findings);
}

#[test]
fn what_is_rehearsed_is_allowed_where_it_runs() {
    let mut findings = Vec::new();
    for (environment, rehearsal, _) in rehearsals() {
        let function = rehearsal["Configuration"]["FunctionName"].as_str().unwrap_or_default();
        let other = environment_of(function).unwrap_or_else(|| panic!("{function} belongs to no environment"));
        assert_ne!(other, environment, "{PIPELINE}: {environment} rehearses in itself");
        let (here, there) = (planned(environment), planned(other));
        let mut miss = |what: &str, name: &str| {
            let thing = format!("{other} does not let {environment} rehearse: {what} {name}");
            let mend = format!("RehearsesFor={environment} in {other} of sam/samconfig.toml");
            findings.push(Finding::new(TEMPLATE, thing, mend));
        };
        let repository = name_of(here.repositories().0).unwrap_or_default();
        let mut roles = there.of("AWS::IAM::Role");
        let job = roles.find(|role| name_of(role).is_some_and(|name| name.starts_with("ml-pipeline-job-")));
        let job = job.expect("the role of the job");
        if !job.properties["Policies"]
            .to_string()
            .contains(&format!(":repository/{repository}\""))
        {
            miss("its job may not pull from", repository);
        }
        let pipeline = name_of(here.the("AWS::CodePipeline::Pipeline")).unwrap_or_default();
        let mut rules = there
            .of("AWS::Events::Rule")
            .map(|rule| &rule.properties["EventPattern"]["detail"]);
        if !rules.any(|detail| texts(&detail["pipeline"]).iter().any(|listed| listed == pipeline)) {
            miss("no rule hears of abandoned actions of", pipeline);
        }
    }
    assert_none(findings);
}

//! Every row of what is so, and what is missing then.

mod missing;

use super::*;
use crate::aws::{Looked, LookupError};
use crate::doctor::facts::{Identity, Quota};
use crate::doctor::intent::{DeployerIntent, StackIntent};
use crate::doctor::report::{Report, Verdict};

const BUILDS: &str = "Concurrently running builds for Linux/Small environment";
const CONNECTION: &str = "arn:aws:codeconnections:us-east-1:111122223333:connection/c0ffee";

fn named(kind: ResourceKind, name: &str) -> Named {
    Named {
        kind,
        name: name.into(),
        physical_id: name.into(),
        stack: "stepline-dev".into(),
        value: (kind == ResourceKind::Parameter).then(|| "ml.t3.medium".into()),
    }
}

fn intent() -> Intent {
    Intent {
        environment: "dev".into(),
        region: "us-east-1".into(),
        connection: CONNECTION.into(),
        repository: "us/ours".into(),
        branch: "dev".into(),
        deployer: Some(DeployerIntent {
            stack: "stepline-deployer".into(),
            role: "stepline-deployer-dev-us-east-1".into(),
            environment: "dev".into(),
            boundary: "arn:aws:iam::111122223333:policy/stepline-boundary-dev-us-east-1".into(),
        }),
        instance_type: Some("ml.t3.medium".into()),
        before: Vec::new(),
        stacks: vec![StackIntent {
            name: "stepline-dev".into(),
            config_environment: "dev".into(),
            names: vec![
                named(ResourceKind::Function, "f"),
                named(ResourceKind::Parameter, "/ml/dev/instance-type"),
            ],
        }],
    }
}

fn rehearsal() -> StackIntent {
    StackIntent {
        name: "stepline-other".into(),
        config_environment: "other".into(),
        names: Vec::new(),
    }
}

fn quota(name: &str, value: f64) -> Quota {
    Quota {
        code: "L-1".into(),
        name: name.into(),
        value,
    }
}

/// An account in which nothing is missing and nothing has been deployed.
fn facts() -> Facts {
    let intent = intent();
    Facts {
        identity: Ok(Identity {
            account: "111122223333".into(),
            arn: "arn:aws:iam::111122223333:user/me".into(),
        }),
        configured_region: Some("us-east-1".into()),
        connection: Ok(Some("AVAILABLE".into())),
        branches: Some(Ok(vec!["dev".into(), "main".into()])),
        boundary: Some(Ok(Some("stepline-deployer".into()))),
        trusted: Some(Ok(Some(vec!["repo:us/ours:environment:dev".into()]))),
        stacks: [
            ("stepline-deployer".to_owned(), Ok(Some("CREATE_COMPLETE".into()))),
            ("stepline-dev".to_owned(), Ok(None)),
        ]
        .into(),
        names: intent
            .names()
            .map(|named| (named.clone(), Ok(Standing::Free)))
            .collect(),
        quotas: [
            ("codebuild".to_owned(), Ok(vec![quota(BUILDS, 1.0)])),
            (
                "sagemaker".to_owned(),
                Ok(vec![quota("ml.t3.medium for processing job usage", 1.0)]),
            ),
            (
                "states".to_owned(),
                Ok(vec![
                    quota("StartExecution throttle token refill rate per second", 300.0),
                    quota("DescribeExecution throttle token refill rate per second", 15.0),
                ]),
            ),
        ]
        .into(),
        concurrency: Ok(1000),
    }
}

fn error<T>(code: &str) -> Looked<T> {
    Err(LookupError {
        call: "a:Call".into(),
        code: code.into(),
        message: "why".into(),
    })
}

#[test]
fn nothing_is_missing() {
    let report = Report::new("dev", judge(&intent(), &facts()));
    assert_eq!((report.is_well(), report.exit_code()), (true, 0), "{report}");
    assert!(report.to_string().ends_with("dev can be deployed"));
}

#[test]
fn what_is_as_good_as_it_should_be_is_well() {
    let rows: &[fn(&mut Intent, &mut Facts)] = &[
        // An older repository's name, a newer one's with ids, and a policy that takes every environment.
        |_, facts| facts.trusted = Some(Ok(Some(vec!["repo:us@12/ours@345:environment:dev".into()]))),
        |_, facts| facts.trusted = Some(Ok(Some(vec!["repo:us/ours:*".into()]))),
        // Whoever deploys by hand alone needs no role for the workflow.
        |intent, facts| {
            intent.deployer = None;
            facts.trusted = None;
        },
        |_, facts| {
            drop(
                facts
                    .stacks
                    .insert("stepline-dev".into(), Ok(Some("REVIEW_IN_PROGRESS".into()))),
            )
        },
        |_, facts| facts.configured_region = None,
    ];
    for (index, change) in rows.iter().enumerate() {
        let (mut intent, mut facts) = (intent(), facts());
        change(&mut intent, &mut facts);
        let report = Report::new("dev", judge(&intent, &facts));
        assert!(report.is_well(), "row {index}: {report}");
    }
}

#[test]
fn what_a_stack_kept_can_be_taken_over_or_removed() {
    for (kind, take_over, removal) in [
        (
            ResourceKind::Pipeline,
            true,
            "aws codepipeline delete-pipeline --name kept",
        ),
        (
            ResourceKind::Repository,
            true,
            "aws ecr delete-repository --repository-name kept --region us-east-1 --force",
        ),
        (ResourceKind::Bucket, true, "aws s3 rb s3://kept"),
        (
            ResourceKind::LogGroup,
            false,
            "aws logs delete-log-group --log-group-name kept",
        ),
    ] {
        let mut facts = facts();
        facts.names = vec![(named(kind, "kept"), Ok(Standing::OfNobody))];
        let report = Report::new("dev", judge(&intent(), &facts));
        let mend = report.findings.iter().find_map(|finding| finding.mend.as_deref());
        let mend = mend.unwrap_or_else(|| panic!("{kind:?}: nothing is missing\n{report}"));
        assert_eq!(mend.contains("sam/move-pipeline dev"), take_over, "{mend}");
        assert!(mend.contains(removal), "{mend}");
    }
}

#[test]
fn without_an_identity_nothing_else_is_said() {
    let facts = Facts {
        identity: error("NoCredentials"),
        ..facts()
    };
    let topics: Vec<_> = judge(&intent(), &facts)
        .iter()
        .map(|finding| (finding.topic, finding.verdict))
        .collect();
    assert_eq!(topics, [("identity", Verdict::Missing), ("region", Verdict::Well)]);
}

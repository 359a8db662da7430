//! Every row of what is so, and what is missing then.

use super::*;
use crate::doctor::facts::LookupError;
use crate::doctor::facts::{Identity, Looked, Quota};
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

/// What is different, and the topic, the verdict, a part of the sentence and a part of the mend that come of it.
type Row = (
    fn(&mut Intent, &mut Facts),
    &'static str,
    Verdict,
    &'static str,
    &'static str,
);

#[test]
fn each_thing_that_is_missing_is_said_once_with_its_mend() {
    use Verdict::{Missing, Unknown};
    let rows: &[Row] = &[
        (
            |_, facts| facts.configured_region = Some("eu-west-1".into()),
            "region",
            Missing,
            "the environment says eu-west-1",
            "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
        ),
        (
            |intent, facts| {
                intent.repository = "OWNER/REPOSITORY".into();
                facts.branches = None;
            },
            "repository",
            Missing,
            "does not name the repository yet",
            "sed -i",
        ),
        (
            |intent, _| intent.connection = CONNECTION.replace("c0ffee", "00000000-0000-0000-0000-000000000000"),
            "connection",
            Missing,
            "does not name the connection yet",
            "then put its ARN into sam/samconfig.toml",
        ),
        (
            |_, facts| facts.connection = Ok(None),
            "connection",
            Missing,
            "there is no connection",
            "aws codeconnections create-connection",
        ),
        (
            |_, facts| facts.connection = Ok(Some("PENDING".into())),
            "connection",
            Missing,
            "waits for its handshake",
            "Update pending connection",
        ),
        (
            |_, facts| facts.connection = Ok(Some("ERROR".into())),
            "connection",
            Missing,
            "status ERROR",
            "settings/connections",
        ),
        (
            |intent, _| intent.connection = CONNECTION.replace("111122223333", "444455556666"),
            "connection",
            Missing,
            "not in the account 111122223333",
            "create-connection",
        ),
        (
            |intent, _| intent.connection = CONNECTION.replace("us-east-1", "eu-west-1"),
            "connection",
            Missing,
            "is not in us-east-1, which everything is deployed to",
            "--region us-east-1",
        ),
        (
            |_, facts| facts.branches = Some(Ok(vec!["main".into()])),
            "branch",
            Missing,
            "us/ours has no branch dev",
            "git push https://github.com/us/ours.git HEAD:refs/heads/dev",
        ),
        (
            |_, facts| facts.branches = Some(error("Refused")),
            "branch",
            Unknown,
            "could not be listed: a:Call failed: Refused: why",
            "git ls-remote --heads https://github.com/us/ours.git dev",
        ),
        (
            |_, facts| drop(facts.stacks.insert("stepline-deployer".into(), Ok(None))),
            "workflow",
            Missing,
            "the stack stepline-deployer is not there",
            "sam/deploy deployer   # then its output for dev becomes the secret AWS_DEPLOY_ROLE_ARN",
        ),
        (
            |_, facts| {
                let status = Some("ROLLBACK_COMPLETE".into());
                facts.stacks.insert("stepline-deployer".into(), Ok(status));
            },
            "workflow",
            Missing,
            "is in the status ROLLBACK_COMPLETE",
            "sam/teardown deployer, and sam/deploy deployer",
        ),
        (
            |_, facts| drop(facts.stacks.insert("stepline-deployer".into(), error("AccessDenied"))),
            "workflow",
            Unknown,
            "may not ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.boundary = Some(Ok(None)),
            "workflow",
            Missing,
            "is of before there was a permissions boundary: no stack made arn:aws:iam::111122223333:policy/stepline-boundary",
            "sam/deploy deployer",
        ),
        (
            |_, facts| facts.boundary = Some(error("AccessDenied")),
            "workflow",
            Unknown,
            "may not ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.trusted = Some(Ok(None)),
            "workflow",
            Missing,
            "the role stepline-deployer-dev-us-east-1 is not there",
            "sam/deploy deployer",
        ),
        (
            |_, facts| facts.trusted = Some(Ok(Some(vec!["repo:us/before:environment:dev".into()]))),
            "workflow",
            Missing,
            "trusts repo:us/before:environment:dev, and a job of us/ours in the environment dev is somebody else",
            "the repository's present name",
        ),
        (
            |_, facts| facts.trusted = Some(Ok(Some(vec!["repo:us@1/ours@2:environment:prod".into()]))),
            "workflow",
            Missing,
            "trusts repo:us@1/ours@2:environment:prod",
            "sam/deploy deployer",
        ),
        (
            |_, facts| facts.trusted = Some(error("AccessDenied")),
            "workflow",
            Unknown,
            "may not ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.connection = error("AccessDeniedException"),
            "connection",
            Unknown,
            "may not ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.connection = error("InternalFailure"),
            "connection",
            Unknown,
            "did not say",
            "ask again",
        ),
        (
            |intent, facts| {
                intent.before = vec![rehearsal()];
                facts.stacks.insert("stepline-other".into(), Ok(None));
            },
            "rehearsal",
            Missing,
            "stepline-other is not there, and the pipeline runs each image there",
            "sam/deploy other",
        ),
        (
            |intent, facts| {
                intent.before = vec![rehearsal()];
                let status = Some("ROLLBACK_COMPLETE".into());
                facts.stacks.insert("stepline-other".into(), Ok(status));
            },
            "rehearsal",
            Missing,
            "is in the status ROLLBACK_COMPLETE",
            "RehearseIn=none",
        ),
        (
            |_, facts| {
                drop(
                    facts
                        .stacks
                        .insert("stepline-dev".into(), Ok(Some("ROLLBACK_COMPLETE".into()))),
                )
            },
            "stacks",
            Missing,
            "no deployment leaves",
            "delete-stack --stack-name stepline-dev",
        ),
        (
            |_, facts| {
                drop(
                    facts
                        .stacks
                        .insert("stepline-dev".into(), Ok(Some("UPDATE_IN_PROGRESS".into()))),
                )
            },
            "stacks",
            Missing,
            "somebody is deploying",
            "wait stack-update-complete",
        ),
        (
            |_, facts| {
                drop(
                    facts
                        .stacks
                        .insert("stepline-dev".into(), Ok(Some("UPDATE_ROLLBACK_FAILED".into()))),
                )
            },
            "stacks",
            Missing,
            "takes no deployment",
            "continue-update-rollback",
        ),
        (
            |_, facts| facts.names[0].1 = Ok(Standing::OfNobody),
            "names",
            Missing,
            "the function f is there, and no stack made it",
            "aws lambda delete-function --function-name f",
        ),
        (
            |_, facts| facts.names[0].1 = Ok(Standing::OfStack("other".into())),
            "names",
            Missing,
            "belongs to the stack other",
            "describe-stacks --stack-name other",
        ),
        (
            |_, facts| facts.names[0].1 = error("Throttling"),
            "names",
            Unknown,
            "a:Call failed: Throttling: why",
            "ask again",
        ),
        (
            |_, facts| {
                facts
                    .stacks
                    .insert("stepline-dev".into(), Ok(Some("CREATE_COMPLETE".into())));
                facts.names[0].1 = Ok(Standing::OfStack("stepline-dev".into()));
            },
            "parameters",
            Missing,
            "/ml/dev/instance-type was made by the stack stepline-dev and is gone",
            "put-parameter --name /ml/dev/instance-type --type String --region us-east-1 --value 'ml.t3.medium'",
        ),
        (
            |_, facts| {
                let quotas = vec![quota("ml.t3.medium for processing job usage", 0.0)];
                facts.quotas.insert("sagemaker".into(), Ok(quotas));
            },
            "quotas",
            Missing,
            "ml.t3.medium for processing job usage is 0",
            "request-service-quota-increase --service-code sagemaker --quota-code L-1 --desired-value 1",
        ),
        (
            |_, facts| drop(facts.quotas.insert("codebuild".into(), Ok(vec![quota(BUILDS, 0.0)]))),
            "quotas",
            Missing,
            "Concurrently running builds for Linux/Small environment is 0: the image is built on such a machine",
            "request-service-quota-increase --service-code codebuild --quota-code L-1 --desired-value 1",
        ),
        (
            |intent, _| intent.instance_type = Some("ml.x9.huge".into()),
            "quotas",
            Missing,
            "no quota `ml.x9.huge for processing job usage`",
            "list-aws-default-service-quotas",
        ),
        (
            |_, facts| drop(facts.quotas.insert("states".into(), error("AccessDenied"))),
            "quotas",
            Unknown,
            "may not ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.concurrency = Ok(0),
            "quotas",
            Missing,
            "Lambda runs 0 invocations at once",
            "--quota-code L-B99A9384",
        ),
    ];
    for (change, topic, verdict, sentence, mend) in rows {
        let (mut intent, mut facts) = (intent(), facts());
        change(&mut intent, &mut facts);
        let report = Report::new("dev", judge(&intent, &facts));
        let mut wrong = report
            .findings
            .iter()
            .filter(|finding| finding.verdict != Verdict::Well);
        let found = wrong
            .next()
            .unwrap_or_else(|| panic!("{sentence}: nothing is missing\n{report}"));
        assert_eq!((found.topic, found.verdict), (*topic, *verdict), "{report}");
        assert!(found.sentence.contains(sentence), "{report}");
        assert!(found.mend.as_ref().is_some_and(|said| said.contains(mend)), "{report}");
        assert_eq!(
            wrong.next(),
            None,
            "{sentence}: more than one thing is missing\n{report}"
        );
        assert_eq!(report.exit_code(), 1);
        assert!(report.to_string().contains("dev cannot be deployed yet"));
    }
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

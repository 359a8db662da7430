//! Every row of what is so, and what is missing then.

use super::*;
use crate::doctor::facts::{Identity, Looked, Quota};
use crate::doctor::intent::StackIntent;
use crate::doctor::report::{Report, Verdict};

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
        region: "us-east-1".into(),
        connection: CONNECTION.into(),
        repository: "us/ours".into(),
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
        stacks: [("stepline-dev".to_owned(), Ok(None))].into(),
        names: intent
            .names()
            .map(|named| (named.clone(), Ok(Standing::Free)))
            .collect(),
        quotas: [
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
            "export AWS_REGION=us-east-1",
        ),
        (
            |intent, _| intent.repository = "OWNER/REPOSITORY".into(),
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
            "sam deploy --config-env other",
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

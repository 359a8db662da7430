//! Each thing that is missing is said once, with its mend.

use super::*;
use Verdict::{Missing, Unknown};

/// What is different, and the topic, the verdict, a part of the sentence and a part of the mend that come of it.
type Row = (
    fn(&mut Intent, &mut Facts),
    &'static str,
    Verdict,
    &'static str,
    &'static str,
);

/// Changes one thing after the other, and expects that exactly this is found.
#[track_caller]
fn each_is_said_once(rows: &[Row]) {
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
fn what_is_wrong_with_the_region_or_the_repository() {
    each_is_said_once(&[
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
    ]);
}

#[test]
fn what_is_wrong_with_the_connection() {
    each_is_said_once(&[
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
            |_, facts| facts.connection = error("AccessDeniedException"),
            "connection",
            Unknown,
            "the caller is not allowed to ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.connection = error("InternalFailure"),
            "connection",
            Unknown,
            "AWS did not answer",
            "ask again",
        ),
    ]);
}

#[test]
fn what_the_workflow_lacks() {
    each_is_said_once(&[
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
            "the caller is not allowed to ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.boundary = Some(Ok(None)),
            "workflow",
            Missing,
            "is older than the permissions boundary: no stack made arn:aws:iam::111122223333:policy/stepline-boundary",
            "sam/deploy deployer",
        ),
        (
            |_, facts| facts.boundary = Some(error("AccessDenied")),
            "workflow",
            Unknown,
            "the caller is not allowed to ask",
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
            "trusts repo:us/before:environment:dev, but not a job of us/ours in the environment dev",
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
            "the caller is not allowed to ask",
            "allow a:Call",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_stacks() {
    each_is_said_once(&[
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
            "no deployment can update it",
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
            "cannot be updated",
            "continue-update-rollback",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_names() {
    each_is_said_once(&[
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
    ]);
}

#[test]
fn what_quotas_are_too_small() {
    each_is_said_once(&[
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
            "the caller is not allowed to ask",
            "allow a:Call",
        ),
        (
            |_, facts| facts.concurrency = Ok(0),
            "quotas",
            Missing,
            "Lambda runs 0 invocations at once",
            "--quota-code L-B99A9384",
        ),
    ]);
}

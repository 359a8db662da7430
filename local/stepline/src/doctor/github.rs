//! What a deployment needs on GitHub's side: the branch, the role that the workflow assumes, and the permissions
//! boundary of the roles that the workflow makes.

use super::facts::{Facts, STANDING};
use super::intent::{DeployerIntent, Intent};
use super::report::{Finding, unseen};
use crate::aws::Looked;

/// Whether the pipeline's branch is there. Nothing while samconfig.toml names no repository.
pub(super) fn branch(intent: &Intent, facts: &Facts) -> Option<Finding> {
    const TOPIC: &str = "branch";
    let (branch, repository) = (&intent.branch, &intent.repository);
    Some(match facts.branches.as_ref()? {
        Ok(branches) if branches.contains(branch) => {
            Finding::well(TOPIC, format_args!("{repository} has the branch {branch}"))
        }
        Ok(_) => Finding::missing(
            TOPIC,
            format_args!("{repository} has no branch {branch}, which the pipeline takes its source from"),
            format_args!("git push https://github.com/{repository}.git HEAD:refs/heads/{branch}"),
        ),
        Err(error) => Finding::unknown(
            TOPIC,
            format_args!("the branches of {repository} could not be listed: {error}"),
            format_args!(
                "git ls-remote --heads https://github.com/{repository}.git {branch}   # with credentials that may read it"
            ),
        ),
    })
}

/// The topic of all findings about the role that the deploy workflow assumes.
const WORKFLOW: &str = "workflow";

/// The command that mends the stack of `sam/deployer.yaml`.
const DEPLOY: &str = "sam/deploy deployer";

/// Whether the workflow has a role to assume, and the role trusts this repository.
pub(super) fn role(intent: &Intent, facts: &Facts) -> Option<Finding> {
    let deployer = intent.deployer.as_ref()?;
    let stack = facts.stacks.get(&deployer.stack)?;
    if let Some(finding) = wrong_stack(intent, deployer, stack) {
        return Some(finding);
    }
    if let Some(finding) = wrong_boundary(deployer, facts.boundary.as_ref()?) {
        return Some(finding);
    }
    trust(intent, deployer, facts.trusted.as_ref()?)
}

/// What is wrong with the stack that makes the role.
fn wrong_stack(intent: &Intent, deployer: &DeployerIntent, status: &Looked<Option<String>>) -> Option<Finding> {
    let stack = &deployer.stack;
    match status {
        Ok(Some(status)) if STANDING.contains(&status.as_str()) => None,
        Ok(Some(status)) => Some(Finding::missing(
            WORKFLOW,
            format_args!("the stack {stack} is in the status {status}: it makes the role that the workflow assumes"),
            format_args!(
                "aws cloudformation describe-stack-events --stack-name {stack} --region {}   # then sam/teardown \
                 deployer, and {DEPLOY}",
                intent.region
            ),
        )),
        Ok(None) => Some(Finding::missing(
            WORKFLOW,
            format_args!(
                "the stack {stack} is not there: it makes the role that the workflow assumes, and the permissions \
                 boundary"
            ),
            format_args!(
                "{DEPLOY}   # then its output for {} becomes the secret AWS_DEPLOY_ROLE_ARN of that environment on GitHub",
                deployer.environment
            ),
        )),
        Err(error) => Some(unseen(WORKFLOW, error)),
    }
}

/// What is wrong with the permissions boundary: an older deployer stack has none.
fn wrong_boundary(deployer: &DeployerIntent, stack: &Looked<Option<String>>) -> Option<Finding> {
    match stack {
        Ok(Some(_)) => None,
        Ok(None) => Some(Finding::missing(
            WORKFLOW,
            format_args!(
                "the stack {} is older than the permissions boundary: no stack made {}, and every role of {} needs it",
                deployer.stack, deployer.boundary, deployer.environment
            ),
            DEPLOY,
        )),
        Err(error) => Some(unseen(WORKFLOW, error)),
    }
}

/// Whether the role trusts a job of this repository; nothing while no repository is named.
fn trust(intent: &Intent, deployer: &DeployerIntent, trusted: &Looked<Option<Vec<String>>>) -> Option<Finding> {
    let (role, repository, environment) = (&deployer.role, &intent.repository, &deployer.environment);
    Some(match trusted {
        Ok(None) => Finding::missing(WORKFLOW, format_args!("the role {role} is not there"), DEPLOY),
        // Another finding says already that the repository is missing.
        Ok(Some(_)) if intent.names_no_repository() => return None,
        Ok(Some(subjects)) if subjects.iter().any(|subject| admits(subject, intent, deployer)) => Finding::well(
            WORKFLOW,
            format_args!("the role {role} trusts {repository} in the environment {environment}"),
        ),
        Ok(Some(subjects)) => Finding::missing(
            WORKFLOW,
            format_args!(
                "the role {role} trusts {}, but not a job of {repository} in the environment {environment}",
                subjects.join(", "),
            ),
            format_args!(
                "{DEPLOY}   # with the repository's present name as Repository of `deployer` in sam/samconfig.toml"
            ),
        ),
        Err(error) => unseen(WORKFLOW, error),
    })
}

/// Whether a trusted subject is a job of the repository in the environment. For repositories that were created since
/// July 2026 GitHub writes `owner@id/name@id`. The ids are not known here.
fn admits(subject: &str, intent: &Intent, deployer: &DeployerIntent) -> bool {
    let wanted = format!("repo:{}:environment:{}", intent.repository, deployer.environment);
    let plain: String = without_ids(subject);
    match plain.split_once('*') {
        Some((beginning, _)) => wanted.starts_with(beginning),
        None => wanted == plain,
    }
}

fn without_ids(subject: &str) -> String {
    let mut plain = String::new();
    let mut parts = subject.split('@');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.trim_start_matches(|character: char| character.is_ascii_digit()));
    }
    plain
}

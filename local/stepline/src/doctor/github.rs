//! What GitHub's side of a deployment needs: the branch, and the role that the workflow takes, with what bounds the roles
//! that it makes.

use super::facts::{Facts, STANDING};
use super::intent::{DeployerIntent, Intent};
use super::report::{Finding, unseen};

/// Whether the branch is there whose merges run the pipeline; nothing while no repository is named.
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
                "git ls-remote --heads https://github.com/{repository}.git {branch}   # as somebody who may read it"
            ),
        ),
    })
}

/// Whether the workflow has a role to take, and the role trusts this repository.
pub(super) fn role(intent: &Intent, facts: &Facts) -> Option<Finding> {
    const TOPIC: &str = "workflow";
    let deployer = intent.deployer.as_ref()?;
    let (stack, role) = (&deployer.stack, &deployer.role);
    let deploy = "sam/deploy deployer";
    match facts.stacks.get(stack)? {
        Ok(Some(status)) if STANDING.contains(&status.as_str()) => {}
        Ok(Some(status)) => {
            return Some(Finding::missing(
                TOPIC,
                format_args!(
                    "the stack {stack}, which has the role that the workflow takes, is in the status {status}"
                ),
                format_args!(
                    "aws cloudformation describe-stack-events --stack-name {stack} --region {}   # then sam/teardown \
                     deployer, and {deploy}",
                    intent.region
                ),
            ));
        }
        Ok(None) => {
            return Some(Finding::missing(
                TOPIC,
                format_args!(
                    "the stack {stack} is not there, which has the role that the workflow takes and what bounds all others"
                ),
                format_args!(
                    "{deploy}   # then its output for {} becomes the secret AWS_DEPLOY_ROLE_ARN of that environment on GitHub",
                    deployer.environment
                ),
            ));
        }
        Err(error) => return Some(unseen(TOPIC, error)),
    }
    match facts.boundary.as_ref()? {
        Ok(Some(_)) => {}
        Ok(None) => {
            return Some(Finding::missing(
                TOPIC,
                format_args!(
                    "the stack {stack} is of before there was a permissions boundary: no stack made {}, which every role of \
                     {} needs",
                    deployer.boundary, deployer.environment
                ),
                deploy,
            ));
        }
        Err(error) => return Some(unseen(TOPIC, error)),
    }
    Some(match facts.trusted.as_ref()? {
        Ok(None) => Finding::missing(TOPIC, format_args!("the role {role} is not there"), deploy),
        // Whom it should trust is said elsewhere as missing.
        Ok(Some(_)) if intent.names_no_repository() => return None,
        Ok(Some(subjects)) if subjects.iter().any(|subject| admits(subject, intent, deployer)) => Finding::well(
            TOPIC,
            format_args!(
                "the role {role} trusts {} in the environment {}",
                intent.repository, deployer.environment
            ),
        ),
        Ok(Some(subjects)) => Finding::missing(
            TOPIC,
            format_args!(
                "the role {role} trusts {}, and a job of {} in the environment {} is somebody else to it",
                subjects.join(", "),
                intent.repository,
                deployer.environment
            ),
            format_args!(
                "{deploy}   # with the repository's present name as Repository of `deployer` in sam/samconfig.toml"
            ),
        ),
        Err(error) => unseen(TOPIC, error),
    })
}

/// Whether a trusted subject is a job of the repository in the environment. GitHub writes `owner@id/name@id` for
/// repositories that were created since July 2026; the ids are not known here.
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

//! Compares what a deployment will make with the account as it is, and says what is missing. It calls nothing, so every
//! case can be tested.

use super::facts::{Facts, STANDING, Standing};
use super::github;
use super::intent::{Intent, Named};
use super::names::ResourceKind;
use super::quotas;
use super::report::{Finding, unseen};

/// The findings, in the order in which one would mend them.
pub fn judge(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![identity(intent, facts), region(intent, facts)];
    if facts.identity.is_err() {
        return findings;
    }
    findings.push(repository(intent));
    findings.extend(github::branch(intent, facts));
    findings.push(connection(intent, facts));
    findings.extend(github::role(intent, facts));
    findings.extend(before(intent, facts));
    findings.extend(stacks(intent, facts));
    findings.extend(names(intent, facts));
    findings.extend(quotas(intent, facts));
    findings.push(concurrency(intent, facts));
    findings
}

fn identity(intent: &Intent, facts: &Facts) -> Finding {
    match &facts.identity {
        Ok(identity) => Finding::well(
            "identity",
            format_args!("{} in the account {}", identity.arn, identity.account),
        ),
        Err(error) => Finding::missing(
            "identity",
            format_args!("AWS does not know the caller: {error}"),
            format_args!(
                "aws configure export-credentials --format env   # after `aws login` or `aws sso login`; put what it \
                 prints into the environment, with AWS_REGION={}",
                intent.region
            ),
        ),
    }
}

fn region(intent: &Intent, facts: &Facts) -> Finding {
    match facts.configured_region.as_deref() {
        Some(region) if region != intent.region => Finding::missing(
            "region",
            format_args!(
                "the environment says {region}, but sam/samconfig.toml deploys to {}",
                intent.region
            ),
            format_args!(
                "export AWS_REGION={0} AWS_DEFAULT_REGION={0}   # or change the region in sam/samconfig.toml",
                intent.region
            ),
        ),
        _ => Finding::well("region", format_args!("{}, as sam/samconfig.toml says", intent.region)),
    }
}

fn repository(intent: &Intent) -> Finding {
    if intent.names_no_repository() {
        return Finding::missing(
            "repository",
            format_args!(
                "sam/samconfig.toml does not name the repository yet: {}",
                intent.repository
            ),
            format_args!(
                "sed -i.bak 's#Repository={}#Repository=your-name/your-repository#' sam/samconfig.toml",
                intent.repository
            ),
        );
    }
    Finding::well("repository", format_args!("merges come from {}", intent.repository))
}

/// The placeholder for the id of the connection in samconfig.toml.
const PLACEHOLDER: &str = "/00000000-0000-0000-0000-000000000000";

fn connection(intent: &Intent, facts: &Facts) -> Finding {
    const TOPIC: &str = "connection";
    let arn = &intent.connection;
    let create = format!(
        "aws codeconnections create-connection --provider-type GitHub --connection-name stepline --region {}   # then \
         put its ARN into sam/samconfig.toml, in place of {arn}",
        intent.region
    );
    let console = format!(
        "open https://console.aws.amazon.com/codesuite/settings/connections?region={} and choose `Update pending \
         connection`: only a person can do this",
        intent.region
    );
    if arn.ends_with(PLACEHOLDER) {
        return Finding::missing(TOPIC, "sam/samconfig.toml does not name the connection yet", create);
    }
    let place = |index| arn.split(':').nth(index);
    if place(3) != Some(intent.region.as_str()) {
        return Finding::missing(
            TOPIC,
            format_args!("{arn} is not in {}, which everything is deployed to", intent.region),
            create,
        );
    }
    let account_of_connection = place(4);
    if let Ok(identity) = &facts.identity
        && account_of_connection != Some(identity.account.as_str())
    {
        return Finding::missing(
            TOPIC,
            format_args!("{arn} is not in the account {}", identity.account),
            create,
        );
    }
    match &facts.connection {
        Ok(Some(status)) if status == "AVAILABLE" => Finding::well(TOPIC, format_args!("{arn} is available")),
        Ok(Some(status)) if status == "PENDING" => Finding::missing(
            TOPIC,
            format_args!("{arn} waits for its handshake with GitHub"),
            console,
        ),
        Ok(Some(status)) => Finding::missing(TOPIC, format_args!("{arn} is in the status {status}"), console),
        Ok(None) => Finding::missing(TOPIC, format_args!("there is no connection {arn}"), create),
        Err(error) => unseen(TOPIC, error),
    }
}

/// The stacks of the other environment in which this one's pipeline rehearses.
fn before(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let stacks = intent.before.iter().filter_map(|stack| {
        let (name, other) = (&stack.name, &stack.config_environment);
        Some(match facts.stacks.get(name)? {
            Ok(Some(status)) if STANDING.contains(&status.as_str()) => Finding::well(
                "rehearsal",
                format_args!("{name} is there for the pipeline to rehearse in"),
            ),
            Ok(status) => Finding::missing(
                "rehearsal",
                match status {
                    None => format!("{name} is not there, and the pipeline runs each image there before an approval"),
                    Some(status) => format!("{name}, where the pipeline rehearses, is in the status {status}"),
                },
                format_args!("sam/deploy {other}   # or, for no rehearsal, RehearseIn=none in sam/samconfig.toml"),
            ),
            Err(error) => unseen("rehearsal", error),
        })
    });
    stacks.collect()
}

fn stacks(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let stacks = intent.stacks.iter().filter_map(|stack| {
        let found = facts.stacks.get(&stack.name)?;
        Some(match found {
            Ok(status) => stack_status(intent, &stack.name, status.as_deref()),
            Err(error) => unseen("stacks", error),
        })
    });
    stacks.collect()
}

/// What a stack's status means for the next deployment.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>
fn stack_status(intent: &Intent, name: &str, status: Option<&str>) -> Finding {
    const TOPIC: &str = "stacks";
    let region = &intent.region;
    let command = |command: &str| format!("aws cloudformation {command} --stack-name {name} --region {region}");
    match status {
        // A change set that nobody executed leaves an empty stack. SAM then creates the stack as a new one.
        None | Some("REVIEW_IN_PROGRESS") => Finding::well(
            TOPIC,
            format_args!("{name} is not there yet: `sam/deploy {}` makes it", intent.environment),
        ),
        Some(status) if STANDING.contains(&status) => {
            Finding::well(TOPIC, format_args!("{name} is there and can be updated"))
        }
        Some(status @ "UPDATE_ROLLBACK_FAILED") => Finding::missing(
            TOPIC,
            format_args!("{name} is in the status {status} and cannot be updated"),
            command("continue-update-rollback"),
        ),
        Some(status) if status.ends_with("_IN_PROGRESS") => Finding::missing(
            TOPIC,
            format_args!("{name} is in the status {status}: somebody is deploying"),
            command(match status {
                "CREATE_IN_PROGRESS" => "wait stack-create-complete",
                "DELETE_IN_PROGRESS" => "wait stack-delete-complete",
                "ROLLBACK_IN_PROGRESS" => "wait stack-rollback-complete",
                _ => "wait stack-update-complete",
            }),
        ),
        Some(status) => Finding::missing(
            TOPIC,
            format_args!("{name} is in the status {status}: no deployment can update it"),
            command("delete-stack"),
        ),
    }
}

/// One finding says how many names are free or already ours. Each other name is a finding of its own.
fn names(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut free, mut ours) = (0, 0);
    for (named, standing) in &facts.names {
        match standing {
            Ok(Standing::Free) => {
                free += 1;
                findings.extend(lost(intent, facts, named));
            }
            Ok(Standing::OfStack(stack)) if *stack == named.stack => ours += 1,
            Ok(Standing::OfStack(stack)) => findings.push(Finding::missing(
                "names",
                format_args!("the {} {} belongs to the stack {stack}", named.kind.noun(), named.name),
                format_args!(
                    "aws cloudformation describe-stacks --stack-name {stack} --region {}   # deploy under another name, \
                     or remove that stack",
                    intent.region
                ),
            )),
            Ok(Standing::OfNobody) => findings.push(taken(intent, named)),
            Err(error) => findings.push(unseen("names", error)),
        }
    }
    if free + ours > 0 {
        let summary = match (free, ours) {
            (free, 0) => format!("{free} names are free"),
            (0, ours) => format!("{ours} names are ours"),
            (free, ours) => format!("{ours} names are ours, {free} are free"),
        };
        findings.insert(0, Finding::well("names", summary));
    }
    findings
}

/// A parameter that its stack made and that somebody deleted: its name is free, but whoever reads it fails.
fn lost(intent: &Intent, facts: &Facts, named: &Named) -> Option<Finding> {
    let deployed =
        matches!(facts.stacks.get(&named.stack), Some(Ok(Some(status))) if STANDING.contains(&status.as_str()));
    let region = &intent.region;
    (named.kind == ResourceKind::Parameter && deployed).then(|| {
        Finding::missing(
            "parameters",
            format_args!("{} was made by the stack {} and is gone", named.name, named.stack),
            format_args!(
                "aws ssm put-parameter --name {} --type String --region {region} --value '{}'",
                named.name,
                named.value.as_deref().unwrap_or("VALUE"),
            ),
        )
    })
}

fn taken(intent: &Intent, named: &Named) -> Finding {
    let sentence = format!(
        "the {} {} is there, and no stack made it",
        named.kind.noun(),
        named.name
    );
    let removal = format!("{} --region {}", named.kind.removal(&named.physical_id), intent.region);
    // Some resources stay when their stack is deleted. The next stack can take them over.
    let take_over = format!("sam/move-pipeline {}   # takes it over", intent.environment);
    let mend = match named.kind {
        ResourceKind::Pipeline => {
            format!("{take_over}: docs/moving-a-pipeline.md; or, if nobody needs it: {removal}")
        }
        ResourceKind::Repository => {
            format!("{take_over} with the pipeline; or, if nobody needs its images: {removal} --force")
        }
        ResourceKind::Bucket => format!("{take_over} with the pipeline; or, if it is yours and empty: {removal}"),
        ResourceKind::Function
        | ResourceKind::StateMachine
        | ResourceKind::Project
        | ResourceKind::Parameter
        | ResourceKind::Queue
        | ResourceKind::Role
        | ResourceKind::LogGroup => format!("if it is a leftover: {removal}"),
    };
    Finding::missing("names", sentence, mend)
}

fn quotas(intent: &Intent, facts: &Facts) -> Vec<Finding> {
    const TOPIC: &str = "quotas";
    let mut unseen_services = Vec::new();
    let mut findings = Vec::new();
    for need in quotas::needs(intent) {
        match facts.quotas.get(need.service) {
            Some(Ok(quotas)) => findings.push(match quotas.iter().find(|quota| quota.name.eq_ignore_ascii_case(&need.name)) {
                Some(quota) if quota.value >= need.least => {
                    Finding::well(TOPIC, format_args!("{}: {}", quota.name, quota.value))
                }
                Some(quota) => Finding::missing(
                    TOPIC,
                    format_args!("{} is {}: {}", quota.name, quota.value, need.why),
                    format_args!(
                        "aws service-quotas request-service-quota-increase --service-code {} --quota-code {} \
                         --desired-value {} --region {}",
                        need.service, quota.code, need.least, intent.region
                    ),
                ),
                None => Finding::missing(
                    TOPIC,
                    format_args!("{} has no quota `{}`: {}", intent.region, need.name, need.why),
                    format_args!(
                        "aws service-quotas list-aws-default-service-quotas --service-code {} --region {}   # choose what \
                         the region has",
                        need.service, intent.region
                    ),
                ),
            }),
            Some(Err(error)) if !unseen_services.contains(&need.service) => {
                unseen_services.push(need.service);
                findings.push(unseen(TOPIC, error));
            }
            _ => {}
        }
    }
    findings
}

fn concurrency(intent: &Intent, facts: &Facts) -> Finding {
    const TOPIC: &str = "quotas";
    let least = intent.functions() as u64;
    match &facts.concurrency {
        Ok(unreserved) if *unreserved >= least => {
            Finding::well(TOPIC, format_args!("Lambda runs {unreserved} invocations at once"))
        }
        Ok(unreserved) => Finding::missing(
            TOPIC,
            format_args!("Lambda runs {unreserved} invocations at once, and there are {least} functions"),
            // The quota `Concurrent executions`, the same code in every region:
            // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
            format_args!(
                "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 \
                 --desired-value 1000 --region {}",
                intent.region
            ),
        ),
        Err(error) => unseen(TOPIC, error),
    }
}

#[cfg(test)]
mod tests;

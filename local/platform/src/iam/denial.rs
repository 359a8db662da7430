//! What AWS says when it denies a call.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>. Services differ in how they
//! write the action and the resource: S3 puts the resource into quotation marks, and leaves out that there is none; SQS
//! writes its actions in lower case.

use super::evaluate::Verdict;
use super::requirement::Requirement;

/// The message of a denial to whoever `caller` is; None for a verdict that is none.
pub(super) fn message(caller: &str, requirement: &Requirement, verdict: Verdict) -> Option<String> {
    let (service, name) = requirement.action.split_once(':').unwrap_or_default();
    let action = match service {
        "sqs" => format!("sqs:{}", name.to_lowercase()),
        _ => requirement.action.clone(),
    };
    let resource = match (service, requirement.resource.as_str()) {
        ("s3", "*") => String::new(),
        ("s3", resource) => format!(" on resource: \"{resource}\""),
        (_, resource) => format!(" on resource: {resource}"),
    };
    let reason = match verdict {
        Verdict::Allowed(_) => return None,
        Verdict::Denied(kind) => format!("with an explicit deny in {}", kind.with_article()),
        Verdict::NotAllowed(kind) => format!("because no {kind} allows the {action} action"),
    };
    Some(format!(
        "User: {caller} is not authorized to perform: {action}{resource} {reason}"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::reason::PolicyKind::{Boundary, Identity, Resource, Session};
    use super::*;
    use Verdict::{Allowed, Denied, NotAllowed};

    const USER: &str = "arn:aws:sts::123456789012:assumed-role/r/s";

    #[test]
    fn each_service_has_its_words() {
        for (action, resource, verdict, expected) in [
            (
                "ssm:GetParameters",
                "arn:aws:ssm:us-east-1:123456789012:parameter/a",
                NotAllowed(Identity),
                "ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/a because no identity-based \
                 policy allows the ssm:GetParameters action",
            ),
            (
                "ecr:GetAuthorizationToken",
                "*",
                NotAllowed(Identity),
                "ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the \
                 ecr:GetAuthorizationToken action",
            ),
            (
                "iam:PassRole",
                "arn:aws:iam::123456789012:role/job",
                Denied(Identity),
                "iam:PassRole on resource: arn:aws:iam::123456789012:role/job with an explicit deny in an identity-based \
                 policy",
            ),
            (
                "s3:GetObject",
                "arn:aws:s3:::b/k",
                NotAllowed(Session),
                "s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no session policy allows the s3:GetObject action",
            ),
            (
                "s3:GetObject",
                "arn:aws:s3:::b/k",
                Denied(Resource),
                "s3:GetObject on resource: \"arn:aws:s3:::b/k\" with an explicit deny in a resource-based policy",
            ),
            (
                "s3:ListAllMyBuckets",
                "*",
                NotAllowed(Identity),
                "s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action",
            ),
            (
                "sqs:SendMessage",
                "arn:aws:sqs:us-east-1:123456789012:q",
                NotAllowed(Resource),
                "sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:q because no resource-based policy allows \
                 the sqs:sendmessage action",
            ),
            (
                "states:StartExecution",
                "arn:aws:states:us-east-1:123456789012:stateMachine:m",
                NotAllowed(Boundary),
                "states:StartExecution on resource: arn:aws:states:us-east-1:123456789012:stateMachine:m because no \
                 permissions boundary allows the states:StartExecution action",
            ),
            (
                "iam:PassRole",
                "arn:aws:iam::123456789012:role/job",
                Denied(Boundary),
                "iam:PassRole on resource: arn:aws:iam::123456789012:role/job with an explicit deny in a permissions \
                 boundary",
            ),
            (
                "lambda:InvokeFunction",
                "arn:aws:lambda:us-east-1:123456789012:function:f",
                Denied(Session),
                "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f with an explicit deny \
                 in a session policy",
            ),
        ] {
            let said = message(USER, &Requirement::new(action, resource), verdict);
            let expected = format!("User: {USER} is not authorized to perform: {expected}");
            assert_eq!(said.as_deref(), Some(expected.as_str()));
        }
        assert_eq!(message(USER, &Requirement::new("a:B", "*"), Allowed(Identity)), None);
    }
}

//! What stands for a resource that the local run does not have, so that what refers to it can be made.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
//! for the names of services and of their resources in ARNs.

use super::scope::Made;
use platform::account::Account;
use serde_json::{Map, Value};

/// Types whose ARN does not follow from their name: the type, what its ARN names the service, and what stands before the
/// resource's own name. Whether `Ref` gives the ARN, and not the name.
const ARNS: &[(&str, &str, &str, bool)] = &[
    ("AWS::ApiGateway::RestApi", "apigateway", "/restapis/", false),
    ("AWS::ApiGatewayV2::Api", "apigateway", "/apis/", false),
    ("AWS::Batch::JobDefinition", "batch", "job-definition/", true),
    ("AWS::Batch::JobQueue", "batch", "job-queue/", true),
    ("AWS::Batch::ComputeEnvironment", "batch", "compute-environment/", true),
    ("AWS::CertificateManager::Certificate", "acm", "certificate/", true),
    ("AWS::Cognito::UserPool", "cognito-idp", "userpool/", false),
    ("AWS::DynamoDB::Table", "dynamodb", "table/", false),
    ("AWS::Events::EventBus", "events", "event-bus/", false),
    ("AWS::Kinesis::Stream", "kinesis", "stream/", false),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        "firehose",
        "deliverystream/",
        false,
    ),
    ("AWS::Lambda::Function", "lambda", "function:", false),
    ("AWS::Lambda::LayerVersion", "lambda", "layer:", true),
    ("AWS::SecretsManager::Secret", "secretsmanager", "secret:", true),
    ("AWS::Serverless::Function", "lambda", "function:", false),
    ("AWS::Serverless::HttpApi", "apigateway", "/apis/", false),
    ("AWS::Serverless::Api", "apigateway", "/restapis/", false),
    ("AWS::Serverless::LayerVersion", "lambda", "layer:", true),
    ("AWS::Serverless::SimpleTable", "dynamodb", "table/", false),
    ("AWS::Serverless::StateMachine", "states", "stateMachine:", true),
    ("AWS::SNS::Topic", "sns", "", true),
    ("AWS::SQS::Queue", "sqs", "", false),
    ("AWS::StepFunctions::Activity", "states", "activity:", true),
    ("AWS::StepFunctions::StateMachine", "states", "stateMachine:", true),
];

/// Properties by which templates name resources.
const NAMES: &[&str] = &[
    "Name",
    "TableName",
    "FunctionName",
    "StreamName",
    "DeliveryStreamName",
    "BucketName",
];

impl Made {
    /// What stands for a resource of this type that is not made: its name and its ARN are such as AWS would give.
    pub(crate) fn stand_in(account: &Account, kind: &str, properties: &Map<String, Value>, otherwise: &str) -> Self {
        let named = NAMES.iter().find_map(|name| properties.get(*name)?.as_str());
        let name = named.unwrap_or(otherwise);
        let (arn, is_reference) = match ARNS.iter().find(|(of, ..)| *of == kind) {
            Some((_, service, before, is_reference)) => {
                (account.arn(service, format_args!("{before}{name}")), *is_reference)
            }
            None => {
                let mut parts = kind.split("::").skip(1);
                let mut part = || parts.next().unwrap_or("custom").to_lowercase();
                let service = part();
                (account.arn(&service, format_args!("{}/{name}", part())), false)
            }
        };
        let reference = if is_reference { arn.clone() } else { name.to_owned() };
        Self {
            is_stand_in: true,
            ..Self::new(reference).with("Arn", arn)
        }
    }

    /// An attribute that is not here: the ARN, or a text that says what it stands for.
    pub(super) fn plausible(&self, attribute: &str) -> Value {
        match self.attributes.get("Arn") {
            // Only tables have a stream of their own, which is named after when it began.
            Some(Value::String(arn)) if attribute == "StreamArn" && arn.starts_with("arn:aws:dynamodb:") => {
                format!("{arn}/stream/2000-01-01T00:00:00.000").into()
            }
            Some(arn) if attribute.ends_with("Arn") => arn.clone(),
            _ => format!("{}.{attribute}", self.reference.as_str().unwrap_or("resource")).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_arns_are_such_as_aws_gives() {
        let account = Account::local();
        for (kind, properties, reference, arn) in [
            (
                "AWS::DynamoDB::Table",
                json!({"TableName": "orders"}),
                "orders",
                "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
            ),
            (
                "AWS::SecretsManager::Secret",
                json!({}),
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:stack-Id",
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:stack-Id",
            ),
            (
                "AWS::Glue::Job",
                json!({"Name": "clean"}),
                "clean",
                "arn:aws:glue:us-east-1:123456789012:job/clean",
            ),
            (
                "Custom::Thing",
                json!({}),
                "stack-Id",
                "arn:aws:thing:us-east-1:123456789012:custom/stack-Id",
            ),
        ] {
            let properties = properties.as_object().expect("a map");
            let made = Made::stand_in(&account, kind, properties, "stack-Id");
            assert_eq!(
                (&made.reference, &made.attributes["Arn"]),
                (&json!(reference), &json!(arn)),
                "{kind}"
            );
            let stream = match kind {
                "AWS::DynamoDB::Table" => format!("{arn}/stream/2000-01-01T00:00:00.000"),
                _ => arn.to_owned(),
            };
            assert_eq!(made.plausible("StreamArn"), json!(stream), "{kind}");
            assert_eq!(made.plausible("Url"), json!(format!("{reference}.Url")), "{kind}");
        }
    }
}

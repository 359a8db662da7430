//! What the services that are not here are called, for those who ask for them.

use platform::ServiceError;

/// The names of services by those that signatures have, where people know them by another one.
const NAMES: &[(&str, &str)] = &[
    ("apigateway", "API Gateway"),
    ("application-autoscaling", "Application Auto Scaling"),
    ("athena", "Athena"),
    ("autoscaling", "EC2 Auto Scaling"),
    ("batch", "Batch"),
    ("cloudcontrolapi", "Cloud Control API"),
    ("cloudfront", "CloudFront"),
    ("cloudtrail", "CloudTrail"),
    ("cognito-idp", "Cognito"),
    ("dynamodb", "DynamoDB"),
    ("ec2", "EC2"),
    ("elasticfilesystem", "EFS"),
    ("firehose", "Firehose"),
    ("glue", "Glue"),
    ("kinesis", "Kinesis"),
    ("kms", "KMS"),
    ("monitoring", "CloudWatch"),
    ("pipes", "EventBridge Pipes"),
    ("rds", "RDS"),
    ("resource-groups", "Resource Groups"),
    ("route53", "Route 53"),
    ("scheduler", "EventBridge Scheduler"),
    ("secretsmanager", "Secrets Manager"),
    ("serverlessrepo", "Serverless Application Repository"),
    ("tagging", "Resource Groups Tagging API"),
    ("xray", "X-Ray"),
];

/// The refusal of an operation whose service is not here, in the service's own name.
pub(super) fn refusal(service: &str, operation: &str) -> ServiceError {
    let named = NAMES.iter().find(|(signing, _)| *signing == service);
    let name = named.map_or(service, |(_, name)| name);
    ServiceError::new(
        "NotInLocalRun",
        format_args!("the local run has no `{name} {operation}`"),
    )
    .with_status(501)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_called_as_people_call_them() {
        for (service, expected) in [
            ("monitoring", "the local run has no `CloudWatch ListMetrics`"),
            ("braket", "the local run has no `braket ListMetrics`"),
        ] {
            assert_eq!(refusal(service, "ListMetrics").message, expected);
        }
    }
}

//! Resources that have no effect on one machine. The rest of a template needs only their names.

use super::maker::{Failure, Maker};
use super::properties::Properties;
use crate::template::Made;

/// Makes such a resource. Every type that is not on the list is refused.
pub(super) async fn made(maker: &Maker<'_>, kind: &str, mut properties: Properties) -> Result<Made, Failure> {
    let account = &maker.cloud.account;
    let mut name = |property: &str| -> Result<String, Failure> {
        Ok(properties.take_text(property)?.unwrap_or_else(|| maker.name()))
    };
    Ok(match kind {
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
            let name = name("AlarmName")?;
            let arn = account.arn("cloudwatch", format_args!("alarm:{name}"));
            Made::new(name).with("Arn", arn)
        }
        "AWS::IAM::OIDCProvider" => {
            let url = name("Url")?;
            let host = url.strip_prefix("https://").unwrap_or(&url);
            let arn = account.global_arn("iam", format_args!("oidc-provider/{host}"));
            Made::new(arn.clone()).with("Arn", arn)
        }
        "AWS::CloudWatch::Dashboard"
        | "AWS::Logs::MetricFilter"
        | "AWS::Logs::QueryDefinition"
        | "AWS::Logs::ResourcePolicy"
        | "AWS::Lambda::LayerVersionPermission" => Made::new(maker.name()),
        _ => return Err(Failure::Kind),
    })
}

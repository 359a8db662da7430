//! Parameters, buckets, image repositories and groups of models.

use super::maker::{Failure, Maker};
use super::properties::{Properties, camel, document};
use crate::template::Made;
use serde_json::{Value, json};
use services::s3;

/// `AWS::SSM::Parameter`.
pub(super) async fn parameter(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.take_text("Name")?.unwrap_or_else(|| maker.name());
    let (kind, value) = (properties.require_text("Type")?, properties.require_text("Value")?);
    let mut input = json!({"Name": name, "Type": kind, "Value": value});
    for property in ["AllowedPattern", "DataType", "Description", "Policies", "Tier"] {
        if let Some(text) = properties.take_text(property)? {
            input[property] = text.into();
        }
    }
    let tags = properties.take_tag_list()?;
    properties.finish()?;
    if maker.is_there {
        // A change of a parameter takes no tags.
        input["Overwrite"] = true.into();
    } else if let Some(tags) = tags {
        input["Tags"] = tags;
    }
    maker.call("ssm", "PutParameter", input).await?;
    Ok(Made::new(name).with("Type", kind).with("Value", value))
}

/// The properties of a bucket that S3 takes in operations of their own: property, operation, member of its input.
const BUCKET_SETTINGS: &[(&str, &str, &str)] = &[
    (
        "BucketEncryption",
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
    ),
    (
        "LifecycleConfiguration",
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
    ),
    ("LoggingConfiguration", "PutBucketLogging", "BucketLoggingStatus"),
    (
        "NotificationConfiguration",
        "PutBucketNotificationConfiguration",
        "NotificationConfiguration",
    ),
    ("OwnershipControls", "PutBucketOwnershipControls", "OwnershipControls"),
    (
        "PublicAccessBlockConfiguration",
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
    ),
    (
        "VersioningConfiguration",
        "PutBucketVersioning",
        "VersioningConfiguration",
    ),
];

/// The most characters of a bucket's name.
///
/// See <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
const BUCKET_NAME_LIMIT: usize = 63;

/// The name of a bucket to which the template gives none: where it would be too long, the stack's part is shortened, as
/// CloudFormation does it.
fn bucket_name(maker: &Maker<'_>) -> String {
    let id: String = maker.id.to_lowercase().chars().take(BUCKET_NAME_LIMIT / 2).collect();
    let stack: String = maker
        .stack
        .to_lowercase()
        .chars()
        .take(BUCKET_NAME_LIMIT - 1 - id.len())
        .collect();
    format!("{stack}-{id}")
}

/// `AWS::S3::Bucket`.
pub(super) async fn bucket(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = match properties.take_text("BucketName")? {
        Some(name) => name,
        None => bucket_name(maker),
    };
    let mut settings = Vec::new();
    for (property, operation, member) in BUCKET_SETTINGS {
        if let Some(setting) = properties.take(property) {
            let setting = if *property == "BucketEncryption" {
                encryption(&setting)
            } else {
                setting
            };
            settings.push((*operation, json!({"Bucket": name, *member: setting})));
        }
    }
    if let Some(tags) = properties.take_tag_list()? {
        let input = json!({"Bucket": name, "Tagging": {"TagSet": tags}});
        settings.push(("PutBucketTagging", input));
    }
    // What is left out is known before anything is made: it is made once.
    properties.finish()?;
    maker
        .call_unless_there("s3", "CreateBucket", s3::create_here(maker.cloud, &name))
        .await?;
    maker.has_made(name.clone().into());
    for (operation, input) in settings {
        maker.call("s3", operation, input).await?;
    }
    let host = format!("{name}.s3.amazonaws.com");
    let regional = format!("{name}.s3.{}.amazonaws.com", maker.cloud.account.region);
    Ok(Made::new(name.clone())
        .with("Arn", maker.cloud.account.s3_arn(&name, None))
        .with("DomainName", host)
        .with("RegionalDomainName", regional))
}

/// Turns CloudFormation's names into those of `PutBucketEncryption`.
fn encryption(configuration: &Value) -> Value {
    let rules = configuration.get("ServerSideEncryptionConfiguration");
    let rules = rules.and_then(Value::as_array).into_iter().flatten();
    let rules = rules.map(|rule| {
        let mut renamed = json!({"ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault")});
        if let Some(bucket_key) = rule.get("BucketKeyEnabled") {
            renamed["BucketKeyEnabled"] = bucket_key.clone();
        }
        renamed
    });
    json!({"Rules": rules.collect::<Vec<_>>()})
}

/// `AWS::S3::BucketPolicy`.
pub(super) async fn bucket_policy(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let bucket = properties.require_text("Bucket")?;
    let policy = document(properties.require("PolicyDocument")?);
    properties.finish()?;
    let input = json!({"Bucket": bucket, "Policy": policy});
    maker.call("s3", "PutBucketPolicy", input).await?;
    Ok(Made::new(bucket))
}

/// `AWS::SageMaker::ModelPackageGroup`.
pub(super) async fn model_package_group(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = properties.require_text("ModelPackageGroupName")?;
    let mut input = json!({"ModelPackageGroupName": name});
    if let Some(text) = properties.take_text("ModelPackageGroupDescription")? {
        input["ModelPackageGroupDescription"] = text.into();
    }
    if let Some(tags) = properties.take_tag_list()? {
        input["Tags"] = tags;
    }
    properties.finish()?;
    maker
        .call_unless_there("sagemaker", "CreateModelPackageGroup", input)
        .await?;
    let account = &maker.cloud.account;
    let arn = account.arn("sagemaker", format_args!("model-package-group/{name}"));
    // A reference gives the ARN.
    Ok(Made::new(arn.clone()).with("ModelPackageGroupArn", arn))
}

/// The filters as the API has them: a template's have longer names.
fn exclusion_filters(filters: &Value) -> Value {
    let filters = filters.as_array().into_iter().flatten();
    let shown = filters.map(|filter| {
        let of = |member: &str| filter[format!("ImageTagMutabilityExclusionFilter{member}")].clone();
        json!({"filterType": of("Type"), "filter": of("Value")})
    });
    shown.collect()
}

/// `AWS::ECR::Repository`.
pub(super) async fn repository(maker: &Maker<'_>, mut properties: Properties) -> Result<Made, Failure> {
    let name = match properties.take_text("RepositoryName")? {
        Some(name) => name,
        None => maker.name().to_lowercase(),
    };
    let mut input = json!({"repositoryName": name});
    for (property, field) in [
        ("EncryptionConfiguration", "encryptionConfiguration"),
        ("ImageScanningConfiguration", "imageScanningConfiguration"),
        ("ImageTagMutability", "imageTagMutability"),
    ] {
        if let Some(value) = properties.take(property) {
            input[field] = camel(value);
        }
    }
    if let Some(filters) = properties.take("ImageTagMutabilityExclusionFilters") {
        input["imageTagMutabilityExclusionFilters"] = exclusion_filters(&filters);
    }
    if let Some(tags) = properties.take_tag_list()? {
        input["tags"] = tags;
    }
    let lifecycle = properties.take("LifecyclePolicy");
    let policy = properties.take("RepositoryPolicyText");
    properties.ignore(&["EmptyOnDelete"]);
    properties.finish()?;
    let mut change = json!({"repositoryName": name});
    for member in ["imageTagMutability", "imageTagMutabilityExclusionFilters"] {
        if let Some(value) = input.get(member) {
            change[member] = value.clone();
        }
    }
    maker.call_unless_there("ecr", "CreateRepository", input).await?;
    maker.has_made(name.clone().into());
    if maker.is_there && change.get("imageTagMutability").is_some() {
        maker.call("ecr", "PutImageTagMutability", change).await?;
    }
    let asked = json!({"repositoryNames": [name]});
    let found = maker.call("ecr", "DescribeRepositories", asked).await?;
    if let Some(text) = lifecycle.and_then(|mut policy| policy.get_mut("LifecyclePolicyText").map(Value::take)) {
        let input = json!({"repositoryName": name, "lifecyclePolicyText": document(text)});
        maker.call("ecr", "PutLifecyclePolicy", input).await?;
    }
    if let Some(policy) = policy {
        let input = json!({"repositoryName": name, "policyText": document(policy)});
        maker.call("ecr", "SetRepositoryPolicy", input).await?;
    }
    let of = |field: &str| {
        found
            .pointer(&format!("/repositories/0/{field}"))
            .cloned()
            .unwrap_or_default()
    };
    Ok(Made::new(name)
        .with("Arn", of("repositoryArn"))
        .with("RepositoryUri", of("repositoryUri")))
}

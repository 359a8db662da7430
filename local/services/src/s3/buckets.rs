//! Buckets, and how they are configured.

use super::bucket::{Bucket, S3, Versioning, on};
use super::object::Encryption;
use super::store::Store;
use platform::{Call, Nothing, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Operations that configure a bucket, what each asks of IAM, and the member of its input that is kept. Nothing in the
/// local run depends on it, except on the policy, the encryption and the versioning.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "PutBucketEncryption",
        "s3:PutEncryptionConfiguration",
        "ServerSideEncryptionConfiguration",
    ),
    (
        "PutBucketLifecycleConfiguration",
        "s3:PutLifecycleConfiguration",
        "LifecycleConfiguration",
    ),
    ("PutBucketLogging", "s3:PutBucketLogging", "BucketLoggingStatus"),
    (
        "PutBucketNotificationConfiguration",
        "s3:PutBucketNotification",
        "NotificationConfiguration",
    ),
    (
        "PutBucketOwnershipControls",
        "s3:PutBucketOwnershipControls",
        "OwnershipControls",
    ),
    ("PutBucketPolicy", "s3:PutBucketPolicy", "Policy"),
    (
        "PutBucketVersioning",
        "s3:PutBucketVersioning",
        "VersioningConfiguration",
    ),
    (
        "PutPublicAccessBlock",
        "s3:PutBucketPublicAccessBlock",
        "PublicAccessBlockConfiguration",
    ),
];

/// S3's first region, which answers for all others and has no location constraint of its own.
pub(super) const FIRST_REGION: &str = "us-east-1";

/// Sends whoever looks for a bucket in another region there, as S3 does. Copies may come from anywhere, and where a bucket
/// is can be asked everywhere.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
pub(super) fn is_here(s3: &S3, platform: &Platform, operation: &str, input: &Value) -> Result<(), ServiceError> {
    if matches!(operation, "CreateBucket" | "GetBucketLocation") {
        return Ok(());
    }
    let is_elsewhere = input["Bucket"].as_str().is_some_and(|name| {
        let buckets = s3.buckets();
        let region = buckets.get(name).and_then(|bucket| bucket.region.as_deref());
        region.is_some_and(|region| region != platform.account.region)
    });
    if is_elsewhere {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send \
                       all future requests to this endpoint.";
        return Err(ServiceError::new("PermanentRedirect", message).with_status(301));
    }
    Ok(())
}

/// The region of a new bucket: the one that was asked for, which must be the one that the request came to; the first region
/// makes buckets everywhere.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>.
fn region_of(constraint: Option<String>, platform: &Platform) -> Result<String, ServiceError> {
    let here = platform.account.region.as_str();
    let illegal = |constraint: &str| {
        ServiceError::new(
            "IllegalLocationConstraintException",
            format_args!(
                "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent \
                 to."
            ),
        )
    };
    match constraint.filter(|constraint| !constraint.is_empty()) {
        None if here == FIRST_REGION => Ok(here.to_owned()),
        None => Err(illegal("unspecified")),
        Some(constraint) if constraint == here && here != FIRST_REGION => Ok(constraint),
        Some(constraint)
            if here == FIRST_REGION && constraint != here && platform.account.may_have_region(&constraint) =>
        {
            Ok(constraint)
        }
        Some(_) if here == FIRST_REGION => Err(ServiceError::new(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )),
        Some(constraint) => Err(illegal(&constraint)),
    }
}

/// What CreateBucket must be given for a bucket where one is.
pub fn create_here(platform: &Platform, bucket: &str) -> Value {
    let region = &platform.account.region;
    if region == FIRST_REGION {
        return json!({"Bucket": bucket});
    }
    json!({"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": region}})
}

/// The input of what configures a bucket: its name, and the one member that is kept.
#[derive(Deserialize)]
struct Configure {
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

/// The input of what takes a bucket's name alone.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) bucket: String,
}

/// The input of CreateBucket.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    bucket: String,
    create_bucket_configuration: Option<CreateBucketConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateBucketConfiguration {
    location_constraint: Option<String>,
}

/// What IAM must allow for an operation on a bucket as a whole.
pub(super) fn may(action: &'static str) -> impl Fn(&S3, &Platform, &Named) -> Result<Vec<Requirement>, ServiceError> {
    move |s3, platform, input| {
        s3.in_bucket(&input.bucket, |_| ())?;
        Ok(vec![on(platform, action, &input.bucket, None)])
    }
}

pub(super) fn may_create(_: &S3, platform: &Platform, input: &Create) -> Result<Vec<Requirement>, ServiceError> {
    let bucket = input.bucket.as_str();
    let valid = (3..=63).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && !bucket.starts_with(['-', '.'])
        && !bucket.ends_with(['-', '.']);
    if !valid {
        return Err(ServiceError::new(
            "InvalidBucketName",
            format_args!("The specified bucket is not valid: {bucket}"),
        ));
    }
    Ok(vec![on(platform, "s3:CreateBucket", bucket, None)])
}

pub(super) fn may_list(_: &S3, _: &Platform, _: &Nothing) -> Result<Vec<Requirement>, ServiceError> {
    Ok(vec![Requirement::new("s3:ListAllMyBuckets", "*")])
}

/// The rows of the operations that configure a bucket.
pub(super) fn settings() -> impl Iterator<Item = Operation<S3>> {
    SETTINGS.iter().map(|&(operation, action, member)| {
        Operation::new(
            operation,
            move |_: &S3, platform: &Platform, input: &Configure| Ok(vec![on(platform, action, &input.bucket, None)]),
            move |s3: &S3, call: &Call, input: Configure| s3.configure(call, operation, member, input),
        )
    })
}

impl S3 {
    pub(super) fn create_bucket(&self, call: &Call, input: Create) -> Result<Value, ServiceError> {
        let constraint = input
            .create_bucket_configuration
            .and_then(|asked| asked.location_constraint);
        let region = region_of(constraint, &call.platform)?;
        let mut buckets = self.buckets();
        let existing = buckets.get(&input.bucket).map(|bucket| bucket.region.as_deref());
        // The first region says nothing of a bucket of its own, for those who have relied on that.
        if existing == Some(Some(FIRST_REGION)) && region == FIRST_REGION {
            return Ok(json!({"Location": format!("/{}", input.bucket)}));
        }
        if existing.is_some() {
            return Err(ServiceError::new(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            )
            .with_status(409));
        }
        let location = format!("/{}", input.bucket);
        let store = Store::open(&self.lasting, &input.bucket)?;
        buckets.insert(input.bucket, Bucket::new(region, store));
        Ok(json!({"Location": location}))
    }

    pub(super) fn head_bucket(&self, call: &Call, _: Named) -> Result<Value, ServiceError> {
        Ok(json!({"BucketRegion": call.platform.account.region}))
    }

    pub(super) fn delete_bucket(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let (is_empty, versioning) =
            self.in_bucket(&input.bucket, |bucket| (bucket.store.is_empty(), bucket.versioning))?;
        if !is_empty {
            let message = match versioning {
                Versioning::Never => "The bucket you tried to delete is not empty",
                _ => "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            };
            return Err(ServiceError::new("BucketNotEmpty", message).with_status(409));
        }
        let arn = call.platform.account.s3_arn(&input.bucket, None);
        call.platform.iam.delete_resource_policy(&arn);
        self.buckets().remove(&input.bucket);
        Ok(json!({}))
    }

    pub(super) fn delete_policy(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let arn = call.platform.account.s3_arn(&input.bucket, None);
        call.platform.iam.delete_resource_policy(&arn);
        self.in_bucket(&input.bucket, |bucket| drop(bucket.settings.remove("PutBucketPolicy")))?;
        Ok(json!({}))
    }

    /// The first region has no name here, for historical reasons.
    pub(super) fn get_location(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let region = self.in_bucket(&input.bucket, |bucket| bucket.region.clone())?;
        let region = region.unwrap_or_else(|| call.platform.account.region.clone());
        let constraint = (region != FIRST_REGION).then_some(region);
        Ok(json!({"LocationConstraint": constraint}))
    }

    pub(super) fn get_versioning(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        self.in_bucket(&input.bucket, |bucket| match bucket.versioning {
            Versioning::Never => json!({}),
            Versioning::Enabled => json!({"Status": "Enabled"}),
            Versioning::Suspended => json!({"Status": "Suspended"}),
        })
    }

    pub(super) fn list_buckets(&self, _: &Call, _: Nothing) -> Result<Value, ServiceError> {
        let buckets = self.buckets();
        let buckets = buckets
            .iter()
            .map(|(name, bucket)| json!({"Name": name, "CreationDate": bucket.created}));
        Ok(json!({"Buckets": buckets.collect::<Vec<_>>()}))
    }

    fn configure(
        &self,
        call: &Call,
        operation: &str,
        member: &str,
        mut input: Configure,
    ) -> Result<Value, ServiceError> {
        let setting = input
            .members
            .remove(member)
            .ok_or_else(|| ServiceError::new("MissingParameter", format_args!("`{member}` is required")))?;
        if member == "Policy" {
            let policy = setting.as_str().map(serde_json::from_str::<Value>);
            let Some(Ok(policy)) = policy else {
                return Err(ServiceError::new("MalformedPolicy", "Policies must be valid JSON"));
            };
            let arn = call.platform.account.s3_arn(&input.bucket, None);
            call.platform.iam.put_resource_policy(&arn, &policy)?;
        }
        let versioning = (member == "VersioningConfiguration")
            .then(|| versioning(&setting))
            .transpose()?;
        let encryption = (member == "ServerSideEncryptionConfiguration").then(|| default_encryption(&setting));
        self.in_bucket(&input.bucket, |bucket| {
            if let Some(encryption) = encryption.flatten() {
                bucket.encryption = encryption;
            }
            bucket.versioning = versioning.unwrap_or(bucket.versioning);
            bucket.settings.insert(operation.to_owned(), setting);
        })?;
        Ok(json!({}))
    }
}

fn default_encryption(configuration: &Value) -> Option<Encryption> {
    let default = configuration.pointer("/Rules/0/ApplyServerSideEncryptionByDefault")?;
    Some(Encryption {
        algorithm: default.get("SSEAlgorithm")?.as_str()?.to_owned(),
        kms_key_id: default.get("KMSMasterKeyID").and_then(Value::as_str).map(str::to_owned),
    })
}

fn versioning(configuration: &Value) -> Result<Versioning, ServiceError> {
    let unknown = configuration
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .find(|name| *name != "Status");
    if let Some(name) = unknown {
        let message = format_args!("the local run does not have the field `{name}` of VersioningConfiguration");
        return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
    }
    match configuration["Status"].as_str() {
        Some("Enabled") => Ok(Versioning::Enabled),
        Some("Suspended") => Ok(Versioning::Suspended),
        _ => Err(ServiceError::new(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
        )),
    }
}

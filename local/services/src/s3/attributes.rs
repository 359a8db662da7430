//! What goes with an object beside its bytes: headers, metadata, encryption and tags.

use super::bucket::on;
use super::object::{About, Encryption, KEPT, Tags};
use platform::input::Target;
use platform::{Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The most bytes of names and values that a caller's own metadata has.
const MOST_METADATA: usize = 2048;

/// The members of an input that say what goes with a new object.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    pub(super) content_type: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    server_side_encryption: Option<String>,
    #[serde(rename = "SSEKMSKeyId")]
    kms_key_id: Option<String>,
    #[serde(rename = "ACL")]
    acl: Option<String>,
    storage_class: Option<String>,
    tagging: Option<String>,
    /// Headers that are kept.
    #[serde(flatten)]
    headers: BTreeMap<String, Value>,
}

impl Target for Attributes {
    const MEMBERS: &'static [&'static str] = &[
        "ACL",
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "Expires",
        "Metadata",
        "SSEKMSKeyId",
        "ServerSideEncryption",
        "StorageClass",
        "Tagging",
    ];
}

impl Attributes {
    /// What IAM must allow for an object that is put with these.
    pub(super) fn requires(
        &self,
        platform: &Platform,
        (bucket, key): (&str, &str),
        default: Encryption,
    ) -> Result<Vec<Requirement>, ServiceError> {
        check_key(key)?;
        let asked = self.encryption()?;
        let mut put = on(platform, "s3:PutObject", bucket, Some(key));
        if let Some(asked) = &asked {
            put = put.with("s3:x-amz-server-side-encryption", &asked.algorithm);
            if let Some(key) = &asked.kms_key_id {
                let arn = kms_key_arn(platform, key);
                put = put.with("s3:x-amz-server-side-encryption-aws-kms-key-id", arn);
            }
        }
        // An access control list is asked for by itself:
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
        let acl = self.acl.as_ref();
        let acl = acl.map(|acl| on(platform, "s3:PutObjectAcl", bucket, Some(key)).with("s3:x-amz-acl", acl));
        let tags = self.tags()?.filter(|tags| !tags.is_empty());
        let tags = tags.map(|tags| on_tags(platform, "s3:PutObjectTagging", (bucket, key), &tags));
        let encryption = of_key(platform, "kms:GenerateDataKey", &asked.unwrap_or(default));
        Ok(acl.into_iter().chain([put]).chain(tags).chain(encryption).collect())
    }

    /// How the object is to be encrypted, where that is said.
    pub(super) fn encryption(&self) -> Result<Option<Encryption>, ServiceError> {
        let Some(algorithm) = &self.server_side_encryption else {
            return Ok(None);
        };
        if !matches!(algorithm.as_str(), "AES256" | "aws:kms" | "aws:kms:dsse") {
            return Err(ServiceError::new(
                "InvalidEncryptionAlgorithmError",
                "The encryption request that you specified is not valid. The valid value is AES256.",
            ));
        }
        Ok(Some(Encryption {
            algorithm: algorithm.clone(),
            kms_key_id: self.kms_key_id.clone(),
        }))
    }

    /// The tags, where some are given.
    pub(super) fn tags(&self) -> Result<Option<Tags>, ServiceError> {
        let Some(text) = &self.tagging else { return Ok(None) };
        let pairs = platform::http::pairs(text);
        let (given, tags) = (pairs.len(), pairs.into_iter().collect::<Tags>());
        let is_of_pairs = text.split('&').all(|pair| pair.matches('=').count() <= 1);
        if given != tags.len() || !is_of_pairs {
            let message = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag \
                           name duplicates.";
            return Err(ServiceError::new("InvalidArgument", message)
                .with_detail("ArgumentName", "x-amz-tagging")
                .with_detail("ArgumentValue", text));
        }
        check_tags(&tags)?;
        Ok(Some(tags))
    }

    /// Whether a storage class is named, be it the one that there is.
    pub(super) fn names_storage_class(&self) -> bool {
        self.storage_class.is_some()
    }

    /// Headers and metadata.
    pub(super) fn about(&self) -> Result<About, ServiceError> {
        if let Some(class) = self.storage_class.as_deref().filter(|class| *class != "STANDARD") {
            let message = format_args!("the local run does not have the storage class `{class}`");
            return Err(ServiceError::new("NotInLocalRun", message).with_status(501));
        }
        let metadata = self.metadata.clone().unwrap_or_default();
        if metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > MOST_METADATA
        {
            return Err(ServiceError::new(
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
            ));
        }
        let kept = |(member, value): (&String, &Value)| {
            let (_, member) = KEPT.iter().find(|(_, known)| known == member)?;
            Some((Cow::Borrowed(*member), value.as_str()?.to_owned()))
        };
        Ok(About {
            content_type: self.content_type.clone(),
            headers: self.headers.iter().filter_map(kept).collect(),
            metadata,
        })
    }
}

/// A tagging action on an object, with the tags that it is about.
pub(super) fn on_tags(platform: &Platform, action: &str, (bucket, key): (&str, &str), tags: &Tags) -> Requirement {
    let requirement = on(platform, action, bucket, Some(key));
    tags.iter().fold(requirement, |requirement, (name, value)| {
        requirement
            .with(format!("s3:RequestObjectTag/{name}"), value)
            .with("s3:RequestObjectTagKeys", name)
    })
}

pub(super) fn check_key(key: &str) -> Result<(), ServiceError> {
    if (1..=1024).contains(&key.len()) {
        Ok(())
    } else {
        Err(ServiceError::new("KeyTooLongError", "Your key is empty or too long"))
    }
}

/// Ten tags at most, of so many characters:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>.
pub(super) fn check_tags(tags: &Tags) -> Result<(), ServiceError> {
    if tags.len() > 10 {
        return Err(ServiceError::new("BadRequest", "Object tags cannot be greater than 10"));
    }
    tags.iter()
        .try_for_each(|(name, value)| check_tag(name, value, "Your TagKey cannot be prefixed with aws:"))
}

/// Refuses what is no tag: `system` is what is said of one that AWS alone can give.
pub(super) fn check_tag(name: &str, value: &str, system: &str) -> Result<(), ServiceError> {
    let plain = |text: &str| {
        let known = |character: char| character.is_alphanumeric() || "+-=._:/@".contains(character);
        text.chars()
            .all(|character| known(character) || character.is_whitespace())
    };
    if name.starts_with("aws:") {
        return Err(invalid_tag(system).with_detail("TagKey", name));
    }
    if !(1..=128).contains(&name.chars().count()) || !plain(name) {
        return Err(invalid_tag("The TagKey you have provided is invalid").with_detail("TagKey", name));
    }
    if value.chars().count() > 256 || !plain(value) {
        return Err(invalid_tag("The TagValue you have provided is invalid")
            .with_detail("TagKey", name)
            .with_detail("TagValue", value));
    }
    Ok(())
}

pub(super) fn invalid_tag(message: &str) -> ServiceError {
    ServiceError::new("InvalidTag", message)
}

/// A customer's key has permissions of its own; S3's and AWS's keys do not.
pub(super) fn of_key(platform: &Platform, action: &str, encryption: &Encryption) -> Option<Requirement> {
    let key = encryption.kms_key_id.as_ref()?;
    let service = format!("s3.{}.amazonaws.com", platform.account.region);
    (!key.ends_with("alias/aws/s3"))
        .then(|| Requirement::new(action, kms_key_arn(platform, key)).with("kms:ViaService", service))
}

fn kms_key_arn(platform: &Platform, key: &str) -> String {
    if key.starts_with("arn:") {
        key.to_owned()
    } else if key.starts_with("alias/") {
        platform.account.arn("kms", key)
    } else {
        platform.account.arn("kms", format_args!("key/{key}"))
    }
}

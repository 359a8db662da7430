//! Parameters and their versions.

use super::name::{self, Selected, Which};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use platform::account::Account;
use platform::error::ServiceError;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// How many versions of a parameter are kept.
pub(super) const MOST_VERSIONS: usize = 100;

/// A type of parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    String,
    StringList,
    SecureString,
}

impl Kind {
    /// Reads the type's name.
    pub(super) fn read(name: &str) -> Result<Self, ServiceError> {
        match name {
            "String" => Ok(Self::String),
            "StringList" => Ok(Self::StringList),
            "SecureString" => Ok(Self::SecureString),
            _ => {
                let rule = "Member must satisfy enum value set: [SecureString, StringList, String]";
                Err(ServiceError::constraint(name, "type", rule))
            }
        }
    }

    /// The type's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// A parameter.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) kind: Kind,
    /// From the oldest that is kept to the latest; never empty.
    pub(super) versions: Vec<Version>,
    pub(super) tags: BTreeMap<String, String>,
}

/// One version of a parameter.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) value: String,
    pub(super) description: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) allowed_pattern: Option<String>,
    pub(super) data_type: String,
    /// `Standard` or `Advanced`.
    pub(super) tier: String,
    pub(super) modified: Timestamp,
    pub(super) modified_by: String,
    pub(super) labels: Vec<String>,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Parameter(***)")
    }
}

impl Parameter {
    /// The current version.
    pub(super) fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version that a selector means.
    pub(super) fn select(&self, selected: &Selected) -> Result<&Version, ServiceError> {
        let found = match selected.which() {
            Which::Latest => self.latest(),
            Which::Version(number) => self.versions.iter().find(|version| version.number == number),
            Which::Label(label) => self.with_label(label),
        };
        found.ok_or_else(|| {
            ServiceError::new(
                "ParameterVersionNotFound",
                format_args!(
                    "Systems Manager could not find version {} of {}. Verify the version and try again.",
                    selected.selector.as_deref().unwrap_or_default().trim_start_matches(':'),
                    selected.name
                ),
            )
        })
    }

    /// What answers say of a version, without its value.
    pub(super) fn described(&self, name: &str, version: &Version) -> Value {
        let mut described = json!({
            "Name": name,
            "Type": self.kind.name(),
            "LastModifiedDate": seconds(version.modified),
            "LastModifiedUser": version.modified_by,
            "Version": version.number,
            "Tier": version.tier,
            "Policies": [],
            "DataType": version.data_type,
        });
        for (field, value) in [
            ("Description", &version.description),
            ("KeyId", &version.key_id),
            ("AllowedPattern", &version.allowed_pattern),
        ] {
            if let Some(value) = value {
                described[field] = value.as_str().into();
            }
        }
        described
    }

    /// The version with a label.
    pub(super) fn with_label(&self, label: &str) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.labels.iter().any(|own| own == label))
    }

    /// A version as GetParameter, GetParameters and GetParametersByPath answer it.
    pub(super) fn shown(&self, account: &Account, selected: &Selected, version: &Version, decrypted: bool) -> Value {
        let mut shown = json!({
            "Name": selected.name,
            "Type": self.kind.name(),
            "Value": self.value(version, decrypted),
            "Version": version.number,
            "LastModifiedDate": seconds(version.modified),
            "ARN": name::arn(account, &selected.name),
            "DataType": version.data_type,
        });
        if let Some(selector) = &selected.selector {
            shown["Selector"] = selector.as_str().into();
        }
        shown
    }

    /// The value. For a SecureString that is not decrypted it is another text.
    pub(super) fn value(&self, version: &Version, decrypted: bool) -> String {
        if self.kind != Kind::SecureString || decrypted {
            return version.value.clone();
        }
        // On AWS this is KMS's ciphertext. It shows nothing of the value either, and differs for each version.
        STANDARD.encode(Sha256::digest(format!("{} {}", version.number, version.value)))
    }
}

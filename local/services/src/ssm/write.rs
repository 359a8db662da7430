//! Writing and deleting parameters.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>.

use super::data_type;
use super::name::{self, OneName, TenNames};
use super::parameter::{Kind, MOST_VERSIONS, Parameter, Version};
use super::store::Ssm;
use crate::tags::Tag;
use jiff::Timestamp;
use platform::input::On;
use platform::store::Held;
use platform::{Call, Nothing, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a value can be in the standard tier, in bytes.
const STANDARD_VALUE: usize = 4096;
/// How long a value can be in the advanced tier, in bytes.
const ADVANCED_VALUE: usize = 8192;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutParameter {
    name: String,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<String>,
    description: Option<String>,
    key_id: Option<String>,
    #[serde(default)]
    overwrite: bool,
    allowed_pattern: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    tier: Option<String>,
    data_type: Option<String>,
}

impl PutParameter {
    pub(super) fn requirements(_: &Ssm, platform: &Platform, put: &Self) -> Result<Vec<Requirement>, ServiceError> {
        name::check_given(&put.name)?;
        let arn = name::arn(&platform.account, &put.name);
        let mut requirements = vec![Requirement::new("ssm:PutParameter", &arn).giving(&put.tags)];
        if !put.tags.is_empty() {
            requirements.push(Requirement::new("ssm:AddTagsToResource", &arn).giving(&put.tags));
        }
        Ok(requirements)
    }
}

impl Ssm {
    pub(super) fn put_parameter(&self, call: &Call, mut put: PutParameter) -> Result<Value, ServiceError> {
        name::check_new(&put.name)?;
        put.name = self.kept(&put.name);
        let existing = self.parameters().get(&put.name).cloned();
        let kind = kind_of(&put, existing.as_ref())?;
        let data_type = put.data_type.clone().unwrap_or_else(|| "text".to_owned());
        if data_type != "text" && kind != Kind::String {
            return Err(ServiceError::validation(
                "The data type can be anything but text for parameters of type String alone.",
            ));
        }
        let tier = tier(&put, existing.as_ref())?;
        check_value(&put, &data_type)?;
        if kind == Kind::SecureString {
            call.platform.secrets.keep(&put.value);
            let action = if tier == "Advanced" {
                "kms:GenerateDataKey"
            } else {
                "kms:Encrypt"
            };
            authorize_key(call, action, &put.name, put.key_id.as_deref())?;
        } else if put.key_id.is_some() {
            return Err(ServiceError::validation(
                "KeyId is required for SecureString type parameter only.",
            ));
        }
        let mut parameters = self.parameters();
        let parameter = parameters.get_or_insert_with(&put.name, || Parameter {
            kind,
            versions: Vec::new(),
            tags: put.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        });
        if let Some(oldest) = make_room(&put.name, parameter)? {
            self.retired.put(kind, &oldest);
        }
        let number = parameter.latest().map_or(1, |latest| latest.number + 1);
        parameter.versions.push(Version {
            number,
            value: put.value,
            description: put.description,
            key_id: (kind == Kind::SecureString).then(|| put.key_id.unwrap_or_else(|| "alias/aws/ssm".into())),
            allowed_pattern: put.allowed_pattern,
            data_type,
            tier: tier.to_owned(),
            modified: Timestamp::now(),
            modified_by: call.caller.arn(&call.platform.account),
            labels: Vec::new(),
        });
        Ok(json!({"Version": number, "Tier": tier}))
    }

    pub(super) fn delete_parameter(&self, _: &Call, input: On<OneName, Nothing>) -> Result<Value, ServiceError> {
        let name = input.target.name;
        let kept = self.kept(&name);
        let removed = self.remove(&mut self.parameters(), &kept);
        removed.then(|| json!({})).ok_or_else(|| name::not_found(&name))
    }

    /// Removes a parameter, if it is there. Its values stay secrets.
    fn remove(&self, parameters: &mut Held<'_, Parameter>, name: &str) -> bool {
        let Some(parameter) = parameters.get(name) else {
            return false;
        };
        for version in &parameter.versions {
            self.retired.put(parameter.kind, version);
        }
        parameters.remove(name).is_some()
    }

    pub(super) fn delete_parameters(&self, _: &Call, input: On<TenNames, Nothing>) -> Result<Value, ServiceError> {
        let names: BTreeMap<String, String> = input
            .target
            .names
            .into_iter()
            .map(|name| (self.kept(&name), name))
            .collect();
        let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
        let mut parameters = self.parameters();
        for (kept, name) in names {
            match self.remove(&mut parameters, &kept) {
                true => deleted.push(name),
                false => invalid.push(name),
            }
        }
        Ok(json!({"DeletedParameters": deleted, "InvalidParameters": invalid}))
    }
}

fn kind_of(put: &PutParameter, existing: Option<&Parameter>) -> Result<Kind, ServiceError> {
    let asked = put.kind.as_deref().map(Kind::read).transpose()?;
    match (existing, asked) {
        (None, Some(kind)) => Ok(kind),
        (None, None) => Err(ServiceError::validation(
            "A parameter type is required when you create a parameter.",
        )),
        (Some(_), _) if !put.overwrite => Err(ServiceError::new(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        )),
        (Some(_), _) if !put.tags.is_empty() => Err(ServiceError::validation(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        )),
        (Some(existing), Some(kind)) if existing.kind != kind => Err(ServiceError::new(
            "HierarchyTypeMismatch",
            format_args!(
                "Parameter Store doesn't support changing a parameter type: {} is a {}. You must create a new, unique parameter.",
                put.name,
                existing.kind.name()
            ),
        )),
        (Some(existing), _) => Ok(existing.kind),
    }
}

fn tier(put: &PutParameter, existing: Option<&Parameter>) -> Result<&'static str, ServiceError> {
    let was_advanced = existing
        .and_then(Parameter::latest)
        .is_some_and(|latest| latest.tier == "Advanced");
    let long = put.value.len() > STANDARD_VALUE;
    let tier = match put.tier.as_deref() {
        // An advanced parameter stays advanced where no tier is given.
        None if was_advanced => "Advanced",
        None | Some("Standard") => "Standard",
        Some("Advanced") => "Advanced",
        Some("Intelligent-Tiering") if long || was_advanced => "Advanced",
        Some("Intelligent-Tiering") => "Standard",
        Some(other) => return Err(ServiceError::validation(format_args!("`{other}` is not a tier"))),
    };
    if tier == "Standard" && was_advanced {
        return Err(ServiceError::validation(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
        ));
    }
    let longest = if tier == "Advanced" {
        ADVANCED_VALUE
    } else {
        STANDARD_VALUE
    };
    if put.value.len() > longest {
        return Err(ServiceError::validation(if tier == "Advanced" {
            "Advanced tier parameters support a maximum parameter value of 8192 characters."
        } else {
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        }));
    }
    Ok(tier)
}

fn check_value(put: &PutParameter, data_type: &str) -> Result<(), ServiceError> {
    if put.value.is_empty() {
        return Err(ServiceError::validation(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
        ));
    }
    if put.value.contains("{{") {
        return Err(ServiceError::validation(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    if let Some(pattern) = &put.allowed_pattern {
        let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| ServiceError::new("InvalidAllowedPatternException", format_args!("{pattern}: {error}")))?;
        if !whole.is_match(&put.value) {
            return Err(ServiceError::new(
                "ParameterPatternMismatchException",
                format_args!("Parameter value, cannot be validated against allowedPattern: {pattern}"),
            ));
        }
    }
    data_type::check(data_type, &put.value)
}

/// Removes the oldest version where there are too many. A version with a label stays, and this is an error.
fn make_room(name: &str, parameter: &mut Parameter) -> Result<Option<Version>, ServiceError> {
    if parameter.versions.len() < MOST_VERSIONS {
        return Ok(None);
    }
    let oldest = &parameter.versions[0];
    if !oldest.labels.is_empty() {
        return Err(ServiceError::new(
            "ParameterMaxVersionLimitExceeded",
            format_args!(
                "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. \
                 Version {}, the oldest version, can't be deleted because it has a label associated with it. Move the label to \
                 another version of the parameter, and try again.",
                oldest.number
            ),
        ));
    }
    Ok(Some(parameter.versions.remove(0)))
}

/// Asks IAM for the use of the key of a SecureString. A customer's key needs a permission of its own. AWS's key for
/// Parameter Store needs none: whoever may use the parameter may use that key.
pub(super) fn authorize_key(
    call: &Call,
    action: &str,
    parameter: &str,
    key_id: Option<&str>,
) -> Result<(), ServiceError> {
    let Some(key) = key_id.filter(|key| *key != "alias/aws/ssm") else {
        return Ok(());
    };
    let account = &call.platform.account;
    let arn = if key.starts_with("arn:") {
        key.to_owned()
    } else if key.starts_with("alias/") {
        account.arn("kms", key)
    } else {
        account.arn("kms", format_args!("key/{key}"))
    };
    let requirement = Requirement::new(action, arn)
        .with("kms:ViaService", format!("ssm.{}.amazonaws.com", account.region))
        .with("kms:EncryptionContext:PARAMETER_ARN", name::arn(account, parameter));
    call.platform.authorize(&call.caller, &[requirement])
}

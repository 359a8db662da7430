//! What an action of CloudFormation is told: its mode, its files, and the values of the template's parameters.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html> and
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-action-reference.html>.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What an action does with its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It makes the stack, or changes it.
    CreateUpdate,
    /// The same, but a stack that has failed is deleted first.
    ReplaceOnFailure,
    /// It deletes the stack.
    DeleteOnly,
    /// It makes a change set, in the place of one of that name.
    ChangeSetReplace,
    /// It executes a change set.
    ChangeSetExecute,
}

const MODES: [(&str, Mode); 5] = [
    ("CREATE_UPDATE", Mode::CreateUpdate),
    ("REPLACE_ON_FAILURE", Mode::ReplaceOnFailure),
    ("DELETE_ONLY", Mode::DeleteOnly),
    ("CHANGE_SET_REPLACE", Mode::ChangeSetReplace),
    ("CHANGE_SET_EXECUTE", Mode::ChangeSetExecute),
];

const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// What `Fn::GetArtifactAtt` gives of an artifact.
const ATTRIBUTES: [&str; 3] = ["BucketName", "ObjectKey", "URL"];

impl Mode {
    /// The mode of this name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn of(name: &str) -> Result<Self, String> {
        let found = MODES.iter().find(|(known, _)| *known == name);
        found.map(|(_, mode)| *mode).ok_or_else(|| {
            let known = MODES.map(|(known, _)| known).join(", ");
            format!("its ActionMode is `{name}`, and must be one of {known}")
        })
    }

    /// Whether it gives CloudFormation a template.
    fn has_template(self) -> bool {
        !matches!(self, Self::DeleteOnly | Self::ChangeSetExecute)
    }

    /// What the configuration must have beside what all modes need.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::CreateUpdate | Self::ReplaceOnFailure => &["TemplatePath", "RoleArn"],
            Self::DeleteOnly => &["RoleArn"],
            Self::ChangeSetReplace => &["TemplatePath", "RoleArn", "ChangeSetName"],
            Self::ChangeSetExecute => &["ChangeSetName"],
        }
    }
}

/// Checks a configuration as far as variables do not decide. What its mode does not need is ignored, as AWS says.
///
/// # Errors
/// What is wrong.
pub(super) fn check(action: &str, configuration: &BTreeMap<String, String>, artifacts: &[&str]) -> Result<(), String> {
    let fixed = |key: &str| {
        let value = configuration.get(key).map(String::as_str);
        value.filter(|value| !value.contains("#{"))
    };
    let Some(mode) = fixed("ActionMode") else {
        return Ok(());
    };
    let mode = Mode::of(mode)?;
    if let Some(missing) = mode.needed().iter().find(|key| !configuration.contains_key(**key)) {
        return Err(format!(
            "Action configuration for action '{action}' is missing required configuration '{missing}'"
        ));
    }
    if !mode.has_template() {
        return Ok(());
    }
    for key in ["TemplatePath", "TemplateConfiguration"] {
        if let Some(value) = fixed(key) {
            let (artifact, _) = file(value).map_err(|message| format!("its {key} {message}"))?;
            check_artifact(key, artifact, artifacts)?;
        }
    }
    let capabilities = fixed("Capabilities").map(capabilities).unwrap_or_default();
    if let Some(unknown) = capabilities.iter().find(|name| !CAPABILITIES.contains(name)) {
        let known = CAPABILITIES.join(", ");
        return Err(format!(
            "its Capabilities have `{unknown}`, and may have {known}, with commas and no spaces"
        ));
    }
    for (_, value) in fixed("ParameterOverrides")
        .map(overrides)
        .transpose()?
        .unwrap_or_default()
    {
        if let Some(artifact) = value.artifact() {
            check_artifact("ParameterOverrides", artifact, artifacts)?;
        }
    }
    Ok(())
}

fn check_artifact(key: &str, artifact: &str, artifacts: &[&str]) -> Result<(), String> {
    if artifacts.contains(&artifact) {
        return Ok(());
    }
    Err(format!(
        "its {key} has a file of the artifact `{artifact}`, which is no input artifact of the action"
    ))
}

/// The capabilities of a configuration, one by one.
pub(super) fn capabilities(text: &str) -> Vec<&str> {
    text.split(',').filter(|name| !name.is_empty()).collect()
}

/// An artifact and a file of it, from `Artifact::file`.
///
/// # Errors
/// It is not that.
pub(super) fn file(place: &str) -> Result<(&str, &str), String> {
    let found = place.split_once("::");
    let found = found.filter(|(artifact, file)| !artifact.is_empty() && !file.is_empty());
    found.ok_or_else(|| format!("is `{place}`, and must be `ArtifactName::FileName`"))
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// It stands there.
    Text(String),
    /// An attribute of an artifact: `Fn::GetArtifactAtt`.
    Attribute { artifact: String, attribute: String },
    /// What a JSON file of an artifact has at a key: `Fn::GetParam`.
    Value {
        artifact: String,
        file: String,
        key: String,
    },
}

impl Given {
    fn artifact(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Attribute { artifact, .. } | Self::Value { artifact, .. } => Some(artifact),
        }
    }
}

/// The values of parameters, from a `ParameterOverrides`.
///
/// # Errors
/// It is no JSON object, or has something else than texts and the two functions.
pub(super) fn overrides(text: &str) -> Result<Vec<(String, Given)>, String> {
    let read: Result<Map<String, Value>, _> = serde_json::from_str(text);
    let read = read.map_err(|error| format!("its ParameterOverrides are no JSON object: {error}"))?;
    let given = read.into_iter().map(|(name, value)| match given(&value) {
        Some(given) => Ok((name, given)),
        None => Err(format!(
            "its ParameterOverrides have `{value}` for `{name}`: it must be a text, {{\"Fn::GetArtifactAtt\": [artifact, {}]}} \
             or {{\"Fn::GetParam\": [artifact, file, key]}}",
            ATTRIBUTES.join(" or ")
        )),
    });
    given.collect()
}

fn given(value: &Value) -> Option<Given> {
    if let Value::String(text) = value {
        return Some(Given::Text(text.clone()));
    }
    let function = value.as_object().filter(|function| function.len() == 1)?;
    let (name, arguments) = function.iter().next()?;
    let arguments = arguments.as_array()?.iter().map(Value::as_str);
    let arguments: Vec<&str> = arguments.collect::<Option<_>>()?;
    match (name.as_str(), arguments.as_slice()) {
        ("Fn::GetArtifactAtt", [artifact, attribute]) if ATTRIBUTES.contains(attribute) => Some(Given::Attribute {
            artifact: (*artifact).to_owned(),
            attribute: (*attribute).to_owned(),
        }),
        ("Fn::GetParam", [artifact, file, key]) => Some(Given::Value {
            artifact: (*artifact).to_owned(),
            file: (*file).to_owned(),
            key: (*key).to_owned(),
        }),
        _ => None,
    }
}

/// A template configuration file.
///
/// See <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html>.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TemplateConfiguration {
    /// Values of the template's parameters.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    /// Tags of the stack. None leaves those that it has.
    pub(super) tags: Option<BTreeMap<String, String>>,
    stack_policy: Option<Value>,
}

impl TemplateConfiguration {
    /// Reads one.
    ///
    /// # Errors
    /// It is none, or has a stack policy.
    pub(super) fn read(file: &[u8]) -> Result<Self, String> {
        let read: Self =
            serde_json::from_slice(file).map_err(|error| format!("is no template configuration: {error}"))?;
        match read.stack_policy {
            Some(_) => Err("has a StackPolicy, and the local run has no stack policies".to_owned()),
            None => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_and_two_functions() {
        let attribute = Given::Attribute {
            artifact: "A".into(),
            attribute: "BucketName".into(),
        };
        let value = Given::Value {
            artifact: "A".into(),
            file: "f.json".into(),
            key: "K".into(),
        };
        for (text, expected) in [
            (r#""v""#, Some(Given::Text("v".into()))),
            (r#"{"Fn::GetArtifactAtt": ["A", "BucketName"]}"#, Some(attribute)),
            (r#"{"Fn::GetParam": ["A", "f.json", "K"]}"#, Some(value)),
            (r#"{"Fn::GetArtifactAtt": ["A", "Size"]}"#, None),
            (r#"{"Fn::GetParam": ["A", "f.json"]}"#, None),
            (r#"{"Fn::Sub": "v"}"#, None),
            ("5", None),
        ] {
            let read = overrides(&format!(r#"{{"P": {text}}}"#));
            let read = read.ok().and_then(|mut read| read.pop()).map(|(_, given)| given);
            assert_eq!(read, expected, "{text}");
        }
        assert!(overrides("[]").is_err_and(|said| said.contains("no JSON object")));
    }

    #[test]
    fn a_configuration_has_values_and_tags() {
        let read = TemplateConfiguration::read(br#"{"Parameters": {"P": "1"}, "Tags": {"T": "2"}}"#);
        let one = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let expected = TemplateConfiguration {
            parameters: one("P", "1"),
            tags: Some(one("T", "2")),
            stack_policy: None,
        };
        assert_eq!(read, Ok(expected));
        for (file, said) in [
            (r#"{"StackPolicy": {"Statement": []}}"#, "no stack policies"),
            (r#"{"parameters": {}}"#, "unknown field `parameters`"),
            ("Parameters:", "is no template configuration"),
        ] {
            let error = TemplateConfiguration::read(file.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}

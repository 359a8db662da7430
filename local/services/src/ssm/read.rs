//! Reading parameters.

use super::Ssm;
use super::name::{self, Selected};
use super::parameter::{Kind, Parameter};
use super::write::authorize_key;
use platform::error::ServiceError;
use platform::input::{page, read, required};
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What GetParametersByPath needs of IAM: its own action, on the path that is asked for.
pub(super) fn by_path_requirement(platform: &Platform, input: &Value) -> Result<Requirement, ServiceError> {
    let path = required(input, "Path")?;
    Ok(Requirement::new(
        "ssm:GetParametersByPath",
        name::arn(&platform.account, path),
    ))
}

impl Ssm {
    /// GetParameter.
    pub(super) fn get_parameter(
        &self,
        platform: &Platform,
        caller: &Principal,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct GetParameter {
            name: String,
            #[serde(default)]
            with_decryption: bool,
        }
        let get: GetParameter = read(input)?;
        let parameter = self.one(platform, caller, &get.name, get.with_decryption)?;
        Ok(json!({ "Parameter": parameter }))
    }

    /// GetParameters: alphabetical, each once, and what is not there in a list of its own.
    pub(super) fn get_parameters(
        &self,
        platform: &Platform,
        caller: &Principal,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct GetParameters {
            #[expect(dead_code, reason = "read with its limits by `name::all_of_input`")]
            names: Vec<String>,
            #[serde(default)]
            with_decryption: bool,
        }
        let get: GetParameters = read(input)?;
        let mut found: BTreeMap<&str, Value> = BTreeMap::new();
        let mut invalid: Vec<&str> = Vec::new();
        for given in name::all_of_input(input)? {
            if found.contains_key(given) || invalid.contains(&given) {
                continue;
            }
            match self.one(platform, caller, given, get.with_decryption) {
                Ok(parameter) => drop(found.insert(given, parameter)),
                Err(error) if matches!(error.code.as_str(), "ParameterNotFound" | "ParameterVersionNotFound") => {
                    invalid.push(given);
                }
                Err(error) => return Err(error),
            }
        }
        let found: Vec<Value> = found.into_values().collect();
        Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
    }

    fn one(&self, platform: &Platform, caller: &Principal, given: &str, decrypt: bool) -> Result<Value, ServiceError> {
        let selected = Selected::read(self, &platform.account, given)?;
        if let Some(id) = name::secret_id(&selected.name) {
            return self.secret(platform, id, &selected.name, decrypt);
        }
        let parameter = self.parameters().get(&selected.name).cloned();
        let parameter = parameter.ok_or_else(|| name::not_found(given))?;
        let version = parameter.select(&selected)?;
        if decrypt && parameter.kind == Kind::SecureString {
            authorize_key(
                platform,
                caller,
                "kms:Decrypt",
                &selected.name,
                version.key_id.as_deref(),
            )?;
        }
        Ok(parameter.shown(&platform.account, &selected, version, decrypt))
    }

    /// GetParametersByPath. A page is cut first and filtered then, so that it can be empty although another one
    /// follows: AWS does the same.
    pub(super) fn get_parameters_by_path(
        &self,
        platform: &Platform,
        caller: &Principal,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct GetParametersByPath {
            path: String,
            #[serde(default)]
            recursive: bool,
            #[serde(default)]
            parameter_filters: Vec<Filter>,
            #[serde(default)]
            with_decryption: bool,
            max_results: Option<usize>,
            next_token: Option<String>,
        }
        let get: GetParametersByPath = read(input)?;
        if !get.path.starts_with('/') {
            return Err(ServiceError::validation(
                "The parameter path must begin with a forward slash \"/\".",
            ));
        }
        let size = get.max_results.unwrap_or(10);
        if !(1..=10).contains(&size) {
            return Err(ServiceError::validation(
                "1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must be between 1 and 10",
            ));
        }
        for filter in &get.parameter_filters {
            filter.check()?;
        }
        let prefix = if get.path.ends_with('/') {
            get.path.clone()
        } else {
            format!("{}/", get.path)
        };
        let parameters = self.parameters().clone();
        let below = parameters
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix));
        let page = page(below, size, get.next_token.as_deref(), "InvalidNextToken")?;
        let mut shown = Vec::new();
        for (name, parameter) in page.items {
            let direct = !name[prefix.len()..].contains('/');
            if !(direct || get.recursive) {
                continue;
            }
            let label = get.parameter_filters.iter().find(|filter| filter.key == "Label");
            let version = match label {
                Some(filter) => filter.values.iter().find_map(|label| parameter.with_label(label)),
                None => parameter.latest(),
            };
            let Some(version) =
                version.filter(|_| get.parameter_filters.iter().all(|filter| filter.matches(parameter)))
            else {
                continue;
            };
            if get.with_decryption && parameter.kind == Kind::SecureString {
                authorize_key(platform, caller, "kms:Decrypt", name, version.key_id.as_deref())?;
            }
            let selected = Selected {
                name: name.clone(),
                selector: None,
            };
            shown.push(parameter.shown(&platform.account, &selected, version, get.with_decryption));
        }
        let mut answer = json!({ "Parameters": shown });
        if let Some(token) = page.next_token {
            answer["NextToken"] = token.into();
        }
        Ok(answer)
    }

    /// GetParameterHistory.
    pub(super) fn get_parameter_history(
        &self,
        platform: &Platform,
        caller: &Principal,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct GetParameterHistory {
            name: String,
            #[serde(default)]
            with_decryption: bool,
            max_results: Option<usize>,
            next_token: Option<String>,
        }
        let get: GetParameterHistory = read(input)?;
        let parameter = self.parameters().get(&get.name).cloned();
        let parameter = parameter.ok_or_else(|| name::not_found(&get.name))?;
        if get.with_decryption && parameter.kind == Kind::SecureString {
            let key_id = parameter.latest().and_then(|latest| latest.key_id.as_deref());
            authorize_key(platform, caller, "kms:Decrypt", &get.name, key_id)?;
        }
        let size = get.max_results.unwrap_or(50).clamp(1, 50);
        let page = page(&parameter.versions, size, get.next_token.as_deref(), "InvalidNextToken")?;
        let versions = page.items.into_iter().map(|version| {
            let mut shown = parameter.described(&get.name, version);
            shown["Value"] = parameter.value(version, get.with_decryption).into();
            shown["Labels"] = json!(version.labels);
            shown
        });
        let mut answer = json!({ "Parameters": versions.collect::<Vec<_>>() });
        if let Some(token) = page.next_token {
            answer["NextToken"] = token.into();
        }
        Ok(answer)
    }
}

/// A filter of GetParametersByPath.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Filter {
    fn check(&self) -> Result<(), ServiceError> {
        if !matches!(self.key.as_str(), "Type" | "KeyId" | "Label") {
            return Err(ServiceError::new(
                "InvalidFilterKey",
                format_args!(
                    "The following filter key is not valid: {}. Valid filter keys include: [Type, KeyId, Label].",
                    self.key
                ),
            ));
        }
        match self.option.as_deref() {
            None | Some("Equals") => Ok(()),
            Some("BeginsWith") if self.key == "KeyId" => Ok(()),
            Some(other) => Err(ServiceError::new(
                "InvalidFilterOption",
                format_args!("The following filter option is not valid: {other}"),
            )),
        }
    }

    fn matches(&self, parameter: &Parameter) -> bool {
        let latest = parameter.latest();
        let begins = self.option.as_deref() == Some("BeginsWith");
        match self.key.as_str() {
            "Type" => self.values.iter().any(|value| value == parameter.kind.name()),
            "KeyId" => latest.and_then(|latest| latest.key_id.as_ref()).is_some_and(|key| {
                let mut values = self.values.iter();
                values.any(|value| key == value || (begins && key.starts_with(value)))
            }),
            "Label" => self.values.iter().any(|label| parameter.with_label(label).is_some()),
            _ => false,
        }
    }
}

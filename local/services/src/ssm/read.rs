//! Reading parameters.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>.

use super::name::{self, OneName, Selected, TenNames};
use super::parameter::{Kind, Parameter, Version};
use super::store::Ssm;
use super::write::authorize_key;
use platform::input::{On, Page, page};
use platform::{Call, ErrorKind, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The input of GetParameter and GetParameters, beside the names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetParameter {
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetParametersByPath {
    pub(super) path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetParameterHistory {
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Ssm {
    pub(super) fn get_parameter(&self, call: &Call, input: On<OneName, GetParameter>) -> Result<Value, ServiceError> {
        let parameter = self.one(call, &input.target.name, input.own.with_decryption)?;
        Ok(json!({ "Parameter": parameter }))
    }

    /// The parameters come in alphabetical order, each once. The names that do not exist come in a list of their own.
    pub(super) fn get_parameters(&self, call: &Call, input: On<TenNames, GetParameter>) -> Result<Value, ServiceError> {
        let mut found: BTreeMap<&str, Value> = BTreeMap::new();
        let mut invalid: Vec<&str> = Vec::new();
        for given in input.target.names.iter().map(String::as_str) {
            if found.contains_key(given) || invalid.contains(&given) {
                continue;
            }
            match self.one(call, given, input.own.with_decryption) {
                Ok(parameter) => drop(found.insert(given, parameter)),
                Err(error) if error.kind == ErrorKind::NotFound => invalid.push(given),
                Err(error) => return Err(error),
            }
        }
        let found: Vec<Value> = found.into_values().collect();
        Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
    }

    fn one(&self, call: &Call, given: &str, decrypt: bool) -> Result<Value, ServiceError> {
        let account = &call.platform.account;
        let selected = self.selected(account, given)?;
        if let Some(id) = name::secret_id(&selected.name) {
            return self.secret(&call.platform, id, &selected.name, decrypt);
        }
        name::check_public(&selected.name)?;
        let parameter = self.parameters().get(&selected.name).cloned();
        let parameter = parameter.ok_or_else(|| name::not_found(given))?;
        let version = parameter.select(&selected)?;
        if decrypt && parameter.kind == Kind::SecureString {
            authorize_key(call, "kms:Decrypt", &selected.name, version.key_id.as_deref())?;
        }
        Ok(parameter.shown(account, &selected, version, decrypt))
    }

    /// A page is cut first and filtered then. So a page can be empty although another one follows, as on AWS.
    pub(super) fn get_parameters_by_path(
        &self,
        call: &Call,
        input: GetParametersByPath,
    ) -> Result<Value, ServiceError> {
        if !input.path.starts_with('/') {
            return Err(ServiceError::validation(
                "The parameter path must begin with a forward slash \"/\".",
            ));
        }
        name::check_public(&input.path)?;
        let size = page_size(input.max_results, 10, 10)?;
        for filter in &input.parameter_filters {
            filter.check()?;
        }
        let prefix = format!("{}/", input.path.strip_suffix('/').unwrap_or(&input.path));
        let parameters = self.parameters().clone();
        // Names without a slash lie on the first level, too.
        let below: BTreeMap<_, _> = parameters
            .iter()
            .filter(|(name, _)| name::with_slash(name).starts_with(&prefix))
            .map(|(name, parameter)| (name::with_slash(name), (name, parameter)))
            .collect();
        let mut page = page(below, size, input.next_token.as_deref(), "InvalidNextToken")?;
        page.items
            .retain(|(path, _)| input.recursive || !path[prefix.len()..].contains('/'));
        let mut shown = Vec::new();
        for (_, (name, parameter)) in page.items {
            let Some(version) = input.version(parameter) else {
                continue;
            };
            if input.with_decryption && parameter.kind == Kind::SecureString {
                authorize_key(call, "kms:Decrypt", name, version.key_id.as_deref())?;
            }
            let selected = Selected {
                name: name.clone(),
                selector: None,
            };
            shown.push(parameter.shown(&call.platform.account, &selected, version, input.with_decryption));
        }
        let page = Page {
            items: shown,
            next_token: page.next_token,
        };
        Ok(page.answer("Parameters", "NextToken", |shown| shown))
    }

    pub(super) fn get_parameter_history(
        &self,
        call: &Call,
        input: On<OneName, GetParameterHistory>,
    ) -> Result<Value, ServiceError> {
        let (name, input) = (self.kept(&input.target.name), input.own);
        let parameter = self.parameters().get(&name).cloned();
        let parameter = parameter.ok_or_else(|| name::not_found(&name))?;
        if input.with_decryption && parameter.kind == Kind::SecureString {
            let key_id = parameter.latest().and_then(|latest| latest.key_id.as_deref());
            authorize_key(call, "kms:Decrypt", &name, key_id)?;
        }
        let size = page_size(input.max_results, 50, 50)?;
        let page = page(
            &parameter.versions,
            size,
            input.next_token.as_deref(),
            "InvalidNextToken",
        )?;
        Ok(page.answer("Parameters", "NextToken", |version| {
            let mut shown = parameter.described(&name, version);
            shown["Value"] = parameter.value(version, input.with_decryption).into();
            shown["Labels"] = json!(version.labels);
            shown
        }))
    }
}

impl GetParametersByPath {
    /// The version to answer: the latest one, or the one with the label in the filters. None where the filters leave the
    /// parameter out.
    fn version<'p>(&self, parameter: &'p Parameter) -> Option<&'p Version> {
        let filters = &self.parameter_filters;
        if !filters.iter().all(|filter| filter.matches(parameter)) {
            return None;
        }
        match filters.iter().find(|filter| filter.key == "Label") {
            Some(filter) => filter.values.iter().find_map(|label| parameter.with_label(label)),
            None => parameter.latest(),
        }
    }
}

/// How many are on a page: as many as are asked for, if there can be so many.
pub(super) fn page_size(asked: Option<usize>, usual: usize, most: usize) -> Result<usize, ServiceError> {
    let size = asked.unwrap_or(usual);
    let bound = match size {
        0 => "greater than or equal to 1".to_owned(),
        size if size > most => format!("less than or equal to {most}"),
        size => return Ok(size),
    };
    let rule = format_args!("Member must have value {bound}");
    Err(ServiceError::constraint(size, "maxResults", rule))
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
            Some("BeginsWith") if self.key != "Label" => Ok(()),
            Some(other) => Err(ServiceError::new(
                "InvalidFilterOption",
                format_args!("The following filter option is not valid: {other}"),
            )),
        }
    }

    fn matches(&self, parameter: &Parameter) -> bool {
        let latest = parameter.latest();
        let begins = self.option.as_deref() == Some("BeginsWith");
        let fits = |actual: &str| {
            let mut values = self.values.iter();
            values.any(|value| actual == value || (begins && actual.starts_with(value)))
        };
        match self.key.as_str() {
            "Type" => fits(parameter.kind.name()),
            "KeyId" => latest.and_then(|latest| latest.key_id.as_deref()).is_some_and(fits),
            "Label" => self.values.iter().any(|label| parameter.with_label(label).is_some()),
            _ => false,
        }
    }
}

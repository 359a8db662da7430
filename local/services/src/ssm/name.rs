//! Names of parameters, their selectors, and their ARNs.
//!
//! Follows <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html>.

use platform::account::Account;
use platform::error::ServiceError;
use platform::input::Target;
use serde::Deserialize;
use std::borrow::Cow;

/// How many levels a hierarchy can have.
const DEEPEST: usize = 15;

/// What the name of a parameter begins with that stands for a secret.
const SECRETS: &str = "/aws/reference/secretsmanager/";

/// A parameter's name, and the selector that came behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selected {
    /// The name, without the selector.
    pub(super) name: String,
    /// The selector as it was written, with its colon.
    pub(super) selector: Option<String>,
}

/// Which version is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Which<'s> {
    Latest,
    Version(u64),
    Label(&'s str),
}

impl Selected {
    /// Reads a name or an ARN, with or without a selector. `is_known` says whether there is a parameter of a name.
    pub(super) fn read(is_known: impl Fn(&str) -> bool, account: &Account, given: &str) -> Result<Self, ServiceError> {
        let prefix = account.arn("ssm", "parameter");
        let (name, selector) = match given.strip_prefix("arn:") {
            Some(_) => {
                let rest = given
                    .strip_prefix(&prefix)
                    .filter(|rest| rest.starts_with('/'))
                    .ok_or_else(|| not_found(given))?;
                // `parameter/name` is the ARN of `name` as well as that of `/name`.
                split(rest)
            }
            None => split(given),
        };
        // A version or a label has no colon.
        if selector.is_some_and(|selector| selector[1..].contains(':')) {
            return Err(not_found(given));
        }
        Ok(Self {
            name: kept(is_known, name).into_owned(),
            selector: selector.map(str::to_owned),
        })
    }

    /// Which version the selector means.
    pub(super) fn which(&self) -> Which<'_> {
        match self.selector.as_deref().map(|selector| &selector[1..]) {
            None => Which::Latest,
            Some(selector) => match selector.parse() {
                Ok(version) => Which::Version(version),
                Err(_) => Which::Label(selector),
            },
        }
    }
}

/// The name, and the selector with its colon. The name of a secret has no selector: it may be an ARN, which has colons.
fn split(given: &str) -> (&str, Option<&str>) {
    if given.starts_with(SECRETS) {
        return (given, None);
    }
    match given.find(':') {
        Some(colon) => (&given[..colon], Some(&given[colon..])),
        None => (given, None),
    }
}

/// The name with a slash before it. Parameter Store takes `name` and `/name` for the same.
pub(super) fn with_slash(name: &str) -> Cow<'_, str> {
    match name.starts_with('/') {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("/{name}")),
    }
}

/// The other way to write a name without levels: `/name` of `name`, and `name` of `/name`.
fn other_way(name: &str) -> Option<Cow<'_, str>> {
    let plain = name.strip_prefix('/');
    match plain {
        _ if plain.unwrap_or(name).contains('/') => None,
        Some(plain) => Some(Cow::Borrowed(plain)),
        None => Some(with_slash(name)),
    }
}

/// The name under which a parameter is kept, however it is asked for.
pub(super) fn kept(is_known: impl Fn(&str) -> bool, asked: &str) -> Cow<'_, str> {
    match other_way(asked).filter(|other| !is_known(asked) && is_known(other)) {
        Some(other) => other,
        None => Cow::Borrowed(asked),
    }
}

/// The id of the secret that a name refers to.
pub(super) fn secret_id(name: &str) -> Option<&str> {
    name.strip_prefix(SECRETS)
}

/// A parameter's ARN.
pub(super) fn arn(account: &Account, name: &str) -> String {
    account.arn(
        "ssm",
        format_args!("parameter/{}", name.strip_prefix('/').unwrap_or(name)),
    )
}

/// Checks the name of a parameter that is to be created.
pub(super) fn check_new(name: &str) -> Result<(), ServiceError> {
    let invalid = |message: &str| Err(ServiceError::validation(message));
    let known = |character: char| character.is_ascii_alphanumeric() || "_.-/".contains(character);
    if name.is_empty() || name.len() > 1011 || !name.chars().all(known) {
        return invalid(
            "Parameter name: can't be empty, is 1011 characters long at most and has only a-z, A-Z, 0-9 and the symbols . - _ /",
        );
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    match (name.starts_with('/'), &first) {
        (true, first) if first.starts_with("aws") => {
            return invalid(&format!("No access to reserved parameter name: {name}."));
        }
        (true, first) if first.starts_with("ssm") => {
            return invalid(
                "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
                 sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
                 3 symbols .-_",
            );
        }
        (false, first) if first.starts_with("aws") || first.starts_with("ssm") => {
            return invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).");
        }
        _ => {}
    }
    if name.contains("//") || name.ends_with('/') {
        return invalid("Parameter name must not end with slash.");
    }
    if name.contains('/') && !name.starts_with('/') {
        return invalid("Parameter name must be a fully qualified name.");
    }
    if name.matches('/').count() > DEEPEST {
        return Err(ServiceError::new(
            "HierarchyLevelLimitExceededException",
            format_args!("A hierarchy can have a maximum of {DEEPEST} levels."),
        ));
    }
    Ok(())
}

/// The parameters that an operation is on, as its input names them.
pub(super) trait Names: Target {
    /// The names as they were given, checked.
    fn names(&self) -> Result<&[String], ServiceError>;
}

/// One parameter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneName {
    pub(super) name: String,
}

impl Target for OneName {
    const MEMBERS: &'static [&'static str] = &["Name"];
}

impl Names for OneName {
    fn names(&self) -> Result<&[String], ServiceError> {
        check_given(&self.name)?;
        Ok(std::slice::from_ref(&self.name))
    }
}

/// One to ten parameters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TenNames {
    pub(super) names: Vec<String>,
}

impl Target for TenNames {
    const MEMBERS: &'static [&'static str] = &["Names"];
}

impl Names for TenNames {
    fn names(&self) -> Result<&[String], ServiceError> {
        let constraint = match self.names.len() {
            0 => "greater than or equal to 1",
            1..=10 => return Ok(&self.names),
            _ => "less than or equal to 10",
        };
        let names = format!("[{}]", self.names.join(", "));
        let rule = format_args!("Member must have length {constraint}.");
        Err(ServiceError::constraint(names, "names", rule))
    }
}

/// Refuses an empty name.
pub(super) fn check_given(name: &str) -> Result<(), ServiceError> {
    match name {
        "" => Err(ServiceError::validation("`Name` must not be empty")),
        _ => Ok(()),
    }
}

/// Refuses what AWS has published for everybody: of that, nothing is here.
pub(super) fn check_public(name: &str) -> Result<(), ServiceError> {
    if name != "/aws" && name != "/aws/service" && !name.starts_with("/aws/service/") {
        return Ok(());
    }
    let message = format_args!("the local run has no public parameters, such as `{name}`");
    Err(ServiceError::new("NotInLocalRun", message).with_status(501))
}

/// ParameterNotFound.
pub(super) fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ParameterNotFound", format_args!("Parameter {name} not found."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_new_parameters() {
        for (name, fault) in [
            ("/ml/dev/size", None),
            ("flat-name_1.x", None),
            ("", Some("ValidationException")),
            ("/a b", Some("ValidationException")),
            ("/AWS/x", Some("ValidationException")),
            ("ssm-thing", Some("ValidationException")),
            ("a/b", Some("ValidationException")),
            ("/a/", Some("ValidationException")),
            ("/a//b", Some("ValidationException")),
            ("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15", None),
            (
                "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16",
                Some("HierarchyLevelLimitExceededException"),
            ),
        ] {
            assert_eq!(
                check_new(name).err().map(|error| error.code).as_deref(),
                fault,
                "{name}"
            );
        }
    }

    #[test]
    fn selectors() {
        let account = Account::local();
        for (given, name, which) in [
            ("/a/b", "/a/b", Which::Latest),
            ("/a/b:3", "/a/b", Which::Version(3)),
            ("/a/b:prod", "/a/b", Which::Label("prod")),
            (
                "arn:aws:ssm:us-east-1:123456789012:parameter/a/b:3",
                "/a/b",
                Which::Version(3),
            ),
            (
                "/aws/reference/secretsmanager/arn:aws:x",
                "/aws/reference/secretsmanager/arn:aws:x",
                Which::Latest,
            ),
        ] {
            let selected = Selected::read(|_| false, &account, given).expect(given);
            assert_eq!((selected.name.as_str(), selected.which()), (name, which), "{given}");
        }
        assert!(Selected::read(|_| false, &account, "arn:aws:ssm:us-east-1:999999999999:parameter/a").is_err());
    }
}

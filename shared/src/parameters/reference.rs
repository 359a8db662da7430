//! How a parameter is named: a name or an ARN, with a version or a label.

use std::fmt;
use std::str::FromStr;

/// Public parameters through which Parameter Store reads a secret of Secrets Manager.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html>.
const SECRETS_MANAGER: &str = "/aws/reference/secretsmanager/";

/// The most characters that a name or ARN can have.
const MAX_LENGTH: usize = 2048;

/// The most levels that a hierarchy can have.
const MAX_LEVELS: usize = 15;

/// One parameter, as `GetParameters` takes it: `/name`, `/name:3`, `/name:label` or an ARN with or without either.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterReference {
    text: String,
    /// Where the name or ARN ends; behind it are a colon and the selector, or nothing.
    end: usize,
}

impl ParameterReference {
    /// The reference behind `ssm:`, where `text` starts with that.
    pub fn after_ssm(text: &str) -> Option<Result<Self, InvalidReference>> {
        text.strip_prefix("ssm:").map(str::parse)
    }

    /// The whole reference, as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name or the ARN, without the selector.
    pub fn name(&self) -> &str {
        &self.text[..self.end]
    }

    /// The version or label that was asked for.
    pub(crate) fn selector(&self) -> Option<&str> {
        self.text[self.end..].strip_prefix(':')
    }

    /// The parameter's name in its account: of an ARN, the part after `parameter`.
    pub fn path(&self) -> &str {
        path_of(self.name())
    }

    /// Whether this reads a secret of Secrets Manager, which takes decryption.
    pub(crate) fn is_secrets_manager(&self) -> bool {
        self.path().starts_with(SECRETS_MANAGER)
    }
}

impl fmt::Display for ParameterReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for ParameterReference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidReference::new(text, reason);
        if text.len() > MAX_LENGTH {
            return Err(invalid("is longer than 2048 characters"));
        }
        let name_at = match text.starts_with("arn:") {
            true => arn_name_at(text).ok_or_else(|| invalid("is not the ARN of a parameter"))?,
            false => 0,
        };
        let end = text[name_at..].find(':').map_or(text.len(), |colon| name_at + colon);
        check_name(path_of(&text[..end])).map_err(invalid)?;
        if let Some(selector) = text[end..].strip_prefix(':') {
            check_selector(selector).map_err(invalid)?;
        }
        Ok(Self {
            text: text.to_owned(),
            end,
        })
    }
}

/// A level of the hierarchy, as `GetParametersByPath` takes it.
///
/// A slash at the end is left off: IAM authorizes the call on the path.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterPath(String);

impl ParameterPath {
    /// The path, without a slash at its end (except for the root).
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The rest of a parameter's name after this path.
    pub fn below<'a>(&self, name: &'a str) -> Option<&'a str> {
        path_of(name)
            .strip_prefix(self.0.trim_end_matches('/'))?
            .strip_prefix('/')
    }
}

impl fmt::Display for ParameterPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for ParameterPath {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidReference::new(text, reason);
        if !text.starts_with('/') {
            return Err(invalid("must begin with `/`"));
        }
        if text == "/" {
            return Ok(Self(text.to_owned()));
        }
        let path = text.strip_suffix('/').unwrap_or(text);
        check_name(path).map_err(invalid)?;
        Ok(Self(path.to_owned()))
    }
}

/// A text that is not the name of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct InvalidReference {
    text: String,
    reason: &'static str,
}

impl InvalidReference {
    fn new(text: &str, reason: &'static str) -> Self {
        Self {
            text: text.chars().take(100).collect(),
            reason,
        }
    }

    /// What was given, at most 100 characters of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// The name behind `…:parameter`, for names that have one of their own and for those that are a path.
fn path_of(name_or_arn: &str) -> &str {
    match arn_name_at(name_or_arn) {
        // `parameter/ml/dev/x` is the path `/ml/dev/x`, `parameter/x` the plain name `x`.
        Some(at) => {
            let name = &name_or_arn[at..];
            if name[1..].contains('/') { name } else { &name[1..] }
        }
        None => name_or_arn,
    }
}

/// Where the name starts in `arn:partition:ssm:region:account:parameter/name`, its slash included.
fn arn_name_at(text: &str) -> Option<usize> {
    let mut parts = text.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = arn == "arn" && !partition.is_empty() && service == "ssm" && !region.is_empty();
    let account_like = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (whole && account_like && resource.starts_with("parameter/") && resource.len() > "parameter/".len())
        .then(|| text.len() - resource.len() + "parameter".len())
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let secret = name.starts_with(SECRETS_MANAGER);
    let known =
        |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte) || (secret && b"+=@!".contains(&byte));
    if name.is_empty() {
        Err("names no parameter")
    } else if !name.bytes().all(known) {
        Err("has characters other than letters, digits and `_.-/`")
    } else if name.contains('/') && !name.starts_with('/') {
        Err("must begin with `/`, because it has levels")
    } else if name.ends_with('/') || name.contains("//") {
        Err("has an empty level")
    } else if name.matches('/').count() > MAX_LEVELS {
        Err("has more than 15 levels")
    } else {
        Ok(())
    }
}

/// A version is a number from 1; a label begins with neither a digit nor `aws` nor `ssm`.
///
/// See <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html>.
fn check_selector(selector: &str) -> Result<(), &'static str> {
    let first_is_digit = selector.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let reserved = |prefix: &str| {
        selector
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if selector.is_empty() {
        Err("has nothing behind its last colon, where a version or label belongs")
    } else if first_is_digit {
        let version = selector.parse::<u64>();
        version
            .is_ok_and(|version| version > 0)
            .then_some(())
            .ok_or("has a selector that is neither a version nor a label")
    } else if selector.len() > 100
        || !selector
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        || reserved("aws")
        || reserved("ssm")
    {
        Err("has a selector that is neither a version nor a label")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        // (reference, name, path, selector)
        let cases = [
            ("/ml/dev/type", "/ml/dev/type", "/ml/dev/type", None),
            ("/ml/dev/type:3", "/ml/dev/type", "/ml/dev/type", Some("3")),
            ("/ml/dev/type:live", "/ml/dev/type", "/ml/dev/type", Some("live")),
            ("plain", "plain", "plain", None),
            (
                "arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/type:live",
                "arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/type",
                "/ml/dev/type",
                Some("live"),
            ),
            (
                "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/plain",
                "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/plain",
                "plain",
                None,
            ),
        ];
        for (text, name, path, selector) in cases {
            let reference: ParameterReference = text.parse().expect(text);
            assert_eq!(
                (reference.name(), reference.path(), reference.selector()),
                (name, path, selector),
                "{text}"
            );
            assert_eq!(reference.as_str(), text);
        }
    }

    #[test]
    fn what_names_no_parameter_is_refused() {
        let cases = [
            ("", "names no parameter"),
            ("/ml/dev/", "empty level"),
            ("/ml//dev", "empty level"),
            ("ml/dev", "must begin with `/`"),
            ("/ml/$x", "characters other than"),
            ("/ml/x:", "nothing behind its last colon"),
            ("/ml/x:0", "neither a version nor a label"),
            ("/ml/x:1a", "neither a version nor a label"),
            ("/ml/x:aws-latest", "neither a version nor a label"),
            ("/ml/x:a:b", "neither a version nor a label"),
            ("arn:aws:s3:::bucket", "not the ARN of a parameter"),
            ("arn:aws:ssm:us-east-1:1234:parameter/x", "not the ARN of a parameter"),
            (
                "arn:aws:ssm:us-east-1:123456789012:parameter/",
                "not the ARN of a parameter",
            ),
            ("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "more than 15 levels"),
        ];
        for (text, reason) in cases {
            let error = text.parse::<ParameterReference>().expect_err(text).to_string();
            assert!(
                error.contains(reason) && error.starts_with(&format!("`{text}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn only_ssm_marks_a_reference() {
        assert!(ParameterReference::after_ssm("/ml/x").is_none());
        assert!(ParameterReference::after_ssm("ssm:").is_some_and(|reference| reference.is_err()));
        let reference = ParameterReference::after_ssm("ssm:/ml/x:2")
            .expect("marked")
            .expect("valid");
        assert_eq!(reference.as_str(), "/ml/x:2");
    }

    #[test]
    fn a_secret_of_secrets_manager_is_told_apart() {
        let secret: ParameterReference = "/aws/reference/secretsmanager/prod/db@1".parse().expect("valid");
        assert!(secret.is_secrets_manager());
        assert!(
            !"/aws/reference"
                .parse::<ParameterReference>()
                .expect("valid")
                .is_secrets_manager()
        );
    }

    #[test]
    fn paths_lose_their_last_slash_and_tell_what_is_below() {
        let path: ParameterPath = "/ml/dev/".parse().expect("valid");
        assert_eq!(path.as_str(), "/ml/dev");
        assert_eq!(path.below("/ml/dev/a/b"), Some("a/b"));
        assert_eq!(path.below("/ml/develop/a"), None);
        assert_eq!(
            path.below("arn:aws:ssm:us-east-1:123456789012:parameter/ml/dev/a"),
            Some("a")
        );
        let root: ParameterPath = "/".parse().expect("valid");
        assert_eq!(root.below("/a/b"), Some("a/b"));
        for text in ["ml/dev", "", "/ml//dev", "/ml/x:3"] {
            assert!(text.parse::<ParameterPath>().is_err(), "{text}");
        }
    }
}

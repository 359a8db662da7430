//! How a person names a state machine: by its ARN (also of a version or an alias), by its name, or by a parameter that
//! holds either. Nothing is looked up here.

use std::fmt;

use thiserror::Error;

use crate::execution_name::ExecutionName;
use crate::place::Place;

/// How a person names a state machine.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateMachineReference {
    /// An ARN, or a name in the function's own account and region.
    Known(StateMachineName),
    /// `ssm:/path`: a parameter that holds a [`StateMachineName`]. The path is kept without `ssm:`.
    Parameter(String),
}

/// An ARN or a name: what a parameter may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateMachineName {
    /// An ARN.
    Arn(StateMachineArn),
    /// A name in the function's own account and region.
    Name(String),
}

/// The ARN of a state machine, of one of its versions, or of one of its aliases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateMachineArn {
    unqualified: String,
    qualifier: Option<String>,
}

/// Why a text is not a reference to a state machine.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReferenceError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is `ssm:` without a path.
    #[error("`{0}` names no parameter: write `ssm:/path`")]
    NoParameter(String),
    /// It is an ARN of something else.
    #[error("`{0}` is not the ARN of a state machine, of a version or of an alias")]
    OtherArn(String),
    /// It is neither an ARN nor a name.
    #[error(
        "`{0}` is neither an ARN nor a name (1 to 80 characters, without blanks, brackets, wildcards and special characters)"
    )]
    NoName(String),
}

impl StateMachineReference {
    /// Reads a reference.
    ///
    /// # Errors
    /// [`ReferenceError`] when the text is not a reference.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        match text.strip_prefix("ssm:") {
            Some(path) if path.trim().is_empty() => Err(ReferenceError::NoParameter(text.to_owned())),
            Some(path) => Ok(Self::Parameter(path.to_owned())),
            None => StateMachineName::parse(text).map(Self::Known),
        }
    }
}

impl fmt::Display for StateMachineReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(StateMachineName::Arn(arn)) => arn.fmt(f),
            Self::Known(StateMachineName::Name(name)) => f.write_str(name),
            Self::Parameter(path) => write!(f, "ssm:{path}"),
        }
    }
}

impl StateMachineName {
    /// Reads an ARN or a name.
    ///
    /// # Errors
    /// [`ReferenceError`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.starts_with("arn:") {
            return StateMachineArn::parse(text)
                .map(Self::Arn)
                .ok_or_else(|| ReferenceError::OtherArn(text.to_owned()));
        }
        if is_name(text) {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err(ReferenceError::NoName(text.to_owned()))
        }
    }

    /// The ARN: of a name, the one in this place.
    #[must_use]
    pub(crate) fn in_place(self, place: &Place) -> StateMachineArn {
        match self {
            Self::Arn(arn) => arn,
            Self::Name(name) => {
                let Place {
                    partition,
                    region,
                    account,
                } = place;
                let unqualified = format!("arn:{partition}:states:{region}:{account}:stateMachine:{name}");
                StateMachineArn {
                    unqualified,
                    qualifier: None,
                }
            }
        }
    }
}

impl StateMachineArn {
    /// Reads the ARN of a state machine, a version or an alias; nothing if the text is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let place = Place::of_arn(text)?;
        let mut parts = text.splitn(8, ':').skip(2);
        let (service, kind) = (parts.next()?, parts.nth(2)?);
        let (name, qualifier) = (parts.next()?, parts.next());
        let fits = service == "states"
            && kind == "stateMachine"
            && is_name(name)
            && place.account.len() == 12
            && place.account.bytes().all(|byte| byte.is_ascii_digit())
            && qualifier.is_none_or(is_qualifier);
        fits.then(|| Self {
            unqualified: match qualifier {
                Some(qualifier) => text[..text.len() - qualifier.len() - 1].to_owned(),
                None => text.to_owned(),
            },
            qualifier: qualifier.map(str::to_owned),
        })
    }

    /// The ARN of the state machine itself, without version or alias.
    #[must_use]
    pub fn unqualified(&self) -> &str {
        &self.unqualified
    }

    /// The state machine's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.unqualified.rsplit(':').next().unwrap_or_default()
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        Place::of_arn(&self.unqualified)
    }

    /// The ARN of its execution with this name: executions do not carry the version or alias that started them.
    #[must_use]
    pub fn execution_arn(&self, name: &ExecutionName) -> String {
        format!(
            "{}:{name}",
            self.unqualified.replacen(":stateMachine:", ":execution:", 1)
        )
    }

    /// The ARN of the state machine that an execution's ARN belongs to, a Standard or an Express one's.
    #[must_use]
    pub fn of_execution(execution_arn: &str) -> Option<Self> {
        let mut parts = execution_arn.split(':').skip(5);
        let (kind, name, _execution) = (parts.next()?, parts.next()?, parts.next()?);
        let Place {
            partition,
            region,
            account,
        } = Place::of_arn(execution_arn)?;
        let is_execution = matches!(kind, "execution" | "express");
        is_execution.then(|| {
            Self::parse(&format!(
                "arn:{partition}:states:{region}:{account}:stateMachine:{name}"
            ))
        })?
    }
}

impl fmt::Display for StateMachineArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.qualifier {
            Some(qualifier) => write!(f, "{}:{qualifier}", self.unqualified),
            None => f.write_str(&self.unqualified),
        }
    }
}

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>, `name`.
fn is_name(text: &str) -> bool {
    const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    (1..=80).contains(&text.chars().count())
        && !text
            .chars()
            .any(|char| char.is_whitespace() || char.is_control() || FORBIDDEN.contains(char))
}

/// A version's number, or an alias's name: `[a-zA-Z0-9-_.]`, at most 80.
fn is_qualifier(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml-pipeline-dev";

    #[test]
    fn arns_with_and_without_a_qualifier_are_read() {
        for (text, qualifier) in [
            (ARN.to_owned(), None),
            (format!("{ARN}:7"), Some("7")),
            (format!("{ARN}:live"), Some("live")),
        ] {
            let arn = StateMachineArn::parse(&text).unwrap();
            assert_eq!(
                (arn.unqualified(), arn.qualifier.as_deref(), arn.name()),
                (ARN, qualifier, "ml-pipeline-dev")
            );
            assert_eq!(arn.to_string(), text);
            let name = ExecutionName::parse("one").unwrap();
            let execution = arn.execution_arn(&name);
            assert_eq!(
                execution,
                "arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-dev:one"
            );
            assert_eq!(StateMachineArn::of_execution(&execution).unwrap().to_string(), ARN);
        }
    }

    #[test]
    fn an_execution_tells_its_state_machine() {
        for (execution, expected) in [
            (
                "arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-dev:one",
                Some(ARN),
            ),
            (
                "arn:aws:states:us-east-1:123456789012:express:ml-pipeline-dev:one:id",
                Some(ARN),
            ),
            ("arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-dev", None),
            (ARN, None),
            ("one", None),
        ] {
            let found = StateMachineArn::of_execution(execution).map(|arn| arn.to_string());
            assert_eq!(found.as_deref(), expected, "{execution}");
        }
    }

    #[test]
    fn a_name_is_completed_by_the_place() {
        let place = Place::of_arn("arn:aws-cn:lambda:cn-north-1:210987654321:function:f").unwrap();
        let StateMachineReference::Known(name) = StateMachineReference::parse("ml-pipeline-dev").unwrap() else {
            panic!("a name is known")
        };
        let arn = name.in_place(&place).to_string();
        assert_eq!(
            arn,
            "arn:aws-cn:states:cn-north-1:210987654321:stateMachine:ml-pipeline-dev"
        );
    }

    #[test]
    fn references_are_told_apart() {
        let parse = |text: &str| StateMachineReference::parse(text);
        assert_eq!(
            parse("ssm:/a/b"),
            Ok(StateMachineReference::Parameter("/a/b".to_owned()))
        );
        assert!(matches!(
            parse(ARN),
            Ok(StateMachineReference::Known(StateMachineName::Arn(_)))
        ));
        assert!(matches!(
            parse("ml_1"),
            Ok(StateMachineReference::Known(StateMachineName::Name(_)))
        ));
        for text in ["ssm:/a/b", ARN, "ml_1"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "it is empty"),
            ("ssm:", "names no parameter"),
            ("a b", "neither an ARN nor a name"),
            ("ml:live", "neither an ARN nor a name"),
            ("#{variables.Machine}", "neither an ARN nor a name"),
            (
                "arn:aws:states:us-east-1:123456789012:execution:ml:one",
                "is not the ARN of a state machine",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:ml/label",
                "is not the ARN of a state machine",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:ml:",
                "is not the ARN of a state machine",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:stateMachine:ml:a:b",
                "is not the ARN of a state machine",
            ),
            (
                "arn:aws:states:us-east-1:12345:stateMachine:ml",
                "is not the ARN of a state machine",
            ),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:ml",
                "is not the ARN of a state machine",
            ),
        ] {
            let error = StateMachineReference::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}

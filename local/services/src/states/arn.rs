//! The ARNs of Step Functions, taken apart.

use platform::error::ServiceError;

/// `arn:aws:states:us-east-1:123456789012:stateMachine:name:qualifier`, or another kind of thing in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arn<'a> {
    /// The ARN as it was given.
    pub(super) text: &'a str,
    /// `stateMachine`, `execution`, `express`, `mapRun`.
    pub(super) kind: &'a str,
    /// The state machine's name.
    pub(super) machine: &'a str,
    /// A version's number, an alias's name, or an execution's name.
    pub(super) rest: Option<&'a str>,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart.
    ///
    /// # Errors
    /// InvalidArn.
    pub(super) fn read(text: &'a str) -> Result<Self, ServiceError> {
        let invalid = || invalid_arn(format_args!("Invalid ARN prefix: {text}"));
        let mut parts = text.splitn(7, ':');
        let prefix = [parts.next(), parts.next(), parts.next()];
        let [Some("arn"), Some(_), Some("states")] = prefix else {
            return Err(invalid());
        };
        let (_, _, kind, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
        let (kind, rest) = kind.zip(rest).ok_or_else(invalid)?;
        let (machine, rest) = match rest.split_once(':') {
            Some((machine, rest)) => (machine, Some(rest)),
            None => (rest, None),
        };
        if machine.is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            text,
            kind,
            machine,
            rest,
        })
    }

    /// The same, which must be of a kind.
    ///
    /// # Errors
    /// InvalidArn.
    pub(super) fn of_kind(text: &'a str, kind: &str) -> Result<Self, ServiceError> {
        let arn = Self::read(text)?;
        if arn.kind == kind {
            Ok(arn)
        } else {
            Err(invalid_arn(format_args!(
                "Resource type not valid in this context: {}",
                arn.kind
            )))
        }
    }

    /// The state machine's own ARN, without version or alias.
    pub(super) fn unqualified(&self) -> &'a str {
        match self.rest {
            Some(rest) => &self.text[..self.text.len() - rest.len() - 1],
            None => self.text,
        }
    }
}

pub(super) fn invalid_arn(why: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("InvalidArn", format_args!("Invalid Arn: '{why}'"))
}

/// As many characters as a name may have.
const MAX_NAME: usize = 80;

/// Whether a name may be a state machine's, an alias's or an execution's: 1 to 80 characters, none of them white, a
/// bracket, a wildcard, a control character or one of ``"#%\^|~`$&,;:/``.
///
/// Too long and too short is an error of another name than the rest, as on AWS.
pub(super) fn check_name(name: &str) -> Result<(), ServiceError> {
    let bound = match name.chars().count() {
        0 => Some("greater than or equal to 1"),
        1..=MAX_NAME => None,
        _ => Some("less than or equal to 80"),
    };
    if let Some(bound) = bound {
        let rule = format_args!("Member must have length {bound}");
        return Err(ServiceError::constraint(name, "name", rule));
    }
    let unusual = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    if !name.contains(unusual) {
        Ok(())
    } else {
        Err(ServiceError::new("InvalidName", format_args!("Invalid Name: '{name}'")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        let arn = Arn::read("arn:aws:states:us-east-1:123456789012:stateMachine:m:live").unwrap();
        assert_eq!((arn.kind, arn.machine, arn.rest), ("stateMachine", "m", Some("live")));
        assert_eq!(
            arn.unqualified(),
            "arn:aws:states:us-east-1:123456789012:stateMachine:m"
        );
        let arn = Arn::read("arn:aws:states:us-east-1:123456789012:express:m:e:1").unwrap();
        assert_eq!((arn.kind, arn.machine, arn.rest), ("express", "m", Some("e:1")));
        for text in [
            "",
            "m",
            "arn:aws:ssm:us-east-1:1:stateMachine:m",
            "arn:aws:states:us-east-1:1:stateMachine",
        ] {
            assert_eq!(Arn::read(text).unwrap_err().code, "InvalidArn", "{text}");
        }
        assert!(Arn::of_kind("arn:aws:states:us-east-1:1:stateMachine:m", "execution").is_err());
    }

    #[test]
    fn names() {
        for (name, code) in [
            ("a-b_c.d", None),
            (&*"a".repeat(80), None),
            ("", Some("ValidationException")),
            ("a b", Some("InvalidName")),
            ("a:b", Some("InvalidName")),
            (&*"a".repeat(81), Some("ValidationException")),
        ] {
            let found = check_name(name).err().map(|error| error.code);
            assert_eq!(found.as_deref(), code, "{name}");
        }
    }
}

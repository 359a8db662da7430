//! What several operations share: pages, and kinds of rows by what each asks of IAM.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>.

use super::arn::Arn;
use super::registry::StepFunctions;
use platform::input::page;
use platform::{Call, Operation, Requirement, ServiceError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The input of an operation that lists all there is of a kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AllOfThem {
    pub(super) max_results: Option<usize>,
    pub(super) next_token: Option<String>,
}

/// The condition key that has the qualifier of a state machine's ARN: a version's number or an alias's name.
pub(super) const QUALIFIER: &str = "states:StateMachineQualifier";

/// What an operation does that answers at once.
type Does<I> = fn(&StepFunctions, &Call, I) -> Result<Value, ServiceError>;

/// An operation on the thing that has this ARN.
pub(super) fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    arn: fn(&I) -> &str,
    does: Does<I>,
) -> Operation<StepFunctions> {
    Operation::on(name, move |_, input| arn(input).to_owned(), does)
}

/// An operation on a state machine, on a version of it or on an alias.
pub(super) fn on_machine<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    arn: fn(&I) -> &str,
    does: Does<I>,
) -> Operation<StepFunctions> {
    Operation::new(name, move |_, _, input| Ok(vec![on_qualified(name, arn(input))?]), does)
}

/// An operation that IAM knows no resource for.
pub(super) fn on_all<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    does: Does<I>,
) -> Operation<StepFunctions> {
    Operation::on(name, |_, _| "*".to_owned(), does)
}

/// The operation's action on a state machine. IAM knows no ARNs of versions and aliases: the number or the name is a
/// condition key, see <https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html>.
pub(super) fn on_qualified(operation: &str, arn: &str) -> Result<Requirement, ServiceError> {
    let arn = Arn::read(arn)?;
    let requirement = Requirement::new(format!("states:{operation}"), arn.unqualified());
    Ok(match arn.rest {
        Some(qualifier) => requirement.with(QUALIFIER, qualifier),
        None => requirement,
    })
}

/// The right to give Step Functions this role.
pub(super) fn pass_role(role: &str) -> Requirement {
    Requirement::pass_role(role, "states.amazonaws.com")
}

/// A page of a list, under the list's name.
pub(super) fn paged(
    name: &str,
    items: impl Iterator<Item = Value>,
    max_results: Option<usize>,
    next_token: Option<&str>,
) -> Result<Value, ServiceError> {
    let size = match max_results {
        None | Some(0) => 100,
        Some(size @ ..=1000) => size,
        Some(more) => {
            let rule = "Member must have value less than or equal to 1000";
            return Err(ServiceError::constraint(more, "maxResults", rule));
        }
    };
    let page = page(items, size, next_token, "InvalidToken")?;
    let mut answer = json!({});
    answer[name] = page.items.into();
    if let Some(token) = page.next_token {
        answer["nextToken"] = token.into();
    }
    Ok(answer)
}

//! Security Token Service: who calls, and credentials of a role.
//!
//! Follows <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>.

use jiff::{SignedDuration, Timestamp};
use platform::iam::{Credentials, SESSION_LENGTH};
use platform::{Call, Nothing, Operation, Operations, Principal, Served, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

#[cfg(test)]
mod tests;

/// Security Token Service in this account and region.
#[derive(Debug, Default)]
pub struct Sts {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    policy: Option<String>,
    external_id: Option<String>,
    /// JSON callers give a number. The query protocol gives text.
    duration_seconds: Option<Value>,
}

impl Served for Sts {
    const SIGNING_NAME: &'static str = "sts";

    /// No row asks IAM. GetCallerIdentity needs no permission, and for AssumeRole the role's trust policy decides, which
    /// the operation itself reads.
    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Sts>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("AssumeRole", |_, _, _: &AssumeRole| Ok(Vec::new()), Sts::assume_role),
                Operation::new("GetCallerIdentity", |_, _, _: &Nothing| Ok(Vec::new()), Sts::identity),
            ])
        });
        &TABLE
    }
}

impl Sts {
    fn identity(&self, call: &Call, _: Nothing) -> Result<Value, ServiceError> {
        let account = &call.platform.account;
        let user_id = call.platform.iam.user_id(&call.caller);
        Ok(json!({"UserId": user_id, "Account": account.id, "Arn": call.caller.arn(account)}))
    }

    fn assume_role(&self, call: &Call, input: AssumeRole) -> Result<Value, ServiceError> {
        let (account, iam) = (&call.platform.account, &call.platform.iam);
        let length = input.length()?;
        let (arn, session) = (input.role_arn.as_str(), input.role_session_name.as_str());
        let denied = || {
            let caller = call.caller.arn(account);
            let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
            ServiceError::new("AccessDenied", message).with_status(403)
        };
        // A caller that the role does not trust is not told whether the role exists.
        let mut own = vec![("sts:RoleSessionName".to_owned(), session.to_owned())];
        own.extend(
            input
                .external_id
                .iter()
                .map(|id| ("sts:ExternalId".to_owned(), id.clone())),
        );
        if !iam
            .may_assume_with(account, arn, &call.caller, own)
            .map_err(|_| denied())?
        {
            return Err(denied());
        }
        let policies = input.policy.iter().cloned().collect();
        let role = iam.role(arn)?;
        if length > SignedDuration::from_secs(role.details.max_session_seconds.into()) {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(ServiceError::validation(message));
        }
        let credentials = iam.assume_role_until(arn, session, policies, Timestamp::now() + length)?;
        let session_arn = Principal::role_session(&role.name, session).arn(account);
        Ok(json!({
            "Credentials": shown(&credentials),
            "AssumedRoleUser": {"AssumedRoleId": format!("{}:{session}", role.id), "Arn": session_arn},
        }))
    }
}

impl AssumeRole {
    /// Checks what the types do not, in AWS's words, and says how long the session lasts.
    fn length(&self) -> Result<SignedDuration, ServiceError> {
        let mut faults = Vec::new();
        let mut fault = |member: &str, value: &str, constraint: &str| {
            faults.push(format!(
                "Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
            ));
        };
        for (member, value, least, most) in [
            ("roleArn", &self.role_arn, 20, 2048),
            ("roleSessionName", &self.role_session_name, 2, 64),
        ] {
            if value.chars().count() < least {
                let constraint = format!("Member must have length greater than or equal to {least}");
                fault(member, value, &constraint);
            }
            if value.chars().count() > most {
                let constraint = format!("Member must have length less than or equal to {most}");
                fault(member, value, &constraint);
            }
        }
        let named = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
        if !self.role_session_name.chars().all(named) {
            let constraint = "Member must satisfy regular expression pattern: [\\w+=,.@-]*";
            fault("roleSessionName", &self.role_session_name, constraint);
        }
        let seconds = match &self.duration_seconds {
            None => None,
            Some(given) => {
                let seconds = given.as_i64().or_else(|| given.as_str()?.parse().ok());
                let seconds = seconds.ok_or_else(|| ServiceError::validation("`DurationSeconds` is not a number"))?;
                let bound = match seconds {
                    ..900 => Some("greater than or equal to 900"),
                    900..=43_200 => None,
                    _ => Some("less than or equal to 43200"),
                };
                if let Some(bound) = bound {
                    let constraint = format!("Member must have value {bound}");
                    fault("durationSeconds", &seconds.to_string(), &constraint);
                }
                Some(seconds)
            }
        };
        match faults.len() {
            0 => {}
            count => {
                let (s, said) = (if count == 1 { "" } else { "s" }, faults.join("; "));
                return Err(ServiceError::validation(format_args!(
                    "{count} validation error{s} detected: {said}"
                )));
            }
        }
        if !is_arn(&self.role_arn) {
            return Err(ServiceError::validation(format_args!("{} is invalid", self.role_arn)));
        }
        Ok(seconds.map_or(SESSION_LENGTH, SignedDuration::from_secs))
    }
}

/// Whether a text has the parts of an ARN, of which the region and the account can be empty.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, _, resource]
        if !partition.is_empty() && !service.is_empty() && !resource.is_empty())
}

fn shown(credentials: &Credentials) -> Value {
    json!({
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

//! Roles and what their policies say.

use super::reader::{Gone, Reader};
use super::values::{moment, text};
use jiff::Timestamp;
use platform::iam::Cited;
use platform::wildcard::glob;
use serde_json::{Value, json};

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// When it was made.
    pub(crate) created: Option<Timestamp>,
    /// Which services may act as it.
    pub(crate) trusts: Vec<String>,
}

impl Role {
    fn read(raw: &Value) -> Self {
        let trust = percent_encoding::percent_decode_str(text(raw, "AssumeRolePolicyDocument")).decode_utf8_lossy();
        let trust: Value = serde_json::from_str(&trust).unwrap_or_default();
        let statements = many(&trust["Statement"]);
        let services = statements
            .iter()
            .flat_map(|statement| many(&statement["Principal"]["Service"]));
        Self {
            name: text(raw, "RoleName").to_owned(),
            arn: text(raw, "Arn").to_owned(),
            created: moment(&raw["CreateDate"]),
            trusts: services
                .filter_map(|service| service.as_str().map(str::to_owned))
                .collect(),
        }
    }
}

/// One value or a list of them.
fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// The actions that a statement names, as it writes them. None where it names those that it leaves out.
pub(crate) fn actions(statement: &str) -> Option<Vec<String>> {
    let statement: Value = serde_json::from_str(statement).ok()?;
    let named = many(&statement["Action"]);
    let named: Vec<String> = named
        .iter()
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect();
    (!named.is_empty()).then_some(named)
}

/// Whether an action is meant by how a statement writes it.
pub(crate) fn is_meant(written: &str, action: &str) -> bool {
    glob(&written.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

impl Reader {
    /// The roles, by name.
    pub(crate) async fn roles(&self) -> Result<Vec<Role>, Gone> {
        let listed = self
            .all(("iam", "ListRoles"), json!({}), ("Roles", "Marker"), 10_000)
            .await?;
        Ok(listed.iter().map(Role::read).collect())
    }

    /// A role.
    pub(crate) async fn role(&self, name: &str) -> Result<Role, Gone> {
        let found = self.look("iam", "GetRole", json!({"RoleName": name})).await?;
        Ok(Role::read(&found["Role"]))
    }

    /// The statements of a role's policies, the managed ones included, in order.
    pub(crate) fn statements(&self, role: &str) -> Result<Vec<Cited>, Gone> {
        let statements = self.platform().iam.statements(role)?.into_iter();
        let hidden = statements.map(|cited| Cited {
            statement: self.hidden(&cited.statement).into(),
            ..cited
        });
        Ok(hidden.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_meant_as_they_are_written() {
        let statement = r#"{"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "*"}"#;
        assert_eq!(actions(statement).unwrap(), ["s3:Get*", "s3:PutObject"]);
        assert_eq!(actions(r#"{"NotAction": "s3:*"}"#), None);
        assert!(is_meant("s3:get*", "s3:GetObject") && is_meant("*", "s3:GetObject"));
        assert!(!is_meant("s3:Get", "s3:GetObject"));
    }
}

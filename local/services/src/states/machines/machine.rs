//! A state machine: its revisions, the versions that were published of it, and the aliases that lead to them.

use super::definition::Definition;
use super::type_name::type_name;
use jiff::Timestamp;
use platform::input::seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use states_language::ExecutionType;
use std::collections::BTreeMap;

/// What a state machine does, at one time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Revision {
    pub(crate) id: String,
    #[serde(rename = "machine")]
    pub(crate) definition: Definition,
    pub(crate) role_arn: String,
    pub(crate) logging: Value,
    pub(crate) tracing: Value,
    pub(crate) encryption: Value,
}

impl Revision {
    /// Whether both do the same; the role does not count.
    pub(crate) fn does_the_same(&self, other: &Self) -> bool {
        self.definition.text() == other.definition.text()
            && self.logging == other.logging
            && self.tracing == other.tracing
            && self.encryption == other.encryption
    }
}

/// A revision that was given a number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) revision: Revision,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
}

/// A name that leads to one version, or by weight to two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// Numbers of versions, and how many of a hundred executions each gets.
    pub(crate) routes: Vec<(u64, u64)>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// A state machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) arn: String,
    #[serde(with = "super::type_name")]
    pub(crate) kind: ExecutionType,
    pub(crate) created: Timestamp,
    pub(crate) current: Revision,
    pub(crate) versions: BTreeMap<u64, Version>,
    /// Numbers are never used again, not even those of deleted versions.
    pub(crate) last_version: u64,
    pub(crate) aliases: BTreeMap<String, Alias>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What an execution runs, as the ARN says that it is started by: the current revision, a version, or the version that an
/// alias leads to.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) revision: Revision,
    pub(crate) version_arn: Option<String>,
    pub(crate) alias_arn: Option<String>,
}

impl Machine {
    pub(crate) fn type_name(&self) -> &'static str {
        type_name(self.kind)
    }

    /// Resolves a qualifier; `draw` (below 100) decides between the versions of an alias.
    pub(crate) fn choose(&self, qualifier: Option<&str>, draw: u64) -> Option<Chosen> {
        let qualified = |what: &dyn std::fmt::Display| Some(format!("{}:{what}", self.arn));
        let version = |number: u64| {
            let version = self.versions.get(&number)?;
            Some(Chosen {
                revision: version.revision.clone(),
                version_arn: qualified(&number),
                alias_arn: None,
            })
        };
        let Some(qualifier) = qualifier else {
            return Some(Chosen {
                revision: self.current.clone(),
                version_arn: None,
                alias_arn: None,
            });
        };
        if let Some(alias) = self.aliases.get(qualifier) {
            let mut passed = 0;
            let route = alias.routes.iter().find(|(_, weight)| {
                passed += weight;
                draw < passed
            });
            let (number, _) = route.or(alias.routes.first())?;
            return Some(Chosen {
                alias_arn: qualified(&alias.name),
                ..version(*number)?
            });
        }
        version(qualifier.parse().ok()?)
    }

    /// Gives the current revision a number; the same one again where nothing has changed.
    pub(crate) fn publish(&mut self, description: Option<String>, now: Timestamp) -> &Version {
        let unchanged = self
            .versions
            .last_key_value()
            .filter(|(_, version)| version.revision.id == self.current.id)
            .map(|(number, _)| *number);
        let number = unchanged.unwrap_or_else(|| {
            self.last_version += 1;
            self.last_version
        });
        self.versions.entry(number).or_insert_with(|| Version {
            number,
            revision: self.current.clone(),
            description,
            created: now,
        })
    }

    /// As DescribeStateMachine answers: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html>.
    pub(crate) fn json(
        &self,
        arn: &str,
        revision: &Revision,
        description: Option<&String>,
        created: Timestamp,
    ) -> Value {
        let mut shown = json!({
            "stateMachineArn": arn,
            "name": self.name,
            "status": "ACTIVE",
            "definition": revision.definition.text(),
            "roleArn": revision.role_arn,
            "type": self.type_name(),
            "creationDate": seconds(created),
            "loggingConfiguration": revision.logging,
            "tracingConfiguration": revision.tracing,
            "encryptionConfiguration": revision.encryption,
            "revisionId": revision.id,
        });
        if let Some(description) = description {
            shown["description"] = description.as_str().into();
        }
        shown
    }

    pub(crate) fn alias_json(&self, alias: &Alias) -> Value {
        let routes = alias.routes.iter().map(
            |(number, weight)| json!({"stateMachineVersionArn": format!("{}:{number}", self.arn), "weight": weight}),
        );
        let mut shown = Map::new();
        let mut set = |field: &str, value: Value| drop(shown.insert(field.to_owned(), value));
        set("stateMachineAliasArn", format!("{}:{}", self.arn, alias.name).into());
        set("name", alias.name.as_str().into());
        if let Some(description) = &alias.description {
            set("description", description.as_str().into());
        }
        set("routingConfiguration", routes.collect());
        set("creationDate", seconds(alias.created));
        set("updateDate", seconds(alias.updated));
        Value::Object(shown)
    }
}

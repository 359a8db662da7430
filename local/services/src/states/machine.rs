//! A state machine: its revisions, the versions that were published of it, and the aliases that lead to them.

use jiff::Timestamp;
use platform::input::seconds;
use serde_json::{Map, Value, json};
use states_language::{ExecutionType, StateMachine};
use std::collections::BTreeMap;

/// What a state machine does, at one time.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub(super) id: String,
    pub(super) machine: StateMachine,
    pub(super) role_arn: String,
    pub(super) logging: Value,
    pub(super) tracing: Value,
    pub(super) encryption: Value,
}

/// A revision that was given a number.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) revision: Revision,
    pub(super) description: Option<String>,
    pub(super) created: Timestamp,
}

/// A name that leads to one version, or by weight to two.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// Numbers of versions, and how many of a hundred executions each gets.
    pub(super) routes: Vec<(u64, u64)>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// A state machine.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) kind: ExecutionType,
    pub(super) created: Timestamp,
    pub(super) current: Revision,
    pub(super) versions: BTreeMap<u64, Version>,
    /// Numbers are never used again, not even those of deleted versions.
    pub(super) last_version: u64,
    pub(super) aliases: BTreeMap<String, Alias>,
    pub(super) tags: BTreeMap<String, String>,
}

/// What an ARN with or without a qualifier means when an execution is started.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) revision: Revision,
    pub(super) version_arn: Option<String>,
    pub(super) alias_arn: Option<String>,
}

impl Machine {
    pub(super) fn type_name(&self) -> &'static str {
        match self.kind {
            ExecutionType::Standard => "STANDARD",
            ExecutionType::Express => "EXPRESS",
        }
    }

    /// Resolves a qualifier; `draw` (below 100) decides between the versions of an alias.
    pub(super) fn choose(&self, qualifier: Option<&str>, draw: u64) -> Option<Chosen> {
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
    pub(super) fn publish(&mut self, description: Option<String>, now: Timestamp) -> &Version {
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
    pub(super) fn json(
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
            "definition": revision.machine.definition(),
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

    pub(super) fn alias_json(&self, alias: &Alias) -> Value {
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

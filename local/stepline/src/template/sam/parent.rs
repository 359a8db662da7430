//! A resource of SAM's, and what the expansion of each kind needs.

use super::super::fault::{Fault, known};
use super::globals;
use serde_json::{Map, Value, json};
use std::cell::RefCell;

/// Resources by logical id, as an expansion gives them.
pub(super) type Generated = Vec<(String, Value)>;

/// A resource of SAM's with its globals.
pub(super) struct Parent<'r> {
    pub(super) id: &'r str,
    pub(super) properties: Map<String, Value>,
    pub(super) metadata: Option<&'r Value>,
    pub(super) condition: Option<&'r Value>,
    pub(super) depends_on: Option<&'r Value>,
    passed_over: RefCell<Vec<Fault>>,
}

impl<'r> Parent<'r> {
    pub(super) fn read(
        id: &'r str,
        kind: &str,
        resource: &'r Value,
        globals: &Map<String, Value>,
    ) -> Result<Self, Fault> {
        let own = match resource.get("Properties") {
            None => Map::new(),
            Some(Value::Object(own)) => own.clone(),
            Some(_) => return Err(Fault::new("must be a map").within("Properties")),
        };
        Ok(Self {
            id,
            properties: globals::merged(globals, kind, own),
            metadata: resource.get("Metadata"),
            condition: resource.get("Condition"),
            depends_on: resource.get("DependsOn"),
            passed_over: RefCell::default(),
        })
    }

    /// Leaves out what the local run does not have of the resource, and goes on with the rest.
    pub(super) fn pass_over(&self, fault: Fault) {
        self.passed_over.borrow_mut().push(fault.within(self.id));
    }

    /// Refuses properties that are on none of these lists, and passes over those that SAM has and the local run does not.
    pub(super) fn check_properties(&self, lists: &[&[&str]], absent: &[&str], what: &str) -> Result<(), Fault> {
        let faults = known(&self.properties, &lists.concat(), absent, what);
        for fault in faults.map_err(|fault| fault.within("Properties"))? {
            self.pass_over(fault.within("Properties"));
        }
        Ok(())
    }

    /// What was passed over.
    pub(super) fn passed_over(self) -> Vec<Fault> {
        self.passed_over.into_inner()
    }

    /// A generated resource, under the same condition.
    pub(super) fn generate(&self, kind: &str, properties: Value) -> Value {
        let mut generated = Map::new();
        generated.insert("Type".into(), kind.into());
        if let Some(condition) = self.condition {
            generated.insert("Condition".into(), condition.clone());
        }
        generated.insert("Properties".into(), properties);
        Value::Object(generated)
    }

    /// The generated resource that has the parent's id, and waits for what the parent waits for.
    pub(super) fn generate_main(&self, kind: &str, properties: Map<String, Value>) -> (String, Value) {
        let mut generated = self.generate(kind, Value::Object(properties));
        if let Some(depends_on) = self.depends_on {
            generated["DependsOn"] = depends_on.clone();
        }
        (self.id.to_owned(), generated)
    }
}

/// `{"Ref": id}`.
pub(super) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// `{"Fn::GetAtt": [id, attribute]}`.
pub(super) fn attribute(id: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [id, attribute] })
}

/// SAM writes tags as a map, CloudFormation as a list.
pub(super) fn tag_list(tags: &Value) -> Result<Value, Fault> {
    let tags = tags
        .as_object()
        .ok_or_else(|| Fault::new("must be a map").within("Tags"))?;
    let tags = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
    Ok(tags.collect())
}

/// Copies properties that mean the same under the same name.
pub(super) fn copy(from: &Map<String, Value>, names: &[&str], to: &mut Map<String, Value>) {
    for name in names {
        if let Some(value) = from.get(*name) {
            to.insert((*name).to_owned(), value.clone());
        }
    }
}

/// Refuses properties that are not known.
pub(super) fn known_properties(properties: &Map<String, Value>, lists: &[&[&str]], what: &str) -> Result<(), Fault> {
    known(properties, &lists.concat(), &[], what).map(drop)
}

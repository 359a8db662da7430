//! CloudFormation and SAM templates. This reads them and creates nothing.
//!
//! [`Stack::open`] reads a template with the values of its parameters, expands SAM's resources, decides the conditions,
//! and orders the resources by their dependencies. The caller creates the resources one after the other. It gets the
//! properties of each with all functions resolved ([`Stack::resource`]), and says what came of it ([`Stack::made`]).
//! Nothing here knows a service.

mod code;
mod conditions;
mod config;
mod fault;
mod order;
mod parameters;
mod resolve;
mod sam;
mod scope;
mod yaml;

pub use config::{Deployed, SamConfig};
pub(crate) use fault::Fault;
pub use fault::TemplateError;
use fault::known;
pub use scope::Made;

use platform::account::Account;
use scope::Scope;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yaml::Source;

/// The sections that a template can have; others are refused.
const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// What a resource can have beside its type and its properties.
const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// A template with values for its parameters, ready for its resources to be created.
#[derive(Debug, Clone)]
pub struct Stack {
    file: PathBuf,
    source: Source,
    /// The resources after SAM's expansion.
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
    order: Vec<String>,
    scope: Scope,
}

/// A resource with its functions resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// Whether it stays when the template does not have it any more: its `DeletionPolicy`.
    pub is_retained: bool,
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name in the template.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The name under which other stacks can import it.
    pub export: Option<String>,
}

/// A template as it is written, with the long forms of its functions: nothing is checked or resolved.
///
/// # Errors
/// The file cannot be read, or is not YAML.
pub(crate) fn read(file: &Path) -> Result<Value, TemplateError> {
    let locate = |fault: Fault| fault.locate(file.to_owned(), |_| None);
    let text = std::fs::read_to_string(file).map_err(|error| locate(Fault::new(error)))?;
    Source::read(&text).map(|source| source.value).map_err(locate)
}

impl Stack {
    /// Reads the template in `file`, to be created under the name `stack`.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong or not in the local run.
    pub fn open(
        file: &Path,
        account: &Account,
        stack: &str,
        values: &BTreeMap<String, String>,
        exports: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let locate = |fault: Fault| fault.locate(file.to_owned(), |_| None);
        let text = std::fs::read_to_string(file).map_err(|error| locate(Fault::new(error)))?;
        let source = Source::read(&text).map_err(locate)?;
        Self::build(file, &source, account, stack, values, exports)
            .map_err(|fault| fault.locate(file.to_owned(), |path| source.position(path)))
    }

    fn build(
        file: &Path,
        source: &Source,
        account: &Account,
        stack: &str,
        values: &BTreeMap<String, String>,
        exports: &BTreeMap<String, String>,
    ) -> Result<Self, Fault> {
        let template = source
            .value
            .as_object()
            .ok_or_else(|| Fault::new("a template must be a map"))?;
        known(template, SECTIONS, "a template")?;
        let section = |name: &str| section(template, name);
        if template.contains_key("Rules") {
            return Err(Fault::new("the local run has no rules for parameters").within("Rules"));
        }
        let parameters =
            parameters::values(&section("Parameters")?, values).map_err(|fault| fault.within("Parameters"))?;
        let mappings = Value::Object(section("Mappings")?);
        let mut scope = Scope::new(account.clone(), stack, parameters, mappings, exports.clone());
        conditions::decide(&section("Conditions")?, &mut scope).map_err(|fault| fault.within("Conditions"))?;
        let declared = section("Resources")?;
        if declared.is_empty() {
            return Err(Fault::new("a template must have at least one resource").within("Resources"));
        }
        let mut outputs = section("Outputs")?;
        let mut resources = match template.get("Transform") {
            None => declared,
            Some(transform) if *transform == "AWS::Serverless-2016-10-31" => {
                let directory = file.parent().unwrap_or(Path::new(""));
                let expanded = sam::expand(declared, &section("Globals")?, directory);
                let (resources, names) = expanded.map_err(|fault| fault.within("Resources"))?;
                outputs.values_mut().for_each(|output| names.resolve(output));
                resources
            }
            Some(other) => {
                return Err(Fault::new(format_args!("the local run has no transform {other}")).within("Transform"));
            }
        };
        let directory = file.parent().unwrap_or(Path::new(""));
        code::package(&mut resources, directory).map_err(|fault| fault.within("Resources"))?;
        let absent = absent(&resources, &scope).map_err(|fault| fault.within("Resources"))?;
        resources.retain(|id, _| !absent.contains(id));
        let order = order::creation(&resources, &scope).map_err(|fault| fault.within("Resources"))?;
        Ok(Self {
            file: file.to_owned(),
            source: source.clone(),
            resources,
            outputs,
            order,
            scope,
        })
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        self.scope.stack()
    }

    /// The template's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The value of a parameter that is text.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let value = self.scope.reference(name).ok()??;
        value.as_str().map(str::to_owned)
    }

    /// Whether a condition of the template holds. A condition that it does not have does not hold.
    pub(crate) fn condition(&self, name: &str) -> bool {
        self.scope.condition(name).unwrap_or_default()
    }

    /// The logical ids in the order in which the resources can be created.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// A resource whose dependencies have been made.
    ///
    /// # Errors
    /// A function in it cannot be resolved.
    pub fn resource(&self, id: &str) -> Result<Resource, TemplateError> {
        self.resolved(id)
            .map_err(|fault| self.locate(fault.within(id).within("Resources")))
    }

    fn resolved(&self, id: &str) -> Result<Resource, Fault> {
        let declared = self.resources.get(id).and_then(Value::as_object);
        let declared = declared.ok_or_else(|| Fault::new("there is no such resource"))?;
        let kind = declared.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| Fault::new("has no `Type`"))?;
        let properties = match declared.get("Properties") {
            None => None,
            Some(properties) => {
                resolve::resolve(properties, &self.scope).map_err(|fault| fault.within("Properties"))?
            }
        };
        let properties = match properties {
            None => Map::new(),
            Some(Value::Object(properties)) => properties,
            Some(_) => return Err(Fault::new("`Properties` must be a map")),
        };
        let deletion = declared.get("DeletionPolicy").and_then(Value::as_str);
        Ok(Resource {
            id: id.to_owned(),
            kind: kind.to_owned(),
            properties,
            is_retained: deletion.is_some_and(|policy| policy.starts_with("Retain")),
        })
    }

    /// Says what came of a resource: the values of its `Ref` and `Fn::GetAtt`.
    pub fn made(&mut self, id: &str, made: Made) {
        self.scope.add(id, made);
    }

    /// The stack's outputs, once all resources have been made.
    ///
    /// # Errors
    /// A function in one cannot be resolved.
    pub fn outputs(&self) -> Result<Vec<Output>, TemplateError> {
        let mut outputs = Vec::new();
        for (name, output) in &self.outputs {
            let output = self.output(name, output);
            outputs.extend(output.map_err(|fault| self.locate(fault.within(name).within("Outputs")))?);
        }
        Ok(outputs)
    }

    fn output(&self, name: &str, output: &Value) -> Result<Option<Output>, Fault> {
        if let Some(condition) = output.get("Condition").and_then(Value::as_str)
            && !self.scope.condition(condition)?
        {
            return Ok(None);
        }
        let text = |value: &Value| -> Result<String, Fault> {
            let value = resolve::resolve(value, &self.scope)?;
            resolve::plain(&value.unwrap_or_default())
        };
        let value = output.get("Value").ok_or_else(|| Fault::new("has no `Value`"))?;
        Ok(Some(Output {
            name: name.to_owned(),
            value: text(value).map_err(|fault| fault.within("Value"))?,
            export: output.pointer("/Export/Name").map(text).transpose()?,
        }))
    }

    /// A fault at its place in the file.
    pub(crate) fn locate(&self, fault: Fault) -> TemplateError {
        fault.locate(self.file.clone(), |path| self.source.position(path))
    }
}

/// The resources that a condition leaves out. This also checks the shape of all resources.
fn absent(resources: &Map<String, Value>, scope: &Scope) -> Result<Vec<String>, Fault> {
    let mut absent = Vec::new();
    for (id, resource) in resources {
        let check = || -> Result<bool, Fault> {
            let fields = resource
                .as_object()
                .ok_or_else(|| Fault::new("a resource must be a map"))?;
            known(fields, RESOURCE_ATTRIBUTES, "a resource")?;
            match fields.get("Condition") {
                None => Ok(true),
                Some(Value::String(condition)) => scope.condition(condition).map_err(|fault| fault.within("Condition")),
                Some(_) => Err(Fault::new("must be the name of a condition").within("Condition")),
            }
        };
        if !check().map_err(|fault| fault.within(id))? {
            absent.push(id.clone());
        }
    }
    Ok(absent)
}

fn section(template: &Map<String, Value>, name: &str) -> Result<Map<String, Value>, Fault> {
    match template.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(section)) => Ok(section.clone()),
        Some(_) => Err(Fault::new("must be a map").within(name)),
    }
}
